// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package enforcement

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// maxNote is how many bytes a note has at most.
const maxNote = 256

// note says on each pod that stays held why it does. What a note says does not change but with its reason, so that pods are
// not written again and again; of a safeguard that the pod itself would break it says more, which changes with the pod.
func (e enforcement) note(plan *Plan) {
	if e.closing(plan) {
		return
	}
	for _, pod := range e.scene.Pods {
		leaves := slices.ContainsFunc(plan.Removals, func(r Removal) bool { return r.UID == pod.UID && r.Name == pod.Name })
		if !pod.Held || pod.Gone || leaves || slices.Contains(plan.Opens, pod.ref()) {
			continue
		}
		reason := e.podHeldBecause(pod)
		text := fmt.Sprintf("%s: release %s, exposure %s; see kubectl describe modelrelease %s",
			reason, e.scene.ReleaseName, pod.Exposure, e.scene.ReleaseName)
		same := strings.HasPrefix(pod.Note, reason+":")
		if reason == v1alpha1.ReasonSafeguardNotInPlace && pod.Verdict.Unguarded != "" {
			text = reason + ": " + pod.Verdict.Unguarded
			same = pod.Note == whole(text, maxNote)
		}
		if same {
			continue
		}
		plan.Notes = append(plan.Notes, Note{PodRef: pod.ref(), Text: whole(text, maxNote)})
	}
}

// manyClosing is from how many pods on that go at a time those in their place are told later why they are held.
const manyClosing = 20

// closes is how long what is taken away has to end. Who has longer was not taken, and is not waited for.
const closes = 30 * time.Second

// closing tells whether many pods go: are deleted by the plan, whatever was taken within the hour, or are to be gone soon.
// What comes in their place is held with the word that nobody has looked at it yet, and a note on each would keep the API
// server from what closes. It is looked at again when they should be gone.
func (e enforcement) closing(plan *Plan) bool {
	going := 0
	for _, r := range plan.Removals {
		if !r.Evict && r.Unlimited {
			going++
		}
	}
	var last time.Time
	for _, pod := range e.scene.Pods {
		if left := pod.Ends.Sub(e.scene.Now); pod.Ending && left > 0 && left <= closes {
			going++
			if pod.Ends.After(last) {
				last = pod.Ends
			}
		}
	}
	if going < manyClosing {
		return false
	}
	plan.again(e.scene.Now, last)
	return true
}

// podHeldBecause is the reason why one pod stays held.
func (e enforcement) podHeldBecause(pod Pod) string {
	u := e.units[unitOf(pod)]
	a := &account{
		exposure: pod.Exposure, held: 1, grouped: pod.Unit.Size > 0, mismatch: e.mismatch(pod), unguarded: pod.Verdict.Unguarded,
	}
	// Those of a unit begin together: what differs in one keeps the others.
	for _, other := range u.held {
		if u.starts() && a.mismatch == "" {
			a.mismatch = e.mismatch(other)
		}
		if u.starts() {
			a.unguarded = cmp.Or(a.unguarded, other.Verdict.Unguarded)
		}
	}
	reason, _ := e.heldBecause(a)
	examined := !slices.ContainsFunc(u.held, func(other Pod) bool { return !other.Verdict.Examined })
	if reason == "" || reason == v1alpha1.ReasonAboveCeiling && !examined {
		return v1alpha1.ReasonNotLookedAt
	}
	return reason
}

// whole cuts text to at most so many bytes of whole characters.
func whole(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most]
}
