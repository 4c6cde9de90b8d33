// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"slices"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/safeguards"
)

// releasesOfNetworkPolicy are those of its namespace that a policy wants to be denied egress, or whose status tells of it.
func (w wakes) releasesOfNetworkPolicy(ctx context.Context, o client.Object) ([]types.NamespacedName, error) {
	if _, ok := o.(*networkingv1.NetworkPolicy); !ok {
		return nil, fmt.Errorf("%T is no NetworkPolicy", o)
	}
	var list v1alpha1.ModelReleaseList
	if err := w.reader.List(ctx, &list, client.InNamespace(o.GetNamespace())); err != nil {
		return nil, err
	}
	var all []types.NamespacedName
	for i := range list.Items {
		release := &list.Items[i]
		concerned := slices.ContainsFunc(release.Status.Safeguards, func(s v1alpha1.SafeguardStatus) bool { return s.Type == v1alpha1.SafeguardEgressDenied })
		policy := &v1alpha1.SafetyPolicy{}
		if err := w.reader.Get(ctx, types.NamespacedName{Name: release.Spec.Policy}, policy); client.IgnoreNotFound(err) != nil {
			return nil, err
		}
		if concerned || slices.ContainsFunc(safeguards.AskedBy(policy), func(a safeguards.Asked) bool { return a.Check.Type == v1alpha1.SafeguardEgressDenied }) {
			all = append(all, client.ObjectKeyFromObject(release))
		}
	}
	return all, nil
}
