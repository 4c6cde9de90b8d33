// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import "strings"

// Values are what stands at a path, in the order of the lists it goes through. Nothing is copied.
func Values(object map[string]any, path string) []any {
	found := []any{object}
	if path == "" {
		return found
	}
	for step := range strings.SplitSeq(path, ".") {
		found = follow(found, step)
	}
	return found
}

func follow(from []any, step string) []any {
	name, items := strings.CutSuffix(step, "[]")
	var next []any
	for _, node := range from {
		fields, _ := node.(map[string]any)
		value, there := fields[name]
		switch {
		case !there:
		case items:
			list, _ := value.([]any)
			next = append(next, list...)
		default:
			next = append(next, value)
		}
	}
	return next
}
