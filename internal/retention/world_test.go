// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package retention_test

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
	"github.com/scalegate/scalegate/internal/retention"
)

// world is a cluster with two releases under one policy, in a namespace each, and a long past of evaluations among few
// artifacts, files and times, so that ties and collisions are frequent.
type world struct {
	*rand.Rand
	policy      *v1alpha1.SafetyPolicy
	releases    []*v1alpha1.ModelRelease
	evaluations []v1alpha1.SafetyEvaluation
	findings    []v1alpha1.AdverseFinding
	count       int
}

// today is when the past of a world ends.
const today = 300

func pick[T any](w *world, from ...T) T { return from[w.IntN(len(from))] }

func newWorld(seed uint64) *world {
	w := &world{Rand: rand.New(rand.NewPCG(seed, 5))}
	w.policy = fixture.Policy("rsp", func(p *v1alpha1.SafetyPolicy) {
		p.Spec.Retention = &v1alpha1.Retention{EvaluationDays: pick(w, int32(1), 20, 100)}
	})
	for i := range 3 {
		name := "r" + strconv.Itoa(i)
		fixture.Defining(name,
			fixture.Scoped(pick(w, []v1alpha1.ArtifactType{v1alpha1.ArtifactWeights}, nil, []v1alpha1.ArtifactType{v1alpha1.ArtifactWeights, v1alpha1.ArtifactSafeguard})...),
			fixture.ValidFor(pick(w, int32(5), 60, 150)),
			fixture.NeededFrom(pick(w, "", "Internal", "General")),
			fixture.Accepting(v1alpha1.RelationEarlierSnapshot))(w.policy)
		fixture.Requiring(pick(w, "ASL-2", "ASL-3"), name)(w.policy)
	}
	fixture.Raising("T1", "ASL-3", "r"+strconv.Itoa(w.IntN(3)))(w.policy)
	first, second := fixture.Release("m1"), fixture.Release("m2")
	second.Namespace = "elsewhere"
	fixture.Of(pick(w, fixture.Weights("m1"), fixture.Weights("other")), fixture.Server("m1"))(second)
	w.releases = []*v1alpha1.ModelRelease{first, second}
	for range 6 + w.IntN(30) {
		w.evaluations = append(w.evaluations, w.evaluation())
	}
	w.settle()
	return w
}

func (w *world) time() time.Time {
	return fixture.Day(pick(w, 0, 1, 10, 60, 100, 101, 150, 200, 280, 299)).Add(time.Duration(w.IntN(2)) * time.Second)
}

func (w *world) evaluation() v1alpha1.SafetyEvaluation {
	name := "e" + strconv.Itoa(w.count)
	w.count++
	release := w.releases[min(1, w.IntN(5)/4)]
	e := fixture.Evaluation(name, "r"+strconv.Itoa(min(2, w.IntN(5)/2)), pick(w, "0.1", "0.1", "0.1", "0.3", "0.9", "0.9", "NaN"),
		fixture.At(w.time()), fixture.For(release.Name), fixture.About(gate.Artifacts(release)...))
	e.Namespace = release.Namespace
	m := e.Status.Measurement
	switch w.IntN(8) {
	case 0:
		fixture.About(fixture.Weights("m1"))(&e)
	case 1:
		fixture.About(fixture.Weights("other"), fixture.Server("m1"))(&e)
	case 2:
		fixture.About(fixture.Weights("m1"), fixture.Server("m1"), fixture.Safeguard("m1"))(&e)
	}
	if w.IntN(8) == 0 {
		fixture.Related(pick(w, v1alpha1.RelationEarlierSnapshot, v1alpha1.RelationSimilarlySafe), fixture.Weights("other"))(&e)
	} else if w.IntN(3) == 0 {
		fixture.Run(e.CreationTimestamp.Add(time.Duration(w.IntN(3)) * time.Hour))(&e)
	}
	if w.IntN(5) > 0 {
		m.EndTime = &metav1.Time{Time: e.CreationTimestamp.Add(pick(w, -time.Hour, -time.Hour, 0, -20*24*time.Hour, time.Minute))}
	}
	m.SHA256 = fixture.SHA256(pick(w, name, name, name, name, "shared"))
	m.RunID = pick(w, "", name, name, "shared")
	if m.SHA256 == fixture.SHA256("shared") {
		// One file says the same whoever brings it.
		m.RunID, m.EndTime, m.Value = "shared", &metav1.Time{Time: fixture.Day(0)}, "0.1"
	}
	switch w.IntN(16) {
	case 0:
		fixture.Unmeasured(v1alpha1.ReasonUnreadable)(&e)
	case 1:
		m.Metric = "scorer/typo"
	case 2:
		fixture.Unread()(&e)
	}
	return e
}

