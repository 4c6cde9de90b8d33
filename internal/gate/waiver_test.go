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

// waivable is a policy whose one gate is uplift, and where a ceo and an rso together may set it aside.
func waivable() []func(*v1alpha1.SafetyPolicy) {
	return policy(fixture.Requiring("ASL-2", "uplift"), fixture.Defining("uplift"), fixture.Waiving("ceo", "rso"))
}

func asked(name string, modifiers ...func(*v1alpha1.ReleaseWaiver)) v1alpha1.ReleaseWaiver {
	return fixture.Waiver(name, "uplift", shown(), modifiers...)
}

func waivers(list ...v1alpha1.ReleaseWaiver) []v1alpha1.ReleaseWaiver { return list }

func askedOn(n int) func(*v1alpha1.ReleaseWaiver) { return fixture.AskedOn(fixture.Day(n)) }

// granting are the approvals of a waiver by a ceo and an rso, made a second after it.
func granting(w v1alpha1.ReleaseWaiver, modifiers ...func(*v1alpha1.ReleaseApproval)) []v1alpha1.ReleaseApproval {
	all := append([]func(*v1alpha1.ReleaseApproval){fixture.RegardingWaiver(&w), fixture.SignedOn(w.CreationTimestamp.Add(time.Second))}, modifiers...)
	return approvals(signed(w.Name+"-ann", "ceo", all...), signed(w.Name+"-bob", "rso", all...))
}

func upToExposure(exposure string) func(*v1alpha1.ReleaseWaiver) {
	return func(w *v1alpha1.ReleaseWaiver) { w.Spec.Exposure = exposure }
}

func naming(requirements ...string) func(*v1alpha1.ReleaseWaiver) {
	return func(w *v1alpha1.ReleaseWaiver) { w.Spec.Requirements = requirements }
}

func TestWhoApprovesAWaiver(t *testing.T) {
	w := asked("w")
	regarding := fixture.RegardingWaiver(&w)
	anonymous := asked("w", func(w *v1alpha1.ReleaseWaiver) { w.Spec.Requester = "" })
	const notYet = missingApproval
	for name, test := range map[string]peopleCase{
		"a waiver that enough people approved sets a requirement aside until it ends": {
			waivers: waivers(w), approvals: granting(w), want: waived, wantGranted: "General", wantEvidence: "w", wantEnds: 15,
			wantMessage: "Set aside by ReleaseWaiver w of requester@example.com, up to exposure General and until 2026-01-16T00:00:00Z. Without it it would be Missing: No result counts.",
			wantSummary: "uplift is Met, of which uplift is set aside by ReleaseWaiver w until 2026-01-16T00:00:00Z", wantRecords: records("w", counts, "w-ann", counts, "w-bob", counts),
		},
		"one approver is not enough": {
			waivers: waivers(w), approvals: granting(w)[:1], want: missing, wantReason: v1alpha1.ReasonEvidenceMissing, wantRecords: records("w", notYet, "w-ann", counts),
		},
		"who asked for it is none of the approvers": {
			waivers: waivers(w), approvals: granting(w, fixture.By("requester@example.com"))[:1], want: missing, wantReason: v1alpha1.ReasonEvidenceMissing,
			wantRecords: records("w", notYet, "w-ann", v1alpha1.ReasonNotSeparate),
		},
		"one person is not two": {
			waivers: waivers(w), approvals: granting(w, fixture.By("ann")), want: missing, wantReason: v1alpha1.ReasonEvidenceMissing, wantRecords: records("w", notYet),
		},
		"where nobody knows who asked nobody can approve": {
			waivers: waivers(anonymous), approvals: granting(anonymous), want: missing, wantReason: v1alpha1.ReasonEvidenceMissing, wantRecords: records("w", v1alpha1.ReasonNotSeparate),
		},
		"approvals of the release are none of the waiver": {
			waivers: waivers(w), approvals: approvals(signed("ann", "ceo"), signed("bob", "rso")), want: missing, wantReason: v1alpha1.ReasonEvidenceMissing,
			wantRecords: records("w", notYet, "ann", v1alpha1.ReasonNotInRole),
		},
		"approvals of an earlier waiver of the name are none of this one": {
			waivers: waivers(w), approvals: granting(*func() *v1alpha1.ReleaseWaiver { old := w.DeepCopy(); old.UID = "old"; return old }()),
			want: missing, wantReason: v1alpha1.ReasonEvidenceMissing, wantRecords: records("w", notYet, "w-ann", v1alpha1.ReasonRecordNotFound),
		},
		"an objection to it blocks it": {
			waivers: waivers(w), approvals: append(granting(w), signed("eve", "ceo", regarding, fixture.Saying(object), fixture.UpTo("Evaluation"))),
			want: missing, wantReason: v1alpha1.ReasonEvidenceMissing, wantRecords: records("w", v1alpha1.ReasonObjected, "eve", counts),
		},
		"nor above that of its approvals": {
			waivers: waivers(w), approvals: granting(w, fixture.UpTo("Internal")), want: missing, wantReason: v1alpha1.ReasonEvidenceMissing, wantGranted: "Internal",
		},
		"it ends with an approval of it": {
			waivers: waivers(w), approvals: granting(w, fixture.Until(fixture.Day(12))), want: waived, wantGranted: "General", wantEnds: 12,
		},
	} {
		t.Run(name, func(t *testing.T) { test.check(t, "uplift", waivable()...) })
	}
}

