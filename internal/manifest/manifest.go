// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package manifest reads files of Kubernetes objects as kubectl does, and keeps where each field stands.
//
// In: the bytes of a file, YAML or JSON, with any number of documents, lists among them. Out: objects as decoded JSON, in
// the order of the file, with their lines. Input may be hostile: it is bounded, and what cannot be read is an error with its line.
package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	yamlv3 "go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"
)

// MaxBytes is the most that a file may have.
const MaxBytes = 16 << 20

// maxDepth is how deep lists may stand in lists.
const maxDepth = 8

// Object is one object of a file.
type Object struct {
	// File is the file's name as it was given, and Line where the object begins, from 1 on.
	File string
	Line int
	// Content is the object as decoded JSON: numbers are int64 or float64.
	Content map[string]any

	node *yamlv3.Node
	// offset is how many lines of the file stand before the node's document.
	offset int
}

// LineError is something that cannot be read, at its place.
type LineError struct {
	File string
	// Line counts from 1; 0 means that it is not known.
	Line    int
	Problem string
	// NoManifest: it can be read, and is no object of Kubernetes.
	NoManifest bool
}

// Error is the place and the problem.
func (e *LineError) Error() string {
	if e.Line <= 0 {
		return e.File + ": " + e.Problem
	}
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Problem)
}

// Read reads the objects of a file. Documents that hold nothing are passed over. Each document that cannot be read is an
// error, joined; the objects of the others come all the same.
func Read(file string, data []byte) ([]Object, error) {
	if len(data) > MaxBytes {
		return nil, &LineError{File: file, Problem: fmt.Sprintf("the file has more than %d bytes: split it", MaxBytes)}
	}
	var all []Object
	var errs []error
	for _, d := range split(data) {
		objects, err := d.read(file)
		if err != nil {
			errs = append(errs, err)
		}
		all = append(all, objects...)
	}
	return all, errors.Join(errs...)
}

// document is the text of a document, and how many lines stand before it.
type document struct {
	text   []byte
	offset int
}

// split takes a file apart at the lines that separate documents.
func split(data []byte) []document {
	separator := regexp.MustCompile(`^---([ \t]+#.*|[ \t]*)\r?\n?$`)
	var all []document
	current, line, start := []byte{}, 0, 0
	for part := range bytes.Lines(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))) {
		line++
		if separator.Match(part) {
			all = append(all, document{text: current, offset: start})
			current, start = []byte{}, line
			continue
		}
		current = append(current, part...)
	}
	return append(all, document{text: current, offset: start})
}

func (d document) read(file string) ([]Object, error) {
	var root, more yamlv3.Node
	reader := yamlv3.NewDecoder(bytes.NewReader(d.text))
	if err := reader.Decode(&root); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, d.problem(file, err)
	}
	if err := reader.Decode(&more); !errors.Is(err, io.EOF) {
		// It would be passed over otherwise, and what nobody looked at would seem to pass.
		return nil, &LineError{File: file, Line: d.lineOf(&more, err), Problem: "another document follows that no line of --- alone begins: separate the documents so"}
	}
	if len(root.Content) != 1 || root.Content[0].Tag == "!!null" {
		return nil, nil
	}
	text, err := yaml.YAMLToJSONStrict(d.text)
	if err != nil {
		return nil, d.problem(file, err)
	}
	var content any
	if err := json.Unmarshal(text, &content); err != nil {
		return nil, d.problem(file, err)
	}
	node := root.Content[0]
	object, ok := content.(map[string]any)
	if !ok {
		return nil, &LineError{File: file, Line: node.Line + d.offset, Problem: "a document is an object with apiVersion and kind, and this is none"}
	}
	return flatten(Object{File: file, Line: node.Line + d.offset, Content: object, node: node, offset: d.offset}, 0)
}

// lineOf is the line of the file where what was read of the document begins, or where it could not be read; 0 where that is not known.
func (d document) lineOf(root *yamlv3.Node, err error) int {
	if err != nil {
		return d.problem("", err).Line
	}
	if len(root.Content) == 0 {
		return 0
	}
	return root.Content[0].Line + d.offset
}

// problem is an error of a YAML reader, with the line of the file.
func (d document) problem(file string, err error) *LineError {
	said := strings.TrimPrefix(strings.Join(strings.Fields(err.Error()), " "), "yaml: ")
	said = strings.TrimPrefix(strings.TrimPrefix(said, "error converting YAML to JSON: yaml: "), "unmarshal errors: ")
	line := 0
	if found := regexp.MustCompile(`line (\d+): `).FindStringSubmatchIndex(said); found != nil {
		if n, err := strconv.Atoi(said[found[2]:found[3]]); err == nil {
			line = n + d.offset
			said = said[:found[0]] + said[found[1]:]
		}
	}
	return &LineError{File: file, Line: line, Problem: "it cannot be read: " + said}
}

// flatten is the object, or the objects of a list.
func flatten(o Object, depth int) ([]Object, error) {
	kind, _ := o.Content["kind"].(string)
	version, _ := o.Content["apiVersion"].(string)
	if kind == "" || version == "" {
		return nil, &LineError{File: o.File, Line: o.Line, NoManifest: true, Problem: "it has no apiVersion and kind: it is no manifest, so keep it elsewhere, or name the manifests one by one"}
	}
	items, list := o.Content["items"].([]any)
	if !list || !strings.HasSuffix(kind, "List") {
		return []Object{o}, nil
	}
	if depth == maxDepth {
		return nil, &LineError{File: o.File, Line: o.Line, Problem: fmt.Sprintf("lists stand in lists more than %d deep", maxDepth)}
	}
	var all []Object
	var errs []error
	nodes := o.at([]string{"items"})
	for i, item := range items {
		content, ok := item.(map[string]any)
		line := o.Line
		var node *yamlv3.Node
		if nodes != nil && i < len(nodes.Content) {
			node = resolved(nodes.Content[i])
			line = nodes.Content[i].Line + o.offset
		}
		if !ok {
			errs = append(errs, &LineError{File: o.File, Line: line, Problem: fmt.Sprintf("items[%d] is no object", i)})
			continue
		}
		o.named(content)
		objects, err := flatten(Object{File: o.File, Line: line, Content: content, node: node, offset: o.offset}, depth+1)
		if err != nil {
			errs = append(errs, err)
		}
		all = append(all, objects...)
	}
	return all, errors.Join(errs...)
}

// named gives an item of a list of one kind, such as DeploymentList, the kind and the version that the list says.
func (o *Object) named(item map[string]any) {
	kind := strings.TrimSuffix(o.GVK().Kind, "List")
	if kind == "" || item["kind"] != nil || item["apiVersion"] != nil {
		return
	}
	item["kind"], item["apiVersion"] = kind, o.Content["apiVersion"]
}

// GVK is the object's kind with group and version.
func (o *Object) GVK() schema.GroupVersionKind {
	version, _ := o.Content["apiVersion"].(string)
	kind, _ := o.Content["kind"].(string)
	return schema.FromAPIVersionAndKind(version, kind)
}
