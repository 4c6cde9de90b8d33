// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/audit"
	"github.com/scalegate/scalegate/internal/fixture"
)

// records are those of the release "m1", in their order.
func (c *cluster) records() []v1alpha1.GateDecision {
	c.t.Helper()
	list := &v1alpha1.GateDecisionList{}
	if err := c.api.List(c.t.Context(), list, client.InNamespace(fixture.Namespace)); err != nil {
		c.t.Fatal(err)
	}
	slices.SortFunc(list.Items, func(a, b v1alpha1.GateDecision) int { return strings.Compare(a.Name, b.Name) })
	return list.Items
}

// wantChain fails the test unless the records are whole, and the status of the release names the last.
func (c *cluster) wantChain(records int) {
	c.t.Helper()
	all := c.records()
	if len(all) != records {
		c.t.Fatalf("%d records, want %d", len(all), records)
	}
	status := read(c, release()).Status.Decision
	if status == nil {
		c.t.Fatal("the status of the release names no record")
	}
	head := audit.Head{Namespace: fixture.Namespace, Release: "m1", Sequence: status.Sequence, Digest: status.Digest, Last: true}
	for _, chain := range audit.Chains(all, []audit.Head{head}) {
		if problems := audit.Verify(chain); len(problems) > 0 {
			c.t.Errorf("problems: %v", problems)
		}
	}
}

// restart makes the manager forget what it knew.
func (c *cluster) restart() { c.reconciler = nil }

func TestADecisionIsRecordedBeforeAnythingIsGiven(t *testing.T) {
	c := newCluster(t, waitingWorld()...)
	c.mustReconcile()
	if want := []string{
		"create GateDecision m1-00000001", "patch Namespace serving", "patch Deployment d", "patch Pod p", "apply ModelRelease m1",
		"event Released ModelRelease m1", "event ExposureChanged ModelRelease m1", "event Released Deployment d",
	}; !slices.Equal(want, c.all) {
		t.Errorf("log:\n%q\nwant:\n%q", c.all, want)
	}
	c.wantChain(1)
	got := c.records()[0]
	if got.Spec.GrantedExposure != "General" || got.Spec.Reason != v1alpha1.ReasonEvidenceComplete || got.Status.EnforcedTime != nil {
		t.Errorf("record = %+v", got)
	}
	c.all, c.clock = nil, metav1.NewTime(now().Add(time.Minute))
	c.mustReconcile()
	if want := []string{"patch status of GateDecision m1-00000001"}; !slices.Equal(want, c.all) {
		t.Errorf("once it holds: %q, want %q", c.all, want)
	}
	if at := c.records()[0].Status.EnforcedTime; at == nil || !at.Equal(&c.clock) {
		t.Errorf("enforced at %v, want %v", at, c.clock)
	}
}

// Where nothing changes, nothing is read of records and nothing written.
func TestADecisionThatStaysCostsNothing(t *testing.T) {
	c := newCluster(t, waitingWorld()...)
	c.mustReconcile()
	c.mustReconcile()
	c.all = nil
	c.fails["list GateDecisionList"], c.fails["get GateDecision m1-00000001"] = errBroken, errBroken
	c.fails["get ModelRelease m1"], c.fails["list SafetyEvaluationList"] = errBroken, errBroken
	c.mustReconcile()
	c.clock = metav1.NewTime(now().Add(time.Hour))
	c.mustReconcile()
	if len(c.all) > 0 {
		t.Errorf("log: %q", c.all)
	}
}

func TestTheNextRecordFollowsOnTheLast(t *testing.T) {
	c := newCluster(t, waitingWorld()...)
	c.mustReconcile()
	c.mustReconcile()
	revoked := read(c, result("0.1"))
	fixture.Revoked(v1alpha1.RevocationCritical)(revoked)
	if err := c.api.Update(t.Context(), revoked); err != nil {
		t.Fatal(err)
	}
	c.mustReconcile()
	c.wantChain(2)
	first, second := c.records()[0], c.records()[1]
	if second.Spec.Previous != first.Spec.Digest || !second.Spec.PreviousEnforcedTime.Equal(first.Status.EnforcedTime) || first.Status.EnforcedTime == nil {
		t.Errorf("the first: %+v, the second: %+v", first.Status, second.Spec)
	}
	want := []string{
		"SafetyEvaluation e1 changed", "requirement attack: Met -> Revoked", "granted: General -> nothing", "reason: EvidenceComplete -> Revoked",
	}
	if diff := cmp.Diff(want, second.Spec.Causes); diff != "" {
		t.Errorf("causes (-want +got):\n%s", diff)
	}
}

