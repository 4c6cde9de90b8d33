// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package governance

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// waivers lets an rso and a ceo waive for 30 days, and a ceo alone for 4 hours in an emergency, which a reviewer reviews.
func waivers(change ...func(*v1alpha1.WaiverRules)) func(*v1alpha1.SafetyPolicy) {
	return func(p *v1alpha1.SafetyPolicy) {
		p.Spec.Waivers = &v1alpha1.WaiverRules{
			Quorum: quorum("rso", "ceo"), MaxDays: 30,
			BreakGlass: &v1alpha1.BreakGlassRules{Quorum: quorum("ceo"), MaxSeconds: 14400, ReviewRole: "reviewer", ReviewDays: 3},
		}
		for _, c := range change {
			c(p.Spec.Waivers)
		}
	}
}

// pass has an rso and a ceo approve what is about a record.
func (s *scenario) pass(record client.Object) {
	s.t.Helper()
	s.signer("rita", "rsos").says("rso", v1alpha1.DecisionApprove, about(record))
	s.signer("carl", "ceos").says("ceo", v1alpha1.DecisionApprove, about(record))
}

const (
	day = 24 * time.Hour
	// briefly is long enough for what a record grants to take effect on a slow machine, and for a test to wait for its end.
	briefly = 25 * time.Second
)

func TestWaivers(t *testing.T) {
	scenarios(t, map[string]func(*scenario){
		"two people set a requirement aside, and everybody sees it":        twoPeopleWaive,
		"who asks for a waiver is not counted":                             requesterNotCounted,
		"an end beyond the policy's maximum voids a waiver":                endBeyondMaximum,
		"no waiver follows another without new evidence":                   noRenewal,
		"no waiver goes over a requirement that failed":                    neverOverAdverse,
		"a waiver goes over a failed requirement where the policy says so": overAdverseAllowed,
		"no waiver opens an undefined level":                               neverUndefined,
		"no waiver rules a threshold out":                                  neverRulesOut,
		"a waiver that ends lets the grant lapse":                          waiverEnds,
		"a waiver for an emergency needs fewer people and owes a review":   breakGlass,
		"an objection takes a waiver back":                                 waiverObjected,
	})
}

func twoPeopleWaive(s *scenario) {
	s.begin(asking("L1", evaluated(attack)), waivers())
	s.release(s.author())
	s.decided("", v1alpha1.ReasonEvidenceMissing)
	w := s.author().asksToWaive(attack, 5*day)
	s.recorded(w, v1alpha1.ReasonApprovalMissing)
	s.signer("rita", "rsos").says("rso", v1alpha1.DecisionApprove, about(w))
	if text := s.recorded(w, v1alpha1.ReasonApprovalMissing); !strings.Contains(text, "ceo") {
		s.t.Errorf("the waiver lacks a ceo, and says %q", text)
	}
	s.signer("carl", "ceos").says("ceo", v1alpha1.DecisionApprove, about(w))
	r := s.decided(general, v1alpha1.ReasonEvidenceComplete)
	s.recorded(w, v1alpha1.ReasonCounts)
	if q := requirement(r, attack); q.State != v1alpha1.RequirementWaived || q.Evidence != w.Name || q.ExpiresTime == nil || !q.ExpiresTime.Equal(&w.Spec.EndTime) {
		s.t.Errorf("the requirement is %+v", q)
	}
	text := s.condition(r, v1alpha1.ConditionWaived, v1alpha1.ReasonWaiverInEffect)
	end := w.Spec.EndTime.UTC().Format(time.RFC3339)
	for _, want := range []string{w.Name, attack, general, end, "ada@example.com"} {
		if !strings.Contains(text, want) {
			s.t.Errorf("the condition Waived does not say %q: %s", want, text)
		}
	}
	s.told(v1alpha1.ReasonWaiverInEffect, w.Name, attack, "the judge model is being replaced")
	s.measured(fmt.Sprintf(`scalegate_waivers_active{path="Standard",policy=%q} 1`, s.ns))
	// Evidence ends what the waiver was for; the waiver itself stays to see.
	s.evaluator().brings("attack-1", attack, 0.01)
	s.stands(attack, v1alpha1.RequirementMet)
}

