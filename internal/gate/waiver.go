// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"slices"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// exemption is a waiver with what it comes to.
type exemption struct {
	given
	waiver *v1alpha1.ReleaseWaiver
	// own: it names the release. Others count only as what came before.
	own bool
	// quorum is who has to approve it; nil where the policy has no such path.
	quorum []v1alpha1.RoleQuorum
	// limit is the latest end that the policy lets it have.
	limit int64
	// refusal is the reason why it counts for nothing, and why says that in words; empty where it counts.
	refusal, why string
	// end is until when it counts for something; 0 where it never did.
	end int64
	// vote is what came of its approval at the exposure that it names.
	vote outcome
}

func (x *exemption) urgent() bool { return x.waiver.Spec.Path == v1alpha1.WaiverBreakGlass }

func (e *engine) exemptionOf(w *v1alpha1.ReleaseWaiver) exemption {
	x := exemption{given: e.givenOf(w.CreationTimestamp.Time, w.Spec.SubjectDigest, w.Spec.PolicyRevision), waiver: w}
	x.own = w.Spec.Release == e.in.Release.Name
	x.at(e.exposure(w.Spec.Exposure))
	x.until = w.Spec.EndTime.Unix()
	rules := e.in.Policy.Spec.Waivers
	switch {
	case rules == nil:
	case w.Spec.Path == "" || w.Spec.Path == v1alpha1.WaiverStandard:
		x.quorum, x.limit = rules.Quorum, x.made+int64(rules.MaxDays)*daySeconds
	case x.urgent() && rules.BreakGlass != nil:
		x.quorum, x.limit = rules.BreakGlass.Quorum, x.made+int64(rules.BreakGlass.MaxSeconds)
	}
	return x
}

// judgeWaivers finds which requirements are set aside, and at which exposures.
func (e *engine) judgeWaivers() {
	for i := range e.people.waivers {
		x := &e.people.waivers[i]
		if !x.own {
			continue
		}
		if x.refusal, x.why = e.refusal(x); x.refusal != "" {
			continue
		}
		e.apply(i)
	}
}

// refusal says why a waiver sets nothing aside, whoever approves it.
func (e *engine) refusal(x *exemption) (reason, why string) {
	rules := e.in.Policy.Spec.Waivers
	switch {
	case rules == nil:
		return v1alpha1.ReasonNotAllowed, "the policy has no spec.waivers, so nothing can be set aside"
	case x.urgent() && rules.BreakGlass == nil:
		return v1alpha1.ReasonNotAllowed, "the policy has no spec.waivers.breakGlass, so there is no such path"
	case x.quorum == nil && !x.urgent() && x.waiver.Spec.Path != "" && x.waiver.Spec.Path != v1alpha1.WaiverStandard:
		return v1alpha1.ReasonNotAllowed, "its path must be Standard or BreakGlass"
	}
	if problem := e.problemOfPath(x); problem != "" {
		return v1alpha1.ReasonNotAllowed, problem + "; correct the policy"
	}
	switch {
	case x.void != "":
		return x.void, ""
	case x.waiver.Spec.Requester == "":
		return v1alpha1.ReasonNotSeparate, "nobody knows who asked for it (spec.requester; the API server stamps it when it is made again)"
	case x.until > x.limit:
		return v1alpha1.ReasonTooLong, "its end is later than " + timestamp(x.limit) + ", the latest that the policy lets it be; make another one"
	}
	return "", ""
}

// leastApprovers of a waiver that is not for an emergency.
const leastApprovers = 2

// problemOfPath says why no waiver of this path can be approved, or reviewed, as the policy writes it; empty where it can.
func (e *engine) problemOfPath(x *exemption) string {
	if x.urgent() {
		if role := e.in.Policy.Spec.Waivers.BreakGlass.ReviewRole; e.role(role) == nil {
			return "spec.waivers.breakGlass.reviewRole names role " + role + ", which is not in spec.roles"
		}
		return e.problemOfQuorum("spec.waivers.breakGlass.quorum", x.quorum)
	}
	if problem := e.problemOfQuorum("spec.waivers.quorum", x.quorum); problem != "" {
		return problem
	}
	if newSeating(x.quorum).vacant < leastApprovers {
		return "spec.waivers.quorum must count two people at least"
	}
	return ""
}

