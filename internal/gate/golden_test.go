// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
)

var update = flag.Bool("update", false, "write the transcripts in testdata anew")

// scaling is a policy in the manner of a published one: model card evaluations at ASL-2, safeguards against jailbreaks at
// ASL-3, nothing defined at ASL-4; an uplift trial and a virology test rule CBRN-3 out.
func scaling() *v1alpha1.SafetyPolicy {
	return fixture.Policy("scaling",
		fixture.Requiring("ASL-2", "model-card-evals"), fixture.Requiring("ASL-3", "jailbreak-resistance"), fixture.Undefined("ASL-4"),
		fixture.Raising("CBRN-3", "ASL-3", "bio-uplift", "virology"), fixture.Raising("CBRN-4", "ASL-4", "bio-agent"),
		fixture.Defining("model-card-evals", fixture.Judging(v1alpha1.HigherIsSafer, "0.9", "0.8"), fixture.ValidFor(365), fixture.NeededFrom("Internal")),
		fixture.Defining("jailbreak-resistance", fixture.Bounded(v1alpha1.BoundWilson95), fixture.Judging(v1alpha1.LowerIsSafer, "0.05", "0.1"),
			fixture.Scoped(v1alpha1.ArtifactWeights, v1alpha1.ArtifactSafeguard), fixture.ValidFor(183), fixture.NeededFrom("Internal")),
		fixture.Defining("bio-uplift", fixture.Bounded(v1alpha1.BoundReported95), fixture.Judging(v1alpha1.LowerIsSafer, "2.8", "5.0"),
			fixture.Sampled(8, 2), fixture.Accepting(v1alpha1.RelationHelpfulOnlyVariant), fixture.ValidFor(183), fixture.NeededFrom("Internal")),
		fixture.Defining("virology", fixture.Judging(v1alpha1.LowerIsSafer, "0.5", "0.8"), fixture.ValidFor(183), fixture.NeededFrom("General")),
		fixture.Defining("bio-agent", fixture.Judging(v1alpha1.LowerIsSafer, "0.1", ""), fixture.ValidFor(183), fixture.NeededFrom("Internal")))
}

func uplift(name, value, standardError string, modifiers ...func(*v1alpha1.SafetyEvaluation)) v1alpha1.SafetyEvaluation {
	return fixture.Evaluation(name, "bio-uplift", value, append(modifiers, fixture.Counting(10, 10, 0, 0),
		fixture.Measuring(func(m *v1alpha1.Measurement) { m.StandardError = standardError }))...)
}

func TestTranscripts(t *testing.T) {
	card := fixture.Evaluation("card", "model-card-evals", "0.97")
	low, unclear, high := uplift("uplift-low", "1.70", "0.4"), uplift("uplift-unclear", "2.53", "0.5"), uplift("uplift-high", "7.1", "0.6", day(3))
	virology, agent := fixture.Evaluation("virology", "virology", "0.41"), fixture.Evaluation("agent", "bio-agent", "0.02")
	guarded := fixture.Of(fixture.Weights("m1"), fixture.Server("m1"), fixture.Safeguard("m1"))
	jailbreak := fixture.Evaluation("jailbreak", "jailbreak-resistance", "0.01",
		fixture.Counting(400, 400, 0, 0), fixture.About(fixture.Weights("m1"), fixture.Safeguard("m1")))
	rerun := uplift("uplift-rerun", "1.5", "0.4", day(5))
	stands := fixture.Finding("bio-uplift-0123456789abcdef", "bio-uplift", upliftScope(), fixture.From(&high))
	for name, in := range map[string]gate.Input{
		"ruled-out":     {Release: fixture.Release("m1"), Evaluations: list(card, low, virology, agent)},
		"not-ruled-out": {Release: fixture.Release("m1"), Evaluations: list(card, unclear, virology, agent)},
		"safeguarded":   {Release: fixture.Release("m1", guarded), Evaluations: list(card, unclear, virology, agent, jailbreak)},
		"failed":        {Release: fixture.Release("m1"), Evaluations: list(card, low, virology, agent, high)},
		"rerun-is-no-resolution": {
			Release: fixture.Release("m1"), Evaluations: list(card, low, virology, agent, high, rerun), Findings: findings(stands),
		},
		"resolved": {
			Release: fixture.Release("m1"), Evaluations: list(card, low, virology, agent, high, rerun),
			Findings: findings(fixture.Finding(stands.Name, "bio-uplift", upliftScope(), fixture.From(&high), fixture.ResolvedBy(fixture.Namespace, rerun.Name))),
		},
		"lapsed":        {Release: fixture.Release("m1"), Evaluations: list(card, low, virology, agent), Now: fixture.Day(200)},
		"nothing-known": {Release: fixture.Release("m1")},
		"unknown-level": {Release: fixture.Release("m1", fixture.Declared("ASL-9")), Evaluations: list(card)},
	} {
		t.Run(name, func(t *testing.T) {
			in.Policy, in.PolicyRevision = scaling(), "sha256:0123456789abcdef"
			if in.Now.IsZero() {
				in.Now = fixture.Day(10)
			}
			got := transcript(gate.Decide(in))
			file := filepath.Join("testdata", name+".txt")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatalf("reading the transcript (go test -update writes it): %v", err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// transcript is a decision as text for people.
func transcript(d gate.Decision) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", d.Message)
	fmt.Fprintf(&b, "reason %s, required level %q, granted %q, adverse %v\n", d.Reason, d.RequiredLevel, d.GrantedExposure, d.Adverse)
	if d.ClearedUntil != nil {
		fmt.Fprintf(&b, "cleared until %s\n", d.ClearedUntil.Format(time.RFC3339))
	}
	fmt.Fprintf(&b, "looked at again after %s\n\n", d.RecheckAfter)
	for _, r := range d.Exposures {
		fmt.Fprintf(&b, "exposure %s: granted %v, level %q, reason %s, adverse %v, blocked by %v\n  %s\n",
			r.Name, r.Granted, r.RequiredLevel, r.Reason, r.Adverse, r.Blocking, r.Message)
	}
	for _, r := range d.Thresholds {
		fmt.Fprintf(&b, "threshold %s: %s\n  %s\n", r.Name, r.State, r.Message)
	}
	for _, r := range d.Requirements {
		fmt.Fprintf(&b, "requirement %s: %s, evidence %q, %s\n  %s\n", r.Name, r.State, r.Evidence, r.Change.Act, r.Message)
	}
	for i := range d.NewFindings {
		fmt.Fprintf(&b, "new finding %s about %s\n", d.NewFindings[i].Name, d.NewFindings[i].Spec.Evidence.Name)
	}
	for _, r := range d.Resolutions {
		fmt.Fprintf(&b, "resolution of %s: effective %v\n  %s\n", r.Finding, r.Effective, r.Message)
	}
	return b.String()
}
