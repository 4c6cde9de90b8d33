// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/enforcement"
)

// removeAll takes pods away, several at a time, and notes which went and how many may not yet.
func (r *ModelReleaseReconciler) removeAll(ctx context.Context, namespace string, removals []enforcement.Removal, did *done) error {
	went, refused := make([]bool, len(removals)), make([]bool, len(removals))
	err := abreast(ctx, len(removals), func(i int) error {
		err := r.remove(ctx, namespace, removals[i])
		if refused[i] = removals[i].Evict && apierrors.IsTooManyRequests(err); refused[i] {
			return nil
		}
		went[i], err = effective(err)
		return err
	})
	for i, removal := range removals {
		if went[i] {
			did.removals = append(did.removals, removal)
		}
		if refused[i] {
			did.refused++
		}
	}
	return err
}

// remove evicts or deletes a pod as it was examined: one that is held only while it is as it was seen, so that none is
// removed that began to run meanwhile. It has no longer to end than others, also when it is being deleted already.
func (r *ModelReleaseReconciler) remove(ctx context.Context, namespace string, removal enforcement.Removal) error {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: removal.Name}}
	if removal.Evict {
		return r.evict(ctx, pod, removal)
	}
	only := client.Preconditions{UID: &removal.UID}
	if removal.Reason == v1alpha1.ReasonSuperseded {
		only.ResourceVersion = &removal.ResourceVersion
	}
	if err := r.Delete(ctx, pod, only, client.GracePeriodSeconds(graceSeconds)); err != nil {
		return fmt.Errorf("removing pod %s/%s: %w", namespace, removal.Name, err)
	}
	return nil
}

// Times of an eviction. The API server may name a time to wait, which a client then waits; others are in line.
const (
	evictionTime = 5 * time.Second
	// evictAgain is when an eviction that a PodDisruptionBudget refused is asked for again.
	evictAgain = 5 * time.Second
)

// evict asks the PodDisruptionBudgets of a pod. The error of one that refuses is TooManyRequests.
func (r *ModelReleaseReconciler) evict(ctx context.Context, pod *corev1.Pod, removal enforcement.Removal) error {
	ctx, cancel := context.WithTimeout(ctx, evictionTime)
	defer cancel()
	eviction := &policyv1.Eviction{
		ObjectMeta: metav1.ObjectMeta{Namespace: pod.Namespace, Name: pod.Name},
		DeleteOptions: &metav1.DeleteOptions{
			Preconditions: &metav1.Preconditions{UID: &removal.UID}, GracePeriodSeconds: new(int64(graceSeconds)),
		},
	}
	if err := r.SubResource("eviction").Create(ctx, pod, eviction); err != nil {
		return fmt.Errorf("evicting pod %s/%s: %w", pod.Namespace, pod.Name, err)
	}
	return nil
}
