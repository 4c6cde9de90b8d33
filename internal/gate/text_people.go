// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"slices"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// requirementText says what decided the state of q at the exposure asked for, and what would change it.
func (e *engine) requirementText(q *question) string {
	message := e.answerText(q)
	if q.stateAt(e.asked) != v1alpha1.RequirementWaived {
		return message
	}
	t, w := e.text.begin(), q.waiver(e.asked)
	t.add("Set aside by ReleaseWaiver ", w.waiver.Name, " of ", w.waiver.Spec.Requester, ", up to exposure ", w.waiver.Spec.Exposure, " and until ")
	t.time(w.until)
	t.add(". Without it it would be ", string(q.answerAt(e.asked)), ": ", message)
	return t.take()
}

func (e *engine) answerText(q *question) string {
	switch {
	case q.kind == kindApproval && q.problem != "":
		t := e.text.begin()
		t.add("Nobody can approve: ", q.problem, "; correct the policy.")
		return t.take()
	case q.kind == kindApproval:
		return e.approvalText(q)
	case q.kind == kindCheck:
		t := e.text.begin()
		t.safeguard(q)
		return t.take()
	}
	return e.text.requirement(q)
}

// approvalText says who signed, who has not, and what each of them has to write.
func (e *engine) approvalText(q *question) string {
	t := e.text.begin()
	s := q.standing(e.asked)
	if s == nil {
		t.add("Nobody can approve: the policy has no exposures; correct the policy.")
		return t.take()
	}
	exposure := e.in.Policy.Spec.Exposures[e.asked].Name
	if s.state == v1alpha1.RequirementObjected {
		e.objectedText(s.decisive)
		return t.take()
	}
	if s.state == v1alpha1.RequirementExpired {
		t.add("It counted until ")
		t.time(s.expires)
		t.add(", when ReleaseApproval ", s.decisive.approval.Name, " ended. ")
	}
	t.signatures(s, exposure)
	if s.state == v1alpha1.RequirementMet {
		t.add(".")
		if s.expires != 0 {
			t.add(" It counts until ")
			t.time(s.expires)
			t.add(", when ReleaseApproval ", s.decisive.approval.Name, " ends; it has to be signed again before then.")
		}
		return t.take()
	}
	t.add("; ")
	t.shortages(s)
	t.add(". ")
	e.apartText(q)
	e.instruct(s, exposure)
	e.uncounted(q)
	return t.take()
}

// signatures says how many people signed.
func (t *text) signatures(s *standing, exposure string) {
	switch {
	case s.need > 0:
		t.count(int64(s.have))
		t.add(" of ")
		t.count(int64(s.need))
		t.add(" people approved exposure ", exposure)
	case len(s.untold) == 0:
		t.add("All who have to be told acknowledged exposure ", exposure)
	default:
		t.add("Not all who have to be told acknowledged exposure ", exposure)
	}
}

// shortages lists who is lacking, by role.
func (t *text) shortages(s *standing) {
	n, i := len(s.lacking)+len(s.untold), 0
	if len(s.lacking) > 0 {
		t.add("it needs ")
	}
	for _, short := range s.lacking {
		t.add(separator(i, n))
		t.count(int64(short.count))
		t.add(" more of role ", short.role)
		i++
	}
	for _, role := range s.untold {
		t.add(separator(i, n), "somebody in role ", role, " has to acknowledge")
		i++
	}
}

// apartText says whose approval is not counted.
func (e *engine) apartText(q *question) {
	author := slices.Contains(q.spec.Approval.DifferFrom, v1alpha1.PartyAuthor)
	evaluator := slices.Contains(q.spec.Approval.DifferFrom, v1alpha1.PartyEvaluator)
	switch {
	case author && len(e.in.Release.Spec.Authors) == 0:
		e.text.add("Nobody counts while the authors of the release are not known (spec.authors; ", stampedAuthors, "). ")
	case author && evaluator:
		e.text.add("Authors of the release and whoever brought evidence about it are not counted. ")
	case author:
		e.text.add("Authors of the release are not counted. ")
	case evaluator:
		e.text.add("Whoever brought evidence about the release is not counted. ")
	}
}

// stampedAuthors is how the authors of a release come to be known.
const stampedAuthors = "the API server stamps them when it is made, or its artifacts or its exposure change"

