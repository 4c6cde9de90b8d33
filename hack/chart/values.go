// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// controller is the parameter that no value gives: it follows from the namespace and the service account.
const controller = "controller"

// replaceSection writes content between two lines of a file, which must both be there once.
func replaceSection(path, begin, end, content string) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("writing a section: %w", err)
	}
	before, rest, found := strings.Cut(string(raw), begin)
	_, after, ended := strings.Cut(rest, end)
	if !found || !ended || strings.Contains(rest, begin) || strings.Contains(after, end) {
		return fmt.Errorf("writing a section of %s: want the line %q once, and later the line %q once", path, strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	if err := os.WriteFile(path, []byte(before+begin+content+end+after), 0o644); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

// parameterValues are the parameters of the admission policies as values of the chart, each with its comment.
func parameterValues(path string) (string, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("reading the parameters: %w", err)
	}
	var cm corev1.ConfigMap
	if err := yaml.UnmarshalStrict(raw, &cm); err != nil {
		return "", fmt.Errorf("reading %s: %w", path, err)
	}
	var out strings.Builder
	out.WriteString("  parameters:\n")
	comment := ""
	_, data, _ := strings.Cut(string(raw), "\ndata:\n")
	for line := range strings.Lines(data) {
		line = strings.TrimSpace(line)
		if text, ok := strings.CutPrefix(line, "# "); ok {
			comment = strings.TrimSpace(comment + " " + text)
			continue
		}
		name, _, _ := strings.Cut(line, ":")
		if name != controller {
			items, err := literals(cm.Data[name])
			if err != nil {
				return "", fmt.Errorf("reading %s: data.%s: %w", path, name, err)
			}
			fmt.Fprintf(&out, "    # -- %s\n    %s:\n", comment, name)
			for _, item := range items {
				fmt.Fprintf(&out, "    - %s\n", item)
			}
		}
		comment = ""
	}
	return out.String(), nil
}

// literals are the strings in a CEL literal that is a list of strings.
func literals(text string) ([]string, error) {
	inner, isList := strings.CutPrefix(strings.TrimSpace(text), "[")
	inner, ends := strings.CutSuffix(inner, "]")
	if !isList || !ends {
		return nil, errors.New("want a list of strings in single quotes")
	}
	var items []string
	for item := range strings.SplitSeq(inner, ",") {
		item, quoted := strings.CutPrefix(strings.TrimSpace(item), "'")
		item, closed := strings.CutSuffix(item, "'")
		if !quoted || !closed || strings.ContainsAny(item, `'"\`) {
			return nil, fmt.Errorf("%q is no string in single quotes", item)
		}
		items = append(items, item)
	}
	return items, nil
}

// value is one row of the table.
type value struct{ path, text, standard string }

// valuesTable is the table of every value that has a comment which begins with two dashes. Every value must have one, or
// stand below one that has.
func valuesTable(raw []byte) (string, error) {
	var defaults map[string]any
	if err := yaml.UnmarshalStrict(raw, &defaults); err != nil {
		return "", err
	}
	rows, err := documented(string(raw), defaults)
	if err != nil {
		return "", err
	}
	if missing := undocumented(defaults, "", rows); len(missing) > 0 {
		return "", fmt.Errorf("these values have no comment that begins with # --: %s", strings.Join(missing, ", "))
	}
	var out strings.Builder
	out.WriteString("| Value | Default | What it is |\n| --- | --- | --- |\n")
	for _, row := range rows {
		fmt.Fprintf(&out, "| `%s` | `%s` | %s |\n", row.path, row.standard, strings.ReplaceAll(row.text, "|", `\|`))
	}
	return out.String(), nil
}

// documented reads the comments of a file whose maps are in block style wherever their entries have comments.
func documented(text string, defaults map[string]any) ([]value, error) {
	key := regexp.MustCompile(`^( *)([A-Za-z]+):`)
	var rows []value
	var parents []string
	comment := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		trimmed := strings.TrimSpace(line)
		switch first, isFirst := strings.CutPrefix(trimmed, "# -- "); {
		case isFirst:
			comment = first
			continue
		case strings.HasPrefix(trimmed, "# ") && comment != "":
			comment += " " + strings.TrimPrefix(trimmed, "# ")
			continue
		}
		found := key.FindStringSubmatch(line)
		if found == nil {
			continue
		}
		depth := len(found[1]) / 2
		if depth > len(parents) {
			continue // inside of a value
		}
		parents = append(parents[:depth], found[2])
		if comment == "" {
			continue
		}
		standard, err := at(defaults, parents)
		if err != nil {
			return nil, err
		}
		rows = append(rows, value{path: strings.Join(parents, "."), text: comment, standard: standard})
		comment = ""
	}
	return rows, nil
}

// at is the JSON of what stands at a path.
func at(defaults map[string]any, path []string) (string, error) {
	var here any = defaults
	for _, key := range path {
		inside, ok := here.(map[string]any)
		if !ok {
			return "", fmt.Errorf("%s: nothing stands there", strings.Join(path, "."))
		}
		here = inside[key]
	}
	text, err := json.Marshal(here)
	return string(text), err
}

// undocumented are the paths of values that no row is about, sorted.
func undocumented(values map[string]any, under string, rows []value) []string {
	var missing []string
	for key, inner := range values {
		path := under + key
		if slices.ContainsFunc(rows, func(v value) bool { return v.path == path }) {
			continue
		}
		if inside, ok := inner.(map[string]any); ok && len(inside) > 0 {
			missing = append(missing, undocumented(inside, path+".", rows)...)
			continue
		}
		missing = append(missing, path)
	}
	slices.Sort(missing)
	return missing
}
