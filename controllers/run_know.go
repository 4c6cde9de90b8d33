// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/census"
	"github.com/scalegate/scalegate/internal/gate"
	"github.com/scalegate/scalegate/internal/runs"
)

// knowledge is all that the next step of a run depends on, as the API server has it.
type knowledge struct {
	now        metav1.Time
	evaluation *v1alpha1.SafetyEvaluation
	// jobs are those that the evaluation controls, but for its server's, of which there should be one.
	jobs []batchv1.Job
	// serverJob makes the pod that serves the model under test; nil where it does not exist.
	serverJob *batchv1.Job
	// pods bear the label of the evaluation.
	pods []corev1.Pod
	// services and policies are the Services and NetworkPolicies that the evaluation controls.
	services, policies []metav1.PartialObjectMetadata
	// retention is how long, in seconds, the Job of a run that ended is kept.
	retention int64
	// release that is evaluated; nil where it does not exist, or nothing more depends on it.
	release *v1alpha1.ModelRelease
	// plan is what a run is made of, before its Job is.
	plan plan
}

// plan is what a run is made of.
type plan struct {
	// missing says what does not exist that is needed, where something does not.
	missing summary
	// input of what is rendered. ClaimJob is set where every pod of the namespace claims.
	input runs.Input
	// suite is the name of the one that the requirement asks for; empty where any will do.
	suite string
	// accelerators are what a pod that asks for them claims a release for.
	accelerators census.Accelerators
}

// defaultRetention is how long a Job is kept where its suite does not say, in seconds: a week.
const defaultRetention = 604800

// know reads all about a run; nil when the evaluation is gone.
func (r *SafetyEvaluationReconciler) know(ctx context.Context, key client.ObjectKey) (*knowledge, error) {
	k := &knowledge{now: r.Now(), evaluation: &v1alpha1.SafetyEvaluation{}}
	if err := r.Live.Get(ctx, key, k.evaluation); apierrors.IsNotFound(err) {
		return nil, nil //nolint:nilnil // gone is an answer, and not an error
	} else if err != nil {
		return nil, fmt.Errorf("reading SafetyEvaluation %s: %w", key, err)
	}
	if err := r.objects(ctx, k); err != nil {
		return nil, fmt.Errorf("reading the run of SafetyEvaluation %s: %w", key, err)
	}
	run := k.evaluation.Status.Run
	var err error
	switch {
	case k.evaluation.DeletionTimestamp != nil:
	case gate.Ended(k.evaluation):
		k.retention, err = r.retention(ctx, k.evaluation.Spec.Job.Suite)
	case run != nil && run.JobUID != "":
		k.release, err = r.releaseOf(ctx, k.evaluation)
	default:
		k.plan, err = r.plan(ctx, k.evaluation)
		k.release = k.plan.input.Release
	}
	return k, err
}

// objects lists what there is of a run. Jobs are read before their pods: what is known of pods is never older.
func (r *SafetyEvaluationReconciler) objects(ctx context.Context, k *knowledge) error {
	e := k.evaluation
	var jobs batchv1.JobList
	if err := r.Live.List(ctx, &jobs, ofRun(e)...); err != nil {
		return fmt.Errorf("listing Jobs: %w", err)
	}
	for i := range jobs.Items {
		switch job := &jobs.Items[i]; {
		case job.Name == runs.ServerName(e):
			// The garbage collector may have taken the evaluation from its owners already.
			k.serverJob = job
		case metav1.IsControlledBy(job, e):
			k.jobs = append(k.jobs, *job)
		}
	}
	if err := r.recordedJob(ctx, k); err != nil {
		return err
	}
	var pods corev1.PodList
	if err := r.Live.List(ctx, &pods, ofRun(e)...); err != nil {
		return fmt.Errorf("listing Pods: %w", err)
	}
	k.pods = pods.Items
	for _, also := range []struct {
		kind schema.GroupVersionKind
		into *[]metav1.PartialObjectMetadata
	}{{serviceKind(), &k.services}, {networkPolicyKind(), &k.policies}} {
		list := metadataList(also.kind)
		if err := r.Live.List(ctx, list, ofRun(e)...); err != nil {
			return fmt.Errorf("listing %s: %w", list.Kind, err)
		}
		for i := range list.Items {
			if metav1.IsControlledBy(&list.Items[i], e) {
				list.Items[i].SetGroupVersionKind(also.kind)
				*also.into = append(*also.into, list.Items[i])
			}
		}
	}
	return nil
}

