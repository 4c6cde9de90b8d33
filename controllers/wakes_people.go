// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// releasesOfApproval are the release that an approval names, which need not exist; and where it regards a waiver or a
// determination every release of the namespace, since those may concern another of the same artifacts.
func (w wakes) releasesOfApproval(ctx context.Context, o client.Object) ([]types.NamespacedName, error) {
	a, ok := o.(*v1alpha1.ReleaseApproval)
	if !ok {
		return nil, fmt.Errorf("%T is not an approval", o)
	}
	return w.releasesOfRecord(ctx, o, a.Spec.Release, a.Spec.Regarding != nil)
}

// releasesOfWaiver are the release that a waiver names, which need not exist, and every other of the namespace: one of the
// same artifacts must not have it twice, and a review that is owed stands in the way of all.
func (w wakes) releasesOfWaiver(ctx context.Context, o client.Object) ([]types.NamespacedName, error) {
	waiver, ok := o.(*v1alpha1.ReleaseWaiver)
	if !ok {
		return nil, fmt.Errorf("%T is not a waiver", o)
	}
	return w.releasesOfRecord(ctx, o, waiver.Spec.Release, true)
}

// releasesOfDetermination are the release that a determination names, which need not exist, and every other of the
// namespace: it may have the same artifacts.
func (w wakes) releasesOfDetermination(ctx context.Context, o client.Object) ([]types.NamespacedName, error) {
	d, ok := o.(*v1alpha1.ReleaseDetermination)
	if !ok {
		return nil, fmt.Errorf("%T is not a determination", o)
	}
	return w.releasesOfRecord(ctx, o, d.Spec.Release, true)
}

// releaseNamed is the release that an approval, a waiver or a determination names, which need not exist.
func (w wakes) releaseNamed(ctx context.Context, o client.Object) ([]types.NamespacedName, error) {
	switch o := o.(type) {
	case *v1alpha1.ReleaseApproval:
		return w.releasesOfRecord(ctx, o, o.Spec.Release, false)
	case *v1alpha1.ReleaseWaiver:
		return w.releasesOfRecord(ctx, o, o.Spec.Release, false)
	case *v1alpha1.ReleaseDetermination:
		return w.releasesOfRecord(ctx, o, o.Spec.Release, false)
	default:
		return nil, fmt.Errorf("%T names no release", o)
	}
}

func (w wakes) releasesOfRecord(ctx context.Context, o client.Object, named string, others bool) ([]types.NamespacedName, error) {
	all := []types.NamespacedName{{Namespace: o.GetNamespace(), Name: named}}
	if !others {
		return all, nil
	}
	releases, err := w.releases(ctx, client.InNamespace(o.GetNamespace()))
	if err != nil {
		return nil, err
	}
	for _, name := range releases {
		if name != all[0] {
			all = append(all, name)
		}
	}
	return all, nil
}
