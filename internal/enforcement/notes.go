// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package enforcement

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// notLookedAt is the word on a pod that nobody has looked at yet. Pods are born with it.
const notLookedAt = "NotLookedAt"

// maxNote is how many bytes a note has at most.
const maxNote = 256

// note says on each pod that stays held why it does. What a note says does not change but with its reason, so that pods are
// not written again and again; of a safeguard that the pod itself would break it says more, which changes with the pod.
func (e enforcement) note(plan *Plan) {
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
		return notLookedAt
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
