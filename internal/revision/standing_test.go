// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package revision_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/revision"
)

// record is revision SEQUENCE of the policy p, whose texts are ceilings. comparedWith 0 is none.
func record(t *testing.T, sequence, comparedWith int64, ceiling int32, effect effects, modifiers ...func(*v1alpha1.PolicyRevision)) v1alpha1.PolicyRevision {
	t.Helper()
	text, err := revision.TextOf(&fixture.Policy("p", func(p *v1alpha1.SafetyPolicy) {
		p.Spec.Exposures[2].MaxReplicas = &ceiling
		p.Spec.Roles = []v1alpha1.Role{{Name: "rso", Groups: []string{"safety"}}, {Name: "ceo"}}
		p.Spec.Revisions = &v1alpha1.RevisionRules{Quorum: fixture.Quorum("rso", "ceo"), CoolOffSeconds: new(int32(60))}
	}).Spec)
	if err != nil {
		t.Fatal(err)
	}
	r := v1alpha1.PolicyRevision{
		ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprint("p-", sequence), CreationTimestamp: metav1.NewTime(fixture.Day(int(sequence)))},
		Spec: v1alpha1.PolicyRevisionSpec{
			Policy: "p", Sequence: sequence, Revision: text.Revision, Digest: text.Digest, Text: text.JSON, Effect: effect,
			Author: fmt.Sprint("author-", sequence),
		},
	}
	if comparedWith > 0 {
		r.Spec.ComparedWith = &comparedWith
	}
	for _, modify := range modifiers {
		modify(&r)
	}
	return r
}

// came makes a record one that came into force.
func came(r *v1alpha1.PolicyRevision) { r.Status.InForceTime = new(metav1.NewTime(fixture.Day(9))) }

func TestWhichRevisionIsInForce(t *testing.T) {
	initial := v1alpha1.EffectInitial
	first := record(t, 1, 0, 10, initial, came)
	for name, tc := range map[string]struct {
		records []v1alpha1.PolicyRevision
		// inForce is a sequence, 0 for none; text is the ceiling of the policy as it is.
		inForce int64
		text    int32
		holds   bool
		prior   []int32
	}{
		"nothing is recorded":                     {nil, 0, 10, true, nil},
		"the first is not marked yet":             {[]v1alpha1.PolicyRevision{record(t, 1, 0, 10, initial)}, 1, 10, true, nil},
		"a text that nobody recorded yet":         {[]v1alpha1.PolicyRevision{first}, 1, 99, false, nil},
		"a weakening waits":                       {[]v1alpha1.PolicyRevision{record(t, 2, 1, 20, weaker), first}, 1, 20, false, nil},
		"a weakening came":                        {[]v1alpha1.PolicyRevision{first, record(t, 2, 1, 20, weaker, came)}, 2, 20, true, nil},
		"a strengthening keeps what was signed":   {[]v1alpha1.PolicyRevision{first, record(t, 2, 1, 5, stricter, came)}, 2, 5, true, []int32{10}},
		"two of them":                             {[]v1alpha1.PolicyRevision{first, record(t, 2, 1, 5, stricter, came), record(t, 3, 2, 4, stricter, came)}, 3, 4, true, []int32{5, 10}},
		"one after a weakening":                   {[]v1alpha1.PolicyRevision{first, record(t, 2, 1, 20, weaker, came), record(t, 3, 2, 15, stricter, came)}, 3, 15, true, []int32{20}},
		"back from what never came":               {[]v1alpha1.PolicyRevision{first, record(t, 2, 1, 20, weaker), record(t, 3, 1, 10, neutral, came)}, 3, 10, true, nil},
		"back to a weaker text that was in force": {[]v1alpha1.PolicyRevision{first, record(t, 2, 1, 5, stricter, came), record(t, 3, 2, 10, weaker)}, 2, 10, false, []int32{10}},
		"nothing that is recorded ever came":      {[]v1alpha1.PolicyRevision{record(t, 2, 1, 20, weaker)}, 0, 20, false, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := revision.StandingOf(tc.records)
			var inForce int64
			if s.InForce != nil {
				inForce = s.InForce.Spec.Sequence
			}
			if inForce != tc.inForce {
				t.Errorf("in force is %d, want %d", inForce, tc.inForce)
			}
			text := record(t, 1, 0, tc.text, initial)
			if s.Holds(text.Spec.Digest) != tc.holds {
				t.Errorf("that the text is in force is %v", !tc.holds)
			}
			var prior []string
			for _, ceiling := range tc.prior {
				prior = append(prior, record(t, 1, 0, ceiling, initial).Spec.Revision)
			}
			if diff := cmp.Diff(prior, s.Prior); diff != "" {
				t.Errorf("the revisions before (-want +got)\n%s", diff)
			}
		})
	}
}

