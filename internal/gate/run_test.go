// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
)

// ran says that Scalegate ran the evaluation, and that it ended on that day.
func ran(n int) func(*v1alpha1.SafetyEvaluation) { return fixture.Run(fixture.Day(n)) }

// The object of a run is made before there is a result: what counts is when the run ended.
func TestResultOfARun(t *testing.T) {
	run := list(evaluation("e", "0.1", day(3), ran(5)))
	brought := func(on int) []gate.Sighting {
		return []gate.Sighting{{SHA256: fixture.SHA256("file e"), Artifacts: []v1alpha1.SubjectArtifact{fixture.Weights("other")}, Time: fixture.Day(on), UID: "another"}}
	}
	for name, test := range map[string]requirementCase{
		"what Scalegate ran counts from the end of the run": {
			evaluations: list(evaluation("e", "0.1", day(3), ran(5))), want: met, wantEvidence: "e", wantExpires: 105,
		},
		"a run that ended after its object was made may say so": {
			evaluations: list(evaluation("e", "0.1", day(3), ran(5), fixture.Ended(fixture.Day(4)))), want: met, wantEvidence: "e", wantExpires: 104,
		},
		"and still not that it ended after Scalegate saw its end": {
			evaluations: list(evaluation("e", "0.1", day(3), ran(5), fixture.Ended(fixture.Day(5).Add(5*time.Minute+time.Second)))),
			want:        indeterminate, wantEvidence: "e", wantMessage: "claims an end in the future",
		},
		"a run does not end before its object was made": {
			evaluations: list(evaluation("e", "0.1", day(3), ran(2))), want: met, wantEvidence: "e", wantExpires: 103,
		},
		"a run that has not ended makes nothing younger": {
			evaluations: list(evaluation("e", "0.1", day(3), fixture.Run(time.Time{}))), want: met, wantEvidence: "e", wantExpires: 103,
		},
		"what was brought is no younger for a run that it says it had": {
			evaluations: list(evaluation("e", "0.1", day(3), ran(5), func(e *v1alpha1.SafetyEvaluation) { e.Spec.Job = nil })),
			want:        met, wantEvidence: "e", wantExpires: 103,
		},
		"what was never stored has no age, whatever ran": {
			evaluations: list(evaluation("e", "0.1", ran(5), func(e *v1alpha1.SafetyEvaluation) { e.CreationTimestamp = metav1.Time{} })),
			want:        indeterminate, wantEvidence: "e", wantMessage: "its age is unknown",
		},
		"of two runs the one that ended later decides": {
			evaluations: list(evaluation("a", "0.3", day(2), ran(4)), evaluation("b", "0.1", day(1), ran(5))), want: met, wantEvidence: "b",
		},
		"its own sighting makes what Scalegate ran no older": {
			evaluations: run, sightings: []gate.Sighting{gate.SightingOf(&run[0])}, want: met, wantEvidence: "e", wantExpires: 105,
		},
		"what Scalegate ran was submitted when it ended": {
			evaluations: run, sightings: brought(4), want: indeterminate, wantEvidence: "e", wantMessage: "the same file was submitted for other artifacts",
		},
		"whoever brings the file of a run later takes nothing from it": {
			evaluations: run, sightings: brought(6), want: met, wantEvidence: "e", wantExpires: 105,
		},
	} {
		t.Run(name, func(t *testing.T) { testRequirement(t, test) })
	}
}
