// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

// sameness compares two pods, of the shape that encoding/json or an unstructured client gives them. What it does not know is
// not the same.
type sameness struct {
	// tokens are the names of the volume of the token in either pod.
	tokens [2]string
	// renamed: they differ. Each then stands for the other where volumes are named and mounted, and nowhere else.
	renamed bool
}

// comparison compares two values of a field.
type comparison func(key string, a, b any) bool

// maps compares two maps, but for some fields.
func (s sameness) maps(a, b map[string]any, but func(string) bool, compare comparison) bool {
	counted := 0
	for key, value := range a {
		if but(key) {
			continue
		}
		counted++
		other, has := b[key]
		if !has || !compare(key, value, other) {
			return false
		}
	}
	for key := range b {
		if !but(key) {
			counted--
		}
	}
	return counted == 0
}

func nothing(string) bool { return false }

func managed(key string) bool { return pertainsToName(key) || key == "managedFields" }

// part compares a part of a pod.
func (s sameness) part(key string, a, b any) bool {
	x, isMap := a.(map[string]any)
	y, areMaps := b.(map[string]any)
	if !isMap || !areMaps {
		return s.values("", a, b)
	}
	switch key {
	case "metadata":
		return s.maps(x, y, managed, s.values)
	case "spec":
		return s.maps(x, y, pertainsToPlace, s.field)
	default:
		return s.maps(x, y, nothing, s.values)
	}
}

// field compares a field of the spec.
func (s sameness) field(key string, a, b any) bool {
	switch key {
	case "volumes":
		return s.lists(a, b, s.volume)
	case "containers", "initContainers":
		return s.lists(a, b, s.container)
	default:
		return s.values(key, a, b)
	}
}

// volume compares a field of a volume, or of a mount.
func (s sameness) volume(key string, a, b any) bool {
	if key == "name" && s.tokens[0] != "" && s.tokens[1] != "" && a == any(s.tokens[0]) && b == any(s.tokens[1]) {
		return true
	}
	return s.values(key, a, b)
}

// container compares a field of a container.
func (s sameness) container(key string, a, b any) bool {
	if key == "volumeMounts" {
		return s.lists(a, b, s.volume)
	}
	return s.values(key, a, b)
}

// lists compares two lists of maps.
func (s sameness) lists(a, b any, compare comparison) bool {
	x, isList := a.([]any)
	y, areLists := b.([]any)
	if !isList || !areLists || len(x) != len(y) {
		return false
	}
	for i := range x {
		p, isMap := x[i].(map[string]any)
		q, areMaps := y[i].(map[string]any)
		if !isMap || !areMaps || !s.maps(p, q, nothing, compare) {
			return false
		}
	}
	return true
}

// values compares two values of any shape.
func (s sameness) values(_ string, a, b any) bool {
	switch x := a.(type) {
	case map[string]any:
		y, is := b.(map[string]any)
		return is && s.maps(x, y, nothing, s.values)
	case []any:
		y, is := b.([]any)
		if !is || len(x) != len(y) {
			return false
		}
		for i := range x {
			if !s.values("", x[i], y[i]) {
				return false
			}
		}
		return true
	case string:
		// The name of either volume is something else in the other pod.
		token := s.renamed && (x == s.tokens[0] || x == s.tokens[1])
		return b == a && !token
	case nil, bool, int64, float64:
		return a == b
	default:
		return false
	}
}
