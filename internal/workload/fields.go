// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// Class says what matching does about a field.
type Class string

const (
	// Matched means that the value is compared with the release, or judged together with others.
	Matched Class = "Matched"
	// Refused means that any value other than the empty one is a mismatch.
	Refused Class = "Refused"
	// Harmless means that no value changes which model is served, or lets another one in.
	Harmless Class = "Harmless"
)

// Field is what the table says about one field and everything below it.
type Field struct {
	// Path from the pod template, list items written [], such as spec.containers[].args.
	Path string
	// Class of the field.
	Class Class
	// CompanionFree says that one of the policy's companions may set the field as it likes.
	CompanionFree bool
	// Reason says in a line why the field has its class.
	Reason string
	// Remedy says what to do about a Refused field; empty for the others.
	Remedy string
}

// Fields is the whole table: every field of a pod template has exactly one row that covers
// it. The order is stable.
func Fields() []Field {
	return slices.Concat(metadataFields(), podFields(), securityFields(), volumeFields(),
		containerFields("spec.initContainers[]"), containerFields("spec.containers[]"))
}

// Classify says what matching does about a field, by its path from the pod template with
// list items written [], such as spec.containers[].args. The second result is false for a
// field that this version does not know, also below a row that covers more than one field.
func Classify(path string) (Class, bool) {
	row, ok := fieldTable().covering(path)
	if !ok || !typeHas(reflect.TypeFor[corev1.PodTemplateSpec](), path) {
		return "", false
	}
	return row.Class, true
}

type table map[string]Field

func fieldTable() table {
	rows := Fields()
	t := make(table, len(rows))
	for _, row := range rows {
		t[row.Path] = row
	}
	return t
}

// covering finds the row of a path or of the nearest path above it.
func (t table) covering(path string) (Field, bool) {
	for path != "" {
		if row, ok := t[path]; ok {
			return row, true
		}
		if above, ok := strings.CutSuffix(path, "[]"); ok {
			path = above
			continue
		}
		path = path[:max(strings.LastIndexByte(path, '.'), 0)]
	}
	return Field{}, false
}

// typeHas says whether a Go type has a field at the path of its JSON names.
func typeHas(t reflect.Type, path string) bool {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if path == "" {
		return true
	}
	if rest, ok := strings.CutPrefix(path, "[]"); ok {
		return t.Kind() == reflect.Slice && typeHas(t.Elem(), strings.TrimPrefix(rest, "."))
	}
	if t.Kind() != reflect.Struct {
		return false
	}
	end := strings.IndexAny(path, ".[")
	if end < 0 {
		end = len(path)
	}
	name, rest := path[:end], strings.TrimPrefix(path[end:], ".")
	for f := range t.Fields() {
		tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if tag == "" && typeHas(f.Type, path) || tag == name && typeHas(f.Type, rest) {
			return true
		}
	}
	return false
}

// walker holds a live object against the table.
type walker struct {
	table table
	// companions are the paths, as shown to people, of the containers that are companions.
	companions map[string]bool
}

// check descends into a live value. path is the value's place in the table, shown is its
// place for people, free says that it belongs to a companion.
func (w walker) check(path, shown string, value any, free bool) *Mismatch {
	if row, ok := w.table[path]; ok {
		if row.Class != Refused || isEmpty(value) || free && row.CompanionFree {
			return nil
		}
		return mismatch(shown, row.Remedy, "is set, and is refused: %s", row.Reason)
	}
	switch v := value.(type) {
	case nil:
		return nil
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if m := w.check(join(path, key), join(shown, key), v[key], free); m != nil {
				return m
			}
		}
		return nil
	case []any:
		for i, element := range v {
			name := itemName(shown, i, element)
			if m := w.check(path+"[]", name, element, free || w.companions[name]); m != nil {
				return m
			}
		}
		return nil
	default:
		return unknownField(shown)
	}
}

func unknownField(shown string) *Mismatch {
	return mismatch(shown, "remove it, or run a version of Scalegate that knows it",
		"is a field that this version of Scalegate does not know")
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// itemName shows a list item by its name where it has one, else by its position.
func itemName(list string, i int, element any) string {
	if fields, ok := element.(map[string]any); ok {
		if name, ok := fields["name"].(string); ok && name != "" {
			return item(list, name)
		}
	}
	return index(list, i)
}

// isEmpty says whether a value is what an absent field means. An empty map is not: a
// present pointer can mean something by being there.
func isEmpty(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case bool:
		return !v
	case string:
		return v == ""
	case int64:
		return v == 0
	case float64:
		return v == 0
	case []any:
		return len(v) == 0
	}
	return false
}
