// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"slices"
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
)

// leftOf is an object "name" of a run of "e1", controlled by the owners.
func leftOf(o client.Object, name string, owners ...metav1.OwnerReference) client.Object {
	o.SetNamespace(fixture.Namespace)
	o.SetName(name)
	o.SetUID(fixture.UID(name))
	o.SetLabels(map[string]string{v1alpha1.LabelEvaluation: "e1"})
	o.SetOwnerReferences(owners)
	return o
}

// Whoever deletes an evaluation and leaves what it owns, or keeps its Jobs from being gone, does not keep a model served; and
// who may reach it is said until it is gone.
func TestWhatRunsLeaveBehindGoes(t *testing.T) {
	other := leftOf(&corev1.Pod{}, "of-another")
	other.SetLabels(map[string]string{v1alpha1.LabelEvaluation: "e2"})
	kept := leftOf(&batchv1.Job{}, "kept", controlledBy(v1alpha1.SchemeGroupVersion.String(), "SafetyEvaluation", "gone")...)
	kept.SetFinalizers([]string{"example.com/keep"})
	kept.SetDeletionTimestamp(new(now()))
	collected := leftOf(&corev1.Pod{}, "of-a-job-that-is-gone", controlledBy("batch/v1", "Job", "no-more")...)
	objects := []client.Object{
		leftOf(&corev1.Pod{}, "server"), leftOf(&corev1.Service{}, "server"), leftOf(&batchv1.Job{}, "orphan"), kept, collected, other,
		leftOf(&corev1.Pod{}, "of-kept", controlledBy("batch/v1", "Job", "kept")...),
		leftOf(&corev1.Pod{}, "of-orphan", controlledBy("batch/v1", "Job", "orphan")...),
	}
	for sentence, also := range map[string][]client.Object{
		"when the evaluation is gone":       nil,
		"when there is another of its name": suiteWorld(),
	} {
		t.Run(sentence, func(t *testing.T) {
			c := newCluster(t, append(slices.Clone(also), objects...)...)
			live := c.live()
			r := &SafetyEvaluationReconciler{Client: cached{live, c}, Live: live, Runs: c.api, Events: c, Collector: &Collector{Image: "scalegate:test"}, Now: now}
			wake := func(want ...string) {
				t.Helper()
				c.log = nil
				if _, err := r.wake(t.Context(), ctrl.Request{NamespacedName: client.ObjectKey{Namespace: fixture.Namespace, Name: "e1"}}); err != nil {
					t.Fatal(err)
				}
				deleted := slices.DeleteFunc(slices.Clone(c.log), func(did string) bool { return !strings.HasPrefix(did, "delete ") })
				if !slices.Equal(deleted, want) {
					t.Errorf("log %q, want %q", c.log, want)
				}
			}
			wake("delete Job orphan", "delete Pod of-kept", "delete Pod of-orphan", "delete Pod server")
			if ran := slices.ContainsFunc(c.log, func(did string) bool { return strings.HasPrefix(did, "create Job") }); ran != (also != nil) {
				t.Errorf("log %q", c.log)
			}
			wake()
			if err := c.api.Delete(t.Context(), leftOf(&corev1.Pod{}, collected.GetName())); err != nil {
				t.Fatal(err)
			}
			wake("delete Service server")
		})
	}
}

// What the cache does not show yet is not gone.
func TestWhatAnEvaluationControlsIsLeftAlone(t *testing.T) {
	e := unrun()
	owner := *metav1.NewControllerRef(e, v1alpha1.SchemeGroupVersion.WithKind("SafetyEvaluation"))
	job := leftOf(&batchv1.Job{}, "j", owner)
	c := newCluster(t, e, job, leftOf(&corev1.Service{}, "s", owner), leftOf(&corev1.Pod{}, "j-a", controlledBy("batch/v1", "Job", "j")...))
	r := &SafetyEvaluationReconciler{Client: newCluster(t).api, Live: c.api, Runs: c.api, Now: now}
	if err := r.clear(t.Context(), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(e)}); err != nil {
		t.Fatal(err)
	}
	for _, o := range []client.Object{&batchv1.Job{}, &corev1.Service{}, &corev1.Pod{}} {
		name := map[string]string{"*v1.Job": "j", "*v1.Service": "s", "*v1.Pod": "j-a"}[typeOf(o)]
		if err := c.api.Get(t.Context(), client.ObjectKey{Namespace: fixture.Namespace, Name: name}, o); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
