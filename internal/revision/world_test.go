// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package revision_test

import (
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
)

// source makes choices from a byte string. At its end every choice is the first.
type source struct{ data []byte }

func (s *source) below(n int) int {
	if len(s.data) == 0 {
		return 0
	}
	b := s.data[0]
	s.data = s.data[1:]
	return int(b) % n
}

func pick[T any](s *source, from ...T) T { return from[s.below(len(from))] }

// policy is a small policy of evaluations, approvals and a check, in which names meet often.
func (s *source) policy() *v1alpha1.SafetyPolicy {
	p := fixture.Policy("p", fixture.Roles("rso", "ceo"))
	for i := range p.Spec.Exposures {
		p.Spec.Exposures[i].WithoutEvidence = pick(s, v1alpha1.WithoutEvidenceAllowed, "")
	}
	p.Spec.Levels = []v1alpha1.Level{{Name: "L1", Requires: s.required()}, {Name: "L2", Requires: s.required()}, {Name: "L3", Requires: s.required()}}
	for i := range 3 {
		fixture.Defining(fmt.Sprint("r", i), fixture.NeededFrom(pick(s, "", "Internal", "General")), func(r *v1alpha1.Requirement) {
			r.Independence, r.Standing = pick(s, "", v1alpha1.IndependenceInternal), pick(s, "", "", v1alpha1.StandingSaturated)
			if s.below(4) == 3 {
				fixture.Alerting("0.12", 3)(r)
			}
		})(p)
	}
	fixture.Defining("signed", fixture.Signing("rso"), fixture.NeededFrom(pick(s, "", "General")))(p)
	for i := range s.below(3) {
		fixture.Raising(fmt.Sprint("T", i), pick(s, "L2", "L3"), append(s.required(), "r0")...)(p)
	}
	if s.below(2) == 1 {
		fixture.Waiving("rso", "ceo")(p)
	}
	if s.below(2) == 1 {
		fixture.Determining("rso")(p)
	}
	fixture.Trusting(v1alpha1.IndependentEvaluators{Users: []string{"ann"}})(p)
	return p
}

func (s *source) required() []string {
	var all []string
	for _, name := range []string{"r0", "r1", "r2", "signed"} {
		if s.below(3) == 0 {
			all = append(all, name)
		}
	}
	return all
}

// input is a world under a policy. Most of it is favourable, since else nothing would be granted under any policy.
func (s *source) input(p *v1alpha1.SafetyPolicy) gate.Input {
	release := fixture.Release("m1", fixture.Governed("p"), fixture.Asking(pick(s, "General", "Internal", "General", "More")),
		fixture.Declared(pick(s, "L1", "L2", "L3", "L1", "L2", "L3", "L0", "L4")), fixture.AuthoredBy("mia"))
	in := gate.Input{Now: fixture.Day(10), Release: release, Policy: p}
	for i := range p.Spec.Requirements {
		for n := range 1 + s.below(3) {
			in.Evaluations = append(in.Evaluations, s.evaluation(p.Spec.Requirements[i].Name, n))
		}
	}
	for i := range in.Evaluations {
		in.Sightings = append(in.Sightings, gate.SightingOf(&in.Evaluations[i]))
	}
	if s.below(3) == 2 {
		fixture.DerivedFrom("base")(release)
		in.Ancestors = []v1alpha1.ModelRelease{*fixture.Release("base", fixture.Of(fixture.Weights("base")))}
		f := fixture.Finding("f", pick(s, "r0", "r1", "r2"), gate.Digest([]v1alpha1.SubjectArtifact{fixture.Weights("base")}, nil),
			fixture.Concerning(fixture.Weights("base")))
		f.CreationTimestamp = metav1.NewTime(fixture.Day(0))
		in.Findings = []v1alpha1.AdverseFinding{f}
	}
	shown := fixture.Shown{Subject: gate.Digest(gate.Artifacts(release), nil), Revision: "shown"}
	in.PriorRevisions = []string{"shown"}
	s.people(&in, shown)
	return in
}

