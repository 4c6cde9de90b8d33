// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scalegate/scalegate/internal/manifest"
)

const two = `# A comment.
apiVersion: v1
kind: Namespace
metadata:
  name: a
  labels: {scalegate.dev/gate: enforced}
--- # the second
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Pod
  metadata: {name: b}
  spec:
    containers:
    - name: server
      args: [one, two]
    - &guard
      name: guard
      args:
      - three
- {apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {n: "1"}}
---
`

func TestLines(t *testing.T) {
	objects, err := manifest.Read("f.yaml", []byte(two))
	if err != nil || len(objects) != 3 {
		t.Fatalf("%d objects: %v", len(objects), err)
	}
	for _, test := range []struct {
		object int
		path   string
		line   int
	}{
		{0, "", 2},
		{0, "metadata.labels[scalegate.dev/gate]", 6},
		{0, "metadata.annotations[x]", 4},
		{1, "", 11},
		{1, "spec.containers[0].args[1]", 17},
		{1, "spec.containers[guard].args[0]", 21},
		{1, "spec.containers[1].image", 18},
		{1, "spec.containers[7]", 15},
		{1, "spec.containers[", 15},
		{1, "nowhere.at.all", 11},
		{2, "data.n", 22},
	} {
		if got := objects[test.object].LineOf(test.path); got != test.line {
			t.Errorf("%s of object %d is on line %d, want %d", test.path, test.object, got, test.line)
		}
	}
	if kind := objects[2].GVK().Kind; kind != "ConfigMap" {
		t.Errorf("the third is a %s", kind)
	}
}

func TestWhatCannotBeRead(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		line int
		want string
	}{
		"a key that comes twice":                 {"a: 1\n---\nkind: Pod\napiVersion: v1\nkind: Pod\n", 5, `already`},
		"no YAML":                                {"kind: Pod\napiVersion: v1\nspec: [\n", 3, "it cannot be read"},
		"no object":                              {"---\n- 1\n", 2, "a document is an object"},
		"no kind":                                {"\n\nmetadata: {name: a}\n", 3, "no apiVersion and kind"},
		"a list of no objects":                   {"kind: List\napiVersion: v1\nitems:\n- 1\n", 4, "items[0] is no object"},
		"a document after the end of one":        {"kind: Pod\napiVersion: v1\n...\nkind: Job\napiVersion: batch/v1\n", 3, "another document follows"},
		"a document on the line that begins it":  {"kind: Pod\napiVersion: v1\n--- {kind: Job, apiVersion: batch/v1}\n", 3, "another document follows"},
		"a document after nothing":               {"---\n# nothing\n--- {kind: Job, apiVersion: batch/v1}\n--- {kind: Job, apiVersion: batch/v1}\n", 4, "another document follows"},
		"an object of JSON right behind another": {"{\"kind\": \"Pod\", \"apiVersion\": \"v1\"}\n{\"kind\": \"Job\", \"apiVersion\": \"batch/v1\"}\n", 1, "another document follows"},
		"lists in lists without end":             {strings.Repeat(`{"kind":"List","apiVersion":"v1","items":[`, 12) + strings.Repeat("]}", 12), 1, "lists stand in lists"},
		"too much":                               {strings.Repeat("#", manifest.MaxBytes+1), 0, "split it"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := manifest.Read("f.yaml", []byte(test.text))
			at, ok := errors.AsType[*manifest.LineError](err)
			if !ok || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("want %q, got %v", test.want, err)
			}
			var all []error
			if joined, is := err.(interface{ Unwrap() []error }); is {
				all = joined.Unwrap()
				at, _ = errors.AsType[*manifest.LineError](all[len(all)-1])
			}
			if at.Line != test.line || at.File != "f.yaml" {
				t.Errorf("line %d, want %d: %v", at.Line, test.line, err)
			}
		})
	}
}

func TestWhatCanBeReadIsReadAllTheSame(t *testing.T) {
	objects, err := manifest.Read("f.yaml", []byte("kind: Pod\napiVersion: v1\nmetadata: {name: a, generation: 3}\n---\na: [\n---\n{\"kind\": \"Pod\", \"apiVersion\": \"v1\"}\n"))
	if err == nil || len(objects) != 2 {
		t.Fatalf("%d objects: %v", len(objects), err)
	}
	want := map[string]any{"kind": "Pod", "apiVersion": "v1", "metadata": map[string]any{"name": "a", "generation": int64(3)}}
	if diff := cmp.Diff(want, objects[0].Content); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestItemsOfAListOfOneKindAreOfThatKind(t *testing.T) {
	const text = "kind: DeploymentList\napiVersion: apps/v1\nitems:\n- metadata: {name: a}\n- {kind: Job, apiVersion: batch/v1, metadata: {name: b}}\n...\n"
	objects, err := manifest.Read("f.yaml", []byte(text))
	if err != nil || len(objects) != 2 {
		t.Fatalf("%d objects: %v", len(objects), err)
	}
	got := []string{objects[0].GVK().String(), objects[1].GVK().String()}
	if diff := cmp.Diff([]string{"apps/v1, Kind=Deployment", "batch/v1, Kind=Job"}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
