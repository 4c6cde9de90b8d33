// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/enforcement"
)

// apart are the removals that delete, and those that evict.
func apart(removals []enforcement.Removal) (deletions, evictions []enforcement.Removal) {
	for _, removal := range removals {
		if removal.Evict {
			evictions = append(evictions, removal)
		} else {
			deletions = append(deletions, removal)
		}
	}
	return deletions, evictions
}

// removeAll takes pods away, several at a time, and notes which went and how many may not yet.
func (r *ModelReleaseReconciler) removeAll(ctx context.Context, namespace string, removals []enforcement.Removal, did *done) error {
	until := time.Now().Add(evictionsTime)
	went, refused := make([]bool, len(removals)), make([]bool, len(removals))
	err := abreast(ctx, len(removals), func(i int) error {
		err := r.remove(ctx, namespace, removals[i], until)
		if refused[i] = removals[i].Evict && (apierrors.IsTooManyRequests(err) || unanswered(ctx, err)); refused[i] {
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

// unanswered tells whether an eviction took longer than it may, while there was time for others.
func unanswered(ctx context.Context, err error) bool {
	return ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded)
}

// remove evicts or deletes a pod as it was examined: one that is held only while it is as it was seen, so that none is
// removed that began to run meanwhile. It has no longer to end than others, also when it is being deleted already. No
// eviction is waited for after until.
func (r *ModelReleaseReconciler) remove(ctx context.Context, namespace string, removal enforcement.Removal, until time.Time) error {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: removal.Name}}
	if removal.Evict {
		ctx, cancel := context.WithDeadline(ctx, until)
		defer cancel()
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

// AskOnce makes a client take the refusal of an eviction as it is. The API server may name a time to wait with it, which a
// client waits else before it asks again: others are in line.
func AskOnce(base http.RoundTripper) http.RoundTripper { return askingOnce{base} }

type askingOnce struct{ http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (a askingOnce) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := a.RoundTripper.RoundTrip(request)
	if err == nil && response.StatusCode == http.StatusTooManyRequests && strings.HasSuffix(request.URL.Path, "/eviction") {
		response.Header.Del("Retry-After")
	}
	return response, err
}

// Times of an eviction.
const (
	evictionTime = 5 * time.Second
	// evictionsTime is how long all of one plan take: what became of them has to be reported, or it is forgotten when they began.
	evictionsTime = 10 * time.Second
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
