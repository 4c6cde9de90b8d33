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

// Whoever reads a message at night does what it says, so that it must help.
func TestMessagesSayWhatHelps(t *testing.T) {
	w, early := asked("w"), emergency("a", fixture.Day(4), naming("other"))
	b := emergency("b", fixture.Day(10).Add(-time.Hour))
	reached := concluded("d", v1alpha1.ConclusionReached)
	no := func(about func(*v1alpha1.ReleaseApproval)) v1alpha1.ReleaseApproval {
		return signed("no", "ceo", about, fixture.Saying(object), fixture.UpTo("Internal"))
	}
	anonymous := []func(*v1alpha1.ModelRelease){func(r *v1alpha1.ModelRelease) { r.Spec.Authors = nil }}
	for name, test := range map[string]struct {
		peopleCase
		rules []func(*v1alpha1.SafetyPolicy)
		// about is the record or the requirement whose message it is.
		about, want string
	}{
		"nobody can sign while the authors are not known": {
			peopleCase: peopleCase{release: anonymous}, rules: signOff(fixture.Signing("rso"), fixture.Apart(v1alpha1.PartyAuthor)),
			about: "sign-off", want: "it needs 1 more of role rso. Nobody counts while the authors of the release are not known (spec.authors;",
		},
		"who must not sign is said": {
			peopleCase: peopleCase{release: []func(*v1alpha1.ModelRelease){func(r *v1alpha1.ModelRelease) { r.Spec.Authors = []string{"dev"} }}},
			rules:      signOff(fixture.Signing("rso"), fixture.Apart(v1alpha1.PartyAuthor, v1alpha1.PartyEvaluator)),
			about:      "sign-off", want: "Authors of the release and whoever brought evidence about it are not counted.",
		},
		"a review that is overdue is made by an acknowledgement": {
			peopleCase: peopleCase{waivers: waivers(early, b), approvals: granting(b)[:1]}, rules: waivable(), about: "b",
			want: "a ReleaseApproval with role rso, decision Acknowledge and regarding {kind: ReleaseWaiver, name: a, uid: " + string(early.UID) + "}, by somebody else than requester@example.com",
		},
		"an objection to a waiver is taken back": {
			peopleCase: peopleCase{waivers: waivers(w), approvals: append(granting(w), no(fixture.RegardingWaiver(&w)))}, rules: waivable(), about: "w",
			want: "objects in ReleaseApproval no and has to take that back, by approving it later in role ceo",
		},
		"an objection to a waiver is to the whole of it": {
			peopleCase: peopleCase{waivers: waivers(w), approvals: approvals(no(fixture.RegardingWaiver(&w)))}, rules: waivable(), about: "no",
			want: "It counts against ReleaseWaiver w as a whole, until",
		},
		"so is one to a determination": {
			peopleCase: peopleCase{determinations: determinations(reached), approvals: approvals(no(fixture.RegardingDetermination(&reached)))}, rules: capable(), about: "no",
			want: "It counts against ReleaseDetermination d as a whole, until",
		},
		"what voids names its kind": {
			peopleCase: peopleCase{approvals: approvals(signed("word", "rso")), evaluations: list(evaluation("late", "0.3", day(2)))},
			rules:      append(signOff(fixture.Signing("rso")), fixture.Requiring("ASL-2", "uplift"), fixture.Defining("uplift")),
			about:      "word", want: "evaluation late, which is not clear, came afterwards; whoever still stands by it has to make another one",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := messageOf(gate.Decide(test.input(test.rules...)), test.about); !strings.Contains(got, test.want) || len(got) > 1024 {
				t.Errorf("it says %q, want %q", got, test.want)
			}
		})
	}
}

func messageOf(d gate.Decision, name string) string {
	if i := slices.IndexFunc(d.Records, func(r gate.RecordResult) bool { return r.Name == name }); i >= 0 {
		return d.Records[i].Message
	}
	return d.Requirements[slices.IndexFunc(d.Requirements, func(r gate.RequirementResult) bool { return r.Name == name })].Message
}

// A review is one of what was done, whatever became of the release and its evidence since.
func TestAReviewCountsWhateverCameSince(t *testing.T) {
	early := emergency("a", fixture.Day(4))
	review := signed("review", "rso", fixture.RegardingWaiver(&early), on(6), fixture.Saying(acknowledge))
	given := peopleCase{
		waivers: waivers(early), approvals: approvals(review), evaluations: list(evaluation("late", "0.3", day(8))), wantRecords: records("review", counts),
	}
	given.checkRecords(t, gate.Decide(given.input(waivable()...)).Records)
}

// That somebody objects takes a judgement back only once it is said.
func TestAnObjectionToComeTakesNothingBack(t *testing.T) {
	d := concluded("d", v1alpha1.ConclusionReached)
	against := affirming(d, fixture.Saying(object))
	for i := range against {
		on(11)(&against[i])
	}
	test := determinationCase{
		peopleCase: peopleCase{
			determinations: determinations(d), approvals: against, evaluations: list(card(), evaluation("e", "0.1")), wantReason: v1alpha1.ReasonEvidenceMissing,
		},
		wantState: reached,
	}
	test.check(t, capable()...)
	test.now, test.wantReason, test.wantGranted, test.wantState = 11, "", "General", ruledOut
	test.check(t, capable()...)
}
