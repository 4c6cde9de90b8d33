// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package enforcement

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"

	"k8s.io/apimachinery/pkg/types"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// crew is one workload and its serving units, while replicas are decided about.
type crew struct {
	uid types.UID
	// parent at the top of its chain; nil where nothing that was read asks for the units.
	parent *Parent
	// serves are its units that serve, or begin to by this plan; waits those that are held for the want of a place or a
	// grant; spoiled those that no place would help.
	serves, waits, spoiled int32
	// last is the highest number among those that serve, plus 1, where units have numbers.
	last int32
	// makers are the ReplicaSets, or what else made its pods.
	makers map[types.UID]bool
	// elsewhere: a pod of it claims another exposure than the workload does now.
	elsewhere bool
	// replicas are those of its spec, and after decisions of this plan; added are those that it gets back.
	replicas, added int32
	// memory is what its annotation says. known: it says something. stale: somebody scaled it since.
	memory       Scaled
	known, stale bool
	// limited: this plan scales it down.
	limited bool
}

// scales sets the replicas of workloads: down to what serves where the release asks for that, back to what their authors
// want, and those of the fallback up and back. It reads what the other parts of the plan have decided. While growth
// is withheld everything stays as it is.
func (e enforcement) scales(plan *Plan) {
	if !e.governed() || e.withheld() {
		return
	}
	crews := e.crews()
	for _, c := range crews {
		if c.scalable() {
			e.limit(plan, c)
		}
	}
	e.restore(plan, crews)
	e.standBy(plan)
}

// crews are the workloads at the top of their chains, those that say how many replicas they ask for in the order of
// the scene.
func (e enforcement) crews() []*crew {
	var all []*crew
	of := map[types.UID]*crew{}
	for i := range e.scene.Parents {
		p := &e.scene.Parents[i]
		if _, owned := e.scene.Owners[p.UID]; owned || p.Pods == nil {
			continue
		}
		c := &crew{uid: p.UID, parent: p, replicas: *p.Pods, makers: map[types.UID]bool{}}
		c.memory, c.known = ParseScaled(p.Scaled)
		c.stale = c.known && c.memory.Ours != c.replicas
		of[p.UID], all = c, append(all, c)
	}
	for _, key := range slices.Sorted(maps.Keys(e.units)) {
		u := e.units[key]
		c := of[u.workload]
		if c == nil {
			c = &crew{uid: u.workload, makers: map[types.UID]bool{}}
			of[u.workload], all = c, append(all, c)
		}
		e.count(c, u)
	}
	return all
}

// count adds a unit to its workload. What this plan removes serves until it is gone.
func (e enforcement) count(c *crew, u *unit) {
	number := int32(-1)
	for _, pod := range slices.Concat(u.serving, u.opened, u.held) {
		c.makers[pod.Owner.UID] = true
		c.elsewhere = c.elsewhere || c.parent != nil && pod.Exposure != c.parent.Exposure
		if c.parent != nil && pod.Owner.Kind == "StatefulSet" && (pod.Owner.UID == c.uid || e.scene.Owners[pod.Owner.UID].UID == c.uid) {
			number = pod.Ordinal
		}
	}
	switch {
	case u.taken() > 0 && number < 0:
		// Nobody knows which of the numbers it has.
		c.serves, c.last = c.serves+u.taken(), math.MaxInt32
	case u.taken() > 0:
		c.serves, c.last = c.serves+u.taken(), max(c.last, addUp(number, 1))
	case slices.ContainsFunc(u.held, func(pod Pod) bool { return e.mismatch(pod) != "" }):
		c.spoiled += u.places(len(u.held))
	default:
		c.waits += u.places(len(u.held))
	}
}

// scalable tells whether its replicas may be set at all.
func (c *crew) scalable() bool { return c.parent != nil && c.parent.Scalable }

// wish is what its author wants, without what was added for a release that it stands by for.
func (c *crew) wish() int32 {
	if c.known && !c.stale {
		return c.memory.Wish
	}
	return c.replicas
}

// wants are the replicas that it would have if nothing limited it.
func (c *crew) wants() int32 {
	if !c.known || c.stale {
		return c.replicas
	}
	if len(c.memory.For) > 0 {
		return max(c.memory.Wish, standby(*c.parent))
	}
	return c.memory.Wish
}

// least is below how many replicas it may not go, or something that serves would end. A StatefulSet and what is made of
// them take the highest number away, and every other kind a pod that has no node before one that has.
func (c *crew) least() int32 {
	if kind := c.parent.Kind.Kind; kind == "StatefulSet" || kind == "LeaderWorkerSet" {
		return c.last
	}
	return c.serves
}

// rolls tells whether pods of two templates are there: then a scale-down is shared between both, whatever serves.
func (c *crew) rolls() bool {
	return c.elsewhere || c.parent.Kind.Kind == "Deployment" && c.serves > 0 && len(c.makers) > 1
}

// reserved are the places that it has, or that its spec asks for and could use.
func (c *crew) reserved() int32 {
	if c.parent.Mark != "" && c.parent.Verdict.Examined && !c.parent.Verdict.Matches() {
		return c.serves
	}
	return max(addUp(c.replicas, c.added)-c.spoiled, c.serves)
}

// unlimited are the places of an exposure that is granted without a ceiling.
const unlimited = math.MaxInt32

// allowed are the places that an exposure has: as many as its ceiling, as may be replaced while a withdrawal's grace
// lasts, or none.
func (e enforcement) allowed(exposure string) int32 {
	if !e.admits(exposure) {
		return 0
	}
	if places, bounded := e.bound(exposure); bounded {
		return places
	}
	return unlimited
}