// ballotOn is a vote about a waiver. Who asked for it is not counted.
func (e *engine) ballotOn(at int) ballot {
	x := &e.people.waivers[at]
	return ballot{
		words: e.people.about(about{kind: v1alpha1.RecordWaiver, at: at}), quorum: x.quorum, counted: v1alpha1.DecisionApprove,
		apart: []string{x.waiver.Spec.Requester}, life: forever,
	}
}

// apply sets aside what a waiver names, as far as it was approved.
func (e *engine) apply(at int) {
	x := &e.people.waivers[at]
	until, owed := e.review(at)
	b := e.ballotOn(at)
	votes := make([]outcome, x.exposure+1)
	for exposure := range votes {
		votes[exposure] = b.count(exposure, e.now)
	}
	x.vote = votes[x.exposure]
	some := false
	for _, name := range x.waiver.Spec.Requirements {
		q, reason, why := e.exempt(at, name)
		if reason != "" {
			if x.refusal == "" {
				x.refusal, x.why = reason, why
			}
			continue
		}
		some = true
		for exposure := range votes {
			if o := &votes[exposure]; o.complete && o.objection == nil {
				e.setAside(q, exposure, x, min(until, o.until), max(x.made, o.latest))
			}
		}
	}
	switch {
	case !some && x.refusal != "":
	case x.end > e.now:
		x.refusal = ""
	case owed != nil && until <= e.now:
		role := e.in.Policy.Spec.Waivers.BreakGlass.ReviewRole
		x.refusal, x.why = v1alpha1.ReasonReviewOverdue, "somebody in role "+role+" owes an acknowledgement of ReleaseWaiver "+owed.Name+" since "+
			timestamp(until)+": a ReleaseApproval with role "+role+", decision Acknowledge and regarding {kind: ReleaseWaiver, name: "+owed.Name+
			", uid: "+string(owed.UID)+"}, by somebody else than "+owed.Spec.Requester
	default:
		x.refusal = x.lack(e.now)
	}
}

// lack is the reason why a waiver that the policy allows does not count.
func (x *exemption) lack(now int64) string {
	switch {
	case x.end != 0 || x.until <= now:
		return v1alpha1.ReasonEnded
	case x.vote.objection != nil:
		return v1alpha1.ReasonObjected
	}
	return v1alpha1.ReasonApprovalMissing
}

// setAside notes that a waiver sets a requirement aside at an exposure until it ends, if it did so at all. Of several the one
// that ends last counts.
func (e *engine) setAside(q *question, exposure int, x *exemption, until, since int64) {
	if since >= until {
		return
	}
	a := q.people()
	if a.waived == nil {
		a.waived = make([]waived, len(e.in.Policy.Spec.Exposures))
	}
	x.end = max(x.end, until)
	if w := &a.waived[exposure]; w.waiver == nil || until > w.until {
		*w = waived{waiver: x.waiver, until: until, stands: until > e.now}
	}
}

// exempt finds the requirement of that name, or why a waiver cannot set it aside.
func (e *engine) exempt(at int, name string) (q *question, reason, why string) {
	x, found := &e.people.waivers[at], e.find(name)
	if found < 0 || e.questions[found].spec == nil {
		return nil, v1alpha1.ReasonNotAllowed, "the policy has no requirement " + name
	}
	q = &e.questions[found]
	rules := e.in.Policy.Spec.Waivers
	switch {
	case !q.gates:
		return nil, v1alpha1.ReasonNotAllowed, "requirement " + name + " only rules thresholds out, and a waiver never does"
	case q.state == v1alpha1.RequirementFailed && rules.OverAdverse != v1alpha1.OverAdverseAllowed:
		return nil, v1alpha1.ReasonNotAllowed, "requirement " + name + " failed, and spec.waivers.overAdverse of the policy does not allow to set that aside"
	case q.answerAt(x.exposure) == v1alpha1.RequirementObjected:
		return nil, v1alpha1.ReasonNotAllowed, "somebody objects under requirement " + name + ", and a waiver never sets an objection aside"
	}
	if before := e.renewed(at, q); before != nil {
		why = "ReleaseWaiver " + before.waiver.Name + " set requirement " + name + " aside before, and "
		if q.kind == kindEvaluation {
			return nil, v1alpha1.ReasonNoNewEvidence, why + "no result about the release came between them; bring a result for it, and make another one"
		}
		return nil, v1alpha1.ReasonNoNewEvidence, why + "it can be set aside once only for these artifacts"
	}
	return q, "", ""
}

