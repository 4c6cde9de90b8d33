// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/sets"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/enforcement"
	"github.com/scalegate/scalegate/internal/runs"
	"github.com/scalegate/scalegate/internal/workload"
)

// content compares what a pod is with what the release declares. The pod of an evaluation's Job is no part of the release:
// it runs what its suite says, and is compared with the Job that Scalegate made of it. The server of an evaluation is the
// release, whatever made it. Of a pod whose Job is gone, or is another one, nothing is known.
func (x examination) content(ctx context.Context, pod *corev1.Pod, content map[string]any, owned sets.Set[string]) (enforcement.Verdict, error) {
	if owner := metav1.GetControllerOf(pod); pod.Labels[v1alpha1.LabelEvaluation] != "" && ofJob(owner) {
		job, err := x.jobOf(ctx, pod, owner)
		if err != nil || job == nil {
			return enforcement.Verdict{}, err
		}
		if !runs.OfServer(job) {
			return x.run(ctx, job, content)
		}
	}
	m := x.declared.Pod(content)
	if m != nil && !held(pod) && owned != nil && m.ForeignContainer() && !owned.Has(m.Container()) {
		return enforcement.Verdict{}, nil
	}
	return verdict(m), nil
}

// jobOf is the Job that controls a pod; nil where it is gone.
func (x examination) jobOf(ctx context.Context, pod *corev1.Pod, owner *metav1.OwnerReference) (*unstructured.Unstructured, error) {
	job := &unstructured.Unstructured{}
	job.SetGroupVersionKind(batchv1.SchemeGroupVersion.WithKind("Job"))
	if err := x.live.Get(ctx, client.ObjectKey{Namespace: pod.Namespace, Name: owner.Name}, job); apierrors.IsNotFound(err) {
		return nil, nil //nolint:nilnil // gone is an answer, and not an error
	} else if err != nil {
		return nil, fmt.Errorf("reading Job %s live: %w", owner.Name, err)
	}
	if job.GetUID() != owner.UID {
		return nil, nil //nolint:nilnil // see above
	}
	return job, nil
}

// run compares the pod of an evaluation's Job with the template of that Job. While the Job is not on record with its
// evaluation, nothing is known about the pod.
func (x examination) run(ctx context.Context, job *unstructured.Unstructured, content map[string]any) (enforcement.Verdict, error) {
	v, err := x.ordered(ctx, job)
	if err != nil || !v.Matches() {
		return v, err
	}
	template, _, err := unstructured.NestedMap(job.Object, "spec", "template")
	if err != nil {
		return enforcement.Verdict{}, fmt.Errorf("reading the template of Job %s: %w", job.GetName(), err)
	}
	return verdict(workload.MatchRun(template, content)), nil
}

// ordered tells whether a Job is the one that Scalegate made for an evaluation, by what is on record there: the zero Verdict
// while nothing is.
func (x examination) ordered(ctx context.Context, job metav1.Object) (enforcement.Verdict, error) {
	const stray = "is of a Job that is not the one of its SafetyEvaluation; delete the Job"
	owner := metav1.GetControllerOf(job)
	if owner == nil {
		// The garbage collector takes owners away as it comes for the Job.
		return enforcement.Verdict{}, nil
	}
	if owner.Kind != "SafetyEvaluation" {
		return enforcement.Verdict{Examined: true, Mismatch: stray}, nil
	}
	var e v1alpha1.SafetyEvaluation
	if err := x.live.Get(ctx, client.ObjectKey{Namespace: job.GetNamespace(), Name: owner.Name}, &e); apierrors.IsNotFound(err) {
		return enforcement.Verdict{}, nil
	} else if err != nil {
		return enforcement.Verdict{}, fmt.Errorf("reading SafetyEvaluation %s live: %w", owner.Name, err)
	}
	switch run := e.Status.Run; {
	case e.UID != owner.UID || run == nil || run.JobUID == "":
		return enforcement.Verdict{}, nil
	case run.JobUID != string(job.GetUID()):
		return enforcement.Verdict{Examined: true, Mismatch: stray}, nil
	default:
		return enforcement.Verdict{Examined: true}, nil
	}
}

// ofJob tells whether an owner is a Job.
func ofJob(owner *metav1.OwnerReference) bool {
	return owner != nil && owner.Kind == "Job" && owner.APIVersion == batchv1.SchemeGroupVersion.String()
}