func TestWhatAWaiverSetsAside(t *testing.T) {
	w := asked("w")
	low := asked("w", upToExposure("Internal"))
	failure := evaluation("high", "0.9", fixture.At(fixture.Day(0)))
	stands := fixture.Finding("stands", "uplift", gate.Digest([]v1alpha1.SubjectArtifact{fixture.Weights("m1")}, nil), fixture.From(&failure))
	otherArtifacts := asked("w")
	otherArtifacts.Spec.SubjectDigest = gate.Digest([]v1alpha1.SubjectArtifact{fixture.Weights("other")}, nil)
	for name, test := range map[string]peopleCase{
		"it sets nothing aside above its exposure": {
			waivers: waivers(low), approvals: granting(low), want: missing, wantReason: v1alpha1.ReasonEvidenceMissing, wantGranted: "Internal", wantRecords: records("w", counts),
		},
		"once it ended it counts for nothing": {
			now: 15, waivers: waivers(w), approvals: granting(w), want: missing, wantReason: v1alpha1.ReasonEvidenceMissing, wantRecords: records("w", v1alpha1.ReasonEnded),
		},
		"a longer one than the policy lets it be is void, and not cut": {
			waivers: waivers(asked("w", fixture.Ending(fixture.Day(32)))), approvals: granting(w), want: missing, wantReason: v1alpha1.ReasonEvidenceMissing,
			wantRecords: records("w", v1alpha1.ReasonTooLong),
		},
		"one that is as long as it may be counts": {
			waivers: waivers(asked("w", fixture.Ending(fixture.Day(31)))), approvals: granting(w), want: waived, wantGranted: "General", wantEnds: 31,
		},
		"one for other artifacts is void": {
			waivers: waivers(otherArtifacts), approvals: granting(otherArtifacts), want: missing, wantReason: v1alpha1.ReasonEvidenceMissing, wantRecords: records("w", v1alpha1.ReasonOtherArtifacts),
		},
		"weaker evidence voids it": {
			waivers: waivers(w), approvals: granting(w), evaluations: list(evaluation("e", "0.3", day(4))), want: indeterminate, wantReason: v1alpha1.ReasonEvidenceIndeterminate,
			wantRecords: records("w", v1alpha1.ReasonWeakerEvidence, "w-ann", v1alpha1.ReasonWeakerEvidence),
		},
		"what is not clear can be set aside": {
			waivers: waivers(w), approvals: granting(w), evaluations: list(evaluation("e", "0.3")), want: waived, wantGranted: "General",
		},
		"what is met needs no waiver": {
			waivers: waivers(w), approvals: granting(w), evaluations: list(evaluation("e", "0.1")), want: met, wantGranted: "General", wantEvidence: "e",
		},
		"what failed is not set aside": {
			waivers: waivers(w), approvals: granting(w), evaluations: list(failure), findings: findings(stands), want: failed, wantReason: v1alpha1.ReasonAdverseFinding,
			wantRecords: records("w", v1alpha1.ReasonNotAllowed),
		},
		"unless the policy allows it": {
			policy:  policy(func(p *v1alpha1.SafetyPolicy) { p.Spec.Waivers.OverAdverse = v1alpha1.OverAdverseAllowed }),
			waivers: waivers(w), approvals: granting(w), evaluations: list(failure), findings: findings(stands), want: waived, wantGranted: "General", wantRecords: records("w", counts),
		},
		"a requirement that the policy does not have cannot be": {
			waivers: waivers(asked("w", naming("typo"))), approvals: granting(w), want: missing, wantReason: v1alpha1.ReasonEvidenceMissing, wantRecords: records("w", v1alpha1.ReasonNotAllowed),
		},
		"a waiver that names one of several counts for that one": {
			waivers: waivers(asked("w", naming("typo", "uplift"))), approvals: granting(w), want: waived, wantGranted: "General", wantRecords: records("w", counts),
		},
		"a policy without waivers allows none": {
			policy:  policy(func(p *v1alpha1.SafetyPolicy) { p.Spec.Waivers = nil }),
			waivers: waivers(w), approvals: granting(w), want: missing, wantReason: v1alpha1.ReasonEvidenceMissing, wantRecords: records("w", v1alpha1.ReasonNotAllowed),
		},
		"a quorum of one is none": {
			policy:  policy(func(p *v1alpha1.SafetyPolicy) { p.Spec.Waivers.Quorum = fixture.Quorum("ceo") }),
			waivers: waivers(w), approvals: granting(w), want: missing, wantReason: v1alpha1.ReasonEvidenceMissing, wantRecords: records("w", v1alpha1.ReasonNotAllowed),
		},
		"it opens no level without safeguards": {
			policy:  policy(fixture.Undefined("ASL-2")),
			waivers: waivers(w), approvals: granting(w), want: waived, wantReason: v1alpha1.ReasonLevelUndefined,
		},
	} {
		t.Run(name, func(t *testing.T) { test.check(t, "uplift", waivable()...) })
	}
}

