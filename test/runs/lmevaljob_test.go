// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package runs

import (
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// harnessResults are what lm-evaluation-harness wrote of one task.
const harnessResults = `{"results": {"attack": {"alias": "attack", "rate,none": 0.125, "rate_stderr,none": 0.01}},
"configs": {"attack": {"task": "attack"}}, "versions": {"attack": 1}, "n-shot": {"attack": 0},
"n-samples": {"attack": {"original": 100, "effective": 100}}, "config": {"model": "hf", "model_args": "pretrained=example/m1"},
"date": 1767225600.0, "lm_eval_version": "0.4.9", "total_evaluation_time_seconds": "60"}`

// An LMEvalJob is measured when it is complete, also where its kind is installed while the manager runs.
func TestAnLMEvalJobIsMeasuredOnceItIsComplete(t *testing.T) {
	t.Parallel()
	s := begin(t)
	policy := &v1alpha1.SafetyPolicy{}
	s.must(s.Get(t.Context(), client.ObjectKey{Name: s.name}, policy))
	before := policy.DeepCopy()
	policy.Spec.Requirements[0].Evaluation.Metric = "attack/rate,none"
	policy.Spec.Requirements[0].Evaluation.MaxUnjudgedPercent = new(int32(100))
	s.must(s.Patch(t.Context(), policy, client.MergeFrom(before)))
	s.evaluate(func(e *v1alpha1.SafetyEvaluation) {
		e.Spec.Job, e.Spec.Report = nil, &v1alpha1.Report{LMEvalJob: &v1alpha1.LMEvalJobReference{Name: "j1"}}
	})
	s.becomes(v1alpha1.ReasonLMEvalJobNotFound, "install TrustyAI")

	s.must(s.Create(t.Context(), lmEvalJobKind()))
	if _, err := shared.Kubectl(t.Context(), shared.Admin(), "wait", "--for=condition=Established", "--timeout=60s", "crd/lmevaljobs.trustyai.opendatahub.io"); err != nil {
		t.Fatal(err)
	}
	job := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "trustyai.opendatahub.io/v1alpha1", "kind": "LMEvalJob",
		"metadata": map[string]any{"namespace": s.name, "name": "j1"},
		"spec":     map[string]any{"modelArgs": []any{map[string]any{"name": "pretrained", "value": "example/m1"}}},
		"status":   map[string]any{"state": "Running"},
	}}
	s.must(s.Create(t.Context(), job))
	s.becomes(v1alpha1.ReasonRunning, "read once its state is Complete")

	job.Object["status"] = map[string]any{"state": "Complete", "reason": "Succeeded", "results": harnessResults, "completeTime": "2026-01-01T01:00:00Z"}
	s.must(s.Update(t.Context(), job))
	e := s.becomes(v1alpha1.ReasonMeasured)
	if m := e.Status.Measurement; m.Value != "0.125" || m.RunID != string(job.GetUID()) || m.Format != "lmevaljob" {
		t.Errorf("measurement = %+v", m)
	}
}

// lmEvalJobKind is a CRD of LMEvalJobs that keeps whatever they hold.
func lmEvalJobKind() *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
		"metadata": map[string]any{"name": "lmevaljobs.trustyai.opendatahub.io"},
		"spec": map[string]any{
			"group": "trustyai.opendatahub.io", "scope": "Namespaced",
			"names": map[string]any{"kind": "LMEvalJob", "listKind": "LMEvalJobList", "plural": "lmevaljobs", "singular": "lmevaljob"},
			"versions": []any{map[string]any{
				"name": "v1alpha1", "served": true, "storage": true,
				"schema": map[string]any{"openAPIV3Schema": map[string]any{"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
			}},
		},
	}}
}
