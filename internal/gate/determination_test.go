// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
)

// capable is a policy whose threshold T raises to ASL-3, which nothing meets, unless uplift rules it out; a ceo and an rso
// together may determine that.
func capable() []func(*v1alpha1.SafetyPolicy) {
	return policy(fixture.Raising("T", "ASL-3", "uplift"), fixture.Requiring("ASL-2", "card"), fixture.Requiring("ASL-3", "guarded"),
		fixture.Defining("uplift"), fixture.Defining("card"), fixture.Defining("guarded"), fixture.Determining("ceo", "rso"))
}

func concluded(name string, conclusion v1alpha1.Conclusion, modifiers ...func(*v1alpha1.ReleaseDetermination)) v1alpha1.ReleaseDetermination {
	return fixture.Determination(name, "T", conclusion, shown(), modifiers...)
}

func determinations(list ...v1alpha1.ReleaseDetermination) []v1alpha1.ReleaseDetermination {
	return list
}

// affirming are what a ceo and an rso say about a determination, a second after it.
func affirming(d v1alpha1.ReleaseDetermination, modifiers ...func(*v1alpha1.ReleaseApproval)) []v1alpha1.ReleaseApproval {
	all := append([]func(*v1alpha1.ReleaseApproval){fixture.RegardingDetermination(&d), fixture.SignedOn(d.CreationTimestamp.Add(time.Second))}, modifiers...)
	return approvals(signed(d.Name+"-ann", "ceo", all...), signed(d.Name+"-bob", "rso", all...))
}

type determinationCase struct {
	peopleCase
	// wantState is that of the threshold.
	wantState v1alpha1.ThresholdState
	// wantAdverse: what serves above what is granted has to go.
	wantAdverse bool
	// wantThreshold is part of the message of the threshold.
	wantThreshold string
	wantLevel     string
}

const (
	ruledOut = v1alpha1.ThresholdRuledOut
	reached  = v1alpha1.ThresholdReached
	open     = v1alpha1.ThresholdOpen
)

func (test *determinationCase) check(t *testing.T, rules ...func(*v1alpha1.SafetyPolicy)) {
	t.Helper()
	got := test.peopleCase.check(t, "card", rules...)
	threshold := got.Thresholds[slices.IndexFunc(got.Thresholds, func(r gate.ThresholdResult) bool { return r.Name == "T" })]
	if threshold.State != test.wantState || got.Adverse != test.wantAdverse || !strings.Contains(threshold.Message, test.wantThreshold) {
		t.Errorf("the threshold is %s and adverse is %v, want %s and %v: %s", threshold.State, got.Adverse, test.wantState, test.wantAdverse, threshold.Message)
	}
	if test.wantLevel != "" && got.RequiredLevel != test.wantLevel {
		t.Errorf("the required level is %s, want %s", got.RequiredLevel, test.wantLevel)
	}
}

func card() v1alpha1.SafetyEvaluation { return fixture.Evaluation("card", "card", "0.1") }

