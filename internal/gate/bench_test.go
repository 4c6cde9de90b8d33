// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"runtime"
	"strconv"
	"testing"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
)

// large is a policy of 20 requirements and a release with 50 evaluations, each seen once, of which most count.
func large() gate.Input {
	policy := fixture.Policy("rsp")
	for i := range 20 {
		name := "requirement-" + strconv.Itoa(i)
		bound := []v1alpha1.Bound{v1alpha1.BoundPoint, v1alpha1.BoundWilson95, v1alpha1.BoundReported95}[i%3]
		fixture.Defining(name, fixture.NeededFrom([]string{"Internal", "General"}[i%2]), fixture.Bounded(bound))(policy)
		switch {
		case i < 8:
			fixture.Requiring("ASL-2", name)(policy)
		case i < 14:
			fixture.Requiring("ASL-3", name)(policy)
		case i%2 == 0:
			fixture.Raising("threshold-"+strconv.Itoa(i), "ASL-3", name, "requirement-"+strconv.Itoa(i+1))(policy)
		}
	}
	in := gate.Input{
		Now: fixture.Day(10), Release: fixture.Release("m1"), Policy: policy, PolicyRevision: gate.Revision(&policy.Spec),
	}
	for i := range 50 {
		requirement := "requirement-" + strconv.Itoa(i%20)
		e := fixture.Evaluation("evaluation-"+strconv.Itoa(i), requirement, []string{"0.05", "0.3", "0.11"}[i%3], fixture.At(fixture.Day(i%7)))
		e.Status.Measurement.StandardError = "0.013"
		e.Status.Measurement.RunID = e.Name
		in.Evaluations = append(in.Evaluations, e)
		in.Sightings = append(in.Sightings, gate.SightingOf(&e))
	}
	in.Findings = append(in.Findings,
		fixture.Finding("old", "requirement-1", gate.Digest([]v1alpha1.SubjectArtifact{fixture.Weights("m1")}, nil), fixture.ResolvedAt(fixture.Day(1))),
		fixture.Finding("other", "requirement-2", gate.Digest([]v1alpha1.SubjectArtifact{fixture.Weights("other")}, nil)))
	return in
}

func BenchmarkDecide(b *testing.B) {
	in := large()
	b.ReportAllocs()
	for b.Loop() {
		gate.Decide(in)
	}
}

// TestDecisionsAreFrugal holds what a decision allocates, which does not depend on the machine. It takes more than twice
// as much where the compiler no longer sees that the working state stays on the stack.
func TestDecisionsAreFrugal(t *testing.T) {
	const (
		runs        = 100
		mostObjects = 20
		mostBytes   = 16 << 10
	)
	in := large()
	if objects := testing.AllocsPerRun(runs, func() { gate.Decide(in) }); objects > mostObjects {
		t.Errorf("a decision allocates %v times, want at most %d", objects, mostObjects)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		gate.Decide(in)
	}
	runtime.ReadMemStats(&after)
	if bytes := (after.TotalAlloc - before.TotalAlloc) / runs; bytes > mostBytes {
		t.Errorf("a decision allocates %d bytes, want at most %d", bytes, mostBytes)
	}
}

func BenchmarkRevision(b *testing.B) {
	in := large()
	b.ReportAllocs()
	for b.Loop() {
		gate.Revision(&in.Policy.Spec)
	}
}
