// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/lru"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/clearance"
	"github.com/scalegate/scalegate/internal/enforcement"
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
	// Heads lists the last record of every release, once, when this process begins to act; nil reads them one by one.
	Heads func(context.Context) (map[types.NamespacedName]Head, error)
	// Engine is the version of Scalegate, as records of decisions name it.
	Engine string
	// Begun is called once this process has looked at every release that it found; nil for nothing.
	Begun func()

	rollCall      rollCall
	standby       standby
	ledger        ledger
	polls         polls
	turns         turns
	chronicle     chronicle
	verdicts      *lru.Cache
	seenTemplates *lru.Cache
	// looked has what this process reported on releases, by UID.
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
	// Unknown: nobody has looked yet at what it depends on, since this process began a moment ago.
	Unknown bool
}

// SetupWithManager registers the reconciler and what wakes it.
func (r *ModelReleaseReconciler) SetupWithManager(mgr ctrl.Manager) error {
	r.verdicts, r.looked, r.seenTemplates = lru.New(verdictsKept), lru.New(verdictsKept), lru.New(templatesKept)
	r.Live = courteous{newSharing(r.Live, r.Client)}
	wake := wakes{mgr.GetClient()}
	var err error
	if r.kinds, err = watching(mgr, customRows(), wake.releasesOfCustom); err != nil {
		return err
	}
	if r.withoutMutatingPolicies, err = withoutMutatingPolicies(mgr.GetRESTMapper()); err != nil {
		return err
	}
	if r.unreadMutators, err = unreadMutators(mgr.GetRESTMapper()); err != nil {
		return err
	}
	for l := range lanes {
		if err := r.setUpLane(mgr, l, wake); err != nil {
			return fmt.Errorf("setting up %s: %w", l, err)
		}
	}
	return nil
}

// Reconcile gathers, decides, records, acts and reports. A release that is gone is reconciled too: its
// clearance is withdrawn and its pods are left alone.
func (r *ModelReleaseReconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	ctx, span := r.Tracer.Start(ctx, "reconcile")
	traceRelease(span, req.NamespacedName)
	result, err := r.reconcile(ctx, req)
	if err == nil {
		if r.rollCall.looked(ctx, r.Client, req.NamespacedName) && r.Begun != nil {
			go r.Begun()
		}
	}
	span.End(err)
	return result, err
}

func (r *ModelReleaseReconciler) reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	c, err := r.course(ctx, req.NamespacedName)
	if err != nil {
		r.announceEarly(&c)
		return ctrl.Result{}, err
	}
	enforcing, span := r.Tracer.Start(ctx, "enforce")
	entryErr := c.enter(enforcing, r)
	did, err := r.act(enforcing, &c)
	did.removals = append(c.early.removals, did.removals...)
	c.traceActs(span, did)
	span.End(errors.Join(entryErr, err))
	if errors.Is(err, errDisplaced) {
		// What was given is told; the rest is for who comes next to find.
		if c.in.Release != nil {
			r.announceDone(c.in.Release, did)
		}
		return ctrl.Result{}, err
	}
	ctx, span = r.Tracer.Start(ctx, "report")
	o := outcome{plan: c.plan, did: did, err: err, observed: c.observed, drift: r.kinds.driftOf(c.in.Release, c.present.pods), record: c.onRecord(), changed: c.changed}
	stored, reportErr := r.report(ctx, c.in, c.decision, o)
	stampErr := r.stampEnforced(ctx, &c, err)
	noteErr := r.note(undisturbed(ctx), c.key.Namespace, c.plan.Notes)
	recordsAfter, recordsErr := r.reportRecords(ctx, &c)
	span.End(errors.Join(reportErr, stampErr, noteErr, recordsErr))
	if err := errors.Join(entryErr, err, reportErr, stampErr, noteErr, recordsErr); err != nil {
		return ctrl.Result{}, err
	}
	after := sooner(sooner(recheck(&c), did.limited), sooner(unfinished(c, did), recordsAfter))
	after = sooner(after, r.pollAgain(c.observed, c.decision))
	if !stored {
		after = sooner(after, time.Second)
	}
	goes := sooner(did.limited, c.plan.Again)
	retries := did.refused > 0 || goes > 0 && goes < soon
	turnOf(ctx).did(c.acted(did), retries)
	if waits := r.standBy(&c); sooner(after, waits.RequeueAfter) != after {
		if retries {
			waits.Priority = nil
		}
		return waits, nil
	}
	return ctrl.Result{RequeueAfter: after}, nil
}

// standBy has a release wait for what nothing may be given without, and says when it asks again: behind what was not looked at yet,
// for thousands may wait for the same thing, and are woken when it comes. No time where it waits for nothing.
func (r *ModelReleaseReconciler) standBy(c *course) (again ctrl.Result) {
	if c.withheld.Reason == "" {
		return ctrl.Result{}
	}
	r.standby.add(c.key, c.withheld)
	// It may have come since, before somebody knew that this one waits for it.
	if now := r.withheld(c.present.namespace, c.in.Now); now.Reason != "" {
		return ctrl.Result{RequeueAfter: cmp.Or(now.Again, askAgain), Priority: new(handler.LowPriority)}
	}
	return ctrl.Result{RequeueAfter: settles}
}

// acted tells whether something was done for the release, or is remembered otherwise than before, upon which the next look may
// find more: that what was decided holds, or what is to be done next.
func (c *course) acted(did done) bool {
	return c.plan.GivesMore() || c.plan.Clearance.Withdraw || len(did.lifts) > 0 || len(did.removals) > 0 || remembers(c.in.Release, c.plan) ||
		c.in.Release != nil && c.in.Release.Status.GrantedExposure != c.decision.GrantedExposure
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

// recheck is when to look again: when time alone would change the decision or the plan, and when the clearance that stands is
// to be renewed, which a manager that was away finds further on than it left it; 0 for never.
func recheck(c *course) time.Duration {
	after := sooner(c.decision.RecheckAfter, c.plan.Again)
	if end := c.plan.Clearance.End; end != nil && end.After(c.in.Now) {
		until := float64(end.Sub(c.in.Now)) * (1 - clearance.Renewed(c.scene.Spread))
		after = sooner(after, max(time.Duration(until), time.Second))
	}
	if c.plan.Reason == v1alpha1.ReasonClearanceSpaceExhausted && len(releaseSpace(c.in.Release)) == 0 {
		// Room that became free before the status told that this release waits for it woke nobody.
		after = sooner(after, settles)
	}
	return after
}

// spread is the same number for the same release, from 0 to 1, and evenly distributed over all of them.
func spread(release types.UID) float64 {
	h := fnv.New32a()
	h.Write([]byte(release))
	return float64(h.Sum32()) / math.MaxUint32
}

// sooner is the shorter of two times to wait, of which 0 means for ever.
func sooner(a, b time.Duration) time.Duration {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}
