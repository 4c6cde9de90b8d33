// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package watcher

import (
	"cmp"
	"slices"
	"time"
)

// Take judges what was written until a moment, by all that it was told, which may come in any order. What is newer waits
// for the next call: something from before it may not have been told yet.
func (w *Watcher) Take(events []Event, until time.Time) {
	w.waiting = w.order(append(w.waiting, events...))
	for len(w.waiting) > 0 && !w.waiting[0].Answered.After(until) {
		e := w.waiting[0]
		w.waiting = w.waiting[1:]
		w.judge(&e)
	}
}

// order puts events in the order in which they were written, and sets the time of each to the latest that it can be: a
// write came before every other that has a higher resourceVersion, and so before the answer to that one. The time of its
// own answer is not enough. A request that changes nothing is answered with the resourceVersion of an older write, and so
// is one that is made again after its answer was lost; and what was read was written some time before.
func (w *Watcher) order(events []Event) []Event {
	at := w.at
	for i := range events {
		// What has no resourceVersion keeps its place.
		if events[i].RV == 0 {
			events[i].RV = at
		}
		at = max(at, events[i].RV)
	}
	// What the log has is known better than what was read.
	slices.SortStableFunc(events, func(a, b Event) int {
		return cmp.Or(cmp.Compare(a.RV, b.RV), cmp.Compare(b.User, "")-cmp.Compare(a.User, ""))
	})
	for i := len(events) - 2; i >= 0; i-- {
		if later := events[i+1].Answered; events[i].Answered.After(later) {
			events[i].Answered = later
		}
	}
	return events
}

// judge judges the next event.
func (w *Watcher) judge(e *Event) {
	w.at = max(w.at, e.RV)
	// Of what was read, and of what was asked for once more, it is not known when it was asked for: after what was
	// written before, at the earliest.
	if e.Received.IsZero() || e.Received.After(e.Answered) {
		e.Received = w.now
	}
	if e.Answered.After(w.now) {
		w.now = e.Answered
	}
	if e.User == w.Controller && (e.Namespace == w.Ungoverned || e.Resource == "namespaces" && e.Name == w.Ungoverned) {
		w.violated(UngovernedTouched, e.object(), "Scalegate wrote it: "+e.Verb+" "+e.Subresource, "none is asked for")
	}
	if !w.known(e) {
		w.take(e)
	}
}

// known tells whether the watcher has seen an object in this version or a later one, and notes that it has now.
func (w *Watcher) known(e *Event) bool {
	if len(e.Object) == 0 {
		return false
	}
	if e.RV <= w.seen[e.object()] {
		return true
	}
	w.seen[e.object()] = e.RV
	return false
}
