// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
)

// ruled is a policy that a "ceo" has to approve a weakening of, which waits for 60 seconds; ceiling says how weak it is.
func ruled(ceiling int32) *v1alpha1.SafetyPolicy {
	p := fixture.Policy("rsp", fixture.Roles("ceo"))
	p.Spec.Exposures[2].MaxReplicas = &ceiling
	p.Spec.Revisions = &v1alpha1.RevisionRules{Quorum: fixture.Quorum("ceo"), CoolOffSeconds: new(int32(60))}
	p.Annotations = map[string]string{v1alpha1.AnnotationAuthor: "pat"}
	return p
}

// revise reconciles the policy as the cache has it.
func (c *cluster) revise() error {
	c.t.Helper()
	p := &v1alpha1.SafetyPolicy{}
	if err := c.cache.Get(c.t.Context(), client.ObjectKey{Name: "rsp"}, p); err != nil {
		c.t.Fatal(err)
	}
	r := &SafetyPolicyReconciler{Client: cached{c.live(), c}, Live: c.live(), Events: c, Now: c.now}
	result, err := r.Reconcile(c.t.Context(), p)
	c.again = result.RequeueAfter
	return err
}

// becomes gives the stored policy another ceiling, in the cache as well, and revises it.
func (c *cluster) becomes(ceiling int32) {
	c.t.Helper()
	stored := read(c, ruled(0))
	stored.Spec.Exposures[2].MaxReplicas = &ceiling
	if err := c.api.Update(c.t.Context(), stored); err != nil {
		c.t.Fatal(err)
	}
	c.log = nil
	if err := c.revise(); err != nil {
		c.t.Fatal(err)
	}
}

func revisionRecord(name string) *v1alpha1.PolicyRevision {
	return &v1alpha1.PolicyRevision{ObjectMeta: metav1.ObjectMeta{Name: name}}
}

// wantRevision compares the condition Ready of a record.
func (c *cluster) wantRevision(name, reason string) *v1alpha1.PolicyRevision {
	c.t.Helper()
	r := read(c, revisionRecord(name))
	ready := meta.FindStatusCondition(r.Status.Conditions, v1alpha1.ConditionReady)
	if ready == nil || ready.Reason != reason || (ready.Status == metav1.ConditionTrue) != (reason == v1alpha1.ReasonInForce) {
		c.t.Errorf("%s is %+v, want %s", name, ready, reason)
	}
	neverBoth(c.t, r.Status.Conditions)
	return r
}

func policyApprovalOf(r *v1alpha1.PolicyRevision, name, who string, decision v1alpha1.ApprovalDecision) *v1alpha1.PolicyApproval {
	return &v1alpha1.PolicyApproval{
		ObjectMeta: metav1.ObjectMeta{Name: name, UID: fixture.UID(name), Generation: 1, CreationTimestamp: now()},
		Spec: v1alpha1.PolicyApprovalSpec{
			Policy: r.Spec.Policy, PolicyRevision: r.Spec.Revision, Sequence: r.Spec.Sequence, Role: "ceo", Decision: decision, Approver: who,
		},
	}
}

