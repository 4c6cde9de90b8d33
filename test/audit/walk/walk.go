// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package walk lets a small world change at random, step by step, so that the decision about one release changes again and
// again: evidence comes and is revoked, people sign and object, safeguards break, policies are revised, time goes by. It is
// pure, and the same seed makes the same walk. What an API server would not store is not in it.
package walk

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
)

// maxKept is how many objects of a kind there are at a time; the oldest go.
const maxKept = 6

// Walk is a world on its way.
type Walk struct {
	rand *rand.Rand
	in   gate.Input
	made int
	// policies are all texts that the policy had.
	policies []*v1alpha1.SafetyPolicy
}

// New is a world at its beginning: a release without evidence in a namespace.
func New(seed uint64, namespace, release string) *Walk {
	w := &Walk{rand: rand.New(rand.NewPCG(seed, seed^0x9e3779b97f4a7c15))}
	r := fixture.Release(release)
	r.Namespace = namespace
	w.in = gate.Input{Now: fixture.Day(0), Release: r}
	w.govern(policy())
	return w
}

// Policies are all texts that the policy had up to now, the first first.
func (w *Walk) Policies() []*v1alpha1.SafetyPolicy { return slices.Clone(w.policies) }

// Input is the world as it is. Nothing of it changes later.
func (w *Walk) Input() gate.Input {
	in := w.in
	in.Release = in.Release.DeepCopy()
	in.Evaluations = cloned(in.Evaluations, (*v1alpha1.SafetyEvaluation).DeepCopy)
	in.Findings = cloned(in.Findings, (*v1alpha1.AdverseFinding).DeepCopy)
	in.Approvals, in.Waivers, in.Determinations = slices.Clone(in.Approvals), slices.Clone(in.Waivers), slices.Clone(in.Determinations)
	in.Safeguards, in.PriorRevisions = slices.Clone(in.Safeguards), slices.Clone(in.PriorRevisions)
	in.Sightings = nil
	for i := range in.Evaluations {
		in.Sightings = append(in.Sightings, gate.SightingOf(&in.Evaluations[i]))
	}
	in.Sightings = append(in.Sightings, w.in.Sightings...)
	return in
}

func cloned[T any](list []T, deepCopy func(*T) *T) []T {
	var all []T
	for i := range list {
		all = append(all, *deepCopy(&list[i]))
	}
	return all
}

// Step changes one thing, and writes down what the last decision says is to be written of findings.
func (w *Walk) Step(last gate.Decision) {
	w.remember(last)
	steps := []func(){
		w.evaluate, w.evaluate, w.evaluate, w.evaluate, w.evaluate, w.evaluate, w.revoke, w.drop, w.resolve, w.resolve, w.sign, w.sign, w.sign, w.waive, w.determine,
		w.look, w.look, w.revise, w.comeIntoForce, w.change, w.pass, w.pass, w.submitElsewhere, w.recall,
	}
	steps[w.rand.IntN(len(steps))]()
	w.in.Now = w.in.Now.Add(time.Duration(1+w.rand.IntN(7200)) * time.Second)
}

// remember does what a controller does with a decision.
func (w *Walk) remember(d gate.Decision) {
	for _, f := range d.NewFindings {
		f.UID, f.CreationTimestamp, f.Generation = fixture.UID(f.Name), metav1.NewTime(w.in.Now), 1
		if !slices.ContainsFunc(w.in.Findings, func(g v1alpha1.AdverseFinding) bool { return g.Name == f.Name }) {
			w.in.Findings = append(w.in.Findings, f)
		}
	}
	for _, r := range d.Resolutions {
		for i := range w.in.Findings {
			if f := &w.in.Findings[i]; f.Name == r.Finding && r.Effective {
				f.Status.ResolvedTime = &metav1.Time{Time: *r.ResolvedTime}
			}
		}
	}
	w.in.Findings = newest(w.in.Findings)
}

func newest[T any](list []T) []T { return list[max(0, len(list)-maxKept):] }

func (w *Walk) pick(from ...string) string { return from[w.rand.IntN(len(from))] }

// name is a name that was not used before.
func (w *Walk) name(prefix string) string {
	w.made++
	return fmt.Sprintf("%s-%d", prefix, w.made)
}

// meta is the metadata of an object that is made now.
func (w *Walk) meta(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Namespace: w.in.Release.Namespace, Name: name, UID: fixture.UID(name), Generation: 1, CreationTimestamp: metav1.NewTime(w.in.Now),
	}
}

