// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"strconv"
	"strings"

	yamlv3 "go.yaml.in/yaml/v3"
)

// LineOf is the line of a field, such as spec.template.spec.containers[server].args[2] or metadata.labels[scalegate.dev/gate];
// items of lists by their number or by their name. Of a field that is not there, or is written in a way that has no place,
// it is the line of what would hold it.
func (o *Object) LineOf(path string) int {
	line := o.Line
	if o.node == nil {
		return line
	}
	node := o.node
	for _, step := range steps(path) {
		key, value := child(node, step)
		if value == nil {
			break
		}
		node, line = value, key.Line+o.offset
	}
	return line
}

// at is the node at a path of names; nil where there is none.
func (o *Object) at(path []string) *yamlv3.Node {
	node := o.node
	for _, step := range path {
		if node == nil {
			return nil
		}
		_, node = child(node, step)
	}
	return node
}

// child is a member of a mapping or an item of a list, and the node that shows where it is; nil where there is none.
func child(node *yamlv3.Node, step string) (key, value *yamlv3.Node) {
	node = resolved(node)
	switch node.Kind {
	case yamlv3.MappingNode:
		for i := 0; i+1 < len(node.Content); i += 2 {
			if node.Content[i].Value == step {
				return node.Content[i], resolved(node.Content[i+1])
			}
		}
	case yamlv3.SequenceNode:
		if i, err := strconv.Atoi(step); err == nil && i >= 0 && i < len(node.Content) {
			return node.Content[i], resolved(node.Content[i])
		}
		for _, item := range node.Content {
			for _, by := range []string{"name", "key"} {
				if value := scalar(item, by); value != nil && value.Value == step {
					return item, resolved(item)
				}
			}
		}
	}
	return nil, nil
}

func scalar(node *yamlv3.Node, name string) *yamlv3.Node {
	node = resolved(node)
	if node.Kind != yamlv3.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == name && node.Content[i+1].Kind == yamlv3.ScalarNode {
			return node.Content[i+1]
		}
	}
	return nil
}

func resolved(node *yamlv3.Node) *yamlv3.Node {
	if node.Kind == yamlv3.AliasNode && node.Alias != nil {
		return node.Alias
	}
	return node
}

// steps are the parts of a path: names between points, and what stands in brackets.
func steps(path string) []string {
	var all []string
	for path != "" {
		switch path[0] {
		case '.':
			path = path[1:]
		case '[':
			inside, rest, closed := strings.Cut(path[1:], "]")
			if !closed {
				return append(all, inside)
			}
			all = append(all, strings.Trim(inside, `"'`))
			path = rest
		default:
			end := strings.IndexAny(path, ".[")
			if end < 0 {
				end = len(path)
			}
			all = append(all, path[:end])
			path = path[end:]
		}
	}
	return all
}
