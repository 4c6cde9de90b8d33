// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package governance

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/scalegate/scalegate/test/installation"
)

// What docs/reference/people.md shows, the API server lets through as it is written.
func TestExamplesAreLetThrough(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(installation.Root(), "docs", "reference", "people.md"))
	if err != nil {
		t.Fatal(err)
	}
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "serving"}}
	if err := shared.Client.Create(t.Context(), ns); client.IgnoreAlreadyExists(err) != nil {
		t.Fatal(err)
	}
	kinds := map[string]bool{}
	for i, block := range strings.Split(string(text), "```yaml\n")[1:] {
		example, _, closed := strings.Cut(block, "```")
		if !closed {
			t.Fatalf("example %d does not end", i)
		}
		object := &unstructured.Unstructured{}
		if err := yaml.UnmarshalStrict([]byte(example), &object.Object); err != nil {
			t.Fatalf("example %d: %v", i, err)
		}
		kinds[object.GetKind()] = true
		strict := client.WithFieldValidation(shared.Client, metav1.FieldValidationStrict)
		if err := strict.Create(t.Context(), object, client.DryRunAll); err != nil {
			t.Errorf("example %d, a %s: %v", i, object.GetKind(), err)
		}
	}
	for _, kind := range []string{"SafetyPolicy", "ReleaseApproval", "ReleaseWaiver", "ReleaseDetermination"} {
		if !kinds[kind] {
			t.Errorf("there is no example of a %s", kind)
		}
	}
}
