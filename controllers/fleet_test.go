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
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/clearance"
	"github.com/scalegate/scalegate/internal/fixture"
)

// fleetOf is a namespace in which so many pods, p0 and so on, serve m1 at General, which was granted a day ago. Its
// evidence ends on day 100, and the policy's grace 14 days later.
func fleetOf(t *testing.T, pods int) *cluster {
	t.Helper()
	all := []client.Object{
		governed(v1alpha1.GateEnforced, clearance.Key("m1"), standing().String()), demanding(), release(), result("0.1"), replicaSet(),
	}
	for i := range pods {
		all = append(all, running(renamed(fmt.Sprintf("p%d", i)), born(i)))
	}
	c := newCluster(t, all...)
	c.mustReconcile()
	c.log, c.notes = nil, nil
	return c
}

// born makes pods younger the higher their number.
func born(i int) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.CreationTimestamp = metav1.NewTime(fixture.Day(0).Add(time.Duration(i) * time.Minute))
	}
}

// on sets the clock to a day, and some more.
func (c *cluster) on(n int, more time.Duration) *cluster {
	c.clock = metav1.NewTime(fixture.Day(n).Add(more))
	return c
}

// take empties the log and returns the lines that begin with one of these words; all where none is given.
func (c *cluster) take(verbs ...string) []string {
	lines := slices.DeleteFunc(c.log, func(line string) bool {
		return len(verbs) > 0 && !slices.Contains(verbs, strings.Fields(line)[0])
	})
	c.log = nil
	return lines
}

// idle fails the test unless two more looks write nothing.
func (c *cluster) idle() {
	c.t.Helper()
	c.log = nil
	c.mustReconcile()
	c.mustReconcile()
	c.wantLog()
}

// enforcedBy is the condition Enforced of m1.
func (c *cluster) enforcedBy() metav1.Condition {
	c.t.Helper()
	found := meta.FindStatusCondition(read(c, release()).Status.Conditions, v1alpha1.ConditionEnforced)
	if found == nil {
		c.t.Fatal("there is no condition Enforced")
	}
	return *found
}

func tooMany() error { return apierrors.NewTooManyRequests("it would violate the budget", 0) }

// What a PodDisruptionBudget refuses is asked for again, and deleted when the policy's time for evictions is over.
func TestReconcileEvictsPastABudget(t *testing.T) {
	c := fleetOf(t, 4).on(115, 0)
	c.fails["evict Pod p3"] = tooMany()
	got := c.mustReconcile()
	if diff := cmp.Diff([]string{"evict Pod p3"}, c.take("evict", "delete")); diff != "" {
		t.Errorf("removed (-want +got):\n%s", diff)
	}
	if got.RequeueAfter == 0 || got.RequeueAfter > evictAgain {
		t.Errorf("asks again after %v", got.RequeueAfter)
	}
	if e := c.enforcedBy(); e.Reason != v1alpha1.ReasonRemoving || !strings.Contains(e.Message, "PodDisruptionBudget") {
		t.Errorf("Enforced = %+v", e)
	}
	c.on(115, evictAgain).mustReconcile()
	c.wantLog("evict Pod p3")
	delete(c.fails, "evict Pod p3")
	c.log = nil
	c.on(115, 2*evictAgain).mustReconcile()
	if diff := cmp.Diff([]string{"evict Pod p3", "event EvidenceExpired Pod p3"}, slices.DeleteFunc(c.take("evict", "delete", "event"), func(line string) bool {
		return strings.HasSuffix(line, "ModelRelease m1")
	})); diff != "" {
		t.Errorf("removed (-want +got):\n%s", diff)
	}
	c.fails["evict Pod p2"] = tooMany()
	c.on(115, 9*time.Minute).mustReconcile()
	c.take()
	c.on(115, 10*time.Minute).mustReconcile()
	if diff := cmp.Diff([]string{"delete Pod p2"}, c.take("evict", "delete")); diff != "" {
		t.Errorf("removed (-want +got):\n%s", diff)
	}
}

