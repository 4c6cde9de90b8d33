// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	ac "github.com/scalegate/scalegate/api/applyconfiguration/api/v1alpha1"
	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
)

// SafetyPolicyReconciler says which revision of a policy decisions are made under.
type SafetyPolicyReconciler struct {
	client.Client
	// Now is the clock.
	Now func() metav1.Time
}

// SetupWithManager registers the reconciler.
func (r *SafetyPolicyReconciler) SetupWithManager(mgr ctrl.Manager) error {
	return ctrl.NewControllerManagedBy(mgr).
		For(&v1alpha1.SafetyPolicy{}).
		Complete(reconcile.AsReconciler(mgr.GetClient(), r))
}

// Reconcile brings the status of one policy up to date.
func (r *SafetyPolicyReconciler) Reconcile(ctx context.Context, p *v1alpha1.SafetyPolicy) (ctrl.Result, error) {
	revision := gate.Revision(&p.Spec)
	inForce := ready(v1alpha1.ReasonInForce, "decisions are made under revision "+revision)
	status := v1alpha1.SafetyPolicyStatus{
		ObservedGeneration: new(p.Generation),
		Revision:           revision,
		Conditions:         inForce.conditions(p.Status.Conditions, p.Generation, r.Now()),
	}
	if equality.Semantic.DeepEqual(status, p.Status) {
		return ctrl.Result{}, nil
	}
	apply, err := applyConfiguration[ac.SafetyPolicyStatusApplyConfiguration](status)
	if err != nil {
		return ctrl.Result{}, err
	}
	object := ac.SafetyPolicy(p.Name).WithUID(p.UID).WithStatus(apply)
	if err := r.Status().Apply(ctx, object, client.ForceOwnership); err != nil {
		return ctrl.Result{}, fmt.Errorf("reporting on SafetyPolicy %s: %w", p.Name, err)
	}
	return ctrl.Result{}, nil
}
