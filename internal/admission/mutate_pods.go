// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/types"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/clearance"
)

const (
	// maxNotes and maxNoteBytes are how many annotations of a pod, and of how many bytes, leave room for one more: all
	// together may have 256 KiB.
	maxNotes     = 1000
	maxNoteBytes = 261000
)

// holdPod is scalegate-hold-pods: every pod that claims a release is born held, unless a workload controller makes it
// from an owner that the release's clearance names, and is born with a note that says so. A namespace that cannot be
// read clears nothing.
func (h *Holds) holdPod(ctx context.Context, m mutation) {
	if !has(m.object, "metadata", "labels", v1alpha1.LabelRelease) {
		return
	}
	gates, _ := at(m.object, "spec", "schedulingGates").([]any)
	held := slices.ContainsFunc(gates, func(g any) bool {
		fields, _ := g.(map[string]any)
		return textAt(fields, "name") == v1alpha1.SchedulingGate
	})
	if !held {
		if h.bornFree(ctx, m) {
			return
		}
		put(m.object, append(slices.Clone(gates), map[string]any{"name": v1alpha1.SchedulingGate}), "spec", "schedulingGates")
	}
	if roomForNote(m.object) {
		release := textAt(m.object, "metadata", "labels", v1alpha1.LabelRelease)
		put(m.object, "NotLookedAt: Scalegate has not looked at this pod of release "+release+
			" yet; see kubectl describe modelrelease "+release, "metadata", "annotations", v1alpha1.AnnotationHoldReason)
	}
}

// roomForNote reports whether the API server would take a note more. A pod without room for it is held like any other.
func roomForNote(pod map[string]any) bool {
	notes, _ := at(pod, "metadata", "annotations").(map[string]any)
	size := 0
	for key, value := range notes {
		if text, _ := value.(string); key != v1alpha1.AnnotationHoldReason {
			size += len(key) + len(text)
		}
	}
	return len(notes) <= maxNotes && size <= maxNoteBytes
}

func (h *Holds) bornFree(ctx context.Context, m mutation) bool {
	if !slices.Contains(h.options.WorkloadControllers, m.user.Username) {
		return false
	}
	ns, err := namespaceOf(ctx, h.options.Cache, m.namespace)
	if err != nil {
		return false
	}
	grant, err := clearance.Parse(ns.Annotations[clearance.Key(textAt(m.object, "metadata", "labels", v1alpha1.LabelRelease))])
	if err != nil || grant.Mode != clearance.Free {
		return false
	}
	owners, _ := at(m.object, "metadata", "ownerReferences").([]any)
	return slices.ContainsFunc(owners, func(o any) bool {
		owner, _ := o.(map[string]any)
		controls, _ := at(owner, "controller").(bool)
		return controls && textAt(owner, "kind") == "ReplicaSet" && textAt(owner, "apiVersion") == "apps/v1" &&
			slices.ContainsFunc(grant.Owners, func(uid types.UID) bool { return string(uid) == textAt(owner, "uid") })
	})
}