func TestAWaiverSaysWhoHasToApproveIt(t *testing.T) {
	w := asked("w")
	test := peopleCase{waivers: waivers(w), want: missing, wantReason: v1alpha1.ReasonEvidenceMissing}
	got := test.check(t, "uplift", waivable()...).Records[0].Message
	want := "It does not count yet: 0 of 2 people approved it; it needs 1 more of role ceo and 1 more of role rso. Each creates a ReleaseApproval with regarding" +
		" {kind: ReleaseWaiver, name: w, uid: " + string(w.UID) + "}, decision Approve, exposure General, subjectDigest " + shown().Subject + " and policyRevision " + current + "."
	if got != want {
		t.Errorf("it says %q, want %q", got, want)
	}
}

func TestAWaiverRulesNothingOut(t *testing.T) {
	w := asked("w")
	rules := policy(fixture.Raising("T", "ASL-3", "uplift"), fixture.Requiring("ASL-3", "guarded"), fixture.Defining("uplift"), fixture.Defining("guarded"), fixture.Waiving("ceo", "rso"))
	test := peopleCase{
		waivers: waivers(w), approvals: granting(w), want: missing, wantReason: v1alpha1.ReasonEvidenceMissing,
		wantRecords: records("w", v1alpha1.ReasonNotAllowed),
	}
	if got := test.check(t, "uplift", rules...).Thresholds[0]; got.State != v1alpha1.ThresholdOpen {
		t.Errorf("the threshold is %s", got.State)
	}
	t.Run("also where the requirement is a gate as well", func(t *testing.T) {
		test := peopleCase{waivers: waivers(w), approvals: granting(w), want: waived, wantReason: v1alpha1.ReasonEvidenceMissing, wantRecords: records("w", counts)}
		got := test.check(t, "uplift", append(rules, fixture.Requiring("ASL-2", "uplift"))...)
		if got.Thresholds[0].State != v1alpha1.ThresholdOpen || got.RequiredLevel != "ASL-3" {
			t.Errorf("the threshold is %s, and the level %s", got.Thresholds[0].State, got.RequiredLevel)
		}
	})
}

