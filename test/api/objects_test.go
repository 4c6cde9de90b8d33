// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/test/installation"
)

// kinds are those of the API.
func kinds() []string {
	return append(sampled(), "AdverseFinding", "PolicyRevision", "GateDecision")
}

// sampled are those that people write, and of which there is a sample.
func sampled() []string {
	return []string{"SafetyPolicy", "ModelRelease", "SafetyEvaluation", "ReleaseApproval", "ReleaseWaiver", "ReleaseDetermination", "PolicyApproval"}
}

// sample is the sample of a kind, moved into the tests' namespace.
func sample(t *testing.T, kind string) *unstructured.Unstructured {
	t.Helper()
	object, err := readSample(kind)
	if err != nil {
		t.Fatal(err)
	}
	return object
}

func readSample(kind string) (*unstructured.Unstructured, error) {
	name := "scalegate_v1alpha1_" + strings.ToLower(kind) + ".yaml"
	text, err := os.ReadFile(filepath.Join(installation.Root(), "config", "samples", name))
	if err != nil {
		return nil, err
	}
	raw, err := yaml.YAMLToJSONStrict(text)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON(raw); err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	if object.GetNamespace() != "" {
		object.SetNamespace(namespace)
	}
	return object, nil
}

// finding is an AdverseFinding as the controller makes it, of that name.
func finding(t *testing.T, name string) *unstructured.Unstructured {
	t.Helper()
	object, err := buildFinding(name)
	if err != nil {
		t.Fatal(err)
	}
	return object
}

func buildFinding(name string) (*unstructured.Unstructured, error) {
	f := fixture.Finding(name, "bio-uplift", string(fixture.Digest("scope")))
	f.ObjectMeta = metav1.ObjectMeta{Name: name}
	f.SetGroupVersionKind(v1alpha1.SchemeGroupVersion.WithKind("AdverseFinding"))
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&f)
	return &unstructured.Unstructured{Object: content}, err
}

// store keeps an object in the API server until the test ends, and returns it as it is stored.
func store(t *testing.T, as client.Client, object *unstructured.Unstructured) *unstructured.Unstructured {
	t.Helper()
	stored := object.DeepCopy()
	if err := as.Create(t.Context(), stored, client.FieldValidation(metav1.FieldValidationStrict)); err != nil {
		t.Fatalf("making %s %s: %v", object.GetKind(), object.GetName(), err)
	}
	t.Cleanup(func() {
		if err := shared.Client.Delete(context.WithoutCancel(t.Context()), stored); client.IgnoreNotFound(err) != nil {
			t.Errorf("deleting %s %s: %v", stored.GetKind(), stored.GetName(), err)
		}
	})
	return stored
}

// change is what a row does to its object.
type change func(object map[string]any)

// removed in the place of a value removes the field or the item.
type removed struct{}

// set gives the field at a path, such as spec.levels[0].name, a value. What is missing on the
// way is made; the index one past the end of a list appends.
func set(path string, value any) change {
	return func(object map[string]any) {
		put(object, steps(path), runtime.DeepCopyJSONValue(value))
	}
}

// drop removes the field or item at a path.
func drop(path string) change {
	return func(object map[string]any) { put(object, steps(path), removed{}) }
}

// all makes several changes.
func all(changes ...change) change {
	return func(object map[string]any) {
		for _, c := range changes {
			c(object)
		}
	}
}

func steps(path string) []string {
	return strings.Split(strings.NewReplacer("[", ".", "]", "").Replace(path), ".")
}

func put(node any, path []string, value any) any {
	if len(path) == 0 {
		return value
	}
	i, err := strconv.Atoi(path[0])
	if err != nil {
		fields, _ := node.(map[string]any)
		if fields == nil {
			fields = map[string]any{}
		}
		fields[path[0]] = put(fields[path[0]], path[1:], value)
		if _, gone := fields[path[0]].(removed); gone {
			delete(fields, path[0])
		}
		return fields
	}
	items, _ := node.([]any)
	if i == len(items) {
		items = append(items, nil)
	}
	items[i] = put(items[i], path[1:], value)
	if _, gone := items[i].(removed); gone {
		items = slices.Delete(items, i, i+1)
	}
	return items
}

// get returns the value at a path, or nil.
func get(object map[string]any, path string) any {
	var node any = object
	for _, step := range steps(path) {
		switch n := node.(type) {
		case map[string]any:
			node = n[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(n) {
				return nil
			}
			node = n[i]
		default:
			return nil
		}
	}
	return node
}