// Any other answer than that of a budget is an error, and one that is gone or another by now is none.
func TestReconcileEvictionGoesWrong(t *testing.T) {
	twoBudgets := apierrors.NewInternalError(errors.New("this pod has more than one PodDisruptionBudget"))
	for sentence, test := range map[string]struct {
		fails, wantErr error
	}{
		"another error is one":                 {errBroken, errBroken},
		"that there are two budgets is one":    {twoBudgets, twoBudgets},
		"a pod that is gone is none":           {missing(), nil},
		"and neither is one that was replaced": {conflict(), nil},
	} {
		t.Run(sentence, func(t *testing.T) {
			c := fleetOf(t, 4).on(115, 0)
			c.fails["evict Pod p3"] = test.fails
			if _, err := c.reconcile(); !errors.Is(err, test.wantErr) {
				t.Errorf("error = %v", err)
			}
			want := v1alpha1.ReasonRemoving
			if test.wantErr != nil {
				want = v1alpha1.ReasonEnforcementError
			}
			if e := c.enforcedBy(); e.Reason != want {
				t.Errorf("Enforced = %+v", e)
			}
			if slices.Contains(c.log, "event EvidenceExpired Pod p3") {
				t.Errorf("told of what did not happen: %q", c.log)
			}
			if w := read(c, release()).Status.Withdrawal; w == nil || w.Cause != v1alpha1.WithdrawalLapsed {
				t.Errorf("withdrawal = %+v", w)
			}
		})
	}
}

// Many pods are read in one list and opened several at a time; one that was changed meanwhile waits for the next look, and
// keeps no other.
func TestReconcileOpensManyAtATime(t *testing.T) {
	objects := []client.Object{governed(v1alpha1.GateEnforced), demanding(), release(), result("0.1")}
	var want []string
	for i := range 40 {
		name := fmt.Sprintf("p%d", i)
		objects = append(objects, running(waits, renamed(name), born(i)))
		want = append(want, "patch Pod "+name)
	}
	c := newCluster(t, objects...)
	for i := range 40 {
		c.fails[fmt.Sprintf("get Pod p%d", i)] = errBroken // none is read by itself
	}
	c.fails["patch Pod p7"] = conflict()
	c.mustReconcile()
	opened := slices.DeleteFunc(c.take("patch"), func(line string) bool { return !strings.Contains(line, " Pod ") })
	slices.Sort(opened)
	slices.Sort(want)
	if diff := cmp.Diff(want, opened); diff != "" {
		t.Errorf("opened (-want +got):\n%s", diff)
	}
	clear(c.fails)
	c.mustReconcile()
	if diff := cmp.Diff([]string{"patch Pod p7"}, c.take("patch")); diff != "" {
		t.Errorf("opened (-want +got):\n%s", diff)
	}
	c.mustReconcile()
	c.idle()
}

// A list of the held pods that fails opens nothing.
func TestReconcileReadsManyLive(t *testing.T) {
	objects := []client.Object{governed(v1alpha1.GateEnforced), demanding(), release(), result("0.1")}
	for i := range readOneByOne + 1 {
		objects = append(objects, running(waits, renamed(fmt.Sprintf("p%d", i)), func(p *corev1.Pod) {
			if i == 1 {
				p.Spec.HostPID = true
			}
		}))
	}
	c := newCluster(t, objects...)
	c.fails["list PodList"] = errBroken
	if _, err := c.reconcile(); !errors.Is(err, errBroken) || len(c.log) > 0 {
		t.Errorf("error = %v, did %q", err, c.log)
	}
	clear(c.fails)
	c.mustReconcile()
	opened := c.take("patch")
	if slices.Contains(opened, "patch Pod p1") || !slices.Contains(opened, "patch Pod p0") || len(opened) != readOneByOne+1 {
		t.Errorf("opened %q", opened)
	}
}

