// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"slices"
	"strings"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// ruling is a determination with what it comes to.
type ruling struct {
	given
	determination *v1alpha1.ReleaseDetermination
	// own: it names the release. Of others only counts that a threshold is reached.
	own bool
	// limit is the latest end that the policy lets it have.
	limit int64
	// refusal is the reason why it counts for nothing, and why says that in words; empty where it counts.
	refusal, why string
	// end is until when it counts for something; 0 where it never did, forever where it does not end.
	end int64
	// vote is what came of its approval at the highest exposure.
	vote outcome
}

func (e *engine) rulingOf(d *v1alpha1.ReleaseDetermination) ruling {
	r := ruling{given: e.givenOf(d.CreationTimestamp.Time, d.Spec.SubjectDigest, d.Spec.PolicyRevision), determination: d}
	r.own, r.exposure = d.Spec.Release == e.in.Release.Name, len(e.in.Policy.Spec.Exposures)-1
	if rules := e.in.Policy.Spec.Determinations; rules != nil {
		r.limit = r.made + int64(rules.MaxDays)*daySeconds
	}
	if r.until = endOf(d.Spec.EndTime); r.until == forever {
		r.until = r.limit
	}
	return r
}

// judgeDeterminations finds which thresholds people say are reached, and which they rule out. The first comes first: of
// several determinations about one threshold the strictest counts.
func (e *engine) judgeDeterminations() {
	for i := range e.people.rulings {
		e.reach(i)
	}
	for i := range e.people.rulings {
		if e.people.rulings[i].own {
			e.ruleOut(i)
		}
	}
}

// voteOn is a vote about a determination. Who wrote it is not counted.
func (e *engine) voteOn(at int, counted v1alpha1.ApprovalDecision) ballot {
	b := ballot{
		words: e.people.about(about{kind: v1alpha1.RecordDetermination, at: at}), counted: counted,
		apart: []string{e.people.rulings[at].determination.Spec.Author}, life: forever,
	}
	if rules := e.in.Policy.Spec.Determinations; rules != nil && e.problemOfQuorum("", rules.Quorum) == "" {
		b.quorum = rules.Quorum
	}
	return b
}

// reach applies what a determination says is reached: at once, whoever made it, until as many people object as would have to
// approve.
func (e *engine) reach(at int) {
	r := &e.people.rulings[at]
	if r.void == v1alpha1.ReasonOtherArtifacts {
		return
	}
	for i := range r.determination.Spec.Thresholds {
		judged := &r.determination.Spec.Thresholds[i]
		if judged.Conclusion == v1alpha1.ConclusionRuledOut {
			continue
		}
		t := e.threshold(judged.Name)
		if t == nil {
			continue
		}
		against := e.voteOn(at, v1alpha1.DecisionObject)
		if o := against.count(0, e.now); o.complete {
			r.refusal = v1alpha1.ReasonObjected
			r.why = "enough people object to it to take it back"
			continue
		}
		r.end = forever
		inFavour := e.voteOn(at, v1alpha1.DecisionApprove)
		inFavour.ever = true
		o := inFavour.count(len(e.in.Policy.Spec.Exposures)-1, e.now)
		approved := o.complete && o.objection == nil
		if t.reachedBy == nil || approved && !t.approved {
			t.reachedBy = r.determination
		}
		t.approved = t.approved || approved
	}
}

// threshold is the threshold of the policy of that name; nil without one.
func (e *engine) threshold(name string) *capability {
	i := slices.IndexFunc(e.thresholds, func(t capability) bool { return t.spec.Name == name })
	if i < 0 {
		return nil
	}
	return &e.thresholds[i]
}

// ruleOut applies what a determination rules out.
func (e *engine) ruleOut(at int) {
	r := &e.people.rulings[at]
	for i := range r.determination.Spec.Thresholds {
		judged := &r.determination.Spec.Thresholds[i]
		if judged.Conclusion != v1alpha1.ConclusionRuledOut {
			if r.refusal == "" && r.end == 0 && e.threshold(judged.Name) == nil {
				r.refusal, r.why = v1alpha1.ReasonNotAllowed, "the policy has no threshold "+judged.Name
			}
			continue
		}
		if reason, why := e.ruleOutThreshold(at, judged.Name); reason != "" && r.refusal == "" {
			r.refusal, r.why = reason, why
		}
	}
	switch {
	case r.void == v1alpha1.ReasonOtherArtifacts:
		r.refusal, r.why, r.end = r.void, "", 0
	case r.end > e.now:
		r.refusal = ""
	}
}

