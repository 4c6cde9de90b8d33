// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// releaseFallback indexes releases by the one that takes over from them.
func releaseFallback(r *v1alpha1.ModelRelease) []string {
	if r.Spec.Fallback == nil {
		return nil
	}
	return []string{r.Spec.Fallback.Release}
}

// policyFallback indexes policies by the release that takes over from those that name none.
func policyFallback(p *v1alpha1.SafetyPolicy) []string {
	if p.Spec.Fallback == nil || p.Spec.Fallback.Release == "" {
		return nil
	}
	return []string{p.Spec.Fallback.Release}
}

// releasesServed are the release that a pod, or what makes pods, claims, and those that may wait for it to serve in their
// place: these scale such workloads, and what was changed meanwhile they left.
func (w wakes) releasesServed(ctx context.Context, o client.Object) ([]types.NamespacedName, error) {
	return w.withFallingBack(ctx, o.GetNamespace(), claimed(o))
}

// withFallingBack are releases of a namespace, and those that fall back on them. An empty name is none.
func (w wakes) withFallingBack(ctx context.Context, namespace string, names ...string) ([]types.NamespacedName, error) {
	var all []types.NamespacedName
	for _, name := range names {
		if name == "" {
			continue
		}
		key := types.NamespacedName{Namespace: namespace, Name: name}
		others, err := w.fallingBackOn(ctx, key)
		all = append(append(all, key), others...)
		if err != nil {
			return all, err
		}
	}
	return all, nil
}

// releasesFallingBack are those that a release takes over from.
func (w wakes) releasesFallingBack(ctx context.Context, o client.Object) ([]types.NamespacedName, error) {
	return w.fallingBackOn(ctx, client.ObjectKeyFromObject(o))
}

// fallingBackOn are the releases of the namespace that name one as their fallback, or whose policy does.
func (w wakes) fallingBackOn(ctx context.Context, key types.NamespacedName) ([]types.NamespacedName, error) {
	all, err := w.releases(ctx, client.InNamespace(key.Namespace), client.MatchingFields{indexReleaseFallback: key.Name})
	if err != nil {
		return nil, err
	}
	var policies v1alpha1.SafetyPolicyList
	if err := w.reader.List(ctx, &policies, client.MatchingFields{indexPolicyFallback: key.Name}); err != nil {
		return nil, err
	}
	for i := range policies.Items {
		under, err := w.releases(ctx, client.InNamespace(key.Namespace), client.MatchingFields{indexReleasePolicy: policies.Items[i].Name})
		if err != nil {
			return nil, err
		}
		all = append(all, under...)
	}
	return slices.DeleteFunc(all, func(name types.NamespacedName) bool { return name == key }), nil
}
