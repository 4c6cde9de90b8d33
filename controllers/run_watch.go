// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// runCache has the metadata of what runs consist of, and of nothing else: the manager's own cache selects pods by another
// label. It starts with the manager's caches.
type runCache struct{ cache.Cache }

// GetCache makes the manager start it among its caches, before what reads it.
func (c runCache) GetCache() cache.Cache { return c.Cache }

// newRunCache makes the cache, and has the manager start it.
func newRunCache(mgr ctrl.Manager) (cache.Cache, error) {
	labelled, err := labels.NewRequirement(v1alpha1.LabelEvaluation, selection.Exists, nil)
	if err != nil {
		return nil, err
	}
	c, err := cache.New(mgr.GetConfig(), cache.Options{
		HTTPClient: mgr.GetHTTPClient(), Scheme: mgr.GetScheme(), Mapper: mgr.GetRESTMapper(),
		ReaderFailOnMissingInformer: true,
		DefaultLabelSelector:        labels.NewSelector().Add(*labelled),
		DefaultTransform:            cache.TransformStripManagedFields(),
	})
	if err != nil {
		return nil, fmt.Errorf("making the cache of runs: %w", err)
	}
	return c, mgr.Add(runCache{c})
}

// watchRuns adds what runs consist of to what wakes a controller.
func watchRuns(b *builder.Builder, of cache.Cache) *builder.Builder {
	wake := handler.TypedEnqueueRequestsFromMapFunc(func(ctx context.Context, o *metav1.PartialObjectMetadata) []reconcile.Request {
		return evaluationRun(ctx, of, o)
	})
	for _, kind := range runKinds() {
		o := &metav1.PartialObjectMetadata{}
		o.SetGroupVersionKind(kind)
		b = b.WatchesRawSource(source.Kind(of, o, wake))
	}
	return b
}

// evaluationRun is the evaluation that an object was made for: what controls it, or its Job. While the Job is not cached it is
// what the label names, which is the whole name of all but the longest; the event of the Job then wakes the rest.
func evaluationRun(ctx context.Context, of client.Reader, o client.Object) []reconcile.Request {
	name := o.GetLabels()[v1alpha1.LabelEvaluation]
	owner := metav1.GetControllerOf(o)
	if ofJob(owner) {
		job := &metav1.PartialObjectMetadata{}
		job.SetGroupVersionKind(batchv1.SchemeGroupVersion.WithKind("Job"))
		if err := of.Get(ctx, client.ObjectKey{Namespace: o.GetNamespace(), Name: owner.Name}, job); err == nil {
			owner = metav1.GetControllerOf(job)
		}
	}
	if owner != nil && owner.Kind == "SafetyEvaluation" {
		name = owner.Name
	}
	if name == "" {
		return nil
	}
	return []reconcile.Request{{NamespacedName: types.NamespacedName{Namespace: o.GetNamespace(), Name: name}}}
}
