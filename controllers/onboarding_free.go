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
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/freeing"
	"github.com/scalegate/scalegate/internal/gathering"
	"github.com/scalegate/scalegate/internal/workload/kinds"
)

// Holds are lifted where nobody governs any more, of every kind that has one.
//
// +kubebuilder:rbac:groups=apps,resources=statefulsets,verbs=get;list;patch
// +kubebuilder:rbac:groups=batch,resources=jobs,verbs=get;list;patch
// +kubebuilder:rbac:groups=jobset.x-k8s.io,resources=jobsets,verbs=get;list;patch
// +kubebuilder:rbac:groups=leaderworkerset.x-k8s.io,resources=leaderworkersets,verbs=get;list;patch

// FreeingReconciler lifts what is still held in namespaces that are not enforced any more: nobody would ever clear it.
// It acts on live reads alone, and asks before every write whether the namespace is still not enforced.
type FreeingReconciler struct {
	client.Client
	// Live reads the API server itself.
	Live client.Reader
	// Events records on workloads that they were freed.
	Events events.EventRecorder
	// Now is the clock.
	Now func() metav1.Time
}

// searchInterval is between two searches of the whole cluster: for namespaces whose gate went while nobody looked, and
// for what an API server still held that did not know yet.
const searchInterval = 5 * time.Minute

// SetupWithManager registers the reconciler, which is woken when a namespace stops being enforced, and its search.
func (r *FreeingReconciler) SetupWithManager(mgr ctrl.Manager) error {
	enforced := func(o client.Object) bool { return o.GetLabels()[v1alpha1.LabelGate] == v1alpha1.GateEnforced }
	err := ctrl.NewControllerManagedBy(mgr).
		Named("freeing").
		For(&corev1.Namespace{}, builder.OnlyMetadata, builder.WithPredicates(predicate.Funcs{
			CreateFunc:  func(event.CreateEvent) bool { return false },
			UpdateFunc:  func(e event.UpdateEvent) bool { return enforced(e.ObjectOld) && !enforced(e.ObjectNew) },
			DeleteFunc:  func(event.DeleteEvent) bool { return false },
			GenericFunc: func(event.GenericEvent) bool { return false },
		})).
		Complete(r)
	return errors.Join(err, mgr.Add(r))
}

// NeedLeaderElection makes only the replica that acts search.
func (r *FreeingReconciler) NeedLeaderElection() bool { return true }

// Start searches until ctx ends.
func (r *FreeingReconciler) Start(ctx context.Context) error {
	wait.UntilWithContext(ctx, func(ctx context.Context) {
		if err := r.search(ctx); err != nil && ctx.Err() == nil {
			log.FromContext(ctx).Error(err, "Looking for holds where nobody governs")
		}
	}, searchInterval)
	return nil
}

// Reconcile frees one namespace.
func (r *FreeingReconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	return ctrl.Result{}, r.free(ctx, req.Name)
}

// search frees every namespace that is not enforced and has something held.
func (r *FreeingReconciler) search(ctx context.Context) error {
	var errs []error
	found := sets.New[string]()
	for _, kind := range freeing.Parents() {
		errs = append(errs, r.held(ctx, kind, "", func(o *metav1.PartialObjectMetadata) error {
			found.Insert(o.Namespace)
			return nil
		}))
	}
	var pods corev1.PodList
	errs = append(errs, r.List(ctx, &pods, client.UnsafeDisableDeepCopy)) // those in the cache claim a release, and no other is held
	for i := range pods.Items {
		if held(&pods.Items[i]) {
			found.Insert(pods.Items[i].Namespace)
		}
	}
	for _, namespace := range sets.List(found) {
		errs = append(errs, r.free(ctx, namespace))
	}
	return errors.Join(errs...)
}

// free lifts every hold in a namespace that is not enforced, and is not about to be.
func (r *FreeingReconciler) free(ctx context.Context, namespace string) error {
	if free, err := r.ungoverned(ctx, namespace); err != nil || !free {
		return err
	}
	var errs []error
	for _, kind := range freeing.Parents() {
		errs = append(errs, r.held(ctx, kind, namespace, func(o *metav1.PartialObjectMetadata) error {
			return r.lift(ctx, kind, o)
		}))
	}
	return errors.Join(append(errs, r.openAll(ctx, namespace))...)
}

// ungoverned tells whether nobody governs a namespace, by a live read. One whose day has come is enforced in a moment.
func (r *FreeingReconciler) ungoverned(ctx context.Context, namespace string) (bool, error) {
	ns, err := namespaceMetadata(ctx, r.Live, namespace)
	if err != nil || ns == nil || ns.Labels[v1alpha1.LabelGate] == v1alpha1.GateEnforced {
		return false, err
	}
	plan, err := beginningIn(ctx, gathering.Source{Reader: r.Live, Cache: r.Client}, ns)
	return err == nil && (plan.day == nil || plan.day.After(r.Now().Time)), err
}