// While a lapse is in its grace what ends is replaced, one for one, and nothing grows.
func TestReconcileReplacesInAFreeze(t *testing.T) {
	c := fleetOf(t, 2).on(101, 0)
	c.mustReconcile()
	frozen := read(c, release()).Status.Withdrawal
	if e := c.enforcedBy(); e.Reason != v1alpha1.ReasonFrozen || e.Status != metav1.ConditionTrue ||
		frozen == nil || frozen.Cause != v1alpha1.WithdrawalLapsed || !frozen.Time.Time.Equal(fixture.Day(100)) || !frozen.GraceEndTime.Time.Equal(fixture.Day(114)) {
		t.Fatalf("Enforced %+v, withdrawal %+v", e, frozen)
	}
	if diff := cmp.Diff([]string{"event EvidenceExpired ModelRelease m1", "event ExposureChanged ModelRelease m1", "event Frozen ModelRelease m1"}, c.take("event")); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	for i, name := range []string{"x", "y"} {
		if err := c.api.Create(t.Context(), unstored(running(waits, renamed(name), born(10+i)))); err != nil {
			t.Fatal(err)
		}
	}
	c.mustReconcile()
	if opened := c.take("patch", "delete", "evict"); len(opened) > 0 {
		t.Errorf("nothing ended, and it did %q", opened)
	}
	if err := c.api.Delete(t.Context(), running(renamed("p0"))); err != nil {
		t.Fatal(err)
	}
	c.mustReconcile()
	if diff := cmp.Diff([]string{"patch Pod x"}, c.take("patch", "delete", "evict")); diff != "" {
		t.Errorf("did (-want +got):\n%s", diff)
	}
	c.mustReconcile()
	c.idle()
	// When the grace is over nothing is replaced any more.
	if err := c.api.Delete(t.Context(), running(renamed("p1"))); err != nil {
		t.Fatal(err)
	}
	c.on(114, 0).mustReconcile()
	if opened := c.take("patch"); len(opened) > 0 {
		t.Errorf("opened %q", opened)
	}
}

// unstored is an object as it is before an API server has it.
func unstored[T client.Object](o T) T {
	o.SetResourceVersion("")
	return o
}

// From the lapse to the last pod each thing is told once, however often it is looked at.
func TestReconcileTellsOnceOfAWithdrawal(t *testing.T) {
	c := fleetOf(t, 2)
	var told []string
	look := func(n int, more time.Duration) {
		c.on(n, more)
		for range 3 {
			c.mustReconcile()
		}
		told = append(told, c.take("event")...)
	}
	look(100, 0)
	look(107, 0)
	look(114, 0)
	look(114, time.Minute)
	want := []string{
		"event EvidenceExpired ModelRelease m1", "event ExposureChanged ModelRelease m1", "event Frozen ModelRelease m1",
		"event Removing ModelRelease m1", "event EvidenceExpired Pod p1", "event EvidenceExpired Pod p0",
		"event WithdrawalEnforced ModelRelease m1",
	}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	w := read(c, release()).Status.Withdrawal
	if w == nil || w.EnforcedTime == nil || !w.EnforcedTime.Time.Equal(fixture.Day(114)) {
		t.Errorf("withdrawal = %+v", w)
	}
	c.idle()
}

// Each warning before the end of evidence is given once, by a manager that looks only when it said that it would.
func TestReconcileWarnsBeforeEvidenceEnds(t *testing.T) {
	c := fleetOf(t, 1)
	c.on(1, 0)
	type warned struct {
		what  string
		after time.Duration
	}
	var got []warned
	for c.clock.Time.Before(fixture.Day(100)) {
		next := c.mustReconcile().RequeueAfter
		for _, line := range c.take("event") {
			got = append(got, warned{line, c.clock.Sub(fixture.Day(0))})
		}
		c.mustReconcile() // once more at the same time
		if next <= 0 || len(c.take()) > 0 {
			t.Fatalf("at %v it looks again after %v, and is not idle", c.clock, next)
		}
		c.clock = metav1.NewTime(c.clock.Add(next))
	}
	const day = 24 * time.Hour
	want := []warned{
		{"event EvidenceEndsWithin14Days ModelRelease m1", 86 * day}, {"event EvidenceEndsWithin3Days ModelRelease m1", 97 * day},
		{"event EvidenceEndsWithin1Day ModelRelease m1", 99 * day},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(warned{})); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
	fresh := meta.FindStatusCondition(read(c, release()).Status.Conditions, v1alpha1.ConditionFresh)
	for _, part := range []string{"attack", "e1", fixture.Day(100).UTC().Format(time.RFC3339)} {
		if !strings.Contains(fresh.Message, part) {
			t.Errorf("%q does not say %q", fresh.Message, part)
		}
	}
}

