// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package attempts

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// Names that the design gives. They are written again here, and not taken from the product.
const (
	claimLabel      = "scalegate.dev/release"
	exposureLabel   = "scalegate.dev/exposure"
	gateLabel       = "scalegate.dev/gate"
	claimsLabel     = "scalegate.dev/claims"
	exemptKey       = "scalegate.dev/exempt"
	heldKey         = "scalegate.dev/held"
	clearedTextKey  = "scalegate.dev/cleared-template"
	clearancePrefix = "clearance.scalegate.dev/"
	holdGate        = "scalegate.dev/hold"
	holdReasonKey   = "scalegate.dev/hold-reason"
	ownPrefix       = "scalegate.dev/"
	ownGroup        = "scalegate.dev"
)

// Words that come up again and again in content.
const (
	metadata    = "metadata"
	spec        = "spec"
	labels      = "labels"
	annotations = "annotations"
	containers  = "containers"
	gpu         = "nvidia.com/gpu"
)

// at is the value at the path, or nil. The content is JSON as Go decodes it.
func at(content map[string]any, path ...string) any {
	value, _, err := unstructured.NestedFieldNoCopy(content, path...)
	if err != nil {
		return nil
	}
	return value
}

func textAt(content map[string]any, path ...string) string {
	text, _ := at(content, path...).(string)
	return text
}

func mapAt(content map[string]any, path ...string) map[string]any {
	value, _ := at(content, path...).(map[string]any)
	return value
}

// listAt are the maps of a list.
func listAt(content map[string]any, path ...string) (maps []map[string]any) {
	items, _ := at(content, path...).([]any)
	for _, item := range items {
		if m, ok := item.(map[string]any); ok {
			maps = append(maps, m)
		}
	}
	return maps
}

// put is the change that sets the value at the path, a copy each time.
func put(value any, path ...string) Change {
	return func(content map[string]any) {
		value := runtime.DeepCopyJSONValue(value)
		for _, key := range path[:len(path)-1] {
			next, ok := content[key].(map[string]any)
			if !ok {
				next = map[string]any{}
				content[key] = next
			}
			content = next
		}
		content[path[len(path)-1]] = value
	}
}

// drop is the change that takes the field at the path away.
func drop(path ...string) Change {
	return func(content map[string]any) { unstructured.RemoveNestedField(content, path...) }
}

// both is the first change and then the others.
func both(changes ...Change) Change {
	return func(content map[string]any) {
		for _, change := range changes {
			if change != nil {
				change(content)
			}
		}
	}
}

// within applies the change to the map at the path.
func within(change Change, path ...string) Change {
	return func(content map[string]any) {
		if inner := mapAt(content, path...); inner != nil {
			change(inner)
		}
	}
}

// inTemplate applies the change to a workload's pod template.
func inTemplate(change Change) Change { return within(change, spec, "template") }

// firstContainer applies the change to the first container of a pod or template.
func firstContainer(change Change) Change {
	return func(content map[string]any) {
		if all := listAt(content, spec, containers); len(all) > 0 {
			change(all[0])
		}
	}
}

func label(key string, value any) Change    { return put(value, metadata, labels, key) }
func annotate(key string, value any) Change { return put(value, metadata, annotations, key) }
func unlabel(key string) Change             { return drop(metadata, labels, key) }
func unannotate(key string) Change          { return drop(metadata, annotations, key) }

// append1 is the change that adds an item to the list at the path.
func append1(item any, path ...string) Change {
	return func(content map[string]any) {
		items, _ := at(content, path...).([]any)
		put(append(slices.Clip(items), item), path...)(content)
	}
}

// differing are the keys that two maps do not have alike, among those with the prefix.
func differing(one, other map[string]any, prefix string) (keys []string) {
	for key, value := range one {
		if strings.HasPrefix(key, prefix) && other[key] != value {
			keys = append(keys, key)
		}
	}
	for key := range other {
		if _, ok := one[key]; !ok && strings.HasPrefix(key, prefix) {
			keys = append(keys, key)
		}
	}
	return keys
}
