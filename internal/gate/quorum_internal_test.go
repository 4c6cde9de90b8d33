// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// most is the greatest number of places that distinct people can fill, by trying everything: each person in turn takes a place
// of one of their roles, or none.
func most(left []int, roles [][]int) int {
	if len(roles) == 0 {
		return 0
	}
	best := most(left, roles[1:])
	for _, role := range roles[0] {
		if left[role] > 0 {
			left[role]--
			best = max(best, 1+most(left, roles[1:]))
			left[role]++
		}
	}
	return best
}

func TestAsManyDistinctPeopleAsThereAreAreSeated(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 3000 {
		quorum := make([]v1alpha1.RoleQuorum, 1+random.IntN(3))
		left := make([]int, len(quorum))
		need := 0
		for i := range quorum {
			quorum[i] = v1alpha1.RoleQuorum{Role: "r" + strconv.Itoa(i), Count: int32(1 + random.IntN(3))}
			left[i] = int(quorum[i].Count)
			need += left[i]
		}
		roles := make([][]int, random.IntN(7))
		seats := newSeating(quorum)
		for range random.IntN(14) {
			if len(roles) == 0 {
				break
			}
			person, role := random.IntN(len(roles)), random.IntN(len(quorum))
			roles[person] = append(roles[person], role)
			seats.admit(&vote{role: role, person: strconv.Itoa(person)})
		}
		if want := most(left, roles); need-seats.vacant != want || len(seats.taken) != want {
			t.Fatalf("%d of %d places are filled and %d people are seated, want %d: %+v, people %v", need-seats.vacant, need, len(seats.taken), want, quorum, roles)
		}
		seen, filled := map[string]bool{}, make([]int, len(quorum))
		for _, v := range seats.taken {
			if seen[v.person] {
				t.Fatalf("%s is seated twice", v.person)
			}
			seen[v.person] = true
			filled[v.role]++
		}
		for i := range quorum {
			if filled[i]+seats.left[i] != int(quorum[i].Count) {
				t.Fatalf("%d of role %d are seated and %d places left of %d", filled[i], i, seats.left[i], quorum[i].Count)
			}
		}
	}
}
