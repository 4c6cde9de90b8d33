// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
)

// source makes choices from a byte string. At its end every choice is the first.
type source struct{ data []byte }

func (s *source) below(n int) int {
	if len(s.data) == 0 {
		return 0
	}
	b := s.data[0]
	s.data = s.data[1:]
	return int(b) % n
}

// rarely is true for one choice in n.
func (s *source) rarely(n int) bool { return s.below(n) == n-1 }

func pick[T any](s *source, from ...T) T { return from[s.below(len(from))] }

// world builds small inputs in which everything that matters can happen: few names, few values around the bounds, few
// times, so that ties, matches and collisions are frequent.
type world struct {
	source
	policy  *v1alpha1.SafetyPolicy
	release *v1alpha1.ModelRelease
	count   int
	// governed: the policy has what people and the cluster answer.
	governed bool
}

func newWorld(data []byte) *world {
	w := &world{source: source{data: data}}
	w.policy = w.newPolicy()
	if w.governed = w.below(2) == 1; w.governed {
		w.govern(w.policy)
	}
	w.release = fixture.Release("m1",
		fixture.Asking(pick(&w.source, "General", "Internal", "Evaluation")),
		fixture.Declared(pick(&w.source, "L1", "L2", "L3")))
	if w.rarely(16) {
		w.release.Spec.Level = "typo"
	}
	if w.rarely(16) {
		w.release.Spec.Exposure = "typo"
	}
	if w.rarely(24) {
		fixture.Of(fixture.Server("m1"))(w.release)
	}
	if w.governed && !w.rarely(16) {
		fixture.AuthoredBy("p0", pick(&w.source, "p9", "p1", "s0"))(w.release)
	}
	return w
}

func (w *world) requirement() string {
	return pick(&w.source, "r0", "r1", "r2", "r3", "r0", "r1", "r2", "typo")
}

func (w *world) requirements() []string {
	var names []string
	for name := range 4 {
		if w.below(3) == 0 {
			names = append(names, "r"+strconv.Itoa(name))
		}
	}
	if w.rarely(16) {
		names = append(names, "typo")
	}
	return names
}

func (w *world) newPolicy() *v1alpha1.SafetyPolicy {
	p := fixture.Policy("rsp")
	for i := range p.Spec.Exposures {
		p.Spec.Exposures[i].WithoutEvidence = pick(&w.source, "", v1alpha1.WithoutEvidenceAllowed, v1alpha1.WithoutEvidenceRefused)
	}
	p.Spec.Levels = nil
	for _, name := range []string{"L1", "L2", "L3"} {
		level := v1alpha1.Level{Name: name, Requires: w.requirements()}
		if w.rarely(24) {
			level.State = v1alpha1.LevelUndefined
		}
		p.Spec.Levels = append(p.Spec.Levels, level)
	}
	for i := range w.below(4) {
		raises := pick(&w.source, "L2", "L3", "L1", "L2", "L3", "typo")
		fixture.Raising("T"+strconv.Itoa(i), raises, w.requirements()...)(p)
	}
	for i := range 4 {
		w.define(p, "r"+strconv.Itoa(i))
	}
	if w.rarely(4) {
		p.Spec.ClearanceSeconds = new(int32(w.below(256) * 4000))
	}
	return p
}

func (w *world) define(p *v1alpha1.SafetyPolicy, name string) {
	judging := fixture.Judging(v1alpha1.LowerIsSafer, "0.2", pick(&w.source, "0.5", "0.5", "0.2", "0.5", "", v1alpha1.Decimal("0.1")))
	if w.below(3) == 2 {
		judging = fixture.Judging(v1alpha1.HigherIsSafer, "0.5", pick(&w.source, "0.2", "0.2", "0.5", "", v1alpha1.Decimal("0.6")))
	}
	modifiers := []func(*v1alpha1.Requirement){
		judging,
		fixture.Bounded(pick(&w.source, v1alpha1.BoundPoint, v1alpha1.BoundPoint, v1alpha1.BoundWilson95, v1alpha1.BoundReported95)),
		fixture.Sampled(pick(&w.source, int64(10), 1, 100, 1), pick(&w.source, int32(10), 0, 100)),
		fixture.ValidFor(pick(&w.source, int32(5), 1, 100, 100)),
		fixture.NeededFrom(pick(&w.source, "", "Evaluation", "Internal", "General", "typo")),
		fixture.Scoped(pick(&w.source, []v1alpha1.ArtifactType{v1alpha1.ArtifactWeights}, nil, []v1alpha1.ArtifactType{v1alpha1.ArtifactWeights, v1alpha1.ArtifactSafeguard})...),
	}
	if w.below(2) == 1 {
		modifiers = append(modifiers, fixture.Accepting(v1alpha1.RelationEarlierSnapshot))
	}
	fixture.Defining(name, modifiers...)(p)
}

