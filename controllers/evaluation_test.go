// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
)

// report is an Inspect log of 50 samples whose attacks succeeded at the rate, with that status.
func reportFile(rate, status string) string {
	return `{"version": 2, "status": "` + status + `",
"eval": {"eval_id": "e-1", "task": "attack", "model": "m1", "packages": {"inspect_ai": "0.3.1"}}, "plan": {"name": "plan"},
"results": {"total_samples": 50, "completed_samples": 50,
"scores": [{"name": "attack", "scorer": "attack", "metrics": {"rate": {"name": "rate", "value": ` + rate + `}}}]}}`
}

func digestOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func zipped(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestMeasure(t *testing.T) {
	good := reportFile("0.125", "success")
	for sentence, test := range map[string]struct {
		file       []byte
		metric     string
		wantSHA256 string
		value      string // of the measurement; none of "" means that there is none
		problem    string
		progress   progress
		reason     string
		message    string
	}{
		"a log is measured": {
			file: []byte(good), metric: "attack/rate", value: "0.125", reason: v1alpha1.ReasonMeasured, message: "attack/rate is 0.125",
		},
		"a log that was stored with gzip is the same": {
			file: zipped(t, good), metric: "attack/rate", value: "0.125", reason: v1alpha1.ReasonMeasured, message: "attack/rate is 0.125",
		},
		"the digest that was promised is that of the file": {
			file: []byte(good), metric: "attack/rate", wantSHA256: digestOf(good), value: "0.125", reason: v1alpha1.ReasonMeasured,
		},
		"which is the one before gzip": {
			file: zipped(t, good), metric: "attack/rate", wantSHA256: digestOf(good), value: "0.125", reason: v1alpha1.ReasonMeasured,
		},
		"another file than was promised is refused": {
			file: []byte(good), metric: "attack/rate", wantSHA256: digestOf("other"),
			progress: stalled, reason: v1alpha1.ReasonDigestMismatch, message: digestOf("other"),
		},
		"a metric that is not in the file is named": {
			file: []byte(good), metric: "attack/mean", progress: stalled, reason: v1alpha1.ReasonMetricNotFound, message: "attack/mean",
		},
		"what is no result file is said so": {
			file: []byte("hello"), metric: "attack/rate", progress: stalled, reason: v1alpha1.ReasonUnreadable, message: "create another SafetyEvaluation with a whole file",
		},
		"an empty file is one of them": {
			metric: "attack/rate", progress: stalled, reason: v1alpha1.ReasonUnreadable, message: "empty",
		},
		"and half of one": {
			file: []byte(good[:len(good)/2]), metric: "attack/rate", progress: stalled, reason: v1alpha1.ReasonUnreadable, message: "truncated",
		},
		"and half of a compressed one": {
			file: zipped(t, good)[:60], metric: "attack/rate", progress: stalled, reason: v1alpha1.ReasonUnreadable, message: "gzip data is truncated",
		},
		"a run that broke off is recorded, and no use": {
			file: []byte(reportFile("0.125", "error")), metric: "attack/rate", value: "0.125", problem: `status is "error"`,
			progress: stalled, reason: v1alpha1.ReasonUnusable, message: "the run broke off",
		},
		"so is a value without data": {
			file: []byte(reportFile("NaN", "success")), metric: "attack/rate",
			progress: stalled, reason: v1alpha1.ReasonUnusable, message: "no value for attack/rate",
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			got, err := measure(test.file, test.metric, test.wantSHA256)
			if err != nil {
				t.Fatal(err)
			}
			keepEvaluation(t, unmeasured(), state{reading: got})
			if s := got.summary; s.progress != test.progress || s.reason != test.reason || !strings.Contains(s.message, test.message) {
				t.Errorf("summary = %+v", s)
			}
			recordedIt := test.reason == v1alpha1.ReasonMeasured || test.reason == v1alpha1.ReasonUnusable
			if (got.measurement != nil) != recordedIt {
				t.Fatalf("measurement = %+v", got.measurement)
			}
			if m := got.measurement; m != nil && (m.Value != test.value || !strings.Contains(m.Problem, test.problem) || (m.Problem == "") != (test.problem == "") || len(m.SHA256) != 64) {
				t.Errorf("measurement = %+v", m)
			}
		})
	}
}

// unmeasured is an evaluation for "attack" whose file nobody has read, and config what its file is in.
func unmeasured(modifiers ...func(*v1alpha1.SafetyEvaluation)) *v1alpha1.SafetyEvaluation {
	e := result("0")
	e.Status = v1alpha1.SafetyEvaluationStatus{}
	for _, modify := range modifiers {
		modify(e)
	}
	return e
}

func config(key, file string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: stored("e1"), Data: map[string]string{key: file}}
}

// measuring is demanding with the metric of reportFile.
func measuring() *v1alpha1.SafetyPolicy {
	p := demanding()
	p.Spec.Requirements[0].Evaluation.Metric = "attack/rate"
	return p
}