// renewed is the earlier waiver that a waiver only renews for a requirement; nil where it does not.
func (e *engine) renewed(at int, q *question) *exemption {
	x := &e.people.waivers[at]
	for i := range at {
		before := &e.people.waivers[i]
		same := before.waiver.Spec.SubjectDigest == e.decision.SubjectDigest
		if q.kind == kindEvaluation {
			same = same || before.own
		}
		if !same || !slices.Contains(before.waiver.Spec.Requirements, q.name) || e.stopped(i) {
			continue
		}
		fresh := slices.ContainsFunc(q.people().known, func(known int64) bool { return known > before.made && known <= x.made })
		if q.kind != kindEvaluation || !fresh {
			return before
		}
	}
	return nil
}

// stopped reports whether somebody objects to a waiver that never counted: fewer people approved it than every policy asks for.
// How many the policy asks for today does not matter: else a larger quorum could make one that had counted never have done so.
func (e *engine) stopped(at int) bool {
	b := e.ballotOn(at)
	if b.objection(len(e.in.Policy.Spec.Exposures)-1) == nil {
		return false
	}
	least := leastApprovers
	if e.people.waivers[at].urgent() {
		least = 1
	}
	var approvers []string
	for i := range b.words {
		s := &b.words[i].approval.Spec
		if s.Decision == v1alpha1.DecisionApprove && !slices.Contains(b.apart, s.Approver) && !slices.Contains(approvers, s.Approver) {
			approvers = append(approvers, s.Approver)
		}
	}
	return len(approvers) < least
}

// review is until when a waiver counts for its own end and for the reviews that are owed: each earlier one for an emergency
// has to be acknowledged in time, whether it came to anything or not. owed is the one of which the time is over first.
func (e *engine) review(at int) (until int64, owed *v1alpha1.ReleaseWaiver) {
	x := &e.people.waivers[at]
	until = x.until
	if !x.urgent() {
		return until, nil
	}
	rules := e.in.Policy.Spec.Waivers.BreakGlass
	for i := range at {
		before := &e.people.waivers[i]
		due := before.made + int64(rules.ReviewDays)*daySeconds
		if before.urgent() && due < until && !e.reviewed(i) {
			until, owed = due, before.waiver
		}
	}
	return until, owed
}

// reviewed reports whether somebody reviewed a waiver for an emergency.
func (e *engine) reviewed(at int) bool {
	words := e.people.about(about{kind: v1alpha1.RecordWaiver, at: at})
	for i := range words {
		if e.reviews(&words[i]) {
			return true
		}
	}
	return false
}

// reviews reports whether a word is the review of a waiver for an emergency: an acknowledgement by somebody in the role, who did
// not ask for it. It is one of what was done, and stays so whatever became of the release, its evidence or the policy since.
func (e *engine) reviews(w *word) bool {
	rules, s := e.in.Policy.Spec.Waivers, &w.approval.Spec
	if w.about.kind != v1alpha1.RecordWaiver || rules == nil || rules.BreakGlass == nil {
		return false
	}
	x := &e.people.waivers[w.about.at]
	return x.urgent() && s.Decision == v1alpha1.DecisionAcknowledge && s.Role == rules.BreakGlass.ReviewRole && w.holds &&
		s.Approver != x.waiver.Spec.Requester && !w.approval.CreationTimestamp.IsZero() && w.made <= e.now
}
