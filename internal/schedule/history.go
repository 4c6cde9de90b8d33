// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package schedule

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
)

const (
	// firstWait is how long after a run without a usable result the next one begins. It doubles with each.
	firstWait = 10 * time.Minute
	// longestWait is where it stops doubling.
	longestWait = 24 * time.Hour
	// widestWindow is the longest time before its end in which evidence is renewed.
	widestWindow = 14 * 24 * time.Hour
)

// history is what was run so far for one requirement and the release's artifacts within its scope.
type history struct {
	// unfinished: a run may still come to a result.
	unfinished bool
	// last is the run that began last of those that are finished; nil without one.
	last *v1alpha1.SafetyEvaluation
	// runs are the finished ones of the requirement's suite, the earliest first.
	runs []*v1alpha1.SafetyEvaluation
}

// history gathers the runs of a requirement.
func (s *scheduler) history(r *v1alpha1.Requirement) history {
	var h history
	subject := gate.Digest(s.artifacts, r.Scope)
	for i := range s.Gate.Evaluations {
		e := &s.Gate.Evaluations[i]
		if !s.concerns(e) || e.Spec.Requirement != r.Name {
			continue
		}
		if about := e.Spec.Subject.Artifacts; !slices.Equal(about, s.artifacts) && gate.Digest(about, r.Scope) != subject {
			continue
		}
		switch {
		case !gate.Ended(e):
			h.unfinished = h.unfinished || !s.doomed(e, r)
		case e.Spec.Job.Suite == r.Suite():
			h.runs = append(h.runs, e)
		}
	}
	slices.SortFunc(h.runs, earlier)
	if n := len(h.runs); n > 0 {
		h.last = h.runs[n-1]
	}
	return h
}

// doomed reports whether a run that waits for a person will never begin: the policy names another suite since, or the
// release has other artifacts outside the scope. Another run may begin.
func (s *scheduler) doomed(e *v1alpha1.SafetyEvaluation, r *v1alpha1.Requirement) bool {
	if !stalled(e) {
		return false
	}
	foreign := slices.ContainsFunc(e.Spec.Subject.Artifacts, func(a v1alpha1.SubjectArtifact) bool {
		return !slices.Contains(s.artifacts, a)
	})
	return foreign || e.Spec.Job.Suite != r.Suite()
}

func earlier(a, b *v1alpha1.SafetyEvaluation) int {
	if c := a.CreationTimestamp.Compare(b.CreationTimestamp.Time); c != 0 {
		return c
	}
	if a.UID < b.UID {
		return -1
	}
	return 1
}

// again is the earliest time of the next run, as far as what came before has a say. The zero time is in the past.
func (s *scheduler) again(r *v1alpha1.Requirement, result *gate.RequirementResult, h history) time.Time {
	switch result.State {
	case v1alpha1.RequirementMet, v1alpha1.RequirementExpired:
		// What came before the evidence that counted last was made good by it.
		if answer := s.evidence(r, result.Evidence); result.Expires != nil {
			return wait(h.since(result.Expires.Add(-valid(r, answer.Alert)), result.Evidence))
		}
	case v1alpha1.RequirementIndeterminate:
		if answer := s.evidence(r, result.Evidence); answer.Outcome.Counts() {
			return renewal(s.Gate.Release.UID, r, answer.Effective.Add(valid(r, false)), false)
		}
	case v1alpha1.RequirementRevoked:
		// What came before the evidence that was revoked was made good by it.
		return wait(h.since(s.evidence(r, result.Evidence).Known, result.Evidence))
	case v1alpha1.RequirementMissing, v1alpha1.RequirementFailed, v1alpha1.RequirementWaived, v1alpha1.RequirementObjected, v1alpha1.RequirementBroken:
	}
	return wait(h.runs)
}

// terms are what the release's evaluations for a requirement are held against.
func (s *scheduler) terms(r *v1alpha1.Requirement) gate.Terms {
	return gate.Terms{Requirement: r, Policy: s.Gate.Policy, Release: s.Gate.Release, Sightings: s.Gate.Sightings}
}

// evidence reads the evaluation that decided the state of a requirement.
func (s *scheduler) evidence(r *v1alpha1.Requirement, name string) gate.Reading {
	for i := range s.Gate.Evaluations {
		e := &s.Gate.Evaluations[i]
		if e.Name == name && e.Namespace == s.Gate.Release.Namespace {
			return gate.Read(s.terms(r), e)
		}
	}
	return gate.Reading{}
}

// since are the runs that ended after a time, without the one of that name.
func (h *history) since(t time.Time, but string) []*v1alpha1.SafetyEvaluation {
	var later []*v1alpha1.SafetyEvaluation
	for _, e := range h.runs {
		if gate.TrustedTime(e).After(t) && e.Name != but {
			later = append(later, e)
		}
	}
	return later
}

// wait is the earliest time of the next run after these, which came to nothing. The zero time is in the past.
func wait(runs []*v1alpha1.SafetyEvaluation) time.Time {
	var last time.Time
	for _, e := range runs {
		if end := gate.TrustedTime(e); end.After(last) {
			last = end
		}
	}
	if last.IsZero() {
		return last
	}
	pause := longestWait
	if n := len(runs) - 1; n < 8 {
		pause = min(pause, firstWait<<n)
	}
	return last.Add(pause)
}

// valid is how long a result counts, with an alert or without.
func valid(r *v1alpha1.Requirement, alert bool) time.Duration {
	days := r.ValidForDays
	if alert && r.Evaluation != nil && r.Evaluation.AlertValidForDays != nil {
		days = min(days, *r.Evaluation.AlertValidForDays)
	}
	return time.Duration(days) * 24 * time.Hour
}

// renewal is when evidence that ends at a time is to be renewed: within the last quarter of its validity, and at most 14
// days before its end. Where in the first half of that differs from release to release, so that evidence that was
// brought for many at once is not renewed at once.
func renewal(release types.UID, r *v1alpha1.Requirement, end time.Time, alert bool) time.Time {
	window := int64(min(valid(r, alert)/4, widestWindow) / time.Second)
	sum := sha256.Sum256([]byte(string(release) + "\x00" + r.Name))
	share := int64(binary.BigEndian.Uint32(sum[:]))
	late := window / 2 * share >> 32
	return end.Add(time.Duration(late-window) * time.Second)
}
