// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package runs

import (
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
)

// The templates of the suite that most tests run.
const (
	jobTemplate = `
metadata:
  labels: {kueue.x-k8s.io/queue-name: evaluations}
  annotations: {example.org/cost-centre: safety}
spec:
  suspend: true
  template:
    metadata:
      labels: {team: safety}
    spec:
      securityContext: {runAsUser: 1000, fsGroup: 1000}
      initContainers:
      - name: dataset
        image: registry.example/datasets/bio@sha256:1111111111111111111111111111111111111111111111111111111111111111
        volumeMounts: [{name: data, mountPath: /data}]
      - name: grader
        image: registry.example/grader:2
        restartPolicy: Always
      containers:
      - name: inspect
        image: registry.example/inspect:0.3
        command: [inspect, eval, bio.py]
        args: [--log-dir, $(SCALEGATE_RESULTS), --model, openai/$(SCALEGATE_MODEL_NAME)]
        env:
        - {name: OPENAI_BASE_URL, value: $(SCALEGATE_MODEL_URL)/v1}
        volumeMounts: [{name: data, mountPath: /data}]
        resources: {limits: {memory: 4Gi}}
      volumes:
      - {name: data, emptyDir: {}}
      - name: tokenizer
        image: {reference: $(SCALEGATE_ARTIFACT_TOKENIZER_PINNED)}
`
	serverTemplate = `
metadata:
  labels: {team: serving}
spec:
  containers:
  - name: server
    image: $(SCALEGATE_ARTIFACT_SERVER_PINNED)
    args: [--port, "8000"]
    resources: {limits: {nvidia.com/gpu: "1"}}
`
)

func raw(t *testing.T, text string) runtime.RawExtension {
	t.Helper()
	out, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return runtime.RawExtension{Raw: out}
}

// suite has both templates.
func suite(t *testing.T) *v1alpha1.EvaluationSuite {
	t.Helper()
	s := &v1alpha1.EvaluationSuite{}
	s.Name = "bio"
	s.Spec = v1alpha1.EvaluationSuiteSpec{
		Protocol:    v1alpha1.EvaluationProtocol{Title: "Bio uplift", Version: "3"},
		JobTemplate: raw(t, jobTemplate),
		Result:      v1alpha1.SuiteResult{Path: "*.eval"},
		Server:      &v1alpha1.SuiteServer{PodTemplate: raw(t, serverTemplate), Port: 8000},
	}
	return s
}

// input is that of a run of the suite against the release "m1".
func input(t *testing.T) Input {
	t.Helper()
	e := fixture.Evaluation("m1-bio", "bio-uplift", "")
	e.Spec.Report, e.Status = nil, v1alpha1.SafetyEvaluationStatus{}
	e.Spec.Job = &v1alpha1.JobSource{Suite: "bio"}
	release := fixture.Release("m1")
	release.Spec.Model = v1alpha1.Model{Name: "m1", Version: "20260101"}
	release.Spec.Artifacts = []v1alpha1.Artifact{
		{Name: "weights", Type: v1alpha1.ArtifactWeights, Reference: "s3://models/m1", Digest: fixture.Digest("weights m1")},
		{Name: "server", Type: v1alpha1.ArtifactServer, Reference: "registry.example/vllm:0.9", Digest: fixture.Digest("server m1")},
		{Name: "tokenizer", Type: v1alpha1.ArtifactTokenizer, Reference: "oci://registry.example/tokenizers/m1", Digest: fixture.Digest("tokenizer m1")},
		{Name: "system-prompt", Type: v1alpha1.ArtifactConfiguration, Digest: fixture.Digest("prompt m1")},
	}
	return Input{
		Evaluation: &e, Release: release, Metric: "scorer/accuracy", Suite: suite(t), Exposure: "Evaluation",
		Collector: Collector{Image: "registry.example/scalegate:1"},
	}
}

func TestTheMetricComesBack(t *testing.T) {
	t.Parallel()
	for _, want := range []string{"scorer/accuracy", "a$b", "$$(X)", "task/metric,filter"} {
		in := input(t)
		in.Metric = want
		if got := Metric(rendered(t, in).Job); got != want {
			t.Errorf("the Job looks for %q, want %q", got, want)
		}
	}
	if got := Metric(nil); got != "" {
		t.Errorf("no Job looks for %q", got)
	}
}