func TestWhatNoEvaluationAnswersIsSetAside(t *testing.T) {
	w := asked("w", naming("sign-off"))
	sign := append(signOff(fixture.Signing("rso")), fixture.Waiving("ceo", "rso"))
	for name, test := range map[string]struct {
		rules []func(*v1alpha1.SafetyPolicy)
		peopleCase
	}{
		"an approval that is lacking": {sign, peopleCase{waivers: waivers(w), approvals: granting(w), want: waived, wantGranted: "General"}},
		"not one to which somebody objects": {sign, peopleCase{
			waivers: waivers(w), approvals: append(granting(w), signed("no", "rso", fixture.Saying(object))), want: objected,
			wantReason: v1alpha1.ReasonObjected, wantRecords: records("w", v1alpha1.ReasonNotAllowed),
		}},
		"a check that does not hold": {
			append(signOff(fixture.Checked(v1alpha1.SafeguardEgressDenied)), fixture.Waiving("ceo", "rso")),
			peopleCase{waivers: waivers(w), approvals: granting(w), want: waived, wantGranted: "General"},
		},
	} {
		t.Run(name, func(t *testing.T) { test.check(t, "sign-off", test.rules...) })
	}
}

func TestNoWaiverIsRenewed(t *testing.T) {
	first, second := asked("a", fixture.Ending(fixture.Day(5))), asked("b", askedOn(6))
	both := append(granting(first), granting(second)...)
	stopped := approvals(signed("no", "ceo", fixture.RegardingWaiver(&first), fixture.Saying(object)))
	renamed := asked("a", func(w *v1alpha1.ReleaseWaiver) { w.Spec.Release = "m0" })
	old := asked("a", func(w *v1alpha1.ReleaseWaiver) {
		w.Spec.SubjectDigest = gate.Digest([]v1alpha1.SubjectArtifact{fixture.Weights("other")}, nil)
	})
	twin := asked("b")
	sign := append(signOff(fixture.Signing("rso")), fixture.Waiving("ceo", "rso"))
	refused := peopleCase{want: missing, wantReason: v1alpha1.ReasonEvidenceMissing, wantRecords: records("b", v1alpha1.ReasonNoNewEvidence)}
	for name, test := range map[string]struct {
		given peopleCase
		want  string
	}{
		"a second one after the first ended":                            {peopleCase{waivers: waivers(first, second), approvals: both}, v1alpha1.ReasonNoNewEvidence},
		"also where nobody approved the first":                          {peopleCase{waivers: waivers(first, second), approvals: granting(second)}, v1alpha1.ReasonNoNewEvidence},
		"also where the first was for the artifacts under another name": {peopleCase{waivers: waivers(renamed, second), approvals: both}, v1alpha1.ReasonNoNewEvidence},
		"also where the first was for other artifacts":                  {peopleCase{waivers: waivers(old, second), approvals: both}, v1alpha1.ReasonNoNewEvidence},
		"of two in one second the second by name":                       {peopleCase{waivers: waivers(first, twin), approvals: append(granting(twin), granting(first)...)}, v1alpha1.ReasonNoNewEvidence},
		"not where a result came between them":                          {peopleCase{waivers: waivers(first, second), approvals: both, evaluations: list(evaluation("e", "0.3", day(3)))}, counts},
		"a result that came before both changes nothing":                {peopleCase{waivers: waivers(first, second), approvals: both, evaluations: list(evaluation("e", "0.3"))}, v1alpha1.ReasonNoNewEvidence},
		"nor does one that cannot be used":                              {peopleCase{waivers: waivers(first, second), approvals: both, evaluations: list(evaluation("e", "0.3", day(3), fixture.Counting(5, 5, 0, 0)))}, v1alpha1.ReasonNoNewEvidence},
		"not where somebody objected before it was approved":            {peopleCase{waivers: waivers(first, second), approvals: append(granting(second), stopped...)}, counts},
		"an objection to what had been approved is too late":            {peopleCase{waivers: waivers(first, second), approvals: append(both, stopped...)}, v1alpha1.ReasonNoNewEvidence},
		"not where the first set something else aside":                  {peopleCase{waivers: waivers(asked("a", naming("other")), second), approvals: both}, counts},
	} {
		t.Run(name, func(t *testing.T) {
			got := gate.Decide(test.given.input(waivable()...))
			test.given.wantRecords = records("b", test.want)
			test.given.checkRecords(t, got.Records)
			if granted := got.GrantedExposure == "General"; granted != (test.want == counts) {
				t.Errorf("%q is granted: %s", got.GrantedExposure, got.Message)
			}
		})
	}
	t.Run("nor is a file that was brought again a new result", func(t *testing.T) {
		again := list(evaluation("e", "0.3"), evaluation("f", "0.3", day(3)))
		again[1].Status.Measurement.SHA256 = again[0].Status.Measurement.SHA256
		given := peopleCase{waivers: waivers(first, second), approvals: both, evaluations: again, wantRecords: records("b", v1alpha1.ReasonNoNewEvidence)}
		in := given.input(waivable()...)
		in.Sightings = []gate.Sighting{gate.SightingOf(&again[0]), gate.SightingOf(&again[1])}
		given.checkRecords(t, gate.Decide(in).Records)
	})
	t.Run("nor does a larger quorum make an approved one count as stopped", func(t *testing.T) {
		given := peopleCase{waivers: waivers(first, second), approvals: append(both, stopped...), wantRecords: records("b", v1alpha1.ReasonNoNewEvidence)}
		given.approvals = append(given.approvals, signed("b-eve", "legal", fixture.RegardingWaiver(&second), on(7)))
		got := gate.Decide(given.input(append(waivable(), func(p *v1alpha1.SafetyPolicy) {
			p.Spec.Waivers.Quorum = fixture.Quorum("ceo", "rso", "legal")
		})...))
		given.checkRecords(t, got.Records)
		if got.GrantedExposure == "General" {
			t.Errorf("it is granted: %s", got.Message)
		}
	})
	t.Run("one whose second approver asked for it himself never counted", func(t *testing.T) {
		own := signed("own", "rso", fixture.RegardingWaiver(&first), fixture.By("requester@example.com"))
		given := peopleCase{waivers: waivers(first, second), approvals: append(append(granting(second), granting(first)[0], own), stopped...), wantRecords: records("b", counts)}
		given.checkRecords(t, gate.Decide(given.input(waivable()...)).Records)
	})
	t.Run("an approval is set aside once for these artifacts, whatever evidence comes", func(t *testing.T) {
		name := naming("sign-off")
		one, two := asked("a", name, fixture.Ending(fixture.Day(5))), asked("b", name, askedOn(6))
		test := refused
		test.wantReason = missingApproval
		test.waivers, test.approvals, test.evaluations = waivers(one, two), append(granting(one), granting(two)...), list(evaluation("e", "0.1", day(3)))
		test.check(t, "sign-off", append(sign, fixture.Defining("uplift"))...)
	})
	t.Run("for other artifacts it is set aside once more", func(t *testing.T) {
		name := naming("sign-off")
		before, now := old, asked("b", name, askedOn(6))
		name(&before)
		test := peopleCase{waivers: waivers(before, now), approvals: granting(now), want: waived, wantGranted: "General"}
		test.check(t, "sign-off", sign...)
	})
}

