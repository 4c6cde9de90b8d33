// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"strings"
	"testing"
	"time"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
)

// signOff is a policy whose one requirement is that people approve.
func signOff(modifiers ...func(*v1alpha1.Requirement)) []func(*v1alpha1.SafetyPolicy) {
	return policy(fixture.Requiring("ASL-2", "sign-off"), fixture.Defining("sign-off", modifiers...))
}

const (
	missingApproval = v1alpha1.ReasonApprovalMissing
	counts          = v1alpha1.ReasonCounts
)

// signingCase is a case with a policy of its own; without one a ceo and an rso have to sign.
type signingCase struct {
	policy []func(*v1alpha1.SafetyPolicy)
	peopleCase
}

func (test *signingCase) check(t *testing.T) {
	t.Helper()
	rules := test.policy
	if rules == nil {
		rules = signOff(fixture.Signing("ceo", "rso"))
	}
	test.peopleCase.check(t, "sign-off", rules...)
}

func TestQuorums(t *testing.T) {
	one := signOff(fixture.Signing("rso"))
	for name, test := range map[string]signingCase{
		"without anybody's approval the requirement is missing, and the message says who has to sign what": {
			peopleCase: peopleCase{
				want: missing, wantReason: missingApproval,
				wantMessage: "0 of 2 people approved exposure General; it needs 1 more of role ceo and 1 more of role rso. Each creates a ReleaseApproval in namespace serving" +
					" with release m1, the role, decision Approve, exposure General, subjectDigest " + shown().Subject + " and policyRevision " + current + ".",
				wantSummary: "ASL-2 needs sign-off, which is Missing (it needs 1 more of role ceo and 1 more of role rso)",
			},
		},
		"one of two is not enough": {
			peopleCase: peopleCase{
				approvals: approvals(signed("ann", "rso")), want: missing, wantReason: missingApproval,
				wantMessage: "1 of 2 people approved exposure General; it needs 1 more of role ceo.", wantRecords: records("ann", counts),
			},
		},
		"one person in both roles is one person": {
			peopleCase: peopleCase{
				approvals: approvals(signed("ann", "rso"), signed("ann-too", "ceo", fixture.By("ann@example.com"))),
				want:      missing, wantReason: missingApproval, wantMessage: "1 of 2 people",
			},
		},
		"whoever can stand in for another does": {
			peopleCase: peopleCase{
				approvals: approvals(signed("ann", "rso"), signed("ann-too", "ceo", fixture.By("ann@example.com")), signed("bob", "ceo")),
				want:      met, wantGranted: "General",
			},
		},
		"an approval for a lower exposure grants that one": {
			policy: one,
			peopleCase: peopleCase{
				approvals: approvals(signed("ann", "rso", fixture.UpTo("Internal"))),
				want:      missing, wantReason: missingApproval, wantGranted: "Internal", wantMessage: "0 of 1 people approved exposure General",
			},
		},
		"a role that the policy does not define is its fault": {
			policy: signOff(fixture.Signing("cfo")),
			peopleCase: peopleCase{
				approvals: approvals(signed("ann", "cfo")), want: indeterminate, wantReason: v1alpha1.ReasonEvidenceIndeterminate,
				wantMessage: "Nobody can approve: approval.quorum names role cfo, which is not in spec.roles; correct the policy.", wantRecords: records("ann", v1alpha1.ReasonNotInRole),
			},
		},
	} {
		t.Run(name, func(t *testing.T) { test.check(t) })
	}
}

