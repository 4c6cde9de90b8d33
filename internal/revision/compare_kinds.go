// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package revision

import (
	"cmp"
	"math"
	"math/big"
	"slices"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// plain compares a value of which every change has the same effect.
func (c *comparison) plain(item string, before, after any, effect v1alpha1.RevisionEffect, message string) {
	if !same(before, after) {
		c.add(item, effect, before, after, message)
	}
}

// scale is words that are ordered, the least strict first. An empty word means preset.
type scale[T ~string] struct {
	preset T
	order  []T
	why    reasons
}

// word compares words by a scale. One that is not on it cannot be compared.
func word[T ~string](c *comparison, item string, before, after T, s scale[T]) {
	if before == after {
		return
	}
	from, to := slices.Index(s.order, cmp.Or(before, s.preset)), slices.Index(s.order, cmp.Or(after, s.preset))
	switch {
	case from < 0 || to < 0 || to < from:
		c.add(item, weaker, before, after, s.why.weaker)
	case to == from:
		c.add(item, neutral, before, after, asOmitted)
	default:
		c.add(item, stricter, before, after, s.why.stricter)
	}
}

const asOmitted = "it says the same as when it is omitted"

// part compares an optional part of the spec, of which each field has a preset: that it is there says nothing by itself.
func (c *comparison) part(item string, before, after any, fields func()) {
	noted := len(c.changes)
	if fields(); len(c.changes) == noted {
		c.plain(item, before, after, neutral, asOmitted)
	}
}

// sided is what adding something does; to remove it does the opposite.
type sided struct {
	adding v1alpha1.RevisionEffect
	why    reasons
}

func (s sided) removing() v1alpha1.RevisionEffect {
	if s.adding == stricter {
		return weaker
	}
	return stricter
}

// grown compares optional parts whose presence has an effect. It reports whether both are there, so that their fields are to
// be compared.
func grown[T any](c *comparison, item string, before, after *T, s sided) bool {
	switch {
	case before != nil && after != nil:
		return true
	case before == nil && after != nil:
		c.add(item, s.adding, nil, after, s.why.of(s.adding))
	case before != nil:
		c.add(item, s.removing(), before, nil, s.why.of(s.removing()))
	}
	return false
}

// order compares the order of a list that has names.
func order[T any](c *comparison, item string, l lists[T], effect v1alpha1.RevisionEffect, message string) {
	if reordered(l.before, l.after, l.name) {
		c.add(item, effect, names(l.before, l.name), names(l.after, l.name), message)
	}
}

// lists are two lists of what has names.
type lists[T any] struct {
	before, after []T
	name          func(*T) string
}

// measure is how numbers are compared, of which nil means preset.
type measure struct {
	preset int64
	// less: the lesser is the stricter.
	less bool
	why  reasons
}

// number compares numbers by a measure.
func (c *comparison) number(item string, before, after *int32, m measure) {
	if before == nil && after == nil || before != nil && after != nil && *before == *after {
		return
	}
	from, to := valued(before, m.preset), valued(after, m.preset)
	switch {
	case from == to:
		c.add(item, neutral, before, after, asOmitted)
	case (to < from) == m.less:
		c.add(item, stricter, before, after, m.why.stricter)
	default:
		c.add(item, weaker, before, after, m.why.weaker)
	}
}

// Presets of numbers that bound nothing when they are omitted.
const (
	boundless = math.MaxInt64
	nothing   = 0
)

func valued(n *int32, preset int64) int64 {
	if n == nil {
		return preset
	}
	return int64(*n)
}

// given is a number of which 0 is none.
func given(n int32) *int32 {
	if n == 0 {
		return nil
	}
	return &n
}

// changed is what became of a set.
type changed struct {
	added, removed bool
}

func compareSets[T comparable](before, after []T) changed {
	return changed{
		added:   slices.ContainsFunc(after, func(x T) bool { return !slices.Contains(before, x) }),
		removed: slices.ContainsFunc(before, func(x T) bool { return !slices.Contains(after, x) }),
	}
}

// set compares lists whose order says nothing.
func set[T comparable](c *comparison, item string, before, after []T, s sided) {
	effect := neutral
	d := compareSets(before, after)
	if d.added {
		effect = graver(effect, s.adding)
	}
	if d.removed {
		effect = graver(effect, s.removing())
	}
	switch {
	case effect != neutral:
		c.add(item, effect, before, after, s.why.of(effect))
	case !slices.Equal(before, after):
		c.add(item, neutral, before, after, orderSaysNothing)
	}
}

// pair is what two lists have under one name; nil where one does not have it.
type pair[T any] struct {
	name          string
	before, after *T
}

// pairs puts two lists together by name: in the order of after, and then what after does not have.
func pairs[T any](before, after []T, name func(*T) string) []pair[T] {
	all := make([]pair[T], 0, len(after))
	for i := range after {
		all = append(all, pair[T]{name: name(&after[i]), before: named(before, name(&after[i]), name), after: &after[i]})
	}
	for i := range before {
		if named(after, name(&before[i]), name) == nil {
			all = append(all, pair[T]{name: name(&before[i]), before: &before[i]})
		}
	}
	return all
}

func named[T any](list []T, wanted string, name func(*T) string) *T {
	for i := range list {
		if name(&list[i]) == wanted {
			return &list[i]
		}
	}
	return nil
}

// decimals compares numbers: -1 where a is the lesser. False where one cannot be read.
func decimals(a, b v1alpha1.Decimal) (int, bool) {
	x, okX := new(big.Rat).SetString(string(a))
	y, okY := new(big.Rat).SetString(string(b))
	if !okX || !okY {
		return 0, false
	}
	return x.Cmp(y), true
}

// reordered reports whether names that both lists have are in another order.
func reordered[T any](before, after []T, name func(*T) string) bool {
	last := -1
	for i := range after {
		at := slices.IndexFunc(before, func(x T) bool { return name(&x) == name(&after[i]) })
		if at < 0 {
			continue
		}
		if at < last {
			return true
		}
		last = at
	}
	return false
}

// names of a list, in its order.
func names[T any](list []T, name func(*T) string) []string {
	all := make([]string, len(list))
	for i := range list {
		all[i] = name(&list[i])
	}
	return all
}
