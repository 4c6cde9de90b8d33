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
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/lru"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/enforcement"
	"github.com/scalegate/scalegate/internal/gate"
	"github.com/scalegate/scalegate/internal/tracing"
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
	// Metrics measures the fleet; nil measures nothing.
	Metrics *FleetMetrics
	// Tracer tells what is done, and how long it takes; nil tells nothing.
	Tracer *tracing.Tracer
	// SafeguardPeriod is how often is looked at safeguards of which no event tells; 0 means DefaultSafeguardPeriod.
	SafeguardPeriod time.Duration
	// Engine is the version of Scalegate, as records of decisions name it.
	Engine string

	ledger    ledger
	polls     polls
	chronicle chronicle
	verdicts  *lru.Cache
	// looked are the UIDs of the releases that this process looked at.
	looked *lru.Cache
	kinds  *customKinds
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
	r.verdicts, r.looked = lru.New(verdictsKept), lru.New(verdictsKept)
	wake := wakes{mgr.GetClient()}
	var err error
	if r.kinds, err = watching(mgr, customRows(), wake.releasesOfCustom); err != nil {
		return err
	}
	b := ctrl.NewControllerManagedBy(mgr).
		For(&v1alpha1.ModelRelease{}).
		Watches(&v1alpha1.SafetyPolicy{}, wake.handler(wake.releasesUnderPolicy)).
		Watches(&v1alpha1.PolicyRevision{}, wake.handler(wake.releasesUnderRevision)).
		Watches(&v1alpha1.SafetyEvaluation{}, wake.handler(wake.releasesOfEvaluation)).
		Watches(&v1alpha1.AdverseFinding{}, wake.handler(wake.releasesOfFinding)).
		Watches(&v1alpha1.ReleaseApproval{}, wake.handler(wake.releasesOfApproval), builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Watches(&v1alpha1.ReleaseWaiver{}, wake.handler(wake.releasesOfWaiver), builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Watches(&v1alpha1.ReleaseDetermination{}, wake.handler(wake.releasesOfDetermination), builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Watches(&v1alpha1.ModelRelease{}, wake.handler(wake.releasesOfRelease), builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Watches(&appsv1.Deployment{}, wake.handler(wake.releasesServed)).
		Watches(&appsv1.ReplicaSet{}, wake.handler(wake.releaseClaimed)).
		Watches(&appsv1.StatefulSet{}, wake.handler(wake.releasesOfStatefulSet)).
		Watches(&batchv1.Job{}, wake.handler(wake.releaseClaimed)).
		Watches(&corev1.Pod{}, wake.handler(wake.releasesServed)).
		Watches(&v1alpha1.ModelRelease{}, wake.handler(wake.releasesFallingBack)).
		WatchesRawSource(r.kinds).
		Watches(&corev1.Namespace{}, wake.handler(wake.releasesOfNamespace), builder.OnlyMetadata).
		Watches(&networkingv1.NetworkPolicy{}, wake.handler(wake.releasesOfNetworkPolicy)).
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

// Reconcile gathers, decides, records, acts and reports. A release that is gone is reconciled too: its
// clearance is withdrawn and its pods are left alone.
func (r *ModelReleaseReconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	ctx, span := r.Tracer.Start(ctx, "reconcile")
	traceRelease(span, req.NamespacedName)
	result, err := r.reconcile(ctx, req)
	span.End(err)
	return result, err
}

func (r *ModelReleaseReconciler) reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	c, err := r.course(ctx, req.NamespacedName)
	if err != nil {
		return ctrl.Result{}, err
	}
	enforcing, span := r.Tracer.Start(ctx, "enforce")
	entryErr := c.enter(enforcing, r)
	limited, limitErr := r.limit(enforcing, &c)
	did, actErr := r.act(enforcing, &c)
	err = errors.Join(limitErr, actErr)
	c.traceActs(span, did)
	span.End(errors.Join(entryErr, err))
	ctx, span = r.Tracer.Start(ctx, "report")
	o := outcome{plan: c.plan, did: did, err: err, observed: c.observed, drift: r.kinds.driftOf(c.in.Release, c.present.pods), record: c.onRecord(), changed: c.changed}
	stored, reportErr := r.report(ctx, c.in, c.decision, o)
	stampErr := r.stampEnforced(ctx, &c, err)
	noteErr := r.note(ctx, c.key.Namespace, c.plan.Notes)
	recordsAfter, recordsErr := r.reportRecords(ctx, &c)
	span.End(errors.Join(reportErr, stampErr, noteErr, recordsErr))
	if err := errors.Join(entryErr, err, reportErr, stampErr, noteErr, recordsErr); err != nil {
		return ctrl.Result{}, err
	}
	after := sooner(sooner(recheck(c.in.Now, c.decision, c.plan), limited), sooner(unfinished(c, did), recordsAfter))
	after = sooner(after, r.pollAgain(c.observed, c.decision))
	if !stored {
		after = sooner(after, time.Second)
	}
	if withheld := r.withheld(c.present.namespace, c.in.Now); withheld.Reason != "" {
		after = sooner(after, cmp.Or(withheld.Again, askAgain))
	}
	return ctrl.Result{RequeueAfter: after}, nil
}

// unfinished is when to try again what could not be done, and of which no event tells that it can be; 0 where all was.
func unfinished(c course, did done) time.Duration {
	var after time.Duration
	if did.refused > 0 {
		after = evictAgain
	}
	if *c.present.unread {
		after = sooner(after, readAgain)
	}
	if did.autoscaled {
		after = sooner(after, autoscaledAgain)
	}
	return after
}

// askAgain is when to ask again whether something may be given, where nobody says.
const askAgain = 5 * time.Second

// recheck is when to look again: when time alone would change the decision or the plan, and before the clearance
// that stands has lived through, which a manager that was away finds further on than it left it; 0 for never.
func recheck(now time.Time, d gate.Decision, plan enforcement.Plan) time.Duration {
	after := sooner(d.RecheckAfter, plan.Again)
	if end := plan.Clearance.End; end != nil {
		after = sooner(after, max(end.Sub(now)/2, time.Second))
	}
	return after
}

// sooner is the shorter of two times to wait, of which 0 means for ever.
func sooner(a, b time.Duration) time.Duration {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}