func TestEndsOfApprovals(t *testing.T) {
	for name, test := range map[string]signingCase{
		"the whole quorum grants until the first of it ends": {
			peopleCase: peopleCase{
				approvals: approvals(signed("ann", "rso", on(2)), signed("bob", "ceo", on(3))),
				want:      met, wantGranted: "General", wantEvidence: "ann", wantEnds: 102,
				wantMessage: "2 of 2 people approved exposure General. It counts until 2026-04-13T00:00:00Z, when ReleaseApproval ann ends",
			},
		},
		"an approval has an earlier end where it says so": {
			peopleCase: peopleCase{
				approvals: approvals(signed("ann", "rso", fixture.Until(fixture.Day(20))), signed("bob", "ceo")),
				want:      met, wantGranted: "General", wantEnds: 20, wantEvidence: "ann",
			},
		},
		"where two of a role signed and one is needed, the one that lasts counts": {
			peopleCase: peopleCase{
				approvals: approvals(signed("ann", "rso", fixture.Until(fixture.Day(20))), signed("bob", "ceo"), signed("eve", "rso", fixture.Until(fixture.Day(50)))),
				want:      met, wantGranted: "General", wantEnds: 50, wantEvidence: "eve",
			},
		},
		"an approval that ended leaves the requirement expired": {
			peopleCase: peopleCase{
				approvals: approvals(signed("ann", "rso", fixture.Until(fixture.Day(9))), signed("bob", "ceo")),
				want:      expired, wantReason: v1alpha1.ReasonEvidenceExpired, wantEnds: 9, wantEvidence: "ann",
				wantMessage: "It counted until 2026-01-10T00:00:00Z, when ReleaseApproval ann ended. 1 of 2 people approved", wantRecords: records("ann", v1alpha1.ReasonEnded),
			},
		},
		"what never stood together did not expire": {
			peopleCase: peopleCase{
				approvals: approvals(signed("ann", "rso", fixture.Until(fixture.Day(4))), signed("bob", "ceo", on(5))),
				want:      missing, wantReason: missingApproval,
			},
		},
	} {
		t.Run(name, func(t *testing.T) { test.check(t) })
	}
}

