// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package enforcement

import (
	"cmp"
	"slices"

	"k8s.io/apimachinery/pkg/types"
)

// unit is what serves together and counts once: the pods of one group that claim one exposure, or one pod.
type unit struct {
	exposure string
	// workload is the UID of what its pods belong to in the end, in the eyes of a ceiling: one parent.
	workload types.UID
	// size is the most pods that count as one; 0 where nothing says, and then each counts.
	size int32
	// held are its pods that wait, serving those that are not held, and opened those that this plan opens; the oldest first.
	held, serving, opened []Pod
	// ending are its pods that are being deleted and may serve still.
	ending []Pod
	// named: one of its pods matches by itself, and so names every artifact.
	named bool
	// leaves: this plan removes it.
	leaves bool
}

// unitOf is the key of the unit that a pod belongs to.
func unitOf(pod Pod) string {
	if pod.Unit.Key == "" {
		return "pod/" + pod.Name
	}
	return "unit/" + pod.Exposure + "/" + pod.Unit.Key
}

// group puts the pods that are not gone, and those on their way out that may serve still, into units.
func (e enforcement) group() map[string]*unit {
	all := map[string]*unit{}
	for _, pod := range e.scene.Pods {
		if pod.Gone && (pod.Held || !pod.Ending) {
			continue
		}
		key := unitOf(pod)
		if all[key] == nil {
			all[key] = &unit{exposure: pod.Exposure, workload: e.workloadOf(pod), size: pod.Unit.Size}
		}
		u := all[key]
		switch {
		case pod.Gone:
			u.ending = append(u.ending, pod)
			continue
		case pod.Held:
			u.held = append(u.held, pod)
		default:
			u.serving = append(u.serving, pod)
		}
		u.named = u.named || pod.Verdict.Matches()
	}
	for _, u := range all {
		slices.SortFunc(u.held, older)
		slices.SortFunc(u.serving, older)
	}
	return all
}

// workloadOf is the UID of the workload that a pod belongs to; of one that nothing controls, its own.
func (e enforcement) workloadOf(pod Pod) types.UID {
	if pod.Owner.UID == "" {
		return pod.UID
	}
	top, _ := topOf(pod.Owner, e.scene.Owners, func(Owner) bool { return false })
	return top.UID
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
	if u := e.units[unitOf(pod)]; pod.Verdict.Mismatch == "" && pod.Verdict.Unguarded != "" && u != nil && u.named {
		return ""
	}
	return pod.Verdict.says()
}

// places are how many of a ceiling so many pods of the unit take: one where the unit's size bounds them, and else one
// for each pod.
func (u *unit) places(pods int) int32 {
	if u.size > 0 {
		return int32(min(pods, 1))
	}
	return int32(pods)
}

// taken are the places that the unit has, and gets by this plan.
func (u *unit) taken() int32 { return u.places(len(u.serving) + len(u.opened)) }

// leaving are the places of the unit that are on their way out: of one whose size bounds it only when no pod of it stays.
func (u *unit) leaving() int32 {
	if u.size > 0 && len(u.serving)+len(u.opened) > 0 {
		return 0
	}
	return u.places(len(u.ending))
}

// starts tells whether none of its pods serves yet.
func (u *unit) starts() bool { return len(u.serving)+len(u.opened) == 0 }

// next are the pods of the unit that are to be opened next: of one that starts all at once or none. Where units are
// counted, so many places are free; what is more than a unit or than the places stays held.
func (u *unit) next(counted bool, free int32) []Pod {
	if u.leaves || u.starts() && slices.ContainsFunc(u.held, func(pod Pod) bool { return !u.matches(pod) }) {
		return nil
	}
	most := len(u.held)
	switch {
	case !counted:
	case u.starts() && u.places(most) > free:
		return nil
	case u.size > 0:
		most = int(u.size) - len(u.serving) - len(u.opened)
	case !u.starts():
		most = int(min(free, 1))
	}
	var all []Pod
	for _, pod := range u.held {
		if len(all) < most && u.matches(pod) {
			all = append(all, pod)
		}
	}
	return all
}

// open opens pods of the unit, and says how many places that takes.
func (u *unit) open(pods []Pod) int32 {
	before := u.taken()
	u.opened = append(u.opened, pods...)
	u.held = slices.DeleteFunc(u.held, func(pod Pod) bool {
		return slices.ContainsFunc(pods, func(other Pod) bool { return other.UID == pod.UID && other.Name == pod.Name })
	})
	return u.taken() - before
}
