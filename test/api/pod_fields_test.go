// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"k8s.io/client-go/kubernetes"
	"k8s.io/kube-openapi/pkg/spec3"
	"k8s.io/kube-openapi/pkg/validation/spec"

	"github.com/scalegate/scalegate/internal/workload"
)

// TestEveryServedFieldOfAPodIsClassified walks what the API server says that a pod may have. A field that
// the matching does not know is refused in every pod; here it is found before a release of Kubernetes that
// brings it reaches anybody.
func TestEveryServedFieldOfAPodIsClassified(t *testing.T) {
	served := servedSchemas(t)
	template, pod := served.fields("PodTemplateSpec"), served.fields("Pod")
	// Of a pod, its status is what others observed of it.
	pod = slices.DeleteFunc(pod, func(path string) bool {
		return path == "apiVersion" || path == "kind" || path == "status" || strings.HasPrefix(path, "status.")
	})
	if len(template) < 500 {
		t.Fatalf("only %d fields of a pod template were found; is the walk broken?", len(template))
	}
	for name, paths := range map[string][]string{"PodTemplateSpec": template, "Pod": pod} {
		for _, path := range paths {
			if _, ok := workload.Classify(path); !ok {
				t.Errorf("%s: %s is served, and internal/workload has no row for it: match, refuse or let it through, with the reason", name, path)
			}
		}
	}
	if shared.External() {
		return // An older server does not serve every field of our table yet.
	}
	for _, field := range workload.Fields() {
		if !slices.ContainsFunc(template, func(path string) bool { return covers(field.Path, path) }) {
			t.Errorf("internal/workload has a row for %s, which is not served: is the name right?", field.Path)
		}
	}
}

func TestAnUnknownFieldIsNotClassified(t *testing.T) {
	for _, path := range []string{"spec.surprise", "spec.containers[].surprise", "spec.affinity.surprise", "spec.containers.args", "status.phase"} {
		if class, ok := workload.Classify(path); ok {
			t.Errorf("%s is %s; want it unknown", path, class)
		}
	}
}

func covers(row, path string) bool {
	rest, ok := strings.CutPrefix(path, row)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// schemas are those that the API server serves for core/v1, by name.
type schemas map[string]*spec.Schema

const corePrefix = "io.k8s.api.core.v1."

func servedSchemas(t *testing.T) schemas {
	t.Helper()
	clients, err := kubernetes.NewForConfig(shared.Admin())
	if err != nil {
		t.Fatal(err)
	}
	raw, err := clients.RESTClient().Get().AbsPath("/openapi/v3/api/v1").Do(t.Context()).Raw()
	if err != nil {
		t.Fatal(err)
	}
	document := &spec3.OpenAPI{}
	if err := document.UnmarshalJSON(raw); err != nil {
		t.Fatal(err)
	}
	return document.Components.Schemas
}

// fields are the paths of the fields of a kind of core/v1 that have no fields of their own: values, and
// maps whose keys people choose. List items are written [].
func (s schemas) fields(kind string) []string {
	return s.below(s[corePrefix+kind], "")
}

func (s schemas) below(schema *spec.Schema, path string) []string {
	schema = s.resolve(schema)
	if schema.Items != nil && schema.Items.Schema != nil {
		if found := s.below(schema.Items.Schema, path+"[]"); len(found) > 1 || found[0] != path+"[]" {
			return found
		}
		return []string{path}
	}
	if len(schema.Properties) == 0 {
		return []string{path}
	}
	var paths []string
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		property := schema.Properties[name]
		paths = append(paths, s.below(&property, strings.TrimPrefix(path+"."+name, "."))...)
	}
	return paths
}

// resolve follows references; a property with a default wraps its own in allOf.
func (s schemas) resolve(schema *spec.Schema) *spec.Schema {
	for {
		switch {
		case schema.Ref.String() != "":
			schema = s[schema.Ref.String()[strings.LastIndexByte(schema.Ref.String(), '/')+1:]]
		case len(schema.AllOf) == 1:
			schema = &schema.AllOf[0]
		default:
			return schema
		}
	}
}
