// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

const (
	// futureSeconds is how much later than the API server's clock a file may claim to have ended: clocks differ.
	futureSeconds = 5 * 60
	// absurdCount is above every number of samples, and small enough that sums and percentages of counts fit.
	absurdCount = 1 << 50
)

// flaw is why a result cannot be used. What it says in words is in text.go.
type flaw uint8

const (
	flawNone flaw = iota
	flawUndated
	flawUnmeasured
	flawProblem
	flawMetric
	flawUnfinished
	flawValue
	flawCounts
	flawSamples
	flawFewSamples
	flawShareUnknown
	flawShare
	flawFuture
	flawReplayed
	flawInterval
	flawStandardError
	flawProportion
)

// result is one evaluation held against one requirement. The zero result cannot be used.
type result struct {
	evaluation *v1alpha1.SafetyEvaluation
	zone       zone
	flaw       flaw
	// covered: it failed, and a finding that accounts for it was resolved.
	covered bool
	// bar keeps it from counting where it is favourable.
	bar bar
	// saturated: it lies on the safe side, and the evaluation shows nothing favourable any more.
	saturated bool
	// alert: it does not fail, and does not lie beyond the bound of the alert, so that it counts for no longer than others
	// that raise one. What lies between the bounds raises none.
	alert     bool
	low, high float64
	// revocation of it, or of another submission of what it is; the gravest, and nil without one.
	revocation *v1alpha1.Revocation
	// created is the trusted time of the result, seen that at which its file or run was first brought, for whatever release,
	// and effective the time that its age counts from.
	created, seen, effective int64
}

// run are the artifacts that the evaluation says were run.
func (r *result) run() []v1alpha1.SubjectArtifact {
	subject := &r.evaluation.Spec.Subject
	if !exact(subject.Relation) && len(subject.Tested) > 0 {
		return subject.Tested
	}
	return subject.Artifacts
}

// read holds an evaluation of the right subject against the criterion. It writes the result over what was in r.
func (q *question) read(r *result, evaluation *v1alpha1.SafetyEvaluation, seen *sightings) {
	*r = result{evaluation: evaluation, bar: q.barred(evaluation), revocation: evaluation.Spec.Revocation}
	if evaluation.CreationTimestamp.IsZero() {
		r.flaw = flawUndated
		return
	}
	r.created = TrustedTime(evaluation).Unix()
	r.seen, r.effective = r.created, r.created
	m := evaluation.Status.Measurement
	if m == nil {
		r.flaw = flawUnmeasured
		return
	}
	if r.flaw = q.complete(m); r.flaw != flawNone {
		return
	}
	value, ok := decimal(m.Value)
	if !ok {
		r.flaw = flawValue
		return
	}
	if r.flaw = q.criterion.sampled(m); r.flaw != flawNone {
		return
	}
	if r.low, r.high, r.flaw = q.criterion.interval(value, m); r.flaw != flawNone {
		return
	}
	zone := q.criterion.place(r.low, r.high)
	// Whoever submits a file once more for something else must not silence what it says against this.
	if r.flaw = r.date(m, q.scope.types, seen); r.flaw == flawReplayed && zone == zoneFailed {
		r.flaw = flawNone
	}
	if r.flaw != flawNone {
		return
	}
	r.zone, r.alert = zone, zone != zoneFailed && q.criterion.alerts(r.low, r.high)
	if zone == zoneMet {
		q.saturate(r)
	}
}

// saturate takes from a result on the safe side what it shows, where the evaluation cannot tell models apart any more. One
// that is barred stays as it is: it does not count, whatever it shows. A word that this version does not know is no promise
// that the evaluation still can.
func (q *question) saturate(r *result) {
	if standing := q.spec.Standing; standing == "" || standing == v1alpha1.StandingActive || r.bar != barNone {
		return
	}
	r.zone, r.saturated = zoneIndeterminate, true
}