// vote is what a person says about a record in a role, on a day.
func vote(of v1alpha1.PolicyRevision, who, role string, decision v1alpha1.ApprovalDecision, day int, groups ...string) v1alpha1.PolicyApproval {
	return v1alpha1.PolicyApproval{
		ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprint(who, "-", role, "-", day, "-", decision), CreationTimestamp: metav1.NewTime(fixture.Day(day))},
		Spec: v1alpha1.PolicyApprovalSpec{
			Policy: "p", PolicyRevision: of.Spec.Revision, Sequence: of.Spec.Sequence, Role: role, Decision: decision,
			Approver: who, ApproverGroups: groups,
		},
	}
}

func TestWhatPeopleSayAboutARevision(t *testing.T) {
	const (
		approve = v1alpha1.DecisionApprove
		object  = v1alpha1.DecisionObject
	)
	first, weak := record(t, 1, 0, 10, v1alpha1.EffectInitial, came), record(t, 3, 1, 20, weaker)
	between := record(t, 2, 1, 15, weaker)
	unknown := record(t, 2, 1, 15, weaker, func(r *v1alpha1.PolicyRevision) { r.Spec.Author = "" })
	other := record(t, 3, 1, 21, weaker)
	for name, tc := range map[string]struct {
		between v1alpha1.PolicyRevision
		votes   []v1alpha1.PolicyApproval
		reasons []string
		lacking string
		objects bool
	}{
		"nobody said anything": {between, nil, nil, "1 more of role rso and 1 more of role ceo", false},
		"the quorum":           {between, []v1alpha1.PolicyApproval{vote(weak, "ann", "rso", approve, 4, "safety"), vote(weak, "ben", "ceo", approve, 4)}, []string{"Counts", "Counts"}, "", false},
		"one person in both roles": {
			between, []v1alpha1.PolicyApproval{vote(weak, "ann", "rso", approve, 4, "safety"), vote(weak, "ann", "ceo", approve, 4)},
			[]string{"Counts", "Counts"}, "1 more of role ceo", false,
		},
		"who changed it last":           {between, []v1alpha1.PolicyApproval{vote(weak, "author-3", "ceo", approve, 4)}, []string{"NotSeparate"}, "1 more of role rso and 1 more of role ceo", false},
		"who changed it before":         {between, []v1alpha1.PolicyApproval{vote(weak, "author-2", "ceo", approve, 4)}, []string{"NotSeparate"}, "1 more of role rso and 1 more of role ceo", false},
		"who wrote the text in force":   {between, []v1alpha1.PolicyApproval{vote(weak, "author-1", "ceo", approve, 4)}, []string{"Counts"}, "1 more of role rso", false},
		"an author that nobody knows":   {unknown, []v1alpha1.PolicyApproval{vote(weak, "ben", "ceo", approve, 4)}, []string{"NotSeparate"}, "1 more of role rso and 1 more of role ceo", false},
		"outside of the role's groups":  {between, []v1alpha1.PolicyApproval{vote(weak, "ann", "rso", approve, 4, "sales")}, []string{"NotInRole"}, "1 more of role rso and 1 more of role ceo", false},
		"in a role that is not asked":   {between, []v1alpha1.PolicyApproval{vote(weak, "ann", "board", approve, 4)}, []string{"NotInRole"}, "1 more of role rso and 1 more of role ceo", false},
		"not stamped":                   {between, []v1alpha1.PolicyApproval{vote(weak, "", "ceo", approve, 4)}, []string{"NotInRole"}, "1 more of role rso and 1 more of role ceo", false},
		"before it was recorded":        {between, []v1alpha1.PolicyApproval{vote(weak, "ben", "ceo", approve, 2)}, []string{"PolicyChanged"}, "1 more of role rso and 1 more of role ceo", false},
		"about another text":            {between, []v1alpha1.PolicyApproval{vote(other, "ben", "ceo", approve, 4)}, []string{"PolicyChanged"}, "1 more of role rso and 1 more of role ceo", false},
		"an acknowledgement":            {between, []v1alpha1.PolicyApproval{vote(weak, "ben", "ceo", v1alpha1.DecisionAcknowledge, 4)}, []string{"NotAllowed"}, "1 more of role rso and 1 more of role ceo", false},
		"an objection, also its author": {between, []v1alpha1.PolicyApproval{vote(weak, "author-3", "ceo", object, 4)}, []string{"Counts"}, "1 more of role rso and 1 more of role ceo", true},
		"an objection that was dropped": {between, []v1alpha1.PolicyApproval{vote(weak, "ben", "ceo", object, 4), vote(weak, "ben", "ceo", approve, 5)}, []string{"Replaced", "Counts"}, "1 more of role rso", false},
		"both at one time":              {between, []v1alpha1.PolicyApproval{vote(weak, "ben", "ceo", object, 4), vote(weak, "ben", "ceo", approve, 4)}, []string{"Counts", "Replaced"}, "1 more of role rso and 1 more of role ceo", true},
	} {
		t.Run(name, func(t *testing.T) {
			ballot, err := revision.StandingOf([]v1alpha1.PolicyRevision{first, tc.between, weak}).BallotOf(&weak)
			if err != nil {
				t.Fatal(err)
			}
			tally := ballot.Count(tc.votes)
			var reasons []string
			for _, v := range tally.Votes {
				reasons = append(reasons, v.Reason)
			}
			if !slices.Equal(reasons, tc.reasons) || tally.Lacking != tc.lacking || tally.Approved != (tc.lacking == "") || (tally.Objection != "") != tc.objects {
				t.Errorf("%v, lacking %q, objection %q: %+v", reasons, tally.Lacking, tally.Objection, tally.Votes)
			}
			if want := fixture.Day(3).Add(time.Minute); !ballot.Earliest().Equal(want) {
				t.Errorf("the earliest time is %s, want %s", ballot.Earliest(), want)
			}
		})
	}
}