func (s *source) evaluation(requirement string, n int) v1alpha1.SafetyEvaluation {
	e := fixture.Evaluation(fmt.Sprint(requirement, "-", n), requirement, pick(s, "0.1", "0.1", "0.15", "0.3", "0.1", "0.6", "0.2"),
		fixture.At(fixture.Day(s.below(8))), fixture.BroughtBy(pick(s, "ann", "ben", "mia")))
	if s.below(4) == 3 {
		fixture.Eliciting()(&e)
	}
	if s.below(4) == 3 {
		fixture.Counting(20, 20, 0, 0)(&e)
	}
	switch s.below(8) {
	case 6:
		fixture.Revoked(v1alpha1.RevocationAdvisory)(&e)
	case 7:
		fixture.Ended(e.CreationTimestamp.AddDate(0, 0, -pick(s, 4, 200)))(&e)
	}
	return e
}

// people sign, object, waive and judge.
func (s *source) people(in *gate.Input, shown fixture.Shown) {
	at := func(o *metav1.ObjectMeta) {
		o.CreationTimestamp = metav1.NewTime(fixture.Day(1 + s.below(8)).Add(time.Second))
	}
	for i := range s.below(5) {
		a := fixture.Approval(fmt.Sprint("a", i), pick(s, "rso", "ceo"), shown, fixture.Saying(pick(s, v1alpha1.DecisionApprove, v1alpha1.DecisionApprove, v1alpha1.DecisionObject)))
		at(&a.ObjectMeta)
		a.Spec.Exposure, a.Spec.Approver = pick(s, "General", "General", "Internal"), pick(s, "ann", "ben", "mia")
		a.Spec.ApproverGroups = pick(s, nil, []string{"safety"})
		in.Approvals = append(in.Approvals, a)
	}
	for range pick(s, 0, 0, 1, 2) {
		w := fixture.Waiver(fmt.Sprint("w", len(in.Waivers)), pick(s, "r0", "r1", "signed"), shown)
		at(&w.ObjectMeta)
		in.Waivers = append(in.Waivers, w)
		s.approved(in, shown, fixture.RegardingWaiver(&w))
	}
	if s.below(3) == 2 {
		d := fixture.Determination("d", pick(s, "T0", "T1"), pick(s, v1alpha1.ConclusionRuledOut, v1alpha1.ConclusionReached), shown)
		at(&d.ObjectMeta)
		in.Determinations = append(in.Determinations, d)
		s.approved(in, shown, fixture.RegardingDetermination(&d))
	}
}

func (s *source) approved(in *gate.Input, shown fixture.Shown, regarding func(*v1alpha1.ReleaseApproval)) {
	for i, role := range []string{"rso", "ceo"} {
		a := fixture.Approval(fmt.Sprint("for-", len(in.Approvals), "-", i), role, shown, regarding)
		a.CreationTimestamp = metav1.NewTime(fixture.Day(9))
		in.Approvals = append(in.Approvals, a)
	}
}

// change makes one change of a policy, strict or not.
func (s *source) change(spec *v1alpha1.SafetyPolicySpec) {
	r := &spec.Requirements[s.below(len(spec.Requirements))]
	switch s.below(5) {
	case 0:
		s.changeExposure(spec)
	case 1:
		s.changeLevel(spec)
	case 2:
		s.changeThreshold(spec)
	case 3:
		s.changeRequirement(r)
	case 4:
		s.changePeople(spec)
	}
}

func (s *source) changeExposure(spec *v1alpha1.SafetyPolicySpec) {
	x := &spec.Exposures[s.below(len(spec.Exposures))]
	switch s.below(5) {
	case 0:
		x.WithoutEvidence = pick(s, v1alpha1.WithoutEvidenceAllowed, v1alpha1.WithoutEvidenceRefused, "")
	case 1:
		x.MaxReplicas = pick(s, nil, new(int32(1)), new(int32(50)))
	case 2:
		at := s.below(len(spec.Exposures) + 1)
		spec.Exposures = append(append(append([]v1alpha1.Exposure{}, spec.Exposures[:at]...), v1alpha1.Exposure{Name: "More"}), spec.Exposures[at:]...)
	case 3:
		if at := s.below(len(spec.Exposures)); len(spec.Exposures) > 1 {
			spec.Exposures = append(append([]v1alpha1.Exposure{}, spec.Exposures[:at]...), spec.Exposures[at+1:]...)
		}
	case 4:
		spec.Exposures[0], spec.Exposures[len(spec.Exposures)-1] = spec.Exposures[len(spec.Exposures)-1], spec.Exposures[0]
	}
}

