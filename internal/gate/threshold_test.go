// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"slices"
	"testing"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
)

func TestThresholdsThatRequire(t *testing.T) {
	// own is a threshold that raises to ASL-2, which is declared anyway, and asks for a safeguard against it alone.
	own := policy(fixture.Requiring("ASL-2", "card"), fixture.Raising("T", "ASL-2", "uplift"), fixture.RequiringBeside("T", "filter"),
		fixture.Defining("card"), fixture.Defining("uplift"), fixture.Defining("filter", fixture.ValidFor(20), fixture.NeededFrom("Internal")))
	filter := fixture.Evaluation("f", "filter", "0.1")
	raising := append(slices.Clone(own), func(p *v1alpha1.SafetyPolicy) { p.Spec.Thresholds[0].RaisesTo = "ASL-3" })
	failure := evaluation("e", "0.9")
	stands := fixture.Finding("stands", "uplift", gate.Digest([]v1alpha1.SubjectArtifact{fixture.Weights("m1")}, nil), fixture.From(&failure))
	for name, test := range map[string]struct {
		rules []func(*v1alpha1.SafetyPolicy)
		determinationCase
	}{
		"while it is ruled out it requires nothing": {own, determinationCase{
			peopleCase: peopleCase{evaluations: list(card(), evaluation("e", "0.1")), wantGranted: "General", wantSummary: "; ruled out: T."}, wantState: ruledOut,
		}},
		"while it is open what it requires is a gate": {own, determinationCase{
			peopleCase: peopleCase{
				evaluations: list(card(), evaluation("e", "0.3")), wantReason: v1alpha1.ReasonEvidenceIndeterminate, wantGranted: "Evaluation",
				wantSummary: "T is open (uplift is Indeterminate: a later evaluation has to be clear); T, which is open, needs filter, which is Missing",
			},
			wantState: open, wantLevel: "ASL-2",
		}},
		"what it requires opens it, and ends the grant": {own, determinationCase{
			peopleCase: peopleCase{evaluations: list(card(), evaluation("e", "0.3"), filter), wantGranted: "General", wantSummary: "card and filter are Met. The first of its evidence counts until 2026-01-21T00:00:00Z"},
			wantState:  open,
		}},
		"while it is reached what it requires is a gate, and taken away for": {raising, determinationCase{
			peopleCase: peopleCase{evaluations: list(card(), failure), findings: findings(stands), wantReason: v1alpha1.ReasonAdverseFinding, wantGranted: "Evaluation"},
			wantState:  reached, wantAdverse: true,
		}},
		"at a level that is declared anyway it is not taken away for": {own, determinationCase{
			peopleCase: peopleCase{evaluations: list(card(), failure), findings: findings(stands), wantReason: v1alpha1.ReasonEvidenceMissing, wantGranted: "Evaluation"},
			wantState:  reached,
		}},
		"where what it requires is met the grant lasts as long as that or what rules it out": {own, determinationCase{
			peopleCase: peopleCase{
				policy:      policy(func(p *v1alpha1.SafetyPolicy) { fixture.ValidFor(15)(&p.Spec.Requirements[1]) }),
				evaluations: list(card(), evaluation("e", "0.1"), filter), wantGranted: "General", wantSummary: "; ruled out: T. The first of its evidence counts until 2026-01-21T00:00:00Z",
			},
			wantState: ruledOut,
		}},
		"a waiver sets it aside": {own, determinationCase{
			peopleCase: peopleCase{
				policy:      policy(fixture.Waiving("ceo", "rso")),
				evaluations: list(card(), evaluation("e", "0.3")), waivers: waivers(asked("w", naming("filter"))), approvals: granting(asked("w")), wantGranted: "General",
			},
			wantState: open,
		}},
	} {
		t.Run(name, func(t *testing.T) { test.check(t, test.rules...) })
	}
}

func TestOnlyEvaluationsRuleOut(t *testing.T) {
	test := determinationCase{
		peopleCase: peopleCase{
			evaluations: list(card()), approvals: approvals(signed("ann", "rso")), wantReason: v1alpha1.ReasonEvidenceMissing,
			policy: policy(func(p *v1alpha1.SafetyPolicy) { fixture.Signing("rso")(&p.Spec.Requirements[0]) }),
		},
		wantState: open, wantThreshold: "Nothing can rule it out, since ruledOutBy names uplift, which no evaluation answers; correct the policy.",
	}
	test.check(t, capable()...)
}

func TestReasonsByWeight(t *testing.T) {
	rules := policy(fixture.Requiring("ASL-2", "sign-off", "checked", "absent", "unclear", "old", "contested", "recalled"),
		fixture.Defining("sign-off", fixture.Signing("rso")), fixture.Defining("checked", fixture.Checked(v1alpha1.SafeguardEgressDenied)),
		fixture.Defining("absent"), fixture.Defining("unclear"), fixture.Defining("old", fixture.ValidFor(5)),
		fixture.Defining("contested", fixture.Signing("ceo")), fixture.Defining("recalled"))
	given := peopleCase{
		evaluations: list(fixture.Evaluation("u", "unclear", "0.3"), fixture.Evaluation("o", "old", "0.1"),
			fixture.Evaluation("r", "recalled", "0.1", fixture.Revoked(v1alpha1.RevocationAdvisory))),
		approvals: approvals(signed("no", "ceo", fixture.Saying(object))),
	}
	in := given.input(rules...)
	order := []struct{ without, reason string }{
		{"", v1alpha1.ReasonRevoked},
		{"recalled", v1alpha1.ReasonObjected},
		{"contested", v1alpha1.ReasonEvidenceExpired},
		{"old", v1alpha1.ReasonEvidenceIndeterminate},
		{"unclear", v1alpha1.ReasonEvidenceMissing},
		{"absent", v1alpha1.ReasonSafeguardNotInPlace},
		{"checked", v1alpha1.ReasonApprovalMissing},
	}
	for _, step := range order {
		in.Policy.Spec.Levels[0].Requires = slices.DeleteFunc(in.Policy.Spec.Levels[0].Requires, func(name string) bool { return name == step.without })
		if got := gate.Decide(in); got.Reason != step.reason {
			t.Errorf("of %v the reason is %s, want %s", in.Policy.Spec.Levels[0].Requires, got.Reason, step.reason)
		}
	}
}
