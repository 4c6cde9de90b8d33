// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
)

// rsp has a threshold at ASL-3 that bio rules out, asked from Internal on; ASL-2 requires card, ASL-3 jailbreak, both
// from Internal on.
func rsp(modifiers ...func(*v1alpha1.SafetyPolicy)) *v1alpha1.SafetyPolicy {
	base := []func(*v1alpha1.SafetyPolicy){
		fixture.Requiring("ASL-2", "card"), fixture.Requiring("ASL-3", "jailbreak"), fixture.Raising("CBRN-3", "ASL-3", "bio"),
		fixture.Defining("card", fixture.NeededFrom("Internal")),
		fixture.Defining("jailbreak", fixture.NeededFrom("Internal"), fixture.ValidFor(50)),
		fixture.Defining("bio", fixture.NeededFrom("Internal"), fixture.ValidFor(30)),
	}
	return fixture.Policy("rsp", append(base, modifiers...)...)
}

func results(values ...string) []v1alpha1.SafetyEvaluation {
	var made []v1alpha1.SafetyEvaluation
	for _, value := range values {
		requirement, v, _ := strings.Cut(value, "=")
		made = append(made, fixture.Evaluation(requirement+"-1", requirement, v))
	}
	return made
}

type exposureCase struct {
	policy      *v1alpha1.SafetyPolicy
	release     []func(*v1alpha1.ModelRelease)
	evaluations []v1alpha1.SafetyEvaluation
	now         int
	want        string
	wantReason  string
	wantLevel   string
	wantAdverse bool
	wantMessage string
}

func testExposure(t *testing.T, test exposureCase) {
	t.Helper()
	in := gate.Input{
		Now: fixture.Day(max(1, test.now)), Release: fixture.Release("m1", test.release...),
		Policy: test.policy, Evaluations: test.evaluations,
	}
	got := gate.Decide(in)
	if got.GrantedExposure != test.want || got.Reason != test.wantReason || got.RequiredLevel != test.wantLevel {
		t.Errorf("granted %q at %q for %s, want %q at %q for %s: %s", got.GrantedExposure, got.RequiredLevel, got.Reason,
			test.want, test.wantLevel, test.wantReason, got.Message)
	}
	if got.Adverse != test.wantAdverse {
		t.Errorf("adverse is %v, want %v", got.Adverse, test.wantAdverse)
	}
	if !strings.Contains(got.Message, test.wantMessage) {
		t.Errorf("the message is %q, want it to say %q", got.Message, test.wantMessage)
	}
}

