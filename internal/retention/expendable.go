// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package retention says which SafetyEvaluations nothing needs any more, so that they may be deleted. [Expendable] is a
// pure function.
//
// What it must never lose is memory: that something failed, and that a file was seen before. So an evaluation goes only
// if every decision stays as it is, now, later, for the artifacts that the release has or had, and when the same file is
// brought again, for the same release or for another. In doubt it stays.
//
// All of this holds under the policies as they are. A policy that is made stricter judges what is still there: a result
// that has gone is not judged again.
package retention

import (
	"cmp"
	"slices"
	"time"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
)

// Input is all that the answer depends on. Expendable changes nothing of it.
type Input struct {
	// Now is the time of the answer. The zero time keeps everything.
	Now time.Time
	// Release is the release that the evaluations are about. Nil keeps everything: nobody knows what it will be held to.
	Release *v1alpha1.ModelRelease
	// Policy is the release's. Nil, and one without a retention, keep everything.
	Policy *v1alpha1.SafetyPolicy
	// Evaluations are all of the release's.
	Evaluations []v1alpha1.SafetyEvaluation
	// Sharing are the evaluations in the whole cluster with the file or the run of one of these, which may be among them.
	Sharing []v1alpha1.SafetyEvaluation
	// Findings are all in the cluster.
	Findings []v1alpha1.AdverseFinding
	// LongestDays is the longest validity of a requirement of any policy in the cluster, in days.
	LongestDays int32
}

// Choice is an evaluation that may be deleted.
type Choice struct {
	Evaluation *v1alpha1.SafetyEvaluation
	// Since is when it ceased to count.
	Since time.Time
	// Successor is the evaluation whose result took its place.
	Successor *v1alpha1.SafetyEvaluation
}

// LongestDays is the longest validity of a requirement of the policies, in days.
func LongestDays(policies []v1alpha1.SafetyPolicy) int32 {
	longest := int32(0)
	for i := range policies {
		for j := range policies[i].Spec.Requirements {
			longest = max(longest, policies[i].Spec.Requirements[j].ValidForDays)
		}
	}
	return longest
}

// Expendable are the evaluations that may be deleted, one after the other or all at once, the oldest first. What may be
// deleted only after another is among them once the other has gone.
func Expendable(in Input) []Choice {
	if in.Now.IsZero() || in.Release == nil || in.Policy == nil || in.Policy.Spec.Retention == nil || in.Release.DeletionTimestamp != nil {
		return nil
	}
	k := keeper{Input: in}
	k.load()
	var all []Choice
	for i := range k.results {
		if choice, ok := k.choose(&k.results[i]); ok {
			all = append(all, choice)
		}
	}
	slices.SortFunc(all, func(a, b Choice) int {
		return cmp.Or(gate.TrustedTime(a.Evaluation).Compare(gate.TrustedTime(b.Evaluation)), cmp.Compare(a.Evaluation.Name, b.Evaluation.Name))
	})
	return all
}

// result is an evaluation as its requirement reads it.
type result struct {
	gate.Reading
	evaluation  *v1alpha1.SafetyEvaluation
	requirement *v1alpha1.Requirement
	// subject is the digest of the artifacts in the requirement's scope.
	subject string
}

// keeper is the working state of one answer.
type keeper struct {
	Input
	results []result
}

// load reads the evaluations that a requirement of the policy can judge.
func (k *keeper) load() {
	requirements := make(map[string]*v1alpha1.Requirement, len(k.Policy.Spec.Requirements))
	for i := range k.Policy.Spec.Requirements {
		r := &k.Policy.Spec.Requirements[i]
		requirements[r.Name] = r
	}
	seen := make([]gate.Sighting, len(k.Sharing))
	for i := range k.Sharing {
		seen[i] = gate.SightingOf(&k.Sharing[i])
	}
	for i := range k.Evaluations {
		e := &k.Evaluations[i]
		r := requirements[e.Spec.Requirement]
		if r == nil || e.Spec.Subject.Release != k.Release.Name || e.Namespace != k.Release.Namespace || e.DeletionTimestamp != nil {
			continue
		}
		k.results = append(k.results, result{
			Reading:    gate.Read(gate.Terms{Requirement: r, Policy: k.Policy, Release: k.Release, Sightings: seen}, e),
			evaluation: e, requirement: r,
			subject: gate.Digest(e.Spec.Subject.Artifacts, r.Scope),
		})
	}
}

