// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	ac "github.com/scalegate/scalegate/api/applyconfiguration/api/v1alpha1"
	"github.com/scalegate/scalegate/api/v1alpha1"
)

// SafetyEvaluationReconciler reads the result file of a SafetyEvaluation, once, and records what
// it says. It never judges it.
type SafetyEvaluationReconciler struct {
	client.Client
	// Live reads the API server itself. Result files are read through it, so that the contents of
	// ConfigMaps are not kept in memory.
	Live client.Reader
	// Now is the clock.
	Now func() metav1.Time
}

// SetupWithManager registers the reconciler and what wakes it.
func (r *SafetyEvaluationReconciler) SetupWithManager(mgr ctrl.Manager) error {
	wake := wakes{mgr.GetClient()}
	return ctrl.NewControllerManagedBy(mgr).
		For(&v1alpha1.SafetyEvaluation{}).
		Watches(&v1alpha1.ModelRelease{}, wake.handler(wake.evaluationsOfRelease)).
		Watches(&v1alpha1.SafetyPolicy{}, wake.handler(wake.evaluationsUnderPolicy)).
		Watches(&corev1.ConfigMap{}, wake.handler(wake.evaluationsInConfigMap), builder.OnlyMetadata).
		Complete(reconcile.AsReconciler(mgr.GetClient(), r))
}

// Reconcile brings the status of one evaluation up to date.
func (r *SafetyEvaluationReconciler) Reconcile(ctx context.Context, e *v1alpha1.SafetyEvaluation) (ctrl.Result, error) {
	read, err := r.read(ctx, e)
	if err != nil {
		return ctrl.Result{}, err
	}
	return ctrl.Result{}, r.report(ctx, e, read)
}

// read returns the measurement on record, or takes it.
func (r *SafetyEvaluationReconciler) read(ctx context.Context, e *v1alpha1.SafetyEvaluation) (reading, error) {
	if m := e.Status.Measurement; m != nil {
		return recorded(m), nil
	}
	requirement, missing, err := r.requirement(ctx, e)
	if err != nil || requirement == nil {
		return reading{summary: missing}, err
	}
	file, missing, err := r.file(ctx, e)
	if err != nil || file == nil {
		return reading{summary: missing}, err
	}
	return measure(file, requirement.Evaluation.Metric, e.Spec.Report.SHA256)
}

// requirement finds the requirement that the evaluation is for; nil with a summary where something
// on the way to it does not exist.
func (r *SafetyEvaluationReconciler) requirement(ctx context.Context, e *v1alpha1.SafetyEvaluation) (*v1alpha1.Requirement, summary, error) {
	release := &v1alpha1.ModelRelease{}
	key := client.ObjectKey{Namespace: e.Namespace, Name: e.Spec.Subject.Release}
	if err := r.Get(ctx, key, release); apierrors.IsNotFound(err) {
		return nil, waiting(v1alpha1.ReasonReleaseNotFound, fmt.Sprintf("ModelRelease %s does not exist", key)), nil
	} else if err != nil {
		return nil, summary{}, fmt.Errorf("reading ModelRelease %s: %w", key, err)
	}
	policy := &v1alpha1.SafetyPolicy{}
	name := release.Spec.Policy
	if err := r.Get(ctx, client.ObjectKey{Name: name}, policy); apierrors.IsNotFound(err) {
		return nil, waiting(v1alpha1.ReasonPolicyNotFound, fmt.Sprintf("SafetyPolicy %s of release %s does not exist", name, release.Name)), nil
	} else if err != nil {
		return nil, summary{}, fmt.Errorf("reading SafetyPolicy %s: %w", name, err)
	}
	for i := range policy.Spec.Requirements {
		if policy.Spec.Requirements[i].Name == e.Spec.Requirement {
			return &policy.Spec.Requirements[i], summary{}, nil
		}
	}
	return nil, waiting(v1alpha1.ReasonRequirementNotFound, fmt.Sprintf(
		"SafetyPolicy %s has no requirement %s: create another SafetyEvaluation for one that it has", name, e.Spec.Requirement)), nil
}

// file returns the result file as it is stored; nil with a summary where it does not exist.
func (r *SafetyEvaluationReconciler) file(ctx context.Context, e *v1alpha1.SafetyEvaluation) ([]byte, summary, error) {
	ref := e.Spec.Report.ConfigMap
	key := client.ObjectKey{Namespace: e.Namespace, Name: ref.Name}
	cm := &corev1.ConfigMap{}
	if err := r.Live.Get(ctx, key, cm); apierrors.IsNotFound(err) {
		return nil, waiting(v1alpha1.ReasonReportNotFound, fmt.Sprintf("ConfigMap %s does not exist", key)), nil
	} else if err != nil {
		return nil, summary{}, fmt.Errorf("reading ConfigMap %s: %w", key, err)
	}
	if data, ok := cm.BinaryData[ref.Key]; ok {
		return data, summary{}, nil
	}
	if data, ok := cm.Data[ref.Key]; ok {
		return []byte(data), summary{}, nil
	}
	return nil, waiting(v1alpha1.ReasonReportNotFound, fmt.Sprintf("ConfigMap %s has no key %s", key, ref.Key)), nil
}

func (r *SafetyEvaluationReconciler) report(ctx context.Context, e *v1alpha1.SafetyEvaluation, read reading) error {
	status := v1alpha1.SafetyEvaluationStatus{
		ObservedGeneration: new(e.Generation),
		Measurement:        read.measurement,
		Conditions:         read.summary.conditions(e.Status.Conditions, e.Generation, r.Now()),
	}
	if equality.Semantic.DeepEqual(status, e.Status) {
		return nil
	}
	apply, err := applyConfiguration[ac.SafetyEvaluationStatusApplyConfiguration](status)
	if err != nil {
		return err
	}
	object := ac.SafetyEvaluation(e.Name, e.Namespace).WithUID(e.UID).WithStatus(apply)
	if err := r.Status().Apply(ctx, object, client.ForceOwnership); err != nil {
		return fmt.Errorf("reporting on SafetyEvaluation %s/%s: %w", e.Namespace, e.Name, err)
	}
	return nil
}
