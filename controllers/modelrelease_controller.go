// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"cmp"
	"context"
	"errors"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/lru"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/enforcement"
	"github.com/scalegate/scalegate/internal/gate"
)

// ModelReleaseReconciler decides about a release and enforces the decision in its namespace.
type ModelReleaseReconciler struct {
	client.Client
	// Live reads the API server itself: whatever opens or closes is decided again on what it says.
	Live client.Reader
	// Events records what changed for a release.
	Events events.EventRecorder
	// Now is the clock.
	Now func() metav1.Time
	// Ready says whether something may be given in an enforced namespace, and is asked before every decision; nil means
	// yes. While it says no, nothing new is cleared, no lease is extended, and nothing is lifted or opened; what stands
	// stays, and what closes goes on.
	Ready func(namespace *metav1.PartialObjectMetadata, now time.Time) Withheld
	// Readied gets something when Ready may say yes again, so that what waited is looked at; nil when nothing tells.
	Readied <-chan event.GenericEvent

	verdicts *lru.Cache
	kinds    *customKinds
	// withoutMutatingPolicies: the API server has no MutatingAdmissionPolicy of version v1.
	withoutMutatingPolicies bool
	// unreadMutators are kinds of which it has another version, which is not read: nobody knows what they do to pods.
	unreadMutators []string
}

// Withheld is why nothing may be given in a namespace for now. The zero value withholds nothing.
type Withheld struct {
	enforcement.Withheld
	// Again is when to ask again, from now; 0 means soon.
	Again time.Duration
	// Since is when this process first saw the namespace enforced as it is now; zero when nobody knows. What was found
	// before that says nothing about now.
	Since time.Time
}

// SetupWithManager registers the reconciler and what wakes it.
func (r *ModelReleaseReconciler) SetupWithManager(mgr ctrl.Manager) error {
	r.verdicts = lru.New(verdictsKept)
	wake := wakes{mgr.GetClient()}
	var err error
	if r.kinds, err = watching(mgr, customRows(), wake.releasesOfCustom); err != nil {
		return err
	}
	b := ctrl.NewControllerManagedBy(mgr).
		For(&v1alpha1.ModelRelease{}).
		Watches(&v1alpha1.SafetyPolicy{}, wake.handler(wake.releasesUnderPolicy)).
		Watches(&v1alpha1.SafetyEvaluation{}, wake.handler(wake.releasesOfEvaluation)).
		Watches(&v1alpha1.AdverseFinding{}, wake.handler(wake.releasesOfFinding)).
		Watches(&appsv1.Deployment{}, wake.handler(wake.releaseClaimed)).
		Watches(&appsv1.ReplicaSet{}, wake.handler(wake.releaseClaimed)).
		Watches(&appsv1.StatefulSet{}, wake.handler(wake.releasesOfStatefulSet)).
		Watches(&batchv1.Job{}, wake.handler(wake.releaseClaimed)).
		Watches(&corev1.Pod{}, wake.handler(wake.releaseClaimed)).
		WatchesRawSource(r.kinds).
		Watches(&corev1.Namespace{}, wake.handler(wake.releasesOfNamespace), builder.OnlyMetadata).
		Watches(&admissionv1.MutatingWebhookConfiguration{}, wake.handler(wake.everyRelease)).
		WithOptions(controller.Options{
			MaxConcurrentReconciles: 8,
			// What closes is not kept waiting by its own failures for longer than this.
			RateLimiter: workqueue.NewTypedItemExponentialFailureRateLimiter[ctrl.Request](5*time.Millisecond, 30*time.Second),
		})
	if r.withoutMutatingPolicies, err = withoutMutatingPolicies(mgr.GetRESTMapper()); err != nil {
		return err
	}
	if r.unreadMutators, err = unreadMutators(mgr.GetRESTMapper()); err != nil {
		return err
	}
	if !r.withoutMutatingPolicies {
		b = b.Watches(&admissionv1.MutatingAdmissionPolicy{}, wake.handler(wake.everyRelease)).
			Watches(&admissionv1.MutatingAdmissionPolicyBinding{}, wake.handler(wake.everyRelease))
	}
	if r.Readied != nil {
		b = b.WatchesRawSource(source.Channel(r.Readied, wake.handler(wake.everyRelease)))
	}
	return b.Complete(r)
}

// Reconcile gathers, decides, acts and reports. A release that is gone is reconciled too: its
// clearance is withdrawn and its pods are left alone.
func (r *ModelReleaseReconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	in, err := r.gather(ctx, r.Client, req.NamespacedName)
	if err != nil {
		return ctrl.Result{}, err
	}
	present, err := r.look(ctx, req.NamespacedName)
	if err != nil {
		return ctrl.Result{}, err
	}
	d := gate.Decide(in)
	s, err := r.scene(ctx, req.NamespacedName, in, present, d)
	if err != nil {
		return ctrl.Result{}, err
	}
	plan := enforcement.For(s, d)
	if plan.GivesMore() || plan.Takes() || len(d.NewFindings) > 0 || len(d.Resolutions) > 0 {
		if in, err = r.gather(ctx, r.Live, req.NamespacedName); err != nil {
			return ctrl.Result{}, err
		}
		if present.namespace, err = namespaceMetadata(ctx, r.Live, req.Namespace); err != nil {
			return ctrl.Result{}, err
		}
		if d, plan, err = r.planLive(ctx, req.NamespacedName, in, &present, plan.Counts()); err != nil {
			return ctrl.Result{}, err
		}
	}
	did, actErr := r.act(ctx, req.NamespacedName, d, plan)
	drift := r.kinds.driftOf(in.Release, present.pods)
	reported := r.report(ctx, in, d, outcome{plan: plan, did: did, err: actErr, drift: drift})
	if err := errors.Join(actErr, reported); err != nil {
		return ctrl.Result{}, err
	}
	after := recheck(in.Now, d, plan)
	if withheld := r.withheld(present.namespace, in.Now); withheld.Reason != "" {
		after = min(after, cmp.Or(withheld.Again, askAgain))
	}
	return ctrl.Result{RequeueAfter: after}, nil
}

// planLive decides and plans on what was gathered live. Where a plan depends on how many pods serve, be it the one before or the one
// of a policy that the cache does not show yet, the pods are live too.
func (r *ModelReleaseReconciler) planLive(
	ctx context.Context, key types.NamespacedName, in gate.Input, present *claims, counts bool,
) (gate.Decision, enforcement.Plan, error) {
	d := gate.Decide(in)
	for live := counts; ; live = true {
		if live {
			var err error
			if present.pods, err = r.livePods(ctx, key); err != nil {
				return d, enforcement.Plan{}, err
			}
		}
		s, err := r.scene(ctx, key, in, *present, d)
		if err != nil {
			return d, enforcement.Plan{}, err
		}
		if plan := enforcement.For(s, d); live || !plan.Counts() {
			return d, plan, nil
		}
	}
}

// askAgain is when to ask again whether something may be given, where nobody says.
const askAgain = 5 * time.Second

// recheck is when to look again: when time alone would change the decision, and before the clearance
// that stands has lived through, which a manager that was away finds further on than it left it.
func recheck(now time.Time, d gate.Decision, plan enforcement.Plan) time.Duration {
	after := d.RecheckAfter
	if end := plan.Clearance.End; end != nil {
		after = min(after, max(end.Sub(now)/2, time.Second))
	}
	return after
}
