// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/runs"
)

// wake reconciles the evaluation of that name, and first takes away what runs of its name have left behind.
func (r *SafetyEvaluationReconciler) wake(ctx context.Context, request reconcile.Request) (ctrl.Result, error) {
	if err := r.clear(ctx, request); err != nil {
		return ctrl.Result{}, err
	}
	e := &v1alpha1.SafetyEvaluation{}
	if err := r.Get(ctx, request.NamespacedName, e); apierrors.IsNotFound(err) {
		return ctrl.Result{}, nil
	} else if err != nil {
		return ctrl.Result{}, fmt.Errorf("reading SafetyEvaluation %s: %w", request.NamespacedName, err)
	}
	return r.Reconcile(ctx, e)
}

// clear deletes objects of runs that have no owner any more. Whoever deletes an evaluation may leave what it owns, and a
// model under test would be served for ever. A request bears the name of an evaluation, or the label of such an object.
func (r *SafetyEvaluationReconciler) clear(ctx context.Context, request reconcile.Request) error {
	label := runs.EvaluationLabel(request.Name)
	for _, kind := range runKinds() {
		list := metadataList(kind)
		if err := r.Runs.List(ctx, list, client.InNamespace(request.Namespace), client.MatchingLabels{v1alpha1.LabelEvaluation: label}); err != nil {
			return fmt.Errorf("looking for what runs of %s have left: %w", request.NamespacedName, err)
		}
		for i := range list.Items {
			o := &list.Items[i]
			if len(o.OwnerReferences) > 0 || o.DeletionTimestamp != nil {
				continue
			}
			o.SetGroupVersionKind(kind)
			if err := r.removeOfRun(ctx, step{remove: o}); err != nil {
				return err
			}
		}
	}
	return nil
}