func TestDeterminationsThatRuleOut(t *testing.T) {
	d := concluded("d", v1alpha1.ConclusionRuledOut)
	between := list(card(), evaluation("e", "0.3"))
	const (
		missingEvidence = v1alpha1.ReasonEvidenceMissing
		unclear         = v1alpha1.ReasonEvidenceIndeterminate
	)
	renamed := concluded("d", v1alpha1.ConclusionRuledOut, func(d *v1alpha1.ReleaseDetermination) { d.Spec.Release = "m0" })
	atOnce := concluded("d", v1alpha1.ConclusionRuledOut, func(d *v1alpha1.ReleaseDetermination) {
		d.Spec.Thresholds = append(d.Spec.Thresholds, v1alpha1.DeterminedThreshold{Name: "typo", Conclusion: v1alpha1.ConclusionRuledOut})
	})
	for name, test := range map[string]determinationCase{
		"the whole quorum rules an open threshold out until the determination ends": {
			peopleCase: peopleCase{
				determinations: determinations(d), approvals: affirming(d), evaluations: between, wantGranted: "General",
				wantSummary: "ruled out: T (by ReleaseDetermination d). The first of its evidence counts until 2026-02-01T00:00:00Z", wantRecords: records("d", counts, "d-ann", counts),
			},
			wantState: ruledOut, wantLevel: "ASL-2",
			wantThreshold: "Ruled out by ReleaseDetermination d of author@example.com until 2026-02-01T00:00:00Z, while uplift is Indeterminate.",
		},
		"a saturated result leaves it to people as well": {
			peopleCase: peopleCase{
				policy:         policy(func(p *v1alpha1.SafetyPolicy) { fixture.Saturated()(&p.Spec.Requirements[0]) }),
				determinations: determinations(d), approvals: affirming(d), evaluations: list(card(), evaluation("e", "0.1")), wantGranted: "General",
			},
			wantState: ruledOut,
		},
		"it does not outlive the results that it rests on": {
			peopleCase: peopleCase{
				policy:         policy(func(p *v1alpha1.SafetyPolicy) { fixture.ValidFor(20)(&p.Spec.Requirements[0]) }),
				determinations: determinations(d), approvals: affirming(d), evaluations: between, wantGranted: "General", wantSummary: "counts until 2026-01-21T00:00:00Z",
			},
			wantState: ruledOut,
		},
		"one that names another threshold beside counts for the one that there is": {
			peopleCase: peopleCase{determinations: determinations(atOnce), approvals: affirming(atOnce), evaluations: between, wantGranted: "General", wantRecords: records("d", counts)},
			wantState:  ruledOut,
		},
		"up to the exposure that people approved": {
			peopleCase: peopleCase{
				determinations: determinations(d), approvals: affirming(d, fixture.UpTo("Internal")), evaluations: between, wantGranted: "Internal",
				wantReason: unclear, wantRecords: records("d", counts),
			},
			wantState: open,
		},
		"without evidence it is not for people to judge": {
			peopleCase: peopleCase{determinations: determinations(d), approvals: affirming(d), evaluations: list(card()), wantReason: missingEvidence, wantRecords: records("d", v1alpha1.ReasonNotAllowed)},
			wantState:  open,
		},
		"what is reached stays so, whoever determines what": {
			peopleCase: peopleCase{
				determinations: determinations(d), approvals: affirming(d), evaluations: list(card(), evaluation("e", "0.9")), wantReason: v1alpha1.ReasonAdverseFinding,
			},
			wantState: reached, wantAdverse: true,
		},
		"of two about one threshold the stricter counts": {
			peopleCase: peopleCase{
				determinations: determinations(d, concluded("r", v1alpha1.ConclusionReached)), approvals: affirming(d), evaluations: between,
				wantReason: missingEvidence, wantRecords: records("d", v1alpha1.ReasonNotAllowed, "r", counts),
			},
			wantState: reached, wantLevel: "ASL-3",
		},
		"one for another release rules nothing out here": {
			peopleCase: peopleCase{determinations: determinations(renamed), approvals: affirming(renamed), evaluations: between, wantReason: unclear}, wantState: open,
		},
	} {
		t.Run(name, func(t *testing.T) { test.check(t, capable()...) })
	}
}

