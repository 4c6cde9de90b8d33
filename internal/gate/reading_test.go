// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
)

type readingCase struct {
	evaluation v1alpha1.SafetyEvaluation
	modifiers  []func(*v1alpha1.Requirement)
	policy     func(*v1alpha1.SafetyPolicy)
	seen       []gate.Sighting
	want       gate.Reading
}

func (test readingCase) run(t *testing.T) {
	t.Helper()
	policy := fixture.Policy("rsp", fixture.Defining(test.evaluation.Spec.Requirement, test.modifiers...))
	if test.policy != nil {
		test.policy(policy)
	}
	got := gate.Read(gate.Terms{
		Requirement: &policy.Spec.Requirements[0], Policy: policy, Release: fixture.Release("m1", fixture.AuthoredBy(author)), Sightings: test.seen,
	}, &test.evaluation)
	if diff := cmp.Diff(test.want, got); diff != "" {
		t.Error(diff)
	}
}

func TestRead(t *testing.T) {
	claimed := fixture.Ended(fixture.Day(-2))
	for name, test := range map[string]readingCase{
		"a clear result": {
			evaluation: evaluation("e", "0.1"),
			want:       gate.Reading{Outcome: gate.OutcomeClear, Known: fixture.Day(0), Effective: fixture.Day(0), Expires: fixture.Day(100)},
		},
		"one that claims to be older": {
			evaluation: evaluation("e", "0.1", claimed),
			want: gate.Reading{
				Outcome: gate.OutcomeClear, Known: fixture.Day(0), Effective: fixture.Day(-2), Claimed: fixture.Day(-2), Expires: fixture.Day(98),
			},
		},
		"one whose file was seen before": {
			evaluation: evaluation("e", "0.1"), seen: []gate.Sighting{{
				SHA256: fixture.SHA256("file e"), Artifacts: []v1alpha1.SubjectArtifact{fixture.Weights("m1")}, Time: fixture.Day(-9), UID: "o",
			}},
			want: gate.Reading{Outcome: gate.OutcomeClear, Known: fixture.Day(0), Effective: fixture.Day(-9), Expires: fixture.Day(91)},
		},
		"one that Scalegate ran is known from its end": {
			evaluation: evaluation("e", "0.1", ran(3)),
			want:       gate.Reading{Outcome: gate.OutcomeClear, Known: fixture.Day(3), Effective: fixture.Day(3), Expires: fixture.Day(103)},
		},
		"whatever artifacts it is about": {
			evaluation: evaluation("e", "0.9", fixture.About(fixture.Weights("other"))),
			want:       gate.Reading{Outcome: gate.OutcomeFailed, Known: fixture.Day(0), Effective: fixture.Day(0)},
		},
		"one between the bounds": {
			evaluation: evaluation("e", "0.3", claimed),
			want:       gate.Reading{Outcome: gate.OutcomeBetween, Known: fixture.Day(0), Effective: fixture.Day(-2), Claimed: fixture.Day(-2)},
		},
		"one that cannot be used has no age but its own": {
			evaluation: evaluation("e", "NaN", claimed),
			want:       gate.Reading{Outcome: gate.OutcomeUnusable, Known: fixture.Day(0), Effective: fixture.Day(0), Claimed: fixture.Day(-2)},
		},
		"one that is awaited": {
			evaluation: evaluation("e", "0.1", fixture.Unread()),
			want:       gate.Reading{Outcome: gate.OutcomeAwaited, Known: fixture.Day(0), Effective: fixture.Day(0)},
		},
		"one of another relation that is clear": {
			evaluation: evaluation("e", "0.1", fixture.Related(v1alpha1.RelationSimilarlySafe, fixture.Weights("other"))),
			want:       gate.Reading{Barred: true, Outcome: gate.OutcomeUnaccepted, Known: fixture.Day(0), Effective: fixture.Day(0)},
		},
		"one of another relation that fails": {
			evaluation: evaluation("e", "0.9", fixture.Related(v1alpha1.RelationSimilarlySafe, fixture.Weights("other"))),
			want:       gate.Reading{Barred: true, Outcome: gate.OutcomeFailed, Known: fixture.Day(0), Effective: fixture.Day(0)},
		},
		"a clear one that was revoked does not count": {
			evaluation: evaluation("e", "0.1", fixture.Revoked(v1alpha1.RevocationAdvisory)),
			want:       gate.Reading{Outcome: gate.OutcomeRevoked, Known: fixture.Day(0), Effective: fixture.Day(0)},
		},
		"one that fails does, revoked or not": {
			evaluation: evaluation("e", "0.9", fixture.Revoked(v1alpha1.RevocationCritical)),
			want:       gate.Reading{Outcome: gate.OutcomeFailed, Known: fixture.Day(0), Effective: fixture.Day(0)},
		},
		"so does one between the bounds": {
			evaluation: evaluation("e", "0.3", fixture.Revoked(v1alpha1.RevocationCritical)),
			want:       gate.Reading{Outcome: gate.OutcomeBetween, Known: fixture.Day(0), Effective: fixture.Day(0)},
		},
		"a requirement that cannot be judged": {
			evaluation: evaluation("e", "0.9"),
			modifiers:  requirement(fixture.Judging("Sideways", "0.1", "")),
			want:       gate.Reading{Outcome: gate.OutcomeUnjudged, Known: fixture.Day(0), Effective: fixture.Day(0)},
		},
	} {
		t.Run(name, test.run)
	}
}

