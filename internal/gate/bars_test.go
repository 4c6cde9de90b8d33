// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"strings"
	"testing"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
)

const (
	author    = "dev@example.com"
	colleague = "safety@example.com"
	outsider  = "lab@auditor.example"
)

func trusting(p *v1alpha1.SafetyPolicy) {
	fixture.Trusting(v1alpha1.IndependentEvaluators{Users: []string{outsider}, Groups: []string{"auditors"}})(p)
}

func authored(modifiers ...func(*v1alpha1.ModelRelease)) []func(*v1alpha1.ModelRelease) {
	return append([]func(*v1alpha1.ModelRelease){fixture.AuthoredBy("boss@example.com", author)}, modifiers...)
}

func TestIndependence(t *testing.T) {
	internal := requirement(fixture.Independently(v1alpha1.IndependenceInternal))
	independent := requirement(fixture.Independently(v1alpha1.IndependenceIndependent))
	by := fixture.BroughtBy
	for name, test := range map[string]requirementCase{
		"where nothing is asked an author may bring evidence": {
			evaluations: list(evaluation("e", "0.1", by(author))), want: met, wantEvidence: "e",
		},
		"Internal: a colleague of the authors may": {
			requirement: internal, evaluations: list(evaluation("e", "0.1", by(colleague))), want: met, wantEvidence: "e",
		},
		"Internal: an author may not": {
			requirement: internal, evaluations: list(evaluation("e", "0.1", by(author))), want: missing,
			wantMessage: "because an author of the release brought it (somebody who is not in its spec.authors has to): 1.",
		},
		"Internal: nobody knows who brought what is not stamped": {
			requirement: internal, evaluations: list(evaluation("e", "0.1", by(""))), want: missing, wantMessage: "because nobody knows who brought it",
		},
		"Internal: nobody knows who is an author of a release without authors": {
			requirement: internal, release: []func(*v1alpha1.ModelRelease){fixture.AuthoredBy()},
			evaluations: list(evaluation("e", "0.1", by(colleague))), want: missing, wantMessage: "because nobody knows the authors of the release",
		},
		"Independent: a colleague may not": {
			requirement: independent, evaluations: list(evaluation("e", "0.1", by(colleague, "staff"))), want: missing,
			wantMessage: "because whoever brought it is not independent (somebody whom independentEvaluators of the policy names has to): 1.",
		},
		"Independent: a user whom the policy names may": {
			requirement: independent, evaluations: list(evaluation("e", "0.1", by(outsider))), want: met, wantEvidence: "e",
		},
		"Independent: somebody of a group that the policy names may": {
			requirement: independent, evaluations: list(evaluation("e", "0.1", by("guest@example.com", "staff", "auditors"))), want: met, wantEvidence: "e",
		},
		"Independent: an author may not, whatever the policy names": {
			requirement: independent, release: []func(*v1alpha1.ModelRelease){fixture.AuthoredBy(outsider)},
			evaluations: list(evaluation("e", "0.1", by(outsider, "auditors"))), want: missing, wantMessage: "because an author",
		},
		"a word that nobody knows asks for the most": {
			requirement: requirement(fixture.Independently("Remote")), evaluations: list(evaluation("e", "0.1", by(colleague))), want: missing,
		},
		"a failing result counts from an author": {
			requirement: independent, evaluations: list(evaluation("e", "0.9", by(author))), want: failed,
		},
		"a failing result counts from whoever is not stamped": {
			requirement: independent, evaluations: list(evaluation("e", "0.9", by(""))), want: failed,
		},
		"what an author brings in vain leaves an earlier result of somebody else": {
			requirement: independent, evaluations: list(evaluation("a", "0.1", by(outsider)), evaluation("b", "0.1", by(author), day(5))),
			want: met, wantEvidence: "a", wantExpires: 100,
		},
		"a result between the bounds hinders, whoever brought it": {
			requirement: independent, evaluations: list(evaluation("a", "0.1", by(outsider)), evaluation("b", "0.3", by(author), day(5))),
			want: indeterminate, wantEvidence: "b",
		},
		"one that cannot be used is told as that": {
			requirement: independent, evaluations: list(evaluation("e", "NaN", by(author))), want: indeterminate, wantEvidence: "e", wantMessage: "no finite number",
		},
		"each reason is counted": {
			requirement: independent,
			evaluations: list(evaluation("a", "0.1", by(author)), evaluation("b", "0.1", by(colleague)), evaluation("c", "0.1", by(colleague))),
			want:        missing, wantMessage: "names has to): 2.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			test.release = authored(test.release...)
			test.policy = trusting
			testRequirement(t, test)
		})
	}
	t.Run("a policy that names nobody has no independent evaluator", func(t *testing.T) {
		testRequirement(t, requirementCase{
			requirement: independent, release: authored(), evaluations: list(evaluation("e", "0.1", by(outsider, "auditors"))), want: missing,
		})
	})
}

