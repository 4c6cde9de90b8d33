// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package enforcement

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// remove deletes what an adverse finding or a Critical revocation says must not serve, what was born free and changed on
// its way from its owner, and what keeps the rollout of its StatefulSet from going on.
func (e enforcement) remove(plan *Plan) {
	owners := e.owners()
	for _, pod := range e.scene.Pods {
		r := Removal{PodRef: pod.ref()}
		switch {
		case pod.Gone:
		case pod.Held && e.superseded(pod) && !slices.Contains(plan.Opens, pod.ref()):
			// It does not serve, so that no limit on what is taken away is about it.
			r.Reason, r.Unlimited = v1alpha1.ReasonSuperseded, true
			r.Message = "the pod never ran, and its StatefulSet waits for it before it rolls the next revision out"
		case pod.Held:
		case e.adverse(pod.Exposure) || e.critical(pod.Exposure):
			r.Reason, r.Unlimited = e.atOnceBecause(pod.Exposure)
			r.Message = e.decision.Message
			if e.failedBefore(pod.Exposure) {
				r.Message = e.whyLost(pod.Exposure)
			}
		case e.tampered(pod, owners):
			r.Reason = v1alpha1.ReasonWorkloadMismatch
			r.Message = "the pod differs from the cleared owner that it was made from: " + pod.Verdict.says()
		}
		if r.Reason != "" {
			plan.Removals = append(plan.Removals, r)
		}
	}
	e.countAtOnce(plan)
}

// tampered tells whether a pod changed on its way from its owner. One that runs, of an owner that matches, and that was
// made since the release is cleared here was born free, or it was opened and matched then. Older ones run since before the
// namespace was governed.
func (e enforcement) tampered(pod Pod, owners []types.UID) bool {
	since, cleared := e.since()
	return cleared && pod.Verdict.differs() && slices.Contains(owners, pod.Owner.UID) && !pod.Created.Before(since)
}

// atOnceBecause is why what serves an exposure goes at once; empty while it waits for the fallback. Two causes are no slower
// than the faster of them.
func (e enforcement) atOnceBecause(exposure string) (reason string, unlimited bool) {
	_, waits := e.adverseWaits()
	switch adverse, critical := e.adverse(exposure), e.critical(exposure); {
	case adverse && waits && !critical:
		return "", false
	case adverse:
		return v1alpha1.ReasonAdverseFinding, critical
	case critical:
		return v1alpha1.ReasonRevoked, true
	}
	return "", false
}

// countAtOnce counts the units that go at once, or that would if they did not wait.
func (e enforcement) countAtOnce(plan *Plan) {
	until, _ := e.adverseWaits()
	for _, u := range e.units {
		if len(u.serving) == 0 || !e.adverse(u.exposure) && !e.critical(u.exposure) {
			continue
		}
		if reason, _ := e.atOnceBecause(u.exposure); reason != "" {
			e.progress.goes(u.taken(), e.why())
			continue
		}
		e.progress.waits(u.taken(), until, e.why())
		plan.again(e.scene.Now, until)
	}
}

// adverseWaits tells whether what a finding removes waits for the fallback, and until when: only where the exposure was granted
// before, and it is known since when it is not.
func (e enforcement) adverseWaits() (until time.Time, waits bool) {
	if e.record == nil || e.record.Cause != v1alpha1.WithdrawalAdverse {
		return time.Time{}, false
	}
	return e.awaits(e.record.Time.Time)
}

// superseded tells whether a held pod is of an older revision than the one that its StatefulSet makes now in
// its place. A StatefulSet with ordered pods waits until such a pod is ready, and a held one never is.
func (e enforcement) superseded(pod Pod) bool {
	r, known := e.scene.Rollouts[pod.Owner.UID]
	return known && !r.Held && r.Revision != "" && pod.Revision != "" && pod.Revision != r.Revision && pod.Ordinal >= r.Partition
}
