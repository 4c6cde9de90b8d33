// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package runs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
)

// documented reads the example of a kind in docs/suites.md.
func documented(t *testing.T, kind string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "suites.md"))
	if err != nil {
		t.Fatal(err)
	}
	for block := range strings.SplitSeq(string(text), "```yaml\n") {
		example, _, _ := strings.Cut(block, "```")
		if !strings.Contains(example, "kind: "+kind+"\n") {
			continue
		}
		example = strings.ReplaceAll(example, "sha256:...", string(fixture.Digest("example")))
		if err := yaml.UnmarshalStrict([]byte(example), into); err != nil {
			t.Fatalf("the example of %s: %v", kind, err)
		}
		return
	}
	t.Fatalf("docs/suites.md has no example of %s", kind)
}

func TestTheDocumentedExampleCanBeRun(t *testing.T) {
	t.Parallel()
	in := Input{
		Evaluation: &v1alpha1.SafetyEvaluation{}, Release: &v1alpha1.ModelRelease{}, Suite: &v1alpha1.EvaluationSuite{},
		Metric: "attack_success/accuracy", Exposure: "Evaluation", Collector: Collector{Image: "registry.example/scalegate:1"},
	}
	documented(t, "SafetyEvaluation", in.Evaluation)
	documented(t, "ModelRelease", in.Release)
	documented(t, "EvaluationSuite", in.Suite)
	out := rendered(t, in)
	if got, want := out.Server.Spec.Template.Spec.Containers[0].Image, "registry.example/vllm@"+string(fixture.Digest("example")); got != want {
		t.Errorf("the server runs %s, want %s", got, want)
	}
}
