// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/clearance"
	"github.com/scalegate/scalegate/internal/fixture"
)

// limited is a policy that lets so much be taken away within an hour.
func limited(percent int32) func(*v1alpha1.SafetyPolicy) {
	return func(p *v1alpha1.SafetyPolicy) { p.Spec.Removals = &v1alpha1.Removals{MaxPercentPerHour: &percent} }
}

// ofRelease makes a pod claim another release than m1.
func ofRelease(name string) func(*corev1.Pod) {
	return func(p *corev1.Pod) { p.Labels[v1alpha1.LabelRelease] = name }
}

// twoFleets is a namespace in which four pods serve m1 and four serve m2, under one policy that lets a quarter of all
// be taken away within an hour. What is known fails m1; m2 has what it needs.
func twoFleets(t *testing.T, modifiers ...func(*v1alpha1.ModelRelease)) *cluster {
	t.Helper()
	both := func(value string) []client.Object {
		second := fixture.Evaluation("e2", "attack", "0.1", fixture.About(fixture.Weights("m2"), fixture.Server("m2")), fixture.For("m2"))
		return []client.Object{result(value), &second}
	}
	standing2 := standing()
	standing2.Digests = []string{fixture.SHA256("server m2"), fixture.SHA256("weights m2")}
	objects := append([]client.Object{
		governed(v1alpha1.GateEnforced, clearance.Key("m1"), standing().String(), clearance.Key("m2"), standing2.String()),
		demanding(limited(25)), release(), fixture.Release("m2", modifiers...), replicaSet(),
	}, both("0.9")...)
	for i := range 4 {
		objects = append(objects, running(renamed(fmt.Sprintf("p%d", i)), born(i)), running(renamed(fmt.Sprintf("q%d", i)), born(i), ofRelease("m2")))
	}
	return newCluster(t, objects...)
}

// reconcileOther reconciles another release than m1.
func (c *cluster) reconcileOther(name string) ctrl.Result {
	c.t.Helper()
	if c.reconciler == nil {
		c.mustReconcile()
	}
	result, err := c.reconciler.Reconcile(c.t.Context(), ctrl.Request{NamespacedName: types.NamespacedName{Namespace: fixture.Namespace, Name: name}})
	if err != nil {
		c.t.Fatal(err)
	}
	return result
}

// What fails goes as fast as the policy lets it, counted over all that serves under it, and the rest an hour later.
func TestReconcileKeepsToTheLimitOfAnHour(t *testing.T) {
	c := twoFleets(t).on(1, 0)
	got := c.mustReconcile()
	if removed := c.take("delete"); len(removed) != 2 {
		t.Errorf("a quarter of 8 may go, and it did %q", removed)
	}
	if e := c.enforcedBy(); e.Reason != v1alpha1.ReasonRemovalsLimited || !strings.Contains(e.Message, "25%") || !strings.Contains(e.Message, fixture.Day(1).Add(time.Hour).UTC().Format(time.RFC3339)) {
		t.Errorf("Enforced = %+v", e)
	}
	if got.RequeueAfter > time.Hour || got.RequeueAfter < time.Hour-time.Minute {
		t.Errorf("looks again after %v", got.RequeueAfter)
	}
	c.on(1, 30*time.Minute).mustReconcile()
	if removed := c.take("delete"); len(removed) > 0 {
		t.Errorf("within the hour it did %q", removed)
	}
	c.idle()
	c.on(1, time.Hour).mustReconcile()
	if removed := c.take("delete"); len(removed) != 2 {
		t.Errorf("a quarter of 6, rounded up, may go, and it did %q", removed)
	}
	if e := c.enforcedBy(); e.Reason == v1alpha1.ReasonRemovalsLimited {
		t.Errorf("nothing waits, and Enforced = %+v", e)
	}
}