func TestGrant(t *testing.T) {
	for name, test := range map[string]exposureCase{
		"with every threshold ruled out the declared level is enough": {
			policy: rsp(), evaluations: results("card=0.1", "bio=0.1"),
			want: "General", wantReason: v1alpha1.ReasonEvidenceComplete, wantLevel: "ASL-2",
			wantMessage: "General is granted: the release needs ASL-2, and card is Met; ruled out: CBRN-3.",
		},
		"nothing more is granted than asked for": {
			policy: rsp(), evaluations: results("card=0.1", "bio=0.1"), release: []func(*v1alpha1.ModelRelease){fixture.Asking("Internal")},
			want: "Internal", wantReason: v1alpha1.ReasonEvidenceComplete, wantLevel: "ASL-2",
		},
		"an open threshold raises the level, and the safeguards of that level are enough": {
			policy: rsp(), evaluations: results("card=0.1", "bio=0.3", "jailbreak=0.1"),
			want: "General", wantReason: v1alpha1.ReasonEvidenceComplete, wantLevel: "ASL-3",
			wantMessage: "the release needs ASL-3, and card and jailbreak are Met.",
		},
		"an open threshold whose level is not met leaves what it does not count for": {
			policy: rsp(), evaluations: results("card=0.1", "bio=0.3"),
			want: "Evaluation", wantReason: v1alpha1.ReasonEvidenceIndeterminate, wantLevel: "ASL-3",
			wantMessage: "Evaluation is granted and General is not: ASL-3 is required because CBRN-3 is open (bio is Indeterminate: a later evaluation has to be clear); " +
				"ASL-3 needs jailbreak, which is Missing (run or import an evaluation for it).",
		},
		"a raised level keeps what the levels below require": {
			policy: rsp(), evaluations: results("bio=0.3", "jailbreak=0.1"),
			want: "Evaluation", wantReason: v1alpha1.ReasonEvidenceMissing, wantLevel: "ASL-3", wantMessage: "ASL-2 needs card, which is Missing",
		},
		"a reached threshold counts where nobody has to ask": {
			policy: rsp(func(p *v1alpha1.SafetyPolicy) { p.Spec.Requirements[1].NeededFrom = "" }), evaluations: results("card=0.1", "bio=0.9"),
			wantReason: v1alpha1.ReasonAdverseFinding, wantLevel: "ASL-3", wantAdverse: true,
			wantMessage: "ASL-3 is required because CBRN-3 is reached (bio is Failed: resolve AdverseFinding bio-",
		},
		"a reached threshold whose level is met takes nothing": {
			policy: rsp(), evaluations: results("card=0.1", "bio=0.9", "jailbreak=0.1"),
			want: "General", wantReason: v1alpha1.ReasonEvidenceComplete, wantLevel: "ASL-3",
		},
		"a reached threshold whose safeguards' evidence expired is a lapse": {
			policy: rsp(), evaluations: results("card=0.1", "bio=0.9", "jailbreak=0.1"), now: 60,
			want: "Evaluation", wantReason: v1alpha1.ReasonEvidenceExpired, wantLevel: "ASL-3",
		},
		"a gating requirement that failed is adverse": {
			policy: rsp(), evaluations: results("card=0.9", "bio=0.1"),
			want: "Evaluation", wantReason: v1alpha1.ReasonAdverseFinding, wantLevel: "ASL-2", wantAdverse: true,
			wantMessage: "ASL-2 needs card, which is Failed (resolve AdverseFinding card-",
		},
		"a requirement of a level that is not needed does not gate": {
			policy: rsp(), evaluations: results("card=0.1", "bio=0.1", "jailbreak=0.9"),
			want: "General", wantReason: v1alpha1.ReasonEvidenceComplete, wantLevel: "ASL-2",
		},
		"a requirement of a higher declared level gates": {
			policy: rsp(), evaluations: results("card=0.1", "bio=0.1"), release: []func(*v1alpha1.ModelRelease){fixture.Declared("ASL-3")},
			want: "Evaluation", wantReason: v1alpha1.ReasonEvidenceMissing, wantLevel: "ASL-3", wantMessage: "General is not: ASL-3 needs jailbreak",
		},
		"at the level that it raises to a threshold need not be ruled out": {
			policy: rsp(), evaluations: results("card=0.1", "jailbreak=0.1"), release: []func(*v1alpha1.ModelRelease){fixture.Declared("ASL-3")},
			want: "General", wantReason: v1alpha1.ReasonEvidenceComplete, wantLevel: "ASL-3",
		},
		"a rule-out that expired is a lapse": {
			policy: rsp(), evaluations: results("card=0.1", "bio=0.1"), now: 31,
			want: "Evaluation", wantReason: v1alpha1.ReasonEvidenceExpired, wantLevel: "ASL-3", wantMessage: "bio is Expired",
		},
	} {
		t.Run(name, func(t *testing.T) { testExposure(t, test) })
	}
}