func requesterNotCounted(s *scenario) {
	s.begin(asking("L1", evaluated(attack)), waivers())
	s.release(s.author())
	rita := s.signer("rita", "rsos")
	w := rita.asksToWaive(attack, 5*day)
	s.recorded(rita.says("rso", v1alpha1.DecisionApprove, about(w)), v1alpha1.ReasonNotSeparate)
	s.signer("carl", "ceos").says("ceo", v1alpha1.DecisionApprove, about(w))
	if text := s.recorded(w, v1alpha1.ReasonApprovalMissing); !strings.Contains(text, "rso") {
		s.t.Errorf("the waiver lacks an rso who did not ask for it, and says %q", text)
	}
	s.decided("", v1alpha1.ReasonEvidenceMissing)
	s.signer("rolf", "rsos").says("rso", v1alpha1.DecisionApprove, about(w))
	s.decided(general, v1alpha1.ReasonEvidenceComplete)
}

func endBeyondMaximum(s *scenario) {
	s.begin(asking("L1", evaluated(attack)), waivers())
	s.release(s.author())
	w := s.author().asksToWaive(attack, 31*day)
	s.pass(w)
	s.recorded(w, v1alpha1.ReasonTooLong)
	s.decided("", v1alpha1.ReasonEvidenceMissing)
}

func noRenewal(s *scenario) {
	s.begin(asking("L1", evaluated(attack)), waivers())
	s.release(s.author())
	first := s.author().asksToWaive(attack, 5*day)
	s.pass(first)
	s.decided(general, v1alpha1.ReasonEvidenceComplete)
	s.laterSecond()
	second := s.author().asksToWaive(attack, 10*day)
	s.pass(second)
	s.recorded(second, v1alpha1.ReasonNoNewEvidence)
	// A result that shows neither one nor the other voids the first, and is new evidence for the next.
	s.laterSecond()
	s.evaluator().brings("attack-1", attack, 0.1)
	s.decided("", v1alpha1.ReasonEvidenceIndeterminate)
	s.recorded(first, v1alpha1.ReasonWeakerEvidence)
	s.laterSecond()
	third := s.author().asksToWaive(attack, 10*day)
	s.pass(third)
	s.recorded(third, v1alpha1.ReasonCounts)
	s.decided(general, v1alpha1.ReasonEvidenceComplete)
}

// failed makes a release whose requirement failed, and whose failure is on record.
func (s *scenario) failed() {
	s.t.Helper()
	s.release(s.author())
	s.evaluator().brings("attack-1", attack, 0.9)
	s.decided("", v1alpha1.ReasonAdverseFinding)
	s.laterSecond()
}

func neverOverAdverse(s *scenario) {
	s.begin(asking("L1", evaluated(attack)), waivers())
	s.failed()
	w := s.author().asksToWaive(attack, 5*day)
	s.pass(w)
	if text := s.recorded(w, v1alpha1.ReasonNotAllowed); !strings.Contains(text, attack) {
		s.t.Errorf("the waiver says %q", text)
	}
	s.decided("", v1alpha1.ReasonAdverseFinding)
}

func overAdverseAllowed(s *scenario) {
	s.begin(asking("L1", evaluated(attack)), waivers(func(w *v1alpha1.WaiverRules) { w.OverAdverse = v1alpha1.OverAdverseAllowed }))
	s.failed()
	w := s.author().asksToWaive(attack, 5*day)
	s.pass(w)
	s.recorded(w, v1alpha1.ReasonCounts)
	s.decided(general, v1alpha1.ReasonEvidenceComplete)
}

func neverUndefined(s *scenario) {
	s.begin(asking("", evaluated(bio)), raising("CYBER-5", "L3", bio), waivers())
	s.release(s.author())
	s.decided("", v1alpha1.ReasonEvidenceMissing)
	w := s.author().asksToWaive(bio, 5*day)
	s.pass(w)
	s.recorded(w, v1alpha1.ReasonNotAllowed)
	r := s.decided("", v1alpha1.ReasonEvidenceMissing)
	if r.Status.RequiredLevel != "L3" {
		s.t.Errorf("nobody ruled CYBER-5 out, and %s is required", r.Status.RequiredLevel)
	}
}