// shown is what somebody is shown who signs now.
func (w *Walk) shown() fixture.Shown {
	return fixture.Shown{Subject: gate.Digest(w.artifacts(), nil), Revision: w.in.PolicyRevision}
}

func (w *Walk) artifacts() []v1alpha1.SubjectArtifact { return gate.Artifacts(w.in.Release) }

// evaluate brings a result: mostly a clear one.
func (w *Walk) evaluate() {
	requirement := w.pick("bio", "cyber", "card")
	e := fixture.Evaluation(w.name(requirement), requirement, w.pick("0.05", "0.1", "0.1", "0.1", "0.1", "0.11", "0.15", "0.16", "0.19", "0.1", "0.3", "0.9"), fixture.About(w.artifacts()...))
	e.ObjectMeta = w.meta(e.Name)
	e.Spec.Subject.Release = w.in.Release.Name
	e.Spec.Evaluator = w.pick("lab@example.com", "outside@example.com", "author@example.com")
	e.Spec.Reach = v1alpha1.ReachNamespace
	e.Status.Measurement.RunID = w.pick("", e.Name, "shared")
	switch w.rand.IntN(24) {
	case 0:
		fixture.Unread()(&e)
	case 1:
		fixture.Unmeasured("Unreadable")(&e)
	case 2:
		fixture.Run(w.in.Now)(&e)
	case 3, 4, 5:
		e.Status.Measurement.EndTime = &metav1.Time{Time: w.in.Now.Add(-time.Duration(w.rand.IntN(60)) * 24 * time.Hour)}
	}
	w.in.Evaluations = newest(append(w.in.Evaluations, e))
}

// revoke takes an evaluation back.
func (w *Walk) revoke() {
	if len(w.in.Evaluations) == 0 {
		return
	}
	e := &w.in.Evaluations[w.rand.IntN(len(w.in.Evaluations))]
	e.Generation++
	fixture.Revoked(v1alpha1.RevocationSeverity(w.pick("Advisory", "Critical")))(e)
}

// drop deletes an evaluation.
func (w *Walk) drop() {
	if n := len(w.in.Evaluations); n > 0 {
		at := w.rand.IntN(n)
		w.in.Evaluations = slices.Delete(slices.Clone(w.in.Evaluations), at, at+1)
	}
}

// resolve names an evaluation for a finding.
func (w *Walk) resolve() {
	for i := range w.in.Findings {
		f := &w.in.Findings[i]
		for j := range w.in.Evaluations {
			if e := &w.in.Evaluations[j]; e.Spec.Requirement == f.Spec.Requirement {
				f.Generation++
				fixture.ResolvedBy(e.Namespace, e.Name)(f)
			}
		}
	}
}

// submitElsewhere submits a file of the release's once more.
func (w *Walk) submitElsewhere() {
	if len(w.in.Evaluations) == 0 {
		return
	}
	e := &w.in.Evaluations[w.rand.IntN(len(w.in.Evaluations))]
	if e.Status.Measurement == nil {
		return
	}
	s := gate.SightingOf(e)
	s.UID, s.Namespace, s.Time = fixture.UID(w.name("sighting")), "elsewhere", w.in.Now
	if w.rand.IntN(2) == 0 {
		s.Artifacts = []v1alpha1.SubjectArtifact{fixture.Weights("other")}
	}
	w.in.Sightings = newest(append(w.in.Sightings, s))
}

// recall revokes the release, or another with the same weights, or takes all that back.
func (w *Walk) recall() {
	w.in.Release.Spec.Revocation, w.in.Revoked = nil, nil
	severity := v1alpha1.RevocationSeverity(w.pick("Advisory", "Critical"))
	switch w.rand.IntN(6) {
	case 0:
		fixture.Recalled(severity, v1alpha1.ReachNamespace)(w.in.Release)
	case 1:
		other := fixture.Release(w.name("other"), fixture.Of(w.artifacts()...), fixture.Recalled(severity, v1alpha1.ReachCluster))
		other.Namespace = "elsewhere"
		w.in.Revoked = []v1alpha1.ModelRelease{*other}
	}
	w.in.Release.Generation++
}

// pass lets days go by.
func (w *Walk) pass() { w.in.Now = w.in.Now.Add(time.Duration(1+w.rand.IntN(40)) * 24 * time.Hour) }
