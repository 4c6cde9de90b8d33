// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package enforcement

import (
	"cmp"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/types"
)

// open lifts the gates of held pods: all that match where nothing is counted, and else as many as have a place, under a
// ceiling or within the grace of a withdrawal. The pods of a unit that does not serve yet are opened together or not at all.
func (e enforcement) open(plan *Plan) {
	if e.withheld() {
		return
	}
	var waiting []*unit
	for _, key := range slices.Sorted(maps.Keys(e.units)) {
		if u := e.units[key]; len(u.held) > 0 && e.admits(u.exposure) {
			waiting = append(waiting, u)
		}
	}
	slices.SortStableFunc(waiting, func(a, b *unit) int { return older(a.held[0], b.held[0]) })
	counted := map[string][]*unit{}
	for _, u := range waiting {
		if _, bounded := e.bound(u.exposure); bounded {
			counted[u.exposure] = append(counted[u.exposure], u)
		} else {
			u.open(u.next(false, 0))
		}
	}
	for exposure, units := range counted {
		e.fill(exposure, units)
		plan.Places = true
	}
	for _, u := range waiting {
		for _, pod := range u.opened {
			plan.Opens = append(plan.Opens, pod.ref())
		}
	}
}

// serving are the places of an exposure that are taken, by what serves and by what this plan opens.
func (e enforcement) serving(exposure string) int32 {
	var all int32
	for _, u := range e.units {
		if u.exposure == exposure {
			all += u.taken()
		}
	}
	return all
}

// queue are the units of one workload that wait for places, the first to come first.
type queue struct {
	workload types.UID
	units    []*unit
	// places that the workload has already.
	places int32
}

// fill gives out the free places of an exposure, to units that wait in the order of their age. A pod that comes to a
// unit of known size that serves takes none. A place goes to the workload that has the fewest; among equals, to the one
// whose unit waits longest. So each workload in turn gets one, and none that asks for many keeps others waiting. A unit
// that needs more places than are free is passed over. Nothing that serves is closed for something that waits.
func (e enforcement) fill(exposure string, waiting []*unit) {
	for _, u := range waiting {
		if u.size > 0 && !u.starts() {
			u.open(u.next(true, 0))
		}
	}
	ceiling, _ := e.bound(exposure)
	free := ceiling - e.serving(exposure)
	rollouts := e.successions(exposure)
	queues := e.queues(exposure, waiting, rollouts)
	for free > 0 && len(queues) > 0 {
		q := slices.MinFunc(queues, func(a, b *queue) int {
			return cmp.Or(
				cmp.Compare(a.places, b.places),
				older(a.units[0].held[0], b.units[0].held[0]),
				cmp.Compare(a.workload, b.workload))
		})
		u := q.units[0]
		took := u.open(u.next(true, free))
		free -= took
		q.places += took
		rollouts.began(u, took)
		if took == 0 || len(u.held) == 0 {
			q.units = q.units[1:]
		}
		queues = slices.DeleteFunc(queues, func(q *queue) bool { return len(q.units) == 0 })
	}
	// What was lost does not roll out, since it does not grow; but where to roll out is what mends it.
	if free <= 0 && (e.granted(exposure) || e.mends(exposure)) {
		rollouts.surge(-free, ceiling)
	}
}

// queues puts the units that wait for a place into one queue for each workload: successors in a rollout come before
// others of their workload, which are on their way out.
func (e enforcement) queues(exposure string, waiting []*unit, rollouts successions) []*queue {
	places := map[types.UID]int32{}
	for _, u := range e.units {
		if u.exposure == exposure {
			places[u.workload] += u.taken()
		}
	}
	byWorkload := map[types.UID]*queue{}
	for _, u := range waiting {
		if len(u.held) == 0 || u.size > 0 && !u.starts() {
			continue
		}
		if byWorkload[u.workload] == nil {
			byWorkload[u.workload] = &queue{workload: u.workload, places: places[u.workload]}
		}
		q := byWorkload[u.workload]
		q.units = append(q.units, u)
	}
	all := slices.Collect(maps.Values(byWorkload))
	for _, q := range all {
		slices.SortStableFunc(q.units, func(a, b *unit) int { return cmp.Compare(rollouts.rank(a), rollouts.rank(b)) })
	}
	return all
}

// adrift are the pods that serve an exposure of which nobody knows how many places they take: each counts for what is
// opened, and none for what is removed, since their group may be whole and count once.
func (e enforcement) adrift(exposure string) int32 {
	var all int32
	for _, u := range e.units {
		if u.exposure == exposure && slices.ContainsFunc(u.serving, func(pod Pod) bool { return pod.Adrift }) {
			all += u.taken()
		}
	}
	return all
}
