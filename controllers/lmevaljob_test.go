// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"errors"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
)

// harnessResults are what lm-evaluation-harness wrote of one task.
const harnessResults = `{"results": {"attack": {"alias": "attack", "rate,none": 0.125, "rate_stderr,none": 0.01}},
"group_subtasks": {"attack": []}, "configs": {"attack": {"task": "attack"}}, "versions": {"attack": 1},
"n-shot": {"attack": 0}, "n-samples": {"attack": {"original": 100, "effective": 100}},
"config": {"model": "hf", "model_args": "pretrained=example/m1", "limit": null}, "date": 1767225600.0, "lm_eval_version": "0.4.9",
"total_evaluation_time_seconds": "60"}`

// harnessJob is the LMEvalJob "j1" with this status.
func harnessJob(status map[string]any) *unstructured.Unstructured {
	o := &unstructured.Unstructured{Object: map[string]any{
		"spec": map[string]any{"modelArgs": []any{map[string]any{"name": "pretrained", "value": "example/m1"}}},
	}}
	if status != nil {
		o.Object["status"] = status
	}
	o.SetGroupVersionKind(lmEvalKind())
	o.SetNamespace(fixture.Namespace)
	o.SetName("j1")
	o.SetUID(fixture.UID("j1"))
	return o
}

// ofHarness is an evaluation that nobody has read whose result the LMEvalJob "j1" has, and harnessPolicy what it is for.
func ofHarness() *v1alpha1.SafetyEvaluation {
	return unmeasured(func(e *v1alpha1.SafetyEvaluation) {
		e.Spec.Report = &v1alpha1.Report{LMEvalJob: &v1alpha1.LMEvalJobReference{Name: "j1"}}
	})
}

func harnessPolicy() *v1alpha1.SafetyPolicy {
	return demanding(func(p *v1alpha1.SafetyPolicy) { p.Spec.Requirements[0].Evaluation.Metric = "attack/rate,none" })
}

func TestReconcileEvaluationOfAnLMEvalJob(t *testing.T) {
	for sentence, test := range map[string]struct {
		job      *unstructured.Unstructured
		progress progress
		reason   string
		says     string
		value    string
	}{
		"its results are measured once it is complete": {
			job:    harnessJob(map[string]any{"state": "Complete", "reason": "Succeeded", "results": harnessResults, "completeTime": "2026-01-01T01:00:00Z"}),
			reason: v1alpha1.ReasonMeasured, value: "0.125",
		},
		"those of one that failed are on record, and no use": {
			job:      harnessJob(map[string]any{"state": "Complete", "reason": "Failed", "results": harnessResults}),
			progress: stalled, reason: v1alpha1.ReasonUnusable, says: "reason is not Succeeded", value: "0.125",
		},
		"one that failed without results says so": {
			job:      harnessJob(map[string]any{"state": "Complete", "reason": "Failed"}),
			progress: stalled, reason: v1alpha1.ReasonUnusable, says: `complete with reason "Failed" and has no results`,
		},
		"one that was cancelled says so": {
			job: harnessJob(map[string]any{"state": "Cancelled"}), progress: stalled, reason: v1alpha1.ReasonUnusable, says: "LMEvalJob serving/j1 was cancelled",
		},
		"one that runs is waited for, whatever it holds": {
			job:      harnessJob(map[string]any{"state": "Running", "results": harnessResults}),
			progress: reconciling, reason: v1alpha1.ReasonRunning, says: `"Running"; it is read once its state is Complete`,
		},
		"one that nobody looked at is waited for": {
			job: harnessJob(nil), progress: reconciling, reason: v1alpha1.ReasonRunning, says: "has no status yet",
		},
		"one that does not exist is waited for": {
			progress: reconciling, reason: v1alpha1.ReasonLMEvalJobNotFound, says: "LMEvalJob serving/j1 does not exist",
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			objects := []client.Object{release(), harnessPolicy(), ofHarness()}
			if test.job != nil {
				objects = append(objects, test.job)
			}
			c := newCluster(t, objects...)
			if err := c.evaluate(ofHarness()); err != nil {
				t.Fatal(err)
			}
			status := read(c, ofHarness()).Status
			neverBoth(t, status.Conditions)
			is := meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionReady)
			if is.Reason != test.reason || !strings.Contains(is.Message, test.says) {
				t.Errorf("ready = %+v", is)
			}
			if test.progress != "" && !meta.IsStatusConditionTrue(status.Conditions, string(test.progress)) {
				t.Errorf("not %s: %+v", test.progress, status.Conditions)
			}
			if m := status.Measurement; (m != nil) != (test.value != "") || m != nil && (m.Value != test.value || m.RunID != string(fixture.UID("j1"))) {
				t.Errorf("measurement = %+v", m)
			}
		})
	}
}

func TestAnLMEvalJobThatCannotBeRead(t *testing.T) {
	t.Run("where the kind is not installed it is waited for", func(t *testing.T) {
		c := newCluster(t, release(), harnessPolicy(), ofHarness())
		c.fails["get LMEvalJob j1"] = &meta.NoKindMatchError{GroupKind: lmEvalKind().GroupKind(), SearchedVersions: []string{"v1alpha1"}}
		if err := c.evaluate(ofHarness()); err != nil {
			t.Fatal(err)
		}
		is := meta.FindStatusCondition(read(c, ofHarness()).Status.Conditions, v1alpha1.ConditionReady)
		if is.Reason != v1alpha1.ReasonLMEvalJobNotFound || !strings.Contains(is.Message, "install TrustyAI") {
			t.Errorf("ready = %+v", is)
		}
	})
	t.Run("a failed read records nothing", func(t *testing.T) {
		c := newCluster(t, release(), harnessPolicy(), ofHarness())
		c.fails["get LMEvalJob j1"] = errBroken
		if err := c.evaluate(ofHarness()); !errors.Is(err, errBroken) {
			t.Errorf("error = %v", err)
		}
		c.wantLog()
	})
}

// What changes while the result does not is no part of the file.
func TestAnLMEvalJobGivesTheSameBytes(t *testing.T) {
	status := map[string]any{"state": "Complete", "reason": "Succeeded", "results": harnessResults}
	first, err := lmEvalFile(harnessJob(status))
	if err != nil {
		t.Fatal(err)
	}
	touched := harnessJob(status)
	touched.SetResourceVersion("7")
	touched.SetAnnotations(map[string]string{"x": "y"})
	if again, err := lmEvalFile(touched); err != nil || string(again) != string(first) {
		t.Errorf("%s\n%s\n%v", first, again, err)
	}
	moved := harnessJob(status)
	moved.SetUID("another")
	if other, err := lmEvalFile(moved); err != nil || string(other) == string(first) {
		t.Errorf("another job gives the same file: %v", err)
	}
}