func TestReadUnderRules(t *testing.T) {
	for name, test := range map[string]readingCase{
		"a clear one of an author": {
			evaluation: evaluation("e", "0.1", fixture.BroughtBy(author)),
			modifiers:  requirement(fixture.Independently(v1alpha1.IndependenceInternal)),
			want:       gate.Reading{Barred: true, Outcome: gate.OutcomeUnaccepted, Known: fixture.Day(0), Effective: fixture.Day(0)},
		},
		"a failing one of an author": {
			evaluation: evaluation("e", "0.9", fixture.BroughtBy(author)),
			modifiers:  requirement(fixture.Independently(v1alpha1.IndependenceIndependent)),
			want:       gate.Reading{Barred: true, Outcome: gate.OutcomeFailed, Known: fixture.Day(0), Effective: fixture.Day(0)},
		},
		"a clear one of an independent evaluator": {
			evaluation: evaluation("e", "0.1", fixture.BroughtBy(outsider)),
			modifiers:  requirement(fixture.Independently(v1alpha1.IndependenceIndependent)), policy: trusting,
			want: gate.Reading{Outcome: gate.OutcomeClear, Known: fixture.Day(0), Effective: fixture.Day(0), Expires: fixture.Day(100)},
		},
		"a clear one without the record that is asked for": {
			evaluation: evaluation("e", "0.1"),
			modifiers:  requirement(fixture.Elicited(v1alpha1.ElicitationCriterion{MinTrials: new(int32(2))})),
			want:       gate.Reading{Barred: true, Outcome: gate.OutcomeUnaccepted, Known: fixture.Day(0), Effective: fixture.Day(0)},
		},
		"a clear one of a saturated evaluation": {
			evaluation: evaluation("e", "0.1"), modifiers: requirement(fixture.Saturated()),
			want: gate.Reading{Outcome: gate.OutcomeBetween, Known: fixture.Day(0), Effective: fixture.Day(0)},
		},
		"a clear one with an alert expires as the alert says": {
			evaluation: evaluation("e", "0.19"), modifiers: requirement(fixture.Alerting("0.15", 10)),
			want: gate.Reading{Outcome: gate.OutcomeClear, Known: fixture.Day(0), Effective: fixture.Day(0), Expires: fixture.Day(10), Alert: true},
		},
		"nothing is read for a check of the cluster": {
			evaluation: evaluation("e", "0.1"), modifiers: requirement(fixture.Checked(v1alpha1.SafeguardEgressDenied)),
			want: gate.Reading{Outcome: gate.OutcomeUnjudged, Known: fixture.Day(0), Effective: fixture.Day(0)},
		},
	} {
		t.Run(name, test.run)
	}
}

// A lapse is what was shown once and only grew old. A file that had expired before it was brought makes none of what is
// missing: whoever brings it must not keep alive what an adverse finding removes.
func TestAnAncientFileMakesNoLapse(t *testing.T) {
	for name, test := range map[string]struct {
		stored, ended time.Time
		adverse       bool
	}{
		"brought while it counted":          {stored: fixture.Day(0), ended: fixture.Day(-50)},
		"brought a second before its end":   {stored: fixture.Day(50).Add(-time.Second), ended: fixture.Day(-50)},
		"brought when its time was over":    {stored: fixture.Day(50), ended: fixture.Day(-50), adverse: true},
		"brought long after it was written": {stored: fixture.Day(90), ended: fixture.Day(-200), adverse: true},
	} {
		t.Run(name, func(t *testing.T) {
			harm := fixture.Evaluation("harm", "harm", "0.1", fixture.At(test.stored), fixture.Ended(test.ended))
			d := gate.Decide(gate.Input{
				Now: fixture.Day(100), Release: fixture.Release("m1"),
				Policy: fixture.Policy("rsp", fixture.Defining("bio"), fixture.Defining("harm"),
					fixture.Requiring("ASL-3", "harm"), fixture.Raising("T", "ASL-3", "bio")),
				Evaluations: []v1alpha1.SafetyEvaluation{fixture.Evaluation("bio", "bio", "0.9"), harm},
			})
			if state := stateOf(d, "harm"); state != v1alpha1.RequirementExpired || d.Adverse != test.adverse {
				t.Errorf("harm is %s and adverse %t, want Expired and %t", state, d.Adverse, test.adverse)
			}
		})
	}
}

func TestReadWithoutATime(t *testing.T) {
	e := evaluation("e", "0.1", func(e *v1alpha1.SafetyEvaluation) { e.CreationTimestamp = metav1.Time{} })
	policy := fixture.Policy("rsp", fixture.Defining(e.Spec.Requirement))
	if got := gate.Read(gate.Terms{Requirement: &policy.Spec.Requirements[0]}, &e); got.Outcome != gate.OutcomeUnusable || !got.Known.IsZero() {
		t.Errorf("read %+v", got)
	}
}
