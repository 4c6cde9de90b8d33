// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/scalegate/scalegate/internal/workload/kinds"
)

func parse(t *testing.T, text string) map[string]any {
	t.Helper()
	var object map[string]any
	if err := yaml.Unmarshal([]byte(text), &object); err != nil {
		t.Fatal(err)
	}
	return object
}

func row(t *testing.T, group, kind string) kinds.Kind {
	t.Helper()
	k, ok := kinds.For(schema.GroupKind{Group: group, Kind: kind})
	if !ok {
		t.Fatalf("no row for %s/%s", group, kind)
	}
	return k
}

func TestTheTableIsWhole(t *testing.T) {
	t.Parallel()
	resources := map[string]bool{}
	for _, k := range kinds.All() {
		key := k.GroupResource().String()
		if resources[key] {
			t.Errorf("%s is there twice", key)
		}
		resources[key] = true
		if len(k.Versions) == 0 || k.Kind == "" || k.Resource == "" || len(k.Templates) == 0 {
			t.Errorf("%s lacks a version, a name or a template", key)
		}
		if got := k.GVKs(); len(got) != len(k.Versions) || got[0] != k.GroupKind().WithVersion(k.Versions[0]) {
			t.Errorf("the versions of %s are %v", key, got)
		}
		if (k.Hold == kinds.HoldNone) != (k.HoldPath == "") {
			t.Errorf("%s has hold %q at %q", key, k.Hold, k.HoldPath)
		}
		if k.RefuseCreate && k.Hold != kinds.HoldNone {
			t.Errorf("%s is both held and refused", key)
		}
		if custom := strings.Contains(k.Group, "."); custom != k.Custom() {
			t.Errorf("%s: Custom is %v", key, k.Custom())
		}
	}
	if _, ok := kinds.For(schema.GroupKind{Group: "example.com", Kind: "Deployment"}); ok {
		t.Error("a kind of another group is taken for one of the table's")
	}
}

func TestTheTableIsNobodysToChange(t *testing.T) {
	t.Parallel()
	kinds.All()[0].Templates[0].Path = "changed"
	kinds.Drifts()[0].Shows[0] = "changed"
	if path := kinds.All()[0].Templates[0].Path; path == "changed" {
		t.Error("All returns what it returned before")
	}
	if path := kinds.Drifts()[0].Shows[0]; path == "changed" {
		t.Error("Drifts returns what it returned before")
	}
}

func TestClaimsAreReadWhereTheyReachThePods(t *testing.T) {
	t.Parallel()
	for sentence, c := range map[string]struct {
		group, kind, object string
		want                []string
	}{
		"a pod template":                    {"apps", "Deployment", `{spec: {template: {metadata: {labels: {scalegate.dev/release: a}}}}}`, []string{"a"}},
		"the labels of a Deployment":        {"apps", "Deployment", `{metadata: {labels: {scalegate.dev/release: a}}, spec: {template: {}}}`, nil},
		"a Pod":                             {"", "Pod", `{metadata: {labels: {scalegate.dev/release: a}}}`, []string{"a"}},
		"each template, sorted and once":    {"ray.io", "RayCluster", `{spec: {headGroupSpec: {template: {metadata: {labels: {scalegate.dev/release: b}}}}, workerGroupSpecs: [{template: {metadata: {labels: {scalegate.dev/release: a}}}}, {template: {metadata: {labels: {scalegate.dev/release: b}}}}]}}`, []string{"a", "b"}},
		"an InferenceService's own":         {"serving.kserve.io", "InferenceService", `{metadata: {labels: {scalegate.dev/release: a}}, spec: {predictor: {}}}`, []string{"a"}},
		"a component's over its own":        {"serving.kserve.io", "InferenceService", `{metadata: {labels: {scalegate.dev/release: a}}, spec: {predictor: {labels: {scalegate.dev/release: b}}}}`, []string{"b"}},
		"a canary's":                        {"serving.kserve.io", "InferenceService", `{spec: {predictor: {}, canary: [{predictor: {labels: {scalegate.dev/release: c}}}]}}`, []string{"c"}},
		"a canary that has none of its own": {"serving.kserve.io", "InferenceService", `{spec: {predictor: {labels: {scalegate.dev/release: a}}, canary: [{predictor: {}}]}}`, []string{"a"}},
		"the two of an LLM":                 {"serving.kserve.io", "LLMInferenceService", `{spec: {labels: {scalegate.dev/release: a}, prefill: {labels: {scalegate.dev/release: b}}}}`, []string{"a", "b"}},
		"a NIM's":                           {"apps.nvidia.com", "NIMService", `{metadata: {labels: {scalegate.dev/release: b}}, spec: {labels: {scalegate.dev/release: a}}}`, []string{"a"}},
		"a runtime's own":                   {"production-stack.vllm.ai", "VLLMRuntime", `{metadata: {labels: {scalegate.dev/release: a}}, spec: {}}`, []string{"a"}},
		"a Model of KubeAI":                 {"kubeai.org", "Model", `{metadata: {labels: {scalegate.dev/release: a}}, spec: {}}`, []string{"a"}},
		"a Model of Ollama has none":        {"ollama.ayaka.io", "Model", `{metadata: {labels: {scalegate.dev/release: a}}, spec: {podTemplate: {metadata: {labels: {scalegate.dev/release: a}}}}}`, nil},
		"an empty claim":                    {"apps", "Deployment", `{spec: {template: {metadata: {labels: {scalegate.dev/release: ""}}}}}`, nil},
		"labels of another shape":           {"apps", "Deployment", `{spec: {template: {metadata: {labels: [a]}}}}`, nil},
		"an object of another shape":        {"apps", "Deployment", `{spec: {template: text}}`, nil},
		"nothing":                           {"apps", "Deployment", `{}`, nil},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, row(t, c.group, c.kind).Claims(parse(t, c.object))); diff != "" {
				t.Errorf("the claims (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReplicasAreTheSumOfWhatIsThere(t *testing.T) {
	t.Parallel()
	for sentence, c := range map[string]struct {
		group, kind, object string
		want                int64
	}{
		"one by default":       {"apps", "Deployment", `{spec: {}}`, 1},
		"as written":           {"apps", "Deployment", `{spec: {replicas: 3}}`, 3},
		"zero":                 {"apps", "Deployment", `{spec: {replicas: 0}}`, 0},
		"all groups":           {"ray.io", "RayCluster", `{spec: {workerGroupSpecs: [{replicas: 2}, {}, {replicas: 3}]}}`, 5},
		"below zero":           {"apps", "Deployment", `{spec: {replicas: -3}}`, 0},
		"text":                 {"apps", "Deployment", `{spec: {replicas: "3"}}`, 1},
		"half a pod":           {"apps", "Deployment", `{spec: {replicas: 1.5}}`, 1},
		"more than there are":  {"ray.io", "RayCluster", `{spec: {workerGroupSpecs: [{replicas: 9223372036854775807}, {replicas: 9223372036854775807}]}}`, 2147483647},
		"predictor and canary": {"serving.kserve.io", "InferenceService", `{spec: {predictor: {minReplicas: 2}, canary: [{predictor: {minReplicas: 1}}]}}`, 3},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			if got := row(t, c.group, c.kind).ReplicasOf(parse(t, c.object)); got != c.want {
				t.Errorf("it asks for %d, want %d", got, c.want)
			}
		})
	}
}