func TestObjections(t *testing.T) {
	one := signOff(fixture.Signing("rso"))
	for name, test := range map[string]signingCase{
		"an objection blocks its exposure and those above, and no lower one": {
			policy: one,
			peopleCase: peopleCase{
				approvals: approvals(signed("ann", "rso"), signed("bob", "rso", fixture.Saying(object), fixture.UpTo("General"))),
				want:      objected, wantReason: v1alpha1.ReasonObjected, wantGranted: "Internal", wantEvidence: "bob",
				wantMessage: "bob@example.com objects in role rso to exposure General and above, in ReleaseApproval bob.",
				wantRecords: records("ann", counts, "bob", counts),
			},
		},
		"an objection does not end": {
			policy: one,
			peopleCase: peopleCase{
				approvals: approvals(signed("ann", "rso"), signed("bob", "rso", fixture.Saying(object), fixture.UpTo("Evaluation"), fixture.Until(fixture.Day(2)))),
				want:      objected, wantReason: v1alpha1.ReasonObjected, wantRecords: records("bob", counts),
			},
		},
		"whoever objects takes it back by approving later": {
			policy: one,
			peopleCase: peopleCase{
				approvals: approvals(signed("bob-first", "rso", fixture.By("bob"), fixture.Saying(object)), signed("bob-then", "rso", fixture.By("bob"), on(2))),
				want:      met, wantGranted: "General", wantRecords: records("bob-first", v1alpha1.ReasonReplaced, "bob-then", counts),
			},
		},
		"an approval of the same second takes no objection back": {
			policy: one,
			peopleCase: peopleCase{
				approvals: approvals(signed("a", "rso", fixture.By("bob"), fixture.Saying(object)), signed("b", "rso", fixture.By("bob"))),
				want:      objected, wantReason: v1alpha1.ReasonObjected, wantGranted: "Internal",
			},
		},
		"an approval for less takes no objection back": {
			policy: one,
			peopleCase: peopleCase{
				approvals: approvals(signed("a", "rso", fixture.By("bob"), fixture.Saying(object)), signed("b", "rso", fixture.By("bob"), on(2), fixture.UpTo("Internal"))),
				want:      objected, wantReason: v1alpha1.ReasonObjected, wantGranted: "Internal",
			},
		},
		"whoever approved and objects later objects": {
			policy: one,
			peopleCase: peopleCase{
				approvals: approvals(signed("a", "rso", fixture.By("bob")), signed("b", "rso", fixture.By("bob"), on(2), fixture.Saying(object), fixture.UpTo("Evaluation"))),
				want:      objected, wantReason: v1alpha1.ReasonObjected, wantRecords: records("a", v1alpha1.ReasonReplaced),
			},
		},
		"an approval for other artifacts takes no objection back": {
			policy: one,
			peopleCase: peopleCase{
				approvals: approvals(signed("a", "rso", fixture.By("bob"), fixture.Saying(object)), signed("ann", "rso"),
					signed("b", "rso", fixture.By("bob"), on(2), func(a *v1alpha1.ReleaseApproval) { a.Spec.SubjectDigest = "sha256:" + fixture.SHA256("other") })),
				want: objected, wantReason: v1alpha1.ReasonObjected, wantGranted: "Internal",
			},
		},
		"an acknowledgement takes no objection back": {
			policy: signOff(fixture.Signing("rso"), fixture.Notifying("rso")),
			peopleCase: peopleCase{
				approvals: approvals(signed("a", "rso", fixture.By("bob"), fixture.Saying(object)), signed("b", "rso", fixture.By("bob"), on(2), fixture.Saying(acknowledge))),
				want:      objected, wantReason: v1alpha1.ReasonObjected,
			},
		},
		"somebody whom the policy does not ask cannot object": {
			policy: one,
			peopleCase: peopleCase{
				approvals: approvals(signed("ann", "rso"), signed("bob", "legal", fixture.Saying(object))),
				want:      met, wantGranted: "General", wantRecords: records("bob", v1alpha1.ReasonNotInRole),
			},
		},
		"a role that is told cannot object": {
			policy: signOff(fixture.Signing("rso"), fixture.Notifying("legal")),
			peopleCase: peopleCase{
				approvals: approvals(signed("ann", "rso"), signed("bob", "legal", fixture.Saying(acknowledge)), signed("eve", "legal", fixture.Saying(object))),
				want:      met, wantGranted: "General", wantRecords: records("bob", counts, "eve", v1alpha1.ReasonNotInRole),
			},
		},
	} {
		t.Run(name, func(t *testing.T) { test.check(t) })
	}
}

func TestNotices(t *testing.T) {
	one := signOff(fixture.Signing("rso"))
	for name, test := range map[string]signingCase{
		"without the acknowledgement of a role that has to be told it is missing": {
			policy: signOff(fixture.Signing("rso"), fixture.Notifying("legal")),
			peopleCase: peopleCase{
				approvals: approvals(signed("ann", "rso")), want: missing, wantReason: missingApproval,
				wantMessage: "1 of 1 people approved exposure General; somebody in role legal has to acknowledge. Each creates a ReleaseApproval in namespace serving" +
					" with release m1, the role, decision Acknowledge,",
			},
		},
		"an approval is no acknowledgement": {
			policy: signOff(fixture.Signing("rso"), fixture.Notifying("legal")),
			peopleCase: peopleCase{
				approvals: approvals(signed("ann", "rso"), signed("bob", "legal")), want: missing, wantReason: missingApproval,
				wantMessage: "Not counted: bob of bob@example.com (NotInRole).", wantRecords: records("bob", v1alpha1.ReasonNotInRole),
			},
		},
		"an acknowledgement is no approval": {
			policy:     one,
			peopleCase: peopleCase{approvals: approvals(signed("ann", "rso", fixture.Saying(acknowledge))), want: missing, wantReason: missingApproval, wantRecords: records("ann", v1alpha1.ReasonNotInRole)},
		},
		"an acknowledgement ends as an approval does": {
			policy: signOff(fixture.Signing("rso"), fixture.Notifying("legal")),
			peopleCase: peopleCase{
				approvals: approvals(signed("ann", "rso"), signed("bob", "legal", fixture.Saying(acknowledge), fixture.Until(fixture.Day(20)))),
				want:      met, wantGranted: "General", wantEnds: 20, wantEvidence: "bob",
			},
		},
		"who is only told needs no quorum": {
			policy: signOff(fixture.SignedBy(), fixture.Notifying("legal")),
			peopleCase: peopleCase{
				approvals: approvals(signed("bob", "legal", fixture.Saying(acknowledge))), want: met, wantGranted: "General",
				wantMessage: "All who have to be told acknowledged exposure General.",
			},
		},
	} {
		t.Run(name, func(t *testing.T) { test.check(t) })
	}
}

