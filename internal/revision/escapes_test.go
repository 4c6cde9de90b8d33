// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package revision_test

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
	"github.com/scalegate/scalegate/internal/revision"
)

// escape is a world in which a change that looks strict could open something.
type escape struct {
	policy  []func(*v1alpha1.SafetyPolicy)
	change  func(*spec)
	release []func(*v1alpha1.ModelRelease)
	world   func(*gate.Input, fixture.Shown)
}

// signedByRSO is a requirement that one person of the role rso approves.
func signedByRSO() func(*v1alpha1.SafetyPolicy) {
	return fixture.Defining("signed", fixture.Signing("rso"))
}

// waivedTwice asks on Day(1) and on Day(5) that bio is set aside, the first until Day(2); everybody approves both.
func waivedTwice(in *gate.Input, shown fixture.Shown) {
	first := fixture.Waiver("w1", "bio", shown, fixture.Ending(fixture.Day(2)))
	second := fixture.Waiver("w2", "bio", shown, fixture.AskedOn(fixture.Day(5)), fixture.Ending(fixture.Day(12)))
	in.Waivers = []v1alpha1.ReleaseWaiver{first, second}
	for i := range in.Waivers {
		w := &in.Waivers[i]
		for _, role := range []string{"rso", "ceo"} {
			in.Approvals = append(in.Approvals, fixture.Approval(w.Name+"-"+role, role, shown, fixture.RegardingWaiver(w),
				fixture.SignedOn(w.CreationTimestamp.Add(60e9)), fixture.By(role+"@example.com")))
		}
	}
}

// ancient makes a file claim to have ended long before it was stored.
func ancient() func(*v1alpha1.SafetyEvaluation) { return fixture.Ended(fixture.Day(-400)) }

// derived has the release made from one that failed, on record.
func derived(in *gate.Input, shown fixture.Shown) {
	parent := fixture.Release("base", fixture.Of(fixture.Weights("base")))
	in.Ancestors = []v1alpha1.ModelRelease{*parent}
	f := fixture.Finding("f", "bio", gate.Digest([]v1alpha1.SubjectArtifact{fixture.Weights("base")}, nil), fixture.Concerning(fixture.Weights("base")))
	f.CreationTimestamp = metav1.NewTime(fixture.Day(-30))
	in.Findings = []v1alpha1.AdverseFinding{f}
	in.Evaluations = []v1alpha1.SafetyEvaluation{fixture.Evaluation("old", "bio", "0.15", ancient())}
	w := fixture.Waiver("w1", "bio", shown)
	in.Waivers = []v1alpha1.ReleaseWaiver{w}
	for _, role := range []string{"rso", "ceo"} {
		in.Approvals = append(in.Approvals, fixture.Approval("for-"+role, role, shown, fixture.RegardingWaiver(&w), fixture.By(role+"@example.com")))
	}
}

