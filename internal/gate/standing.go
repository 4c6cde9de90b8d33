// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import "github.com/scalegate/scalegate/api/v1alpha1"

// supposition is what is taken for not to have happened, to find out what refuses an exposure. Each holds for those before it.
type supposition uint8

const (
	supposeNothing supposition = iota
	// supposeUnexpired: nothing that was shown or signed grew old.
	supposeUnexpired
	// supposeUnrevoked: nor was any of it revoked.
	supposeUnrevoked
)

// answers are what people say about a requirement, exposure by exposure.
type answers struct {
	// at are the answers to an approval; nil for other kinds. The state of the question is the one at the exposure asked for.
	at []standing
	// waived are the waivers that set the requirement aside; nil without any.
	waived []waived
	// known are the times at which usable results were first seen that were not revoked; only where there are waivers.
	known []int64
}

// people makes room for the answers of people.
func (q *question) people() *answers {
	if q.answers == nil {
		q.answers = &answers{}
	}
	return q.answers
}

// standing is the answer of people at an exposure; nil for requirements that people do not answer.
func (q *question) standing(exposure int) *standing {
	if q.answers == nil || uint(exposure) >= uint(len(q.answers.at)) {
		return nil
	}
	return &q.answers.at[exposure]
}

// waiver is what sets the requirement aside at an exposure, or did; nil without one.
func (q *question) waiver(exposure int) *waived {
	if q.answers == nil || uint(exposure) >= uint(len(q.answers.waived)) || q.answers.waived[exposure].waiver == nil {
		return nil
	}
	return &q.answers.waived[exposure]
}

// standing is the answer of people to a requirement at one exposure.
type standing struct {
	state v1alpha1.RequirementState
	// expires is until when they have answered, only for the states Met and Expired; 0 where it does not end by itself.
	expires int64
	// decisive is what decided the state: what ends first, or who objects; nil where something is lacking.
	decisive *word
	// lapsed: it was met once, and what met it only ended. shown: it was met once by people who saw these artifacts and
	// all that is known against them.
	lapsed, shown bool
	// lacking are the people whom the quorum lacks; it is from the question's own list, by role.
	lacking []shortage
	// untold are the roles that have not acknowledged.
	untold []string
	// have and need count the people of the quorum.
	have, need int
}

// waived is what sets a requirement aside at one exposure.
type waived struct {
	waiver *v1alpha1.ReleaseWaiver
	// until is when it ends, or ended; 0 without a waiver.
	until int64
	// stands: it has not ended.
	stands bool
}

// answerAt is the state at an exposure without regard to waivers. That of most questions is the same at all of them.
func (q *question) answerAt(exposure int) v1alpha1.RequirementState {
	if s := q.standing(exposure); s != nil {
		return s.state
	}
	return q.state
}

// stateAt is the state at an exposure.
func (q *question) stateAt(exposure int) v1alpha1.RequirementState {
	state := q.answerAt(exposure)
	if w := q.waiver(exposure); w != nil && w.stands && state != v1alpha1.RequirementMet {
		return v1alpha1.RequirementWaived
	}
	return state
}

// metAt reports whether the requirement is no obstacle at an exposure that needs it.
func (q *question) metAt(exposure int) bool {
	if q.answers == nil {
		return q.met()
	}
	if state := q.stateAt(exposure); state == v1alpha1.RequirementMet || state == v1alpha1.RequirementWaived {
		return true
	}
	switch q.supposed {
	case supposeUnexpired:
		return q.lapsedAt(exposure)
	case supposeUnrevoked:
		return q.lapsedAt(exposure) || q.revoked()
	case supposeNothing:
	}
	return false
}

// lapsedAt reports whether the requirement was no obstacle at an exposure once, and what made it so only ended.
func (q *question) lapsedAt(exposure int) bool {
	if w := q.waiver(exposure); w != nil && !w.stands {
		return true
	}
	if s := q.standing(exposure); s != nil {
		return s.lapsed
	}
	return q.lapsed()
}

// shownAt reports whether the requirement was met once at an exposure, and is not any more for a reason that says nothing
// against the release. What was only set aside was never shown.
func (q *question) shownAt(exposure int) bool {
	if s := q.standing(exposure); s != nil {
		return s.shown
	}
	return q.shown()
}

// expiresAt is when what makes the requirement no obstacle at an exposure stops counting, or stopped; 0 where that does not
// happen by itself, or nothing does.
func (q *question) expiresAt(exposure int) int64 {
	expires := q.expires
	if s := q.standing(exposure); s != nil {
		expires = s.expires
	}
	w := q.waiver(exposure)
	switch {
	case w == nil || q.answerAt(exposure) == v1alpha1.RequirementMet:
		return expires
	case w.stands:
		return w.until
	}
	// Both ended: the requirement was an obstacle when the later one had.
	return max(expires, w.until)
}

// rulesOut reports whether the requirement helps to rule a threshold out. Only evidence does: neither people who approve, nor
// the cluster, nor a waiver.
func (q *question) rulesOut() bool { return q.kind == kindEvaluation && q.met() }
