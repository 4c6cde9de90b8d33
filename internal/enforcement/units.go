// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package enforcement

import (
	"cmp"
	"maps"
	"slices"
)

// unit is what serves together and counts once: the pods of one group that claim one exposure, or one pod.
type unit struct {
	exposure string
	// size is the most pods that count as one; 0 where nothing says, and then each counts.
	size int32
	// held are its pods that wait, the oldest first.
	held []Pod
	// serving are its pods that are not held.
	serving int32
	// named: one of its pods matches by itself, and so names every artifact.
	named bool
}

// unitOf is the key of the unit that a pod belongs to.
func unitOf(pod Pod) string {
	if pod.Unit.Key == "" {
		return "pod/" + pod.Name
	}
	return "unit/" + pod.Exposure + "/" + pod.Unit.Key
}

// group puts the pods that are not gone into units.
func (e enforcement) group() map[string]*unit {
	all := map[string]*unit{}
	for _, pod := range e.scene.Pods {
		if pod.Gone {
			continue
		}
		key := unitOf(pod)
		if all[key] == nil {
			all[key] = &unit{exposure: pod.Exposure, size: pod.Unit.Size}
		}
		u := all[key]
		u.named = u.named || pod.Verdict.Matches()
		if pod.Held {
			u.held = append(u.held, pod)
		} else {
			u.serving++
		}
	}
	for _, u := range all {
		slices.SortFunc(u.held, older)
	}
	return all
}

// older orders pods by age; those of one moment by name.
func older(a, b Pod) int {
	return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.Name, b.Name))
}

// matches tells whether a pod of the unit matches, by itself or beside one that names what it does not.
func (u *unit) matches(pod Pod) bool {
	return pod.Verdict.Matches() || u.named && pod.Verdict.matchesBeside()
}

// mismatch says where a pod differs; empty when it matches or was not examined.
func (e enforcement) mismatch(pod Pod) string {
	if u := e.units[unitOf(pod)]; u != nil && u.matches(pod) {
		return ""
	}
	return pod.Verdict.says()
}

// places are how many of a ceiling so many pods of the unit take: one where the unit's size bounds them, and else one
// for each pod.
func (u *unit) places(pods int32) int32 {
	if u.size > 0 {
		return min(pods, 1)
	}
	return pods
}

// open lifts the gates of held pods, those of the oldest unit first, up to the ceiling of the exposure they claim.
// The pods of a unit that does not serve yet are opened together or not at all.
func (e enforcement) open(plan *Plan) {
	if e.withheld() {
		return
	}
	serving := map[string]int32{}
	var waiting []*unit
	for _, key := range slices.Sorted(maps.Keys(e.units)) {
		u := e.units[key]
		serving[u.exposure] += u.places(u.serving)
		if len(u.held) > 0 && e.granted(u.exposure) {
			waiting = append(waiting, u)
		}
	}
	slices.SortStableFunc(waiting, func(a, b *unit) int { return older(a.held[0], b.held[0]) })
	for _, u := range waiting {
		ceiling, counted := e.ceilings[u.exposure]
		opened := u.openings(counted, ceiling-serving[u.exposure])
		serving[u.exposure] += u.places(u.serving+int32(len(opened))) - u.places(u.serving)
		plan.Opens = append(plan.Opens, opened...)
	}
}

// openings are the pods of a unit that may be opened. Where units are counted, and so many places are free, what is
// more than a unit or than the places stays held.
func (u *unit) openings(counted bool, free int32) []PodRef {
	starts, most := u.serving == 0, int32(len(u.held))
	if starts && slices.ContainsFunc(u.held, func(pod Pod) bool { return !u.matches(pod) }) {
		return nil
	}
	switch {
	case !counted:
	case starts && u.places(most) > free:
		return nil
	case u.size > 0:
		most = u.size - u.serving
	default:
		most = free
	}
	var all []PodRef
	for _, pod := range u.held {
		if int32(len(all)) < most && u.matches(pod) {
			all = append(all, pod.ref())
		}
	}
	return all
}
