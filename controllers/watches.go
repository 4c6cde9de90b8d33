// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"maps"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/clearance"
)

// concern is a kind of which changes wake releases.
type concern struct {
	object client.Object
	// find are the releases that an object concerns.
	find func(context.Context, client.Object) ([]types.NamespacedName, error)
	// lane is where they are looked at.
	lane lane
	// closes tells of a change that takes something away, whatever else there is; nil where none does. One of two objects
	// may be nil.
	closes func(before, after client.Object) bool
	// mayClose: whether a change takes something away shows in the decision. Then the release is looked at on the lane of
	// what closes too.
	mayClose bool
	// matters tells whether an update may concern anybody; nil where every one may.
	matters predicate.Predicate
	// covered: what there is of it when the manager starts concerns releases that are looked at then anyway.
	covered bool
	// metadata: only the metadata is watched.
	metadata bool
}

// watches are the kinds of which changes wake releases, beside custom kinds.
func (r *ModelReleaseReconciler) watches(wake wakes) []concern {
	spec := predicate.GenerationChangedPredicate{}
	all := []concern{
		{object: &v1alpha1.ModelRelease{}, find: itself, closes: withdraws, matters: notByStatus()},
		{object: &v1alpha1.ModelRelease{}, find: wake.releasesOfRelease, closes: revokes, matters: spec, covered: true},
		{object: &v1alpha1.ModelRelease{}, find: wake.releasesFallingBack, covered: true},
		{object: &v1alpha1.SafetyPolicy{}, find: wake.releasesUnderPolicy, lane: background, matters: spec, covered: true},
		{object: &v1alpha1.PolicyRevision{}, find: wake.releasesUnderRevision, lane: background, matters: comesIntoForce(), covered: true},
		{object: &v1alpha1.SafetyEvaluation{}, find: wake.releasesOfEvaluation, mayClose: true, covered: true},
		{object: &v1alpha1.AdverseFinding{}, find: wake.releasesOfFinding, closes: adverse, matters: counts(), covered: true},
		{object: &v1alpha1.ReleaseApproval{}, find: wake.releasesOfApproval, mayClose: true, matters: spec},
		{object: &v1alpha1.ReleaseWaiver{}, find: wake.releasesOfWaiver, mayClose: true, matters: spec},
		{object: &v1alpha1.ReleaseDetermination{}, find: wake.releasesOfDetermination, mayClose: true, matters: spec},
		// What is said of these is of our own writing, and wakes who said it: it may have taken the last but one for the last.
		{object: &v1alpha1.ReleaseApproval{}, find: wake.releaseNamed, matters: statusAlone(), covered: true},
		{object: &v1alpha1.ReleaseWaiver{}, find: wake.releaseNamed, matters: statusAlone(), covered: true},
		{object: &v1alpha1.ReleaseDetermination{}, find: wake.releaseNamed, matters: statusAlone(), covered: true},
		{object: &appsv1.Deployment{}, find: wake.releasesServed, covered: true},
		{object: &appsv1.ReplicaSet{}, find: wake.releaseClaimed, covered: true},
		{object: &appsv1.StatefulSet{}, find: wake.releasesOfStatefulSet, covered: true},
		{object: &batchv1.Job{}, find: wake.releaseClaimed, covered: true},
		{object: &corev1.Pod{}, find: wake.releasesServed, covered: true},
		{object: &corev1.Namespace{}, find: wake.releasesOfNamespace, lane: background, matters: moreThanClearances(), metadata: true},
		{object: &networkingv1.NetworkPolicy{}, find: wake.releasesOfNetworkPolicy, covered: true},
		{object: &admissionv1.MutatingWebhookConfiguration{}, find: wake.everyRelease, lane: background, matters: spec, covered: true},
	}
	if !r.withoutMutatingPolicies {
		all = append(all,
			concern{object: &admissionv1.MutatingAdmissionPolicy{}, find: wake.everyRelease, lane: background, matters: spec, covered: true},
			concern{object: &admissionv1.MutatingAdmissionPolicyBinding{}, find: wake.everyRelease, lane: background, matters: spec, covered: true})
	}
	return all
}

// setUpLane registers the reconciler for a lane. Each lane has every watch, so that its workers start when all is read, and
// each event wakes releases on the lane that it belongs to.
func (r *ModelReleaseReconciler) setUpLane(mgr ctrl.Manager, l lane, wake wakes) error {
	b := ctrl.NewControllerManagedBy(mgr).Named(l.String()).WatchesRawSource(r.turns.source(l)).
		WithOptions(controller.Options{
			MaxConcurrentReconciles: l.workers(),
			UsePriorityQueue:        new(true),
			// What closes is not kept waiting by its own failures for longer than this.
			RateLimiter: workqueue.NewTypedItemExponentialFailureRateLimiter[ctrl.Request](5*time.Millisecond, 30*time.Second),
		})
	for i, w := range r.watches(wake) {
		mine := builder.WithPredicates(w.on(l))
		switch wakes := r.handler(&w, wake, l); {
		case i == 0:
			b = b.For(w.object, mine)
		case w.metadata:
			b = b.Watches(w.object, wakes, mine, builder.OnlyMetadata)
		default:
			b = b.Watches(w.object, wakes, mine)
		}
	}
	if l == opening {
		return b.WatchesRawSource(r.kinds).Complete(r.on(l))
	}
	b = b.WatchesRawSource(synced{r.kinds})
	if l == background {
		b = b.Watches(&corev1.Namespace{}, wake.ofClearances(), builder.OnlyMetadata)
		if r.Readied != nil {
			b = b.WatchesRawSource(source.Channel(r.Readied, wake.handler(r.standby.orEvery(wake))))
		}
	}
	return b.Complete(r.on(l))
}