func TestExposuresThatNeedLittle(t *testing.T) {
	open := []v1alpha1.Exposure{
		{Name: "Evaluation"}, {Name: "Internal"}, {Name: "General", WithoutEvidence: v1alpha1.WithoutEvidenceAllowed},
	}
	for name, test := range map[string]exposureCase{
		"a requirement from General on does not keep Internal": {
			policy:      rsp(fixture.Requiring("ASL-2", "public"), fixture.Defining("public", fixture.NeededFrom("General"))),
			evaluations: results("card=0.1", "bio=0.1"),
			want:        "Internal", wantReason: v1alpha1.ReasonEvidenceMissing, wantLevel: "ASL-2", wantMessage: "Internal is granted and General is not",
		},
		"an exposure that needs nothing is refused unless the policy allows it": {
			policy: fixture.Policy("rsp"), want: "Evaluation", wantReason: v1alpha1.ReasonEvidenceNotRequired, wantLevel: "ASL-2",
			wantMessage: "does not say withoutEvidence: Allowed",
		},
		"an exposure that needs nothing and says so is granted": {
			policy: fixture.Policy("rsp", fixture.Exposing(open...)), want: "General", wantReason: v1alpha1.ReasonEvidenceComplete, wantLevel: "ASL-2",
			wantMessage: "which requires nothing here",
		},
		"a lower exposure that needs nothing does not keep a higher one that is shown": {
			policy: rsp(func(p *v1alpha1.SafetyPolicy) { p.Spec.Exposures[0].WithoutEvidence = "" }), evaluations: results("card=0.1", "bio=0.1"),
			want: "General", wantReason: v1alpha1.ReasonEvidenceComplete, wantLevel: "ASL-2",
		},
		"to rule a threshold out is to need something": {
			policy:      fixture.Policy("rsp", fixture.Raising("T", "ASL-3", "bio"), fixture.Defining("bio", fixture.NeededFrom("General"))),
			evaluations: results("bio=0.1"), want: "General", wantReason: v1alpha1.ReasonEvidenceComplete, wantLevel: "ASL-2",
		},
		"a failure does not open an exposure by raising it to a level that requires something": {
			policy: fixture.Policy("rsp", fixture.Exposing(v1alpha1.Exposure{Name: "Internal"}, v1alpha1.Exposure{Name: "General"}),
				fixture.Raising("T", "ASL-3", "bio"), fixture.Requiring("ASL-3", "jailbreak"),
				fixture.Defining("bio", fixture.NeededFrom("General")), fixture.Defining("jailbreak")),
			release:     []func(*v1alpha1.ModelRelease){fixture.Asking("Internal")},
			evaluations: results("bio=0.9", "jailbreak=0.1"), wantReason: v1alpha1.ReasonEvidenceNotRequired, wantLevel: "ASL-3",
		},
	} {
		t.Run(name, func(t *testing.T) { testExposure(t, test) })
	}
}

func TestLevelsWithoutSafeguards(t *testing.T) {
	for name, test := range map[string]exposureCase{
		"a declared level without safeguards refuses every exposure": {
			policy: rsp(fixture.Undefined("ASL-4")), evaluations: results("card=0.1", "bio=0.1", "jailbreak=0.1"),
			release: []func(*v1alpha1.ModelRelease){fixture.Declared("ASL-4")}, wantReason: v1alpha1.ReasonLevelUndefined, wantLevel: "ASL-4",
			wantMessage: "ASL-4 has no safeguards defined, and only a new revision of the policy can open it.",
		},
		"a level above one without safeguards refuses every exposure": {
			policy: rsp(fixture.Undefined("ASL-4"), fixture.Requiring("ASL-5", "card")), evaluations: results("card=0.1", "bio=0.1", "jailbreak=0.1"),
			release: []func(*v1alpha1.ModelRelease){fixture.Declared("ASL-5")}, wantReason: v1alpha1.ReasonLevelUndefined, wantLevel: "ASL-5",
		},
		"an open threshold to a level without safeguards waits for what rules it out": {
			policy:      rsp(fixture.Undefined("ASL-4"), fixture.Raising("CBRN-4", "ASL-4", "agent"), fixture.Defining("agent", fixture.NeededFrom("Internal"))),
			evaluations: results("card=0.1", "bio=0.1", "jailbreak=0.1"),
			want:        "Evaluation", wantReason: v1alpha1.ReasonEvidenceMissing, wantLevel: "ASL-4", wantMessage: "has to be ruled out, or the policy revised",
		},
		"a reached threshold to a level without safeguards is adverse everywhere": {
			policy:      rsp(fixture.Undefined("ASL-4"), fixture.Raising("CBRN-4", "ASL-4", "agent"), fixture.Defining("agent", fixture.NeededFrom("Internal"))),
			evaluations: results("card=0.1", "bio=0.1", "jailbreak=0.1", "agent=0.9"),
			wantReason:  v1alpha1.ReasonAdverseFinding, wantLevel: "ASL-4", wantAdverse: true,
		},
		"an open threshold does not hide what a reached one asks for": {
			policy:      rsp(fixture.Raising("CYBER-3", "ASL-3", "cyber"), fixture.Defining("cyber", fixture.NeededFrom("Internal"))),
			evaluations: results("card=0.1", "bio=0.9"),
			want:        "Evaluation", wantReason: v1alpha1.ReasonAdverseFinding, wantLevel: "ASL-3", wantAdverse: true,
			wantMessage: "and CYBER-3 is open (cyber is Missing: run or import an evaluation for it)",
		},
	} {
		t.Run(name, func(t *testing.T) { testExposure(t, test) })
	}
}

