// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package policycase

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// edit changes a spec by paths. A path is names with dots between, each with the name of an item in brackets where it is a
// list: requirements[bio-uplift].evaluation.clearAt. Nil takes away; an item that is not there is added.
func edit[T any](spec *T, set map[string]any) error {
	text, err := json.Marshal(spec)
	if err != nil {
		return fmt.Errorf("encoding the spec: %w", err)
	}
	var tree map[string]any
	if err := json.Unmarshal(text, &tree); err != nil {
		return fmt.Errorf("decoding the spec: %w", err)
	}
	for _, path := range slices.Sorted(maps.Keys(set)) {
		if err := put(tree, strings.Split(path, "."), set[path]); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	if text, err = json.Marshal(tree); err != nil {
		return fmt.Errorf("encoding the spec: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var changed T
	if err := decoder.Decode(&changed); err != nil {
		return fmt.Errorf("what was set is no part of the spec: %w", err)
	}
	*spec = changed
	return nil
}

// put sets the value at a path below a node.
func put(node map[string]any, path []string, value any) error {
	name, item, listed := strings.Cut(path[0], "[")
	item, closed := strings.CutSuffix(item, "]")
	if name == "" || listed != closed {
		return fmt.Errorf("%q is no part of a path, such as levels[ASL-3]", path[0])
	}
	if listed {
		return putItem(node, name, item, path[1:], value)
	}
	if len(path) == 1 {
		if value == nil {
			delete(node, name)
		} else {
			node[name] = value
		}
		return nil
	}
	below, ok := node[name].(map[string]any)
	if !ok {
		if node[name] != nil {
			return fmt.Errorf("%s is no object", name)
		}
		below = map[string]any{}
		node[name] = below
	}
	return put(below, path[1:], value)
}

// putItem sets the value at a path below an item of a list, or the item itself.
func putItem(node map[string]any, name, item string, path []string, value any) error {
	list, ok := node[name].([]any)
	if !ok && node[name] != nil {
		return fmt.Errorf("%s is no list", name)
	}
	index := slices.IndexFunc(list, func(each any) bool {
		fields, ok := each.(map[string]any)
		return ok && (fields["name"] == item || fields["role"] == item)
	})
	switch {
	case len(path) > 0 && index < 0:
		return fmt.Errorf("%s has no item %s", name, item)
	case len(path) > 0:
		below, _ := list[index].(map[string]any)
		return put(below, path, value)
	case value == nil && index < 0:
		return fmt.Errorf("%s has no item %s to take away", name, item)
	case value == nil:
		node[name] = slices.Delete(list, index, index+1)
	case index < 0:
		node[name] = append(list, value)
	default:
		list[index] = value
	}
	return nil
}
