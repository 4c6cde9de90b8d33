// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package schedule_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
	"github.com/scalegate/scalegate/internal/schedule"
)

const self = "system:serviceaccount:scalegate-system:scalegate"

// dueFor is what is due when Scalegate itself brings the results.
func (s *situation) dueFor(user string, groups ...string) schedule.Plan {
	s.PolicyRevision = gate.Revision(&s.Policy.Spec)
	return schedule.Due(schedule.Input{
		Gate: s.Input, Decision: gate.Decide(s.Input), Suites: s.suites, Evaluator: user, EvaluatorGroups: groups,
	})
}

func TestWhatWouldNotCountIsNotRun(t *testing.T) {
	independence := fixture.Independently
	elicited := fixture.Elicited(v1alpha1.ElicitationCriterion{MinTrials: new(int32(10))})
	for name, test := range map[string]struct {
		modify  func(*v1alpha1.Requirement)
		trusted v1alpha1.IndependentEvaluators
		authors []string
		user    string
		groups  []string
		want    []string
		wantWhy string
	}{
		"where nothing is asked it is run": {modify: func(*v1alpha1.Requirement) {}, want: []string{"attack"}},
		"Internal: Scalegate is no author": {
			modify: independence(v1alpha1.IndependenceInternal), authors: []string{"dev@example.com"}, user: self, want: []string{"attack"},
		},
		"Internal: whoever has it run without a known name is nobody": {
			modify: independence(v1alpha1.IndependenceInternal), authors: []string{"dev@example.com"}, wantWhy: "nobody knows who brought it",
		},
		"Internal: nobody knows the authors": {
			modify: independence(v1alpha1.IndependenceInternal), user: self, wantWhy: "nobody knows the authors",
		},
		"Independent: Scalegate is not, where the policy does not name it": {
			modify: independence(v1alpha1.IndependenceIndependent), authors: []string{"dev@example.com"}, user: self, wantWhy: "is not independent",
		},
		"Independent: it is, where the policy does": {
			modify: independence(v1alpha1.IndependenceIndependent), trusted: v1alpha1.IndependentEvaluators{Users: []string{self}},
			authors: []string{"dev@example.com"}, user: self, want: []string{"attack"},
		},
		"Independent: it is, where the policy names its group": {
			modify: independence(v1alpha1.IndependenceIndependent), trusted: v1alpha1.IndependentEvaluators{Groups: []string{"system:serviceaccounts:scalegate-system"}},
			authors: []string{"dev@example.com"}, user: self, groups: []string{"system:serviceaccounts:scalegate-system"}, want: []string{"attack"},
		},
		"what Scalegate runs has no record of elicitation": {
			modify: elicited, user: self, wantWhy: "spec.elicitation has to state trials of at least 10",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := begin(1, imported("bio", "0.1", 0)).with(func(s *situation) {
				test.modify(&s.Policy.Spec.Requirements[0])
				s.Policy.Spec.IndependentEvaluators = &test.trusted
				fixture.AuthoredBy(test.authors...)(s.Release)
			})
			got := s.dueFor(test.user, test.groups...)
			if diff := cmp.Diff(test.want, ordered(got)); diff != "" {
				t.Errorf("due (-want +got)\n%s", diff)
			}
			if len(got.Idle) != 1-len(test.want) {
				t.Fatalf("idle: %+v", got.Idle)
			}
			if len(got.Idle) == 1 && (got.Idle[0].Requirement != "attack" || got.Idle[0].Suite != "attack-suite" || !strings.Contains(got.Idle[0].Why, test.wantWhy)) {
				t.Errorf("idle: %+v, want %q", got.Idle[0], test.wantWhy)
			}
		})
	}
}