// instruct says what has to be written to sign.
func (e *engine) instruct(s *standing, exposure string) {
	t := e.text
	decision := string(v1alpha1.DecisionApprove)
	switch {
	case len(s.lacking) == 0:
		decision = string(v1alpha1.DecisionAcknowledge)
	case len(s.untold) > 0:
		decision += " or " + string(v1alpha1.DecisionAcknowledge)
	}
	t.add("Each creates a ReleaseApproval in namespace ", e.in.Release.Namespace, " with release ", e.in.Release.Name, ", the role, decision ", decision,
		", exposure ", exposure, ", subjectDigest ", e.decision.SubjectDigest, " and policyRevision ", e.decision.PolicyRevision, ".")
}

// mostUncounted is how many words that do not count a message names.
const mostUncounted = 3

// uncounted names the words that do not count for a requirement, and why.
func (e *engine) uncounted(q *question) {
	t, n := e.text, 0
	words := e.people.about(about{})
	b := e.ballotOf(q)
	for i := range words {
		w := &words[i]
		role := w.approval.Spec.Role
		if w.approval.Spec.Decision == v1alpha1.DecisionObject || b.role(role) < 0 && !slices.Contains(q.spec.Approval.NotifyBefore, role) {
			continue
		}
		var pl place
		pl.until = minTime
		pl.take(w, &b, q.spec.Approval.NotifyBefore)
		reason := e.reasonOfWord(w, &pl)
		if reason == v1alpha1.ReasonCounts || reason == v1alpha1.ReasonReplaced {
			continue
		}
		if n++; n > mostUncounted {
			continue
		}
		if n == 1 {
			t.add(" Not counted: ")
		} else {
			t.add(", ")
		}
		t.add(w.approval.Name, " of ", w.approval.Spec.Approver, " (", reason, ")")
	}
	if n > mostUncounted {
		t.add(" and ")
		t.count(int64(n - mostUncounted))
		t.add(" more")
	}
	if n > 0 {
		t.add(".")
	}
}

// objectedText says who objects, and what would end that.
func (e *engine) objectedText(w *word) {
	s := &w.approval.Spec
	e.text.add(s.Approver, " objects in role ", s.Role, " to exposure ", s.Exposure, " and above, in ReleaseApproval ", w.approval.Name,
		". It ends when the same person approves in the same role, for these exposures, or with other artifacts.")
}

// lackingText says in a few words who has to do what at an exposure.
func (e *engine) lackingText(q *question, exposure int) {
	switch s := q.standing(exposure); {
	case s == nil:
		e.text.add("people have to approve")
	case s.state == v1alpha1.RequirementObjected:
		e.text.add(s.decisive.approval.Spec.Approver, " objects in ReleaseApproval ", s.decisive.approval.Name, " and has to take that back")
	case len(s.lacking)+len(s.untold) > 0:
		e.text.shortages(s)
	default:
		e.text.add("people have to approve")
	}
}

// demand is what needs the requirement of a gap: a level, or a threshold beside its level.
func (e *engine) demand(g *gap) string {
	if g.by != noThreshold {
		t := &e.thresholds[g.by]
		return t.spec.Name + ", which" + t.inWords() + ","
	}
	return e.rungs[g.level].name
}

// supporting visits the questions that an exposure needs.
func (e *engine) supporting(v *verdict, visit func(at int)) {
	for level := 0; level <= v.level; level++ {
		for _, at := range e.rungs[level].requires {
			if e.questions[at].from <= v.exposure {
				visit(at)
			}
		}
	}
	for i := range e.thresholds {
		t := &e.thresholds[i]
		if len(t.requires) == 0 || !t.counts(v.exposure) {
			continue
		}
		for _, at := range t.requires {
			if e.questions[at].from <= v.exposure && !slices.ContainsFunc(e.rungs[:v.level+1], func(r rung) bool { return slices.Contains(r.requires, at) }) {
				visit(at)
			}
		}
	}
}

// setAsideText names what of a grant rests on waivers.
func (e *engine) setAsideText(v *verdict) {
	t, before := e.text, ", of which "
	e.supporting(v, func(at int) {
		q := &e.questions[at]
		if q.stateAt(v.exposure) != v1alpha1.RequirementWaived {
			return
		}
		w := q.waiver(v.exposure)
		t.add(before, q.name, " is set aside by ReleaseWaiver ", w.waiver.Name, " until ")
		t.time(w.until)
		before = " and "
	})
}
