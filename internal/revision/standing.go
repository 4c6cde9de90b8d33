// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package revision

import (
	"maps"
	"slices"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// Standing is which of a policy's revisions are what. The zero Standing is that of a policy without records, of which
// whatever it says is in force.
type Standing struct {
	// Newest is the record of the highest sequence; nil when there is none.
	Newest *v1alpha1.PolicyRevision
	// InForce is the record that is in force; nil when there are no records, or none of them is.
	InForce *v1alpha1.PolicyRevision
	// Prior are the revisions before InForce since which nothing was weakened, the latest first.
	Prior []string

	bySequence map[int64]*v1alpha1.PolicyRevision
}

// StandingOf finds out from all records of one policy, in any order. In force is the one of the highest sequence that ever
// came into force; before one did, the initial one, which waits for nothing.
func StandingOf(records []v1alpha1.PolicyRevision) Standing {
	s := Standing{bySequence: make(map[int64]*v1alpha1.PolicyRevision, len(records))}
	var initial *v1alpha1.PolicyRevision
	for i := range records {
		r := &records[i]
		s.bySequence[r.Spec.Sequence] = r
		s.Newest = later(s.Newest, r)
		if r.Status.InForceTime != nil {
			s.InForce = later(s.InForce, r)
		}
		if r.Spec.Effect == v1alpha1.EffectInitial {
			initial = later(initial, r)
		}
	}
	if s.InForce == nil {
		s.InForce = initial
	}
	for r := s.InForce; r != nil; {
		if r = s.Compared(r); r != nil && r.Spec.Revision != s.InForce.Spec.Revision && !slices.Contains(s.Prior, r.Spec.Revision) {
			s.Prior = append(s.Prior, r.Spec.Revision)
		}
	}
	return s
}

func later(a, b *v1alpha1.PolicyRevision) *v1alpha1.PolicyRevision {
	if a == nil || b.Spec.Sequence > a.Spec.Sequence {
		return b
	}
	return a
}

// Compared is the record with which one that weakens nothing was compared; nil for every other.
func (s Standing) Compared(r *v1alpha1.PolicyRevision) *v1alpha1.PolicyRevision {
	if r.Spec.Effect != v1alpha1.EffectNeutral && r.Spec.Effect != v1alpha1.EffectStrengthening {
		return nil
	}
	return s.Basis(r)
}

// Basis is the record with which another was compared; nil for the first, and where it is not there any more. It is always
// an earlier one.
func (s Standing) Basis(r *v1alpha1.PolicyRevision) *v1alpha1.PolicyRevision {
	if r.Spec.ComparedWith == nil || *r.Spec.ComparedWith >= r.Spec.Sequence {
		return nil
	}
	return s.bySequence[*r.Spec.ComparedWith]
}

// At is the record of a sequence; nil where there is none.
func (s Standing) At(sequence int64) *v1alpha1.PolicyRevision { return s.bySequence[sequence] }

// All are the records, by their sequence.
func (s Standing) All() []*v1alpha1.PolicyRevision {
	all := make([]*v1alpha1.PolicyRevision, 0, len(s.bySequence))
	for _, sequence := range slices.Sorted(maps.Keys(s.bySequence)) {
		all = append(all, s.bySequence[sequence])
	}
	return all
}

// After is the record that came next after another; nil after the newest.
func (s Standing) After(r *v1alpha1.PolicyRevision) *v1alpha1.PolicyRevision {
	all := s.All()
	if i := slices.Index(all, r) + 1; i > 0 && i < len(all) {
		return all[i]
	}
	return nil
}

// Holds reports whether a text is in force: it is the one of the record that is, or there is no record yet.
func (s Standing) Holds(digest string) bool {
	return s.Newest == nil || s.InForce != nil && s.InForce.Spec.Digest == digest
}

// Authors are the users who changed the policy since the text that a record was compared with, up to that record. known is
// false where one of them is not known.
func (s Standing) Authors(r *v1alpha1.PolicyRevision) (authors []string, known bool) {
	known = true
	for sequence, other := range s.bySequence {
		if sequence > r.Spec.Sequence || r.Spec.ComparedWith != nil && sequence <= *r.Spec.ComparedWith {
			continue
		}
		known = known && other.Spec.Author != ""
		authors = append(authors, other.Spec.Author)
	}
	slices.Sort(authors)
	return slices.Compact(authors), known
}
