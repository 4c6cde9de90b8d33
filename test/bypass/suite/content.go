// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"reflect"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
)

func equal(one, other any) bool { return reflect.DeepEqual(one, other) }

func clone(content map[string]any) map[string]any {
	if content == nil {
		return nil
	}
	return runtime.DeepCopyJSON(content)
}

// field is the value at the path, or nil.
func field(content map[string]any, path ...string) any {
	var value any = content
	for _, key := range path {
		m, ok := value.(map[string]any)
		if !ok {
			return nil
		}
		value = m[key]
	}
	return value
}

func text(content map[string]any, path ...string) string {
	s, _ := field(content, path...).(string)
	return s
}

// leaf is a field without fields.
type leaf struct {
	path  []string
	value any
}

// leaves are the fields in which after differs from before. A field that is gone has the value nil.
func leaves(before, after any, path ...string) (all []leaf) {
	old, fresh := parts(before), parts(after)
	if len(old) == 0 && len(fresh) == 0 {
		if equal(before, after) || (empty(before) && empty(after)) {
			return nil
		}
		return []leaf{{append([]string{}, path...), after}}
	}
	for _, key := range keysOf(old, fresh) {
		all = append(all, leaves(old[key], fresh[key], append(slices.Clip(path), key)...)...)
	}
	return all
}

// parts are the fields of a map, or the items of a list under their numbers.
func parts(value any) map[string]any {
	switch v := value.(type) {
	case map[string]any:
		return v
	case []any:
		items := make(map[string]any, len(v))
		for i, item := range v {
			items[strconv.Itoa(i)] = item
		}
		return items
	default:
		return nil
	}
}

// has tells whether the content has the leaf.
func (l leaf) in(content map[string]any) bool {
	var value any = content
	for _, key := range l.path {
		value = parts(value)[key]
	}
	return equal(value, l.value) || (empty(value) && empty(l.value))
}

// empty tells whether a value may be left out as well.
func empty(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case bool:
		return !v
	case int64:
		return v == 0
	case string:
		return v == ""
	default:
		return parts(value) != nil && len(parts(value)) == 0
	}
}

// fill puts the UIDs of fixtures where the content asks for them.
func fill(content map[string]any, uid func(fixture string) string) map[string]any {
	filled, _ := fillAny(content, uid).(map[string]any)
	return filled
}

func fillAny(value any, uid func(string) string) any {
	switch v := value.(type) {
	case map[string]any:
		for key, item := range v {
			v[key] = fillAny(item, uid)
		}
		return v
	case []any:
		for i, item := range v {
			v[i] = fillAny(item, uid)
		}
		return v
	case string:
		if fixture, ok := strings.CutPrefix(v, "uid-of:"); ok {
			return uid(fixture)
		}
		return v
	default:
		return value
	}
}