// emergency are waivers on the path for an emergency; the review of each is owed for three days.
func emergency(name string, made time.Time, modifiers ...func(*v1alpha1.ReleaseWaiver)) v1alpha1.ReleaseWaiver {
	return asked(name, append([]func(*v1alpha1.ReleaseWaiver){fixture.AskedOn(made), fixture.BreakingGlass()}, modifiers...)...)
}

func TestBreakingGlass(t *testing.T) {
	now := fixture.Day(10)
	b := emergency("b", now.Add(-time.Hour))
	early := emergency("a", fixture.Day(4), naming("other"))
	late := emergency("a", fixture.Day(9), naming("other"))
	elsewhere := emergency("a", fixture.Day(4), func(w *v1alpha1.ReleaseWaiver) {
		w.Spec.Release, w.Spec.SubjectDigest = "m0", gate.Digest([]v1alpha1.SubjectArtifact{fixture.Weights("m0")}, nil)
	})
	long := emergency("b", now.Add(-time.Hour), fixture.Ending(now.Add(4*time.Hour)))
	review := func(w v1alpha1.ReleaseWaiver, modifiers ...func(*v1alpha1.ReleaseApproval)) v1alpha1.ReleaseApproval {
		return signed("review", "rso", append([]func(*v1alpha1.ReleaseApproval){fixture.RegardingWaiver(&w), on(6), fixture.Saying(acknowledge)}, modifiers...)...)
	}
	one := slices.Clip(granting(b)[:1])
	for name, test := range map[string]struct {
		waivers   []v1alpha1.ReleaseWaiver
		approvals []v1alpha1.ReleaseApproval
		policy    func(*v1alpha1.SafetyPolicy)
		want      string
	}{
		"it needs the smaller quorum":                           {waivers: waivers(b), approvals: one, want: counts},
		"and that all the same":                                 {waivers: waivers(b), want: missingApproval},
		"who asks does not approve":                             {waivers: waivers(b), approvals: granting(b, fixture.By("requester@example.com"))[:1], want: missingApproval},
		"it is as short as the policy wants it":                 {waivers: waivers(long), approvals: granting(long)[:1], want: v1alpha1.ReasonTooLong},
		"none counts while an earlier review is overdue":        {waivers: waivers(early, b), approvals: one, want: v1alpha1.ReasonReviewOverdue},
		"also of one for another release":                       {waivers: waivers(elsewhere, b), approvals: one, want: v1alpha1.ReasonReviewOverdue},
		"one does while there is time for the review":           {waivers: waivers(late, b), approvals: one, want: counts},
		"or once it was made":                                   {waivers: waivers(early, b), approvals: append(one, review(early)), want: counts},
		"also where it is one for another release":              {waivers: waivers(elsewhere, b), approvals: append(one, review(elsewhere, func(a *v1alpha1.ReleaseApproval) { a.Spec.Release = "m0" })), want: counts},
		"the review is no approval":                             {waivers: waivers(early, b), approvals: append(one, review(early, fixture.Saying(approve))), want: v1alpha1.ReasonReviewOverdue},
		"nor made by whoever asked":                             {waivers: waivers(early, b), approvals: append(one, review(early, fixture.By("requester@example.com"))), want: v1alpha1.ReasonReviewOverdue},
		"nor in another role":                                   {waivers: waivers(early, b), approvals: append(one, review(early, func(a *v1alpha1.ReleaseApproval) { a.Spec.Role = "legal" })), want: v1alpha1.ReasonReviewOverdue},
		"a waiver on the other path owes no review":             {waivers: waivers(asked("a", naming("other"), askedOn(4)), b), approvals: one, want: counts},
		"a policy without the path has none":                    {waivers: waivers(b), approvals: one, policy: func(p *v1alpha1.SafetyPolicy) { p.Spec.Waivers.BreakGlass = nil }, want: v1alpha1.ReasonNotAllowed},
		"a path that nobody can review is none":                 {waivers: waivers(b), approvals: one, policy: func(p *v1alpha1.SafetyPolicy) { p.Spec.Waivers.BreakGlass.ReviewRole = "cfo" }, want: v1alpha1.ReasonNotAllowed},
		"what failed is not set aside in an emergency either":   {waivers: waivers(emergency("b", now.Add(-time.Hour), naming("tripped"))), approvals: one, want: v1alpha1.ReasonNotAllowed},
		"it renews no other waiver":                             {waivers: waivers(asked("a"), b), approvals: one, want: v1alpha1.ReasonNoNewEvidence},
		"a path that this version does not know allows nothing": {waivers: waivers(asked("b", func(w *v1alpha1.ReleaseWaiver) { w.Spec.Path = "Shortcut" })), approvals: one, want: v1alpha1.ReasonNotAllowed},
	} {
		t.Run(name, func(t *testing.T) {
			given := peopleCase{waivers: test.waivers, approvals: test.approvals, wantRecords: records("b", test.want)}
			rules := append(waivable(), fixture.Requiring("ASL-3", "tripped"), fixture.Defining("tripped"))
			if test.policy != nil {
				rules = append(rules, test.policy)
			}
			in := given.input(rules...)
			in.Findings = findings(fixture.Finding("stands", "tripped", gate.Digest([]v1alpha1.SubjectArtifact{fixture.Weights("m1")}, nil)))
			got := gate.Decide(in)
			given.checkRecords(t, got.Records)
			if granted := got.GrantedExposure == "General"; granted != (test.want == counts) {
				t.Errorf("%q is granted: %s", got.GrantedExposure, got.Message)
			}
		})
	}
}

