// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package enforcement

import (
	"slices"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// remove deletes what an adverse finding says must not serve, what was born free and changed on its way from
// its owner, and what keeps the rollout of its StatefulSet from going on. A pod that runs, of an owner that
// matches, and that was made since the release is cleared here was born free, or it was opened and matched then.
// Older ones run since before the namespace was governed.
func (e enforcement) remove(plan *Plan) {
	owners := e.owners()
	since, cleared := e.since()
	for _, pod := range e.scene.Pods {
		switch {
		case pod.Gone:
		case pod.Held:
			if e.superseded(pod) && !slices.Contains(plan.Opens, pod.ref()) {
				plan.Removals = append(plan.Removals, Removal{PodRef: pod.ref(), Reason: v1alpha1.ReasonSuperseded,
					Message: "the pod never ran, and its StatefulSet waits for it before it rolls the next revision out"})
			}
		case e.adverse(pod.Exposure):
			plan.Removals = append(plan.Removals, Removal{PodRef: pod.ref(), Reason: v1alpha1.ReasonAdverseFinding, Message: e.decision.Message})
		case cleared && pod.Verdict.differs() && slices.Contains(owners, pod.Owner.UID) && !pod.Created.Before(since):
			plan.Removals = append(plan.Removals, Removal{PodRef: pod.ref(), Reason: v1alpha1.ReasonWorkloadMismatch,
				Message: "the pod differs from the cleared owner that it was made from: " + pod.Verdict.says()})
		}
	}
}

// superseded tells whether a held pod is of an older revision than the one that its StatefulSet makes now in
// its place. A StatefulSet with ordered pods waits until such a pod is ready, and a held one never is.
func (e enforcement) superseded(pod Pod) bool {
	r, known := e.scene.Rollouts[pod.Owner.UID]
	return known && !r.Held && r.Revision != "" && pod.Revision != "" && pod.Revision != r.Revision && pod.Ordinal >= r.Partition
}
