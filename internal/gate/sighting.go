// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"math/bits"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// sightings finds the appearances of a file or run without looking through all of them.
type sightings struct {
	all    []Sighting
	byFile table
	byRun  table
}

// index looks through the sightings once. The tables are in the rooms given, where these are large enough.
func index(all []Sighting, files, runs []int32) sightings {
	s := sightings{all: all}
	if len(all) == 0 {
		return s
	}
	s.byFile, s.byRun = newTable(files, len(all)), newTable(runs, len(all))
	for i := range all {
		s.byFile.add(all[i].SHA256, i)
		s.byRun.add(all[i].RunID, i)
	}
	return s
}

// trace returns the time at which a result was first seen, not later than effective, and whether its file
// was submitted before for something else. Submissions in the same second have no order, so either may be
// the replay and neither counts. When it was first seen, and the revocations of other
// submissions that count for the result, are noted in it.
func (s *sightings) trace(r *result, types mask) (first int64, replayed bool) {
	first = r.effective
	m, run, shown := r.evaluation.Status.Measurement, r.run(), -1
	for i := s.byFile.first(m.SHA256); i >= 0; i = s.byFile.next(i) {
		other := &s.all[i]
		if !other.shows(m) {
			continue
		}
		shown = i
		r.recall(other)
		seen := other.Time.Unix()
		switch {
		case types.same(other.run(), run):
			first, r.seen = min(first, seen), min(r.seen, seen)
		case seen <= r.created && (other.UID == "" || other.UID != r.evaluation.UID):
			replayed = true
		}
	}
	if m.RunID == "" {
		return first, replayed
	}
	for i := s.byRun.first(m.RunID); i >= 0; i = s.byRun.next(i) {
		other := &s.all[i]
		// What shows the file was looked at above, and counted there where it is of the same artifacts.
		if i == shown {
			continue
		}
		if other.RunID == m.RunID && !other.shows(m) && types.same(other.run(), run) {
			r.recall(other)
			first, r.seen = min(first, other.Time.Unix()), min(r.seen, other.Time.Unix())
		}
	}
	return first, replayed
}

// shows reports whether it is an appearance of the file of a measurement.
func (s *Sighting) shows(m *v1alpha1.Measurement) bool { return s.SHA256 == m.SHA256 && m.SHA256 != "" }

// table finds numbers by text. It is no more than a map of chains, but is built in a fraction of the time, which for
// the few names and files of one decision matters more than how it grows. A chain also holds texts that merely
// collide: callers compare. The zero table is empty.
type table struct {
	// heads and links hold numbers plus one, so that zero ends a chain.
	heads, links []int32
}

// newTable makes a table for the numbers below n, in a room that is unused, where that is large enough.
func newTable(room []int32, n int) table {
	size := 8
	for size < 2*n {
		size *= 2
	}
	space := sized(room, size+n)
	return table{heads: space[:size:size], links: space[size:]}
}

func (t *table) add(key string, i int) {
	head := &t.heads[hash(key)&uint64(len(t.heads)-1)]
	t.links[i], *head = *head, int32(i+1)
}

// first returns the first number that may have the key, next the one after i; -1 when there is none.
func (t *table) first(key string) int {
	if len(t.heads) == 0 {
		return -1
	}
	return int(t.heads[hash(key)&uint64(len(t.heads)-1)]) - 1
}

func (t *table) next(i int) int { return int(t.links[i]) - 1 }

// hash mixes the length, the first and the last eight bytes: names and identifiers differ at an end.
func hash(key string) uint64 {
	const one, two = 0x9e3779b97f4a7c15, 0xa0761d6478bd642f
	var first, last uint64
	if len(key) >= 8 {
		first, last = eight(key), eight(key[len(key)-8:])
	} else {
		for i := range len(key) {
			first = first<<8 | uint64(key[i])
		}
	}
	// The product's halves together depend on every bit of both factors.
	high, low := bits.Mul64(first^one, last^two^uint64(len(key)))
	return high ^ low
}

func eight(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}
