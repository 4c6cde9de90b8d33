// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gathering"
	"github.com/scalegate/scalegate/internal/retention"
)

// +kubebuilder:rbac:groups=scalegate.dev,resources=safetyevaluations,verbs=delete

const (
	// deletedAtOnce is how many evaluations of a release are deleted in one pass.
	deletedAtOnce = 5
	// betweenDeletions is the time between passes while there is more to delete.
	betweenDeletions = time.Minute
	// betweenLooks is the time between passes otherwise. What is kept is counted in days.
	betweenLooks = 6 * time.Hour
)

// RetentionReconciler deletes the SafetyEvaluations of a release that nothing needs any more, where its policy says for
// how long they are kept. What they own goes with them: the file of an import, the Job of a run.
type RetentionReconciler struct {
	client.Client
	// Live reads the API server itself: whatever is deleted is decided again on what it says.
	Live client.Reader
	// Events records what was deleted.
	Events events.EventRecorder
	// Now is the clock.
	Now func() metav1.Time
}

// SetupWithManager registers the reconciler and what wakes it. It works through the releases one by one.
func (r *RetentionReconciler) SetupWithManager(mgr ctrl.Manager) error {
	wake := wakes{mgr.GetClient()}
	changed := builder.WithPredicates(predicate.GenerationChangedPredicate{})
	return ctrl.NewControllerManagedBy(mgr).
		Named("evaluation-retention").
		For(&v1alpha1.ModelRelease{}, changed).
		Watches(&v1alpha1.SafetyPolicy{}, wake.handler(wake.releasesUnderPolicy), later(predicate.GenerationChangedPredicate{})).
		// Nothing goes while a text is not in force, and no later change of the policy tells that it is.
		Watches(&v1alpha1.PolicyRevision{}, wake.handler(wake.releasesUnderRevision), later()).
		Complete(reconcile.AsReconciler(mgr.GetClient(), r))
}

// Reconcile deletes a few evaluations of one release.
func (r *RetentionReconciler) Reconcile(ctx context.Context, release *v1alpha1.ModelRelease) (ctrl.Result, error) {
	policy := &v1alpha1.SafetyPolicy{}
	if err := r.Get(ctx, client.ObjectKey{Name: release.Spec.Policy}, policy); apierrors.IsNotFound(err) || err == nil && policy.Spec.Retention == nil {
		return ctrl.Result{}, nil
	} else if err != nil {
		return ctrl.Result{}, fmt.Errorf("reading SafetyPolicy %s: %w", release.Spec.Policy, err)
	}
	key := client.ObjectKeyFromObject(release)
	choices, err := r.expendable(ctx, r.Client, key)
	if err == nil && len(choices) > 0 {
		choices, err = r.expendable(ctx, r.Live, key)
	}
	if err != nil {
		return ctrl.Result{}, err
	}
	for i, choice := range choices {
		if i == deletedAtOnce {
			return ctrl.Result{RequeueAfter: betweenDeletions}, nil
		}
		if err := r.delete(ctx, release, choice); err != nil {
			return ctrl.Result{}, err
		}
	}
	if len(choices) > 0 {
		// One may have to go before another may.
		return ctrl.Result{RequeueAfter: betweenDeletions}, nil
	}
	return ctrl.Result{RequeueAfter: betweenLooks}, nil
}

// expendable says what may be deleted by what the reader gives.
func (r *RetentionReconciler) expendable(ctx context.Context, reader client.Reader, key types.NamespacedName) ([]retention.Choice, error) {
	in, err := gathering.Source{Reader: reader, Cache: r.Client}.Input(ctx, key, r.Now().Time)
	if err != nil {
		return nil, err
	}
	if in.InForce != nil {
		// What the text does not need any more the one in force may.
		return nil, nil
	}
	policies := &v1alpha1.SafetyPolicyList{}
	if err := reader.List(ctx, policies); err != nil {
		return nil, fmt.Errorf("listing policies: %w", err)
	}
	sharing, err := r.sharing(ctx, reader, in.Evaluations)
	if err != nil {
		return nil, err
	}
	return retention.Expendable(retention.Input{
		Now: in.Now, Release: in.Release, Policy: in.Policy, Evaluations: in.Evaluations, Sharing: sharing,
		Findings: in.Findings, LongestDays: retention.LongestDays(policies.Items),
	}), nil
}

// sharing are these evaluations, and all others in the cluster with the file or run of one. The cache finds the others;
// whether they are still there, the reader says. One that the cache does not know yet is no older than a moment.
func (r *RetentionReconciler) sharing(ctx context.Context, reader client.Reader, evaluations []v1alpha1.SafetyEvaluation) ([]v1alpha1.SafetyEvaluation, error) {
	all := slices.Clone(evaluations)
	known := map[types.NamespacedName]bool{}
	for i := range all {
		known[client.ObjectKeyFromObject(&all[i])] = true
	}
	for i := range evaluations {
		for _, file := range gathering.Files(&evaluations[i]) {
			list := &v1alpha1.SafetyEvaluationList{}
			if err := r.List(ctx, list, client.MatchingFields{indexEvaluationFile: file}); err != nil {
				return nil, fmt.Errorf("listing evaluations of one result file: %w", err)
			}
			for j := range list.Items {
				key := client.ObjectKeyFromObject(&list.Items[j])
				if known[key] {
					continue
				}
				known[key] = true
				other := &v1alpha1.SafetyEvaluation{}
				if err := reader.Get(ctx, key, other); apierrors.IsNotFound(err) {
					continue
				} else if err != nil {
					return nil, fmt.Errorf("reading SafetyEvaluation %s: %w", key, err)
				}
				all = append(all, *other)
			}
		}
	}
	return all, nil
}

// delete deletes an evaluation as it was read, and no other.
func (r *RetentionReconciler) delete(ctx context.Context, release *v1alpha1.ModelRelease, choice retention.Choice) error {
	e := choice.Evaluation
	err := r.Delete(ctx, e, client.Preconditions{UID: &e.UID, ResourceVersion: &e.ResourceVersion})
	if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("deleting SafetyEvaluation %s/%s: %w", e.Namespace, e.Name, err)
	}
	r.Events.Eventf(release, e, corev1.EventTypeNormal, v1alpha1.ReasonEvaluationExpended, "Delete",
		"SafetyEvaluation %s counted for nothing since %s, when its time was over or %s took its place; it was deleted",
		e.Name, choice.Since.UTC().Format(time.RFC3339), choice.Successor.Name)
	return nil
}