// What people and the cluster answer is no work for a suite, whatever state it is in.
func TestNothingIsRunForPeopleAndChecks(t *testing.T) {
	for name, modify := range map[string]func(*v1alpha1.Requirement){
		"an approval":            fixture.Signing("rso"),
		"a check of the cluster": fixture.Checked(v1alpha1.SafeguardEgressDenied),
		"nothing at all":         func(r *v1alpha1.Requirement) { r.Evaluation = nil },
	} {
		t.Run(name, func(t *testing.T) {
			s := begin(1).with(func(s *situation) {
				s.Policy = standard(fixture.Roles("rso"), fixture.Defining("other", modify), fixture.Requiring("ASL-2", "other"))
			})
			if got := ordered(s.due()); !cmp.Equal(got, []string{"attack", "bio", "harm"}) {
				t.Errorf("due: %v", got)
			}
		})
	}
	t.Run("an approval that ends is not renewed, and hides nothing that is", func(t *testing.T) {
		s := begin(94, imported("bio", "0.1", 90), imported("attack", "0.1", 0)).with(func(s *situation) {
			s.Policy = standard(fixture.Roles("rso"), fixture.Defining("other", fixture.Signing("rso"), fixture.ValidFor(95)), fixture.Requiring("ASL-2", "other"))
			shown := fixture.Shown{Subject: gate.Digest(gate.Artifacts(s.Release), nil), Revision: gate.Revision(&s.Policy.Spec)}
			s.Approvals = []v1alpha1.ReleaseApproval{fixture.Approval("ann", "rso", shown)}
		})
		if d := gate.Decide(s.Input); stateIn(d, "other") != v1alpha1.RequirementMet {
			t.Fatalf("other is %s: %s", stateIn(d, "other"), d.Message)
		}
		if got := ordered(s.due()); !cmp.Equal(got, []string{"attack"}) {
			t.Errorf("due: %v", got)
		}
	})
}

func stateIn(d gate.Decision, requirement string) v1alpha1.RequirementState {
	for i := range d.Requirements {
		if d.Requirements[i].Name == requirement {
			return d.Requirements[i].State
		}
	}
	return ""
}

// A result with an alert counts for a shorter time, and is renewed within the last quarter of that.
func TestRenewalAfterAnAlert(t *testing.T) {
	alerting := func(s *situation) { fixture.Alerting("0.05", 20)(&s.Policy.Spec.Requirements[0]) }
	for name, test := range map[string]testCase{
		"not at once":                 {in: begin(1, imported("bio", "0.1", 0), imported("attack", "0.1", 0)).with(alerting)},
		"not before the last quarter": {in: begin(14, imported("bio", "0.1", 0), imported("attack", "0.1", 0)).with(alerting)},
		"before it ends":              {in: begin(19, imported("bio", "0.1", 0), imported("attack", "0.1", 0)).with(alerting), want: []string{"attack"}},
		"without an alert later":      {in: begin(19, imported("bio", "0.1", 0), imported("attack", "0.01", 0)).with(alerting)},
		"when it has ended":           {in: begin(21, imported("bio", "0.1", 0), imported("attack", "0.1", 0)).with(alerting), want: []string{"attack"}},
		"a broken run after it is waited for, as after others": {
			in: begin(21, imported("bio", "0.1", 0), imported("attack", "0.1", 0), run("r", "attack", "", 21, fixture.Unmeasured(v1alpha1.ReasonRunFailed))).with(alerting),
		},
	} {
		t.Run(name, test.run)
	}
}

// A result of a saturated evaluation is an answer. It is not measured again until chance has it.
func TestSaturatedIsNotRepeated(t *testing.T) {
	saturated := func(s *situation) { fixture.Saturated()(&s.Policy.Spec.Requirements[0]) }
	for name, test := range map[string]testCase{
		"it is run once, for people to judge": {in: begin(1, imported("bio", "0.1", 0)).with(saturated), want: []string{"attack"}},
		"and not again":                       {in: begin(80, imported("bio", "0.1", 0), imported("attack", "0.1", 0)).with(saturated)},
	} {
		t.Run(name, test.run)
	}
}

// While the text is not in force what both rest on is renewed in time, under whichever it ends first.
func TestRenewalWhilePending(t *testing.T) {
	s := begin(48, imported("bio", "0.1", 40), imported("attack", "0.1", 0)).with(func(s *situation) {
		s.InForce = s.Policy.DeepCopy()
		s.InForce.Spec.Requirements[0].ValidForDays = 50
	})
	if got := ordered(s.due()); !cmp.Equal(got, []string{"attack"}) {
		t.Errorf("due: %v", got)
	}
}
