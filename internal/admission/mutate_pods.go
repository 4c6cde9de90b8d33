// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"reflect"
	"slices"

	"k8s.io/apimachinery/pkg/types"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/clearance"
)

// holdPod is scalegate-hold-pods: every pod that claims a release is born held, unless a workload controller makes it
// from an owner that the release's clearance names. A namespace that cannot be read clears nothing.
func (h *Holds) holdPod(ctx context.Context, m mutation) {
	if !has(m.object, "metadata", "labels", v1alpha1.LabelRelease) {
		return
	}
	gates, _ := at(m.object, "spec", "schedulingGates").([]any)
	held := slices.ContainsFunc(gates, func(g any) bool {
		fields, _ := g.(map[string]any)
		return textAt(fields, "name") == v1alpha1.SchedulingGate
	})
	if held || h.bornFree(ctx, m) {
		return
	}
	put(m.object, append(slices.Clone(gates), map[string]any{"name": v1alpha1.SchedulingGate}), "spec", "schedulingGates")
}

func (h *Holds) bornFree(ctx context.Context, m mutation) bool {
	if !slices.Contains(h.options.WorkloadControllers, m.username) {
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

// stampEvaluator is scalegate-stamp-evaluator: who brought the evidence is who sent it.
func stampEvaluator(_ context.Context, m mutation) {
	evaluator := m.username
	if m.old != nil {
		evaluator = textAt(m.old, "spec", "evaluator")
	}
	if evaluator != "" && has(m.object, "spec") {
		put(m.object, evaluator, "spec", "evaluator")
	}
}

// stampResolver is scalegate-stamp-resolver: who resolves a finding is who changed its resolution.
func stampResolver(_ context.Context, m mutation) {
	if !has(m.object, "spec", "resolution") {
		return
	}
	resolver := m.username
	unchanged := has(m.old, "spec", "resolution") && !slices.ContainsFunc([]string{"namespace", "evaluation", "reason"}, func(f string) bool {
		return !reflect.DeepEqual(at(m.object, "spec", "resolution", f), at(m.old, "spec", "resolution", f))
	})
	if unchanged {
		resolver = textAt(m.old, "spec", "resolution", "resolvedBy")
	}
	if resolver != "" {
		put(m.object, resolver, "spec", "resolution", "resolvedBy")
	}
}
