// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"

	"github.com/scalegate/scalegate/internal/gate"
)

// Essence is a digest of what makes a decision another one. The zero Essence is that of none.
type Essence [sha256.Size]byte

// String is the digest in lower-case hexadecimal; empty for that of none.
func (e Essence) String() string {
	if e == (Essence{}) {
		return ""
	}
	return hex.EncodeToString(e[:])
}

// ParseEssence reads what [Essence.String] wrote; that of none where it did not write it.
func ParseEssence(text string) Essence {
	var e Essence
	if len(text) != hex.EncodedLen(len(e)) {
		return Essence{}
	}
	if _, err := hex.Decode(e[:], []byte(text)); err != nil {
		return Essence{}
	}
	return e
}

// Substance is a digest of what makes a decision another one: the policy's revision, the subject, the level, what is granted
// and why; of requirements, thresholds and exposures the states and the evidence; of approvals, waivers and determinations
// which count. Decisions that differ in times and texts alone have the same, but for whether evidence only grew old; what is to
// be written of findings is no part of it, since it is done once and makes the next decision from what it wrote. It depends on
// the version of Scalegate: where a stored one differs, the record itself says which decision is on it.
func Substance(d gate.Decision) Essence {
	var space [4096]byte
	s := substance(space[:0])
	s = s.add(d.PolicyRevision, d.PendingPolicyRevision, d.SubjectDigest, d.RequiredLevel, d.GrantedExposure, d.Reason)
	ceiling := int64(-1)
	if d.ReplicaCeiling != nil {
		ceiling = int64(*d.ReplicaCeiling)
	}
	s = binary.AppendVarint(s, ceiling)
	s = s.tell(d.ReplicaCeiling != nil, d.Adverse)
	s = s.count(len(d.Thresholds))
	for i := range d.Thresholds {
		t := &d.Thresholds[i]
		s = s.add(t.Name, string(t.State), t.RaisesTo)
		s = s.list(t.Unmet)
	}
	s = s.count(len(d.Requirements))
	for i := range d.Requirements {
		q := &d.Requirements[i]
		s = s.add(q.Name, string(q.State), q.Evidence)
		s = s.tell(q.Alert)
	}
	s = s.count(len(d.Exposures))
	for i := range d.Exposures {
		x := &d.Exposures[i]
		s = s.add(x.Name, x.RequiredLevel, string(x.Revoked), x.Reason)
		s = s.tell(x.Granted, x.Adverse, x.Lapsed != nil)
		s = s.list(x.Blocking)
	}
	records := d.Records
	if !slices.IsSortedFunc(records, compareRecords) {
		records = slices.Clone(records)
		sortRecords(records)
	}
	s = s.count(len(records))
	for i := range records {
		r := &records[i]
		s = s.add(r.Kind, r.Name, r.Reason)
		s = s.tell(r.Counts)
	}
	return sha256.Sum256(s)
}

// substance is what is digested, written so that nothing else is written alike: every text behind its length, and every list
// behind the number of its items.
type substance []byte

func (s substance) count(n int) substance { return binary.AppendUvarint(s, uint64(n)) }

func (s substance) add(texts ...string) substance {
	for _, text := range texts {
		s = append(s.count(len(text)), text...)
	}
	return s
}

func (s substance) list(texts []string) substance { return s.count(len(texts)).add(texts...) }

func (s substance) tell(facts ...bool) substance {
	for _, fact := range facts {
		one := byte(0)
		if fact {
			one = 1
		}
		s = append(s, one)
	}
	return s
}

func sortRecords(records []gate.RecordResult) { slices.SortStableFunc(records, compareRecords) }

func compareRecords(a, b gate.RecordResult) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
}
