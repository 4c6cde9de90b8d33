// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package retention_test

import (
	"testing"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/retention"
)

// What people signed becomes void when evidence becomes weaker. It must not recover when that is forgotten.
func TestWhatPeopleSignedOn(t *testing.T) {
	unclear, latest := result("old", "0.3", 0), result("latest", "0.1", 100)
	under := func(day int, modifiers ...func(*v1alpha1.SafetyPolicy)) func(*retention.Input) {
		return func(in *retention.Input) {
			in.Now = fixture.Day(day)
			fixture.Roles("rso", "ceo")(in.Policy)
			for _, modify := range modifiers {
				modify(in.Policy)
			}
		}
	}
	approval := fixture.Defining("sign-off", fixture.Signing("rso"), fixture.ValidFor(150))
	for name, test := range map[string]testCase{
		"without anything to sign it goes":                      {evaluations: list(unclear, latest), change: under(131), want: []string{"old"}},
		"an approval may count until its longest validity ends": {evaluations: list(unclear, latest), change: under(250, approval)},
		"and then it goes":                                      {evaluations: list(unclear, latest), change: under(251, approval), want: []string{"old"}},
		"so may a waiver":                                       {evaluations: list(unclear, latest), change: under(130, fixture.Waiving("rso", "ceo"))},
		"and no longer":                                         {evaluations: list(unclear, latest), change: under(131, fixture.Waiving("rso", "ceo")), want: []string{"old"}},
		"and a determination": {
			evaluations: list(unclear, latest),
			change:      under(220, fixture.Determining("rso"), func(p *v1alpha1.SafetyPolicy) { p.Spec.Determinations.MaxDays = 120 }),
		},
	} {
		t.Run(name, test.run)
	}
}

// Who brought evidence may not approve, and is not let off when the evidence is deleted.
func TestWhoBroughtEvidence(t *testing.T) {
	differ := fixture.Defining("sign-off", fixture.Signing("rso"), fixture.ValidFor(1), func(r *v1alpha1.Requirement) {
		r.Approval.DifferFrom = []v1alpha1.Party{v1alpha1.PartyEvaluator}
	})
	by := fixture.BroughtBy
	for name, test := range map[string]testCase{
		"the only one of its evaluator stays": {evaluations: list(result("old", "0.1", 0, by("ann")), result("latest", "0.1", 180, by("bob")))},
		"one goes while another of the same evaluator stays": {
			evaluations: list(result("old", "0.1", 0, by("ann")), result("latest", "0.1", 180, by("ann"))), want: []string{"old"},
		},
		"of several of one evaluator that may go, none is counted on": {
			evaluations: list(result("old", "0.1", 0, by("ann")), result("older", "0.1", 10, by("ann")), result("latest", "0.1", 180, by("bob"))),
		},
	} {
		t.Run(name, func(t *testing.T) {
			test.change = func(in *retention.Input) {
				fixture.Roles("rso")(in.Policy)
				differ(in.Policy)
			}
			test.run(t)
		})
	}
}

// A result that only hinders the release takes no place of one that speaks for it.
func TestWhatHindersTakesNoPlace(t *testing.T) {
	for name, test := range map[string]testCase{
		"an author's result between the bounds": {
			evaluations: list(result("old", "0.1", 0, fixture.BroughtBy("bob")), result("latest", "0.3", 180, fixture.BroughtBy("ann"))),
		},
		"somebody else's": {
			evaluations: list(result("old", "0.1", 0, fixture.BroughtBy("bob")), result("latest", "0.3", 180, fixture.BroughtBy("bob"))), want: []string{"old"},
		},
		"of two of the author the later": {
			evaluations: list(result("old", "0.3", 0, fixture.BroughtBy("ann")), result("latest", "0.3", 180, fixture.BroughtBy("ann"))), want: []string{"old"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			test.change = func(in *retention.Input) {
				fixture.AuthoredBy("ann")(in.Release)
				fixture.Independently(v1alpha1.IndependenceInternal)(&in.Policy.Spec.Requirements[0])
			}
			test.run(t)
		})
	}
}

// What people and the cluster answer has no results. An evaluation that is for it all the same is kept.
func TestNothingIsExpendableForPeopleAndChecks(t *testing.T) {
	for name, modify := range map[string]func(*v1alpha1.Requirement){
		"an approval":            fixture.Signing("rso"),
		"a check of the cluster": fixture.Checked(v1alpha1.SafeguardEgressDenied),
		"nothing at all":         func(r *v1alpha1.Requirement) { r.Evaluation = nil },
	} {
		t.Run(name, func(t *testing.T) {
			testCase{
				evaluations: list(result("old", "0.1", 0), result("latest", "0.1", 180)),
				change:      func(in *retention.Input) { modify(&in.Policy.Spec.Requirements[0]) },
			}.run(t)
		})
	}
}
