// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

// TestTheReferencesAreUpToDate compares what is generated with what the repository has.
func TestTheReferencesAreUpToDate(t *testing.T) {
	root := filepath.Join("..", "..")
	want, err := render(root)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	pages, err := filepath.Glob(filepath.Join(root, "docs", "reference", "cli", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range append(pages, filepath.Join(root, "docs", "reference", "api.md")) {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatalf("%v; write it with: make generate", err)
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			t.Fatal(err)
		}
		got[filepath.ToSlash(name)] = string(content)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the references are not up to date; write them with: make generate (-generated +in the repository):\n%s", diff)
	}
}

func TestTheTableOfAKind(t *testing.T) {
	schema := &apiextensionsv1.JSONSchemaProps{Type: "object", Required: []string{"name"}, Properties: map[string]apiextensionsv1.JSONSchemaProps{
		"name": {Type: "string", Description: "name of it,\na | word.", MinLength: new(int64(1)), MaxLength: new(int64(48)), Pattern: "^(a|b)$"},
		"parts": {Type: "array", MaxItems: new(int64(8)), Items: &apiextensionsv1.JSONSchemaPropsOrArray{Schema: &apiextensionsv1.JSONSchemaProps{
			Type: "object", XValidations: apiextensionsv1.ValidationRules{{Rule: "true", Message: "one of <a> and b"}},
			Properties: map[string]apiextensionsv1.JSONSchemaProps{"mode": {
				Type: "string", Enum: []apiextensionsv1.JSON{{Raw: []byte(`"On"`)}, {Raw: []byte(`"Off"`)}}, Default: &apiextensionsv1.JSON{Raw: []byte(`"On"`)},
			}},
		}}},
		"share": {Type: "integer", Minimum: new(0.0), Maximum: new(100.0)},
	}}
	var b strings.Builder
	writePart(&b, "Kind", "spec", schema)
	want := `
### spec of Kind

| Field | Type | Default and bounds | |
| --- | --- | --- | --- |
| ''spec.name'' * | string | 1 to 48 characters; pattern ''^(a\|b)$'' | name of it, a \| word. |
| ''spec.parts'' | []object | at most 8 items |  |
| ''spec.parts[].mode'' | word | default ''"On"''; ''On'', ''Off'' |  |
| ''spec.share'' | integer | 0 to 100 |  |

The API server refuses, with these messages:

- ''spec.parts[]'': one of &lt;a&gt; and b
`
	if diff := cmp.Diff(strings.ReplaceAll(want, "''", "`"), b.String()); diff != "" {
		t.Errorf("the table (-want +got):\n%s", diff)
	}
}

func TestProseKeepsTablesOfACommand(t *testing.T) {
	got := prose("Says <why>.\n\nExit codes:\n\n  0  granted\n  1  an error\n\nIt needs rights.")
	want := "Says &lt;why&gt;.\n\nExit codes:\n\n```text\n  0  granted\n  1  an error\n```\n\nIt needs rights."
	if got != want {
		t.Errorf("it is %q, want %q", got, want)
	}
}
