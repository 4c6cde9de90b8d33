// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"slices"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// Signature is one person who signs in one role.
type Signature struct {
	Person, Role string
}

// Lacking are how many people of which roles a quorum lacks, in its order; empty when it is complete. Nobody counts twice, in
// whichever roles they sign; a signature in a role that the quorum does not ask counts for nothing.
func Lacking(quorum []v1alpha1.RoleQuorum, signed []Signature) []v1alpha1.RoleQuorum {
	seats := newSeating(quorum)
	for _, s := range signed {
		role := slices.IndexFunc(quorum, func(q v1alpha1.RoleQuorum) bool { return q.Role == s.Role })
		if role >= 0 {
			seats.admit(&vote{role: role, person: s.Person})
		}
	}
	var short []v1alpha1.RoleQuorum
	for _, s := range seats.lacking() {
		short = append(short, v1alpha1.RoleQuorum{Role: s.role, Count: int32(s.count)})
	}
	return short
}
