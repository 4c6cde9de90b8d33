// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/clearance"
	"github.com/scalegate/scalegate/internal/enforcement"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
)

// fallingBackOn makes a release name another as its fallback.
func fallingBackOn(name string) func(*v1alpha1.ModelRelease) {
	return func(r *v1alpha1.ModelRelease) { r.Spec.Fallback = &v1alpha1.Fallback{Release: name} }
}

// granted makes a release one to which something is granted.
func granted(r *v1alpha1.ModelRelease) { r.Status.GrantedExposure = "General" }

// standingBy is the Deployment "f" of m2 with so many replicas, and as many on standby.
func standingBy(replicas int32, standby string) *appsv1.Deployment {
	d := &appsv1.Deployment{ObjectMeta: stored("f")}
	d.Spec.Replicas, d.Spec.Template = &replicas, podTemplate("General")
	d.Spec.Template.Labels[v1alpha1.LabelRelease] = "m2"
	if standby != "" {
		d.Annotations = map[string]string{v1alpha1.AnnotationStandbyReplicas: standby}
	}
	return d
}

// answering makes a pod ready, or not.
func answering(status corev1.ConditionStatus) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: status}}
	}
}

// A release that fails is taken away when the one that takes over serves, and is told to wait once.
func TestReconcileAwaitsTheFallback(t *testing.T) {
	c := newCluster(t,
		governed(v1alpha1.GateEnforced, clearance.Key("m1"), standing().String()), demanding(), replicaSet(), result("0.9"),
		release(fallingBackOn("m2")), fixture.Release("m2", granted), standingBy(1, ""),
		running(), running(renamed("q"), ofRelease("m2"), answering(corev1.ConditionFalse)))
	got := c.mustReconcile()
	if got.RequeueAfter == 0 {
		t.Error("it waits for ever")
	}
	c.mustReconcile()
	events := c.take()
	if slices.ContainsFunc(events, removes) {
		t.Fatalf("it did not wait: %q", events)
	}
	told := slices.DeleteFunc(slices.Clone(events), func(line string) bool { return line != "event AwaitingFallback ModelRelease m1" })
	if len(told) != 1 {
		t.Errorf("told %q", events)
	}
	if e := c.enforcedBy(); e.Reason != v1alpha1.ReasonAwaitingFallback || e.Status != metav1.ConditionFalse {
		t.Errorf("Enforced = %+v", e)
	}
	c.idle()
	pod := read(c, running(renamed("q")))
	answering(corev1.ConditionTrue)(pod)
	if err := c.api.Status().Update(t.Context(), pod); err != nil {
		t.Fatal(err)
	}
	c.mustReconcile()
	if diff := cmp.Diff([]string{"delete Pod p"}, c.take("delete", "evict")); diff != "" {
		t.Errorf("removed (-want +got):\n%s", diff)
	}
}