// While the record of a decision cannot be written nothing is given, and once it can be all is.
func TestNothingIsGivenWithoutARecord(t *testing.T) {
	for name, call := range map[string]string{
		"it cannot be created":         "create GateDecision m1-00000001",
		"the last one cannot be found": "list GateDecisionList",
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, waitingWorld()...)
			c.fails[call] = errBroken
			if _, err := c.reconcile(); !errors.Is(err, errBroken) {
				t.Errorf("error %v", err)
			}
			c.wantLog("apply ModelRelease m1", "event DecisionNotRecorded ModelRelease m1", "event ExposureChanged ModelRelease m1", "note Pod p")
			if _, cleared := c.hasClearance(); cleared {
				t.Error("a clearance was written")
			}
			r := read(c, release())
			enforced := meta.FindStatusCondition(r.Status.Conditions, v1alpha1.ConditionEnforced)
			if enforced == nil || enforced.Status != metav1.ConditionFalse || enforced.Reason != v1alpha1.ReasonDecisionNotRecorded || r.Status.Decision != nil {
				t.Errorf("enforced = %+v, decision %v", enforced, r.Status.Decision)
			}
			delete(c.fails, call)
			c.mustReconcile()
			if _, cleared := c.hasClearance(); !cleared {
				t.Error("no clearance was written")
			}
			c.wantChain(1)
		})
	}
}

// What has to go goes, whether or not that can be recorded.
func TestWhatClosesDoesNotWaitForARecord(t *testing.T) {
	c := newCluster(t, served(result("0.9"))...)
	c.fails["list GateDecisionList"] = errBroken
	if _, err := c.reconcile(); !errors.Is(err, errBroken) {
		t.Errorf("error %v", err)
	}
	if c.exists(&corev1.Pod{ObjectMeta: stored("p")}) {
		t.Error("the pod serves still")
	}
	if _, cleared := c.hasClearance(); cleared {
		t.Error("the clearance stands still")
	}
	if len(c.records()) > 0 {
		t.Errorf("records: %v", c.records())
	}
}

// A lease is renewed without a record of its own, and not where another decision could not be recorded.
func TestARenewalIsNoOtherDecision(t *testing.T) {
	c := newCluster(t, waitingWorld()...)
	c.mustReconcile()
	c.mustReconcile()
	before, _ := c.hasClearance()
	c.clock, c.all = metav1.NewTime(now().Add(6*24*time.Hour)), nil
	c.mustReconcile()
	if after, _ := c.hasClearance(); after == before || len(c.records()) != 1 || slices.Contains(c.all, "create GateDecision m1-00000002") {
		t.Errorf("clearance %s after %s, log %q", after, before, c.all)
	}
}

func TestAManagerThatStartsFindsTheLastRecord(t *testing.T) {
	c := newCluster(t, waitingWorld()...)
	c.mustReconcile()
	c.mustReconcile()
	c.restart()
	c.all = nil
	c.mustReconcile()
	if len(c.all) > 0 {
		t.Errorf("log: %q", c.all)
	}
	c.wantChain(1)
}

// A manager that ended between the record and the status left a record that the next one takes for its own.
func TestARecordOfTheSameDecisionIsTaken(t *testing.T) {
	c := newCluster(t, waitingWorld()...)
	c.fails["apply ModelRelease m1"] = errBroken
	if _, err := c.reconcile(); !errors.Is(err, errBroken) {
		t.Errorf("error %v", err)
	}
	delete(c.fails, "apply ModelRelease m1")
	c.restart()
	c.mustReconcile()
	c.wantChain(1)
}

