// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"time"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// Outcome is what one evaluation says about its requirement.
type Outcome string

const (
	// OutcomeUnjudged means that the requirement cannot be judged as the policy writes it, so that nobody knows what the evaluation says.
	OutcomeUnjudged Outcome = "Unjudged"
	// OutcomeAwaited means that a measurement may still be recorded.
	OutcomeAwaited Outcome = "Awaited"
	// OutcomeUnusable means that there is no measurement, or none that can be used.
	OutcomeUnusable Outcome = "Unusable"
	// OutcomeUnaccepted means that it does not fail, and does not count: its relation to the release is not accepted; or it
	// is favourable, and whoever brought it is not as far from the release as the requirement asks for, or its record of
	// elicitation does not state what it asks for.
	OutcomeUnaccepted Outcome = "Unaccepted"
	// OutcomeRevoked means that it lies on the safe side, and must not be relied on.
	OutcomeRevoked Outcome = "Revoked"
	// OutcomeClear means that it lies on the safe side, however old it is.
	OutcomeClear Outcome = "Clear"
	// OutcomeBetween means that it lies between the bounds, or on the safe side where the evaluation is saturated.
	OutcomeBetween Outcome = "Between"
	// OutcomeFailed means that it lies on the unsafe side.
	OutcomeFailed Outcome = "Failed"
)

// Counts reports whether the latest of such results decides the state of its requirement.
func (o Outcome) Counts() bool {
	return o == OutcomeClear || o == OutcomeBetween || o == OutcomeFailed
}

// Reading is an evaluation held against its requirement by itself: beside no other result and no finding, and whatever
// artifacts the release has. Times are in UTC and whole seconds.
type Reading struct {
	Outcome Outcome
	// Known is what [TrustedTime] says.
	Known time.Time
	// Effective is what the age of a result that counts is counted from, never later than Known. Of others it is Known.
	Effective time.Time
	// Expires is when a result that is clear stops counting; zero for others.
	Expires time.Time
	// Claimed is the end that the file claims, or its start where it claims no end; zero where it claims neither.
	Claimed time.Time
	// Barred: a favourable result of this evaluation would not count. What it says counts all the same where Outcome does, but
	// does not speak for the release.
	Barred bool
	// Alert: it is clear, and not beyond the bound of the requirement's alert, so that it expires as such a result does.
	Alert bool
}

// Terms are what an evaluation is held against.
type Terms struct {
	// Requirement of the policy. None but one with an evaluation judges anything.
	Requirement *v1alpha1.Requirement
	// Policy says who is independent. Nil says nobody is.
	Policy *v1alpha1.SafetyPolicy
	// Release has the authors. Without one nobody knows them.
	Release *v1alpha1.ModelRelease
	// Sightings are those of [Input].
	Sightings []Sighting
}

// question is the requirement without what the release has for it.
func (terms *Terms) question() question {
	requirement := terms.Requirement
	q := question{spec: requirement, name: requirement.Name, scope: scope{types: maskOf(requirement.Scope)}, release: terms.Release}
	q.problem = q.criterion.load(requirement.Evaluation)
	if terms.Policy != nil {
		q.evaluators = terms.Policy.Spec.IndependentEvaluators
	}
	return q
}

// Barred says why a favourable result of an evaluation would not count, whatever is measured, and what would help; empty
// where it would. It has neither a capital nor a full stop.
func Barred(terms Terms, evaluation *v1alpha1.SafetyEvaluation) string {
	q := terms.question()
	r := result{evaluation: evaluation, bar: q.barred(evaluation)}
	if r.bar == barNone {
		return ""
	}
	return r.whyBarred(&q)
}

// Read holds one evaluation against a requirement. One that no evaluation judges gives OutcomeUnjudged.
func Read(terms Terms, evaluation *v1alpha1.SafetyEvaluation) Reading {
	q := terms.question()
	known := TrustedTime(evaluation)
	reading := Reading{Known: known.UTC().Truncate(time.Second)}
	reading.Effective = reading.Known
	if m := evaluation.Status.Measurement; m != nil {
		if claim := claimed(m); !claim.IsZero() {
			reading.Claimed = claim.UTC().Truncate(time.Second)
		}
	}
	switch {
	case q.problem != "":
		reading.Outcome = OutcomeUnjudged
		return reading
	case awaited(evaluation):
		reading.Outcome = OutcomeAwaited
		return reading
	}
	sightings := index(terms.Sightings, nil, nil)
	var r result
	q.read(&r, evaluation, &sightings)
	reading.Barred = r.bar != barNone
	if reading.Outcome = r.outcome(); reading.Outcome.Counts() {
		reading.Effective = time.Unix(r.effective, 0).UTC()
	}
	if reading.Outcome == OutcomeClear {
		reading.Expires, reading.Alert = time.Unix(q.expiry(&r), 0).UTC(), r.alert
	}
	return reading
}

func (r *result) outcome() Outcome {
	switch {
	case r.zone == zoneFailed:
		return OutcomeFailed
	case r.zone == zoneUnusable:
		return OutcomeUnusable
	case r.unaccepted():
		return OutcomeUnaccepted
	case r.revoked():
		return OutcomeRevoked
	case r.zone == zoneMet:
		return OutcomeClear
	}
	return OutcomeBetween
}
