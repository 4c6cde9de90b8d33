// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package enforcement

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

const (
	// defaultUnavailable and defaultEvict are those of the API, in percent and in seconds.
	defaultUnavailable = 25
	defaultEvict       = 600
	// lateness is how long after its time a pod on its way out still counts as such. One that is not gone by then is on a
	// node that does not answer, and must not keep others from going.
	lateness = time.Minute
)

// departure is a unit that has to go in its turn, and why.
type departure struct {
	unit            *unit
	reason, message string
	// lost: its exposure was lost. Otherwise it is above a ceiling.
	lost bool
}

// wave takes away, at the policy's pace, what serves above a ceiling and what was lost for good: whole units, the newest
// first. Of the units that served when it began no more than the policy's share is on its way at once. Pods are evicted at
// first, and deleted after a time: held replacements are never ready, so that a budget would let none go any more. What
// is asked for and refused is asked for again, and what replaces them is held.
func (e enforcement) wave(plan *Plan) []Removal {
	due := e.due()
	if len(due) == 0 {
		if !e.decided() {
			// What is on its way goes on when something is known again, and does not begin anew.
			plan.Removal = e.scene.Memory.Removal
		}
		return nil
	}
	plan.Removal = e.removal()
	began := plan.Removal.StartTime.Time
	if until, waits := e.awaits(began); waits {
		due = slices.DeleteFunc(due, func(d departure) bool {
			if d.lost {
				e.progress.waits(d.unit.taken(), until, d.message)
			}
			return d.lost
		})
		plan.again(e.scene.Now, until)
	}
	ends := e.evictedUntil(plan.Removal)
	plan.again(e.scene.Now, ends)
	var all []Removal
	for _, d := range e.next(due, *plan.Removal.Units) {
		d.unit.leaves = true
		for _, pod := range d.unit.serving {
			all = append(all, Removal{PodRef: pod.ref(), Reason: d.reason, Message: d.message, Evict: e.scene.Now.Before(ends)})
		}
	}
	for _, d := range due {
		e.progress.goes(d.unit.taken(), d.message)
	}
	if at := e.late(); !at.IsZero() {
		plan.again(e.scene.Now, at)
	}
	return all
}

// removal is the one that is on its way, or one that begins. One from the future was made by another clock.
func (e enforcement) removal() *v1alpha1.RemovalStatus {
	if had := e.scene.Memory.Removal; had != nil {
		return &v1alpha1.RemovalStatus{StartTime: *timeOf(new(earlier(had.StartTime.Time, e.scene.Now))), Units: new(or(had.Units, 0))}
	}
	var units int32
	for _, u := range e.units {
		units += u.taken()
	}
	return &v1alpha1.RemovalStatus{StartTime: *timeOf(&e.scene.Now), Units: &units}
}

// removals is what the policy says about the pace.
func (e enforcement) removals() v1alpha1.Removals {
	if e.scene.Policy == nil || e.scene.Policy.Spec.Removals == nil {
		return v1alpha1.Removals{}
	}
	return *e.scene.Policy.Spec.Removals
}

// evictedUntil is until when budgets are asked.
func (e enforcement) evictedUntil(removal *v1alpha1.RemovalStatus) time.Time {
	return removal.StartTime.Add(time.Duration(or(e.removals().EvictSeconds, defaultEvict)) * time.Second)
}

// atOnce is how many units may be on their way at once.
func (e enforcement) atOnce(units int32) int32 {
	percent := int64(or(e.removals().MaxUnavailablePercent, defaultUnavailable))
	return int32(max(1, (int64(units)*percent+99)/100))
}

// next are those that go now: as many as the pace leaves room for beside what is on its way, those first of which some pods
// are. One that takes more than all the room goes alone.
func (e enforcement) next(due []departure, units int32) []departure {
	slices.SortStableFunc(due, func(a, b departure) int {
		return cmp.Or(cmp.Compare(begun(b.unit), begun(a.unit)), older(b.unit.serving[0], a.unit.serving[0]))
	})
	free := e.atOnce(units) - e.leaving()
	alone := free == e.atOnce(units)
	for i, d := range due {
		if takes := d.unit.taken(); takes <= free {
			free -= takes
		} else if i == 0 && alone {
			return due[:1]
		} else {
			return due[:i]
		}
	}
	return due
}

// begun is 1 where a pod of the unit is on its way out.
func begun(u *unit) int {
	if len(u.ending) > 0 || slices.ContainsFunc(u.serving, func(pod Pod) bool { return pod.Ending }) {
		return 1
	}
	return 0
}

