// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	ac "github.com/scalegate/scalegate/api/applyconfiguration/api/v1alpha1"
	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gathering"
	"github.com/scalegate/scalegate/internal/revision"
)

// PolicyApprovalReconciler says of each approval of a policy's revision whether it counts. It decides nothing: the
// SafetyPolicyReconciler counts for itself.
type PolicyApprovalReconciler struct {
	client.Client
	// Now is the clock.
	Now func() metav1.Time
}

// SetupWithManager registers the reconciler and what wakes it.
func (r *PolicyApprovalReconciler) SetupWithManager(mgr ctrl.Manager) error {
	wake := wakes{mgr.GetClient()}
	return ctrl.NewControllerManagedBy(mgr).
		// Its own status wakes it too: the one before may have been made from a cache that did not show the last.
		For(&v1alpha1.PolicyApproval{}).
		Watches(&v1alpha1.PolicyApproval{}, wake.handler(wake.approvalsBeside), builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Watches(&v1alpha1.PolicyRevision{}, wake.handler(wake.approvalsOfRevision)).
		Complete(reconcile.AsReconciler(mgr.GetClient(), r))
}

// approvalsBeside are those of the same policy: what one says later takes the place of what was said before.
func (w wakes) approvalsBeside(ctx context.Context, o client.Object) ([]types.NamespacedName, error) {
	approval, ok := o.(*v1alpha1.PolicyApproval)
	if !ok {
		return nil, fmt.Errorf("%T is not an approval", o)
	}
	return w.approvalsOf(ctx, approval.Spec.Policy)
}

func (w wakes) approvalsOfRevision(ctx context.Context, o client.Object) ([]types.NamespacedName, error) {
	record, ok := o.(*v1alpha1.PolicyRevision)
	if !ok {
		return nil, fmt.Errorf("%T is not a revision", o)
	}
	return w.approvalsOf(ctx, record.Spec.Policy)
}

func (w wakes) approvalsOf(ctx context.Context, policy string) ([]types.NamespacedName, error) {
	list := &v1alpha1.PolicyApprovalList{}
	if err := w.reader.List(ctx, list, client.MatchingFields{indexRevisionPolicy: policy}); err != nil {
		return nil, err
	}
	all := make([]types.NamespacedName, len(list.Items))
	for i := range list.Items {
		all[i] = client.ObjectKeyFromObject(&list.Items[i])
	}
	return all, nil
}

// Reconcile brings the status of one approval up to date.
func (r *PolicyApprovalReconciler) Reconcile(ctx context.Context, a *v1alpha1.PolicyApproval) (ctrl.Result, error) {
	said, err := r.judge(ctx, a)
	if err != nil {
		return ctrl.Result{}, err
	}
	status := v1alpha1.RecordStatus{
		ObservedGeneration: new(a.Generation),
		Conditions:         said.conditions(a.Status.Conditions, a.Generation, r.Now()),
	}
	if equality.Semantic.DeepEqual(status, a.Status) {
		return ctrl.Result{}, nil
	}
	apply, err := applyConfiguration[ac.RecordStatusApplyConfiguration](status)
	if err != nil {
		return ctrl.Result{}, err
	}
	object := ac.PolicyApproval(a.Name).WithUID(a.UID).WithStatus(apply)
	if err := r.Status().Apply(ctx, object, client.ForceOwnership); err != nil {
		return ctrl.Result{}, fmt.Errorf("reporting on PolicyApproval %s: %w", a.Name, err)
	}
	return ctrl.Result{}, nil
}

// judge says whether an approval counts, or did when its revision came into force.
func (r *PolicyApprovalReconciler) judge(ctx context.Context, a *v1alpha1.PolicyApproval) (summary, error) {
	records, err := gathering.Revisions(ctx, r.Client, a.Spec.Policy)
	if err != nil {
		return summary{}, err
	}
	record := records.At(a.Spec.Sequence)
	switch {
	case records.Newest == nil:
		return waiting(v1alpha1.ReasonPolicyNotFound, "there is no SafetyPolicy "+a.Spec.Policy+" of which a revision was recorded"), nil
	case record == nil:
		return waiting(v1alpha1.ReasonRecordNotFound, fmt.Sprintf("SafetyPolicy %s has no revision of sequence %d: its newest is %d",
			a.Spec.Policy, a.Spec.Sequence, records.Newest.Spec.Sequence)), nil
	case record != records.Newest && record.Status.InForceTime == nil:
		return stuck(v1alpha1.ReasonReplaced, "PolicyRevision "+records.After(record).Name+" came after "+record.Name+", which never came into force"), nil
	}
	ballot, err := records.BallotOf(record)
	if err != nil {
		return waiting(v1alpha1.ReasonRecordNotFound, err.Error()), nil
	}
	approvals, err := policyApprovals(ctx, r.Client, record)
	if err != nil {
		return summary{}, err
	}
	return summaryOfVote(a, approvals, ballot.Count(approvals)), nil
}

func summaryOfVote(a *v1alpha1.PolicyApproval, approvals []v1alpha1.PolicyApproval, tally revision.Tally) summary {
	at := slices.IndexFunc(approvals, func(b v1alpha1.PolicyApproval) bool { return b.UID == a.UID })
	switch {
	case at < 0:
		return waiting(v1alpha1.ReasonRecordNotFound, "the approval is not in the cache yet")
	case tally.Votes[at].Counts:
		return ready(tally.Votes[at].Reason, tally.Votes[at].Message)
	}
	return stuck(tally.Votes[at].Reason, tally.Votes[at].Message)
}
