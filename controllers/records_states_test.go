// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
)

// What people made about a release says why it does not count, each reason with what kstatus wants beside it.
func TestReconcileSaysWhyARecordDoesNotCount(t *testing.T) {
	p := signedPolicy()
	w := waivable()
	fixture.Defining("second")(w)
	fixture.Requiring("ASL-2", "attack", "second")(w)
	madeOn := func(n int) func(*v1alpha1.ReleaseApproval) {
		return func(a *v1alpha1.ReleaseApproval) { a.CreationTimestamp = metav1.NewTime(fixture.Day(n)) }
	}
	again := func(a *v1alpha1.ReleaseApproval) {
		a.Spec.Approver, a.CreationTimestamp = "rita@example.com", metav1.NewTime(fixture.Day(3))
	}
	asked := func(name string, made, ends int) *v1alpha1.ReleaseWaiver {
		x := waiverOf(w, func(x *v1alpha1.ReleaseWaiver) {
			x.Name, x.UID = name, fixture.UID(name)
			x.CreationTimestamp, x.Spec.EndTime = metav1.NewTime(fixture.Day(made)), metav1.NewTime(fixture.Day(ends))
		})
		return x
	}
	about := func(x *v1alpha1.ReleaseWaiver, requirement string) *v1alpha1.ReleaseWaiver {
		x.Spec.Requirements = []string{requirement}
		return x
	}
	emergency := waiverOf(w, func(x *v1alpha1.ReleaseWaiver) { x.Name, x.UID = "early", fixture.UID("early") }, fixture.BreakingGlass())
	shared := approvalOf("rita", "rso", w, fixture.RegardingWaiver(emergency))
	late := about(asked("w", 8, 15), "second")
	late.CreationTimestamp = metav1.NewTime(fixture.Day(9).Add(-time.Hour))
	fixture.BreakingGlass()(late)
	atOnce := func(a *v1alpha1.ReleaseApproval) { a.CreationTimestamp = late.CreationTimestamp }
	for reason, test := range map[string]struct {
		policy *v1alpha1.SafetyPolicy
		others []client.Object
		record client.Object
		want   string
	}{
		v1alpha1.ReasonNotYet: {p, nil, approvalOf("rita", "rso", p, madeOn(30)), "Reconciling"},
		v1alpha1.ReasonOtherArtifacts: {p, nil, approvalOf("rita", "rso", p, func(a *v1alpha1.ReleaseApproval) {
			a.Spec.SubjectDigest = fixture.SHA256("another")
		}), "Stalled"},
		v1alpha1.ReasonPolicyChanged: {p, nil, approvalOf("rita", "rso", p, func(a *v1alpha1.ReleaseApproval) {
			a.Spec.PolicyRevision = fixture.SHA256("another")
		}), "Stalled"},
		v1alpha1.ReasonReplaced:       {p, []client.Object{approvalOf("later", "rso", p, again)}, approvalOf("rita", "rso", p), "Stalled"},
		v1alpha1.ReasonTooLong:        {w, nil, asked("w", 1, 90), "Stalled"},
		v1alpha1.ReasonWeakerEvidence: {w, []client.Object{new(fixture.Evaluation("e1", "attack", "0.3", fixture.At(fixture.Day(2))))}, asked("w", 1, 15), "Stalled"},
		v1alpha1.ReasonNoNewEvidence:  {w, []client.Object{asked("first", 1, 5)}, asked("w", 8, 15), "Stalled"},
		v1alpha1.ReasonReviewOverdue: {w, []client.Object{
			emergency, shared,
			approvalOf("ann", "rso", w, fixture.RegardingWaiver(late), atOnce),
		}, late, "Stalled"},
	} {
		t.Run(reason, func(t *testing.T) {
			objects := append([]client.Object{governed(v1alpha1.GateEnforced), release(), test.policy, test.record}, test.others...)
			c := newCluster(t, objects...).on(9, 0)
			c.mustReconcile()
			x := recordOf(read(c, test.record))
			want := "Ready=False " + reason + ", " + test.want + "=True " + reason
			if got := inBrief(summaryConditions(x.status.Conditions)); got != want {
				t.Errorf("it is %q, want %q", got, want)
			}
		})
	}
}
