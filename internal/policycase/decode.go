// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package policycase

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// decode reads one YAML document into out, a pointer, by the JSON names of its fields. What is unknown, given twice, or of
// another type is an error that names the line.
func decode(data []byte, out any) error {
	node, err := document(data)
	if err != nil {
		return err
	}
	return decodeNode(node, reflect.ValueOf(out).Elem())
}

// document is the one document of a file. A second one is an error, since nothing would read it.
func document(data []byte) (*yaml.Node, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var first, second yaml.Node
	if err := decoder.Decode(&first); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("reading YAML: %w", err)
	}
	if len(first.Content) != 1 {
		return nil, errors.New("the file is empty: it must hold one document")
	}
	switch err := decoder.Decode(&second); {
	case err == nil:
		return nil, at(&second, "the file holds a second document, which nothing reads: give it a file of its own")
	case !errors.Is(err, io.EOF):
		return nil, fmt.Errorf("reading YAML: %w", err)
	}
	return first.Content[0], nil
}

// decodeNode reads a node into a value that can be set.
func decodeNode(node *yaml.Node, into reflect.Value) error {
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	if into.Kind() == reflect.Pointer && !own(into.Type()) {
		made := reflect.New(into.Type().Elem())
		if err := decodeNode(node, made.Elem()); err != nil {
			return err
		}
		into.Set(made)
		return nil
	}
	switch {
	case own(into.Type()), into.Kind() == reflect.Interface:
		return decodeLeaf(node, into)
	case into.Kind() == reflect.Struct:
		return decodeStruct(node, into)
	case into.Kind() == reflect.Slice:
		return decodeList(node, into)
	case into.Kind() == reflect.Map:
		return decodeMap(node, into)
	}
	return decodeLeaf(node, into)
}

// own reports whether values of the type read JSON by themselves.
func own(t reflect.Type) bool {
	unmarshaler := reflect.TypeFor[json.Unmarshaler]()
	return t.Implements(unmarshaler) || reflect.PointerTo(t).Implements(unmarshaler)
}

// decodeLeaf hands a node to encoding/json.
func decodeLeaf(node *yaml.Node, into reflect.Value) error {
	var value any
	if err := node.Decode(&value); err != nil {
		return at(node, "%v", err)
	}
	text, err := json.Marshal(value)
	if err != nil {
		return at(node, "%v", err)
	}
	if err := json.Unmarshal(text, into.Addr().Interface()); err != nil {
		if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return at(node, "%s is no %s", wrong.Value, wrong.Type)
		}
		return at(node, "%v", err)
	}
	return nil
}

func decodeStruct(node *yaml.Node, into reflect.Value) error {
	fields := fieldsOf(into.Type())
	return eachKey(node, func(key string, name, value *yaml.Node) error {
		index, known := fields[key]
		if !known {
			names := make([]string, 0, len(fields))
			for field := range fields {
				names = append(names, field)
			}
			slices.Sort(names)
			return at(name, "unknown field %q; known are %s", key, strings.Join(names, ", "))
		}
		if err := decodeNode(value, into.FieldByIndex(index)); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		return nil
	})
}

func decodeMap(node *yaml.Node, into reflect.Value) error {
	made := reflect.MakeMap(into.Type())
	into.Set(made)
	return eachKey(node, func(key string, _, value *yaml.Node) error {
		item := reflect.New(into.Type().Elem()).Elem()
		if err := decodeNode(value, item); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		made.SetMapIndex(reflect.ValueOf(key).Convert(into.Type().Key()), item)
		return nil
	})
}

func decodeList(node *yaml.Node, into reflect.Value) error {
	if node.Kind != yaml.SequenceNode {
		return at(node, "a list is needed")
	}
	list := reflect.MakeSlice(into.Type(), len(node.Content), len(node.Content))
	for i, item := range node.Content {
		if err := decodeNode(item, list.Index(i)); err != nil {
			return err
		}
	}
	into.Set(list)
	return nil
}

// eachKey calls do for each key of a mapping, and refuses one that comes twice.
func eachKey(node *yaml.Node, do func(key string, name, value *yaml.Node) error) error {
	if node.Kind != yaml.MappingNode {
		return at(node, "a mapping is needed")
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		name, value := node.Content[i], node.Content[i+1]
		if name.Kind != yaml.ScalarNode {
			return at(name, "a name is needed")
		}
		if seen[name.Value] {
			return at(name, "%q is given twice", name.Value)
		}
		seen[name.Value] = true
		if err := do(name.Value, name, value); err != nil {
			return err
		}
	}
	return nil
}

// fieldsOf are the fields of a struct by JSON name, those of structs that it embeds among them.
func fieldsOf(t reflect.Type) map[string][]int {
	fields := map[string][]int{}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || f.Anonymous && name == "" || name == "-" {
			continue
		}
		if _, taken := fields[name]; name != "" && !taken {
			fields[name] = f.Index
		}
	}
	return fields
}

// lineError is an error in a file, with its place.
type lineError struct {
	line    int
	problem string
}

func (e *lineError) Error() string { return fmt.Sprintf("line %d: %s", e.line, e.problem) }

func at(node *yaml.Node, format string, args ...any) error {
	return &lineError{line: node.Line, problem: fmt.Sprintf(format, args...)}
}
