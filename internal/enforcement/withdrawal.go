// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package enforcement

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// maxServing is how many exposures the record of a withdrawal holds.
const maxServing = 8

// satisfied: the release is granted what it asks for.
func (e enforcement) satisfied() bool { return e.decision.Reason == v1alpha1.ReasonEvidenceComplete }

// fresh tells whether what was granted last time is not any more, though the release asks for more than it gets, or
// something serves it still: to ask for less, before evidence ends or after, is no way to keep what serves.
func (e enforcement) fresh() bool {
	granted := e.scene.Memory.Granted
	return granted != "" && !e.granted(granted) &&
		(!e.satisfied() || e.serves(func(exposure string) bool { return slices.Contains(e.lostUpTo(granted), exposure) }))
}

// stands is the record of an earlier plan, while it is not over; nil when there is none. It is over when the exposure is
// granted again. Where the release only asks for less it is over once nothing serves that was lost: to ask for less is no
// way to keep what has to go. And where nothing serves any more what it is about, a new loss is another record.
func (e enforcement) stands() *v1alpha1.Withdrawal {
	had := e.scene.Memory.Withdrawal
	switch {
	case had == nil, e.granted(had.Exposure), e.satisfied() && !e.serves(func(exposure string) bool {
		return slices.ContainsFunc(had.Serving, func(s v1alpha1.ServingUnits) bool { return s.Exposure == exposure })
	}):
		return nil
	case e.fresh() && (had.EnforcedTime != nil || e.decided() && e.rank(had.Exposure) < 0):
		return nil
	}
	return had
}

// serves tells whether a pod serves such an exposure. One that is on its way out may serve still.
func (e enforcement) serves(such func(exposure string) bool) bool {
	return slices.ContainsFunc(e.scene.Pods, func(pod Pod) bool {
		return !pod.Held && (!pod.Gone || pod.Ending) && such(pod.Exposure)
	})
}

// withdrawal is the record of what was granted and is not any more; nil when there is nothing to record. What never was granted
// has none, and in a namespace that is not enforced nothing has.
func (e enforcement) withdrawal() *v1alpha1.Withdrawal {
	had, fresh := e.had, e.fresh()
	if !e.governed() || had == nil && !fresh {
		return nil
	}
	w := &v1alpha1.Withdrawal{Exposure: e.scene.Memory.Granted, SubjectDigest: e.scene.Memory.Subject}
	if had != nil && (!fresh || e.rank(had.Exposure) >= e.rank(w.Exposure)) {
		w.Exposure, w.SubjectDigest = had.Exposure, had.SubjectDigest
	}
	lost := e.lostNow(w.Exposure)
	w.Cause, w.Severity, w.Time, w.EvidenceEndTime = lost.Cause, lost.Severity, *lost.Time, lost.EvidenceEndTime
	if !e.satisfied() {
		w.GraceEndTime = e.graceOf(w.Exposure)
	}
	w.Serving = e.served(w)
	if !e.serves(func(exposure string) bool { return !e.granted(exposure) }) {
		w.EnforcedTime = timeOf(&e.scene.Now)
		if had != nil && had.EnforcedTime != nil {
			w.EnforcedTime = had.EnforcedTime
		}
	}
	return w
}

// served are the units that served each exposure when it was lost, those that the record has and those that serve now of what
// is lost since; and how it was lost, where that is not as the record as a whole says. They are sorted by name.
func (e enforcement) served(w *v1alpha1.Withdrawal) []v1alpha1.ServingUnits {
	names := e.lostUpTo(w.Exposure)
	if e.had != nil {
		for _, s := range e.had.Serving {
			if !e.granted(s.Exposure) {
				names = append(names, s.Exposure)
			}
		}
	}
	slices.Sort(names)
	var all []v1alpha1.ServingUnits
	for _, name := range slices.Compact(names) {
		s := e.lostNow(name)
		if s.Time.Equal(&w.Time) && s.Cause == w.Cause && s.Severity == w.Severity && s.EvidenceEndTime.Equal(w.EvidenceEndTime) {
			s = v1alpha1.ServingUnits{Exposure: name}
		}
		s.Units = new(e.unitsServed(name))
		all = append(all, s)
	}
	return all[:min(len(all), maxServing)]
}

// unitsServed are the units that served an exposure when it was lost. Where something has to go at once it is 0 for
// good; and where a grace is over: another cause gives no other one. Pods of which nobody knows how many places they
// take are left out.
func (e enforcement) unitsServed(exposure string) int32 {
	before, lost := e.lostBefore(exposure)
	l := e.lossOf(exposure)
	if l.final() {
		return 0
	}
	if !lost || !slices.ContainsFunc(e.had.Serving, func(s v1alpha1.ServingUnits) bool { return s.Exposure == exposure }) {
		return e.serving(exposure) - e.adrift(exposure)
	}
	changed := e.decided() && (before.Cause != l.cause || before.Severity != l.severity)
	end := e.graceEnd(loss{cause: before.Cause, severity: before.Severity}, before.Time.Time)
	if changed && end != nil && !e.scene.Now.Before(end.Time) {
		return 0
	}
	return or(before.Units, 0)
}

// lostUpTo are an exposure and the lower ones that are not granted: who was granted it was granted those.
func (e enforcement) lostUpTo(exposure string) []string {
	highest := e.rank(exposure)
	if highest < 0 {
		return []string{exposure}
	}
	var all []string
	for _, x := range e.scene.Policy.Spec.Exposures[:highest+1] {
		if !e.granted(x.Name) {
			all = append(all, x.Name)
		}
	}
	return all
}

// timeOf is a time as a status holds it, in whole seconds; nil where there is none.
func timeOf(t *time.Time) *metav1.Time {
	if t == nil {
		return nil
	}
	return new(metav1.NewTime(t.UTC().Truncate(time.Second)))
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// or is a number, or what its omission means.
func or(n *int32, omitted int32) int32 {
	if n == nil {
		return omitted
	}
	return *n
}