// checking makes a requirement one of a check.
func checking(r *v1alpha1.Requirement) {
	r.Evaluation, r.Scope, r.ValidForDays = nil, nil, 0
	r.Check = &v1alpha1.SafeguardCheck{Type: v1alpha1.SafeguardImagesPinned}
}

func (c *cluster) evaluate(e *v1alpha1.SafetyEvaluation) error {
	live := c.live()
	r := &SafetyEvaluationReconciler{Client: cached{live, c}, Live: live, Runs: c.api, Events: c, Collector: &Collector{Image: "scalegate:test"}, Now: now}
	_, err := r.Reconcile(c.t.Context(), read(c, e))
	return err
}

func TestReconcileEvaluation(t *testing.T) {
	good := reportFile("0.125", "success")
	zippedReport := &corev1.ConfigMap{ObjectMeta: stored("e1"), BinaryData: map[string][]byte{"report.json": zipped(t, good)}}
	for sentence, test := range map[string]struct {
		objects    []client.Object
		evaluation *v1alpha1.SafetyEvaluation
		progress   progress
		reason     string
		message    string
		value      string
	}{
		"its file is measured": {
			objects:    []client.Object{release(), measuring(), config("report.json", good)},
			evaluation: unmeasured(), reason: v1alpha1.ReasonMeasured, value: "0.125",
		},
		"its file may be binary": {
			objects:    []client.Object{release(), measuring(), zippedReport},
			evaluation: unmeasured(), reason: v1alpha1.ReasonMeasured, value: "0.125",
		},
		"its release does not exist yet": {
			objects: []client.Object{measuring(), config("report.json", good)}, evaluation: unmeasured(),
			progress: reconciling, reason: v1alpha1.ReasonReleaseNotFound, message: "ModelRelease serving/m1 does not exist",
		},
		"its policy does not exist yet": {
			objects: []client.Object{release(), config("report.json", good)}, evaluation: unmeasured(),
			progress: reconciling, reason: v1alpha1.ReasonPolicyNotFound, message: "SafetyPolicy rsp of release m1",
		},
		"the policy has no such requirement": {
			objects: []client.Object{release(), fixture.Policy("rsp"), config("report.json", good)}, evaluation: unmeasured(),
			progress: reconciling, reason: v1alpha1.ReasonRequirementNotFound, message: "no requirement attack",
		},
		"its ConfigMap does not exist yet": {
			objects: []client.Object{release(), measuring()}, evaluation: unmeasured(),
			progress: reconciling, reason: v1alpha1.ReasonReportNotFound, message: "ConfigMap serving/e1 does not exist",
		},
		"its ConfigMap has another key": {
			objects: []client.Object{release(), measuring(), config("other.json", good)}, evaluation: unmeasured(),
			progress: reconciling, reason: v1alpha1.ReasonReportNotFound, message: "has no key report.json",
		},
		"its file is not the one that it names": {
			objects:    []client.Object{release(), measuring(), config("report.json", good)},
			evaluation: unmeasured(func(e *v1alpha1.SafetyEvaluation) { e.Spec.Report.SHA256 = digestOf("other") }),
			progress:   stalled, reason: v1alpha1.ReasonDigestMismatch, message: digestOf(good),
		},
		"what was measured stays, whatever became of all the rest": {
			evaluation: result("0.3"), reason: v1alpha1.ReasonMeasured, value: "0.3",
		},
		"also when the file says something else today": {
			objects:    []client.Object{release(), measuring(), config("report.json", good)},
			evaluation: result("0.3"), reason: v1alpha1.ReasonMeasured, value: "0.3",
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			c := newCluster(t, append(test.objects, test.evaluation)...)
			if err := c.evaluate(test.evaluation); err != nil {
				t.Fatal(err)
			}
			c.wantLog("apply SafetyEvaluation e1")
			status := read(c, test.evaluation).Status
			neverBoth(t, status.Conditions)
			is := meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionReady)
			if is.Reason != test.reason || !strings.Contains(is.Message, test.message) || *status.ObservedGeneration != 1 {
				t.Errorf("status = %+v", status)
			}
			if test.progress != "" && !meta.IsStatusConditionTrue(status.Conditions, string(test.progress)) {
				t.Errorf("not %s: %+v", test.progress, status.Conditions)
			}
			if m := status.Measurement; (m != nil) != (test.value != "") || (m != nil && m.Value != test.value) {
				t.Errorf("measurement = %+v", m)
			}
			if err := c.evaluate(test.evaluation); err != nil {
				t.Fatal(err)
			}
			c.wantLog("apply SafetyEvaluation e1") // and not again
		})
	}
}