// Two managers that take themselves for the leader make one chain.
func TestAnotherManagersRecordIsFollowed(t *testing.T) {
	c := newCluster(t, waitingWorld()...)
	c.mustReconcile()
	late := c.reconciler
	change := func(do func(*v1alpha1.SafetyEvaluation)) {
		t.Helper()
		e := read(c, result("0.1"))
		do(e)
		if err := c.api.Update(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	change(fixture.Revoked(v1alpha1.RevocationAdvisory))
	c.restart()
	c.mustReconcile()
	change(func(e *v1alpha1.SafetyEvaluation) { e.Spec.Requirement = "other" })
	c.reconciler = late
	c.mustReconcile()
	c.wantChain(3)
}

// What was removed behind the manager's back stays to be seen: the next record follows on what is gone.
func TestAGapStays(t *testing.T) {
	reference := &v1alpha1.DecisionReference{Sequence: 5, Digest: fixture.SHA256("gone")}
	objects := waitingWorld()
	for _, o := range objects {
		if r, ok := o.(*v1alpha1.ModelRelease); ok {
			r.Status.Decision = reference
		}
	}
	c := newCluster(t, objects...)
	c.mustReconcile()
	got := c.records()
	if len(got) != 1 || got[0].Name != "m1-00000006" || got[0].Spec.Previous != reference.Digest {
		t.Fatalf("records = %+v", got)
	}
	if diff := cmp.Diff([]string{"the record of the decision before is not there"}, got[0].Spec.Causes); diff != "" {
		t.Errorf("causes (-want +got):\n%s", diff)
	}
}

func TestTheChainGoesOnWhenTheReleaseIsMadeAnew(t *testing.T) {
	c := newCluster(t, waitingWorld()...)
	c.mustReconcile()
	if err := c.api.Delete(t.Context(), read(c, release())); err != nil {
		t.Fatal(err)
	}
	c.mustReconcile()
	if got := len(c.records()); got != 1 {
		t.Errorf("%d records: that a release is gone is no decision about it", got)
	}
	again := release()
	again.UID = "another"
	if err := c.api.Create(t.Context(), again); err != nil {
		t.Fatal(err)
	}
	c.mustReconcile()
	c.wantChain(2)
	if got := c.records()[1].Spec; got.ReleaseUID != "another" || got.Causes[0] != "ModelRelease m1 was deleted and made anew" {
		t.Errorf("record = %+v", got)
	}
}

func TestWhereDecisionsAreRecorded(t *testing.T) {
	ending := governed(v1alpha1.GateEnforced)
	ending.Finalizers, ending.DeletionTimestamp = []string{"example.com/wait"}, new(now())
	for name, test := range map[string]struct {
		namespace *corev1.Namespace
		records   int
		enforced  bool
	}{
		"an enforced namespace":             {governed(v1alpha1.GateEnforced), 1, true},
		"an audited namespace":              {governed(v1alpha1.GateAudited), 1, false},
		"a namespace without a gate":        {governed(""), 1, false},
		"a namespace that is being deleted": {ending, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, test.namespace, demanding(), release(), result("0.1"))
			c.mustReconcile()
			c.mustReconcile()
			got := c.records()
			if len(got) != test.records || test.records > 0 && (got[0].Status.EnforcedTime != nil) != test.enforced {
				t.Errorf("%d records, %+v", len(got), got)
			}
		})
	}
}

// While something serves above what was decided, the decision is not enforced.
func TestAFrozenDecisionIsNotEnforced(t *testing.T) {
	c := newCluster(t, served(result("0.1"))...)
	c.mustReconcile()
	c.clock = metav1.NewTime(fixture.Day(101))
	c.mustReconcile()
	c.mustReconcile()
	got := c.records()
	last := got[len(got)-1]
	if reason := reasonOf(read(c, release()).Status, v1alpha1.ConditionEnforced); reason != v1alpha1.ReasonFrozen || last.Status.EnforcedTime != nil {
		t.Errorf("%s, and the record says %v", reason, last.Status.EnforcedTime)
	}
}