func TestSpecThatThePolicyDoesNotKnow(t *testing.T) {
	for name, test := range map[string]exposureCase{
		"an unknown level grants nothing and names the levels": {
			policy: rsp(), evaluations: results("card=0.1", "bio=0.1", "jailbreak=0.1"), release: []func(*v1alpha1.ModelRelease){fixture.Declared("ASL-9")},
			wantReason: v1alpha1.ReasonInvalidSpec, wantMessage: "spec.level ASL-9 is not a level of SafetyPolicy rsp; it has ASL-2 and ASL-3.",
		},
		"an unknown exposure grants nothing and names the exposures": {
			policy: rsp(), evaluations: results("card=0.1", "bio=0.1"), release: []func(*v1alpha1.ModelRelease){fixture.Asking("Everyone")},
			wantReason: v1alpha1.ReasonInvalidSpec, wantMessage: "it has Evaluation, Internal and General.",
		},
		"an unknown level is no way around a finding": {
			policy: rsp(), evaluations: results("card=0.1", "bio=0.1", "jailbreak=0.9"), release: []func(*v1alpha1.ModelRelease){fixture.Declared("ASL-9")},
			wantReason: v1alpha1.ReasonInvalidSpec, wantAdverse: true,
		},
		"an unknown exposure is no way around a finding": {
			policy: rsp(), evaluations: results("card=0.9", "bio=0.1"), release: []func(*v1alpha1.ModelRelease){fixture.Asking("Everyone")},
			wantReason: v1alpha1.ReasonInvalidSpec, wantAdverse: true,
		},
		"a policy without levels or exposures grants nothing": {
			policy: &v1alpha1.SafetyPolicy{}, wantReason: v1alpha1.ReasonInvalidSpec, wantMessage: "spec.exposure General is not an exposure",
		},
		"a policy that does not exist grants nothing": {
			wantReason: v1alpha1.ReasonPolicyNotFound, wantMessage: "SafetyPolicy rsp does not exist; create it",
		},
	} {
		t.Run(name, func(t *testing.T) { testExposure(t, test) })
	}
	t.Run("a failing result makes a finding whatever is wrong with the spec", func(t *testing.T) {
		got := gate.Decide(gate.Input{
			Now: fixture.Day(1), Release: fixture.Release("m1", fixture.Declared("ASL-9")), Policy: rsp(), Evaluations: results("card=0.9"),
		})
		if len(got.NewFindings) != 1 {
			t.Errorf("there are %d new findings, want 1", len(got.NewFindings))
		}
	})
	t.Run("without a release or a time nothing is granted", func(t *testing.T) {
		for _, in := range []gate.Input{{}, {Now: fixture.Day(1), Policy: rsp()}, {Release: fixture.Release("m1"), Policy: rsp(), Evaluations: results("card=0.1", "bio=0.1")}} {
			if got := gate.Decide(in); got.GrantedExposure != "" || got.Message == "" || got.Reason == "" {
				t.Errorf("the decision is %+v", got)
			}
		}
	})
}

func TestPolicyThatNamesWhatItDoesNotDefine(t *testing.T) {
	for name, test := range map[string]exposureCase{
		"a level's requirement": {
			policy: rsp(fixture.Requiring("ASL-2", "typo")), evaluations: results("card=0.1", "bio=0.1", "typo=0.1"),
			wantReason: v1alpha1.ReasonEvidenceMissing, wantLevel: "ASL-2", wantMessage: "typo, which is Missing (correct the policy)",
		},
		"a threshold's requirement": {
			policy: rsp(fixture.Raising("T", "ASL-3", "typo")), evaluations: results("card=0.1", "bio=0.1"),
			want: "Evaluation", wantReason: v1alpha1.ReasonEvidenceMissing, wantLevel: "ASL-3", wantMessage: "T is open (typo is Missing: correct the policy)",
		},
		"a threshold's level": {
			policy: rsp(fixture.Raising("T", "typo", "bio")), evaluations: results("card=0.1", "bio=0.3", "jailbreak=0.1"),
			want: "Evaluation", wantReason: v1alpha1.ReasonEvidenceIndeterminate, wantLevel: "typo", wantMessage: "typo has no safeguards defined",
		},
		"a threshold that nothing rules out": {
			policy: rsp(fixture.Raising("T", "ASL-3")), evaluations: results("card=0.1", "bio=0.1"),
			want: "Evaluation", wantReason: v1alpha1.ReasonEvidenceMissing, wantLevel: "ASL-3",
		},
		"a requirement's exposure, so that every exposure needs it": {
			policy: rsp(func(p *v1alpha1.SafetyPolicy) { p.Spec.Requirements[0].NeededFrom = "typo" }), evaluations: results("bio=0.1"),
			wantReason: v1alpha1.ReasonEvidenceMissing, wantLevel: "ASL-2",
		},
		"a state of levels that this version does not know": {
			policy: rsp(func(p *v1alpha1.SafetyPolicy) { p.Spec.Levels[0].State = "Draft" }), evaluations: results("card=0.1", "bio=0.1"),
			wantReason: v1alpha1.ReasonLevelUndefined, wantLevel: "ASL-2",
		},
	} {
		t.Run(name, func(t *testing.T) { testExposure(t, test) })
	}
}