// synced waits for the custom kinds, which wake another lane.
type synced struct{ *customKinds }

// Start implements source.Source.
func (synced) Start(context.Context, workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
	return nil
}

// handler enqueues on a lane what a change concerns.
func (r *ModelReleaseReconciler) handler(w *concern, wake wakes, l lane) handler.EventHandler {
	switch {
	case w.lane == background:
		return wake.gathered(w.find)
	case w.mayClose && l == closing:
		return wake.handler(wake.losing(w.find, r.Now))
	default:
		return wake.handler(w.find)
	}
}

// on lets those changes through that belong to a lane.
func (w *concern) on(l lane) predicate.Predicate {
	mine := func(before, after client.Object, anew bool) bool {
		usual := w.lane
		if anew {
			usual = background
		}
		switch {
		case w.closes != nil && w.closes(before, after):
			return l == closing
		case anew && w.covered:
			return false
		case w.mayClose && l == closing:
			return !anew
		default:
			return l == usual
		}
	}
	return predicate.Funcs{
		CreateFunc: func(e event.CreateEvent) bool { return mine(nil, e.Object, e.IsInInitialList) },
		UpdateFunc: func(e event.UpdateEvent) bool {
			before, after := e.ObjectOld, e.ObjectNew
			switch {
			case before.GetUID() != after.GetUID():
				// One was deleted and another made while nothing was watched: its generation and labels may be the same.
				return mine(before, nil, false) || mine(nil, after, false)
			case before.GetResourceVersion() == after.GetResourceVersion():
				return mine(before, after, true) // the cache shows everything again from time to time
			default:
				return (w.matters == nil || w.matters.Update(e)) && mine(before, after, false)
			}
		},
		DeleteFunc: func(e event.DeleteEvent) bool { return mine(e.Object, nil, false) },
	}
}

// itself is a release that is woken by its own change.
func itself(_ context.Context, o client.Object) ([]types.NamespacedName, error) {
	return []types.NamespacedName{client.ObjectKeyFromObject(o)}, nil
}

// withdraws tells of a release that is revoked, or gone.
func withdraws(before, after client.Object) bool {
	return after == nil || revokes(before, after)
}

// revokes tells of a release that is revoked by a change. One that was when the manager started counts while its status does
// not tell, or tells that this is not enforced.
func revokes(before, after client.Object) bool {
	is, ok := after.(*v1alpha1.ModelRelease)
	if !ok || is.Spec.Revocation == nil {
		return false
	}
	if was, ok := before.(*v1alpha1.ModelRelease); ok {
		return was.Spec.Revocation == nil || *was.Spec.Revocation != *is.Spec.Revocation
	}
	return is.Status.ObservedGeneration == nil || *is.Status.ObservedGeneration != is.Generation ||
		!meta.IsStatusConditionTrue(is.Status.Conditions, v1alpha1.ConditionEnforced)
}

// adverse tells of a finding that is new. One that is resolved only opens.
func adverse(before, after client.Object) bool {
	finding, ok := after.(*v1alpha1.AdverseFinding)
	return ok && before == nil && finding.Spec.Resolution == nil && len(finding.Status.Conditions) == 0
}

// notByStatus drops what changed nothing but a status. That of a release is of our own writing: who writes it looks again by
// himself where that is needed.
func notByStatus() predicate.Predicate {
	return predicate.Or(predicate.GenerationChangedPredicate{}, predicate.LabelChangedPredicate{}, predicate.AnnotationChangedPredicate{})
}

// statusAlone drops what changed a spec.
func statusAlone() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool { return e.ObjectOld.GetGeneration() == e.ObjectNew.GetGeneration() }}
}

// counts drops what changes of a finding nothing that a decision depends on.
func counts() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		before, was := e.ObjectOld.(*v1alpha1.AdverseFinding)
		after, is := e.ObjectNew.(*v1alpha1.AdverseFinding)
		return !was || !is || before.Generation != after.Generation || !before.Status.ResolvedTime.Equal(after.Status.ResolvedTime)
	}}
}

// comesIntoForce drops what changes of a revision nothing that a decision depends on.
func comesIntoForce() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		before, was := e.ObjectOld.(*v1alpha1.PolicyRevision)
		after, is := e.ObjectNew.(*v1alpha1.PolicyRevision)
		return !was || !is || before.Generation != after.Generation || !before.Status.InForceTime.Equal(after.Status.InForceTime)
	}}
}

// moreThanClearances drops what changes nothing but clearances of a namespace, of which [wakes.ofClearances] tells.
func moreThanClearances() predicate.Predicate {
	rest := func(o client.Object) map[string]string {
		annotations := maps.Clone(o.GetAnnotations())
		maps.DeleteFunc(annotations, func(key, _ string) bool {
			_, is := clearance.Release(key)
			return is
		})
		return annotations
	}
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		return !maps.Equal(e.ObjectOld.GetLabels(), e.ObjectNew.GetLabels()) || !maps.Equal(rest(e.ObjectOld), rest(e.ObjectNew)) ||
			(e.ObjectOld.GetDeletionTimestamp() == nil) != (e.ObjectNew.GetDeletionTimestamp() == nil)
	}}
}