func (w *world) time() time.Time {
	return fixture.Day(w.below(8)).Add(time.Duration(w.below(2)) * time.Second)
}

func (w *world) evaluation() v1alpha1.SafetyEvaluation {
	name := "e" + strconv.Itoa(w.count)
	w.count++
	e := fixture.Evaluation(name, w.requirement(),
		pick(&w.source, "0.1", "0.9", "0.3", "0.2", "0.5", "0.1", "0.1", "0.1", "0.9", "NaN", "", "-Inf", "0", "1", "1e400", "0x1p-3"), fixture.At(w.time()))
	m := e.Status.Measurement
	switch w.below(6) {
	case 1:
		fixture.About(fixture.Weights("m1"))(&e)
	case 2:
		fixture.About(fixture.Server("m1"), fixture.Weights("m1"), fixture.Server("m1"))(&e)
	case 3:
		fixture.About(pick(&w.source, fixture.Weights("other"), fixture.Server("m1")))(&e)
	}
	if w.rarely(6) {
		fixture.Related(pick(&w.source, v1alpha1.RelationEarlierSnapshot, v1alpha1.RelationSimilarlySafe),
			pick(&w.source, fixture.Weights("other"), fixture.Weights("m1")))(&e)
	}
	if w.below(3) == 2 {
		m.EndTime = &metav1.Time{Time: w.time()}
	}
	m.SHA256 = fixture.SHA256(pick(&w.source, name, name, "shared"))
	m.RunID = pick(&w.source, "", name, "shared")
	w.disturb(&e)
	if w.rarely(4) {
		fixture.Run(pick(&w.source, w.time(), w.time(), w.time(), time.Time{}))(&e)
	}
	return e
}

// disturb makes some measurements ones that cannot be used.
func (w *world) disturb(e *v1alpha1.SafetyEvaluation) {
	m := e.Status.Measurement
	m.StandardError = pick(&w.source, "0.01", "", "0", "0.2", "NaN")
	switch w.below(24) {
	case 23:
		fixture.Unmeasured("Unreadable")(e)
	case 22:
		m.EndMarker = ""
	case 21:
		m.Metric = "scorer/other"
	case 20:
		m.Problem = "something"
	case 19:
		e.CreationTimestamp = metav1.Time{}
	case 18, 17, 16:
		choice := func() *int64 {
			return pick(&w.source, nil, new(int64(0)), new(int64(5)), new(int64(50)), new(int64(-1)), new(int64(1<<62)))
		}
		m.Planned, m.Judged, m.Unjudged, m.Errored = choice(), choice(), choice(), choice()
	case 15:
		m.IntervalLow, m.IntervalHigh = pick(&w.source, "0.05", "NaN", "0.8"), pick(&w.source, "0.15", "0.95", "")
	}
}

func (w *world) finding(evaluations []v1alpha1.SafetyEvaluation) v1alpha1.AdverseFinding {
	name := "f" + strconv.Itoa(w.count)
	w.count++
	requirement := w.requirement()
	var scope []v1alpha1.ArtifactType
	for i := range w.policy.Spec.Requirements {
		if r := &w.policy.Spec.Requirements[i]; r.Name == requirement {
			scope = r.Scope
		}
	}
	artifacts := gate.Artifacts(w.release)
	if w.rarely(6) {
		artifacts = []v1alpha1.SubjectArtifact{fixture.Weights("other")}
	}
	f := fixture.Finding(name, requirement, gate.Digest(artifacts, scope))
	f.Spec.Evidence.ResultTime = metav1.NewTime(w.time())
	if len(evaluations) > 0 {
		f.Spec.Evidence.UID = string(evaluations[w.below(len(evaluations))].UID)
		by := pick(&w.source, "good-"+requirement, "good-"+requirement, evaluations[w.below(len(evaluations))].Name, "typo")
		if w.below(3) > 0 {
			fixture.ResolvedBy(pick(&w.source, fixture.Namespace, fixture.Namespace, fixture.Namespace, "elsewhere"), by)(&f)
		}
	}
	if w.below(3) == 2 {
		fixture.ResolvedAt(w.time())(&f)
	}
	return f
}

// favourable are clean results, one for most requirements, without which hardly anything would ever be granted.
func (w *world) favourable() []v1alpha1.SafetyEvaluation {
	var made []v1alpha1.SafetyEvaluation
	for i := range w.policy.Spec.Requirements {
		r, value := &w.policy.Spec.Requirements[i], "0.1"
		if r.Evaluation == nil {
			continue
		}
		if r.Evaluation.Direction == v1alpha1.HigherIsSafer {
			value = "0.9"
		}
		if w.rarely(5) {
			continue
		}
		if w.governed && w.rarely(8) {
			value = "0.3"
		}
		e := fixture.Evaluation("good-"+r.Name, r.Name, value, fixture.At(fixture.Day(6-w.below(3))))
		e.Status.Measurement.StandardError = "0.01"
		made = append(made, e)
	}
	return made
}