func TestWhoMaySign(t *testing.T) {
	by := func(user string, groups ...string) []v1alpha1.ReleaseApproval {
		return approvals(signed("word", "rso", fixture.By(user, groups...)))
	}
	members := policy(fixture.RoleOf("board", "board-members", "board-deputies"))
	board := func(modifiers ...func(*v1alpha1.ReleaseApproval)) []v1alpha1.ReleaseApproval {
		return approvals(signed("word", "board", modifiers...))
	}
	author := []func(*v1alpha1.ModelRelease){fixture.AuthoredBy("mia")}
	for name, test := range map[string]struct {
		requirement []func(*v1alpha1.Requirement)
		peopleCase
		wantRecord string
	}{
		"a role without groups is held by whoever was let sign": {peopleCase: peopleCase{approvals: by("ann")}},
		"nobody is nobody": {peopleCase: peopleCase{approvals: by("")}, wantRecord: v1alpha1.ReasonNotInRole},
		"one of the groups of a role is enough": {
			requirement: requirement(fixture.Signing("board")),
			peopleCase:  peopleCase{policy: members, approvals: board(fixture.By("ann", "staff", "board-deputies"))},
		},
		"who is in none of the groups does not hold the role": {
			requirement: requirement(fixture.Signing("board")),
			peopleCase:  peopleCase{policy: members, approvals: board(fixture.By("ann", "staff"))}, wantRecord: v1alpha1.ReasonNotInRole,
		},
		"an author may sign where the policy does not mind":     {peopleCase: peopleCase{release: author, approvals: by("mia")}},
		"an author may not sign where the policy wants another": {requirement: requirement(fixture.Apart(v1alpha1.PartyAuthor)), peopleCase: peopleCase{release: author, approvals: by("mia")}, wantRecord: v1alpha1.ReasonNotSeparate},
		"somebody else may":                                       {requirement: requirement(fixture.Apart(v1alpha1.PartyAuthor)), peopleCase: peopleCase{release: author, approvals: by("ann")}},
		"where the authors are not known nobody may":              {requirement: requirement(fixture.Apart(v1alpha1.PartyAuthor)), peopleCase: peopleCase{approvals: by("ann")}, wantRecord: v1alpha1.ReasonNotSeparate},
		"who brought evidence may not where the policy minds":     {requirement: requirement(fixture.Apart(v1alpha1.PartyEvaluator)), peopleCase: peopleCase{evaluations: list(evaluation("e", "0.1", fixture.BroughtBy("eva"))), approvals: by("eva")}, wantRecord: v1alpha1.ReasonNotSeparate},
		"who brought evidence may where it does not":              {peopleCase: peopleCase{evaluations: list(evaluation("e", "0.1", fixture.BroughtBy("eva"))), approvals: by("eva")}},
		"evidence about another release makes nobody a party":     {requirement: requirement(fixture.Apart(v1alpha1.PartyEvaluator)), peopleCase: peopleCase{evaluations: list(evaluation("e", "0.1", fixture.BroughtBy("eva"), fixture.For("m2"))), approvals: by("eva")}},
		"evidence for something else makes nobody a party either": {requirement: requirement(fixture.Apart(v1alpha1.PartyEvaluator)), peopleCase: peopleCase{evaluations: list(fixture.Evaluation("e", "typo", "0.1", fixture.BroughtBy("eva"))), approvals: by("eva")}},
	} {
		t.Run(name, func(t *testing.T) {
			modifiers := append(requirement(fixture.Signing("rso")), test.requirement...)
			test.want, test.wantGranted, test.wantRecords = met, "General", records("word", counts)
			if test.wantRecord != "" {
				test.want, test.wantReason, test.wantGranted, test.wantRecords = missing, missingApproval, "", records("word", test.wantRecord)
			}
			test.check(t, "sign-off", append(signOff(modifiers...), fixture.Defining("uplift"))...)
		})
	}
}