func TestAnOverdueReviewEndsAWaiver(t *testing.T) {
	now := fixture.Day(10)
	early := emergency("a", now.Add(-3*24*time.Hour+time.Minute), naming("other"))
	b := emergency("b", now.Add(-time.Hour))
	given := peopleCase{waivers: waivers(early, b), approvals: granting(b)[:1]}
	in := given.input(waivable()...)
	got := gate.Decide(in)
	due := now.Add(time.Minute)
	if got.GrantedExposure != "General" || !got.ClearedUntil.Equal(due) || got.RecheckAfter != time.Minute {
		t.Errorf("%q is granted until %v and looked at after %v, want until %v", got.GrantedExposure, got.ClearedUntil, got.RecheckAfter, due)
	}
	in.Now = due
	got = gate.Decide(in)
	given.wantRecords = records("b", v1alpha1.ReasonReviewOverdue)
	given.checkRecords(t, got.Records)
	if got.GrantedExposure == "General" {
		t.Errorf("%q is granted", got.GrantedExposure)
	}
	if message := got.Records[2].Message; !strings.Contains(message, "somebody in role rso owes an acknowledgement of ReleaseWaiver a since 2026-01-11T00:01:00Z") {
		t.Errorf("it says %q", message)
	}
}

func TestAnEndedWaiverLapses(t *testing.T) {
	w := asked("w", fixture.Ending(fixture.Day(9)))
	given := peopleCase{waivers: waivers(w), approvals: granting(w)}
	got := gate.Decide(given.input(waivable()...)).Exposures[2]
	if got.Lapsed == nil || !got.Lapsed.Equal(fixture.Day(9)) {
		t.Errorf("it lapsed %v, want %v", got.Lapsed, fixture.Day(9))
	}
	given.approvals = nil
	if got := gate.Decide(given.input(waivable()...)).Exposures[2]; got.Lapsed != nil {
		t.Errorf("nobody approved it, and it lapsed %v", got.Lapsed)
	}
}
