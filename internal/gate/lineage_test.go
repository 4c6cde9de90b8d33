// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
)

// line is a release m1 that was made from m0, and that from the next, with its ancestors.
func line(ancestors ...*v1alpha1.ModelRelease) gate.Input {
	in := gate.Input{
		Now: fixture.Day(1), Release: fixture.Release("m1", fixture.DerivedFrom("m0")), Policy: rsp(),
		Evaluations: results("card=0.1", "bio=0.1"),
	}
	for _, a := range ancestors {
		in.Ancestors = append(in.Ancestors, *a)
	}
	return in
}

func TestTheLevelOfAncestors(t *testing.T) {
	for name, test := range map[string]struct {
		in         gate.Input
		want       string
		wantLevel  string
		wantReason string
	}{
		"a parent of the same level changes nothing": {
			in: line(fixture.Release("m0")), want: "General", wantLevel: "ASL-2", wantReason: v1alpha1.ReasonEvidenceComplete,
		},
		"the level of a parent is owed": {
			in: line(fixture.Release("m0", fixture.Declared("ASL-3"))), want: "Evaluation", wantLevel: "ASL-3", wantReason: v1alpha1.ReasonEvidenceMissing,
		},
		"so is that of the parent's parent": {
			in:   line(fixture.Release("m0", fixture.DerivedFrom("base")), fixture.Release("base", fixture.Declared("ASL-3"))),
			want: "Evaluation", wantLevel: "ASL-3", wantReason: v1alpha1.ReasonEvidenceMissing,
		},
		"a level that the policy does not have is the highest": {
			in: line(fixture.Release("m0", fixture.Declared("Tier-9"))), want: "Evaluation", wantLevel: "ASL-3", wantReason: v1alpha1.ReasonEvidenceMissing,
		},
		"whoever is in no line owes nothing": {
			in:   line(fixture.Release("m0"), fixture.Release("stranger", fixture.Declared("ASL-3"))),
			want: "General", wantLevel: "ASL-2", wantReason: v1alpha1.ReasonEvidenceComplete,
		},
		"what a threshold asks of the release itself stays asked under the level of a parent": {
			in: func() gate.Input {
				in := line(fixture.Release("m0", fixture.Declared("ASL-3")))
				in.Policy = fixture.Policy("rsp", fixture.Requiring("ASL-3", "jailbreak"), fixture.Raising("CBRN-3", "ASL-3", "bio"),
					fixture.Defining("jailbreak"), fixture.Defining("bio"))
				in.Evaluations = results("bio=0.1", "jailbreak=0.1")
				return in
			}(),
			want: "General", wantLevel: "ASL-3", wantReason: v1alpha1.ReasonEvidenceComplete,
		},
		"what an invalid release was made from makes it no more valid": {
			in: func() gate.Input {
				in := line(fixture.Release("m0"))
				in.Release.Spec.Level = "typo"
				return in
			}(),
			wantReason: v1alpha1.ReasonInvalidSpec,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := gate.Decide(test.in)
			if got.GrantedExposure != test.want || got.RequiredLevel != test.wantLevel || got.Reason != test.wantReason || got.Adverse {
				t.Errorf("granted %q at %q for %s, adverse %v, want %q at %q for %s: %s", got.GrantedExposure, got.RequiredLevel, got.Reason, got.Adverse,
					test.want, test.wantLevel, test.wantReason, got.Message)
			}
		})
	}
}

// A parent that requires something opens nothing to a release of which nothing is required, and which is refused for it.
func TestAncestorsOpenNothing(t *testing.T) {
	policy := fixture.Policy("rsp", fixture.Requiring("ASL-3", "card"), fixture.Defining("card"))
	policy.Spec.Exposures[0].WithoutEvidence = v1alpha1.WithoutEvidenceRefused
	in := gate.Input{
		Now: fixture.Day(1), Release: fixture.Release("m1", fixture.DerivedFrom("m0")), Policy: policy, Evaluations: results("card=0.1"),
		Ancestors: []v1alpha1.ModelRelease{*fixture.Release("m0", fixture.Declared("ASL-3"))},
	}
	if got := gate.Decide(in); got.GrantedExposure != "" || got.Reason != v1alpha1.ReasonEvidenceNotRequired {
		t.Errorf("%q is granted for %s", got.GrantedExposure, got.Reason)
	}
	// Nor has it lapsed when that requirement's evidence ends: it would not be granted before either.
	in.Now = fixture.Day(200)
	if got := gate.Decide(in); got.Exposures[0].Reason != v1alpha1.ReasonEvidenceExpired || got.Exposures[0].Lapsed != nil {
		t.Errorf("%s lapsed %v", got.Exposures[0].Reason, got.Exposures[0].Lapsed)
	}
}

