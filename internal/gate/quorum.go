// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"cmp"
	"slices"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// ballot is a vote about one thing.
type ballot struct {
	words  []word
	quorum []v1alpha1.RoleQuorum
	// counted is what is counted: approvals; or objections, where people take back what needed no approval.
	counted v1alpha1.ApprovalDecision
	// apart are people who are not counted.
	apart []string
	// anonymous: it is not known who is not to be counted, so nobody is.
	anonymous bool
	// life is the longest life of a word, in seconds; forever without a bound.
	life int64
	// lenient: what was voided by a change of the policy counts as well. ever: so does whatever was said.
	lenient, ever bool
}

// outcome is what came of a ballot at one exposure.
type outcome struct {
	// complete: there are enough people, counting those whose word only ended.
	complete bool
	// until is when the quorum ends, or ended; forever where it does not.
	until int64
	// last is the word that ends first.
	last *word
	// latest is when the last of it was said.
	latest int64
	// objection that stands; nil without one.
	objection *word
	// have of need people are there now.
	have, need int
	lacking    []shortage
}

// shortage is how many people of a role are lacking.
type shortage struct {
	role  string
	count int
}

// vote is a word that counts for a place in the quorum.
type vote struct {
	word   *word
	role   int
	person string
	until  int64
}

// count counts a ballot at an exposure.
func (b *ballot) count(exposure int, now int64) outcome {
	o := outcome{until: forever, latest: minTime}
	votes := b.votes(exposure)
	// The latest ends come first. The quorum stands until the end of the vote that completes it.
	slices.SortStableFunc(votes, func(a, b vote) int { return cmp.Compare(b.until, a.until) })
	seats := newSeating(b.quorum)
	o.need = seats.vacant
	for i := 0; i < len(votes) && seats.vacant > 0; i++ {
		if votes[i].until > now || o.lacking != nil {
			seats.admit(&votes[i])
			continue
		}
		o.have, o.lacking = o.need-seats.vacant, seats.lacking()
		seats.admit(&votes[i])
	}
	if o.lacking == nil {
		o.have, o.lacking = o.need-seats.vacant, seats.lacking()
	}
	o.complete = seats.vacant == 0 && o.need > 0
	for _, v := range seats.taken {
		o.latest = max(o.latest, v.word.made)
		if o.last == nil || v.until < o.until || v.until == o.until && v.word.approval.Name < o.last.approval.Name {
			o.until, o.last = v.until, v.word
		}
	}
	if b.counted == v1alpha1.DecisionApprove {
		o.objection = b.objection(exposure)
	}
	return o
}

// votes are the words that count at an exposure, whether they ended or not.
func (b *ballot) votes(exposure int) []vote {
	if b.anonymous {
		return nil
	}
	var votes []vote
	for i := range b.words {
		w := &b.words[i]
		role := b.role(w.approval.Spec.Role)
		if role < 0 || !w.holds || w.approval.Spec.Decision != b.counted || slices.Contains(b.apart, w.approval.Spec.Approver) {
			continue
		}
		if b.speaks(w, exposure) {
			votes = append(votes, vote{word: w, role: role, person: w.approval.Spec.Approver, until: w.end(b.life)})
		}
	}
	return votes
}

// speaks reports whether a word counts at an exposure, as far as it is not over. An objection that is counted is one against a
// determination, which is about every exposure; it takes that back only once it is said.
func (b *ballot) speaks(w *word, exposure int) bool {
	if b.counted == v1alpha1.DecisionObject {
		return w.known() && !b.withdrawn(w, 0)
	}
	switch {
	case b.ever:
		return w.void != v1alpha1.ReasonOtherArtifacts
	case w.exposure < exposure:
		return false
	case w.void == v1alpha1.ReasonPolicyChanged:
		return b.lenient
	}
	return w.void == ""
}

// end is when a word ends that lives no longer than life.
func (w *word) end(life int64) int64 {
	if life == forever {
		return w.until
	}
	return min(w.until, w.made+life)
}

// role is the index of a role in the quorum, or -1.
func (b *ballot) role(name string) int {
	return slices.IndexFunc(b.quorum, func(q v1alpha1.RoleQuorum) bool { return q.Role == name })
}

// objection is the first that stands at an exposure; nil without one. It neither ends nor depends on what else the person is.
// One that regards a waiver or a determination is to the whole of it, whatever exposure it names.
func (b *ballot) objection(exposure int) *word {
	for i := range b.words {
		w := &b.words[i]
		if w.approval.Spec.Decision == v1alpha1.DecisionObject && w.void != v1alpha1.ReasonOtherArtifacts &&
			w.holds && (w.exposure <= exposure || w.about.kind != "") && b.role(w.approval.Spec.Role) >= 0 && !b.withdrawn(w, exposure) {
			return w
		}
	}
	return nil
}

// withdrawn reports whether whoever objected approved later, in the same role and up to the exposure at least.
func (b *ballot) withdrawn(objection *word, exposure int) bool {
	for i := range b.words {
		w := &b.words[i]
		if w.approval.Spec.Decision == v1alpha1.DecisionApprove && w.made > objection.made && w.exposure >= exposure && w.known() &&
			w.approval.Spec.Approver == objection.approval.Spec.Approver && w.approval.Spec.Role == objection.approval.Spec.Role {
			return true
		}
	}
	return false
}

// known reports whether a word is about these artifacts, and was said.
func (w *word) known() bool {
	return w.void != v1alpha1.ReasonOtherArtifacts && w.void != v1alpha1.ReasonNotYet
}

// seating finds as many distinct people for the places of a quorum as there are: a matching of people and roles.
type seating struct {
	quorum []v1alpha1.RoleQuorum
	// votes admitted, and for each role how many places are left.
	votes []*vote
	left  []int
	// taken are the votes that have a place, at most one a person.
	taken  []*vote
	vacant int
}

func newSeating(quorum []v1alpha1.RoleQuorum) seating {
	s := seating{quorum: quorum, left: make([]int, len(quorum))}
	for i := range quorum {
		s.left[i] = max(0, int(quorum[i].Count))
		s.vacant += s.left[i]
	}
	return s
}

// admit adds a vote, and moves people to other places where that fills one more. One vote cannot fill two.
func (s *seating) admit(v *vote) {
	s.votes = append(s.votes, v)
	for role := range s.left {
		if s.left[role] == 0 {
			continue
		}
		var tried []string
		if s.fill(role, &tried) {
			s.left[role]--
			s.vacant--
			return
		}
	}
}

// fill finds somebody for a place of a role, if need be somebody whose own place another can take.
func (s *seating) fill(role int, tried *[]string) bool {
	for _, v := range s.votes {
		if v.role != role || slices.Contains(*tried, v.person) {
			continue
		}
		*tried = append(*tried, v.person)
		at := slices.IndexFunc(s.taken, func(t *vote) bool { return t.person == v.person })
		if at < 0 {
			s.taken = append(s.taken, v)
			return true
		}
		// Who has another place of this role already is looked for among the same people.
		if held := s.taken[at].role; held != role && s.fill(held, tried) {
			s.taken[at] = v
			return true
		}
	}
	return false
}

// lacking are the places that are left, by role.
func (s *seating) lacking() []shortage {
	short := make([]shortage, 0, len(s.left))
	for i, left := range s.left {
		if left > 0 {
			short = append(short, shortage{role: s.quorum[i].Role, count: left})
		}
	}
	return short
}
