// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"cmp"
	"slices"
	"time"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

const (
	kindReleaseApproval      = "ReleaseApproval"
	kindReleaseWaiver        = string(v1alpha1.RecordWaiver)
	kindReleaseDetermination = string(v1alpha1.RecordDetermination)
)

// answerRecords answers every record that names the release.
func (e *engine) answerRecords() {
	p := e.people
	records := make([]RecordResult, 0, len(p.words)+len(p.waivers)+len(p.rulings))
	for i := range p.words {
		if p.words[i].own {
			records = append(records, e.answerWord(&p.words[i]))
		}
	}
	for i := range p.waivers {
		if p.waivers[i].own {
			records = append(records, e.answerWaiver(&p.waivers[i]))
		}
	}
	for i := range p.rulings {
		if p.rulings[i].own {
			records = append(records, e.answerDetermination(&p.rulings[i]))
		}
	}
	slices.SortFunc(records, func(a, b RecordResult) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name)) })
	for i := range records {
		if end := records[i].End; end != nil {
			e.recheckAfter(end.Unix())
		}
	}
	e.decision.Records = records
}

func endTime(end int64) *time.Time {
	if end == forever {
		return nil
	}
	return new(time.Unix(end, 0).UTC())
}

// place is what a word can count for, and until when.
type place struct {
	// asked: the policy asks the role for it. apart: but not of this person. anonymous: of whom is not known.
	asked, apart, anonymous bool
	// mistaken is the decision that the policy asks the role for instead; empty where it asks for this one.
	mistaken v1alpha1.ApprovalDecision
	until    int64
}

// answerWord says whether a word counts.
func (e *engine) answerWord(w *word) RecordResult {
	r := RecordResult{Kind: kindReleaseApproval, Name: w.approval.Name}
	pl := e.placeOf(w)
	r.Reason = e.reasonOfWord(w, &pl)
	if r.Reason == v1alpha1.ReasonCounts {
		r.Counts = true
		if w.approval.Spec.Decision != v1alpha1.DecisionObject {
			r.End = endTime(pl.until)
		}
	}
	r.Message = e.wordText(w, &pl, r.Reason)
	return r
}

func (e *engine) reasonOfWord(w *word, pl *place) string {
	objects := w.approval.Spec.Decision == v1alpha1.DecisionObject
	switch {
	case w.about.kind == unknownRecord:
		return v1alpha1.ReasonRecordNotFound
	case e.reviews(w):
		return v1alpha1.ReasonCounts
	case w.void == v1alpha1.ReasonOtherArtifacts:
		return w.void
	case !w.holds, !pl.asked:
		return v1alpha1.ReasonNotInRole
	case objects:
		if b := (ballot{words: e.people.about(w.about)}); b.withdrawn(w, len(e.in.Policy.Spec.Exposures)-1) {
			return v1alpha1.ReasonReplaced
		}
		return v1alpha1.ReasonCounts
	case w.void != "":
		return w.void
	case pl.apart, pl.anonymous:
		return v1alpha1.ReasonNotSeparate
	case pl.until <= e.now:
		return v1alpha1.ReasonEnded
	case e.replaced(w):
		return v1alpha1.ReasonReplaced
	}
	return v1alpha1.ReasonCounts
}

// replaced reports whether the same person said something later in the same role that leaves nothing of a word: the same again,
// as far and as long at least; or, to an approval, an objection from the lowest exposure on.
func (e *engine) replaced(w *word) bool {
	return slices.ContainsFunc(e.people.about(w.about), func(later word) bool {
		s := &later.approval.Spec
		if s.Approver != w.approval.Spec.Approver || s.Role != w.approval.Spec.Role {
			return false
		}
		if s.Decision == v1alpha1.DecisionObject {
			return w.approval.Spec.Decision == v1alpha1.DecisionApprove && later.void != v1alpha1.ReasonOtherArtifacts && later.made >= w.made && later.exposure <= 0
		}
		return s.Decision == w.approval.Spec.Decision && later.void == "" && later.follows(w) && later.exposure >= w.exposure && later.until >= w.until
	})
}

// follows orders what was said, by time and then by name.
func (w *word) follows(other *word) bool {
	if w.made != other.made {
		return w.made > other.made
	}
	return w.approval.Name > other.approval.Name
}

// placeOf finds what the policy asks of a role about what a word is about.
func (e *engine) placeOf(w *word) place {
	pl := place{until: minTime}
	switch w.about.kind {
	case v1alpha1.RecordWaiver:
		b := e.ballotOn(w.about.at)
		pl.take(w, &b, nil)
		if x := &e.people.waivers[w.about.at]; x.urgent() && e.in.Policy.Spec.Waivers != nil && e.in.Policy.Spec.Waivers.BreakGlass != nil {
			b.quorum = nil
			pl.take(w, &b, []string{e.in.Policy.Spec.Waivers.BreakGlass.ReviewRole})
			if w.approval.Spec.Decision == v1alpha1.DecisionAcknowledge {
				pl.until, pl.apart = forever, w.approval.Spec.Approver == x.waiver.Spec.Requester
			}
		}
		return pl
	case v1alpha1.RecordDetermination:
		b := e.voteOn(w.about.at, v1alpha1.DecisionApprove)
		pl.take(w, &b, nil)
		return pl
	}
	for i := range e.questions {
		if q := &e.questions[i]; q.kind == kindApproval && q.problem == "" {
			b := e.ballotOf(q)
			pl.take(w, &b, q.spec.Approval.NotifyBefore)
		}
	}
	return pl
}

// take adds what a word can count for in one ballot.
func (pl *place) take(w *word, b *ballot, told []string) {
	votes, acknowledges := b.role(w.approval.Spec.Role) >= 0, slices.Contains(told, w.approval.Spec.Role)
	until := w.end(b.life)
	switch w.approval.Spec.Decision {
	case v1alpha1.DecisionObject:
		pl.asked = pl.asked || votes
		return
	case v1alpha1.DecisionAcknowledge:
		if !acknowledges {
			if votes {
				pl.mistaken = v1alpha1.DecisionApprove
			}
			return
		}
	case v1alpha1.DecisionApprove:
		if !votes {
			if acknowledges {
				pl.mistaken = v1alpha1.DecisionAcknowledge
			}
			return
		}
		if b.anonymous || slices.Contains(b.apart, w.approval.Spec.Approver) {
			// Elsewhere the same person may count.
			first := !pl.asked
			pl.asked = true
			pl.apart, pl.anonymous = pl.apart || first && !b.anonymous, pl.anonymous || first && b.anonymous
			return
		}
	default:
		return
	}
	pl.asked, pl.apart, pl.anonymous, pl.until = true, false, false, max(pl.until, until)
}

// answerWaiver says whether a waiver counts.
func (e *engine) answerWaiver(x *exemption) RecordResult {
	r := RecordResult{Kind: kindReleaseWaiver, Name: x.waiver.Name, Reason: x.refusal}
	if x.refusal == "" {
		r.Counts, r.Reason, r.End = true, v1alpha1.ReasonCounts, endTime(x.end)
	}
	r.Message = e.waiverText(x)
	return r
}

// answerDetermination says whether a determination counts.
func (e *engine) answerDetermination(d *ruling) RecordResult {
	r := RecordResult{Kind: kindReleaseDetermination, Name: d.determination.Name, Reason: d.refusal}
	if d.refusal == "" {
		r.Counts, r.Reason, r.End = true, v1alpha1.ReasonCounts, endTime(d.end)
	}
	r.Message = e.determinationText(d)
	return r
}
