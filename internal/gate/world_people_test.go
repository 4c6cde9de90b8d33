// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
)

const (
	// current is the revision of every world's policy, prior one before it that counts still.
	current = "sha256:0123456789abcdef"
	prior   = "sha256:fedcba9876543210"
)

// govern gives a policy roles, requirements that people and the cluster answer, and rules for exceptions.
func (w *world) govern(p *v1alpha1.SafetyPolicy) {
	p.Spec.Roles = []v1alpha1.Role{{Name: "ra"}, {Name: "rb", Groups: pick(&w.source, nil, []string{"gb"})}, {Name: "rc"}}
	if w.below(5) > 0 {
		fixture.Trusting(v1alpha1.IndependentEvaluators{Users: []string{"p2"}, Groups: []string{"gx"}})(p)
	}
	for i := range p.Spec.Requirements {
		w.rule(&p.Spec.Requirements[i])
	}
	for _, name := range []string{"a0", "a1"} {
		fixture.Defining(name, fixture.Signing("ra"), fixture.ValidFor(pick(&w.source, int32(5), 1, 100)),
			fixture.NeededFrom(pick(&w.source, "", "Internal", "General")), func(r *v1alpha1.Requirement) { w.criterion(r.Approval) })(p)
	}
	for _, name := range []string{"c0", "c1"} {
		fixture.Defining(name, fixture.Checked(pick(&w.source, v1alpha1.SafeguardEgressDenied, v1alpha1.SafeguardNoTenantExec)),
			fixture.NeededFrom(pick(&w.source, "", "Internal", "General")))(p)
	}
	for i := range p.Spec.Levels {
		p.Spec.Levels[i].Requires = append(p.Spec.Levels[i].Requires, w.others()...)
	}
	for i := range p.Spec.Thresholds {
		t := &p.Spec.Thresholds[i]
		if t.Requires = w.others(); w.rarely(3) {
			t.Requires = append(t.Requires, w.requirements()...)
		}
		if w.rarely(6) {
			t.RuledOutBy = append(t.RuledOutBy, w.others()...)
		}
	}
	if w.below(5) > 0 {
		p.Spec.Waivers = &v1alpha1.WaiverRules{
			Quorum: w.quorum(2), MaxDays: pick(&w.source, int32(30), 3), OverAdverse: pick(&w.source, "", v1alpha1.OverAdverseAllowed, v1alpha1.OverAdverseRefused),
		}
		if w.below(2) == 1 {
			p.Spec.Waivers.BreakGlass = &v1alpha1.BreakGlassRules{Quorum: w.quorum(1), MaxSeconds: 604800, ReviewRole: "rc", ReviewDays: pick(&w.source, int32(3), 1)}
		}
	}
	if w.below(5) > 0 {
		p.Spec.Determinations = &v1alpha1.DeterminationRules{Quorum: w.quorum(1), MaxDays: pick(&w.source, int32(30), 3)}
	}
}

// others are some of the requirements that no evaluation answers.
func (w *world) others() []string {
	var names []string
	for _, name := range []string{"a0", "c0", "a1", "c1"} {
		if w.rarely(5) {
			names = append(names, name)
		}
	}
	return names
}

// rule asks for more than a number.
func (w *world) rule(r *v1alpha1.Requirement) {
	r.Independence = pick(&w.source, "", "", v1alpha1.IndependenceInternal, v1alpha1.IndependenceIndependent)
	if w.rarely(4) {
		fixture.Elicited(v1alpha1.ElicitationCriterion{MinTrials: new(int32(10))})(r)
	}
	if w.rarely(6) {
		fixture.Saturated()(r)
	}
	if w.rarely(3) {
		bound := pick(&w.source, r.Evaluation.ClearAt, "0.15")
		if r.Evaluation.Direction == v1alpha1.HigherIsSafer {
			bound = pick(&w.source, r.Evaluation.ClearAt, "0.95")
		}
		fixture.Alerting(bound, pick(&w.source, int32(2), 0, 50))(r)
	}
}

func (w *world) quorum(least int32) []v1alpha1.RoleQuorum {
	first := pick(&w.source, least, least, least+1)
	q := []v1alpha1.RoleQuorum{{Role: "ra", Count: first}}
	if w.rarely(3) {
		q = append(q, v1alpha1.RoleQuorum{Role: "rb", Count: pick(&w.source, int32(1), 2)})
	}
	return q
}

func (w *world) criterion(c *v1alpha1.ApprovalCriterion) {
	c.Quorum = w.quorum(1)
	if w.rarely(4) {
		c.NotifyBefore = []string{"rc"}
	}
	c.DifferFrom = pick(&w.source, nil, nil, []v1alpha1.Party{v1alpha1.PartyAuthor}, []v1alpha1.Party{v1alpha1.PartyAuthor, v1alpha1.PartyEvaluator})
}

