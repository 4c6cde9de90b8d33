// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/runs"
)

func TestWhatAnObjectOfARunWakes(t *testing.T) {
	e := unrun()
	pod := &metav1.PartialObjectMetadata{ObjectMeta: stored("j-a")}
	pod.Labels = map[string]string{v1alpha1.LabelEvaluation: "e1"}
	long := &metav1.PartialObjectMetadata{ObjectMeta: owned(e, "j")}
	long.Labels[v1alpha1.LabelEvaluation] = "e-and-a-digest"
	ofLong := &metav1.PartialObjectMetadata{ObjectMeta: stored("j-b")}
	ofLong.Labels = long.Labels
	ofLong.OwnerReferences = []metav1.OwnerReference{{APIVersion: "batch/v1", Kind: "Job", Name: "j", UID: long.UID, Controller: new(true)}}
	early := ofLong.DeepCopy()
	early.OwnerReferences[0].Name = "not-cached-yet"
	cached := newCluster(t, &batchv1.Job{ObjectMeta: long.ObjectMeta}).api
	for sentence, test := range map[string]struct {
		object client.Object
		want   string
	}{
		"what its Job controls wakes it too":                       {ofLong, "serving/e1"},
		"while the Job is not known it is what the label names":    {early, "serving/e-and-a-digest"},
		"what an evaluation controls wakes it, whatever its label": {long, "serving/e1"},
		"what nothing controls wakes what its label names":         {pod, "serving/e1"},
		"what has no label wakes nothing":                          {&metav1.PartialObjectMetadata{ObjectMeta: stored("x")}, ""},
	} {
		t.Run(sentence, func(t *testing.T) {
			var got string
			for _, request := range evaluationRun(t.Context(), cached, test.object) {
				got = request.String()
			}
			if got != test.want {
				t.Errorf("wakes %q, want %q", got, test.want)
			}
		})
	}
}

// A pod whose Job is gone names an evaluation by its label alone, which is a digest where the name is long.
func TestALabelWakesTheEvaluationThatItIsMadeOf(t *testing.T) {
	long := new(fixture.Evaluation(strings.Repeat("long-", 20)+"name", "attack", "", fixture.Run(time.Time{})))
	long.Status = v1alpha1.SafetyEvaluationStatus{}
	label := runs.EvaluationLabel(long.Name)
	for sentence, test := range map[string]struct {
		name string
		runs string
	}{
		"a name is one":                 {long.Name, long.Name},
		"so is the label":               {label, long.Name},
		"a short name is its own label": {"e1", "e1"},
		"what is nobody's wakes nobody": {label[:len(label)-1], ""},
	} {
		t.Run(sentence, func(t *testing.T) {
			c := newCluster(t, append(suiteWorld(), long)...)
			live := c.live()
			r := &SafetyEvaluationReconciler{Client: cached{live, c}, Live: live, Runs: c.api, Events: c, Collector: &Collector{Image: "scalegate:test"}, Now: now}
			if _, err := r.wake(t.Context(), ctrl.Request{NamespacedName: client.ObjectKey{Namespace: fixture.Namespace, Name: test.name}}); err != nil {
				t.Fatal(err)
			}
			var ran string
			for _, job := range c.jobs() {
				ran = metav1.GetControllerOf(&job).Name
			}
			if ran != test.runs {
				t.Errorf("it runs %q, want %q", ran, test.runs)
			}
		})
	}
}
