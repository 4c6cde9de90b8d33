// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"slices"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/workload/kinds"
)

// Words of labels where no other word fits.
const (
	// Other is a reason or a kind that is none of ours.
	Other = "Other"
	// Canary is the reason of the pod that the canary keeps held for good. Nothing else of its namespace is told.
	Canary = "Canary"
)

// Reasons are the words for why a release is not Ready, or why something of it is held. Each is a reason of the API.
func Reasons() []string {
	return []string{
		v1alpha1.ReasonReleased, v1alpha1.ReasonEvidenceComplete, v1alpha1.ReasonEvidenceMissing, v1alpha1.ReasonEvidenceIndeterminate,
		v1alpha1.ReasonEvidenceExpired, v1alpha1.ReasonAdverseFinding, v1alpha1.ReasonLevelUndefined, v1alpha1.ReasonEvidenceNotRequired,
		v1alpha1.ReasonRevoked, v1alpha1.ReasonParentNotFound, v1alpha1.ReasonPolicyNotFound, v1alpha1.ReasonInvalidSpec,
		v1alpha1.ReasonApprovalMissing, v1alpha1.ReasonObjected, v1alpha1.ReasonSafeguardNotInPlace, v1alpha1.ReasonPolicyRevisionPending,
		v1alpha1.ReasonDecisionNotRecorded, v1alpha1.ReasonFrozen, v1alpha1.ReasonRemoving, v1alpha1.ReasonAwaitingFallback,
		v1alpha1.ReasonRemovalsLimited, v1alpha1.ReasonAudited, v1alpha1.ReasonNotGoverned, v1alpha1.ReasonWorkloadMismatch,
		v1alpha1.ReasonClearanceSpaceExhausted, v1alpha1.ReasonSettling, v1alpha1.ReasonNamespaceTerminating, v1alpha1.ReasonGuardsNotInPlace,
		v1alpha1.ReasonAdapterAttached, v1alpha1.ReasonRouteRewritten, v1alpha1.ReasonServeConfigChanged, v1alpha1.ReasonEnforcementError,
		v1alpha1.ReasonExposureNotGranted, v1alpha1.ReasonAboveCeiling, v1alpha1.ReasonNotLookedAt,
	}
}

// Reason is the reason where it is one of [Reasons], and else Other: what people can write never becomes a label.
func Reason(reason string) string {
	if slices.Contains(Reasons(), reason) {
		return reason
	}
	return Other
}

// heldKinds are the kinds that make pods which claim a release, with how their objects are held. It is made once: each scrape
// asks for the kind of everything that is held.
type heldKinds map[string]kinds.Hold

func newHeldKinds() heldKinds {
	all := heldKinds{}
	for _, k := range kinds.All() {
		if _, there := all[k.Kind]; !there {
			all[k.Kind] = k.Hold
		}
	}
	return all
}

// named is the kind of what owns a pod, or of a workload, where it is one of them, and else Other; Pod where there is none.
func (h heldKinds) named(kind string) string {
	switch kind {
	case "", "Pod":
		return "Pod"
	case "ReplicaSet", "ReplicationController", "DaemonSet", "CronJob":
		return kind
	}
	if _, known := h[kind]; known {
		return kind
	}
	return Other
}