func (w *world) person() string { return "p" + strconv.Itoa(w.below(5)) }

// attribute says who brought the evaluations, and how hard they tried.
func (w *world) attribute(evaluations []v1alpha1.SafetyEvaluation) {
	for i := range evaluations {
		e := &evaluations[i]
		fixture.BroughtBy("p2")(e)
		fixture.Eliciting()(e)
		if w.rarely(4) {
			fixture.BroughtBy(pick(&w.source, "p1", "p0", ""), pick(&w.source, nil, []string{"gx"})...)(e)
		}
		if w.rarely(6) {
			e.Spec.Elicitation = nil
		} else if w.rarely(6) {
			e.Spec.Elicitation.Trials = pick(&w.source, new(int32(3)), nil)
		}
	}
}

// moment is when people say something: mostly after all evidence.
func (w *world) moment() time.Time {
	late := fixture.Day(7).Add(time.Duration(2+w.below(2)) * time.Hour)
	return pick(&w.source, late, late, late, late, late, late, late, late, w.time(), w.time(), fixture.Day(9), time.Time{})
}

func (w *world) shown(release *v1alpha1.ModelRelease) fixture.Shown {
	s := fixture.Shown{Subject: gate.Digest(gate.Artifacts(release), nil), Revision: current}
	if w.rarely(16) {
		s.Subject = gate.Digest([]v1alpha1.SubjectArtifact{fixture.Weights("other")}, nil)
	}
	if w.rarely(3) {
		s.Revision = pick(&w.source, prior, prior, prior, "sha256:0000000000000000")
	}
	return s
}

// signed are the people and the safeguards of an input: first those that most requirements need, then whatever comes.
func (w *world) signed(in *gate.Input) {
	in.PriorRevisions = []string{prior}
	for i := range w.policy.Spec.Requirements {
		r := &w.policy.Spec.Requirements[i]
		switch {
		case r.Check != nil && !w.rarely(4):
			in.Safeguards = append(in.Safeguards, w.fact(r, v1alpha1.SafeguardInPlace))
		case r.Approval != nil && !w.rarely(6):
			w.sign(in, r.Approval.Quorum, nil)
		}
	}
	for range pick(&w.source, 0, 1, 1, 2) {
		waiver := w.waiver(in.Release)
		in.Waivers = append(in.Waivers, waiver)
		if rules := w.policy.Spec.Waivers; rules != nil && !w.rarely(5) {
			w.sign(in, rules.Quorum, fixture.RegardingWaiver(&waiver))
		}
	}
	for range pick(&w.source, 0, 0, 1, 2) {
		d := w.determination(in.Release)
		in.Determinations = append(in.Determinations, d)
		if rules := w.policy.Spec.Determinations; rules != nil && !w.rarely(5) {
			w.sign(in, rules.Quorum, fixture.RegardingDetermination(&d))
		}
	}
	for range w.below(4) {
		in.Approvals = append(in.Approvals, w.approval(in))
	}
	for range pick(&w.source, 0, 0, 1) {
		r := &w.policy.Spec.Requirements[w.below(len(w.policy.Spec.Requirements))]
		if r.Check != nil {
			in.Safeguards = append(in.Safeguards, w.fact(r, pick(&w.source, v1alpha1.SafeguardBroken, v1alpha1.SafeguardUnknown, "typo")))
		}
	}
}

func (w *world) fact(r *v1alpha1.Requirement, state v1alpha1.SafeguardState) gate.SafeguardFact {
	return gate.SafeguardFact{Requirement: r.Name, Type: r.Check.Type, State: state, Message: pick(&w.source, "", "seen")}
}

// sign has as many people approve as a quorum needs.
func (w *world) sign(in *gate.Input, quorum []v1alpha1.RoleQuorum, regarding func(*v1alpha1.ReleaseApproval)) {
	seat := w.below(2)
	for _, q := range quorum {
		for range q.Count {
			a := w.word(in.Release, q.Role)
			a.Spec.Approver = "s" + strconv.Itoa(seat)
			a.Spec.ApproverGroups = []string{"gb"}
			seat++
			if regarding != nil {
				regarding(&a)
			}
			in.Approvals = append(in.Approvals, a)
		}
	}
	if w.below(3) == 0 {
		a := w.word(in.Release, "rc")
		a.Spec.Decision = v1alpha1.DecisionAcknowledge
		in.Approvals = append(in.Approvals, a)
	}
}

