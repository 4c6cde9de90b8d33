// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"slices"

	batchv1 "k8s.io/api/batch/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
)

// unfinalized takes the finalizer off by which a deletion waits for dependents, as the API server does where the deletion does not
// wait, and the garbage collector where there is no Job to wait for.
func unfinalized(ctx context.Context, api client.Client, o client.Object, opts []client.DeleteOption) error {
	options := (&client.DeleteOptions{}).ApplyOptions(opts)
	if options.PropagationPolicy == nil || *options.PropagationPolicy == metav1.DeletePropagationOrphan {
		return nil
	}
	stored := &metav1.PartialObjectMetadata{}
	gvk, err := api.GroupVersionKindFor(o)
	if err != nil {
		return err
	}
	stored.SetGroupVersionKind(gvk)
	if err := api.Get(ctx, client.ObjectKeyFromObject(o), stored); err != nil || !controllerutil.RemoveFinalizer(stored, metav1.FinalizerDeleteDependents) {
		return client.IgnoreNotFound(err)
	}
	var jobs batchv1.JobList
	if err := api.List(ctx, &jobs, client.InNamespace(o.GetNamespace())); err != nil {
		return err
	}
	owned := slices.ContainsFunc(jobs.Items, func(j batchv1.Job) bool {
		return slices.ContainsFunc(j.OwnerReferences, func(ref metav1.OwnerReference) bool { return ref.UID == stored.UID })
	})
	if owned && *options.PropagationPolicy == metav1.DeletePropagationForeground {
		return nil
	}
	return api.Update(ctx, stored)
}

// samePrecondition holds a deletion to the UID and version that it names, as an API server does.
func samePrecondition(ctx context.Context, api client.Client, stored client.Object, opts []client.DeleteOption) error {
	options := (&client.DeleteOptions{}).ApplyOptions(opts)
	only := options.Preconditions
	if only == nil || only.UID == nil {
		return errors.New("the deletion names no UID")
	}
	if err := api.Get(ctx, client.ObjectKeyFromObject(stored), stored); err != nil {
		return err
	}
	if stored.GetUID() != *only.UID || only.ResourceVersion != nil && stored.GetResourceVersion() != *only.ResourceVersion {
		return apierrors.NewConflict(schema.GroupResource{Resource: "pods"}, stored.GetName(), errors.New("another UID or version"))
	}
	return nil
}
