// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"bytes"
	"errors"
	"io"
	"math"
	"regexp"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
	"go.yaml.in/yaml/v3"
)

// looksLikeYAML reports whether a text begins with a key of a block mapping, after comments and the mark of
// a document.
func looksLikeYAML(head []byte) bool {
	key := regexp.MustCompile(`^(?:"[^"\n]*"|'[^'\n]*'|[A-Za-z_][\w./ -]*):(?:[ \r\n]|$)`)
	for line := range bytes.Lines(head) {
		line = bytes.TrimRight(line, "\r\n")
		if trimmed := bytes.TrimSpace(line); len(trimmed) == 0 || trimmed[0] == '#' || string(trimmed) == "---" || trimmed[0] == '%' {
			continue
		}
		return key.Match(line)
	}
	return false
}

// openYAML reads a YAML mapping as the JSON object it stands for.
func openYAML(open opener, size int64, wanted map[string]bool, limits Limits) (*document, error) {
	if size > limits.YAMLBytes {
		return nil, unreadable("the YAML document has %d bytes; at most %d are read: store large results as JSON", size, limits.YAMLBytes)
	}
	r, err := open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	converted, err := yamlToJSON(text, limits)
	if err != nil {
		return nil, err
	}
	doc, err := scanDocument(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(converted)), nil }, wanted, limits)
	if err != nil {
		return nil, err
	}
	doc.yaml = true
	return doc, nil
}

func yamlToJSON(text []byte, limits Limits) ([]byte, error) {
	if n := separators(text); n > limits.YAMLValues {
		return nil, unreadable("the YAML document has more than %d separators: store large results as JSON", limits.YAMLValues)
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var root, next yaml.Node
	if err := dec.Decode(&root); err != nil {
		return nil, unreadable("the document is not YAML")
	}
	if err := dec.Decode(&next); !errors.Is(err, io.EOF) {
		return nil, unreadable("the file goes on after the end of the YAML document")
	}
	var out bytes.Buffer
	c := yamlConverter{
		out:    jsontext.NewEncoder(&out, jsontext.AllowInvalidUTF8(true)),
		limits: limits, valuesLeft: limits.YAMLValues, bytesLeft: limits.SectionBytes,
	}
	if root.Kind != yaml.DocumentNode || len(root.Content) != 1 || root.Content[0].Kind != yaml.MappingNode {
		return nil, unreadable("the YAML document is not a mapping")
	}
	if err := c.convert(root.Content[0], 0); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// separators counts the bytes that can begin a value, which bounds what the parser holds.
func separators(text []byte) int {
	n := 0
	for _, c := range text {
		switch c {
		case '\n', ',', ':', '[', '{', '-', '?', '&', '*', '!':
			n++
		}
	}
	return n
}

// yamlConverter writes nodes as JSON, aliases written out.
type yamlConverter struct {
	out        *jsontext.Encoder
	limits     Limits
	valuesLeft int
	bytesLeft  int64
}

func (c *yamlConverter) convert(node *yaml.Node, depth int) error {
	if c.valuesLeft--; c.valuesLeft < 0 {
		return unreadable("the YAML document has more than %d values, aliases written out", c.limits.YAMLValues)
	}
	if depth > c.limits.Depth {
		return unreadable("the document is nested deeper than %d levels", c.limits.Depth)
	}
	switch node.Kind {
	case yaml.AliasNode:
		return c.convert(node.Alias, depth+1)
	case yaml.MappingNode:
		return c.mapping(node, depth)
	case yaml.SequenceNode:
		if err := c.write(node, jsontext.BeginArray); err != nil {
			return err
		}
		for _, element := range node.Content {
			if err := c.convert(element, depth+1); err != nil {
				return err
			}
		}
		return c.write(node, jsontext.EndArray)
	case yaml.ScalarNode:
		return c.scalar(node)
	}
	return unreadable("the YAML document has something unknown at line %d", node.Line)
}

func (c *yamlConverter) mapping(node *yaml.Node, depth int) error {
	if tag := node.ShortTag(); tag != "!!map" {
		return unreadable("the YAML document has a value of a type of its own at line %d", node.Line)
	}
	if err := c.write(node, jsontext.BeginObject); err != nil {
		return err
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key := node.Content[i]
		if key.Kind != yaml.ScalarNode || key.ShortTag() == "!!merge" {
			return unreadable("the YAML document has a key that is not a plain name at line %d", key.Line)
		}
		if err := c.write(key, jsontext.String(key.Value)); err != nil {
			return err
		}
		if err := c.convert(node.Content[i+1], depth+1); err != nil {
			return err
		}
	}
	return c.write(node, jsontext.EndObject)
}

func (c *yamlConverter) scalar(node *yaml.Node) error {
	switch node.ShortTag() {
	case "!!str", "!!timestamp":
		return c.write(node, jsontext.String(node.Value))
	case "!!null":
		return c.write(node, jsontext.Null)
	case "!!bool":
		var value bool
		if err := node.Decode(&value); err != nil {
			return unreadable("the YAML document has a bad truth value at line %d", node.Line)
		}
		return c.write(node, jsontext.Bool(value))
	case "!!int", "!!float":
		return c.number(node)
	}
	return unreadable("the YAML document has a value of a type of its own at line %d", node.Line)
}

// number writes a number as the document has it where that is JSON. Infinities and NaN are null, as in
// JSON; the other notations of YAML are written in decimal.
func (c *yamlConverter) number(node *yaml.Node) error {
	if value := jsontext.Value(node.Value); value.IsValid() && value.Kind() == jsontext.KindNumber {
		return c.value(node, value)
	}
	var whole int64
	if node.ShortTag() == "!!int" && node.Decode(&whole) == nil {
		return c.value(node, strconv.AppendInt(nil, whole, 10))
	}
	var float float64
	if err := node.Decode(&float); err != nil {
		return unreadable("the YAML document has a bad number at line %d", node.Line)
	}
	if math.IsNaN(float) || math.IsInf(float, 0) {
		return c.write(node, jsontext.Null)
	}
	return c.value(node, strconv.AppendFloat(nil, float, 'g', -1, 64))
}

func (c *yamlConverter) value(node *yaml.Node, value jsontext.Value) error {
	if err := c.spend(node, len(value)); err != nil {
		return err
	}
	return c.failure(node, c.out.WriteValue(value))
}

func (c *yamlConverter) write(node *yaml.Node, token jsontext.Token) error {
	if err := c.spend(node, len(node.Value)); err != nil {
		return err
	}
	return c.failure(node, c.out.WriteToken(token))
}

func (c *yamlConverter) spend(node *yaml.Node, size int) error {
	if c.bytesLeft -= int64(size); c.bytesLeft < 0 {
		return unreadable("the YAML document has more than %d bytes, aliases written out, at line %d", c.limits.SectionBytes, node.Line)
	}
	return nil
}

func (c *yamlConverter) failure(node *yaml.Node, err error) error {
	if errors.Is(err, jsontext.ErrDuplicateName) {
		return unreadable("the YAML document has the same key twice at line %d: which one counts is not known", node.Line)
	}
	if err != nil {
		return unreadable("the YAML document has something at line %d that JSON cannot hold", node.Line)
	}
	return nil
}