func TestElicitation(t *testing.T) {
	asking := func(c v1alpha1.ElicitationCriterion) []func(*v1alpha1.Requirement) {
		return requirement(fixture.Elicited(c))
	}
	trials := asking(v1alpha1.ElicitationCriterion{MinTrials: new(int32(10))})
	variants := asking(v1alpha1.ElicitationCriterion{Variants: []v1alpha1.ElicitationVariant{v1alpha1.VariantHelpfulOnly, v1alpha1.VariantAsDeployed}})
	aggregations := asking(v1alpha1.ElicitationCriterion{Aggregations: []v1alpha1.Aggregation{v1alpha1.AggregationPassAtK, v1alpha1.AggregationMaxOfN}})
	hours := asking(v1alpha1.ElicitationCriterion{MinRedTeamHours: new(int32(20))})
	budget := asking(v1alpha1.ElicitationCriterion{Budget: v1alpha1.BudgetRequired})
	with := func(modify func(*v1alpha1.Elicitation)) []v1alpha1.SafetyEvaluation {
		return list(evaluation("e", "0.1", fixture.Eliciting(modify)))
	}
	good := list(evaluation("e", "0.1", fixture.Eliciting()))
	for name, test := range map[string]requirementCase{
		"as many trials as asked for are enough": {requirement: trials, evaluations: good, want: met, wantEvidence: "e"},
		"one trial fewer is not": {
			requirement: trials, evaluations: with(func(r *v1alpha1.Elicitation) { r.Trials = new(int32(9)) }), want: missing,
			wantMessage: "for want of a record of elicitation (spec.elicitation has to state trials of at least 10): 1.",
		},
		"trials that are not stated are none": {requirement: trials, evaluations: with(func(r *v1alpha1.Elicitation) { r.Trials = nil }), want: missing},
		"without a record nothing is shown":   {requirement: trials, evaluations: list(evaluation("e", "0.1")), want: missing},
		"one of the variants is enough":       {requirement: variants, evaluations: good, want: met, wantEvidence: "e"},
		"another variant is not": {
			requirement: variants, evaluations: with(func(r *v1alpha1.Elicitation) { r.Variant = v1alpha1.VariantFineTuned }), want: missing,
			wantMessage: "variant HelpfulOnly or AsDeployed",
		},
		"a variant that is not stated is none": {requirement: variants, evaluations: with(func(r *v1alpha1.Elicitation) { r.Variant = "" }), want: missing},
		"one of the aggregations is enough":    {requirement: aggregations, evaluations: good, want: met, wantEvidence: "e"},
		"another aggregation is not": {
			requirement: aggregations, evaluations: with(func(r *v1alpha1.Elicitation) { r.Aggregation = v1alpha1.AggregationMean }), want: missing,
		},
		"as many hours as asked for are enough": {requirement: hours, evaluations: good, want: met, wantEvidence: "e"},
		"one hour fewer is not":                 {requirement: hours, evaluations: with(func(r *v1alpha1.Elicitation) { r.RedTeamHours = new(int32(19)) }), want: missing},
		"a stated budget is enough":             {requirement: budget, evaluations: good, want: met, wantEvidence: "e"},
		"a blank budget is none":                {requirement: budget, evaluations: with(func(r *v1alpha1.Elicitation) { r.Budget = " \n" }), want: missing},
		"a failing result counts without a record": {
			requirement: trials, evaluations: list(evaluation("e", "0.9")), want: failed,
		},
		"one between the bounds hinders without a record": {
			requirement: trials, evaluations: list(evaluation("a", "0.1", fixture.Eliciting()), evaluation("b", "0.3", day(3))), want: indeterminate, wantEvidence: "b",
		},
	} {
		t.Run(name, func(t *testing.T) { testRequirement(t, test) })
	}
	t.Run("all that is asked for is told", func(t *testing.T) {
		testRequirement(t, requirementCase{
			requirement: asking(v1alpha1.ElicitationCriterion{
				Variants: []v1alpha1.ElicitationVariant{v1alpha1.VariantHelpfulOnly}, MinTrials: new(int32(3)),
				Aggregations: []v1alpha1.Aggregation{v1alpha1.AggregationMaxOfN}, MinRedTeamHours: new(int32(40)), Budget: v1alpha1.BudgetRequired,
			}),
			evaluations: list(evaluation("e", "0.1")), want: missing,
			wantMessage: "variant HelpfulOnly, trials of at least 3, aggregation MaxOfN, redTeamHours of at least 40, budget)",
		})
	})
}