func TestLostAncestors(t *testing.T) {
	long := make([]*v1alpha1.ModelRelease, 0, gate.MaxAncestors+1)
	for i := range gate.MaxAncestors + 1 {
		long = append(long, fixture.Release("m"+strconv.Itoa(-i), fixture.DerivedFrom("m"+strconv.Itoa(-i-1))))
	}
	long[gate.MaxAncestors].Spec.DerivedFrom = nil
	fits := append([]*v1alpha1.ModelRelease(nil), long[:gate.MaxAncestors-1]...)
	fits = append(fits, fixture.Release("m"+strconv.Itoa(1-gate.MaxAncestors)))
	told := line(fixture.Release("m0"))
	told.LostAncestor = "base"
	outside := fixture.Release("m0")
	outside.Namespace = "elsewhere"
	for name, test := range map[string]struct {
		in gate.Input
		// want is what the message says of the one that is lost; empty where none is.
		want string
	}{
		"a parent that does not exist": {in: line(), want: "release m0, which this one was made from, does not exist, so that nobody knows what this one owes; create it, or correct spec.derivedFrom."},
		"a parent that lives in another namespace": {
			in: line(outside), want: "release m0, which this one was made from, does not exist",
		},
		"a parent's parent that does not exist": {
			in: line(fixture.Release("m0", fixture.DerivedFrom("base"))), want: "release base, which this one was made from, does not exist",
		},
		"one that whoever gathered could not find": {in: told, want: "release base, "},
		"a release that was made from itself": {
			in: line(fixture.Release("m0", fixture.DerivedFrom("m1")), fixture.Release("m1")), want: "release m1, which this one was made from, was itself made from this one or comes round again",
		},
		"a line that comes round again": {
			in:   line(fixture.Release("m0", fixture.DerivedFrom("a")), fixture.Release("a", fixture.DerivedFrom("b")), fixture.Release("b", fixture.DerivedFrom("m0"))),
			want: "release m0, which this one was made from, was itself made",
		},
		"a line of as many as are followed": {in: line(fits...)},
		"a line of one more":                {in: line(long...), want: "lies beyond the 8 releases that are followed"},
	} {
		t.Run(name, func(t *testing.T) {
			got := gate.Decide(test.in)
			granted, reason := "General", v1alpha1.ReasonEvidenceComplete
			if test.want != "" {
				granted, reason = "", v1alpha1.ReasonParentNotFound
			}
			if got.GrantedExposure != granted || got.Reason != reason || got.Adverse || !strings.Contains(got.Message, test.want) {
				t.Errorf("granted %q for %s, adverse %v, want %q for %s and %q: %s", got.GrantedExposure, got.Reason, got.Adverse, granted, reason, test.want, got.Message)
			}
			for i := range got.Exposures {
				if diff := cmp.Diff(excuses{}, excusesOf(&got.Exposures[i])); diff != "" {
					t.Errorf("%s (-want +got)\n%s", got.Exposures[i].Name, diff)
				}
			}
		})
	}
}

// That nobody knows what a release owes hides nothing of what is known.
func TestALostAncestorBesideOtherCauses(t *testing.T) {
	failing := line()
	failing.Evaluations = results("card=0.9", "bio=0.1")
	if got := gate.Decide(failing); !got.Adverse || got.Reason != v1alpha1.ReasonAdverseFinding {
		t.Errorf("with a failure adverse is %v for %s", got.Adverse, got.Reason)
	}
	taken := line()
	taken.Evaluations = withdrawn(taken.Evaluations, "card", critical)
	if got := gate.Decide(taken); got.Exposures[2].Revoked != critical || got.Reason != v1alpha1.ReasonParentNotFound {
		t.Errorf("with a Critical revocation revoked is %q for %s", got.Exposures[2].Revoked, got.Reason)
	}
	old := line()
	old.Now = fixture.Day(40)
	if got := gate.Decide(old); got.Exposures[2].Lapsed != nil || !strings.Contains(got.Message, "does not exist") || !strings.Contains(got.Message, "bio is Expired") {
		t.Errorf("with evidence that ended lapsed is %v: %s", got.Exposures[2].Lapsed, got.Message)
	}
}

// bred is the input about m1, made from m0, made from base; of m1 there are these results, of all three these findings.
func bred(evaluations []v1alpha1.SafetyEvaluation, list []v1alpha1.AdverseFinding) gate.Input {
	in := upliftInput(evaluations, list)
	fixture.DerivedFrom("m0")(in.Release)
	in.Ancestors = []v1alpha1.ModelRelease{*fixture.Release("m0", fixture.DerivedFrom("base")), *fixture.Release("base")}
	return in
}

// ancestral is a finding for uplift about the artifacts of an ancestor.
func ancestral(name string, about []v1alpha1.SubjectArtifact, modifiers ...func(*v1alpha1.AdverseFinding)) v1alpha1.AdverseFinding {
	return fixture.Finding(name, "uplift", gate.Digest(about, nil), append([]func(*v1alpha1.AdverseFinding){fixture.Concerning(about...)}, modifiers...)...)
}

