// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"

	"github.com/scalegate/scalegate/test/installation"
)

// field is a place in the schema of a kind.
type field struct {
	// path from the object, list items written [], such as spec.levels[].name; empty for the object itself.
	path   string
	schema *apiextensionsv1.JSONSchemaProps
	// required says that the object above does not do without it.
	required bool
}

// fields are every place in the schema of a kind, as config/crd/bases has it.
func fields(t *testing.T, kind string) []field {
	t.Helper()
	pattern := filepath.Join(installation.Root(), "config", "crd", "bases", "*.yaml")
	files, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		crd := &apiextensionsv1.CustomResourceDefinition{}
		if err := yaml.UnmarshalStrict(text, crd); err != nil {
			t.Fatalf("reading %s: %v", file, err)
		}
		if crd.Spec.Names.Kind == kind {
			return walk(field{schema: crd.Spec.Versions[0].Schema.OpenAPIV3Schema})
		}
	}
	t.Fatalf("no file of %s defines the kind %s", pattern, kind)
	return nil
}

func walk(f field) []field {
	found := []field{f}
	for _, name := range slices.Sorted(maps.Keys(f.schema.Properties)) {
		schema := f.schema.Properties[name]
		path := strings.TrimPrefix(f.path+"."+name, ".")
		found = append(found, walk(field{path, &schema, slices.Contains(f.schema.Required, name)})...)
	}
	if f.schema.Items != nil {
		found = append(found, walk(field{f.path + "[]", f.schema.Items.Schema, false})...)
	}
	return found
}

// rulesOf are the rules of a field that a row must meet one by one: those in CEL anywhere, and
// patterns, words and ranges in spec. TestEveryBoundIsHeld meets the sizes.
func rulesOf(f field) []rule {
	var found []rule
	for _, r := range f.schema.XValidations {
		path := f.path + r.FieldPath
		if path == "" {
			path = "<nil>"
		}
		found = append(found, rule{path, r.Message})
	}
	if !strings.HasPrefix(f.path, "spec") {
		return found
	}
	if f.schema.Pattern != "" {
		found = append(found, rule{f.path, "should match"})
	}
	if f.schema.Format == "date" {
		found = append(found, rule{f.path, "must be of type date"})
	}
	if f.schema.Enum != nil {
		found = append(found, rule{f.path, "supported values"})
	}
	if f.schema.Minimum != nil {
		found = append(found, rule{f.path, fmt.Sprintf("greater than or equal to %d", int64(*f.schema.Minimum))})
	}
	if f.schema.Maximum != nil {
		found = append(found, rule{f.path, fmt.Sprintf("less than or equal to %d", int64(*f.schema.Maximum))})
	}
	return found
}
