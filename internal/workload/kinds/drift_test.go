// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/scalegate/scalegate/internal/workload/kinds"
)

func drift(t *testing.T, group, kind string) kinds.Drift {
	t.Helper()
	all := kinds.Drifts()
	i := slices.IndexFunc(all, func(d kinds.Drift) bool { return d.Group == group && d.Kind == kind })
	if i < 0 {
		t.Fatalf("no drift %s/%s", group, kind)
	}
	return all[i]
}

func TestADriftNamesItsPodsAndItsModel(t *testing.T) {
	t.Parallel()
	for sentence, c := range map[string]struct {
		group, kind, object string
		shown               []string
		selects             labels.Set
		pool                string
		releases            []string
	}{
		"an adapter of AIBrix": {
			"model.aibrix.ai", "ModelAdapter", `{spec: {artifactURL: "hf://example/a", podSelector: {matchLabels: {model.aibrix.ai/name: m}}}}`,
			[]string{"hf://example/a"}, labels.Set{"model.aibrix.ai/name": "m"}, "", nil,
		},
		"an adapter of the production stack": {
			"production-stack.vllm.ai", "LoraAdapter", `{spec: {baseModel: m, adapterSource: {type: local}}}`,
			[]string{`{"type":"local"}`}, labels.Set{"model": "m"}, "", nil,
		},
		"a trained model": {
			"serving.kserve.io", "TrainedModel", `{spec: {inferenceService: i, model: {storageUri: "gs://example/m"}}}`,
			[]string{"gs://example/m"}, labels.Set{"serving.kserve.io/inferenceservice": "i"}, "", nil,
		},
		"a rewrite of names": {
			"llm-d.ai", "InferenceModelRewrite", `{spec: {poolRef: {name: p}, rules: [{targets: [{modelRewrite: m}]}]}}`,
			[]string{`[{"targets":[{"modelRewrite":"m"}]}]`}, nil, "p", nil,
		},
		"adapters of a Model": {
			"kubeai.org", "Model", `{metadata: {name: m, labels: {scalegate.dev/release: r}}, spec: {adapters: [{name: a, url: u}]}}`,
			[]string{`[{"name":"a","url":"u"}]`}, labels.Set{"model": "m"}, "", []string{"r"},
		},
		"no adapters of a Model": {
			"kubeai.org", "Model", `{metadata: {name: m}, spec: {adapters: []}}`, nil, labels.Set{"model": "m"}, "", nil,
		},
		"a text of Ray Serve": {
			"ray.io", "RayService", `{spec: {serveConfigV2: text, rayClusterConfig: {headGroupSpec: {template: {metadata: {labels: {scalegate.dev/release: r}}}}}}}`,
			[]string{"serveConfigV2@sha256:982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1"}, nil, "", []string{"r"},
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			d, object := drift(t, c.group, c.kind), parse(t, c.object)
			if diff := cmp.Diff(c.shown, d.Shown(object)); diff != "" {
				t.Errorf("what it shows (-want +got):\n%s", diff)
			}
			got, err := d.Targets(object)
			if err != nil {
				t.Fatal(err)
			}
			if got.Selector.Matches(labels.Set{"other": "x"}) || got.Selector.Matches(c.selects) != (c.selects != nil) {
				t.Errorf("the selector is %q, want one of %v", got.Selector, c.selects)
			}
			if got.Pool != c.pool {
				t.Errorf("the pool is %q, want %q", got.Pool, c.pool)
			}
			if diff := cmp.Diff(c.releases, got.Releases); diff != "" {
				t.Errorf("the releases (-want +got):\n%s", diff)
			}
		})
	}
}

func TestADriftReportsASelectorThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for _, selector := range []string{`text`, `{matchExpressions: [{key: a, operator: Sometimes}]}`} {
		_, err := drift(t, "model.aibrix.ai", "ModelClaim").Targets(parse(t, `{spec: {podSelector: `+selector+`}}`))
		if err == nil || !strings.Contains(err.Error(), "reading spec.podSelector of a ModelClaim") {
			t.Errorf("%s: %v", selector, err)
		}
	}
}
