// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// atOnce is how many pods are written at a time, as in the release controller.
const atOnce = 16

// null acts on pods when something happens to an object of a kind, and does nothing else. It keeps the pods that claim a
// release in its cache, as the release controller does.
type null struct {
	// name of the controller.
	name string
	// trigger is an object of the kind.
	trigger client.Object
	// act gets the object that something happened to.
	act func(ctx context.Context, c client.Client, o client.Object) error
}

// run acts until ctx ends, as the user of the kubeconfig file that is its only argument.
func (n null) run(ctx context.Context, args []string) error {
	if len(args) != 1 {
		return errors.New("give a kubeconfig file")
	}
	cfg, scheme, err := cluster(args[0])
	if err != nil {
		return err
	}
	claims, err := labels.NewRequirement(v1alpha1.LabelRelease, selection.Exists, nil)
	if err != nil {
		return err
	}
	mgr, err := ctrl.NewManager(cfg, ctrl.Options{
		Scheme:  scheme,
		Metrics: server.Options{BindAddress: "0"},
		Cache: cache.Options{
			DefaultTransform: cache.TransformStripManagedFields(),
			ByObject:         map[client.Object]cache.ByObject{&corev1.Pod{}: {Label: labels.NewSelector().Add(*claims)}},
		},
	})
	if err != nil {
		return fmt.Errorf("making the manager: %w", err)
	}
	if err := mgr.GetFieldIndexer().IndexField(ctx, &corev1.Pod{}, v1alpha1.LabelRelease, func(o client.Object) []string {
		return []string{o.GetLabels()[v1alpha1.LabelRelease]}
	}); err != nil {
		return err
	}
	c := mgr.GetClient()
	err = ctrl.NewControllerManagedBy(mgr).Named(n.name).
		Watches(n.trigger, &handler.EnqueueRequestForObject{}, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Watches(&corev1.Pod{}, handler.Funcs{}).
		Complete(reconcile.Func(func(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
			o, ok := n.trigger.DeepCopyObject().(client.Object)
			if !ok {
				return reconcile.Result{}, fmt.Errorf("%T is no object", n.trigger)
			}
			if err := c.Get(ctx, request.NamespacedName, o); err != nil {
				return reconcile.Result{}, client.IgnoreNotFound(err)
			}
			return reconcile.Result{}, n.act(ctx, c, o)
		}))
	if err != nil {
		return err
	}
	go tellSynced(ctx, mgr)
	return mgr.Start(ctx)
}

// each does the same to every pod that claims a release, several at a time. One that changed or went meanwhile is left.
func each(ctx context.Context, c client.Client, key client.ObjectKey, do func(*corev1.Pod) error) error {
	var pods corev1.PodList
	if err := c.List(ctx, &pods, client.InNamespace(key.Namespace), client.MatchingFields{v1alpha1.LabelRelease: key.Name}); err != nil {
		return err
	}
	errs := make([]error, len(pods.Items))
	workqueue.ParallelizeUntil(ctx, atOnce, len(pods.Items), func(i int) { errs[i] = left(do(&pods.Items[i])) })
	return firstOf(errs)
}