func TestThresholds(t *testing.T) {
	policy := rsp(fixture.Raising("BOTH", "ASL-3", "card", "bio"))
	for name, test := range map[string]struct {
		evaluations []v1alpha1.SafetyEvaluation
		want        v1alpha1.ThresholdState
		wantUnmet   []string
	}{
		"met by all is ruled out":       {results("card=0.1", "bio=0.1"), v1alpha1.ThresholdRuledOut, nil},
		"met by some is open":           {results("card=0.1"), v1alpha1.ThresholdOpen, []string{"bio"}},
		"indeterminate is open":         {results("card=0.1", "bio=0.3"), v1alpha1.ThresholdOpen, []string{"bio"}},
		"failed by one is reached":      {results("card=0.1", "bio=0.9"), v1alpha1.ThresholdReached, []string{"bio"}},
		"failed beside missing reached": {results("bio=0.9"), v1alpha1.ThresholdReached, []string{"card", "bio"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := gate.Decide(gate.Input{Now: fixture.Day(1), Release: fixture.Release("m1"), Policy: policy, Evaluations: test.evaluations}).Thresholds[1]
			if got.State != test.want || cmp.Diff(test.wantUnmet, got.Unmet) != "" {
				t.Errorf("BOTH is %s, unmet %v, want %s, unmet %v", got.State, got.Unmet, test.want, test.wantUnmet)
			}
		})
	}
}

func TestAnOpenThresholdSaysWhereItCounts(t *testing.T) {
	for from, want := range map[string]string{"General": "from exposure General on", "": "from exposure Evaluation on", "typo": "from exposure Evaluation on"} {
		policy := fixture.Policy("rsp", fixture.Raising("T", "ASL-3", "bio"), fixture.Defining("bio", fixture.NeededFrom(from)))
		got := gate.Decide(gate.Input{Now: fixture.Day(1), Release: fixture.Release("m1"), Policy: policy}).Thresholds[0].Message
		if !strings.Contains(got, want) {
			t.Errorf("needed from %q the message is %q, want it to say %q", from, got, want)
		}
	}
}

