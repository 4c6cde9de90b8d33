// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scalegate/scalegate/internal/workload/kinds"
)

func folder() string { return filepath.Join("..", "..", "config", "admission") }

func TestThePoliciesAreThoseOfTheTable(t *testing.T) {
	t.Parallel()
	parameters, err := readParameters(filepath.Join(folder(), "parameters.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	files, err := render(kinds.All(), parameters)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(folder(), name))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s is out of date, run make generate (-want +got):\n%s", name, diff)
		}
	}
}

func TestEveryCustomKindHasItsPolicy(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(filepath.Join(folder(), "guard-kinds.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var guarded []string
	for _, match := range regexp.MustCompile(`apiGroups: \[(.*)\], apiVersions: \["\*"\], operations: \[CREATE, UPDATE\], resources: \[(.*)\]`).FindAllStringSubmatch(string(raw), -1) {
		guarded = append(guarded, match[2]+"."+match[1])
	}
	var want []string
	for _, kind := range kinds.All() {
		if kind.Custom() && kind.Claimable() {
			want = append(want, kind.GroupResource().String())
		}
	}
	if diff := cmp.Diff(want, guarded); diff != "" {
		t.Errorf("the guarded resources (-table +policies):\n%s", diff)
	}
}

func TestParametersThatAreMissingAreNamed(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]string{
		"data: {controller: x}":    "data.accelerators is empty",
		"data: {accelerators: x}":  "data.controller is empty",
		"data: {accelerators: [x]": "reading",
	} {
		file := filepath.Join(t.TempDir(), "parameters.yaml")
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readParameters(file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", content, err, want)
		}
	}
	if err := run(t.TempDir()); err == nil {
		t.Error("a folder without parameters is taken")
	}
}

func TestPathsBecomeExpressions(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"spec.template":                  "[?object.?spec.?template]",
		"spec.groups[].template":         "object.?spec.?groups.orValue([]).map(n, n.?template.orValue({}))",
		"spec.jobs[].template.spec.more": "object.?spec.?jobs.orValue([]).map(n, n.?template.?spec.?more.orValue({}))",
		"spec.list[]":                    "object.?spec.?list.orValue([])",
	} {
		if got := nodes(path, "object"); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
	labels := kinds.Template{Labels: []string{"metadata.labels", ".labels"}}
	if got, want := label(labels, "oldObject", release), "t.?labels[?'scalegate.dev/release'].or(oldObject.?metadata.?labels[?'scalegate.dev/release'])"; got != want {
		t.Errorf("the label is %s, want %s", got, want)
	}
}

func TestRemediesNameTheFieldOfTheClaim(t *testing.T) {
	t.Parallel()
	var remedies []string
	for _, kind := range kinds.All() {
		if kind.Custom() && kind.Claimable() {
			remedies = append(remedies, newGuard(kind).Remedy())
		}
	}
	for _, want := range []string{"spec.predictor.labels", "spec.labels", "metadata.labels", "spec.headGroupSpec.template.metadata.labels"} {
		if !slices.ContainsFunc(remedies, func(r string) bool { return strings.Contains(r, " in "+want+" to") }) {
			t.Errorf("no remedy names %s:\n%s", want, strings.Join(remedies, "\n"))
		}
	}
}
