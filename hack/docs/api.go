// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

// readDefinitions reads the custom resource definitions of a folder, in the order of their kinds.
func readDefinitions(folder string) ([]*apiextensionsv1.CustomResourceDefinition, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		return nil, err
	}
	var all []*apiextensionsv1.CustomResourceDefinition
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("reading the kinds: %w", err)
		}
		definition := &apiextensionsv1.CustomResourceDefinition{}
		if err := yaml.UnmarshalStrict(raw, definition); err != nil {
			return nil, fmt.Errorf("reading the kind in %s: %w", path, err)
		}
		all = append(all, definition)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("reading the kinds: the folder %s has none", folder)
	}
	slices.SortFunc(all, func(a, b *apiextensionsv1.CustomResourceDefinition) int {
		return cmp.Compare(a.Spec.Names.Kind, b.Spec.Names.Kind)
	})
	return all, nil
}

const apiHead = `# API

Every field of every kind of the group %[1]sscalegate.dev%[1]s, version %[1]sv1alpha1%[1]s. This page is generated from the custom resource
definitions by %[1]smake generate%[1]s; %[1]skubectl explain KIND.FIELD%[1]s says the same. Reasons and conditions have a table of their own:
[Reasons](reasons.md). What a kind is for is in [Concepts](../concepts.md#the-kinds), and complete examples are in
[config/samples](../../config/samples/scalegate_v1alpha1_safetypolicy.yaml).

How to read a type: %[1]s[]T%[1]s is a list of T, %[1]smap[string]T%[1]s a map. A field with an asterisk is required where its object is given.
Numbers that may have a fraction are strings, so that no float rounds them.

| Kind | Short | Scope |
| --- | --- | --- |
`

func apiPage(definitions []*apiextensionsv1.CustomResourceDefinition) string {
	var b strings.Builder
	fmt.Fprintf(&b, apiHead, "`")
	for _, d := range definitions {
		names := d.Spec.Names
		fmt.Fprintf(&b, "| [%s](#%s) | %s | %s |\n", names.Kind, strings.ToLower(names.Kind), strings.Join(names.ShortNames, ", "), scope(d))
	}
	for _, d := range definitions {
		for i := range d.Spec.Versions {
			schema := d.Spec.Versions[i].Schema.OpenAPIV3Schema
			fmt.Fprintf(&b, "\n## %s\n\n%s\n", d.Spec.Names.Kind, paragraph(schema.Description))
			for _, part := range []string{"spec", "status"} {
				if s, ok := schema.Properties[part]; ok {
					writePart(&b, d.Spec.Names.Kind, part, &s)
				}
			}
		}
	}
	return b.String()
}

func scope(d *apiextensionsv1.CustomResourceDefinition) string {
	if d.Spec.Scope == apiextensionsv1.ClusterScoped {
		return "cluster"
	}
	return "namespace"
}

// writePart writes the table of spec or status, and the rules that go over several fields.
func writePart(b *strings.Builder, kind, part string, s *apiextensionsv1.JSONSchemaProps) {
	var rows, rules []string
	walk(part, s, false, func(path string, field *apiextensionsv1.JSONSchemaProps, required bool) {
		mark := ""
		if required {
			mark = " *"
		}
		if path != part && !strings.HasSuffix(path, "[]") {
			rows = append(rows, fmt.Sprintf("| `%s`%s | %s | %s | %s |", path, mark, typeOf(field), bounds(field), cell(field.Description)))
		}
		for _, rule := range field.XValidations {
			if rule.Message != "" {
				rules = append(rules, fmt.Sprintf("- `%s`: %s", path, paragraph(rule.Message)))
			}
		}
	})
	fmt.Fprintf(b, "\n### %s of %s\n", part, kind)
	fmt.Fprintf(b, "\n| Field | Type | Default and bounds | |\n| --- | --- | --- | --- |\n%s\n", strings.Join(rows, "\n"))
	if len(rules) > 0 {
		fmt.Fprintf(b, "\nThe API server refuses, with these messages:\n\n%s\n", strings.Join(rules, "\n"))
	}
}