// limit scales a workload down that has units which wait for a place or a grant. What serves stays, and so does what has a
// place and has not begun to use it.
func (e enforcement) limit(plan *Plan, c *crew) {
	exposure := c.parent.Exposure
	places := e.allowed(exposure)
	if e.scene.LimitBy != v1alpha1.LimitByScaleReplicas || c.waits == 0 || places == unlimited || c.rolls() {
		return
	}
	target := max(c.least(), addUp(c.serves, max(0, places-e.serving(exposure))))
	if target >= c.replicas {
		return
	}
	message := fmt.Sprintf("exposure %s is not granted: scaled from %d to %d, and back when it is", exposure, c.replicas, target)
	if e.granted(exposure) {
		message = fmt.Sprintf("exposure %s allows %d of one release: scaled from %d to %d, and back when there are places",
			exposure, places, c.replicas, target)
	}
	memory := Scaled{Wish: c.wish(), Ours: target, For: c.memory.For}
	plan.Scales = append(plan.Scales, c.parent.scale(target, memory.remember(), message))
	c.replicas, c.memory, c.known, c.stale, c.limited = target, memory, true, false, true
}

// restore gives back what was taken: all of it where nothing limits, and else the places that no workload asks for, each
// in turn, the one that has the fewest first. Of what somebody scaled since there is nothing to give back.
func (e enforcement) restore(plan *Plan, crews []*crew) {
	e.share(crews)
	for _, c := range crews {
		if !c.scalable() || !c.known || c.limited {
			continue
		}
		memory := Scaled{Wish: c.memory.Wish, Ours: addUp(c.replicas, c.added), For: c.memory.For}
		message := fmt.Sprintf("scaled from %d to %d, of %d that its author wants", c.replicas, memory.Ours, memory.Wish)
		switch {
		case c.stale && len(memory.For) > 0:
			// Its author does not want what the fallback was brought up to. The release that it stands by for forgets it.
			continue
		case c.stale, c.added == 0 && memory.Wish < memory.Ours && len(memory.For) == 0:
			memory.Wish, message = memory.Ours, "somebody else set its replicas since they were set here: they stay"
		}
		if remember := memory.remember(); c.added > 0 || remember != c.parent.Scaled {
			plan.Scales = append(plan.Scales, c.parent.scale(memory.Ours, remember, message))
		}
	}
}

// share says how many replicas each workload gets back.
func (e enforcement) share(crews []*crew) {
	var short []*crew
	free := map[string]int64{}
	for _, c := range crews {
		if !c.scalable() || !c.known || c.limited || c.wants() <= c.replicas {
			continue
		}
		exposure := c.parent.Exposure
		if e.scene.LimitBy != v1alpha1.LimitByScaleReplicas || e.allowed(exposure) == unlimited {
			c.added = c.wants() - c.replicas
			continue
		}
		short = append(short, c)
		free[exposure] = int64(e.allowed(exposure)) - e.reserved(crews, exposure)
	}
	for {
		short = slices.DeleteFunc(short, func(c *crew) bool { return free[c.parent.Exposure] <= 0 || c.replicas+c.added >= c.wants() })
		if len(short) == 0 {
			return
		}
		c := slices.MinFunc(short, func(a, b *crew) int { return cmp.Compare(a.reserved(), b.reserved()) })
		c.added++
		free[c.parent.Exposure]--
	}
}

// reserved are the places of an exposure that workloads have, or ask for.
func (e enforcement) reserved(crews []*crew, exposure string) int64 {
	var all int64
	for _, c := range crews {
		if c.parent != nil && c.parent.Exposure == exposure {
			all += int64(c.reserved())
		}
	}
	// What nothing asks for, and what claims another exposure than its workload does by now.
	for _, u := range e.units {
		asked := slices.ContainsFunc(crews, func(c *crew) bool {
			return c.uid == u.workload && c.parent != nil && c.parent.Exposure == exposure
		})
		if u.exposure == exposure && !asked {
			all += int64(u.places(len(u.serving) + len(u.opened) + len(u.held)))
		}
	}
	return all
}

// tellScaled says of a workload that is scaled down why it is, and what its author wants. Of one whose replicas this plan sets
// it says nothing yet: an autoscaler may have it, and then they stay.
func (e enforcement) tellScaled(w *v1alpha1.WorkloadStatus, a *account, plan *Plan) {
	i := slices.IndexFunc(e.scene.Parents, func(p Parent) bool { return p.Kind.Kind == a.kind && p.Name == a.name && p.Pods != nil })
	if i < 0 || !e.governed() {
		return
	}
	p := e.scene.Parents[i]
	if slices.ContainsFunc(plan.Scales, func(s Scale) bool { return s.Kind == p.Kind && s.Name == p.Name }) {
		return
	}
	replicas := *p.Pods
	memory, known := ParseScaled(p.Scaled)
	if !known || memory.Ours != replicas || memory.Wish <= replicas {
		return
	}
	if w.Reason == "" {
		waits := *a
		waits.held++
		w.Reason, w.Message = e.heldBecause(&waits)
	}
	w.Message = fmt.Sprintf("its author wants %d replicas, and it is scaled to %d: %s", memory.Wish, memory.Ours, w.Message)
}

// scale is the change of the replicas of a workload.
func (p Parent) scale(replicas int32, remember, message string) Scale {
	return Scale{
		Kind: p.Kind, Version: p.Version, Name: p.Name, ResourceVersion: p.ResourceVersion,
		Replicas: replicas, Remember: remember, Message: message,
	}
}

// addUp adds without running over.
func addUp(a, b int32) int32 { return int32(min(int64(a)+int64(b), math.MaxInt32)) }