// leaving are the units that are on their way out, for whatever reason, and not late.
func (e enforcement) leaving() int32 {
	var all int32
	for _, u := range e.units {
		if !slices.ContainsFunc(u.ending, e.isLate) {
			all += u.leaving()
		}
	}
	return all
}

func (e enforcement) isLate(pod Pod) bool {
	return !pod.Ends.IsZero() && !e.scene.Now.Before(pod.Ends.Add(lateness))
}

// late is when the first of what is on its way becomes late; zero when nothing does.
func (e enforcement) late() time.Time {
	var first time.Time
	for _, u := range e.units {
		for _, pod := range u.ending {
			if at := pod.Ends.Add(lateness); !pod.Ends.IsZero() && !e.isLate(pod) && (first.IsZero() || at.Before(first)) {
				first = at
			}
		}
	}
	return first
}

// due are the units that have to go in their turn.
func (e enforcement) due() []departure {
	var all []departure
	for _, exposure := range slices.Sorted(maps.Keys(e.ceilings)) {
		all = append(all, e.excess(exposure)...)
	}
	if e.record == nil {
		return all
	}
	for _, s := range e.record.Serving {
		reason, message := e.expels(s.Exposure)
		for _, u := range e.newest(s.Exposure) {
			if reason != "" {
				all = append(all, departure{u, reason, message, true})
			}
		}
	}
	return all
}

// expels says why what serves a lost exposure has to go in its turn; empty where it does not: for what is absent, within the
// grace, where the policy keeps it, and what goes at once.
func (e enforcement) expels(exposure string) (reason, message string) {
	_, lost := e.servedOf(exposure)
	l, end := e.lossOf(exposure), e.graceOf(exposure)
	if !lost || end == nil || e.scene.Now.Before(end.Time) {
		return "", ""
	}
	const goes = ": the newest go first, and what replaces them is held"
	switch {
	case l.cause == v1alpha1.WithdrawalLapsed && e.lapse().Then != v1alpha1.LapseKeep:
		return v1alpha1.ReasonEvidenceExpired, fmt.Sprintf("the evidence for exposure %s ended at %s, and the grace after it at %s",
			exposure, stamp(l.ended), stamp(end.Time)) + goes
	case l.cause == v1alpha1.WithdrawalRevoked:
		return v1alpha1.ReasonRevoked, fmt.Sprintf("what exposure %s rests on was revoked, and the grace after it ended at %s",
			exposure, stamp(end.Time)) + goes
	}
	return "", ""
}

// excess is what serves above a ceiling that was lowered, and above what rollouts have beyond it: no more than the difference,
// unless every unit takes more: a unit is not taken apart. Nothing goes while growth is withheld, since the replacements might
// not be held then; nor what got its node before the release was cleared here, since nobody let it pass a ceiling. What
// is adrift neither counts nor goes.
func (e enforcement) excess(exposure string) []departure {
	since, cleared := e.since()
	if !cleared || e.withheld() || !e.granted(exposure) {
		return nil
	}
	serving, ceiling := e.serving(exposure)-e.adrift(exposure), e.ceilings[exposure]
	places := serving - ceiling - e.successions(exposure).room(ceiling)
	if places <= 0 {
		return nil
	}
	message := fmt.Sprintf("exposure %s allows %d of one release to serve, and more do: the newest goes, and what replaces it is held", exposure, ceiling)
	var all, larger []departure
	for _, u := range e.newest(exposure) {
		d := departure{unit: u, reason: v1alpha1.ReasonAboveCeiling, message: message}
		switch {
		case slices.ContainsFunc(u.serving, func(pod Pod) bool { return pod.Adrift || !pod.Started.IsZero() && pod.Started.Before(since) }):
		case u.taken() <= places:
			places -= u.taken()
			all = append(all, d)
		default:
			larger = append(larger, d)
		}
	}
	if len(all) == 0 {
		return larger[:min(len(larger), 1)]
	}
	return all
}

// newest are the units that serve an exposure, those of which something is on its way out first, and then the newest.
func (e enforcement) newest(exposure string) []*unit {
	var all []*unit
	for _, key := range slices.Sorted(maps.Keys(e.units)) {
		if u := e.units[key]; u.exposure == exposure && len(u.serving) > 0 {
			all = append(all, u)
		}
	}
	slices.SortStableFunc(all, func(a, b *unit) int {
		return cmp.Or(cmp.Compare(begun(b), begun(a)), older(b.serving[0], a.serving[0]))
	})
	return all
}

// stamp is a time as messages tell it.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
