// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
)

const broken = v1alpha1.RequirementBroken

// walled is rsp, and wants egress denied from Internal on, of every release or only of those at ASL-3.
func walled(level string) *v1alpha1.SafetyPolicy {
	return rsp(fixture.Requiring(level, "walls"),
		fixture.Defining("walls", fixture.Checked(v1alpha1.SafeguardEgressDenied), fixture.NeededFrom("Internal")))
}

func fact(state v1alpha1.SafeguardState, message string) gate.SafeguardFact {
	return gate.SafeguardFact{Requirement: "walls", Type: v1alpha1.SafeguardEgressDenied, State: state, Message: message}
}

func TestSafeguards(t *testing.T) {
	inPlace, gone := fact(v1alpha1.SafeguardInPlace, ""), fact(v1alpha1.SafeguardBroken, "no NetworkPolicy selects the pods; make one")
	other := inPlace
	other.Type = v1alpha1.SafeguardNoTenantExec
	elsewhere := inPlace
	elsewhere.Requirement = "fences"
	for name, test := range map[string]struct {
		facts       []gate.SafeguardFact
		want        v1alpha1.RequirementState
		wantMessage string
	}{
		"what is in place meets it":          {[]gate.SafeguardFact{inPlace}, met, "is in place."},
		"what is broken says how to mend it": {[]gate.SafeguardFact{gone}, broken, "is not in place: no NetworkPolicy selects the pods; make one."},
		"broken without a message points to where it is told": {
			[]gate.SafeguardFact{fact(v1alpha1.SafeguardBroken, "")}, broken, "status.safeguards of the release says what was looked at",
		},
		"what could not be looked at is not known":       {[]gate.SafeguardFact{fact(v1alpha1.SafeguardUnknown, "may not list roles")}, indeterminate, "may not list roles"},
		"what nobody looked at is not known":             {nil, indeterminate, "Nobody has looked yet"},
		"a fact about another check is none":             {[]gate.SafeguardFact{other}, indeterminate, "Nobody has looked yet"},
		"a fact for another requirement is none":         {[]gate.SafeguardFact{elsewhere}, indeterminate, "Nobody has looked yet"},
		"a state that nobody knows is no state in place": {[]gate.SafeguardFact{fact("Fine", "")}, indeterminate, "none that this version knows"},
		"of two facts the worse counts":                  {[]gate.SafeguardFact{inPlace, gone}, broken, "no NetworkPolicy"},
		"whichever comes first":                          {[]gate.SafeguardFact{gone, inPlace}, broken, "no NetworkPolicy"},
		"what is not known is worse than what is there":  {[]gate.SafeguardFact{inPlace, fact(v1alpha1.SafeguardUnknown, "")}, indeterminate, "is not known"},
	} {
		t.Run(name, func(t *testing.T) {
			d := gate.Decide(gate.Input{
				Now: fixture.Day(1), Release: fixture.Release("m1"), Policy: walled("ASL-2"),
				Evaluations: results("card=0.1", "bio=0.1"), Safeguards: test.facts,
			})
			i := slices.IndexFunc(d.Requirements, func(r gate.RequirementResult) bool { return r.Name == "walls" })
			got := d.Requirements[i]
			if got.State != test.want || got.Expires != nil || !strings.Contains(got.Message, test.wantMessage) {
				t.Errorf("walls is %s until %v: %s", got.State, got.Expires, got.Message)
			}
			exposure, reason := "Evaluation", v1alpha1.ReasonSafeguardNotInPlace
			if test.want == met {
				exposure, reason = "General", v1alpha1.ReasonEvidenceComplete
			}
			if d.GrantedExposure != exposure || d.Reason != reason || d.Adverse {
				t.Errorf("%q is granted for %s, adverse %t: %s", d.GrantedExposure, d.Reason, d.Adverse, d.Message)
			}
			if test.want == met && !d.EvidenceEnds.Equal(fixture.Day(30)) {
				t.Errorf("the evidence ends %v: what is in place does not end", d.EvidenceEnds)
			}
		})
	}
}

// A safeguard that is missing is absence, also where a reached threshold raises the release to it: what serves is not removed for it.
func TestAbsentSafeguardsAreNotAdverse(t *testing.T) {
	for name, test := range map[string]struct {
		facts   []gate.SafeguardFact
		results []v1alpha1.SafetyEvaluation
		adverse bool
		reason  string
	}{
		"broken": {
			[]gate.SafeguardFact{fact(v1alpha1.SafeguardBroken, "")}, results("card=0.1", "bio=0.9", "jailbreak=0.1"), false, v1alpha1.ReasonSafeguardNotInPlace,
		},
		"not looked at": {nil, results("card=0.1", "bio=0.9", "jailbreak=0.1"), false, v1alpha1.ReasonSafeguardNotInPlace},
		"beside evidence that is missing it is": {
			nil, results("card=0.1", "bio=0.9"), true, v1alpha1.ReasonAdverseFinding,
		},
		"in place": {
			[]gate.SafeguardFact{fact(v1alpha1.SafeguardInPlace, "")}, results("card=0.1", "bio=0.9", "jailbreak=0.1"), false, v1alpha1.ReasonEvidenceComplete,
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := gate.Decide(gate.Input{
				Now: fixture.Day(1), Release: fixture.Release("m1"), Policy: walled("ASL-3"), Evaluations: test.results, Safeguards: test.facts,
			})
			if d.Adverse != test.adverse || d.Reason != test.reason {
				t.Errorf("adverse %t for %s, want %t for %s: %s", d.Adverse, d.Reason, test.adverse, test.reason, d.Message)
			}
		})
	}
}

// What sums the decision up names the object that breaks the first check, and leaves room for the names of the others.
func TestTheSummaryNamesWhatBreaks(t *testing.T) {
	policy := walled("ASL-2")
	fixture.Requiring("ASL-2", "fences")(policy)
	fixture.Defining("fences", fixture.Checked(v1alpha1.SafeguardRuntimeClass), fixture.NeededFrom("Internal"))(policy)
	long := strings.Repeat("x", 480)
	fences := gate.SafeguardFact{Requirement: "fences", Type: v1alpha1.SafeguardRuntimeClass, State: v1alpha1.SafeguardBroken, Message: "Pod b: " + long}
	d := gate.Decide(gate.Input{
		Now: fixture.Day(1), Release: fixture.Release("m1"), Policy: policy, Evaluations: results("card=0.1", "bio=0.1"),
		Safeguards: []gate.SafeguardFact{fact(v1alpha1.SafeguardBroken, "Pod a: "+long), fences},
	})
	for _, part := range []string{
		"needs walls, which is Broken (Pod a: " + long + ")", "needs fences, which is Broken (put RuntimeClass in place where the release is served)",
	} {
		if !strings.Contains(d.Message, part) {
			t.Errorf("%q is not said in:\n%s", part, d.Message)
		}
	}
	if len(d.Message) > 1024 {
		t.Errorf("%d bytes", len(d.Message))
	}
}