func TestAnAuthorObjects(t *testing.T) {
	test := peopleCase{
		release:   []func(*v1alpha1.ModelRelease){fixture.AuthoredBy("mia")},
		approvals: approvals(signed("ann", "rso"), signed("mia", "rso", fixture.By("mia"), fixture.Saying(object), fixture.UpTo("Evaluation"))),
		want:      objected, wantReason: v1alpha1.ReasonObjected, wantRecords: records("mia", counts),
	}
	test.check(t, "sign-off", signOff(fixture.Signing("rso"), fixture.Apart(v1alpha1.PartyAuthor))...)
}

func TestApprovalsOfOthersArePassedOver(t *testing.T) {
	renamed, moved := signed("renamed", "rso"), signed("moved", "rso")
	renamed.Spec.Release, moved.Namespace = "m2", "elsewhere"
	lost := signed("lost", "rso", fixture.RegardingWaiver(new(fixture.Waiver("gone", "sign-off", shown()))))
	test := peopleCase{
		approvals: approvals(renamed, moved, lost), want: missing, wantReason: missingApproval,
		wantRecords: records("lost", v1alpha1.ReasonRecordNotFound),
	}
	if got := test.check(t, "sign-off", signOff(fixture.Signing("rso"))...); len(got.Records) != 1 {
		t.Errorf("the records are %+v, want one", got.Records)
	}
}

func TestWhatEndsAndBeginsIsLookedAt(t *testing.T) {
	for name, test := range map[string]struct {
		peopleCase
		want time.Duration
	}{
		"when the quorum ends":                   {peopleCase{approvals: approvals(signed("ann", "rso", fixture.Until(fixture.Day(10).Add(time.Hour))))}, time.Hour},
		"when an approval begins":                {peopleCase{approvals: approvals(signed("ann", "rso", fixture.SignedOn(fixture.Day(10).Add(2*time.Second))))}, 2 * time.Second},
		"when one ends that is not enough":       {peopleCase{approvals: approvals(signed("ann", "rso", fixture.Until(fixture.Day(10).Add(time.Hour)), fixture.UpTo("Evaluation")))}, time.Hour},
		"not when an objection is said to end":   {peopleCase{approvals: approvals(signed("ann", "rso", fixture.Saying(object), fixture.Until(fixture.Day(10).Add(time.Hour)), fixture.UpTo("Evaluation")))}, 0},
		"not while nobody says anything at all.": {peopleCase{}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			if got := gate.Decide(test.input(signOff(fixture.Signing("rso"))...)).RecheckAfter; got != test.want {
				t.Errorf("it is looked at after %v, want %v", got, test.want)
			}
		})
	}
}

func TestExpiredApprovalsLapse(t *testing.T) {
	test := peopleCase{approvals: approvals(signed("ann", "rso", fixture.Until(fixture.Day(9))))}
	rules := signOff(fixture.Signing("rso"))
	got := gate.Decide(test.input(rules...)).Exposures[2]
	if got.Lapsed == nil || !got.Lapsed.Equal(fixture.Day(9)) {
		t.Errorf("it lapsed %v, want %v", got.Lapsed, fixture.Day(9))
	}
	test.approvals = append(test.approvals, signed("bob", "rso", fixture.Saying(object)))
	if got := gate.Decide(test.input(rules...)).Exposures[2]; got.Lapsed != nil {
		t.Errorf("somebody objects, and it lapsed %v", got.Lapsed)
	}
}