func TestReconcileEvaluationForWhatIsNotEvaluated(t *testing.T) {
	for asked, p := range map[string]*v1alpha1.SafetyPolicy{
		"people who approve":     fixture.Policy("rsp", fixture.Roles("rso"), fixture.Defining("attack", fixture.Signing("rso"))),
		"a check of the cluster": fixture.Policy("rsp", fixture.Defining("attack", checking)),
	} {
		t.Run(asked, func(t *testing.T) {
			e := unmeasured()
			c := newCluster(t, release(), p, config("report.json", reportFile("0.125", "success")), e)
			if err := c.evaluate(e); err != nil {
				t.Fatal(err)
			}
			status := read(c, e).Status
			is := meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionReady)
			if is.Reason != v1alpha1.ReasonRequirementNotEvaluated || !strings.Contains(is.Message, "asks for "+asked+", and for no evaluation") ||
				!meta.IsStatusConditionTrue(status.Conditions, v1alpha1.ConditionStalled) || status.Measurement != nil {
				t.Errorf("status = %+v", status)
			}
		})
	}
}

func TestReconcileEvaluationRecordsNothingOnAFailedRead(t *testing.T) {
	for _, call := range []string{"cached get ModelRelease m1", "cached get SafetyPolicy rsp", "get ConfigMap e1"} {
		t.Run(call, func(t *testing.T) {
			e := unmeasured()
			c := newCluster(t, release(), measuring(), config("report.json", reportFile("0.125", "success")), e)
			c.fails[call] = errBroken
			if err := c.evaluate(e); !errors.Is(err, errBroken) {
				t.Errorf("error = %v", err)
			}
			c.wantLog()
		})
	}
	e := unmeasured()
	c := newCluster(t, release(), measuring(), config("report.json", reportFile("0.125", "success")), e)
	c.fails["apply SafetyEvaluation e1"] = errBroken
	if err := c.evaluate(e); !errors.Is(err, errBroken) || !strings.Contains(err.Error(), "reporting on SafetyEvaluation serving/e1") {
		t.Errorf("error = %v", err)
	}
}

func TestReconcilePolicy(t *testing.T) {
	covered := metav1.Condition{Type: v1alpha1.ConditionCovered, Status: metav1.ConditionTrue, Reason: "Counted", LastTransitionTime: now()}
	policy := demanding()
	policy.Status.Conditions = []metav1.Condition{covered}
	elsewhere, other := fixture.Release("m2"), fixture.Release("m3")
	elsewhere.Namespace, other.Spec.Policy = "elsewhere", "another"
	c := newCluster(t, policy, release(), elsewhere, other)
	reconcile := func() error {
		r := &SafetyPolicyReconciler{Client: cached{c.live(), c}, Live: c.live(), Events: c, Now: now}
		_, err := r.Reconcile(t.Context(), read(c, demanding()))
		return err
	}
	for _, call := range []string{"apply SafetyPolicy rsp", "cached list ModelReleaseList"} {
		c.fails[call] = errBroken
		if err := reconcile(); !errors.Is(err, errBroken) {
			t.Errorf("%s: error = %v", call, err)
		}
		delete(c.fails, call)
	}
	c.log = nil
	for range 2 {
		if err := reconcile(); err != nil {
			t.Fatal(err)
		}
		c.wantLog("apply SafetyPolicy rsp")
	}
	if c.exists(&v1alpha1.PolicyRevision{ObjectMeta: metav1.ObjectMeta{Name: "rsp-2"}}) {
		t.Error("the same text was recorded twice")
	}
	status := read(c, demanding()).Status
	neverBoth(t, status.Conditions)
	if diff := cmp.Diff(gate.Revision(&demanding().Spec), status.Revision); diff != "" || !meta.IsStatusConditionTrue(status.Conditions, v1alpha1.ConditionReady) {
		t.Errorf("status = %+v", status)
	}
	if status.Releases == nil || *status.Releases != 2 {
		t.Errorf("releases = %v, want 2", status.Releases)
	}
	if err := c.api.Delete(t.Context(), elsewhere); err != nil {
		t.Fatal(err)
	}
	if err := reconcile(); err != nil {
		t.Fatal(err)
	}
	if status := read(c, demanding()).Status; *status.Releases != 1 {
		t.Errorf("releases = %d, want 1", *status.Releases)
	}
	for _, o := range []client.Object{release(), demanding()} {
		names, err := policyOfRelease(t.Context(), o)
		if _, isRelease := o.(*v1alpha1.ModelRelease); isRelease != (err == nil) || isRelease && names[0].Name != demanding().Name {
			t.Errorf("%T wakes %v: %v", o, names, err)
		}
	}
}

// What others write into a policy's status is not written back by this reconciler.
func TestAPolicysSummaryLeavesOtherConditionsAlone(t *testing.T) {
	all := []metav1.Condition{
		{Type: v1alpha1.ConditionCovered}, {Type: v1alpha1.ConditionReady}, {Type: v1alpha1.ConditionGuarded},
		{Type: v1alpha1.ConditionStalled}, {Type: v1alpha1.ConditionReconciling},
	}
	var kept []string
	for _, c := range summaryConditions(all) {
		kept = append(kept, c.Type)
	}
	if diff := cmp.Diff([]string{v1alpha1.ConditionReady, v1alpha1.ConditionStalled, v1alpha1.ConditionReconciling}, kept); diff != "" {
		t.Error(diff)
	}
	if all[0].Type != v1alpha1.ConditionCovered {
		t.Error("the conditions of the cached policy are changed")
	}
}
