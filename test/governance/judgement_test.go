// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package governance

import (
	"strings"
	"testing"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// raising adds a threshold that raises to a level unless the requirements rule it out.
func raising(threshold, level string, ruledOutBy ...string) func(*v1alpha1.SafetyPolicy) {
	return func(p *v1alpha1.SafetyPolicy) {
		p.Spec.Thresholds = append(p.Spec.Thresholds, v1alpha1.CapabilityThreshold{Name: threshold, Domain: "cbrn", RaisesTo: level, RuledOutBy: ruledOutBy})
	}
}

// determinations lets an rso and a ceo rule a threshold out for 30 days.
func determinations(p *v1alpha1.SafetyPolicy) {
	p.Spec.Determinations = &v1alpha1.DeterminationRules{Quorum: quorum("rso", "ceo"), MaxDays: 30}
}

// judged is a policy whose threshold CBRN-3 raises to L2, which needs attack, unless bio rules it out.
func (s *scenario) judged() {
	s.t.Helper()
	s.begin(asking("", evaluated(bio)), asking("L2", evaluated(attack)), raising("CBRN-3", "L2", bio), determinations)
}

func TestDeterminations(t *testing.T) {
	scenarios(t, map[string]func(*scenario){
		"that a threshold is reached raises the level at once, whoever says so": reachedAtOnce,
		"ruling out needs the quorum, and a result between the bounds":          rulingOutNeedsQuorum,
		"nothing is ruled out about which nothing is known":                     nothingKnown,
		"a threshold that an evaluation reached is never ruled out":             neverOverReached,
		"who wrote a determination is not counted":                              writerNotCounted,
	})
}

func reachedAtOnce(s *scenario) {
	s.judged()
	s.release(s.author())
	s.evaluator().brings("bio-1", bio, 0.01)
	s.decided(general, v1alpha1.ReasonEvidenceComplete)
	d := s.signer("dora").judges(v1alpha1.ConclusionReached)
	r := s.decided("", v1alpha1.ReasonEvidenceMissing)
	if r.Status.RequiredLevel != "L2" || threshold(r).State != v1alpha1.ThresholdReached {
		s.t.Errorf("somebody judged CBRN-3 to be reached, and %s is required: %+v", r.Status.RequiredLevel, threshold(r))
	}
	if text := threshold(r).Message; !strings.Contains(text, d.Name) {
		s.t.Errorf("the threshold does not name %s: %s", d.Name, text)
	}
	s.recorded(d, v1alpha1.ReasonCounts)
	// The safeguards of the level that it raises to open again.
	s.evaluator().brings("attack-1", attack, 0.01)
	s.decided(general, v1alpha1.ReasonEvidenceComplete)
}

func rulingOutNeedsQuorum(s *scenario) {
	s.judged()
	s.release(s.author())
	s.evaluator().brings("bio-1", bio, 0.1)
	s.decided("", v1alpha1.ReasonEvidenceIndeterminate)
	s.laterSecond()
	d := s.signer("dora").judges(v1alpha1.ConclusionRuledOut)
	s.recorded(d, v1alpha1.ReasonApprovalMissing)
	s.signer("rita", "rsos").says("rso", v1alpha1.DecisionApprove, about(d))
	if text := s.recorded(d, v1alpha1.ReasonApprovalMissing); !strings.Contains(text, "ceo") {
		s.t.Errorf("a ceo is lacking, and the determination says %q", text)
	}
	s.signer("carl", "ceos").says("ceo", v1alpha1.DecisionApprove, about(d))
	r := s.decided(general, v1alpha1.ReasonEvidenceComplete)
	s.recorded(d, v1alpha1.ReasonCounts)
	if r.Status.RequiredLevel != "L1" || threshold(r).State != v1alpha1.ThresholdRuledOut {
		s.t.Errorf("CBRN-3 was ruled out, and %s is required: %+v", r.Status.RequiredLevel, threshold(r))
	}
	if r.Status.EvidenceEndTime == nil {
		s.t.Error("the grant rests on a determination, and does not end")
	}
	// What comes out worse voids it.
	s.laterSecond()
	s.evaluator().brings("bio-2", bio, 0.15)
	s.recorded(d, v1alpha1.ReasonWeakerEvidence)
	s.decided("", v1alpha1.ReasonEvidenceIndeterminate)
}

func nothingKnown(s *scenario) {
	s.judged()
	s.release(s.author())
	s.decided("", v1alpha1.ReasonEvidenceMissing)
	d := s.signer("dora").judges(v1alpha1.ConclusionRuledOut)
	s.pass(d)
	s.recorded(d, v1alpha1.ReasonNotAllowed)
	s.decided("", v1alpha1.ReasonEvidenceMissing)
}

func neverOverReached(s *scenario) {
	s.judged()
	s.release(s.author())
	s.evaluator().brings("bio-1", bio, 0.9)
	s.decided("", v1alpha1.ReasonAdverseFinding)
	s.laterSecond()
	d := s.signer("dora").judges(v1alpha1.ConclusionRuledOut)
	s.pass(d)
	s.recorded(d, v1alpha1.ReasonNotAllowed)
	r := s.decided("", v1alpha1.ReasonAdverseFinding)
	if threshold(r).State != v1alpha1.ThresholdReached {
		s.t.Errorf("an evaluation reached CBRN-3, and it is %+v", threshold(r))
	}
}

func writerNotCounted(s *scenario) {
	s.judged()
	s.release(s.author())
	s.evaluator().brings("bio-1", bio, 0.1)
	s.decided("", v1alpha1.ReasonEvidenceIndeterminate)
	s.laterSecond()
	rita := s.signer("rita", "rsos")
	d := rita.judges(v1alpha1.ConclusionRuledOut)
	s.recorded(rita.says("rso", v1alpha1.DecisionApprove, about(d)), v1alpha1.ReasonNotSeparate)
	s.signer("carl", "ceos").says("ceo", v1alpha1.DecisionApprove, about(d))
	s.recorded(d, v1alpha1.ReasonApprovalMissing)
	s.signer("rolf", "rsos").says("rso", v1alpha1.DecisionApprove, about(d))
	s.decided(general, v1alpha1.ReasonEvidenceComplete)
}

// threshold is how the status of a release has CBRN-3.
func threshold(r *v1alpha1.ModelRelease) v1alpha1.ThresholdStatus {
	for _, t := range r.Status.Thresholds {
		if t.Name == cbrn {
			return t
		}
	}
	return v1alpha1.ThresholdStatus{}
}

func TestWhoEvaluatedAndHow(t *testing.T) {
	scenarios(t, map[string]func(*scenario){
		"an author's own favourable result does not count":                      authorsOwnResult,
		"a requirement that wants an independent evaluator is met by one alone": independentAlone,
		"a favourable result needs the record of elicitation that is asked for": elicitationRecord,
		"an alert is told": alertTold,
		"an evaluation for an approval is told that nothing is evaluated there": evaluationForAnApproval,
	})
}

func authorsOwnResult(s *scenario) {
	s.begin(asking("L1", evaluated(attack, func(r *v1alpha1.Requirement) { r.Independence = v1alpha1.IndependenceInternal })))
	ada := s.as("ada", modelTeam, evaluators)
	s.release(ada)
	ada.brings("attack-1", attack, 0.01)
	s.read("attack-1")
	s.explained(v1alpha1.ReasonEvidenceMissing, attack, "author")
	s.evaluator().brings("attack-2", attack, 0.01)
	s.decided(general, v1alpha1.ReasonEvidenceComplete)
	// What fails counts from anybody.
	s.laterSecond()
	ada.brings("attack-3", attack, 0.9)
	s.decided("", v1alpha1.ReasonAdverseFinding)
}

func independentAlone(s *scenario) {
	s.begin(asking("L1", evaluated(attack, func(r *v1alpha1.Requirement) { r.Independence = v1alpha1.IndependenceIndependent })),
		func(p *v1alpha1.SafetyPolicy) {
			p.Spec.IndependentEvaluators = &v1alpha1.IndependentEvaluators{Users: []string{"ivy@example.com"}, Groups: []string{"institute"}}
		})
	s.release(s.author())
	s.evaluator().brings("attack-1", attack, 0.01)
	s.read("attack-1")
	s.explained(v1alpha1.ReasonEvidenceMissing, attack, "independent")
	s.as("ines", evaluators, "institute").brings("attack-2", attack, 0.01)
	s.decided(general, v1alpha1.ReasonEvidenceComplete)
}

func elicitationRecord(s *scenario) {
	s.begin(asking("L1", evaluated(attack, func(r *v1alpha1.Requirement) {
		r.Elicitation = &v1alpha1.ElicitationCriterion{
			Variants: []v1alpha1.ElicitationVariant{v1alpha1.VariantHelpfulOnly}, MinTrials: new(int32(10)), Budget: v1alpha1.BudgetRequired,
		}
	})))
	s.release(s.author())
	eve := s.evaluator()
	tried := func(variant v1alpha1.ElicitationVariant, trials int32) func(*v1alpha1.SafetyEvaluation) {
		return func(e *v1alpha1.SafetyEvaluation) {
			e.Spec.Elicitation = &v1alpha1.Elicitation{Variant: variant, Trials: &trials, Budget: "100000 tokens"}
		}
	}
	eve.brings("attack-1", attack, 0.01)
	eve.brings("attack-2", attack, 0.01, tried(v1alpha1.VariantAsDeployed, 10))
	eve.brings("attack-3", attack, 0.01, tried(v1alpha1.VariantHelpfulOnly, 9))
	for _, name := range []string{"attack-1", "attack-2", "attack-3"} {
		s.read(name)
	}
	s.explained(v1alpha1.ReasonEvidenceMissing, attack, "elicitation")
	eve.brings("attack-4", attack, 0.01, tried(v1alpha1.VariantHelpfulOnly, 10))
	s.decided(general, v1alpha1.ReasonEvidenceComplete)
}

func alertTold(s *scenario) {
	s.begin(asking("L1", evaluated(attack, func(r *v1alpha1.Requirement) {
		r.Evaluation.AlertAt, r.Evaluation.AlertValidForDays = "0.02", new(int32(7))
	})))
	s.release(s.author())
	s.evaluator().brings("attack-1", attack, 0.03)
	r := s.decided(general, v1alpha1.ReasonEvidenceComplete)
	if q := requirement(r, attack); q.State != v1alpha1.RequirementMet || q.Alert != v1alpha1.AlertReached {
		s.t.Errorf("the result lies beyond the alert bound, and the requirement is %+v", q)
	}
	s.told(v1alpha1.ReasonAlertThresholdReached, attack)
}

func evaluationForAnApproval(s *scenario) {
	s.begin(signedBy("rso"))
	s.release(s.author())
	s.evaluator().brings("attack-1", signoff, 0.01)
	e := s.recorded(s.evaluation("attack-1"), v1alpha1.ReasonRequirementNotEvaluated)
	if !strings.Contains(e, signoff) {
		s.t.Errorf("the evaluation says %q", e)
	}
	s.decided("", v1alpha1.ReasonApprovalMissing)
}