// A threshold is reached by a failure, and the level that it raises to asks for a signature.
func TestAdverseForWantOfASignature(t *testing.T) {
	failure := evaluation("high", "0.9")
	stands := fixture.Finding("stands", "uplift", gate.Digest([]v1alpha1.SubjectArtifact{fixture.Weights("m1")}, nil), fixture.From(&failure))
	old := signed("word", "rso")
	old.Spec.PolicyRevision = prior
	for name, test := range map[string]struct {
		approvals []v1alpha1.ReleaseApproval
		want      bool
	}{
		"what was never signed":                     {nil, true},
		"what was signed before the failure":        {approvals(signed("word", "rso", fixture.SignedOn(fixture.Day(0).Add(-time.Hour)))), true},
		"not what is signed":                        {approvals(signed("word", "rso")), false},
		"not what was signed and ended":             {approvals(signed("word", "rso", fixture.Until(fixture.Day(3)))), false},
		"not what was signed under an earlier text": {approvals(old), false},
		"not what was signed before one objected":   {approvals(signed("word", "rso"), signed("no", "rso", fixture.Saying(object))), false},
		"what one objected to and nobody signed":    {approvals(signed("no", "rso", fixture.Saying(object))), true},
	} {
		t.Run(name, func(t *testing.T) {
			given := peopleCase{evaluations: list(failure), findings: findings(stands), approvals: test.approvals}
			in := given.input(fixture.Raising("T", "ASL-3", "uplift"), fixture.Requiring("ASL-3", "sign-off"), fixture.Defining("uplift"),
				fixture.Defining("sign-off", fixture.Signing("rso")))
			if got := gate.Decide(in); got.Exposures[2].Adverse != test.want {
				t.Errorf("adverse is %v, want %v: %s", got.Exposures[2].Adverse, test.want, got.Exposures[2].Message)
			}
		})
	}
}

func TestChangeOfAnApproval(t *testing.T) {
	rules := signOff(fixture.Signing("rso"))
	for name, test := range map[string]struct {
		approvals []v1alpha1.ReleaseApproval
		want      gate.Change
	}{
		"who is lacking has to approve":         {nil, gate.Change{Act: gate.ActApprove}},
		"who approved has to do so again":       {approvals(signed("ann", "rso")), gate.Change{Act: gate.ActApprove, By: new(fixture.Day(101))}},
		"who objects has to take that back":     {approvals(signed("no", "rso", fixture.Saying(object))), gate.Change{Act: gate.ActWithdraw, Object: "no"}},
		"whose approval ended has to sign anew": {approvals(signed("ann", "rso", fixture.Until(fixture.Day(3)))), gate.Change{Act: gate.ActApprove}},
	} {
		t.Run(name, func(t *testing.T) {
			given := peopleCase{approvals: test.approvals}
			got := gate.Decide(given.input(rules...)).Requirements[0].Change
			if got.Act != test.want.Act || got.Object != test.want.Object || (got.By == nil) != (test.want.By == nil) || got.By != nil && !got.By.Equal(*test.want.By) {
				t.Errorf("it is %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestALongListOfApprovalsIsCut(t *testing.T) {
	var many []v1alpha1.ReleaseApproval
	for name := range strings.FieldsSeq("a b c d e") {
		many = append(many, signed(name, "rso", fixture.UpTo("Everybody")))
	}
	test := peopleCase{
		approvals: many, want: missing, wantReason: missingApproval,
		wantMessage: "Not counted: a of a@example.com (InvalidSpec), b of b@example.com (InvalidSpec), c of c@example.com (InvalidSpec) and 2 more.",
	}
	test.check(t, "sign-off", signOff(fixture.Signing("rso"))...)
}