// Two releases share the limit; a Critical revocation knows none.
func TestReconcileSharesTheLimit(t *testing.T) {
	c := twoFleets(t).on(1, 0)
	c.mustReconcile()
	c.reconcileOther("m2")
	c.take()
	fails := fixture.Evaluation("e3", "attack", "0.9", fixture.About(fixture.Weights("m2"), fixture.Server("m2")), fixture.For("m2"), fixture.At(fixture.Day(1)))
	measured := fails.Status
	if err := errors.Join(c.api.Create(t.Context(), &fails), func() error {
		fails.Status = measured
		return c.api.Status().Update(t.Context(), &fails)
	}()); err != nil {
		t.Fatal(err)
	}
	c.on(1, time.Minute).reconcileOther("m2")
	if removed := c.take("delete"); len(removed) > 0 {
		t.Errorf("m1 used the limit up, and it did %q", removed)
	}

	revoked := read(c, fixture.Release("m2"))
	revoked.Spec.Revocation = &v1alpha1.Revocation{Severity: v1alpha1.RevocationCritical, Reason: "the weights are not those that were evaluated"}
	if err := c.api.Update(t.Context(), revoked); err != nil {
		t.Fatal(err)
	}
	// The finding is the graver cause, and slower. Without it the revocation takes all.
	if err := c.api.Delete(t.Context(), &fails); err != nil {
		t.Fatal(err)
	}
	var findings v1alpha1.AdverseFindingList
	if err := c.api.List(t.Context(), &findings); err != nil {
		t.Fatal(err)
	}
	for i := range findings.Items {
		if findings.Items[i].Spec.Evidence.Name == "e3" {
			if err := c.api.Delete(t.Context(), &findings.Items[i]); err != nil {
				t.Fatal(err)
			}
		}
	}
	c.on(1, 2*time.Minute).reconcileOther("m2")
	removed := c.take("delete")
	slices.Sort(removed)
	if diff := cmp.Diff([]string{"delete Pod q0", "delete Pod q1", "delete Pod q2", "delete Pod q3"}, removed); diff != "" {
		t.Errorf("removed (-want +got):\n%s", diff)
	}
}

// What serves cannot be counted: then what is limited waits, and the clearance goes all the same.
func TestReconcileWithoutACount(t *testing.T) {
	for sentence, call := range map[string]string{
		"the releases": "cached list ModelReleaseList", "the namespace": "cached get Namespace serving",
	} {
		t.Run(sentence, func(t *testing.T) {
			c := twoFleets(t).on(1, 0)
			live := c.live()
			reads := cached{live, c}
			c.reconciler = &ModelReleaseReconciler{Client: reads, Live: live, Events: c, Now: c.now, verdicts: newVerdicts(), looked: newVerdicts(), seenTemplates: newVerdicts()}
			courses, err := c.reconciler.course(t.Context(), types.NamespacedName{Namespace: fixture.Namespace, Name: "m1"})
			if err != nil {
				t.Fatal(err)
			}
			c.fails[call] = errBroken
			if _, err := c.reconciler.limit(t.Context(), &courses); !errors.Is(err, errBroken) {
				t.Errorf("error = %v", err)
			}
			if len(courses.plan.Removals) > 0 || !courses.plan.Clearance.Withdraw {
				t.Errorf("plan = %+v", courses.plan)
			}
		})
	}
}

// What serves in a namespace that is not enforced is no part of what may be taken away, and what is held serves nothing.
func TestServingUnder(t *testing.T) {
	c := newCluster(t, governed(v1alpha1.GateEnforced), demanding(), release(), fixture.Release("m2"), fixture.Release("m3", fixture.Governed("other")),
		running(renamed("p0")), running(renamed("p1"), waits), running(renamed("p2"), ended(corev1.PodFailed)), dying(running(renamed("p3"))),
		running(renamed("q0"), ofRelease("m2")), running(renamed("r0"), ofRelease("m3")))
	live := c.live()
	r := &ModelReleaseReconciler{Client: cached{live, c}, Live: live, Now: now}
	serving := func() (names []string) {
		t.Helper()
		units, err := r.servingUnder(t.Context(), "rsp")
		if err != nil {
			t.Fatal(err)
		}
		for _, unit := range units {
			if len(unit) != 1 {
				t.Errorf("a unit of %v", unit)
			}
			for _, name := range []string{"p0", "p1", "p2", "p3", "q0", "r0"} {
				if unit[0] == fixture.UID(name) {
					names = append(names, name)
				}
			}
		}
		return names
	}
	if diff := cmp.Diff([]string{"p0", "q0"}, serving()); diff != "" {
		t.Errorf("serving (-want +got):\n%s", diff)
	}
	ns := read(c, governed(""))
	ns.Labels[v1alpha1.LabelGate] = v1alpha1.GateAudited
	if err := c.api.Update(t.Context(), ns); err != nil {
		t.Fatal(err)
	}
	if names := serving(); len(names) > 0 {
		t.Errorf("serving = %q", names)
	}
}