// unaccepted reports whether a result does not count for what it is, or for who brought it. What fails always counts. What
// lies between the bounds counts as well, whoever brought it: it is not favourable, and must be no less a hindrance than
// it would be without the bar. Of another model than the release it says nothing.
func (r *result) unaccepted() bool {
	return r.bar != barNone && (r.zone == zoneMet || r.bar == barRelation && r.zone != zoneFailed)
}

// favourable reports whether it lies on the safe side, whatever that shows.
func (r *result) favourable() bool { return r.zone == zoneMet || r.saturated }

// holds reports whether people may rest a judgement on a result that does not meet its requirement: it was brought by
// somebody whose favourable results count, it was not revoked, and lies between the bounds, or beyond them on the safe side
// where the evaluation is saturated.
func (r *result) holds() bool {
	return r.evaluation != nil && r.zone == zoneIndeterminate && r.bar == barNone && r.revocation == nil
}

// complete looks at what the reader says of the file as a whole.
func (q *question) complete(m *v1alpha1.Measurement) flaw {
	switch {
	case m.Problem != "":
		return flawProblem
	case m.Metric != q.spec.Metric():
		return flawMetric
	case m.EndMarker == "":
		return flawUnfinished
	}
	return flawNone
}

// claimed is the end that the file claims, or its start where it claims no end; nil or zero where it claims neither.
func claimed(m *v1alpha1.Measurement) *metav1.Time {
	if m.EndTime.IsZero() {
		return m.StartTime
	}
	return m.EndTime
}

// date finds the time that the result's age counts from. A claim can only make it older.
func (r *result) date(m *v1alpha1.Measurement, types mask, seen *sightings) flaw {
	if claim := claimed(m); !claim.IsZero() {
		if claim.Unix() > r.created+futureSeconds {
			return flawFuture
		}
		r.effective = min(r.effective, claim.Unix())
	}
	first, replayed := seen.trace(r, types)
	if replayed {
		return flawReplayed
	}
	r.effective = first
	return flawNone
}

// sampled holds the counts against the criterion. Absent counts are unknown, and unknown is below every minimum.
func (c *criterion) sampled(m *v1alpha1.Measurement) flaw {
	switch {
	case absurd(m.Planned), absurd(m.Judged), absurd(m.Unjudged), absurd(m.Errored):
		return flawCounts
	case m.Judged == nil:
		return flawSamples
	case *m.Judged < c.minSamples:
		return flawFewSamples
	case c.maxUnjudged >= 100:
		return flawNone
	}
	lost, planned, known := unjudged(m)
	switch {
	case !known:
		return flawShareUnknown
	case lost*100 > c.maxUnjudged*planned:
		return flawShare
	}
	return flawNone
}

// absurd reports whether a count, nil for none, is negative or beyond all bounds.
func absurd(count *int64) bool { return count != nil && (*count < 0 || *count > absurdCount) }

// unjudged is how many of how many planned samples ended without a judgement, where that is known. The judged
// count must be.
func unjudged(m *v1alpha1.Measurement) (lost, planned int64, known bool) {
	if m.Unjudged == nil || m.Errored == nil {
		return 0, 0, false
	}
	lost = *m.Unjudged + *m.Errored
	planned = *m.Judged + lost
	if m.Planned != nil {
		planned = max(planned, *m.Planned)
	}
	return lost, planned, true
}

// decides reports whether r, rather than the other result, is the latest. At equal times the worse counts. Names
// settle the rest, so that the order of the input does not.
func (r *result) decides(other *result) bool {
	switch {
	case r.effective != other.effective:
		return r.effective > other.effective
	case r.zone != other.zone:
		return r.zone > other.zone
	}
	return precedes(r.evaluation, other.evaluation)
}

func precedes(a, b *v1alpha1.SafetyEvaluation) bool {
	if a.Name != b.Name {
		return a.Name < b.Name
	}
	return a.UID < b.UID
}
