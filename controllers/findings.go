// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	ac "github.com/scalegate/scalegate/api/applyconfiguration/api/v1alpha1"
	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
)

func (r *ModelReleaseReconciler) makeFindings(ctx context.Context, d gate.Decision) error {
	var errs []error
	for i := range d.NewFindings {
		finding := &d.NewFindings[i]
		if err := r.Create(ctx, finding); err != nil && !apierrors.IsAlreadyExists(err) {
			errs = append(errs, fmt.Errorf("recording finding %s: %w", finding.Name, err))
			continue
		}
		stands := metav1.Condition{
			Type: v1alpha1.ConditionResolved, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonStands,
			Message: "to resolve it, name a later evaluation that meets the requirement in spec.resolution",
		}
		errs = append(errs, r.reportFinding(ctx, finding.Name, stands, nil))
	}
	return errors.Join(errs...)
}

// resolve records which resolutions took effect, and why others did not.
func (r *ModelReleaseReconciler) resolve(ctx context.Context, d gate.Decision) error {
	var errs []error
	for _, resolution := range d.Resolutions {
		condition := metav1.Condition{
			Type: v1alpha1.ConditionResolved, Status: metav1.ConditionFalse,
			Reason: v1alpha1.ReasonResolutionIneffective, Message: resolution.Message,
		}
		var resolved *metav1.Time
		if resolution.Effective {
			condition.Status, condition.Reason = metav1.ConditionTrue, v1alpha1.ReasonResolved
			resolved = new(metav1.NewTime(*resolution.ResolvedTime))
		}
		errs = append(errs, r.reportFinding(ctx, resolution.Finding, condition, resolved))
	}
	return errors.Join(errs...)
}

func (r *ModelReleaseReconciler) reportFinding(ctx context.Context, name string, condition metav1.Condition, resolved *metav1.Time) error {
	finding := &v1alpha1.AdverseFinding{}
	if err := r.Live.Get(ctx, types.NamespacedName{Name: name}, finding); err != nil {
		return client.IgnoreNotFound(err)
	}
	if finding.Status.ResolvedTime != nil {
		return nil
	}
	status := v1alpha1.AdverseFindingStatus{
		Conditions:         append([]metav1.Condition(nil), finding.Status.Conditions...),
		ObservedGeneration: new(finding.Generation),
		ResolvedTime:       resolved,
	}
	condition.ObservedGeneration, condition.LastTransitionTime = finding.Generation, r.Now()
	setCondition(&status.Conditions, condition)
	if equality.Semantic.DeepEqual(status, finding.Status) {
		return nil
	}
	apply, err := applyConfiguration[ac.AdverseFindingStatusApplyConfiguration](status)
	if err != nil {
		return err
	}
	object := ac.AdverseFinding(name).WithUID(finding.UID).WithStatus(apply)
	if err := r.Status().Apply(ctx, object, client.ForceOwnership); err != nil {
		return fmt.Errorf("reporting on finding %s: %w", name, err)
	}
	return nil
}
