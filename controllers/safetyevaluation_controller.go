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
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	ac "github.com/scalegate/scalegate/api/applyconfiguration/api/v1alpha1"
	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
)

// SafetyEvaluationReconciler reads the result of a SafetyEvaluation, once, and records what it says; where the
// evaluation names a suite, it runs the suite first. It never judges a result.
type SafetyEvaluationReconciler struct {
	client.Client
	// Live reads the API server itself. Result files are read through it, so that the contents of
	// ConfigMaps are not kept in memory; and all that a run depends on.
	Live client.Reader
	// Runs has the metadata of what is left of runs. SetupWithManager sets it.
	Runs client.Reader
	// Collector finds the image that reads the results of runs.
	Collector *Collector
	// Events records when runs begin and end.
	Events events.EventRecorder
	// Now is the clock.
	Now func() metav1.Time
}

// SetupWithManager registers the reconciler and what wakes it.
func (r *SafetyEvaluationReconciler) SetupWithManager(mgr ctrl.Manager) error {
	wake := wakes{mgr.GetClient()}
	runs, err := newRunCache(mgr)
	if err != nil {
		return err
	}
	r.Runs = runs
	lmEvalJobs, err := watching(mgr, lmEvalRows(), wake.evaluationsOfLMEvalJob)
	if err != nil {
		return err
	}
	b := ctrl.NewControllerManagedBy(mgr).
		For(&v1alpha1.SafetyEvaluation{}, builder.WithPredicates(predicate.Funcs{CreateFunc: newsAtStart})).
		Watches(&v1alpha1.ModelRelease{}, wake.handler(wake.evaluationsOfRelease), later()).
		Watches(&v1alpha1.SafetyPolicy{}, wake.gathered(wake.evaluationsUnderPolicy), later(predicate.GenerationChangedPredicate{})).
		Watches(&v1alpha1.EvaluationSuite{}, wake.handler(wake.evaluationsOfSuite), later()).
		Watches(&corev1.ConfigMap{}, wake.handler(wake.evaluationsInConfigMap), later(), builder.OnlyMetadata).
		WatchesRawSource(lmEvalJobs)
	return watchRuns(b, runs).Complete(reconcile.Func(r.wake))
}

// newsAtStart drops what is there when the manager starts and has been told of: a file was measured, the status is of the
// present generation, and nothing can change about it any more. Of a run something may be left to clear.
func newsAtStart(created event.CreateEvent) bool {
	e, ok := created.Object.(*v1alpha1.SafetyEvaluation)
	told := ok && e.Spec.Job == nil && gate.Ended(e) && e.Status.ObservedGeneration != nil && *e.Status.ObservedGeneration == e.Generation
	return !created.IsInInitialList || !told
}

// Reconcile brings the status of one evaluation up to date.
func (r *SafetyEvaluationReconciler) Reconcile(ctx context.Context, e *v1alpha1.SafetyEvaluation) (ctrl.Result, error) {
	if e.Spec.Job != nil {
		return r.run(ctx, e)
	}
	read, err := r.read(ctx, e)
	if err != nil {
		return ctrl.Result{}, err
	}
	return ctrl.Result{}, r.report(ctx, e, state{reading: read})
}

// read returns the measurement on record, or takes it.
func (r *SafetyEvaluationReconciler) read(ctx context.Context, e *v1alpha1.SafetyEvaluation) (reading, error) {
	if m := e.Status.Measurement; m != nil {
		return recorded(m), nil
	}
	found, missing, err := r.requirement(ctx, r.Client, e)
	if err != nil || found.requirement == nil {
		return reading{summary: missing}, err
	}
	if e.Spec.Report.LMEvalJob != nil {
		return r.lmEvalJob(ctx, e, found.requirement.Metric())
	}
	file, missing, err := r.file(ctx, e)
	if err != nil || file == nil {
		return reading{summary: missing}, err
	}
	return measure(file, found.requirement.Metric(), e.Spec.Report.SHA256)
}

