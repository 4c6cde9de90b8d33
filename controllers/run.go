// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
	"github.com/scalegate/scalegate/internal/runs"
)

// What runs consist of.
//
// +kubebuilder:rbac:groups=scalegate.dev,resources=evaluationsuites,verbs=get;list;watch
// +kubebuilder:rbac:groups=batch,resources=jobs,verbs=get;list;watch;create;delete
// +kubebuilder:rbac:groups="",resources=pods,verbs=get;list;watch;delete
// +kubebuilder:rbac:groups="",resources=services,verbs=get;list;watch;create;delete
// +kubebuilder:rbac:groups=networking.k8s.io,resources=networkpolicies,verbs=get;list;watch;create;delete
// +kubebuilder:rbac:groups=networking.k8s.io,resources=networkpolicies/finalizers,verbs=update

// maxSteps is more than any run takes without waiting for somebody else.
const maxSteps = 24

// run takes an evaluation with a job source as far as it goes by itself. Before each step all is read again from the API
// server: no step trusts what an earlier one did, so that a crash between two of them is no case of its own.
func (r *SafetyEvaluationReconciler) run(ctx context.Context, cached *v1alpha1.SafetyEvaluation) (ctrl.Result, error) {
	settled, err := r.settled(ctx, cached)
	if err != nil || settled {
		return ctrl.Result{}, err
	}
	for range maxSteps {
		known, err := r.know(ctx, client.ObjectKeyFromObject(cached))
		if err != nil || known == nil {
			return ctrl.Result{}, err
		}
		s := known.next()
		if err := r.take(ctx, known.evaluation, s); err != nil {
			return ctrl.Result{}, err
		}
		if s.rests() {
			return ctrl.Result{RequeueAfter: s.again}, nil
		}
	}
	return ctrl.Result{}, fmt.Errorf("running SafetyEvaluation %s/%s: it does not come to rest", cached.Namespace, cached.Name)
}

// settled tells whether the run is over, recorded and without any object that is left of it. An object that the cache does
// not show yet wakes the evaluation when it does.
func (r *SafetyEvaluationReconciler) settled(ctx context.Context, e *v1alpha1.SafetyEvaluation) (bool, error) {
	if !gate.Ended(e) || e.Status.ObservedGeneration == nil || *e.Status.ObservedGeneration != e.Generation {
		return false, nil
	}
	for _, kind := range runKinds() {
		list := metadataList(kind)
		if err := r.Runs.List(ctx, list, ofRun(e)...); err != nil {
			return false, fmt.Errorf("looking for what is left of the run of %s/%s: %w", e.Namespace, e.Name, err)
		}
		if len(list.Items) > 0 {
			return false, nil
		}
	}
	return true, nil
}

// take carries one step out.
func (r *SafetyEvaluationReconciler) take(ctx context.Context, e *v1alpha1.SafetyEvaluation, s step) error {
	if s.remove != nil {
		return r.removeOfRun(ctx, s)
	}
	if s.make != nil {
		if err := r.Create(ctx, s.make); err != nil {
			return r.refused(ctx, e, s.make, err)
		}
		if job, ok := s.make.(*batchv1.Job); ok && !runs.OfServer(job) {
			s.state.run = startedAs(s.state.run, job)
		}
	}
	if s.state.summary.reason == "" {
		return nil
	}
	return r.report(ctx, e, s.state)
}

// refused returns the error of making an object of a run, so that it is tried again. Where it is the API server's answer the
// evaluation says so: nobody reads the log of the manager.
func (r *SafetyEvaluationReconciler) refused(ctx context.Context, e *v1alpha1.SafetyEvaluation, object client.Object, cause error) error {
	err := fmt.Errorf("making %s for SafetyEvaluation %s/%s: %w", described(object), e.Namespace, e.Name, cause)
	if !apierrors.IsInvalid(cause) && !apierrors.IsForbidden(cause) && !apierrors.IsBadRequest(cause) && !apierrors.IsAlreadyExists(cause) {
		return err
	}
	text := fmt.Sprintf("the API server refuses the %s of suite %s: %v", described(object), e.Spec.Job.Suite, cause)
	is := stuck(v1alpha1.ReasonInvalidSuite, text+"; correct the suite")
	if !apierrors.IsInvalid(cause) {
		is = waiting(v1alpha1.ReasonRunRefused, text+"; it is tried again")
	}
	return errors.Join(err, r.report(ctx, e, state{run: e.Status.Run, reading: reading{summary: is}}))
}

// startedAs is the run once its Job is made.
func startedAs(run *v1alpha1.EvaluationRun, job *batchv1.Job) *v1alpha1.EvaluationRun {
	started := run.DeepCopy()
	started.JobName, started.JobUID = job.Name, string(job.UID)
	started.StartTime = new(job.CreationTimestamp)
	return started
}

// removeOfRun deletes an object of a run, and no other that has its name meanwhile. A deletion in the background would take off
// the finalizer by which a NetworkPolicy outlasts the Job that it owns.
func (r *SafetyEvaluationReconciler) removeOfRun(ctx context.Context, s step) error {
	how := metav1.DeletePropagationBackground
	if s.wait || described(s.remove) == networkPolicyKind().Kind {
		how = metav1.DeletePropagationForeground
	}
	err := r.Delete(ctx, s.remove, client.Preconditions{UID: new(s.remove.GetUID())}, client.PropagationPolicy(how))
	if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
		return fmt.Errorf("deleting %s %s/%s: %w", described(s.remove), s.remove.GetNamespace(), s.remove.GetName(), err)
	}
	return nil
}

// described is the kind of an object of a run, for messages.
func described(o client.Object) string {
	switch o := o.(type) {
	case *batchv1.Job:
		return "Job"
	case *corev1.Pod:
		return "Pod"
	case *corev1.Service:
		return "Service"
	case *networkingv1.NetworkPolicy:
		return "NetworkPolicy"
	case *metav1.PartialObjectMetadata:
		return o.Kind
	default:
		return fmt.Sprintf("%T", o)
	}
}

// announce records that a run began, and how it ended.
func (r *SafetyEvaluationReconciler) announce(e *v1alpha1.SafetyEvaluation, now state) {
	if now.run == nil {
		return
	}
	was := e.Status.Run
	if now.run.JobUID != "" && (was == nil || was.JobUID != now.run.JobUID) {
		r.Events.Eventf(e, nil, corev1.EventTypeNormal, v1alpha1.ReasonStarted, "Run", "suite %s runs as Job %s", e.Spec.Job.Suite, now.run.JobName)
	}
	if now.run.FinishTime.IsZero() || was != nil && !was.FinishTime.IsZero() {
		return
	}
	kind, action := corev1.EventTypeNormal, "Finish"
	if now.summary.status != metav1.ConditionTrue {
		kind, action = corev1.EventTypeWarning, "Fail"
	}
	r.Events.Eventf(e, nil, kind, now.summary.reason, action, "%s", cut(now.summary.message, maxMessage))
}
