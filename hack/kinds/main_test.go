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

	"github.com/google/cel-go/cel"
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

func TestEveryCustomKindIsGuarded(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(filepath.Join(folder(), "guard-kinds.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var rules []string
	for _, match := range regexp.MustCompile(`apiGroups: \[(.*)\], apiVersions: \["\*"\], operations: \[CREATE, UPDATE\], resources: \[(.*)\]`).FindAllStringSubmatch(string(raw), -1) {
		for resource := range strings.SplitSeq(match[2], ", ") {
			rules = append(rules, resource+"."+match[1])
		}
	}
	var want []string
	for _, kind := range guarded(kinds.All()) {
		want = append(want, kind.GroupResource().String())
	}
	slices.Sort(want)
	slices.Sort(rules)
	if diff := cmp.Diff(want, rules); diff != "" {
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

// What a refusal says of a kind is chosen as everything else is.
func TestRemediesNameTheFieldOfTheClaim(t *testing.T) {
	t.Parallel()
	all := guarded(kinds.All())
	env, err := cel.NewEnv(cel.Variable("variables", cel.MapType(cel.StringType, cel.StringType)))
	if err != nil {
		t.Fatal(err)
	}
	tree, issues := env.Compile(newGuard(all).Places)
	if issues.Err() != nil {
		t.Fatal(issues.Err())
	}
	program, err := env.Program(tree)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, kind := range all {
		place, _, err := program.Eval(map[string]any{"variables": map[string]string{"kind": kind.GroupResource().String()}})
		if err != nil {
			t.Fatal(err)
		}
		got[kind.Kind], _ = place.Value().(string)
	}
	want := map[string]string{
		"LeaderWorkerSet":     "spec.leaderWorkerTemplate.leaderTemplate.metadata.labels",
		"JobSet":              "spec.replicatedJobs[].template.spec.template.metadata.labels",
		"Rollout":             "spec.template.metadata.labels",
		"Service":             "spec.template.metadata.labels",
		"Configuration":       "spec.template.metadata.labels",
		"InferenceService":    "spec.predictor.labels",
		"LLMInferenceService": "spec.labels",
		"RayService":          "spec.rayClusterConfig.headGroupSpec.template.metadata.labels",
		"RayCluster":          "spec.headGroupSpec.template.metadata.labels",
		"RayJob":              "spec.rayClusterSpec.headGroupSpec.template.metadata.labels",
		"RayClusterFleet":     "spec.template.spec.headGroupSpec.template.metadata.labels",
		"NIMService":          "spec.labels",
		"VLLMRuntime":         "metadata.labels",
		"Model":               "metadata.labels",
		"StormService":        "spec.template.spec.roles[].template.metadata.labels",
		"RoleSet":             "spec.roles[].template.metadata.labels",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the fields (-want +got):\n%s", diff)
	}
}

func TestWhatDiffersIsChosenByTheKind(t *testing.T) {
	t.Parallel()
	all := []kinds.Kind{
		{Group: "a.example", Resource: "ones"}, {Group: "b.example", Resource: "twos"}, {Group: "a.example", Resource: "threes"},
		{Group: "b.example", Resource: "fours"},
	}
	got := choose(all, "[]", func(k kinds.Kind) string {
		return map[string]string{"ones": "[1]", "twos": "[2]", "threes": "[1]"}[k.Resource]
	})
	want := "variables.kind in ['ones.a.example', 'threes.a.example'] ?\n  [1] :\nvariables.kind == 'twos.b.example' ?\n  [2] :\n[]"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the choice (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]rule{{"a.example", []string{"ones", "threes"}}, {"b.example", []string{"twos", "fours"}}}, rules(all)); diff != "" {
		t.Errorf("the rules (-want +got):\n%s", diff)
	}
	if got := list(all, func(kinds.Kind) bool { return false }); got != "[]" {
		t.Errorf("no kind is %s", got)
	}
}