// wanted is what an evaluation is for: its release, the policy of that, and the policy's requirement. All are nil
// where one does not exist.
type wanted struct {
	release     *v1alpha1.ModelRelease
	policy      *v1alpha1.SafetyPolicy
	requirement *v1alpha1.Requirement
}

// requirement finds what the evaluation is for; nothing, with a summary, where something on the way to it does not
// exist.
func (r *SafetyEvaluationReconciler) requirement(ctx context.Context, reader client.Reader, e *v1alpha1.SafetyEvaluation) (wanted, summary, error) {
	release := &v1alpha1.ModelRelease{}
	key := client.ObjectKey{Namespace: e.Namespace, Name: e.Spec.Subject.Release}
	if err := reader.Get(ctx, key, release); apierrors.IsNotFound(err) {
		return wanted{}, waiting(v1alpha1.ReasonReleaseNotFound, fmt.Sprintf("ModelRelease %s does not exist", key)), nil
	} else if err != nil {
		return wanted{}, summary{}, fmt.Errorf("reading ModelRelease %s: %w", key, err)
	}
	policy := &v1alpha1.SafetyPolicy{}
	name := release.Spec.Policy
	if err := reader.Get(ctx, client.ObjectKey{Name: name}, policy); apierrors.IsNotFound(err) {
		return wanted{}, waiting(v1alpha1.ReasonPolicyNotFound, fmt.Sprintf("SafetyPolicy %s of release %s does not exist", name, release.Name)), nil
	} else if err != nil {
		return wanted{}, summary{}, fmt.Errorf("reading SafetyPolicy %s: %w", name, err)
	}
	for i := range policy.Spec.Requirements {
		requirement := &policy.Spec.Requirements[i]
		if requirement.Name != e.Spec.Requirement {
			continue
		}
		if requirement.Evaluation == nil {
			return wanted{}, stuck(v1alpha1.ReasonRequirementNotEvaluated, fmt.Sprintf(
				"requirement %s of SafetyPolicy %s asks for %s, and for no evaluation: create another SafetyEvaluation for a requirement that does",
				requirement.Name, name, insteadOf(requirement))), nil
		}
		return wanted{release, policy, requirement}, summary{}, nil
	}
	return wanted{}, waiting(v1alpha1.ReasonRequirementNotFound, fmt.Sprintf(
		"SafetyPolicy %s has no requirement %s: create another SafetyEvaluation for one that it has", name, e.Spec.Requirement)), nil
}

// insteadOf is what a requirement asks for that asks for no evaluation.
func insteadOf(r *v1alpha1.Requirement) string {
	if r.Approval != nil {
		return "people who approve"
	}
	return "a check of the cluster"
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

// report writes the status where it is another one, and tells of a change. What was read live is written on no other
// version than that which was read, so that nothing of a run is lost that is recorded meanwhile.
func (r *SafetyEvaluationReconciler) report(ctx context.Context, e *v1alpha1.SafetyEvaluation, is state) error {
	status := is.status(e, r.Now())
	if equality.Semantic.DeepEqual(status, e.Status) {
		return nil
	}
	apply, err := applyConfiguration[ac.SafetyEvaluationStatusApplyConfiguration](status)
	if err != nil {
		return err
	}
	object := ac.SafetyEvaluation(e.Name, e.Namespace).WithUID(e.UID).WithStatus(apply)
	if e.Spec.Job != nil {
		object = object.WithResourceVersion(e.ResourceVersion)
	}
	if err := r.Status().Apply(ctx, object, client.ForceOwnership); err != nil {
		return fmt.Errorf("reporting on SafetyEvaluation %s/%s: %w", e.Namespace, e.Name, err)
	}
	r.announce(e, is)
	return nil
}

// status is the state as the status of its evaluation.
func (s state) status(e *v1alpha1.SafetyEvaluation, now metav1.Time) v1alpha1.SafetyEvaluationStatus {
	return v1alpha1.SafetyEvaluationStatus{
		ObservedGeneration: new(e.Generation),
		Measurement:        s.measurement,
		Run:                s.run,
		Conditions:         s.summary.conditions(e.Status.Conditions, e.Generation, now),
	}
}
