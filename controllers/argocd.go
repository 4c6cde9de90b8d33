// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/argocd"
)

// ArgoCDReconciler has Argo CD try a sync again that Scalegate refused, once the release is released that the Application
// waits for: Argo CD itself does not try the same commit again for ever. It is off where no namespace is named, needs the
// rights of config/argocd/wake-up, and touches no Application but those that name the release in an annotation of their own.
type ArgoCDReconciler struct {
	client.Client
	// Live reads the API server itself. Applications are not watched.
	Live client.Reader
	// Events tells of what was tried again, on the release.
	Events events.EventRecorder
	// Namespaces are those of the Applications; none for none.
	Namespaces []string
}

// argocdAgain is when to look again at an Application whose sync is on its way.
const argocdAgain = 10 * time.Second

// SetupWithManager registers the reconciler, where it has something to do.
func (r *ArgoCDReconciler) SetupWithManager(mgr ctrl.Manager) error {
	if len(r.Namespaces) == 0 {
		return nil
	}
	return ctrl.NewControllerManagedBy(mgr).Named("argocd").
		For(&v1alpha1.ModelRelease{}, builder.WithPredicates(predicate.Funcs{UpdateFunc: releasedAnew})).
		Complete(reconcile.AsReconciler(mgr.GetClient(), r))
}

// releasedAnew tells a release that was released anew from one of which something else changed: looking for its Applications is a list.
func releasedAnew(e event.UpdateEvent) bool {
	before, ok := e.ObjectOld.(*v1alpha1.ModelRelease)
	now, alsoOK := e.ObjectNew.(*v1alpha1.ModelRelease)
	if !ok || !alsoOK {
		return false
	}
	then, was := releasedSince(before)
	since, is := releasedSince(now)
	return is && (!was || !since.Equal(then))
}

// Reconcile tries again what waits for one release.
func (r *ArgoCDReconciler) Reconcile(ctx context.Context, release *v1alpha1.ModelRelease) (ctrl.Result, error) {
	released, ok := releasedSince(release)
	if !ok {
		return ctrl.Result{}, nil
	}
	var later bool
	var errs []error
	for _, namespace := range r.Namespaces {
		wait, err := r.wake(ctx, namespace, release, released)
		later = later || wait
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return ctrl.Result{}, err
	}
	if later {
		return ctrl.Result{RequeueAfter: argocdAgain}, nil
	}
	return ctrl.Result{}, nil
}

// releasedSince is when a release that is ready became so, or when it was cleared first, where that was later; false while it is not
// ready, or its newest spec was not looked at.
func releasedSince(release *v1alpha1.ModelRelease) (time.Time, bool) {
	c := meta.FindStatusCondition(release.Status.Conditions, v1alpha1.ConditionReady)
	if c == nil || c.Status != "True" || c.ObservedGeneration != release.Generation {
		return time.Time{}, false
	}
	since := c.LastTransitionTime.Time
	if first := release.Status.ClearedSinceTime; first != nil && first.After(since) {
		since = first.Time
	}
	return since, true
}

// wake tries again the syncs of one namespace. later is true where one is on its way that may yet be refused.
func (r *ArgoCDReconciler) wake(ctx context.Context, namespace string, release *v1alpha1.ModelRelease, released time.Time) (later bool, err error) {
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(argocd.Kind())
	switch err := r.Live.List(ctx, list, client.InNamespace(namespace)); {
	case meta.IsNoMatchError(err) || apierrors.IsNotFound(err):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("listing the Applications in namespace %s: %w", namespace, err)
	}
	key := client.ObjectKeyFromObject(release)
	var errs []error
	for i := range list.Items {
		app := &list.Items[i]
		if !argocd.Names(app, key) {
			continue
		}
		retry, err := argocd.After(app, key, released)
		if err == nil && retry.Operation != nil {
			err = r.retry(ctx, app, release, retry.Operation)
		}
		later = later || retry.Later
		errs = append(errs, err)
	}
	return later, errors.Join(errs...)
}

// retry sets the operation of an Application, over the version that was read and no other.
func (r *ArgoCDReconciler) retry(ctx context.Context, app *unstructured.Unstructured, release *v1alpha1.ModelRelease, operation map[string]any) error {
	patch, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"resourceVersion": app.GetResourceVersion()}, "operation": operation,
	})
	if err != nil {
		return fmt.Errorf("encoding an operation: %w", err)
	}
	name := client.ObjectKeyFromObject(app)
	if err := r.Patch(ctx, app, client.RawPatch(types.MergePatchType, patch)); err != nil {
		return fmt.Errorf("having Application %s tried again: %w", name, err)
	}
	r.Events.Eventf(release, nil, corev1.EventTypeNormal, v1alpha1.ReasonSyncRetried, "Retry",
		"Argo CD tries the sync of Application %s again that was refused before the release was released", name)
	return nil
}