func TestSaturation(t *testing.T) {
	for name, test := range map[string]requirementCase{
		"a clear result shows nothing": {
			evaluations: list(evaluation("e", "0.1")), want: indeterminate, wantEvidence: "e", wantMessage: "The policy says that the evaluation is saturated",
		},
		"nor does a later one clear what came before": {
			evaluations: list(evaluation("a", "0.3"), evaluation("b", "0.1", day(5))), want: indeterminate, wantEvidence: "b",
		},
		"a failing result fails":         {evaluations: list(evaluation("e", "0.9")), want: failed},
		"without a result there is none": {want: missing},
		"a word that nobody knows is no promise": {
			requirement: requirement(func(r *v1alpha1.Requirement) { r.Standing = "Retired" }), evaluations: list(evaluation("e", "0.1")), want: indeterminate, wantEvidence: "e",
		},
		"what is active counts": {
			requirement: requirement(func(r *v1alpha1.Requirement) { r.Standing = v1alpha1.StandingActive }), evaluations: list(evaluation("e", "0.1")), want: met, wantEvidence: "e",
		},
	} {
		t.Run(name, func(t *testing.T) {
			test.requirement = append(requirement(fixture.Saturated()), test.requirement...)
			testRequirement(t, test)
		})
	}
	t.Run("it rules no threshold out, and the policy has to change", func(t *testing.T) {
		policy := rsp()
		policy.Spec.Requirements[2].Standing = v1alpha1.StandingSaturated
		d := gate.Decide(gate.Input{Now: fixture.Day(1), Release: fixture.Release("m1"), Policy: policy, Evaluations: results("card=0.1", "bio=0.1")})
		if d.Thresholds[0].State != v1alpha1.ThresholdOpen || d.GrantedExposure != "Evaluation" {
			t.Errorf("CBRN-3 is %s and %q is granted", d.Thresholds[0].State, d.GrantedExposure)
		}
		if act := d.Requirements[2].Change.Act; act != gate.ActRevisePolicy || !strings.Contains(d.Message, "saturated") {
			t.Errorf("it asks to %s: %s", act, d.Message)
		}
	})
}

func TestAlert(t *testing.T) {
	type answer struct {
		alert   bool
		expires int
	}
	for name, test := range map[string]struct {
		modify []func(*v1alpha1.Requirement)
		value  string
		want   answer
	}{
		"beyond the bound of the alert there is none":       {requirement(fixture.Alerting("0.15", 10)), "0.1", answer{false, 100}},
		"at the bound there is one":                         {requirement(fixture.Alerting("0.15", 10)), "0.15", answer{true, 10}},
		"between the bound and clearAt there is one":        {requirement(fixture.Alerting("0.15", 10)), "0.19", answer{true, 10}},
		"it counts as long as others where nothing is said": {requirement(fixture.Alerting("0.15", 0)), "0.19", answer{true, 100}},
		"it never counts longer than others":                {requirement(fixture.Alerting("0.15", 300)), "0.19", answer{true, 100}},
		"where higher is safer the bound lies above clearAt": {
			requirement(fixture.Judging(v1alpha1.HigherIsSafer, "0.5", "0.2"), fixture.Alerting("0.8", 10)), "0.7", answer{true, 10},
		},
		"and what is above it raises no alert": {
			requirement(fixture.Judging(v1alpha1.HigherIsSafer, "0.5", "0.2"), fixture.Alerting("0.8", 10)), "0.9", answer{false, 100},
		},
		"the whole interval has to be beyond the bound": {
			requirement(fixture.Bounded(v1alpha1.BoundReported95), fixture.Alerting("0.15", 10)), "0.14", answer{true, 10},
		},
		"a bound at clearAt raises none": {requirement(fixture.Alerting("0.2", 10)), "0.19", answer{false, 100}},
	} {
		t.Run(name, func(t *testing.T) {
			d := gate.Decide(gate.Input{
				Now: fixture.Day(1), Release: fixture.Release("m1"),
				Policy:      fixture.Policy("rsp", fixture.Requiring("ASL-2", "uplift"), fixture.Defining("uplift", test.modify...)),
				Evaluations: list(evaluation("e", test.value, fixture.Measuring(func(m *v1alpha1.Measurement) { m.StandardError = "0.01" }))),
			})
			got := d.Requirements[0]
			if got.State != met || got.Alert != test.want.alert || !got.Expires.Equal(fixture.Day(test.want.expires)) {
				t.Errorf("%s, alert %t, until %v: %s", got.State, got.Alert, got.Expires, got.Message)
			}
			if strings.Contains(got.Message, "wants an alert") != test.want.alert {
				t.Errorf("the message is %q", got.Message)
			}
			if !d.EvidenceEnds.Equal(fixture.Day(test.want.expires)) {
				t.Errorf("the evidence ends %v", d.EvidenceEnds)
			}
		})
	}
	for name, test := range map[string]requirementCase{
		"when its time is over it has expired": {
			requirement: requirement(fixture.Alerting("0.15", 5)), evaluations: list(evaluation("e", "0.19")), want: expired, wantEvidence: "e", wantExpires: 5,
		},
		"a bound on the unsafe side of clearAt cannot be applied": {
			requirement: requirement(fixture.Alerting("0.3", 0)), evaluations: list(evaluation("e", "0.1")), want: indeterminate,
			wantMessage: "evaluation.alertAt must lie on the safe side of clearAt",
		},
		"nor can one that is no number": {
			requirement: requirement(fixture.Alerting("soon", 0)), evaluations: list(evaluation("e", "0.1")), want: indeterminate,
			wantMessage: "evaluation.alertAt must be a decimal number",
		},
	} {
		t.Run(name, func(t *testing.T) { testRequirement(t, test) })
	}
}