func (w *world) input() gate.Input {
	in := gate.Input{Release: w.release, Policy: w.policy, PolicyRevision: current}
	if !w.rarely(8) {
		in.Evaluations = w.favourable()
	}
	others := w.below(6)
	if w.governed {
		others = max(0, others-3)
	}
	for range others {
		in.Evaluations = append(in.Evaluations, w.evaluation())
	}
	for range pick(&w.source, 0, 1, 0, 2, 0, 3) {
		in.Findings = append(in.Findings, w.finding(in.Evaluations))
	}
	for i := range in.Evaluations {
		in.Sightings = append(in.Sightings, gate.SightingOf(&in.Evaluations[i]))
	}
	for range w.below(3) {
		in.Sightings = append(in.Sightings, gate.Sighting{
			SHA256: fixture.SHA256("shared"), RunID: "shared", Time: w.time(), UID: "elsewhere",
			Artifacts: []v1alpha1.SubjectArtifact{pick(&w.source, fixture.Weights("m1"), fixture.Weights("other"))},
		})
	}
	in.Now = fixture.Day(8).Add(time.Duration(w.below(3)) * 500 * time.Millisecond)
	if !w.governed || w.rarely(4) {
		w.breed(&in)
		w.recall(&in)
	}
	if w.governed {
		w.attribute(in.Evaluations)
		w.signed(&in)
	}
	if w.rarely(4) {
		w.revise(&in)
	}
	return in
}

// breed makes some releases ones that were made from others, of which some are lost and about some of which something was found.
func (w *world) breed(in *gate.Input) {
	if w.below(3) < 2 {
		return
	}
	in.Release = in.Release.DeepCopy()
	from := in.Release
	for i := range 1 + w.below(3) {
		name := "a" + strconv.Itoa(i)
		fixture.DerivedFrom(name)(from)
		if w.rarely(12) {
			break
		}
		in.Ancestors = append(in.Ancestors, *fixture.Release(name,
			fixture.Declared(pick(&w.source, "L1", "L1", "L2", "L3", "typo")),
			fixture.Of(pick(&w.source, fixture.Weights(name), fixture.Weights("m1")))))
		from = &in.Ancestors[len(in.Ancestors)-1]
	}
	if w.rarely(12) {
		fixture.DerivedFrom(pick(&w.source, "m1", "a0"))(from)
	}
	for range w.below(3) {
		f := w.finding(in.Evaluations)
		fixture.Concerning(fixture.Weights(pick(&w.source, "a0", "a1")))(&f)
		f.Spec.ScopeDigest = gate.Digest(f.Spec.Artifacts, nil)
		in.Findings = append(in.Findings, f)
	}
}

func (w *world) severity() v1alpha1.RevocationSeverity {
	return pick(&w.source, v1alpha1.RevocationAdvisory, v1alpha1.RevocationCritical)
}

// recall revokes some of the evaluations and, rarely, releases; and limits the reach of some findings.
func (w *world) recall(in *gate.Input) {
	for i := range in.Evaluations {
		if w.rarely(10) {
			fixture.Revoked(w.severity())(&in.Evaluations[i])
		}
	}
	for i := range in.Findings {
		if w.rarely(4) {
			fixture.Spoken(pick(&w.source, "elsewhere", fixture.Namespace), pick(&w.source, v1alpha1.ReachNamespace, v1alpha1.ReachCluster, ""))(&in.Findings[i])
		}
	}
	for range pick(&w.source, 0, 0, 0, 1, 0, 2) {
		in.Revoked = append(in.Revoked, w.recalled())
	}
	if w.rarely(16) {
		in.Release = in.Release.DeepCopy()
		fixture.Recalled(w.severity(), v1alpha1.ReachNamespace)(in.Release)
	}
}

func (w *world) recalled() v1alpha1.ModelRelease {
	r := fixture.Release("x"+strconv.Itoa(w.count),
		fixture.Of(pick(&w.source, fixture.Weights("other"), fixture.Weights("m1"), fixture.Server("m1"), fixture.Server("other"))),
		fixture.Recalled(w.severity(), pick(&w.source, v1alpha1.ReachNamespace, v1alpha1.ReachCluster)))
	w.count++
	if w.below(2) == 1 {
		r.Namespace = "elsewhere"
	}
	return *r
}
