// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/clearance"
	"github.com/scalegate/scalegate/internal/fixture"
)

// A cache that shows a new pod, and not yet what was opened a moment ago, lets none pass the ceiling.
func TestReconcileCountsServingPodsLive(t *testing.T) {
	inEvaluation := func(name string) *corev1.Pod {
		return running(waits, func(p *corev1.Pod) {
			p.Name, p.UID, p.OwnerReferences = name, fixture.UID(name), nil
			p.Labels[v1alpha1.LabelExposure] = "Evaluation"
		})
	}
	cached := []client.Object{
		governed(v1alpha1.GateEnforced), demanding(), release(), result("0.1"), inEvaluation("b"), inEvaluation("c"),
	}
	c := newCluster(t, cached...)
	c.mustReconcile()
	late := inEvaluation("a")
	late.ResourceVersion = ""
	if err := c.api.Create(t.Context(), late); err != nil {
		t.Fatal(err)
	}
	c.lagging(append(cached, read(c, inEvaluation("a")))...)
	c.mustReconcile()
	var open []string
	for _, name := range []string{"a", "b", "c"} {
		if !held(read(c, inEvaluation(name))) {
			open = append(open, name)
		}
	}
	if len(open) != 2 {
		t.Errorf("%q are open, and Evaluation allows 2", open)
	}
}

// What was changed on its way is removed by whoever comes next, when removing it failed at first.
func TestReconcileRemembersWhatWasTamperedWith(t *testing.T) {
	tampered := running(func(p *corev1.Pod) {
		p.CreationTimestamp, p.Spec.Containers[0].Args = metav1.NewTime(fixture.Day(1)), []string{"--other"}
	})
	c := newCluster(t, governed(v1alpha1.GateEnforced, clearance.Key("m1"), standing().String()),
		demanding(), release(), result("0.1"), replicaSet(), tampered)
	c.fails["delete Pod p"] = errBroken
	if _, err := c.reconcile(); err == nil {
		t.Error("a removal that failed is no error")
	}
	delete(c.fails, "delete Pod p")
	c.mustReconcile()
	if c.exists(&corev1.Pod{ObjectMeta: stored("p")}) {
		t.Error("the pod still runs")
	}
}

// A container beside those of the owner hides nothing of what runs.
func TestReconcileLooksBehindInjectedContainers(t *testing.T) {
	for sentence, change := range map[string]func(*corev1.Pod, corev1.Container){
		"an artifact's image with arguments of its own": func(p *corev1.Pod, injected corev1.Container) {
			injected.Args = []string{"--model=/tmp/other"}
			p.Spec.Containers = append(p.Spec.Containers, injected)
		},
		"swapped arguments of the server behind an init container": func(p *corev1.Pod, injected corev1.Container) {
			injected.Command = []string{"true"}
			p.Spec.InitContainers = append(p.Spec.InitContainers, injected)
			p.Spec.Containers[0].Args = []string{"--model=/tmp/other"}
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			tampered := running(func(p *corev1.Pod) {
				p.CreationTimestamp = metav1.NewTime(fixture.Day(1))
				injected := *p.Spec.Containers[0].DeepCopy()
				injected.Name = "injected"
				change(p, injected)
			})
			c := newCluster(t, governed(v1alpha1.GateEnforced, clearance.Key("m1"), standing().String()),
				demanding(), release(), result("0.1"), replicaSet(), tampered)
			c.mustReconcile()
			if c.exists(&corev1.Pod{ObjectMeta: stored("p")}) {
				t.Error("the pod still runs")
			}
		})
	}
}