// walk calls visit for a field, what a list has, and each field below it, in the order of their names.
func walk(path string, s *apiextensionsv1.JSONSchemaProps, required bool, visit func(string, *apiextensionsv1.JSONSchemaProps, bool)) {
	visit(path, s, required)
	if strings.HasSuffix(path, ".conditions") {
		return // They are those of Kubernetes, and have a table by their types.
	}
	if s.Items != nil && s.Items.Schema != nil {
		walk(path+"[]", s.Items.Schema, false, visit)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		field := s.Properties[name]
		walk(path+"."+name, &field, slices.Contains(s.Required, name), visit)
	}
}

func typeOf(s *apiextensionsv1.JSONSchemaProps) string {
	switch {
	case s.Items != nil && s.Items.Schema != nil:
		return "[]" + typeOf(s.Items.Schema)
	case s.AdditionalProperties != nil && s.AdditionalProperties.Schema != nil:
		return "map[string]" + typeOf(s.AdditionalProperties.Schema)
	case s.XIntOrString:
		return "integer or string"
	case s.Format == "date-time":
		return "time"
	case len(s.Enum) > 0:
		return "word"
	}
	return s.Type
}

// bounds says the default and what is allowed.
func bounds(s *apiextensionsv1.JSONSchemaProps) string {
	var all []string
	if s.Default != nil {
		all = append(all, "default `"+string(s.Default.Raw)+"`")
	}
	if len(s.Enum) > 0 {
		all = append(all, words(s.Enum))
	}
	all = append(all, numbers(s.Minimum, s.Maximum)...)
	all = append(all, lengths("characters", s.MinLength, s.MaxLength)...)
	all = append(all, lengths("items", s.MinItems, s.MaxItems)...)
	all = append(all, lengths("entries", s.MinProperties, s.MaxProperties)...)
	if s.Pattern != "" {
		all = append(all, "pattern `"+strings.ReplaceAll(s.Pattern, "|", `\|`)+"`")
	}
	if items := s.Items; items != nil && items.Schema != nil && len(items.Schema.Properties) == 0 {
		if each := bounds(items.Schema); each != "" {
			all = append(all, "each: "+each)
		}
	}
	return strings.Join(all, "; ")
}

func words(values []apiextensionsv1.JSON) string {
	var all []string
	for _, v := range values {
		all = append(all, "`"+strings.Trim(string(v.Raw), `"`)+"`")
	}
	return strings.Join(all, ", ")
}

func numbers(low, high *float64) []string {
	switch {
	case low != nil && high != nil:
		return []string{fmt.Sprintf("%.0f to %.0f", *low, *high)}
	case low != nil:
		return []string{fmt.Sprintf("at least %.0f", *low)}
	case high != nil:
		return []string{fmt.Sprintf("at most %.0f", *high)}
	}
	return nil
}

func lengths(what string, low, high *int64) []string {
	switch {
	case low != nil && *low > 0 && high != nil && *low == *high:
		return []string{fmt.Sprintf("%d %s", *low, what)}
	case low != nil && *low > 0 && high != nil:
		return []string{fmt.Sprintf("%d to %d %s", *low, *high, what)}
	case low != nil && *low > 0:
		return []string{fmt.Sprintf("at least %d %s", *low, what)}
	case high != nil:
		return []string{fmt.Sprintf("at most %d %s", *high, what)}
	}
	return nil
}

// paragraph is a text on one line, with what Markdown would take for a tag or a link shown as it is.
func paragraph(text string) string {
	return strings.NewReplacer("<", "&lt;", ">", "&gt;", "[", `\[`, "*", `\*`).Replace(strings.Join(strings.Fields(text), " "))
}

// cell is a paragraph in a table.
func cell(text string) string { return strings.ReplaceAll(paragraph(text), "|", `\|`) }
