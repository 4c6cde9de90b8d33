// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	ac "github.com/scalegate/scalegate/api/applyconfiguration/api/v1alpha1"
	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/runs"
)

// What a suite's status needs.
//
// +kubebuilder:rbac:groups=scalegate.dev,resources=evaluationsuites/status,verbs=get;update;patch

// EvaluationSuiteReconciler says whether a suite can be run.
type EvaluationSuiteReconciler struct {
	client.Client
	// Now is the clock.
	Now func() metav1.Time
}

// SetupWithManager registers the reconciler.
func (r *EvaluationSuiteReconciler) SetupWithManager(mgr ctrl.Manager) error {
	return ctrl.NewControllerManagedBy(mgr).
		For(&v1alpha1.EvaluationSuite{}).
		Complete(reconcile.AsReconciler(mgr.GetClient(), r))
}

// Reconcile brings the status of one suite up to date.
func (r *EvaluationSuiteReconciler) Reconcile(ctx context.Context, s *v1alpha1.EvaluationSuite) (ctrl.Result, error) {
	status := v1alpha1.EvaluationSuiteStatus{
		ObservedGeneration: new(s.Generation),
		Conditions:         validity(runs.Validate(s)).conditions(s.Status.Conditions, s.Generation, r.Now()),
	}
	if equality.Semantic.DeepEqual(status, s.Status) {
		return ctrl.Result{}, nil
	}
	apply, err := applyConfiguration[ac.EvaluationSuiteStatusApplyConfiguration](status)
	if err != nil {
		return ctrl.Result{}, err
	}
	object := ac.EvaluationSuite(s.Name).WithUID(s.UID).WithStatus(apply)
	if err := r.Status().Apply(ctx, object, client.ForceOwnership); err != nil {
		return ctrl.Result{}, fmt.Errorf("reporting on EvaluationSuite %s: %w", s.Name, err)
	}
	return ctrl.Result{}, nil
}

// shownProblems is how many problems of a suite are named.
const shownProblems = 3

// validity sums the problems of a suite up.
func validity(problems field.ErrorList) summary {
	if len(problems) == 0 {
		return ready(v1alpha1.ReasonValid, "the suite can be run")
	}
	var texts []string
	for _, problem := range problems[:min(len(problems), shownProblems)] {
		texts = append(texts, problem.Error())
	}
	if more := len(problems) - len(texts); more > 0 {
		texts = append(texts, fmt.Sprintf("and %d more", more))
	}
	return stuck(v1alpha1.ReasonInvalidSuite, strings.Join(texts, "; "))
}