func TestRevisionsOfAPolicy(t *testing.T) {
	c := newCluster(t, ruled(10))
	if err := c.revise(); err != nil {
		t.Fatal(err)
	}
	c.wantLog("create PolicyRevision rsp-1", "apply PolicyRevision rsp-1", "apply SafetyPolicy rsp")
	c.wantRevision("rsp-1", v1alpha1.ReasonInForce)

	c.becomes(20)
	c.wantLog("create PolicyRevision rsp-2", "event PolicyWeakened SafetyPolicy rsp", "apply PolicyRevision rsp-2", "apply SafetyPolicy rsp")
	if note := c.notes[len(c.notes)-1]; !strings.Contains(note, "by pat weakens the policy: spec.exposures[General].maxReplicas") {
		t.Errorf("the event says %q", note)
	}
	weak := c.wantRevision("rsp-2", v1alpha1.ReasonAwaitingQuorum)
	c.wantRevision("rsp-1", v1alpha1.ReasonInForce)
	if p := read(c, ruled(0)); p.Status.PendingRevision != weak.Spec.Revision || *p.Status.Sequence != 2 || meta.IsStatusConditionTrue(p.Status.Conditions, v1alpha1.ConditionReady) {
		t.Errorf("the policy says %+v", p.Status)
	}

	if err := c.api.Create(t.Context(), policyApprovalOf(weak, "a1", "carl", v1alpha1.DecisionApprove)); err != nil {
		t.Fatal(err)
	}
	if err := c.revise(); err != nil {
		t.Fatal(err)
	}
	c.wantRevision("rsp-2", v1alpha1.ReasonCoolingOff)
	if c.again <= 0 || c.again > time.Minute {
		t.Errorf("it is looked at again in %s", c.again)
	}
	c.clock = metav1.NewTime(now().Add(c.again))
	if err := c.revise(); err != nil {
		t.Fatal(err)
	}
	weak = c.wantRevision("rsp-2", v1alpha1.ReasonInForce)
	c.wantRevision("rsp-1", v1alpha1.ReasonReplaced)
	if !weak.Status.InForceTime.Equal(&c.clock) {
		t.Errorf("in force since %v, and it is %v", weak.Status.InForceTime, c.clock)
	}

	c.becomes(5)
	c.wantRevision("rsp-3", v1alpha1.ReasonInForce)
	c.log = nil
	if err := c.revise(); err != nil {
		t.Fatal(err)
	}
	c.wantLog()
}

func TestACacheThatLagsMakesNoSecondRecord(t *testing.T) {
	c := newCluster(t, ruled(10))
	if err := c.revise(); err != nil {
		t.Fatal(err)
	}
	c.becomes(20)
	// The cache shows neither record, and then not the policy as it is.
	c.lagging(read(c, ruled(0)))
	c.log = nil
	if err := c.revise(); err != nil {
		t.Fatal(err)
	}
	if slices.ContainsFunc(c.log, func(call string) bool { return strings.HasPrefix(call, "create") }) {
		t.Errorf("a second record was made: %v", c.log)
	}
	c.lagging(ruled(10))
	c.log = nil
	if err := c.revise(); err != nil || c.again == 0 {
		t.Errorf("%v, looked at again in %s", err, c.again)
	}
	c.wantLog()
}