// A status that was made from an old one is not stored, and nothing of it is told: the cache is behind.
func TestReconcileTellsNothingFromAnOldStatus(t *testing.T) {
	c := fleetOf(t, 1).on(98, 23*time.Hour)
	c.mustReconcile()
	c.take()
	old := read(c.on(99, time.Hour), release())
	c.mustReconcile()
	if diff := cmp.Diff([]string{"apply ModelRelease m1", "event EvidenceEndsWithin1Day ModelRelease m1"}, c.take()); diff != "" {
		t.Fatalf("did (-want +got):\n%s", diff)
	}
	var seen []client.Object
	for _, o := range []client.Object{governed(""), demanding(), result("0.1"), replicaSet(), running(renamed("p0"))} {
		seen = append(seen, unstored(read(c, o)))
	}
	c.lagging(append(seen, unstored(old.DeepCopy()))...)
	behind := c.cache
	// The API server's version of the release is another than the cache's.
	if read(c, release()).ResourceVersion == mustGet(t, behind, release()).ResourceVersion {
		t.Fatal("the cache is not behind")
	}
	c.mustReconcile()
	if diff := cmp.Diff([]string{"apply ModelRelease m1"}, c.take()); diff != "" {
		t.Errorf("did (-want +got):\n%s", diff)
	}
	c.cache = c.api
	c.idle()
}

func mustGet[T client.Object](t *testing.T, reader client.Reader, o T) T {
	t.Helper()
	if err := reader.Get(t.Context(), client.ObjectKeyFromObject(o), o); err != nil {
		t.Fatal(err)
	}
	return o
}

// A manager that ended after it withdrew the clearance, and before it could tell, still knows what was granted.
func TestReconcileRemembersWhatItCouldNotReport(t *testing.T) {
	c := fleetOf(t, 2).on(100, 0)
	c.fails["apply ModelRelease m1"] = errBroken
	if _, err := c.reconcile(); !errors.Is(err, errBroken) {
		t.Fatalf("error = %v", err)
	}
	if _, ok := c.hasClearance(); ok || read(c, release()).Status.Withdrawal != nil {
		t.Fatal("the clearance stands, or the withdrawal was recorded")
	}
	clear(c.fails)
	c.reconciler = nil // another process
	c.mustReconcile()
	w := read(c, release()).Status.Withdrawal
	if w == nil || w.Exposure != "General" || w.Cause != v1alpha1.WithdrawalLapsed || continued(w) != 2 {
		t.Errorf("withdrawal = %+v", w)
	}
}

// Why a pod is held is written on it once. That it cannot be written keeps nothing back.
func TestReconcileTellsAPodWhyItIsHeld(t *testing.T) {
	c := newCluster(t, governed(v1alpha1.GateEnforced), demanding(), release(), running(waits))
	c.mustReconcile()
	text := read(c, running()).Annotations[v1alpha1.AnnotationHoldReason]
	if reason, where, ok := strings.Cut(text, ": "); !ok || reason != v1alpha1.ReasonEvidenceMissing || !strings.Contains(where, "m1") {
		t.Errorf("it says %q", text)
	}
	c.idle()
	for sentence, test := range map[string]struct{ fails, want error }{
		"it was changed":                       {conflict(), nil},
		"it has no room for annotations":       {apierrors.NewInvalid(schema.GroupKind{Kind: "Pod"}, "p", nil), nil},
		"somebody's policy refuses it":         {apierrors.NewForbidden(schema.GroupResource{Resource: "pods"}, "p", errors.New("no")), nil},
		"the API server is away, so try again": {errBroken, errBroken},
	} {
		t.Run(sentence, func(t *testing.T) {
			c := newCluster(t, governed(v1alpha1.GateEnforced), demanding(), release(), running(waits))
			c.fails["note Pod p"] = test.fails
			if _, err := c.reconcile(); !errors.Is(err, test.want) {
				t.Errorf("error = %v", err)
			}
			if e := c.enforcedBy(); e.Reason != v1alpha1.ReasonEnforced {
				t.Errorf("Enforced = %+v", e)
			}
		})
	}
}