// choose says whether a result may go.
func (k *keeper) choose(r *result) (Choice, bool) {
	if !settled(r) || k.named(r.evaluation) || k.separates(r) || r.Outcome == gate.OutcomeFailed && !k.found(r) || !k.remembered(r) {
		return Choice{}, false
	}
	successor := k.successor(r)
	if successor == nil || k.covers(r) || k.Now.Before(k.signed(successor.Known, r.Known)) {
		return Choice{}, false
	}
	since := r.ceased(successor)
	if k.Now.Before(since.AddDate(0, 0, int(k.Policy.Spec.Retention.EvaluationDays))) {
		return Choice{}, false
	}
	return Choice{Evaluation: r.evaluation, Since: since, Successor: successor.evaluation}, true
}

// settled reports whether nothing more will be known of a result than is now. What was measured under another metric
// counts once more when the policy returns to that; and a file that was not read may still be.
func settled(r *result) bool {
	e := r.evaluation
	if r.Outcome == gate.OutcomeUnjudged || r.Known.IsZero() {
		return false
	}
	if m := e.Status.Measurement; m != nil {
		return m.Metric == r.requirement.Metric()
	}
	return e.Spec.Job != nil && e.Status.Run != nil && !e.Status.Run.FinishTime.IsZero()
}

// named reports whether the resolution of a finding names the evaluation.
func (k *keeper) named(e *v1alpha1.SafetyEvaluation) bool {
	return slices.ContainsFunc(k.Findings, func(f v1alpha1.AdverseFinding) bool {
		r := f.Spec.Resolution
		return r != nil && r.Namespace == e.Namespace && r.Evaluation == e.Name
	})
}

// found reports whether a finding remembers the result itself, for every release that it counts for: one that has all of
// its artifacts in scope. That a finding of another stands, and accounts for it, is not enough: that may be resolved by
// what came before this one. Nor is one from a time when the scope was wider.
func (k *keeper) found(r *result) bool {
	return slices.ContainsFunc(k.Findings, func(f v1alpha1.AdverseFinding) bool {
		return f.Spec.Evidence.UID == string(r.evaluation.UID) && f.Spec.Requirement == r.requirement.Name &&
			len(f.Spec.Artifacts) > 0 && r.about(f.Spec.Artifacts)
	})
}

// about reports whether a result is about all of the artifacts, and each is in the requirement's scope.
func (r *result) about(artifacts []v1alpha1.SubjectArtifact) bool {
	for i := range artifacts {
		a := &artifacts[i]
		if !r.inScope(a.Type) || !slices.Contains(r.evaluation.Spec.Subject.Artifacts, *a) {
			return false
		}
	}
	return true
}

func (r *result) inScope(t v1alpha1.ArtifactType) bool {
	return len(r.requirement.Scope) == 0 || slices.Contains(r.requirement.Scope, t)
}

// successor is the result that took the place of r, the earliest of them; nil without one.
func (k *keeper) successor(r *result) *result {
	var first *result
	for i := range k.results {
		s := &k.results[i]
		// What speaks for the release is not followed by what only hinders it.
		if !s.Outcome.Counts() || s.Barred && !r.Barred || !r.sameAs(s) || !s.Effective.After(r.Effective) {
			continue
		}
		if first == nil || s.Known.Before(first.Known) {
			first = s
		}
	}
	return first
}

// covers reports whether a result that is not clear lies over one that is, and is as old or older. While that one is
// there this one has to be: should its successor cease to count, the older one must not decide. What failed lies over
// the results of every release that has its artifacts among others, where it may have no successor: over those that are
// there, and over those that may still be brought and are not too old yet.
func (k *keeper) covers(r *result) bool {
	failed := r.Outcome == gate.OutcomeFailed
	if failed && (k.Now.Before(k.outdated(r.Effective, r.requirement)) || k.elsewhere(r)) {
		return true
	}
	return r.Outcome != gate.OutcomeClear && slices.ContainsFunc(k.results, func(older result) bool {
		return older.Outcome == gate.OutcomeClear && !older.Effective.After(r.Effective) &&
			(r.sameAs(&older) || failed && older.requirement == r.requirement)
	})
}

// elsewhere reports whether the release has the artifacts of a result among others in the requirement's scope: there it
// is shown, if it failed, as long as it is not resolved and as the latest after that.
func (k *keeper) elsewhere(r *result) bool {
	about := r.evaluation.Spec.Subject.Artifacts
	return r.subject != gate.Digest(gate.Artifacts(k.Release), r.requirement.Scope) &&
		!slices.ContainsFunc(about, func(a v1alpha1.SubjectArtifact) bool {
			return r.inScope(a.Type) && !slices.ContainsFunc(k.Release.Spec.Artifacts, func(b v1alpha1.Artifact) bool { return a.Digest == b.Digest })
		})
}

