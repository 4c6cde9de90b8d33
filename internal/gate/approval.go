// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"slices"
	"time"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// judgeApproval answers a question by what people said about the release.
func (e *engine) judgeApproval(q *question) {
	q.state = v1alpha1.RequirementMissing
	if q.problem == "" {
		q.problem = e.problemOf(q.spec.Approval)
	}
	if q.problem != "" {
		q.state = v1alpha1.RequirementIndeterminate
		return
	}
	b := e.ballotOf(q)
	at := make([]standing, len(e.in.Policy.Spec.Exposures))
	for x := range at {
		at[x] = e.standingOf(q.spec.Approval, &b, x)
	}
	q.people().at = at
	if s := q.standing(e.asked); s != nil {
		q.state, q.expires = s.state, s.expires
	}
}

// problemOf says why nobody can answer an approval as the policy writes it; empty where people can.
func (e *engine) problemOf(c *v1alpha1.ApprovalCriterion) string {
	if len(c.Quorum) == 0 && len(c.NotifyBefore) == 0 {
		return "approval names nobody in quorum or notifyBefore"
	}
	if len(c.Quorum) > 0 {
		if problem := e.problemOfQuorum("approval.quorum", c.Quorum); problem != "" {
			return problem
		}
	}
	for _, role := range c.NotifyBefore {
		if e.role(role) == nil {
			return "approval.notifyBefore names role " + role + ", which is not in spec.roles"
		}
	}
	for _, party := range c.DifferFrom {
		if party != v1alpha1.PartyAuthor && party != v1alpha1.PartyEvaluator {
			return "approval.differFrom must name Author or Evaluator"
		}
	}
	return ""
}

// problemOfQuorum says why a quorum can never be complete, whoever signs; empty where it can.
func (e *engine) problemOfQuorum(field string, quorum []v1alpha1.RoleQuorum) string {
	if len(quorum) == 0 {
		return field + " names nobody"
	}
	for i := range quorum {
		switch role := quorum[i].Role; {
		case e.role(role) == nil:
			return field + " names role " + role + ", which is not in spec.roles"
		case quorum[i].Count < 1 || quorum[i].Count > maxCount:
			return field + " must count from 1 to 8 people of role " + role
		case slices.ContainsFunc(quorum[:i], func(other v1alpha1.RoleQuorum) bool { return other.Role == role }):
			return field + " names role " + role + " more than once"
		}
	}
	return ""
}

// maxCount is the greatest count of a role that the API lets through.
const maxCount = 8

// ballotOf is the vote about the release that a requirement asks for.
func (e *engine) ballotOf(q *question) ballot {
	b := ballot{
		words: e.people.about(about{}), quorum: q.spec.Approval.Quorum, counted: v1alpha1.DecisionApprove,
		life: min(int64(q.spec.ValidForDays), maxValidDays) * daySeconds,
	}
	for _, party := range q.spec.Approval.DifferFrom {
		switch party {
		case v1alpha1.PartyAuthor:
			b.apart = append(b.apart, e.in.Release.Spec.Authors...)
			b.anonymous = b.anonymous || len(e.in.Release.Spec.Authors) == 0
		case v1alpha1.PartyEvaluator:
			if e.people != nil {
				b.apart = append(b.apart, e.people.evaluators...)
			}
		}
	}
	return b
}

// standingOf is what people answer at one exposure.
func (e *engine) standingOf(c *v1alpha1.ApprovalCriterion, b *ballot, exposure int) standing {
	o := outcome{complete: true, until: forever, latest: minTime}
	if len(c.Quorum) > 0 {
		o = b.count(exposure, e.now)
	}
	told := b.told(c.NotifyBefore, exposure, e.now)
	s := standing{state: v1alpha1.RequirementMissing, lacking: o.lacking, have: o.have, need: o.need, untold: told.untold}
	if o.objection != nil {
		s.state, s.decisive = v1alpha1.RequirementObjected, o.objection
		s.shown = b.shown(c, exposure, e.now)
		return s
	}
	until, decisive := o.until, o.last
	if told.until < until {
		until, decisive = told.until, told.last
	}
	switch complete := o.complete && told.complete; {
	case complete && until > e.now:
		s.state, s.expires, s.decisive = v1alpha1.RequirementMet, until, decisive
		if until == forever {
			s.expires = 0
		}
	case complete && max(o.latest, told.latest) < until:
		s.state, s.expires, s.decisive, s.lapsed = v1alpha1.RequirementExpired, until, decisive, true
	}
	s.shown = s.lapsed || s.state == v1alpha1.RequirementMissing && b.shown(c, exposure, e.now)
	return s
}

// shown reports whether people approved once, who knew all that is known against the release. A change of the policy, an
// objection or an end made it no less so.
func (b *ballot) shown(c *v1alpha1.ApprovalCriterion, exposure int, now int64) bool {
	before := *b
	before.lenient = true
	if len(c.Quorum) > 0 {
		if o := before.count(exposure, now); !o.complete {
			return false
		}
	}
	told := before.told(c.NotifyBefore, exposure, now)
	return told.complete
}

// notice is who acknowledged.
type notice struct {
	// complete: somebody of each role did, counting those whose word only ended.
	complete bool
	// until is when the first of the words ends, latest when the last was made.
	until, latest int64
	// last is the word that ends first.
	last *word
	// untold are the roles of which nobody has acknowledged, or no longer.
	untold []string
}

// told finds who acknowledged. In each role the word that ends last counts.
func (b *ballot) told(roles []string, exposure int, now int64) notice {
	n := notice{complete: true, until: forever, latest: minTime}
	for _, role := range roles {
		var best *word
		for i := range b.words {
			w := &b.words[i]
			if w.approval.Spec.Role == role && w.approval.Spec.Decision == v1alpha1.DecisionAcknowledge && w.holds && b.speaks(w, exposure) &&
				(best == nil || w.end(b.life) > best.end(b.life)) {
				best = w
			}
		}
		if best == nil || best.end(b.life) <= now {
			n.untold = append(n.untold, role)
		}
		if best == nil {
			n.complete = false
			continue
		}
		n.latest = max(n.latest, best.made)
		if end := best.end(b.life); n.last == nil || end < n.until {
			n.until, n.last = end, best
		}
	}
	return n
}

// signed names what decided the answer of people at an exposure.
func (q *question) signed(exposure int) string {
	if s := q.standing(exposure); s != nil && s.decisive != nil {
		return s.decisive.approval.Name
	}
	return ""
}

// changeOfApproval says what would change the answer of people at the exposure asked for.
func (q *question) changeOfApproval(exposure int, expires *time.Time) Change {
	if q.state == v1alpha1.RequirementObjected {
		return Change{Act: ActWithdraw, Object: q.signed(exposure)}
	}
	if q.state != v1alpha1.RequirementMet {
		expires = nil
	}
	return Change{Act: ActApprove, By: expires}
}
