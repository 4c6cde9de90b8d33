// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package enforcement

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/types"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// open lifts the gates of held pods: all that match where nothing is counted, and else as many as have a place. The
// pods of a unit that does not serve yet are opened together or not at all.
func (e enforcement) open(plan *Plan) {
	if e.withheld() {
		return
	}
	var waiting []*unit
	for _, key := range slices.Sorted(maps.Keys(e.units)) {
		if u := e.units[key]; len(u.held) > 0 && e.granted(u.exposure) {
			waiting = append(waiting, u)
		}
	}
	slices.SortStableFunc(waiting, func(a, b *unit) int { return older(a.held[0], b.held[0]) })
	counted := map[string][]*unit{}
	for _, u := range waiting {
		if _, limited := e.ceilings[u.exposure]; limited {
			counted[u.exposure] = append(counted[u.exposure], u)
		} else {
			u.open(u.next(false, 0))
		}
	}
	for exposure, units := range counted {
		e.fill(exposure, units)
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
	ceiling := e.ceilings[exposure]
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
	if free <= 0 {
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

// shrink removes what serves above a ceiling that was lowered, and above what rollouts have beyond it: the newest units
// first, whole, no more than the difference, and at most one of each workload at a time. What replaces them is held, and takes
// no place. Nothing is removed while growth is withheld, since the replacements might not be held then; nor what got
// its node before the release was cleared here, since nobody let it pass a ceiling. What is adrift neither counts nor goes.
func (e enforcement) shrink() []Removal {
	since, cleared := e.since()
	if !cleared || e.withheld() {
		return nil
	}
	var all []Removal
	for _, exposure := range slices.Sorted(maps.Keys(e.ceilings)) {
		serving, ceiling := e.serving(exposure)-e.adrift(exposure), e.ceilings[exposure]
		excess := serving - ceiling - e.successions(exposure).room(ceiling)
		if excess <= 0 || !e.granted(exposure) {
			continue
		}
		message := fmt.Sprintf("exposure %s allows %d of one release to serve, and %d do: the newest goes, and what replaces it is held", exposure, ceiling, serving)
		for _, u := range e.newest(exposure, excess, func(pod Pod) bool {
			return !pod.Adrift && (pod.Started.IsZero() || !pod.Started.Before(since))
		}) {
			u.leaves = true
			for _, pod := range u.serving {
				all = append(all, Removal{PodRef: pod.ref(), Reason: v1alpha1.ReasonAboveCeiling, Message: message})
			}
		}
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

// newest are the newest units that serve an exposure and may go, up to the second of one workload, which take no more
// places than so many. Where each takes more, the newest goes: a unit is not taken apart.
func (e enforcement) newest(exposure string, places int32, may func(Pod) bool) []*unit {
	var all []*unit
	for _, key := range slices.Sorted(maps.Keys(e.units)) {
		u := e.units[key]
		stays := slices.ContainsFunc(u.serving, func(pod Pod) bool { return !may(pod) })
		if u.exposure == exposure && len(u.serving) > 0 && !stays {
			all = append(all, u)
		}
	}
	slices.SortStableFunc(all, func(a, b *unit) int { return older(b.serving[0], a.serving[0]) })
	var going []*unit
	paced := map[types.UID]bool{}
	for _, u := range all {
		if paced[u.workload] {
			break
		}
		if u.taken() <= places {
			paced[u.workload] = true
			places -= u.taken()
			going = append(going, u)
		}
	}
	if len(going) == 0 && len(all) > 0 {
		going = all[:1]
	}
	return going
}