func TestDeterminationsThatRuleNothingOut(t *testing.T) {
	d := concluded("d", v1alpha1.ConclusionRuledOut)
	between := list(card(), evaluation("e", "0.3"))
	const notAllowed = v1alpha1.ReasonNotAllowed
	// refused is a case whose determination counts for nothing, for a reason.
	refused := func(reason string, test peopleCase) determinationCase {
		test.wantReason, test.wantRecords = v1alpha1.ReasonEvidenceIndeterminate, records("d", reason)
		if test.evaluations == nil {
			test.evaluations = between
		}
		return determinationCase{peopleCase: test, wantState: open, wantLevel: "ASL-3"}
	}
	otherArtifacts := concluded("d", v1alpha1.ConclusionRuledOut, func(d *v1alpha1.ReleaseDetermination) {
		d.Spec.SubjectDigest = gate.Digest([]v1alpha1.SubjectArtifact{fixture.Weights("other")}, nil)
	})
	undisclosed := concluded("d", v1alpha1.ConclusionRuledOut, func(d *v1alpha1.ReleaseDetermination) { d.Spec.Disclosure = " " })
	anonymous := concluded("d", v1alpha1.ConclusionRuledOut, func(d *v1alpha1.ReleaseDetermination) { d.Spec.Author = "" })
	for name, test := range map[string]determinationCase{
		"one of the quorum is not enough":   refused(missingApproval, peopleCase{determinations: determinations(d), approvals: affirming(d)[:1]}),
		"who wrote it is none of them":      refused(missingApproval, peopleCase{determinations: determinations(d), approvals: append(affirming(d)[1:], signed("me", "ceo", fixture.RegardingDetermination(&d), fixture.By("author@example.com")))}),
		"an objection blocks it":            refused(v1alpha1.ReasonObjected, peopleCase{determinations: determinations(d), approvals: append(affirming(d), signed("no", "rso", fixture.RegardingDetermination(&d), fixture.Saying(object), fixture.UpTo("Evaluation")))}),
		"it has to be disclosed":            refused(notAllowed, peopleCase{determinations: determinations(undisclosed), approvals: affirming(undisclosed)}),
		"somebody has to have written it":   refused(v1alpha1.ReasonNotSeparate, peopleCase{determinations: determinations(anonymous), approvals: affirming(anonymous)}),
		"it ends":                           refused(v1alpha1.ReasonEnded, peopleCase{determinations: determinations(d), approvals: affirming(d), now: 31}),
		"a longer one is void, and not cut": refused(v1alpha1.ReasonTooLong, peopleCase{determinations: determinations(concluded("d", v1alpha1.ConclusionRuledOut, fixture.DeterminedUntil(fixture.Day(32)))), approvals: affirming(d)}),
		"it is for these artifacts":         refused(v1alpha1.ReasonOtherArtifacts, peopleCase{determinations: determinations(otherArtifacts), approvals: affirming(otherArtifacts)}),
		"weaker evidence voids it":          refused(v1alpha1.ReasonWeakerEvidence, peopleCase{determinations: determinations(d), approvals: affirming(d), evaluations: list(card(), evaluation("e", "0.3", day(2)))}),
		"a policy without rules for it has none": refused(notAllowed, peopleCase{
			determinations: determinations(d), approvals: affirming(d), policy: policy(func(p *v1alpha1.SafetyPolicy) { p.Spec.Determinations = nil }),
		}),
		"a threshold that the policy does not have": refused(notAllowed, peopleCase{
			determinations: determinations(fixture.Determination("d", "typo", v1alpha1.ConclusionRuledOut, shown())), approvals: affirming(d),
		}),
	} {
		t.Run(name, func(t *testing.T) { test.check(t, capable()...) })
	}
}

func TestDeterminationsThatAThresholdIsReached(t *testing.T) {
	r := concluded("r", v1alpha1.ConclusionReached)
	favourable := list(card(), evaluation("e", "0.1"))
	const held = v1alpha1.ReasonEvidenceMissing
	for name, test := range map[string]determinationCase{
		"it counts at once, and freezes": {
			peopleCase: peopleCase{
				determinations: determinations(r), evaluations: favourable, wantReason: held, wantRecords: records("r", counts),
				wantSummary: "ASL-3 is required because T is reached (ReleaseDetermination r of author@example.com says so); ASL-3 needs guarded, which is Missing",
			},
			wantState: reached, wantThreshold: "Reached, since ReleaseDetermination r of author@example.com says so: it raises the level to ASL-3 at every exposure.",
		},
		"what meets the level that it raises to is granted": {
			peopleCase: peopleCase{determinations: determinations(r), evaluations: append(favourable, fixture.Evaluation("g", "guarded", "0.1")), wantGranted: "General"},
			wantState:  reached, wantLevel: "ASL-3",
		},
		"once the quorum approved it what serves above has to go": {
			peopleCase: peopleCase{determinations: determinations(r), approvals: affirming(r), evaluations: favourable, wantReason: v1alpha1.ReasonAdverseFinding},
			wantState:  reached, wantAdverse: true, wantThreshold: "says so, and the people approved that whom the policy names",
		},
		"an objection to it keeps that from being approved": {
			peopleCase: peopleCase{
				determinations: determinations(r), evaluations: favourable, wantReason: held,
				approvals: append(affirming(r), signed("no", "rso", fixture.RegardingDetermination(&r), fixture.Saying(object))),
			},
			wantState: reached,
		},
		"it does not end": {
			peopleCase: peopleCase{determinations: determinations(concluded("r", v1alpha1.ConclusionReached, fixture.DeterminedUntil(fixture.Day(2)))), evaluations: favourable, wantReason: held},
			wantState:  reached,
		},
		"it needs no rules in the policy": {
			peopleCase: peopleCase{
				determinations: determinations(r), evaluations: favourable, wantReason: held, approvals: affirming(r),
				policy: policy(func(p *v1alpha1.SafetyPolicy) { p.Spec.Determinations = nil }), wantRecords: records("r", counts),
			},
			wantState: reached,
		},
		"nobody has to have written it": {
			peopleCase: peopleCase{
				determinations: determinations(concluded("r", v1alpha1.ConclusionReached, func(d *v1alpha1.ReleaseDetermination) { d.Spec.Author = "" })), evaluations: favourable, wantReason: held,
			},
			wantState: reached,
		},
	} {
		t.Run(name, func(t *testing.T) { test.check(t, capable()...) })
	}
}

