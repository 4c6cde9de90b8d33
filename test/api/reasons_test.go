// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/scalegate/scalegate/test/installation"
)

// TestReasonsAreDocumented compares the constants of the API with the table for people, both ways.
func TestReasonsAreDocumented(t *testing.T) {
	reasons := constants(t, "Reason")
	if len(reasons) < 25 {
		t.Fatalf("only %d reasons were found in api/v1alpha1/conditions.go; is the parsing broken?", len(reasons))
	}
	documented := documentedReasons(t)
	for _, reason := range reasons {
		if !slices.ContainsFunc(documented, func(d documentedReason) bool { return d.reason == reason }) {
			t.Errorf("docs/reference/reasons.md has no line for %s", reason)
		}
	}
	conditions := constants(t, "Condition")
	for _, d := range documented {
		if !slices.Contains(reasons, d.reason) {
			t.Errorf("docs/reference/reasons.md has a line for %s, which is no reason of the API", d.reason)
		}
		for _, condition := range d.conditions {
			if !slices.Contains(conditions, condition) {
				t.Errorf("docs/reference/reasons.md speaks of the condition %s of %s, which is none of the API", condition, d.reason)
			}
		}
		if len(d.conditions) == 0 && d.where != "none" || d.meaning == "" || d.remedy == "" {
			t.Errorf("docs/reference/reasons.md does not say where %s stands, what it means and what to do", d.reason)
		}
	}
}

// constants are the values of the constants in conditions.go whose names begin with prefix.
func constants(t *testing.T, prefix string) []string {
	t.Helper()
	name := filepath.Join(installation.Root(), "api", "v1alpha1", "conditions.go")
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	for node := range ast.Preorder(file) {
		spec, ok := node.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(spec.Names[0].Name, prefix) {
			continue
		}
		literal, ok := spec.Values[0].(*ast.BasicLit)
		if !ok {
			t.Fatalf("%s is not a plain text", spec.Names[0].Name)
		}
		value, err := strconv.Unquote(literal.Value)
		if err != nil {
			t.Fatal(err)
		}
		values = append(values, value)
	}
	return values
}

// documentedReason is a line of the tables in docs/reference/reasons.md.
type documentedReason struct {
	reason, where, meaning, remedy string
	// conditions are the words of where that name one.
	conditions []string
}

func documentedReasons(t *testing.T) []documentedReason {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(installation.Root(), "docs", "reference", "reasons.md"))
	if err != nil {
		t.Fatal(err)
	}
	var found []documentedReason
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		reason := regexp.MustCompile("^`([A-Za-z0-9]+)`$").FindStringSubmatch(strings.TrimSpace(cells[0]))
		if reason == nil {
			continue
		}
		if len(cells) != 4 {
			t.Fatalf("docs/reference/reasons.md: want 4 cells in %q", line)
		}
		d := documentedReason{reason[1], strings.TrimSpace(cells[1]), strings.TrimSpace(cells[2]), strings.TrimSpace(cells[3]), nil}
		for _, word := range regexp.MustCompile(`\b[A-Z][A-Za-z]+\b`).FindAllString(d.where, -1) {
			if word != "True" && word != "False" && word != "Unknown" {
				d.conditions = append(d.conditions, word)
			}
		}
		found = append(found, d)
	}
	return found
}