// settle does what the decisions ask for, at a few moments of the past and for what the releases were made of then; and
// lets people resolve some findings.
func (w *world) settle() {
	policy := w.policy
	for range 4 {
		now := w.time()
		if w.policy = policy; w.IntN(3) == 0 {
			// What requirements were about may have been another then.
			w.policy = policy.DeepCopy()
			for i := range w.policy.Spec.Requirements {
				fixture.Scoped()(&w.policy.Spec.Requirements[i])
			}
		}
		for _, release := range w.variants() {
			if w.IntN(3) == 0 {
				continue
			}
			d := w.decide(release, w.evaluations, now)
			for _, f := range d.NewFindings {
				if !slices.ContainsFunc(w.findings, func(old v1alpha1.AdverseFinding) bool { return old.Name == f.Name }) {
					w.findings = append(w.findings, f)
				}
			}
		}
		for i := range w.findings {
			f := &w.findings[i]
			switch w.IntN(4) {
			case 0:
				fixture.ResolvedBy(f.Spec.Evidence.Namespace, w.evaluations[w.IntN(len(w.evaluations))].Name)(f)
			case 1:
				if f.Status.ResolvedTime == nil {
					fixture.ResolvedAt(w.time())(f)
				}
			}
		}
	}
	w.policy = policy
}

// variants is how many of each release [world.variants] has, the first as it is.
const variants = 6

// variants are the releases as they are, and as they may have been or become.
func (w *world) variants() []*v1alpha1.ModelRelease {
	var all []*v1alpha1.ModelRelease
	for _, release := range w.releases {
		all = append(all, release)
		for _, artifacts := range [][]v1alpha1.SubjectArtifact{
			{fixture.Weights("m1")},
			{fixture.Weights("m1"), fixture.Server("m1")},
			{fixture.Weights("m1"), fixture.Server("new")},
			{fixture.Weights("other"), fixture.Server("m1")},
			{fixture.Weights("m1"), fixture.Server("m1"), fixture.Safeguard("m1")},
		} {
			variant := release.DeepCopy()
			fixture.Of(artifacts...)(variant)
			all = append(all, variant)
		}
	}
	return all
}

// decide decides about a release as it would be with these evaluations in the cluster.
func (w *world) decide(release *v1alpha1.ModelRelease, evaluations []v1alpha1.SafetyEvaluation, now time.Time) gate.Decision {
	in := gate.Input{Now: now, Release: release, Policy: w.policy, PolicyRevision: "sha256:0123456789abcdef", Findings: w.findings}
	for i := range evaluations {
		e := &evaluations[i]
		if e.CreationTimestamp.After(now) {
			continue
		}
		in.Sightings = append(in.Sightings, gate.SightingOf(e))
		if e.Namespace == release.Namespace && e.Spec.Subject.Release == release.Name {
			in.Evaluations = append(in.Evaluations, *e)
		}
	}
	return gate.Decide(in)
}

// expendable asks about one of the releases.
func (w *world) expendable(release *v1alpha1.ModelRelease, evaluations []v1alpha1.SafetyEvaluation, now time.Time) []retention.Choice {
	in := retention.Input{
		Now: now, Release: release, Policy: w.policy, Sharing: evaluations, Findings: w.findings,
		LongestDays: retention.LongestDays([]v1alpha1.SafetyPolicy{*w.policy}),
	}
	for i := range evaluations {
		if e := &evaluations[i]; e.Namespace == release.Namespace && e.Spec.Subject.Release == release.Name {
			in.Evaluations = append(in.Evaluations, *e)
		}
	}
	return retention.Expendable(in)
}

// swept are the evaluations that are left when everything was deleted that may be, a few at a time, and those deleted.
func (w *world) swept(now time.Time) (left, deleted []v1alpha1.SafetyEvaluation) {
	left = slices.Clone(w.evaluations)
	for again := true; again; {
		again = false
		for _, release := range w.releases {
			for _, choice := range w.expendable(release, left, now) {
				if w.IntN(4) == 0 {
					continue
				}
				i := slices.IndexFunc(left, func(e v1alpha1.SafetyEvaluation) bool { return e.UID == choice.Evaluation.UID })
				deleted = append(deleted, left[i])
				left = slices.Delete(left, i, i+1)
				again = true
			}
		}
	}
	return left, deleted
}