func TestWhatLooksStrictOpensNothing(t *testing.T) {
	later := func(e *v1alpha1.SafetyEvaluation) { fixture.At(fixture.Day(2))(e) }
	higherBar := func(s *spec) { s.Requirements[0].Evaluation.ClearAt = "0.12" }
	alerts := func(in *gate.Input, _ fixture.Shown) {
		in.Evaluations = []v1alpha1.SafetyEvaluation{
			fixture.Evaluation("first", "bio", "0.1", fixture.BroughtBy("ann"), fixture.Eliciting()),
			fixture.Evaluation("second", "bio", "0.19", later, fixture.BroughtBy("ben")),
		}
	}
	alerting := fixture.Defining("bio", fixture.Alerting("0.18", 3), fixture.Independently(v1alpha1.IndependenceInternal))
	recalled := func(in *gate.Input, shown fixture.Shown) {
		alerts(in, shown)
		fixture.Revoked(v1alpha1.RevocationAdvisory)(&in.Evaluations[1])
		in.Approvals = []v1alpha1.ReleaseApproval{fixture.Approval("a", "rso", shown, fixture.SignedOn(fixture.Day(3)))}
	}
	for name, tc := range map[string]escape{
		"more independence, where a later result that expired does not count any more": {
			policy: []func(*v1alpha1.SafetyPolicy){alerting, fixture.Requiring("ASL-2", "bio"), fixture.Trusting(v1alpha1.IndependentEvaluators{Users: []string{"ann"}})},
			change: func(s *spec) { s.Requirements[0].Independence = v1alpha1.IndependenceIndependent },
			world:  alerts,
		},
		"fewer independent evaluators, where a later result that expired does not count any more": {
			policy: []func(*v1alpha1.SafetyPolicy){
				fixture.Defining("bio", fixture.Alerting("0.18", 3), fixture.Independently(v1alpha1.IndependenceIndependent)),
				fixture.Requiring("ASL-2", "bio"), fixture.Trusting(v1alpha1.IndependentEvaluators{Users: []string{"ann", "ben"}}),
			},
			change: func(s *spec) { s.IndependentEvaluators.Users = []string{"ann"} },
			world:  alerts,
		},
		"elicitation, where a later result that expired does not count any more": {
			policy: []func(*v1alpha1.SafetyPolicy){alerting, fixture.Requiring("ASL-2", "bio")},
			change: func(s *spec) {
				s.Requirements[0].Elicitation = &v1alpha1.ElicitationCriterion{MinTrials: new(int32(3))}
			},
			world: alerts,
		},
		"more elicitation, where the result under which somebody signed was revoked": {
			policy: []func(*v1alpha1.SafetyPolicy){
				fixture.Defining("bio"), signedByRSO(), fixture.Roles("rso"), fixture.Requiring("ASL-2", "bio", "signed"),
			},
			change: func(s *spec) {
				s.Requirements[0].Elicitation = &v1alpha1.ElicitationCriterion{MinTrials: new(int32(3))}
			},
			world: recalled,
		},
		"a higher bar, where a revoked result came between two waivers": {
			policy: []func(*v1alpha1.SafetyPolicy){fixture.Defining("bio"), fixture.Roles("rso", "ceo"), fixture.Waiving("rso", "ceo"), fixture.Requiring("ASL-2", "bio")},
			change: higherBar,
			world: func(in *gate.Input, shown fixture.Shown) {
				waivedTwice(in, shown)
				in.Evaluations = []v1alpha1.SafetyEvaluation{fixture.Evaluation("e", "bio", "0.15", later, fixture.Revoked(v1alpha1.RevocationAdvisory))}
			},
		},
		"a higher bar, where an author's own result came between two waivers": {
			policy: []func(*v1alpha1.SafetyPolicy){
				fixture.Defining("bio", fixture.Independently(v1alpha1.IndependenceInternal)), fixture.Roles("rso", "ceo"), fixture.Waiving("rso", "ceo"), fixture.Requiring("ASL-2", "bio"),
			},
			change: higherBar,
			world: func(in *gate.Input, shown fixture.Shown) {
				waivedTwice(in, shown)
				in.Evaluations = []v1alpha1.SafetyEvaluation{fixture.Evaluation("e", "bio", "0.15", later, fixture.BroughtBy("mia"))}
			},
		},
		"a higher bar, where an old file stands beside what an ancestor failed": {
			policy:  []func(*v1alpha1.SafetyPolicy){fixture.Defining("bio"), fixture.Roles("rso", "ceo"), fixture.Waiving("rso", "ceo"), fixture.Requiring("ASL-2", "bio")},
			change:  higherBar,
			release: []func(*v1alpha1.ModelRelease){fixture.DerivedFrom("base")},
			world:   derived,
		},
		"a saturated evaluation, where an old file stands beside what an ancestor failed": {
			policy:  []func(*v1alpha1.SafetyPolicy){fixture.Defining("bio"), fixture.Roles("rso", "ceo"), fixture.Waiving("rso", "ceo"), fixture.Requiring("ASL-2", "bio")},
			change:  func(s *spec) { s.Requirements[0].Standing = v1alpha1.StandingSaturated },
			release: []func(*v1alpha1.ModelRelease){fixture.DerivedFrom("base")},
			world:   derived,
		},
	} {
		t.Run(name, tc.check)
	}
}

func (x *escape) check(t *testing.T) {
	before := fixture.Policy("rsp", x.policy...)
	after := before.DeepCopy()
	x.change(&after.Spec)
	release := fixture.Release("m1", append(x.release, fixture.AuthoredBy("mia"))...)
	in := gate.Input{Now: fixture.Day(10), Release: release, Policy: before, PolicyRevision: "shown"}
	x.world(&in, fixture.Shown{Subject: gate.Digest(gate.Artifacts(release), nil), Revision: "shown"})
	for i := range in.Evaluations {
		in.Sightings = append(in.Sightings, gate.SightingOf(&in.Evaluations[i]))
	}
	was := gate.Decide(in)
	in.Policy = after
	is := gate.Decide(in)
	t.Logf("before: %s\nafter: %s", was.Message, is.Message)
	changes, effect := revision.Compare(&before.Spec, &after.Spec)
	if effect != weaker && granted(before, is) > granted(before, was) {
		t.Errorf("%s: %q is granted, and %q was: %+v", effect, is.GrantedExposure, was.GrantedExposure, changes)
	}
}
