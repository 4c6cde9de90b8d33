// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"hash/fnv"
	"math"
	"strconv"
)

// maxDistinct bounds the identifiers that are told apart in one file.
const maxDistinct = 1 << 19

// distinct counts identifiers, each of them once. It holds a hash of each and never its text. Two that
// share a hash count as one: a count is never too high, and until it is full no repetition is overlooked.
type distinct struct {
	seen map[uint64]struct{}
	full bool
}

// add notes an identifier, and reports whether it was there before.
func (d *distinct) add(id string) bool {
	key := hashOf(id)
	if _, again := d.seen[key]; again {
		return true
	}
	if len(d.seen) == maxDistinct {
		d.full = true
		return false
	}
	if d.seen == nil {
		d.seen = map[uint64]struct{}{}
	}
	d.seen[key] = struct{}{}
	return false
}

// has reports whether an identifier was noted.
func (d *distinct) has(id string) bool {
	_, ok := d.seen[hashOf(id)]
	return ok
}

func hashOf(id string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(id)) // never fails
	return h.Sum64()
}

// count is the number of identifiers; nil where they were more than can be told apart.
func (d *distinct) count() *int64 {
	if d.full {
		return nil
	}
	return new(int64(len(d.seen)))
}

// without counts the identifiers that none of the others has; nil where that is not known.
func (d *distinct) without(others ...*distinct) *int64 {
	for _, o := range append(others, d) {
		if o.full {
			return nil
		}
	}
	var n int64
	for key := range d.seen {
		found := false
		for _, o := range others {
			if _, ok := o.seen[key]; ok {
				found = true
			}
		}
		if !found {
			n++
		}
	}
	return &n
}

// numbers tells whole numbers apart that are counted upwards from 0, as one bit each.
type numbers struct {
	seen []uint64
	// beyond says that there was a number too large to be told apart.
	beyond bool
}

// add notes a number, and reports whether it was there before.
func (s *numbers) add(n int64) bool {
	const most = 1 << 24
	if n < 0 || n >= most {
		s.beyond = true
		return false
	}
	word, bit := int(n/64), uint64(1)<<(n%64)
	if word >= len(s.seen) {
		s.seen = append(s.seen, make([]uint64, word+1-len(s.seen))...)
	}
	again := s.seen[word]&bit != 0
	s.seen[word] |= bit
	return again
}

// float is the number for a comparison with room for rounding; false where there is no data.
func (d decimal) float() (float64, bool) {
	value, err := strconv.ParseFloat(string(d), 64)
	return value, err == nil && !math.IsInf(value, 0)
}

// differ reports whether two numbers are further apart than the tolerance. NaN differs from everything.
func differ(a, b, tolerance float64) bool { return !(math.Abs(a-b) <= tolerance) }