func (w *world) word(release *v1alpha1.ModelRelease, role string) v1alpha1.ReleaseApproval {
	a := fixture.Approval("w"+strconv.Itoa(w.count), role, w.shown(release))
	w.count++
	a.CreationTimestamp = metav1.NewTime(w.moment())
	a.Spec.Exposure = pick(&w.source, "General", "General", "General", "General", "General", "General", "Internal", "Internal", "Evaluation", "typo")
	if w.rarely(5) {
		a.Spec.EndTime = &metav1.Time{Time: pick(&w.source, fixture.Day(9), fixture.Day(8), fixture.Day(7))}
	}
	return a
}

// approval is what anybody says about anything.
func (w *world) approval(in *gate.Input) v1alpha1.ReleaseApproval {
	a := w.word(in.Release, pick(&w.source, "ra", "rb", "rc", "typo"))
	a.Spec.Approver = pick(&w.source, w.person(), "s0", "s1")
	a.Spec.ApproverGroups = pick(&w.source, nil, []string{"gb"})
	a.Spec.Decision = pick(&w.source, v1alpha1.DecisionApprove, v1alpha1.DecisionObject, v1alpha1.DecisionAcknowledge, "typo")
	switch n := len(in.Waivers); {
	case n > 0 && w.rarely(3):
		fixture.RegardingWaiver(&in.Waivers[w.below(n)])(&a)
	case len(in.Determinations) > 0 && w.rarely(3):
		fixture.RegardingDetermination(&in.Determinations[w.below(len(in.Determinations))])(&a)
	}
	if w.rarely(12) {
		a.Spec.Release = "m2"
	}
	return a
}

func (w *world) waiver(release *v1alpha1.ModelRelease) v1alpha1.ReleaseWaiver {
	name := "x" + strconv.Itoa(w.count)
	w.count++
	x := fixture.Waiver(name, w.gating(), w.shown(release))
	x.CreationTimestamp = metav1.NewTime(w.moment())
	if w.below(2) == 0 {
		x.Spec.EndTime = metav1.NewTime(fixture.Day(9))
		return x
	}
	x.Spec.Exposure = pick(&w.source, "General", "General", "Internal")
	x.Spec.EndTime = metav1.NewTime(pick(&w.source, fixture.Day(10), fixture.Day(9), fixture.Day(8), fixture.Day(90)))
	x.Spec.Requester = pick(&w.source, "p4", "s0", "")
	if w.rarely(3) {
		x.Spec.Requirements = append(x.Spec.Requirements, w.requirement())
	}
	if w.rarely(4) {
		x.Spec.Path = v1alpha1.WaiverBreakGlass
	}
	if w.rarely(8) {
		x.Spec.Release = "m2"
	}
	return x
}

// gating is mostly a requirement that a level or a threshold asks for.
func (w *world) gating() string {
	var names []string
	for i := range w.policy.Spec.Levels {
		names = append(names, w.policy.Spec.Levels[i].Requires...)
	}
	for i := range w.policy.Spec.Thresholds {
		names = append(names, w.policy.Spec.Thresholds[i].Requires...)
	}
	names = append(names, "a0", w.requirement())
	return names[w.below(len(names))]
}

func (w *world) determination(release *v1alpha1.ModelRelease) v1alpha1.ReleaseDetermination {
	d := fixture.Determination("d"+strconv.Itoa(w.count), pick(&w.source, "T0", "T1", "T2", "typo"),
		pick(&w.source, v1alpha1.ConclusionRuledOut, v1alpha1.ConclusionRuledOut, v1alpha1.ConclusionReached, "typo"), w.shown(release))
	w.count++
	d.CreationTimestamp = metav1.NewTime(w.moment())
	d.Spec.Author = pick(&w.source, "p4", "p4", "p4", "s0", "p1")
	if w.rarely(4) {
		d.Spec.EndTime = &metav1.Time{Time: pick(&w.source, fixture.Day(9), fixture.Day(8))}
	}
	if w.rarely(8) {
		d.Spec.Disclosure = ""
	}
	return d
}

// revise lets another text of the policy be in force.
func (w *world) revise(in *gate.Input) {
	in.InForce = in.Policy.DeepCopy()
	in.InForceRevision = "sha256:00ff00ff00ff00ff"
	switch w.below(4) {
	case 0:
		_, strict, _ := w.stricter(*in)
		in.InForce = strict.Policy
	case 1:
		_, strict, _ := w.stricter(*in)
		in.Policy = strict.Policy
	case 2:
		in.InForce = w.newPolicy()
		if w.governed {
			w.govern(in.InForce)
		}
	case 3:
		in.InForce.Spec.Exposures = pick(&w.source, in.InForce.Spec.Exposures[:2], in.InForce.Spec.Exposures[1:])
	}
	if w.below(2) == 1 {
		fixture.Roles("rr")(in.InForce)
		in.InForce.Spec.Revisions = &v1alpha1.RevisionRules{Quorum: fixture.Quorum("rr")}
	}
}