func TestWhatTakesReachedBack(t *testing.T) {
	r := concluded("r", v1alpha1.ConclusionReached)
	favourable := list(card(), evaluation("e", "0.1"))
	against := func(list []v1alpha1.ReleaseApproval) []v1alpha1.ReleaseApproval {
		for i := range list {
			list[i].Spec.Decision = object
		}
		return list
	}
	renamed := concluded("r", v1alpha1.ConclusionReached, func(d *v1alpha1.ReleaseDetermination) { d.Spec.Release = "m0" })
	otherArtifacts := concluded("r", v1alpha1.ConclusionReached, func(d *v1alpha1.ReleaseDetermination) {
		d.Spec.SubjectDigest = gate.Digest([]v1alpha1.SubjectArtifact{fixture.Weights("other")}, nil)
	})
	const held = v1alpha1.ReasonEvidenceMissing
	for name, test := range map[string]determinationCase{
		"another name for the artifacts is no escape": {
			peopleCase: peopleCase{determinations: determinations(renamed), evaluations: favourable, wantReason: held}, wantState: reached,
		},
		"other artifacts are": {
			peopleCase: peopleCase{determinations: determinations(otherArtifacts), evaluations: favourable, wantGranted: "General", wantRecords: records("r", v1alpha1.ReasonOtherArtifacts)},
			wantState:  ruledOut,
		},
		"one objection takes nothing back": {
			peopleCase: peopleCase{determinations: determinations(r), approvals: against(affirming(r)[:1]), evaluations: favourable, wantReason: held}, wantState: reached,
		},
		"a whole quorum of objections takes it back": {
			peopleCase: peopleCase{determinations: determinations(r), approvals: against(affirming(r)), evaluations: favourable, wantGranted: "General", wantRecords: records("r", v1alpha1.ReasonObjected)},
			wantState:  ruledOut,
		},
		"who wrote it is none of those who take it back": {
			peopleCase: peopleCase{
				determinations: determinations(r), evaluations: favourable, wantReason: held,
				approvals: append(against(affirming(r)[:1]), signed("me", "rso", fixture.RegardingDetermination(&r), fixture.By("author@example.com"), fixture.Saying(object))),
			},
			wantState: reached,
		},
		"a threshold that the policy does not have is none": {
			peopleCase: peopleCase{
				determinations: determinations(fixture.Determination("r", "typo", v1alpha1.ConclusionReached, shown())), evaluations: favourable, wantGranted: "General",
				wantRecords: records("r", v1alpha1.ReasonNotAllowed),
			},
			wantState: ruledOut,
		},
		"a conclusion that this version does not know is the stricter one": {
			peopleCase: peopleCase{determinations: determinations(concluded("r", "Doubtful")), evaluations: favourable, wantReason: held}, wantState: reached,
		},
	} {
		t.Run(name, func(t *testing.T) { test.check(t, capable()...) })
	}
}

func TestReachedRaisesToALevelWithoutSafeguards(t *testing.T) {
	test := determinationCase{
		peopleCase: peopleCase{
			determinations: determinations(concluded("r", v1alpha1.ConclusionReached)), evaluations: list(card(), evaluation("e", "0.1")), wantReason: v1alpha1.ReasonLevelUndefined,
		},
		wantState: reached,
	}
	test.check(t, append(capable(), fixture.Undefined("ASL-3"), func(p *v1alpha1.SafetyPolicy) { p.Spec.Levels[1].Requires = nil })...)
}

func TestAnEndedDeterminationLapses(t *testing.T) {
	d := concluded("d", v1alpha1.ConclusionRuledOut, fixture.DeterminedUntil(fixture.Day(9)))
	given := peopleCase{determinations: determinations(d), approvals: affirming(d), evaluations: list(card(), evaluation("e", "0.3"))}
	got := gate.Decide(given.input(capable()...))
	if last := got.Exposures[2]; last.Granted || last.Lapsed == nil || !last.Lapsed.Equal(fixture.Day(9)) {
		t.Errorf("granted is %v, and it lapsed %v, want %v", last.Granted, last.Lapsed, fixture.Day(9))
	}
}