func TestFindingsAboutAncestors(t *testing.T) {
	parent, grandparent := artifacts(fixture.Weights("m0")), artifacts(fixture.Weights("base"))
	stands := ancestral("f", parent)
	for name, test := range map[string]struct {
		evaluations []v1alpha1.SafetyEvaluation
		findings    []v1alpha1.AdverseFinding
		want        v1alpha1.RequirementState
		wantMessage string
	}{
		"a finding about the parent counts while there is no result": {
			findings: findings(stands), want: failed,
			wantMessage: "Release m0, which this one was made from, failed it with 0.9 in evaluation serving/failed, and AdverseFinding f stands. No result of this one's own decides",
		},
		"so does one about the parent's parent":       {findings: findings(ancestral("f", grandparent)), want: failed, wantMessage: "Release base, "},
		"of both the nearest is shown":                {findings: findings(ancestral("f", grandparent), ancestral("g", parent)), want: failed, wantMessage: "Release m0, "},
		"one about nobody of the line does not count": {findings: findings(ancestral("f", artifacts(fixture.Weights("x")))), want: missing},
		"one about more than the parent has does not count": {
			findings: findings(ancestral("f", artifacts(fixture.Weights("m0"), fixture.Weights("x")))), want: missing,
		},
		"one about the parent's server as well counts as it does there": {
			findings: findings(ancestral("f", artifacts(fixture.Weights("m0"), fixture.Server("m0")))), want: failed,
		},
		"one for another requirement does not count": {
			findings: findings(fixture.Finding("f", "other", "", fixture.Concerning(parent...))), want: missing,
		},
		"one that was resolved does not count": {findings: findings(ancestral("f", parent, fixture.ResolvedAt(fixture.Day(2)))), want: missing},
		"one of another namespace that reaches no further does not count": {
			findings: findings(ancestral("f", parent, fixture.Spoken("elsewhere", v1alpha1.ReachNamespace))), want: missing,
		},
		"one of another namespace that reaches everywhere counts": {
			findings: findings(ancestral("f", parent, fixture.Spoken("elsewhere", v1alpha1.ReachCluster))), want: failed,
		},
		"a pass of its own decides":                      {evaluations: list(evaluation("e", "0.1")), findings: findings(stands), want: met},
		"a result of its own between the bounds decides": {evaluations: list(evaluation("e", "0.3")), findings: findings(stands), want: indeterminate},
		"one that had expired before it was brought does not": {
			evaluations: list(evaluation("e", "0.1", day(9), fixture.Ended(fixture.Day(-400)))), findings: findings(stands), want: failed,
		},
		"a pass of its own that is being read does not": {
			evaluations: list(evaluation("e", "0.1", fixture.Unread())), findings: findings(stands), want: failed, wantMessage: "Evaluation e is not read yet",
		},
		"one that cannot be used does not": {
			evaluations: list(evaluation("e", "0.1", fixture.Counting(2, 2, 0, 0))), findings: findings(stands), want: failed,
		},
		"one that was revoked does not": {
			evaluations: list(evaluation("e", "0.1", fixture.Revoked(advisory))), findings: findings(stands), want: failed,
		},
		"one that is not accepted does not": {
			evaluations: list(evaluation("e", "0.1", fixture.Related(v1alpha1.RelationSimilarlySafe, fixture.Weights("x")))), findings: findings(stands), want: failed,
		},
		"a finding of its own comes first": {
			findings: findings(stands, finding("own")), want: failed, wantMessage: "It failed with 0.9 in evaluation serving/failed, and AdverseFinding own stands",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := gate.Decide(bred(test.evaluations, test.findings))
			r := got.Requirements[0]
			if r.State != test.want || !strings.Contains(r.Message, test.wantMessage) {
				t.Errorf("the state is %s, want %s and %q: %s", r.State, test.want, test.wantMessage, r.Message)
			}
			if len(got.NewFindings) != 0 {
				t.Errorf("the new findings are %+v, want none: what stands is not copied", got.NewFindings)
			}
			if adverse := test.want == failed; got.Adverse != adverse {
				t.Errorf("adverse is %v, want %v", got.Adverse, adverse)
			}
		})
	}
}

func TestWhatHelpsAgainstAFindingAboutAnAncestor(t *testing.T) {
	got := gate.Decide(bred(nil, findings(ancestral("f", artifacts(fixture.Weights("m0"))))))
	r := got.Requirements[0]
	if r.Evidence != "f" || r.Change != (gate.Change{Act: gate.ActEvaluate}) {
		t.Errorf("the evidence is %q and the change %+v, want f and an evaluation", r.Evidence, r.Change)
	}
	if want := "uplift, which is Failed (run or import an evaluation for it)"; !strings.Contains(got.Message, want) {
		t.Errorf("the message is %q, want it to say %q", got.Message, want)
	}
}