func (s *source) changeLevel(spec *v1alpha1.SafetyPolicySpec) {
	at := s.below(len(spec.Levels))
	switch s.below(5) {
	case 0:
		spec.Levels[at].Requires = s.required()
	case 1:
		spec.Levels[at].State = pick(s, v1alpha1.LevelUndefined, "")
	case 2:
		more := v1alpha1.Level{Name: pick(s, "L0", "L4"), Requires: s.required(), State: pick(s, v1alpha1.LevelUndefined, "")}
		spec.Levels = append(append(append([]v1alpha1.Level{}, spec.Levels[:at]...), more), spec.Levels[at:]...)
	case 3:
		if len(spec.Levels) > 1 {
			spec.Levels = append(append([]v1alpha1.Level{}, spec.Levels[:at]...), spec.Levels[at+1:]...)
		}
	case 4:
		spec.Levels[at].Requires = append(append([]string{}, spec.Levels[at].Requires...), s.required()...)
	}
}

func (s *source) changeThreshold(spec *v1alpha1.SafetyPolicySpec) {
	if len(spec.Thresholds) == 0 || s.below(4) == 0 {
		spec.Thresholds = append(spec.Thresholds, v1alpha1.CapabilityThreshold{Name: fmt.Sprint("T", 5+len(spec.Thresholds)), RaisesTo: pick(s, "L2", "L3"), RuledOutBy: append(s.required(), "r1")})
		return
	}
	t := &spec.Thresholds[s.below(len(spec.Thresholds))]
	switch s.below(4) {
	case 0:
		t.RaisesTo = pick(s, "L1", "L2", "L3")
	case 1:
		t.RuledOutBy = append([]string{"r0"}, s.required()...)
	case 2:
		t.Requires = s.required()
	case 3:
		t.RuledOutBy = append(append([]string{}, t.RuledOutBy...), "r2")
	}
}

func (s *source) changeRequirement(r *v1alpha1.Requirement) {
	r.ValidForDays, r.NeededFrom = pick(s, r.ValidForDays, 3, 300), pick(s, r.NeededFrom, "", "Evaluation", "Internal", "General")
	switch e := r.Evaluation; {
	case e == nil && r.Approval != nil:
		r.Approval.Quorum = pick(s, fixture.Quorum("rso"), fixture.Quorum("rso", "ceo"), []v1alpha1.RoleQuorum{{Role: "rso", Count: 2}})
		r.Approval.NotifyBefore = pick(s, nil, []string{"ceo"})
		r.Approval.DifferFrom = pick(s, nil, []v1alpha1.Party{v1alpha1.PartyAuthor}, []v1alpha1.Party{v1alpha1.PartyAuthor, v1alpha1.PartyEvaluator})
	case s.below(2) == 0:
		e.ClearAt, e.TripAt = pick(s, "0.2", "0.12", v1alpha1.Decimal("0.31")), pick(s, "0.5", v1alpha1.Decimal(""), "0.4", "0.7")
		e.AlertAt, e.AlertValidForDays = pick(s, "", v1alpha1.Decimal("0.11")), pick(s, nil, new(int32(3)))
		e.MinSamples = pick(s, int64(10), int64(10), int64(50))
	default:
		r.Independence = pick(s, "", v1alpha1.IndependenceInternal, v1alpha1.IndependenceIndependent)
		r.Elicitation = pick(s, nil, &v1alpha1.ElicitationCriterion{MinTrials: new(int32(1))})
		r.Standing = pick(s, "", v1alpha1.StandingSaturated)
	}
}

func (s *source) changePeople(spec *v1alpha1.SafetyPolicySpec) {
	switch s.below(5) {
	case 0:
		spec.Roles[0].Groups = pick(s, nil, []string{"safety"})
	case 1:
		spec.IndependentEvaluators = pick(s, nil, &v1alpha1.IndependentEvaluators{Users: []string{"ann", "ben"}})
	case 2:
		spec.Waivers = nil
	case 3:
		spec.Determinations = nil
	case 4:
		if spec.Determinations != nil {
			spec.Determinations.Quorum = fixture.Quorum("rso", "ceo")
		}
		if spec.Waivers != nil {
			spec.Waivers.MaxDays = pick(s, int32(30), 2, 60)
		}
	}
}