func TestTemplatesOfReportsWhatItCannotRead(t *testing.T) {
	t.Parallel()
	for object, want := range map[string]string{
		`{spec: {template: text}}`:                       "reading spec.template of a Deployment: it is not an object",
		`{spec: {template: {metadata: text}}}`:           "metadata is not an object",
		`{spec: {template: {metadata: {labels: text}}}}`: "labels are not an object",
	} {
		if _, err := row(t, "apps", "Deployment").TemplatesOf(parse(t, object)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", object, err, want)
		}
	}
}

func TestTemplatesDoNotShareTheirLabels(t *testing.T) {
	t.Parallel()
	object := parse(t, `{spec: {template: {metadata: {labels: {a: b}}, spec: {containers: []}}}}`)
	templates, err := row(t, "apps", "Deployment").TemplatesOf(object)
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range kinds.Values(templates[0], "metadata.labels") {
		if labels, ok := value.(map[string]any); ok {
			labels["a"] = "changed"
		}
	}
	if got := kinds.Values(object, "spec.template.metadata.labels.a"); got[0] != "b" {
		t.Errorf("changing a template changed the object: %v", got)
	}
}

func TestUnitsAreNamedByTheLabelsOfAPod(t *testing.T) {
	t.Parallel()
	group := map[string]string{"leaderworkerset.sigs.k8s.io/name": "llm", "leaderworkerset.sigs.k8s.io/group-index": "1", "other": "x"}
	if unit, ok := row(t, "leaderworkerset.x-k8s.io", "LeaderWorkerSet").UnitOf(group); !ok ||
		unit != "leaderworkerset.sigs.k8s.io/name=llm,leaderworkerset.sigs.k8s.io/group-index=1" {
		t.Errorf("the unit is %q, %v", unit, ok)
	}
	delete(group, "leaderworkerset.sigs.k8s.io/group-index")
	if unit, ok := row(t, "leaderworkerset.x-k8s.io", "LeaderWorkerSet").UnitOf(group); ok {
		t.Errorf("a pod without all labels is in unit %q", unit)
	}
	if unit, ok := row(t, "apps", "Deployment").UnitOf(group); ok {
		t.Errorf("a pod of a Deployment is in unit %q", unit)
	}
}

func TestValuesFollowLists(t *testing.T) {
	t.Parallel()
	object := parse(t, `{a: {list: [{x: 1}, {}, {x: 2}], text: t, none: null}}`)
	for path, want := range map[string][]any{
		"":            {object},
		"a.list[].x":  {1.0, 2.0},
		"a.text":      {"t"},
		"a.text.more": nil,
		"a.text[]":    nil,
		"a.none":      {nil},
		"a.none.more": nil,
		"a.list.x":    nil,
		"a.missing[]": nil,
	} {
		if diff := cmp.Diff(want, kinds.Values(object, path)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
}
