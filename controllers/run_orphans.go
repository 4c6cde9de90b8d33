// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/runs"
)

// wake reconciles the evaluation that the request names, and first takes away what runs of its name have left behind.
func (r *SafetyEvaluationReconciler) wake(ctx context.Context, request reconcile.Request) (ctrl.Result, error) {
	if err := r.clear(ctx, request); err != nil {
		return ctrl.Result{}, err
	}
	e, err := r.named(ctx, request)
	if err != nil || e == nil {
		return ctrl.Result{}, err
	}
	return r.Reconcile(ctx, e)
}

// named is the evaluation that a request names: by its name, or by the label of what it runs on, where its name is too long for
// that; nil for none.
func (r *SafetyEvaluationReconciler) named(ctx context.Context, request reconcile.Request) (*v1alpha1.SafetyEvaluation, error) {
	e := &v1alpha1.SafetyEvaluation{}
	err := r.Get(ctx, request.NamespacedName, e)
	if err == nil {
		return e, nil
	}
	if !apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("reading SafetyEvaluation %s: %w", request.NamespacedName, err)
	}
	if !runs.Shortened(request.Name) {
		return nil, nil //nolint:nilnil // gone is an answer, and not an error
	}
	var list v1alpha1.SafetyEvaluationList
	if err := r.List(ctx, &list, client.InNamespace(request.Namespace), client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("looking for the SafetyEvaluation whose label is %s: %w", request.NamespacedName, err)
	}
	for i := range list.Items {
		if runs.EvaluationLabel(list.Items[i].Name) == request.Name {
			return list.Items[i].DeepCopy(), nil
		}
	}
	return nil, nil //nolint:nilnil // gone is an answer, and not an error
}

// clear deletes what runs have left behind: objects without an owner, and the pods of Jobs that no evaluation controls any more.
// Whoever deletes an evaluation may leave what it owns, or keep a Job from being gone, and a model under test would be served
// for ever. Jobs go first, so that they make no more pods, and what keeps others from a pod when that is gone. A request bears
// the name of an evaluation, or the label of such an object.
func (r *SafetyEvaluationReconciler) clear(ctx context.Context, request reconcile.Request) error {
	label, jobs, waits := runs.EvaluationLabel(request.Name), map[types.UID]bool{}, false
	for _, kind := range runKinds() {
		list := metadataList(kind)
		if err := r.Runs.List(ctx, list, client.InNamespace(request.Namespace), client.MatchingLabels{v1alpha1.LabelEvaluation: label}); err != nil {
			return fmt.Errorf("looking for what runs of %s have left: %w", request.NamespacedName, err)
		}
		for i := range list.Items {
			o := &list.Items[i]
			o.SetGroupVersionKind(kind)
			left, err := r.left(ctx, o, jobs)
			if err != nil {
				return err
			}
			if kind.Kind == "Job" {
				jobs[o.UID] = left
			}
			waits = waits || kind.Kind == "Pod" && (left || withoutJob(o, jobs))
			if !left || o.DeletionTimestamp != nil {
				continue
			}
			if err := r.removeOfRun(ctx, step{remove: o, wait: kind.Kind == "Job"}); err != nil {
				return err
			}
		}
		if waits {
			return nil
		}
	}
	return nil
}

// withoutJob tells whether the Job of a pod is none of these: the garbage collector comes for it, or the cache is behind.
func withoutJob(pod client.Object, jobs map[types.UID]bool) bool {
	owner := metav1.GetControllerOf(pod)
	if !ofJob(owner) {
		return false
	}
	_, there := jobs[owner.UID]
	return !there
}

// left tells whether an object of a run is nobody's: nothing controls it, or an evaluation that is gone, or a Job that is nobody's,
// which jobs says of each. What an evaluation that is gone controlled is deleted by the garbage collector too.
func (r *SafetyEvaluationReconciler) left(ctx context.Context, o client.Object, jobs map[types.UID]bool) (bool, error) {
	owner := metav1.GetControllerOf(o)
	switch {
	case owner == nil:
		return true, nil
	case owner.Kind != "SafetyEvaluation":
		return jobs[owner.UID], nil
	}
	key := client.ObjectKey{Namespace: o.GetNamespace(), Name: owner.Name}
	// The cache may be behind.
	for _, reader := range []client.Reader{r.Client, r.Live} {
		e := &v1alpha1.SafetyEvaluation{}
		err := reader.Get(ctx, key, e)
		if client.IgnoreNotFound(err) != nil {
			return false, fmt.Errorf("reading SafetyEvaluation %s: %w", key, err)
		}
		if err == nil && e.UID == owner.UID {
			return false, nil
		}
	}
	return true, nil
}