// ruleOutThreshold rules one threshold out as far as people approved that, or says why not.
func (e *engine) ruleOutThreshold(at int, name string) (reason, why string) {
	r := &e.people.rulings[at]
	if reason, why = e.refusalOf(r); reason != "" {
		return reason, why
	}
	t := e.threshold(name)
	if t == nil {
		return v1alpha1.ReasonNotAllowed, "the policy has no threshold " + name
	}
	known, why := e.undecided(t)
	if why != "" {
		return v1alpha1.ReasonNotAllowed, "threshold " + name + " " + why
	}
	b := e.voteOn(at, v1alpha1.DecisionApprove)
	exposures := len(e.in.Policy.Spec.Exposures)
	r.vote = b.count(max(0, exposures-1), e.now)
	for exposure := range exposures {
		o := b.count(exposure, e.now)
		until := min(r.until, o.until, known)
		if !o.complete || o.objection != nil || max(r.made, o.latest) >= until {
			continue
		}
		if t.determined == nil {
			t.determined = make([]determined, exposures)
		}
		r.end = max(r.end, until)
		if d := &t.determined[exposure]; d.determination == nil || until > d.until {
			*d = determined{determination: r.determination, until: until, stands: until > e.now}
		}
	}
	switch {
	case r.end > e.now:
		return "", ""
	case r.end != 0 || r.until <= e.now:
		return v1alpha1.ReasonEnded, ""
	case r.vote.objection != nil:
		return v1alpha1.ReasonObjected, ""
	}
	return v1alpha1.ReasonApprovalMissing, ""
}

// refusalOf says why a determination rules nothing out, whoever approves it.
func (e *engine) refusalOf(r *ruling) (reason, why string) {
	rules, spec := e.in.Policy.Spec.Determinations, &r.determination.Spec
	if rules == nil {
		return v1alpha1.ReasonNotAllowed, "the policy has no spec.determinations, so nobody may rule a threshold out"
	}
	if problem := e.problemOfQuorum("spec.determinations.quorum", rules.Quorum); problem != "" {
		return v1alpha1.ReasonNotAllowed, problem + "; correct the policy"
	}
	switch {
	case r.void != "":
		return r.void, ""
	case spec.Author == "":
		return v1alpha1.ReasonNotSeparate, "nobody knows who wrote it (spec.author; the API server stamps it when it is made again)"
	case strings.TrimSpace(spec.Disclosure) == "":
		return v1alpha1.ReasonNotAllowed, "it does not say in spec.disclosure where it is disclosed"
	case r.until > r.limit:
		return v1alpha1.ReasonTooLong, "its end is later than " + timestamp(r.limit) + ", the latest that the policy lets it be; make another one"
	}
	return "", ""
}

// undecided reports until when the evidence leaves a threshold to people: nothing failed, and of each requirement a result is
// known that is clear, or that neither clears nor fails, and that is not too old. why says what keeps it from being so.
func (e *engine) undecided(t *capability) (until int64, why string) {
	switch {
	case t.unfit != "":
		return 0, "cannot be ruled out, since ruledOutBy names " + t.unfit + ", which no evaluation answers; correct the policy"
	case t.reachedBy != nil:
		return 0, "is reached, as ReleaseDetermination " + t.reachedBy.Name + " says"
	case len(t.ruledOutBy) == 0:
		return 0, "cannot be ruled out, since ruledOutBy names nothing; correct the policy"
	}
	until = forever
	for _, at := range t.ruledOutBy {
		q := &e.questions[at]
		switch {
		case q.state == v1alpha1.RequirementFailed:
			return 0, "is reached, since " + q.name + " failed"
		case q.state == v1alpha1.RequirementMet, q.lapsed():
			until = min(until, q.expires)
		case q.state == v1alpha1.RequirementIndeterminate && q.problem == "" && q.latest.holds():
			until = min(until, q.expiry(&q.latest))
		default:
			return 0, "is not for people to rule out, since " + q.name + " is " + string(q.state) + " and too little is known of it"
		}
	}
	return until, ""
}