// What its own author says of a release is no word of its own: what stands against its parent stands against it.
func TestAuthorsDoNotSpeakForAChild(t *testing.T) {
	weights := []v1alpha1.SubjectArtifact{fixture.Weights("eve")}
	against := fixture.Finding("fallen", "uplift", gate.Digest(weights, nil), fixture.Concerning(weights...))
	for name, test := range map[string]struct {
		evaluations []v1alpha1.SafetyEvaluation
		want        v1alpha1.RequirementState
	}{
		"a colleague's result decides":                     {list(evaluation("e", "0.1", fixture.BroughtBy(colleague))), met},
		"a colleague's result between the bounds does too": {list(evaluation("e", "0.3", fixture.BroughtBy(colleague))), indeterminate},
		"an author's clear result does not":                {list(evaluation("e", "0.1", fixture.BroughtBy(author))), failed},
		"an author's result between the bounds does not":   {list(evaluation("e", "0.3", fixture.BroughtBy(author))), failed},
		"nor does it silence a colleague's": {
			list(evaluation("e", "0.1", fixture.BroughtBy(colleague)), evaluation("f", "0.3", fixture.BroughtBy(author), day(3))), indeterminate,
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := gate.Decide(gate.Input{
				Now: fixture.Day(10), Release: fixture.Release("m1", fixture.DerivedFrom("eve"), fixture.AuthoredBy(author)),
				Ancestors: []v1alpha1.ModelRelease{*fixture.Release("eve")}, Findings: findings(against), Evaluations: test.evaluations,
				Policy: fixture.Policy("rsp", fixture.Requiring("ASL-2", "uplift"),
					fixture.Defining("uplift", fixture.Independently(v1alpha1.IndependenceInternal))),
			})
			if got := stateOf(d, "uplift"); got != test.want {
				t.Errorf("uplift is %s, want %s", got, test.want)
			}
		})
	}
}

// A finding is resolved only by a result that counts.
func TestWhoMayResolveAFinding(t *testing.T) {
	scope := gate.Digest([]v1alpha1.SubjectArtifact{fixture.Weights("m1")}, nil)
	for name, test := range map[string]struct {
		by   string
		want string
	}{
		"a colleague's result resolves it": {colleague, "evaluation e meets uplift"},
		"an author's does not":             {author, "does not resolve the finding: it does not count because an author of the release brought it"},
	} {
		t.Run(name, func(t *testing.T) {
			d := gate.Decide(gate.Input{
				Now: fixture.Day(10), Release: fixture.Release("m1", fixture.AuthoredBy(author)),
				Findings:    findings(fixture.Finding("f", "uplift", scope, fixture.ResolvedBy(fixture.Namespace, "e"))),
				Evaluations: list(evaluation("e", "0.1", fixture.BroughtBy(test.by), day(5))),
				Policy: fixture.Policy("rsp", fixture.Requiring("ASL-2", "uplift"),
					fixture.Defining("uplift", fixture.Independently(v1alpha1.IndependenceInternal))),
			})
			if len(d.Resolutions) != 1 || !strings.Contains(d.Resolutions[0].Message, test.want) {
				t.Errorf("the answers are %+v", d.Resolutions)
			}
		})
	}
}
