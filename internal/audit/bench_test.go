// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package audit_test

import (
	"strconv"
	"testing"

	"github.com/scalegate/scalegate/internal/audit"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
)

// large is a policy of 20 requirements and a release with 50 evaluations.
func large() gate.Input {
	in := input()
	in.Policy = fixture.Policy("rsp")
	for i := range 20 {
		name := "requirement-" + strconv.Itoa(i)
		fixture.Defining(name)(in.Policy)
		fixture.Requiring("ASL-2", name)(in.Policy)
	}
	for i := range 50 {
		e := fixture.Evaluation("evaluation-"+strconv.Itoa(i), "requirement-"+strconv.Itoa(i%20), "0.1", fixture.At(fixture.Day(i%7)))
		in.Evaluations = append(in.Evaluations, e)
		in.Sightings = append(in.Sightings, gate.SightingOf(&e))
	}
	in.Now, in.PolicyRevision = fixture.Day(8), gate.Revision(&in.Policy.Spec)
	return in
}

func BenchmarkSubstance(b *testing.B) {
	d := gate.Decide(large())
	b.ReportAllocs()
	for b.Loop() {
		audit.Substance(d)
	}
}

func BenchmarkTexts(b *testing.B) {
	in := large()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := audit.Texts(in); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	in := large()
	e, err := audit.Encode(in)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(e.JSON)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := audit.Encode(in); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecisionDigest(b *testing.B) {
	d := gate.Decide(large())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := audit.DecisionDigest(d); err != nil {
			b.Fatal(err)
		}
	}
}