// recordedJob reads the Job on record by its name where the list does not have it: that it is gone is final, and must not
// be concluded from a label that was taken away.
func (r *SafetyEvaluationReconciler) recordedJob(ctx context.Context, k *knowledge) error {
	run := k.evaluation.Status.Run
	if run == nil || run.JobUID == "" || gate.Ended(k.evaluation) || k.job() != nil {
		return nil
	}
	job := &batchv1.Job{}
	err := r.Live.Get(ctx, client.ObjectKey{Namespace: k.evaluation.Namespace, Name: run.JobName}, job)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading Job %s: %w", run.JobName, err)
	}
	if string(job.UID) == run.JobUID {
		k.jobs = append(k.jobs, *job)
	}
	return nil
}

func (r *SafetyEvaluationReconciler) releaseOf(ctx context.Context, e *v1alpha1.SafetyEvaluation) (*v1alpha1.ModelRelease, error) {
	release := &v1alpha1.ModelRelease{}
	key := client.ObjectKey{Namespace: e.Namespace, Name: e.Spec.Subject.Release}
	if err := r.Live.Get(ctx, key, release); apierrors.IsNotFound(err) {
		return nil, nil //nolint:nilnil // a run goes on without its release
	} else if err != nil {
		return nil, fmt.Errorf("reading ModelRelease %s: %w", key, err)
	}
	return release, nil
}

func (r *SafetyEvaluationReconciler) retention(ctx context.Context, name string) (int64, error) {
	suite := &v1alpha1.EvaluationSuite{}
	err := r.Live.Get(ctx, client.ObjectKey{Name: name}, suite)
	if err != nil && !apierrors.IsNotFound(err) {
		return 0, fmt.Errorf("reading EvaluationSuite %s: %w", name, err)
	}
	if err != nil || suite.Spec.JobRetentionSeconds == nil {
		return defaultRetention, nil
	}
	return *suite.Spec.JobRetentionSeconds, nil
}

// plan reads what a run is made of.
func (r *SafetyEvaluationReconciler) plan(ctx context.Context, e *v1alpha1.SafetyEvaluation) (plan, error) {
	found, missing, err := r.requirement(ctx, r.Live, e)
	if err != nil || found.requirement == nil {
		return plan{missing: missing}, err
	}
	p := plan{suite: found.requirement.Suite(), input: runs.Input{
		Evaluation: e, Release: found.release, Metric: found.requirement.Metric(),
	}}
	if len(found.policy.Spec.Exposures) > 0 {
		p.input.Exposure = found.policy.Spec.Exposures[0].Name
	}
	suite, key := &v1alpha1.EvaluationSuite{}, client.ObjectKey{Name: e.Spec.Job.Suite}
	if err := r.Live.Get(ctx, key, suite); apierrors.IsNotFound(err) {
		p.missing = waiting(v1alpha1.ReasonSuiteNotFound, fmt.Sprintf("EvaluationSuite %s does not exist", key.Name))
		return p, nil
	} else if err != nil {
		return p, fmt.Errorf("reading EvaluationSuite %s: %w", key.Name, err)
	}
	p.input.Suite = suite
	namespace, err := namespaceMetadata(ctx, r.Live, e.Namespace)
	if err != nil {
		return p, err
	}
	p.input.ClaimJob = namespace != nil && namespace.Labels[v1alpha1.LabelClaims] == v1alpha1.ClaimsAll
	if p.accelerators, err = acceleratorsOf(ctx, r.Live); err != nil {
		return p, err
	}
	p.input.Collector.Image, err = r.Collector.Find(ctx)
	return p, err
}

// ofRun selects what bears the label of an evaluation, in its namespace.
func ofRun(e *v1alpha1.SafetyEvaluation) []client.ListOption {
	return []client.ListOption{
		client.InNamespace(e.Namespace), client.MatchingLabels{v1alpha1.LabelEvaluation: runs.EvaluationLabel(e.Name)},
	}
}

// runKinds are the kinds of what a run consists of.
func runKinds() []schema.GroupVersionKind {
	return []schema.GroupVersionKind{
		batchv1.SchemeGroupVersion.WithKind("Job"), corev1.SchemeGroupVersion.WithKind("Pod"), serviceKind(), networkPolicyKind(),
	}
}

func serviceKind() schema.GroupVersionKind { return corev1.SchemeGroupVersion.WithKind("Service") }

func networkPolicyKind() schema.GroupVersionKind {
	return networkingv1.SchemeGroupVersion.WithKind("NetworkPolicy")
}

func metadataList(kind schema.GroupVersionKind) *metav1.PartialObjectMetadataList {
	list := &metav1.PartialObjectMetadataList{}
	kind.Kind += "List"
	list.SetGroupVersionKind(kind)
	return list
}