func TestClearance(t *testing.T) {
	short := func(p *v1alpha1.SafetyPolicy) { p.Spec.ClearanceSeconds = new(int32(3600)) }
	for name, test := range map[string]struct {
		policy      *v1alpha1.SafetyPolicy
		evaluations []v1alpha1.SafetyEvaluation
		now         time.Time
		wantUntil   time.Time
		wantRecheck time.Duration
		wantCeiling *int32
	}{
		"a clearance lives as long as the policy lets it": {
			policy: rsp(short), evaluations: results("card=0.1", "bio=0.1"), now: fixture.Day(1),
			wantUntil: fixture.Day(1).Add(time.Hour), wantRecheck: 30 * time.Minute,
		},
		"what rules a threshold out supports the grant": {
			policy: rsp(), evaluations: results("card=0.1", "bio=0.1"), now: fixture.Day(29), wantUntil: fixture.Day(30), wantRecheck: 24 * time.Hour,
		},
		"what the raised level requires supports the grant": {
			policy: rsp(), evaluations: results("card=0.1", "bio=0.9", "jailbreak=0.1"), now: fixture.Day(45),
			wantUntil: fixture.Day(50), wantRecheck: 2 * 24 * time.Hour,
		},
		"what is not needed supports nothing, and is looked at when it ends": {
			policy:      rsp(func(p *v1alpha1.SafetyPolicy) { p.Spec.Requirements[2].ValidForDays = 90 }),
			evaluations: results("card=0.1", "bio=0.1", "jailbreak=0.1"), now: fixture.Day(49),
			wantUntil: fixture.Day(56), wantRecheck: 24 * time.Hour,
		},
		"it is looked at again after at least a second": {
			policy: rsp(), evaluations: results("card=0.1", "bio=0.1"), now: fixture.Day(30).Add(-time.Millisecond),
			wantUntil: fixture.Day(30), wantRecheck: time.Second,
		},
		"a lower grant has its own support, and its own ceiling": {
			policy: rsp(short), evaluations: results("bio=0.1"), now: fixture.Day(1),
			wantUntil: fixture.Day(1).Add(time.Hour), wantRecheck: 30 * time.Minute, wantCeiling: new(int32(2)),
		},
		"nothing granted, nothing cleared, and looked at when something ends": {
			policy: rsp(func(p *v1alpha1.SafetyPolicy) { p.Spec.Exposures[0].WithoutEvidence = "" }), evaluations: results("card=0.1"), now: fixture.Day(99),
			wantRecheck: 24 * time.Hour,
		},
		"when time changes nothing nothing is looked at": {
			policy: rsp(func(p *v1alpha1.SafetyPolicy) { p.Spec.Exposures[0].WithoutEvidence = "" }), evaluations: results("card=0.3"), now: fixture.Day(1),
		},
		"a life out of bounds is cut to the longest": {
			policy:      rsp(func(p *v1alpha1.SafetyPolicy) { p.Spec.ClearanceSeconds = new(int32(1 << 30)) }),
			evaluations: results("card=0.1", "bio=0.9", "jailbreak=0.1"), now: fixture.Day(1),
			wantUntil: fixture.Day(31), wantRecheck: 15 * 24 * time.Hour,
		},
		"a life out of bounds is raised to the shortest": {
			policy: rsp(func(p *v1alpha1.SafetyPolicy) { p.Spec.ClearanceSeconds = new(int32(-5)) }), evaluations: results("card=0.1", "bio=0.1"), now: fixture.Day(1),
			wantUntil: fixture.Day(1).Add(time.Minute), wantRecheck: 30 * time.Second,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := gate.Decide(gate.Input{Now: test.now, Release: fixture.Release("m1"), Policy: test.policy, Evaluations: test.evaluations})
			var until time.Time
			if got.ClearedUntil != nil {
				until = *got.ClearedUntil
			}
			if !until.Equal(test.wantUntil) || got.RecheckAfter != test.wantRecheck {
				t.Errorf("cleared until %v, looked at after %v, want %v, %v", until, got.RecheckAfter, test.wantUntil, test.wantRecheck)
			}
			if diff := cmp.Diff(test.wantCeiling, got.ReplicaCeiling); diff != "" {
				t.Errorf("the ceiling (-want +got)\n%s", diff)
			}
		})
	}
}

func TestExposureResults(t *testing.T) {
	got := gate.Decide(gate.Input{
		Now: fixture.Day(1), Policy: rsp(fixture.Requiring("ASL-2", "public"), fixture.Defining("public", fixture.NeededFrom("General"))),
		Release: fixture.Release("m1", fixture.Asking("Internal")), Evaluations: results("card=0.1", "bio=0.3", "public=0.9"),
	})
	for i := range got.Exposures {
		if got.Exposures[i].Message == "" {
			t.Errorf("%s has no message", got.Exposures[i].Name)
		}
		got.Exposures[i].Message = ""
	}
	want := []gate.ExposureResult{
		{Name: "Evaluation", RequiredLevel: "ASL-2", Granted: true, Reason: v1alpha1.ReasonEvidenceComplete},
		{Name: "Internal", RequiredLevel: "ASL-3", Reason: v1alpha1.ReasonEvidenceIndeterminate, Blocking: []string{"jailbreak", "bio"}},
		{Name: "General", RequiredLevel: "ASL-3", Reason: v1alpha1.ReasonAdverseFinding, Adverse: true, Blocking: []string{"jailbreak", "bio", "public"}},
	}
	if diff := cmp.Diff(want, got.Exposures); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got.Adverse {
		t.Error("a finding that only touches an exposure nobody asked for makes the decision adverse")
	}
}
