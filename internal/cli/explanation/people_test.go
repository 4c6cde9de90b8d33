// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package explanation_test

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/cli/explanation"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
)

// signed is a policy that people have a part in: two have to approve for General and a board is told before, two may waive,
// and two may judge a threshold.
func signed(modifiers ...func(*v1alpha1.SafetyPolicy)) *v1alpha1.SafetyPolicy {
	return asl2(append([]func(*v1alpha1.SafetyPolicy){
		fixture.Roles("rso", "ceo", "board"),
		fixture.Defining("sign-off", fixture.Signing("rso", "ceo"), fixture.NeededFrom("General"), func(r *v1alpha1.Requirement) {
			r.Approval.NotifyBefore = []string{"board"}
			r.Approval.DifferFrom = []v1alpha1.Party{v1alpha1.PartyAuthor, v1alpha1.PartyEvaluator}
		}),
		fixture.Requiring("ASL-2", "sign-off"), fixture.Waiving("rso", "ceo"), fixture.Determining("rso", "ceo"),
	}, modifiers...)...)
}

func authored(r *v1alpha1.ModelRelease) { r.Spec.Authors = []string{"author@example.com"} }

// shownUnder is what people were shown who sign for m1 under a policy.
func shownUnder(p *v1alpha1.SafetyPolicy) fixture.Shown {
	return fixture.Shown{Subject: gate.Digest(gate.Artifacts(fixture.Release("m1")), nil), Revision: gate.Revision(&p.Spec)}
}

// said adds to a situation what people said, and decides anew.
func said(in gate.Input, approvals ...v1alpha1.ReleaseApproval) explanation.Situation {
	in.Approvals = append(in.Approvals, approvals...)
	return governed(in)
}

func told(shown fixture.Shown) v1alpha1.ReleaseApproval {
	return fixture.Approval("bert", "board", shown, fixture.Saying(v1alpha1.DecisionAcknowledge))
}

// approvalSituations are those in which people have to approve.
func approvalSituations() map[string]explanation.Situation {
	p := signed()
	shown := shownUnder(p)
	release := fixture.Release("m1", authored)
	in := input(release, p, ruledOut()...)
	rita, carl := fixture.Approval("rita", "rso", shown), fixture.Approval("carl", "ceo", shown)
	author := fixture.Approval("author", "ceo", shown)
	ended := fixture.Approval("cleo", "ceo", shown, func(a *v1alpha1.ReleaseApproval) { a.Spec.EndTime = &metav1.Time{Time: fixture.Day(5)} })
	objection := fixture.Approval("carl-2", "ceo", shown, fixture.Saying(v1alpha1.DecisionObject), func(a *v1alpha1.ReleaseApproval) {
		a.Spec.Approver, a.Spec.Rationale = "carl@example.com", "the red team found a way around the filter"
		a.CreationTimestamp = metav1.NewTime(fixture.Day(3))
	})
	return map[string]explanation.Situation{
		"approval-missing": said(in, rita, author),
		"approved":         said(in, rita, carl, told(shown)),
		"approval-ended":   said(in, rita, ended, told(shown)),
		"objected":         said(in, rita, carl, objection, told(shown)),
	}
}

// waiverSituations are those in which something is set aside.
func waiverSituations() map[string]explanation.Situation {
	p := signed()
	shown := shownUnder(p)
	in := input(fixture.Release("m1", authored), p, ruledOut()[0], ruledOut()[2])
	in.Approvals = []v1alpha1.ReleaseApproval{fixture.Approval("rita", "rso", shown), fixture.Approval("carl", "ceo", shown), told(shown)}
	w := fixture.Waiver("w", "card", shown)
	rita := fixture.Approval("rita-w", "rso", shown, fixture.RegardingWaiver(&w))
	carl := fixture.Approval("carl-w", "ceo", shown, fixture.RegardingWaiver(&w))
	in.Waivers = []v1alpha1.ReleaseWaiver{w}

	urgent := fixture.Waiver("u", "card", shown, fixture.BreakingGlass())
	emergency := in
	emergency.Now, emergency.Waivers = fixture.Day(1).Add(time.Hour), []v1alpha1.ReleaseWaiver{urgent}
	return map[string]explanation.Situation{
		"waived":           said(in, rita, carl),
		"waiver-asked-for": said(in, rita),
		"break-glass":      said(emergency, fixture.Approval("rita-u", "rso", shown, fixture.RegardingWaiver(&urgent))),
	}
}

