// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/enforcement"
	"github.com/scalegate/scalegate/internal/gate"
)

// fallback is the release that takes over, as the caches have it; nil where none is named, or there is none of that name.
func (r *ModelReleaseReconciler) fallback(ctx context.Context, in gate.Input) (*enforcement.Fallback, error) {
	name := fallbackOf(in.Release, in.Policy)
	if name == "" || name == in.Release.Name {
		return nil, nil //nolint:nilnil // that there is none is an answer, and not an error
	}
	key := types.NamespacedName{Namespace: in.Release.Namespace, Name: name}
	release := &v1alpha1.ModelRelease{}
	if err := r.Get(ctx, key, release); apierrors.IsNotFound(err) || err == nil && release.DeletionTimestamp != nil {
		return nil, nil //nolint:nilnil // see above
	} else if err != nil {
		return nil, fmt.Errorf("reading the fallback %s: %w", key, err)
	}
	c, err := r.look(ctx, key)
	if err != nil {
		return nil, err
	}
	f := &enforcement.Fallback{Release: name, Granted: release.Status.GrantedExposure != ""}
	related := newFamily(r.Client, r.kinds, c)
	// Nothing is granted by this examination, and so nothing is read live.
	if f.Parents, err = (examination{release: release, now: in.Now}).parents(ctx, c.parents, related); err != nil {
		return nil, err
	}
	for i := range c.pods {
		if pod := &c.pods[i]; pod.DeletionTimestamp == nil && !over(pod) && answers(pod) {
			f.Ready++
		}
	}
	f.Asked = asks(f.Parents, related, c.pods)
	return f, nil
}

// fallbackOf is the name of the release that takes over from one; empty where neither it nor its policy names one.
func fallbackOf(release *v1alpha1.ModelRelease, policy *v1alpha1.SafetyPolicy) string {
	switch {
	case release.Spec.Fallback != nil:
		return release.Spec.Fallback.Release
	case policy != nil && policy.Spec.Fallback != nil:
		return policy.Spec.Fallback.Release
	default:
		return ""
	}
}

// asks is how many pods workloads ask for, now or on standby. What belongs to another of them is asked for by that. Where
// none of them says, it is as many as there are.
func asks(parents []enforcement.Parent, related *family, pods []corev1.Pod) int32 {
	mine := map[types.UID]bool{}
	for _, p := range parents {
		mine[p.UID] = true
	}
	var all int64
	said := false
	for _, p := range parents {
		if mine[related.owners[p.UID].UID] {
			continue
		}
		var asked int64
		if p.Pods != nil {
			asked, said = int64(*p.Pods), true
		}
		if standby, err := strconv.ParseInt(p.Standby, 10, 32); err == nil && standby > 0 {
			asked, said = max(asked, standby), true
		}
		all += asked
	}
	if !said {
		for i := range pods {
			if pod := &pods[i]; pod.DeletionTimestamp == nil && !over(pod) {
				all++
			}
		}
	}
	return int32(min(all, 1<<31-1))
}