func TestAnObjectionThatTheCacheDoesNotShowStops(t *testing.T) {
	c := newCluster(t, ruled(10))
	if err := c.revise(); err != nil {
		t.Fatal(err)
	}
	c.becomes(20)
	weak := read(c, revisionRecord("rsp-2"))
	approval := policyApprovalOf(weak, "a1", "carl", v1alpha1.DecisionApprove)
	for _, a := range []*v1alpha1.PolicyApproval{approval, policyApprovalOf(weak, "a2", "olga", v1alpha1.DecisionObject)} {
		if err := c.api.Create(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	c.lagging(read(c, ruled(0)), read(c, revisionRecord("rsp-1")), weak, approval)
	c.clock = metav1.NewTime(now().Add(time.Hour))
	if err := c.revise(); err != nil {
		t.Fatal(err)
	}
	c.wantRevision("rsp-2", v1alpha1.ReasonObjected)
}

func TestNothingComesIntoForceOnAFailedRead(t *testing.T) {
	for _, call := range []string{"get SafetyPolicy rsp", "list PolicyRevisionList", "list PolicyApprovalList", "cached list PolicyApprovalList", "cached list PolicyRevisionList", "apply PolicyRevision rsp-2"} {
		t.Run(call, func(t *testing.T) {
			c := newCluster(t, ruled(10))
			if err := c.revise(); err != nil {
				t.Fatal(err)
			}
			c.becomes(20)
			weak := read(c, revisionRecord("rsp-2"))
			if err := c.api.Create(t.Context(), policyApprovalOf(weak, "a1", "carl", v1alpha1.DecisionApprove)); err != nil {
				t.Fatal(err)
			}
			c.clock = metav1.NewTime(now().Add(time.Hour))
			c.fails[call] = errBroken
			if err := c.revise(); !errors.Is(err, errBroken) {
				t.Errorf("error = %v", err)
			}
			if r := read(c, revisionRecord("rsp-2")); r.Status.InForceTime != nil {
				t.Errorf("it is in force: %+v", r.Status)
			}
		})
	}
}

func TestWithoutTheRecordInForceNothingComesIntoForce(t *testing.T) {
	c := newCluster(t, ruled(10))
	if err := c.revise(); err != nil {
		t.Fatal(err)
	}
	c.becomes(20)
	if err := c.api.Delete(t.Context(), revisionRecord("rsp-1")); err != nil {
		t.Fatal(err)
	}
	if err := c.revise(); err != nil {
		t.Fatal(err)
	}
	if r := c.wantRevision("rsp-2", v1alpha1.ReasonAwaitingQuorum); r.Status.InForceTime != nil {
		t.Errorf("it is in force: %+v", r.Status)
	}
}

func TestReconcilePolicyApproval(t *testing.T) {
	c := newCluster(t, ruled(10))
	if err := c.revise(); err != nil {
		t.Fatal(err)
	}
	c.becomes(20)
	weak := read(c, revisionRecord("rsp-2"))
	unknown, elsewhere := policyApprovalOf(weak, "early", "carl", v1alpha1.DecisionApprove), policyApprovalOf(weak, "elsewhere", "carl", v1alpha1.DecisionApprove)
	unknown.Spec.Sequence, elsewhere.Spec.Policy = 9, "another"
	for want, a := range map[string]*v1alpha1.PolicyApproval{
		v1alpha1.ReasonCounts:         policyApprovalOf(weak, "good", "carl", v1alpha1.DecisionApprove),
		v1alpha1.ReasonNotSeparate:    policyApprovalOf(weak, "own", "pat", v1alpha1.DecisionApprove),
		v1alpha1.ReasonRecordNotFound: unknown,
		v1alpha1.ReasonPolicyNotFound: elsewhere,
		v1alpha1.ReasonNotInRole:      policyApprovalOf(read(c, revisionRecord("rsp-1")), "needless", "carl", v1alpha1.DecisionApprove),
	} {
		if err := c.api.Create(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		r := &PolicyApprovalReconciler{Client: cached{c.live(), c}, Now: c.now}
		for range 2 {
			if _, err := r.Reconcile(t.Context(), read(c, a)); err != nil {
				t.Fatal(err)
			}
		}
		conditions := read(c, a).Status.Conditions
		neverBoth(t, conditions)
		if ready := meta.FindStatusCondition(conditions, v1alpha1.ConditionReady); ready == nil || ready.Reason != want {
			t.Errorf("%s is %+v, want %s", a.Name, ready, want)
		}
	}
}

// What is said of a record stays when others come: a policy that changes often costs no more each time.
func TestAnotherRevisionRewritesOnlyTheOneBefore(t *testing.T) {
	c := newCluster(t, ruled(10))
	if err := c.revise(); err != nil {
		t.Fatal(err)
	}
	for ceiling := int32(9); ceiling > 6; ceiling-- {
		c.becomes(ceiling)
	}
	c.log = nil
	c.becomes(6)
	for _, old := range []string{"rsp-1", "rsp-2", "rsp-3"} {
		if slices.Contains(c.log, "apply PolicyRevision "+old) {
			t.Errorf("%s is written again: %v", old, c.log)
		}
	}
	if got := meta.FindStatusCondition(read(c, revisionRecord("rsp-1")).Status.Conditions, v1alpha1.ConditionReady); got == nil ||
		got.Message != "PolicyRevision rsp-2 came after it" {
		t.Errorf("rsp-1 is %+v", got)
	}
}