// held calls each for the objects of a kind that are held or scaled, in a namespace, or in all if that is empty, page by page. A kind that
// the cluster does not have has none.
func (r *FreeingReconciler) held(ctx context.Context, kind kinds.Kind, namespace string, each func(*metav1.PartialObjectMetadata) error) error {
	var errs []error
	list := &metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(r.served(kind).GroupVersion().WithKind(kind.Kind + "List"))
	for next := ""; ; {
		err := r.Live.List(ctx, list, client.InNamespace(namespace), client.Limit(censusPage), client.Continue(next))
		if meta.IsNoMatchError(err) || apierrors.IsNotFound(err) {
			return errors.Join(errs...)
		} else if err != nil {
			return errors.Join(append(errs, fmt.Errorf("listing %s: %w", kind.Resource, err))...)
		}
		for i := range list.Items {
			if freeing.Marked(&list.Items[i]) {
				errs = append(errs, each(&list.Items[i]))
			}
		}
		if next = list.GetContinue(); next == "" {
			return errors.Join(errs...)
		}
	}
}

// served is the kind in the first version that the cluster serves; in the preferred one where it serves none.
func (r *FreeingReconciler) served(kind kinds.Kind) schema.GroupVersionKind {
	if mapping, err := r.RESTMapper().RESTMapping(kind.GroupKind(), kind.Versions...); err == nil {
		return mapping.GroupVersionKind
	}
	return kind.GVKs()[0]
}

// lift ends the hold of one object and gives it the replicas back that its author wants, as it is read live.
func (r *FreeingReconciler) lift(ctx context.Context, kind kinds.Kind, o *metav1.PartialObjectMetadata) error {
	live := &unstructured.Unstructured{}
	live.SetGroupVersionKind(r.served(kind))
	if err := r.Live.Get(ctx, client.ObjectKeyFromObject(o), live); err != nil {
		return client.IgnoreNotFound(err)
	}
	if !freeing.Marked(live) {
		return nil
	}
	if free, err := r.ungoverned(ctx, o.Namespace); err != nil || !free {
		return err
	}
	patch, message := freeing.Unheld(kind, live), "the replicas stay as somebody set them since"
	if _, held := live.GetAnnotations()[v1alpha1.AnnotationHeld]; held {
		message = "the hold is lifted"
	}
	if replicas, scaled := freeing.Unscaled(kind, live, patch); scaled {
		message = fmt.Sprintf("its replicas are %d again", replicas)
	}
	content, err := json.Marshal(patch)
	if err != nil {
		return err
	}
	ok, err := effective(r.Patch(ctx, live, client.RawPatch(types.MergePatchType, content)))
	if err != nil {
		return fmt.Errorf("freeing %s %s/%s: %w", kind.Kind, o.Namespace, o.Name, err)
	}
	if ok {
		r.Events.Eventf(live, nil, corev1.EventTypeNormal, v1alpha1.ReasonFreed, "Free",
			"%s: namespace %s is not enforced any more", message, o.Namespace)
	}
	return nil
}

// openAll lifts our gate of every pod in a namespace. Other gates stay.
func (r *FreeingReconciler) openAll(ctx context.Context, namespace string) error {
	var errs []error
	var pods corev1.PodList
	for next := ""; ; {
		err := r.Live.List(ctx, &pods, client.InNamespace(namespace), client.HasLabels{v1alpha1.LabelRelease},
			client.Limit(censusPage), client.Continue(next))
		if err != nil {
			return errors.Join(append(errs, fmt.Errorf("listing pods of namespace %s: %w", namespace, err))...)
		}
		for i := range pods.Items {
			if pod := &pods.Items[i]; held(pod) {
				errs = append(errs, r.open(ctx, pod))
			}
		}
		if next = pods.Continue; next == "" {
			return errors.Join(errs...)
		}
	}
}

func (r *FreeingReconciler) open(ctx context.Context, pod *corev1.Pod) error {
	if free, err := r.ungoverned(ctx, pod.Namespace); err != nil || !free {
		return err
	}
	content, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"uid": pod.UID, "resourceVersion": pod.ResourceVersion},
		"spec": map[string]any{
			"schedulingGates": []any{map[string]any{"name": v1alpha1.SchedulingGate, "$patch": "delete"}},
		},
	})
	if err != nil {
		return err
	}
	target := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: pod.Namespace, Name: pod.Name}}
	if _, err := effective(r.Patch(ctx, target, client.RawPatch(types.StrategicMergePatchType, content))); err != nil {
		return fmt.Errorf("freeing pod %s/%s: %w", pod.Namespace, pod.Name, err)
	}
	return nil
}
