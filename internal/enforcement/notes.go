// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package enforcement

import (
	"fmt"
	"slices"
	"strings"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// notLookedAt is the word on a pod that nobody has looked at yet. Pods are born with it.
const notLookedAt = "NotLookedAt"

// maxNote is how many bytes a note has at most.
const maxNote = 256

// note says on each pod that stays held why it does. What a note says does not change but with its reason, so that pods are
// not written again and again.
func (e enforcement) note(plan *Plan) {
	for _, pod := range e.scene.Pods {
		leaves := slices.ContainsFunc(plan.Removals, func(r Removal) bool { return r.UID == pod.UID && r.Name == pod.Name })
		if !pod.Held || pod.Gone || leaves || slices.Contains(plan.Opens, pod.ref()) {
			continue
		}
		reason := e.podHeldBecause(pod)
		if strings.HasPrefix(pod.Note, reason+":") {
			continue
		}
		text := fmt.Sprintf("%s: release %s, exposure %s; see kubectl describe modelrelease %s",
			reason, e.scene.ReleaseName, pod.Exposure, e.scene.ReleaseName)
		plan.Notes = append(plan.Notes, Note{PodRef: pod.ref(), Text: text[:min(len(text), maxNote)]})
	}
}

// podHeldBecause is the reason why one pod stays held.
func (e enforcement) podHeldBecause(pod Pod) string {
	u := e.units[unitOf(pod)]
	a := &account{exposure: pod.Exposure, held: 1, grouped: pod.Unit.Size > 0, mismatch: e.mismatch(pod)}
	// Those of a unit begin together: what differs in one keeps the others.
	for _, other := range u.held {
		if u.starts() && a.mismatch == "" {
			a.mismatch = e.mismatch(other)
		}
	}
	reason, _ := e.heldBecause(a)
	examined := !slices.ContainsFunc(u.held, func(other Pod) bool { return !other.Verdict.Examined })
	if reason == "" || reason == v1alpha1.ReasonAboveCeiling && !examined {
		return notLookedAt
	}
	return reason
}