func TestFallback(t *testing.T) {
	named := func(name string) func(*v1alpha1.SafetyPolicy) {
		return func(p *v1alpha1.SafetyPolicy) { p.Spec.Fallback = &v1alpha1.PolicyFallback{Release: name} }
	}
	var none *enforcement.Fallback
	pods := []client.Object{
		running(renamed("q1"), ofRelease("m2"), answering(corev1.ConditionTrue)),
		running(renamed("q2"), ofRelease("m2"), answering(corev1.ConditionFalse)),
		dying(running(renamed("q3"), ofRelease("m2"), answering(corev1.ConditionTrue))),
		running(renamed("q4"), ofRelease("m3"), answering(corev1.ConditionTrue)),
	}
	for sentence, test := range map[string]struct {
		release *v1alpha1.ModelRelease
		policy  *v1alpha1.SafetyPolicy
		objects []client.Object
		want    *enforcement.Fallback
	}{
		"none is named":                  {release(), demanding(), []client.Object{fixture.Release("m2", granted)}, none},
		"the one of that name is not":    {release(fallingBackOn("m2")), demanding(), nil, none},
		"itself is none":                 {release(), demanding(named("m1")), nil, none},
		"one that is being deleted":      {release(fallingBackOn("m2")), demanding(), []client.Object{dying(fixture.Release("m2", granted))}, none},
		"one that is granted nothing":    {release(fallingBackOn("m2")), demanding(), []client.Object{fixture.Release("m2")}, &enforcement.Fallback{Release: "m2"}},
		"that of the policy":             {release(), demanding(named("m2")), []client.Object{fixture.Release("m2", granted)}, &enforcement.Fallback{Release: "m2", Granted: true}},
		"its own before the policy's":    {release(fallingBackOn("m3")), demanding(named("m2")), []client.Object{fixture.Release("m3", granted)}, &enforcement.Fallback{Release: "m3", Granted: true}},
		"without a policy, its own":      {release(fallingBackOn("m2")), nil, []client.Object{fixture.Release("m2", granted)}, &enforcement.Fallback{Release: "m2", Granted: true}},
		"with pods that nobody asks for": {release(fallingBackOn("m2")), demanding(), append([]client.Object{fixture.Release("m2", granted)}, pods...), &enforcement.Fallback{Release: "m2", Granted: true, Ready: 1, Asked: 2}},
		"with a Deployment":              {release(fallingBackOn("m2")), demanding(), append([]client.Object{fixture.Release("m2", granted), standingBy(3, "")}, pods...), &enforcement.Fallback{Release: "m2", Granted: true, Ready: 1, Asked: 3}},
		"with more on standby":           {release(fallingBackOn("m2")), demanding(), []client.Object{fixture.Release("m2", granted), standingBy(0, "5")}, &enforcement.Fallback{Release: "m2", Granted: true, Asked: 5}},
		"with fewer on standby":          {release(fallingBackOn("m2")), demanding(), []client.Object{fixture.Release("m2", granted), standingBy(7, "5")}, &enforcement.Fallback{Release: "m2", Granted: true, Asked: 7}},
		"with a standby that is none":    {release(fallingBackOn("m2")), demanding(), []client.Object{fixture.Release("m2", granted), standingBy(2, "many")}, &enforcement.Fallback{Release: "m2", Granted: true, Asked: 2}},
	} {
		t.Run(sentence, func(t *testing.T) {
			c := newCluster(t, append(test.objects, governed(v1alpha1.GateEnforced))...)
			live := c.live()
			r := &ModelReleaseReconciler{Client: cached{live, c}, Live: live, Now: now, verdicts: newVerdicts(), looked: newVerdicts(), seenTemplates: newVerdicts()}
			got, err := r.fallback(t.Context(), gate.Input{Now: now().Time, Release: test.release, Policy: test.policy})
			if err != nil {
				t.Fatal(err)
			}
			if got != nil {
				for _, p := range got.Parents {
					if p.Name != "f" || !p.Scalable || p.Verdict.Examined {
						t.Errorf("parent %+v", p)
					}
				}
				got.Parents = nil
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("fallback (-want +got):\n%s", diff)
			}
		})
	}
}

// Whoever falls back on a release is woken by its pods, by itself and by its workloads: one that changed while it was brought up
// is tried again.
func TestWakesWhatFallsBack(t *testing.T) {
	byPolicy := demanding(func(p *v1alpha1.SafetyPolicy) { p.Spec.Fallback = &v1alpha1.PolicyFallback{Release: "m2"} })
	away := fixture.Release("m4", fallingBackOn("m2"), fixture.Governed("other"))
	away.Namespace = "elsewhere"
	c := newCluster(t, byPolicy, release(), fixture.Release("m2"), away,
		fixture.Release("m3", fallingBackOn("m2"), fixture.Governed("other")), fixture.Release("m5", fixture.Governed("other")))
	w := wakes{c.api}
	names := func(got []types.NamespacedName, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, name := range got {
			all = append(all, name.Name)
		}
		slices.Sort(all)
		return strings.Join(all, " ")
	}
	if got := names(w.releasesServed(t.Context(), running(ofRelease("m2")))); got != "m1 m2 m3" {
		t.Errorf("a pod wakes %s", got)
	}
	if got := names(w.releasesServed(t.Context(), standingBy(0, "3"))); got != "m1 m2 m3" {
		t.Errorf("a Deployment wakes %s", got)
	}
	set := &appsv1.StatefulSet{ObjectMeta: stored("f"), Spec: appsv1.StatefulSetSpec{Template: standingBy(0, "").Spec.Template}}
	if got := names(w.releasesOfStatefulSet(t.Context(), set)); got != "m1 m2 m3" {
		t.Errorf("a StatefulSet wakes %s", got)
	}
	if got := names(w.releasesOfCustom(t.Context(), &parent{PartialObjectMetadata: metav1.PartialObjectMetadata{ObjectMeta: stored("f")}, releases: []string{"m2"}}), nil); got != "m1 m2 m3" {
		t.Errorf("one of a custom kind wakes %s", got)
	}
	if got := names(w.releasesFallingBack(t.Context(), fixture.Release("m2"))); got != "m1 m3" {
		t.Errorf("the fallback wakes %s", got)
	}
	if got := names(w.releasesServed(t.Context(), running(ofRelease("m5")))); got != "m5" {
		t.Errorf("a pod of another wakes %s", got)
	}
	if got := names(w.releasesServed(t.Context(), running(func(p *corev1.Pod) { p.Labels = nil }))); got != "" {
		t.Errorf("a pod of none wakes %s", got)
	}
}