// judgementSituations are those in which somebody judged a threshold, or is particular about who evaluated and how.
func judgementSituations() map[string]explanation.Situation {
	p := signed()
	shown := shownUnder(p)
	between := ruledOut()
	between[0] = fixture.Evaluation("bio-1", "bio", "0.3")
	in := input(fixture.Release("m1", authored), p, between...)
	in.Approvals = []v1alpha1.ReleaseApproval{fixture.Approval("rita", "rso", shown), fixture.Approval("carl", "ceo", shown), told(shown)}
	out := fixture.Determination("d", "CBRN-3", v1alpha1.ConclusionRuledOut, shown)
	in.Determinations = []v1alpha1.ReleaseDetermination{out}
	reached := input(fixture.Release("m1", authored), p, ruledOut()...)
	reached.Approvals = in.Approvals
	reached.Determinations = []v1alpha1.ReleaseDetermination{fixture.Determination("d", "CBRN-3", v1alpha1.ConclusionReached, shown)}

	particular := asl2(func(p *v1alpha1.SafetyPolicy) {
		for i := range p.Spec.Requirements {
			switch r := &p.Spec.Requirements[i]; r.Name {
			case "bio":
				r.Independence = v1alpha1.IndependenceIndependent
			case "card":
				r.Elicitation = &v1alpha1.ElicitationCriterion{
					Variants: []v1alpha1.ElicitationVariant{v1alpha1.VariantHelpfulOnly}, MinTrials: new(int32(10)), Budget: v1alpha1.BudgetRequired,
				}
			}
		}
		p.Spec.IndependentEvaluators = &v1alpha1.IndependentEvaluators{Users: []string{"institute@example.com"}}
	})
	alerting := asl2(func(p *v1alpha1.SafetyPolicy) {
		p.Spec.Requirements[1].Evaluation.AlertAt, p.Spec.Requirements[1].Evaluation.AlertValidForDays = "0.01", new(int32(20))
	})
	return map[string]explanation.Situation{
		"determination-asked-for": said(in, fixture.Approval("rita-d", "rso", shown, fixture.RegardingDetermination(&out))),
		"determined": said(in, fixture.Approval("rita-d", "rso", shown, fixture.RegardingDetermination(&out)),
			fixture.Approval("carl-d", "ceo", shown, fixture.RegardingDetermination(&out))),
		"determined-reached":           governed(reached),
		"independence-and-elicitation": governed(input(fixture.Release("m1", authored), particular, ruledOut()...)),
		"alert":                        governed(input(fixture.Release("m1"), alerting, ruledOut()...)),
	}
}

// clusterSituations are those in which a check of the cluster is asked for, or the policy was changed.
func clusterSituations() map[string]explanation.Situation {
	p := asl2(fixture.Requiring("ASL-2", "egress"), func(p *v1alpha1.SafetyPolicy) {
		p.Spec.Requirements = append(p.Spec.Requirements, v1alpha1.Requirement{
			Name: "egress", NeededFrom: "Internal", Check: &v1alpha1.SafeguardCheck{Type: v1alpha1.SafeguardEgressDenied},
		})
	})
	in := input(fixture.Release("m1", authored), p, ruledOut()...)
	const broken = "NetworkPolicy open selects pod chat-1 and allows every destination: delete it, or narrow it"
	in.Safeguards = []gate.SafeguardFact{{Requirement: "egress", Type: v1alpha1.SafeguardEgressDenied, State: v1alpha1.SafeguardBroken, Message: broken}}
	unsafe := governed(in)
	unsafe.Input.Release.Status.Safeguards = []v1alpha1.SafeguardStatus{{
		Requirement: "egress", Type: v1alpha1.SafeguardEgressDenied, State: v1alpha1.SafeguardBroken, Message: broken,
		LookedAt: "2 NetworkPolicies, 3 pods", CannotSee: "whether the network plugin enforces NetworkPolicies",
	}}
	strict := asl2(fixture.Defining("redteam"), fixture.Requiring("ASL-2", "redteam"))
	pending := input(fixture.Release("m1"), asl2(), ruledOut()...)
	pending.InForce = strict
	return map[string]explanation.Situation{"safeguard-broken": unsafe, "policy-pending": governed(pending)}
}