// separates reports whether somebody may not approve the release because of this evaluation, and no other of the same
// evaluator stays as long as it.
func (k *keeper) separates(r *result) bool {
	if !slices.ContainsFunc(k.Policy.Spec.Requirements, func(q v1alpha1.Requirement) bool {
		return q.Approval != nil && slices.Contains(q.Approval.DifferFrom, v1alpha1.PartyEvaluator)
	}) {
		return false
	}
	return !slices.ContainsFunc(k.results, func(other result) bool {
		return other.evaluation.Spec.Evaluator == r.evaluation.Spec.Evaluator && k.successor(&other) == nil && other.evaluation != r.evaluation
	})
}

// signed is until when something may count that people signed while a result was the latest, or before it was known: an
// approval, a waiver or a determination becomes void when evidence becomes weaker, and must not recover when that is forgotten.
func (k *keeper) signed(taken, known time.Time) time.Time {
	if taken.Before(known) {
		taken = known
	}
	spec, days := &k.Policy.Spec, int32(-1)
	for i := range spec.Requirements {
		if spec.Requirements[i].Approval != nil {
			days = max(days, spec.Requirements[i].ValidForDays)
		}
	}
	if w := spec.Waivers; w != nil {
		days = max(days, w.MaxDays)
		if w.BreakGlass != nil {
			days = max(days, 1+w.BreakGlass.MaxSeconds/(24*60*60))
		}
	}
	if spec.Determinations != nil {
		days = max(days, spec.Determinations.MaxDays)
	}
	if days < 0 {
		return time.Time{}
	}
	// Whatever was made in the very second is older than what comes after it.
	return taken.AddDate(0, 0, int(days)).Add(time.Second)
}

// outdated is when a result of that time counts for nothing any more, whatever it is brought for.
func (k *keeper) outdated(t time.Time, r *v1alpha1.Requirement) time.Time {
	return t.AddDate(0, 0, int(max(k.LongestDays, r.ValidForDays)))
}

// sameAs reports whether two results are about the same requirement and artifacts.
func (r *result) sameAs(other *result) bool {
	return r.evaluation.Spec.Requirement == other.evaluation.Spec.Requirement && r.subject == other.subject
}

// ceased is when a result ceased to count: it expired, or another took its place, whichever came first. One that never
// counted ceased when it came to be known.
func (r *result) ceased(successor *result) time.Time {
	taken := successor.Known
	if taken.Before(r.Known) {
		taken = r.Known
	}
	switch {
	case !r.Outcome.Counts():
		return r.Known
	case r.Outcome == gate.OutcomeClear && r.Expires.Before(taken):
		return r.Expires
	}
	return taken
}

// remembered reports whether nothing is forgotten of the file when the evaluation goes: an older one has it for the same
// artifacts; or no other has it, and by its own claim it is so old that it counts for nothing when it is brought again,
// whatever for.
func (k *keeper) remembered(r *result) bool {
	m := r.evaluation.Status.Measurement
	if m == nil {
		return true
	}
	shared := false
	for i := range k.Sharing {
		other := &k.Sharing[i]
		if other.UID == r.evaluation.UID || !shares(other.Status.Measurement, m) {
			continue
		}
		shared = true
		if other.DeletionTimestamp == nil && stands(other, r.evaluation) {
			return true
		}
	}
	return !shared && !r.Claimed.IsZero() && !r.Claimed.After(r.Known) &&
		!k.Now.Before(k.outdated(r.Claimed, r.requirement))
}

func shares(a, b *v1alpha1.Measurement) bool {
	return a != nil && (a.SHA256 == b.SHA256 || a.RunID != "" && a.RunID == b.RunID)
}

// stands reports whether one sighting says all that another does: the same file and run, of the same artifacts, and
// no later. Of two at the same time one stands for the other and not the other for it.
func stands(one, other *v1alpha1.SafetyEvaluation) bool {
	a, b := gate.SightingOf(one), gate.SightingOf(other)
	if a.SHA256 != b.SHA256 || a.RunID != b.RunID || gate.Digest(ran(&a), nil) != gate.Digest(ran(&b), nil) {
		return false
	}
	if a.Time.Equal(b.Time) {
		return a.UID < b.UID
	}
	return a.Time.Before(b.Time)
}

// ran are the artifacts that produced a file.
func ran(s *gate.Sighting) []v1alpha1.SubjectArtifact {
	if len(s.Tested) > 0 {
		return s.Tested
	}
	return s.Artifacts
}
