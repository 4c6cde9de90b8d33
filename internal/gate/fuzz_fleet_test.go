// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"slices"
	"testing"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
)

// checkExcuses: why an exposure is refused never contradicts itself, and what is said of what would be granted comes true.
func checkExcuses(t *testing.T, in gate.Input, d gate.Decision) {
	t.Helper()
	recalled := d.Reason == v1alpha1.ReasonRevoked && in.Release.Spec.Revocation != nil
	for i := range d.Exposures {
		x := &d.Exposures[i]
		if x.Granted && (x.Lapsed != nil || x.Revoked != "") || x.Lapsed != nil && (x.Adverse || x.Revoked != "" || x.Lapsed.After(in.Now)) {
			t.Errorf("%s is granted %v, adverse %v, revoked %q and lapsed %v", x.Name, x.Granted, x.Adverse, x.Revoked, x.Lapsed)
		}
		if recalled && x.Revoked == "" {
			t.Errorf("%s of a revoked release is not refused by the revocation", x.Name)
		}
		if in.InForce != nil {
			continue
		}
		if x.Lapsed != nil && !grantedTo(lasting(in, d), x.Name) {
			t.Errorf("%s lapsed %v, and is not granted when evidence counts longer", x.Name, x.Lapsed)
		}
		if x.Revoked != v1alpha1.RevocationAdvisory || x.Adverse || refusedAsRelease(in) {
			continue
		}
		kept := unrevoked(in)
		if !grantedTo(lasting(kept, gate.Decide(kept)), x.Name) {
			t.Errorf("%s is refused by an Advisory revocation, and is not granted without it", x.Name)
		}
		if len(in.Approvals) == 0 && grantedTo(lasting(in, d), x.Name) {
			t.Errorf("%s is refused by an Advisory revocation, and is granted all the same when evidence counts longer", x.Name)
		}
	}
}

// refusedAsRelease reports whether the release or one with the same weights is revoked: without evidence and lineage it
// would be refused for that alone.
func refusedAsRelease(in gate.Input) bool {
	in.Evaluations, in.Findings, in.Policy = nil, nil, in.Policy.DeepCopy()
	in.Policy.Spec.Thresholds = nil
	for i := range in.Policy.Spec.Levels {
		in.Policy.Spec.Levels[i] = v1alpha1.Level{Name: in.Policy.Spec.Levels[i].Name}
	}
	return gate.Decide(in).Exposures[0].Revoked != ""
}

// lasting is the input with evidence that expired counting for as long as the API lets it.
func lasting(in gate.Input, d gate.Decision) gate.Input {
	in.Policy = in.Policy.DeepCopy()
	for i := range in.Policy.Spec.Requirements {
		if r := &in.Policy.Spec.Requirements[i]; stateOf(d, r.Name) == expired {
			r.ValidForDays = 3650
			if r.Evaluation != nil {
				r.Evaluation.AlertAt, r.Evaluation.AlertValidForDays = "", nil
			}
		}
	}
	return lastingPeople(in)
}

// unrevoked is the input without any revocation.
func unrevoked(in gate.Input) gate.Input {
	in.Evaluations, in.Revoked, in.Release = slices.Clone(in.Evaluations), nil, in.Release.DeepCopy()
	in.Release.Spec.Revocation = nil
	for i := range in.Evaluations {
		in.Evaluations[i].Spec.Revocation = nil
	}
	return in
}

// grantedTo reports whether an exposure would be granted to a release that asks for it.
func grantedTo(in gate.Input, exposure string) bool {
	in.Release = in.Release.DeepCopy()
	in.Release.Spec.Exposure = exposure
	return gate.Decide(in).GrantedExposure == exposure
}

// No more is granted when something is revoked, or when a release turns out to be made from another.
func FuzzRevocation(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		w := newWorld(data)
		in := w.input()
		before := gate.Decide(in)
		for i := range in.Evaluations {
			less := in
			less.Evaluations = slices.Clone(in.Evaluations)
			fixture.Revoked(w.severity())(&less.Evaluations[i])
			checkNoMore(t, "with "+in.Evaluations[i].Name+" revoked", less, before)
		}
		less := in
		less.Revoked = append(slices.Clone(in.Revoked), w.recalled())
		checkNoMore(t, "with another revoked release", less, before)
		less = in
		less.Release = in.Release.DeepCopy()
		fixture.Recalled(w.severity(), v1alpha1.ReachNamespace)(less.Release)
		checkNoMore(t, "when it is revoked", less, before)
		checkNoMore(t, "with an ancestor", w.descended(in), before)
	})
}

func checkNoMore(t *testing.T, what string, in gate.Input, before gate.Decision) {
	t.Helper()
	after := gate.Decide(in)
	if reach(in, after) > reach(in, before) {
		t.Errorf("%s %q is granted instead of %q", what, after.GrantedExposure, before.GrantedExposure)
	}
}

// descended is the input with one more ancestor at the end of the line, of which something may have been found.
func (w *world) descended(in gate.Input) gate.Input {
	in.Release, in.Ancestors = in.Release.DeepCopy(), slices.Clone(in.Ancestors)
	last := in.Release
	for i := range in.Ancestors {
		if in.Ancestors[i].Spec.DerivedFrom == nil {
			last = &in.Ancestors[i]
		}
	}
	if last.Spec.DerivedFrom != nil {
		return in
	}
	fixture.DerivedFrom("eve")(last)
	in.Ancestors = append(in.Ancestors, *fixture.Release("eve", fixture.Declared(pick(&w.source, "L1", "L2", "L3", "typo"))))
	if w.below(2) == 1 {
		in.Findings = append(slices.Clone(in.Findings), fixture.Finding("fallen", w.requirement(),
			gate.Digest([]v1alpha1.SubjectArtifact{fixture.Weights("eve")}, nil), fixture.Concerning(fixture.Weights("eve"))))
	}
	return in
}