func TestABallotNeedsTheTextThatItWasComparedWith(t *testing.T) {
	weak := record(t, 2, 1, 20, weaker)
	if _, err := revision.StandingOf([]v1alpha1.PolicyRevision{weak}).BallotOf(&weak); err == nil || !strings.Contains(err.Error(), "not there") {
		t.Errorf("without it: %v", err)
	}
	forged := record(t, 1, 0, 10, v1alpha1.EffectInitial, came)
	forged.Spec.Text = strings.Replace(forged.Spec.Text, `"coolOffSeconds":60`, `"coolOffSeconds":0`, 1)
	if _, err := revision.StandingOf([]v1alpha1.PolicyRevision{forged, weak}).BallotOf(&weak); err == nil || !strings.Contains(err.Error(), "digest") {
		t.Errorf("of another text than its digest says: %v", err)
	}
	strict := record(t, 2, 1, 5, stricter)
	ballot, err := revision.StandingOf([]v1alpha1.PolicyRevision{strict}).BallotOf(&strict)
	if err != nil || !ballot.Count(nil).Approved {
		t.Errorf("a strengthening needs nobody: %v", err)
	}
}

func TestStrictest(t *testing.T) {
	a, b := rich(), rich()
	b.Exposures[1].MaxReplicas, b.Exposures[2].MaxReplicas = new(int32(99)), new(int32(7))
	b.Companions = []v1alpha1.Companion{{Name: "proxy", Image: "a@sha256:2"}}
	b.TrustedMutators, b.OnUncleared = nil, v1alpha1.DenyUncleared
	a.Lapse = &v1alpha1.Lapse{GraceDays: new(int32(30)), Then: v1alpha1.LapseKeep}
	b.Lapse = &v1alpha1.Lapse{GraceDays: new(int32(2))}
	a.Removals = &v1alpha1.Removals{MaxPercentPerHour: new(int32(10)), EvictSeconds: new(int32(5))}
	b.Removals = &v1alpha1.Removals{MaxUnavailablePercent: new(int32(50))}
	b.Fallback = &v1alpha1.PolicyFallback{Release: "other", WaitSeconds: new(int32(9))}
	b.EnforceAfter = new(metav1.Unix(5, 0))
	b.ClearanceSeconds = new(int32(60))
	for name, got := range map[string]*spec{"one way": revision.Strictest(a, b), "the other": revision.Strictest(b, a)} {
		for i, want := range []int32{2, 16, 7} {
			if c := got.Exposures[i].MaxReplicas; c == nil || *c != want {
				t.Errorf("%s: ceiling %d is %v", name, i, c)
			}
		}
		if len(got.Companions)+len(got.TrustedMutators) > 0 || got.OnUncleared != v1alpha1.DenyUncleared || got.EnforceAfter.Unix() != 5 || *got.ClearanceSeconds != 60 {
			t.Errorf("%s: %+v", name, got)
		}
		if *got.Lapse.GraceDays != 2 || got.Lapse.Then != v1alpha1.LapseEvict || *got.Removals.EvictSeconds != 5 ||
			*got.Removals.MaxUnavailablePercent != 50 || got.Removals.MaxPercentPerHour != nil || got.Fallback.Release != "" || *got.Fallback.WaitSeconds != 9 {
			t.Errorf("%s: %+v, %+v, %+v", name, *got.Lapse, *got.Removals, *got.Fallback)
		}
		// It weakens neither.
		for _, from := range []*spec{a, b} {
			changes, _ := revision.Compare(from, got)
			for _, c := range changes {
				if c.Effect == weaker {
					t.Errorf("%s: %+v", name, c)
				}
			}
		}
	}
	if revision.Enforced(nil, nil) != nil || revision.Enforced(&v1alpha1.SafetyPolicy{}, nil) == nil {
		t.Error("with no text in force beside it a policy is not what is enforced")
	}
}
