// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package enforcement

import (
	"cmp"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/types"
)

// succession is a Deployment, or another owner of ReplicaSets, while pods of its current ReplicaSet take over from those of older ones, at one exposure.
//
// A Deployment takes an old pod away only when a new one is ready. At the ceiling no new one would ever begin, so held
// successors are opened above it: for each Deployment no more than its surge, and no more than there are older pods
// that serve; and for all together no more than the ceiling once again. So of a ceiling C never more serve than
//
//	C + min(C, the sum of min(surge, older pods that serve) of the Deployments that roll out)
//
// What is above the ceiling is not known by name: it is the difference between what serves and the ceiling.
type succession struct {
	parent *Parent
	// older and newer are the pods that serve, of older ReplicaSets and of the current one.
	older, newer int32
	// waiting are the units of the pods of the current ReplicaSet that are held, the oldest first.
	waiting []*unit
}

// room is how many successors may serve above the ceiling.
func (s *succession) room() int32 { return max(min(s.parent.Surge, s.older), 0) }

// uses is how much of that so many successors that serve can be said to use. It is the same after a way back, which
// makes the older pods the current ones.
func (s *succession) uses(successors int32) int32 { return min(s.room(), successors) }

// asks is how many places the Deployment has a use for, between rollouts.
func (s *succession) asks(ceiling int32) int32 {
	if s.parent.Pods == nil {
		return ceiling
	}
	return min(*s.parent.Pods, ceiling)
}

// above is how many pods serve beyond what the Deployment asks for.
func (s *succession) above(ceiling int32) int32 { return s.older + s.newer - s.asks(ceiling) }

// successions are those at one exposure.
type successions struct {
	// all of them, by the UID of the Deployment.
	all map[types.UID]*succession
	// of are those in which units wait to take over.
	of map[*unit]*succession
}

// successions finds the Deployments that roll out: with pods that serve of a ReplicaSet that is not the current one.
func (e enforcement) successions(exposure string) successions {
	deployments, current := e.deployments()
	s := successions{map[types.UID]*succession{}, map[*unit]*succession{}}
	for _, key := range slices.Sorted(maps.Keys(e.units)) {
		u := e.units[key]
		if u.exposure != exposure {
			continue
		}
		for _, pod := range slices.Concat(u.held, u.serving) {
			if parent := deployments[pod.Owner.UID]; parent != nil && pod.Unit.Key == "" {
				s.count(u, pod, parent, current[parent.UID] == pod.Owner.UID)
			}
		}
	}
	maps.DeleteFunc(s.all, func(_ types.UID, r *succession) bool { return r.older == 0 })
	for _, r := range s.all {
		slices.SortStableFunc(r.waiting, func(a, b *unit) int { return older(a.held[0], b.held[0]) })
		for _, u := range r.waiting {
			s.of[u] = r
		}
	}
	return s
}

// count puts a pod of a Deployment where it belongs in its rollout.
func (s successions) count(u *unit, pod Pod, parent *Parent, current bool) {
	if s.all[parent.UID] == nil {
		s.all[parent.UID] = &succession{parent: parent}
	}
	r := s.all[parent.UID]
	switch {
	case !pod.Held && current:
		r.newer++
	case !pod.Held:
		r.older++
	case current:
		r.waiting = append(r.waiting, u)
	}
}

// deployments are the parents that control ReplicaSets of the scene, by the UID of the ReplicaSet, and the ReplicaSet
// that each rolls out: the one of its highest revision. One of which nobody knows that, since two have the same or none
// has one, is left out.
func (e enforcement) deployments() (of map[types.UID]*Parent, current map[types.UID]types.UID) {
	of, current = map[types.UID]*Parent{}, map[types.UID]types.UID{}
	parents, highest := map[types.UID]*Parent{}, map[types.UID]int64{}
	for i := range e.scene.Parents {
		parents[e.scene.Parents[i].UID] = &e.scene.Parents[i]
	}
	for _, rs := range e.scene.ReplicaSets {
		parent := parents[e.scene.Owners[rs.UID].UID]
		if parent == nil {
			continue
		}
		of[rs.UID] = parent
		switch {
		case rs.Revision < max(highest[parent.UID], 1):
		case rs.Revision == highest[parent.UID]:
			delete(current, parent.UID)
		default:
			highest[parent.UID], current[parent.UID] = rs.Revision, rs.UID
		}
	}
	maps.DeleteFunc(of, func(_ types.UID, parent *Parent) bool { return current[parent.UID] == "" })
	return of, current
}

// rank puts successors before others of their workload.
func (s successions) rank(u *unit) int {
	if s.of[u] != nil {
		return 0
	}
	return 1
}

// began counts places that a unit takes.
func (s successions) began(u *unit, places int32) {
	if r := s.of[u]; r != nil {
		r.newer += places
	}
}

// room is how many may serve above the ceiling in all.
func (s successions) room(ceiling int32) int32 {
	var all int64
	for _, r := range s.all {
		all += int64(r.room())
	}
	return int32(min(all, int64(ceiling)))
}

// withOne is how many may serve above the ceiling where one more successor of a Deployment does. Room that its owner does
// not use is nobody else's: it ends with the owner's rollout, and what was opened in it would have to go.
func (s successions) withOne(more *succession, ceiling int32) int32 {
	all := int64(more.uses(more.newer+1)) - int64(more.uses(more.newer))
	for _, r := range s.all {
		all += int64(r.uses(r.newer))
	}
	return int32(min(all, int64(ceiling)))
}

// surge opens held successors above the ceiling, where so many serve above it already: each Deployment in turn, the one
// that has the fewest beyond what it asks for first. What is paused does not take an old pod away, and gets none.
func (s successions) surge(above, ceiling int32) {
	rolling := slices.Collect(maps.Values(s.all))
	for ; ; above++ {
		rolling = slices.DeleteFunc(rolling, func(r *succession) bool { return !r.continues(ceiling) || above >= s.withOne(r, ceiling) })
		if len(rolling) == 0 {
			return
		}
		r := slices.MinFunc(rolling, func(a, b *succession) int {
			return cmp.Or(cmp.Compare(a.above(ceiling), b.above(ceiling)), older(a.waiting[0].held[0], b.waiting[0].held[0]),
				cmp.Compare(a.parent.UID, b.parent.UID))
		})
		u := r.waiting[0]
		s.began(u, u.open(u.next(true, 1)))
	}
}

// continues tells whether a successor may be opened above the ceiling, which is then the first that waits.
func (s *succession) continues(ceiling int32) bool {
	for len(s.waiting) > 0 && (len(s.waiting[0].held) == 0 || len(s.waiting[0].next(true, 1)) == 0) {
		s.waiting = s.waiting[1:]
	}
	return len(s.waiting) > 0 && !s.parent.Paused && s.parent.Mark == "" && s.above(ceiling) < s.room()
}
