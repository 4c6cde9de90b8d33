// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package enforcement

import (
	"slices"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/clearance"
)

// atMost cuts a clearance down to one that stands: it ends no later, and grants nothing that is not granted yet.
func (e enforcement) atMost(want, have clearance.Clearance) clearance.Clearance {
	if have.End.Before(want.End) {
		want.End = have.End
	}
	if e.rank(want.Exposure) > e.rank(have.Exposure) {
		want.Exposure = have.Exposure
	}
	want.Owners, want.Digests = both(want.Owners, have.Owners), both(want.Digests, have.Digests)
	if have.Mode == clearance.Counted || len(want.Owners) == 0 {
		want.Mode, want.Owners = clearance.Counted, nil
	}
	return want
}

// shrunk is what a clearance that stands is cut down to where something of it goes and nothing comes but a later end, which the
// next look writes: so it can be written at any time. false where something comes, or nothing goes.
func (e enforcement) shrunk(want clearance.Clearance, present string) (less clearance.Clearance, is bool) {
	have, err := clearance.Parse(present)
	if err != nil || !want.Since.Equal(have.Since) || e.rank(want.Exposure) < 0 || e.rank(have.Exposure) < 0 ||
		want.End.After(have.End) && !have.End.After(e.scene.Now) {
		return want, false
	}
	less = e.atMost(want, have)
	longer := less
	longer.End = want.End
	return less, longer.String() == want.String() && less.String() != have.String()
}

// rank is the place of an exposure among those of the policy, from the least; -1 when it has none.
func (e enforcement) rank(exposure string) int {
	if e.scene.Policy == nil {
		return -1
	}
	return slices.IndexFunc(e.scene.Policy.Spec.Exposures, func(x v1alpha1.Exposure) bool { return x.Name == exposure })
}

// both are the items of a that are in b too.
func both[T comparable](a, b []T) []T {
	return slices.DeleteFunc(slices.Clone(a), func(item T) bool { return !slices.Contains(b, item) })
}