func neverRulesOut(s *scenario) {
	s.begin(asking("", evaluated(bio)), asking("L2", evaluated(attack)), raising("CBRN-3", "L2", bio), waivers())
	s.release(s.author())
	s.decided("", v1alpha1.ReasonEvidenceMissing)
	w := s.author().asksToWaive(bio, 5*day)
	s.pass(w)
	s.recorded(w, v1alpha1.ReasonNotAllowed)
	r := s.decided("", v1alpha1.ReasonEvidenceMissing)
	if r.Status.RequiredLevel != "L2" {
		s.t.Errorf("a waiver of what rules a threshold out lowers the level to %s", r.Status.RequiredLevel)
	}
}

func waiverEnds(s *scenario) {
	s.begin(asking("L1", evaluated(attack)), waivers())
	s.release(s.author())
	w := s.author().asksToWaive(attack, briefly)
	s.pass(w)
	r := s.decided(general, v1alpha1.ReasonEvidenceComplete)
	s.condition(r, v1alpha1.ConditionWaived, v1alpha1.ReasonWaiverInEffect)
	r = s.decided("", v1alpha1.ReasonEvidenceMissing)
	if meta.FindStatusCondition(r.Status.Conditions, v1alpha1.ConditionWaived) != nil {
		s.t.Errorf("the waiver ended, and the release is still Waived: %+v", r.Status.Conditions)
	}
	s.recorded(w, v1alpha1.ReasonEnded)
	s.told(v1alpha1.ReasonEnded, w.Name)
}

func breakGlass(s *scenario) {
	s.begin(asking("L1", evaluated(attack)), waivers())
	s.release(s.author())
	w := s.author().asksToWaive(attack, time.Hour, emergency)
	s.recorded(w, v1alpha1.ReasonApprovalMissing)
	s.signer("carl", "ceos").says("ceo", v1alpha1.DecisionApprove, about(w))
	r := s.decided(general, v1alpha1.ReasonEvidenceComplete)
	if text := s.condition(r, v1alpha1.ConditionWaived, v1alpha1.ReasonBreakGlassInEffect); !strings.Contains(text, "review") || !strings.Contains(text, "reviewer") {
		s.t.Errorf("a review is owed, and the condition Waived says %q", text)
	}
	s.told(v1alpha1.ReasonBreakGlassInEffect, w.Name, attack)
	s.condition(w, v1alpha1.ConditionReviewed, v1alpha1.ReasonReviewOwed)
	s.measured(fmt.Sprintf(`scalegate_waivers_active{path="BreakGlass",policy=%q} 1`, s.ns))
	a := s.signer("rob").says("reviewer", v1alpha1.DecisionAcknowledge, about(w))
	if text := s.condition(w, v1alpha1.ConditionReviewed, v1alpha1.ReasonReviewMade); !strings.Contains(text, a.Name) {
		s.t.Errorf("the review was made in %s, and the waiver says %q", a.Name, text)
	}
	long := s.author().asksToWaive(attack, 5*time.Hour, emergency)
	s.signer("carl", "ceos").says("ceo", v1alpha1.DecisionApprove, about(long))
	s.recorded(long, v1alpha1.ReasonTooLong)
}

func emergency(w *v1alpha1.ReleaseWaiver) { w.Spec.Path = v1alpha1.WaiverBreakGlass }

func waiverObjected(s *scenario) {
	s.begin(asking("L1", evaluated(attack)), waivers())
	s.release(s.author())
	w := s.author().asksToWaive(attack, 5*day)
	s.pass(w)
	s.decided(general, v1alpha1.ReasonEvidenceComplete)
	s.laterSecond()
	s.signer("rolf", "rsos").says("rso", v1alpha1.DecisionObject, about(w), because("the controls do not hold"))
	s.recorded(w, v1alpha1.ReasonObjected)
	s.told(v1alpha1.ReasonObjected, "rolf@example.com", w.Name, "the controls do not hold")
	s.decided("", v1alpha1.ReasonEvidenceMissing)
}
