// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"errors"
	"slices"
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/runs"
)

// What the API server refuses is tried again, and the evaluation says why it stands still.
func TestWhatTheAPIServerRefuses(t *testing.T) {
	quota := apierrors.NewForbidden(schema.GroupResource{Group: "batch", Resource: "jobs"}, "", errors.New("exceeded quota: jobs"))
	invalid := apierrors.NewInvalid(schema.GroupKind{Group: "batch", Kind: "Job"}, "", field.ErrorList{
		field.NotFound(field.NewPath("spec.template.spec.initContainers[0].volumeMounts[0].name"), "data")})
	server := runs.ServerName(unrun())
	for sentence, test := range map[string]struct {
		suite   []func(*v1alpha1.EvaluationSuite)
		fails   string
		with    error
		reason  string
		stalled bool
		says    []string
	}{
		"a Job by a quota":             {fails: "create Job ", with: quota, reason: v1alpha1.ReasonRunRefused, says: []string{"refuses the Job of suite attack-suite", "exceeded quota: jobs"}},
		"a Job that is not valid":      {fails: "create Job ", with: invalid, reason: v1alpha1.ReasonInvalidSuite, stalled: true, says: []string{"volumeMounts[0].name", "correct the suite"}},
		"a Job by a webhook":           {fails: "create Job ", with: apierrors.NewBadRequest("no such queue"), reason: v1alpha1.ReasonRunRefused, says: []string{"no such queue"}},
		"a server by a policy":         {suite: aServer(), fails: "create Job " + server, with: quota, reason: v1alpha1.ReasonRunRefused, says: []string{"refuses the Job"}},
		"a Service":                    {suite: aServer(), fails: "create Service " + server, with: quota, reason: v1alpha1.ReasonRunRefused, says: []string{"refuses the Service"}},
		"a broken connection is no no": {fails: "create Job ", with: errBroken, reason: v1alpha1.ReasonQueued, says: []string{"is about to run"}},
	} {
		t.Run(sentence, func(t *testing.T) {
			c := newCluster(t, suiteWorld(test.suite...)...)
			c.fails[test.fails] = test.with
			v := &evaluator{c: c}
			for range 2 {
				if _, err := v.reconcile(now().Time); !errors.Is(err, test.with) {
					t.Errorf("error %v", err)
				}
			}
			e := read(c, unrun())
			is := readyOf(e)
			if is.Reason != test.reason || meta.IsStatusConditionTrue(e.Status.Conditions, v1alpha1.ConditionStalled) != test.stalled {
				t.Errorf("conditions = %+v", e.Status.Conditions)
			}
			for _, part := range test.says {
				if !strings.Contains(is.Message, part) {
					t.Errorf("message %q does not say %q", is.Message, part)
				}
			}
			if e.Status.Run == nil || !e.Status.Run.FinishTime.IsZero() {
				t.Errorf("run = %+v", e.Status.Run)
			}
			delete(c.fails, test.fails)
			if len(test.suite) == 0 {
				if v.must(); len(c.jobs()) != 1 {
					t.Errorf("%d Jobs once it is not refused any more", len(c.jobs()))
				}
			}
		})
	}
}

func aServer() []func(*v1alpha1.EvaluationSuite) {
	return []func(*v1alpha1.EvaluationSuite){fixture.Serving()}
}

// Whoever deletes an evaluation and leaves what it owns does not keep a model served.
func TestWhatRunsLeaveBehindGoes(t *testing.T) {
	const label = "e1"
	mark := func(o client.Object, owners ...metav1.OwnerReference) client.Object {
		o.SetNamespace(fixture.Namespace)
		o.SetUID(fixture.UID(o.GetName()))
		o.SetLabels(map[string]string{v1alpha1.LabelEvaluation: label})
		o.SetOwnerReferences(owners)
		return o
	}
	named := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Name: name} }
	owned := metav1.OwnerReference{APIVersion: "batch/v1", Kind: "Job", Name: "j", UID: "j", Controller: new(true)}
	other := mark(&corev1.Pod{ObjectMeta: named("of-another")})
	other.SetLabels(map[string]string{v1alpha1.LabelEvaluation: "e2"})
	objects := []client.Object{
		mark(&corev1.Pod{ObjectMeta: named("server")}), mark(&corev1.Service{ObjectMeta: named("server")}),
		mark(&batchv1.Job{ObjectMeta: named("orphan")}), mark(&corev1.Pod{ObjectMeta: named("of-a-job")}, owned), other,
	}
	want := []string{"delete Job orphan", "delete Pod server", "delete Service server"}
	for sentence, also := range map[string][]client.Object{
		"when the evaluation is gone":       nil,
		"when there is another of its name": suiteWorld(),
	} {
		t.Run(sentence, func(t *testing.T) {
			c := newCluster(t, append(slices.Clone(also), objects...)...)
			live := c.live()
			r := &SafetyEvaluationReconciler{Client: cached{live, c}, Live: live, Runs: c.api, Events: c, Collector: &Collector{Image: "scalegate:test"}, Now: now}
			request := ctrl.Request{NamespacedName: client.ObjectKey{Namespace: fixture.Namespace, Name: label}}
			if _, err := r.wake(t.Context(), request); err != nil {
				t.Fatal(err)
			}
			var deleted []string
			for _, did := range c.log {
				if strings.HasPrefix(did, "delete ") {
					deleted = append(deleted, did)
				}
			}
			if !slices.Equal(deleted, want) {
				t.Errorf("log %q", c.log)
			}
			if ran := slices.ContainsFunc(c.log, func(did string) bool { return strings.HasPrefix(did, "create Job") }); ran != (also != nil) {
				t.Errorf("log %q", c.log)
			}
		})
	}
}
