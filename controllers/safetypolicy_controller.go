// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	ac "github.com/scalegate/scalegate/api/applyconfiguration/api/v1alpha1"
	"github.com/scalegate/scalegate/api/v1alpha1"
)

// SafetyPolicyReconciler records the revisions of a policy, says which one is in force, and counts the releases that name it.
type SafetyPolicyReconciler struct {
	client.Client
	// Live reads the API server itself: a cache that lags must neither make a second record nor let a revision come into force.
	Live client.Reader
	// Events tells of revisions that weaken a policy.
	Events events.EventRecorder
	// Now is the clock.
	Now func() metav1.Time
}

// SetupWithManager registers the reconciler and what wakes it.
func (r *SafetyPolicyReconciler) SetupWithManager(mgr ctrl.Manager) error {
	return ctrl.NewControllerManagedBy(mgr).
		For(&v1alpha1.SafetyPolicy{}).
		Watches(&v1alpha1.ModelRelease{}, wakes{mgr.GetClient()}.handler(policyOfRelease), later(predicate.GenerationChangedPredicate{})).
		Watches(&v1alpha1.PolicyRevision{}, wakes{mgr.GetClient()}.handler(policyOfRevision)).
		Watches(&v1alpha1.PolicyApproval{}, wakes{mgr.GetClient()}.handler(policyOfApproval),
			builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Complete(reconcile.AsReconciler(mgr.GetClient(), r))
}

// policyOfRelease is the policy that a release names; before and after a change, both are asked for.
func policyOfRelease(_ context.Context, o client.Object) ([]types.NamespacedName, error) {
	release, ok := o.(*v1alpha1.ModelRelease)
	if !ok {
		return nil, fmt.Errorf("%T is not a release", o)
	}
	return []types.NamespacedName{{Name: release.Spec.Policy}}, nil
}

// policyOfRevision is the policy that a record is of.
func policyOfRevision(_ context.Context, o client.Object) ([]types.NamespacedName, error) {
	record, ok := o.(*v1alpha1.PolicyRevision)
	if !ok {
		return nil, fmt.Errorf("%T is not a revision", o)
	}
	return []types.NamespacedName{{Name: record.Spec.Policy}}, nil
}

// policyOfApproval is the policy that an approval is about.
func policyOfApproval(_ context.Context, o client.Object) ([]types.NamespacedName, error) {
	approval, ok := o.(*v1alpha1.PolicyApproval)
	if !ok {
		return nil, fmt.Errorf("%T is not an approval", o)
	}
	return []types.NamespacedName{{Name: approval.Spec.Policy}}, nil
}

// Reconcile brings the records and the status of one policy up to date. While its releases cannot be counted the
// status stays as it was: the last count keeps a policy in use from being deleted.
func (r *SafetyPolicyReconciler) Reconcile(ctx context.Context, p *v1alpha1.SafetyPolicy) (ctrl.Result, error) {
	now, err := r.revise(ctx, p)
	if err != nil {
		return ctrl.Result{}, err
	}
	if now.stale {
		return ctrl.Result{RequeueAfter: time.Second}, nil
	}
	releases := &v1alpha1.ModelReleaseList{}
	if err := r.List(ctx, releases, client.MatchingFields{indexReleasePolicy: p.Name}); err != nil {
		return ctrl.Result{}, fmt.Errorf("counting the releases of SafetyPolicy %s: %w", p.Name, err)
	}
	was := p.Status.DeepCopy()
	was.Conditions = summaryConditions(was.Conditions)
	status := v1alpha1.SafetyPolicyStatus{
		ObservedGeneration: new(p.Generation),
		Revision:           now.newest.Spec.Revision,
		Sequence:           new(now.newest.Spec.Sequence),
		Releases:           new(int32(min(len(releases.Items), math.MaxInt32))),
		Conditions:         now.summary.conditions(was.Conditions, p.Generation, r.Now()),
	}
	if now.summary.status != metav1.ConditionTrue {
		status.PendingRevision = status.Revision
	}
	after := ctrl.Result{RequeueAfter: now.again}
	if equality.Semantic.DeepEqual(status, *was) {
		return after, nil
	}
	apply, err := applyConfiguration[ac.SafetyPolicyStatusApplyConfiguration](status)
	if err != nil {
		return ctrl.Result{}, err
	}
	object := ac.SafetyPolicy(p.Name).WithUID(p.UID).WithStatus(apply)
	if err := r.Status().Apply(ctx, object, client.ForceOwnership); err != nil {
		return ctrl.Result{}, fmt.Errorf("reporting on SafetyPolicy %s: %w", p.Name, err)
	}
	return after, nil
}

// summaryConditions are the conditions that a summary writes. Others on a policy have other writers,
// and are not put back as they were.
func summaryConditions(all []metav1.Condition) []metav1.Condition {
	return slices.DeleteFunc(slices.Clone(all), func(c metav1.Condition) bool {
		return !slices.Contains([]string{v1alpha1.ConditionReady, string(reconciling), string(stalled)}, c.Type)
	})
}
