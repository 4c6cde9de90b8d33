// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package canary watches over Scalegate's admission objects, which cannot guard themselves.
//
// In: the manifests, the ConfigMap with their parameters, what the cluster has of them, and answers
// to dry runs. Out: objects put back, the condition Guarded of every SafetyPolicy, events, metrics,
// and whether the guards are in place. What is not known is never reported as in place.
package canary

import (
	"context"
	"fmt"
	"io/fs"
	"strings"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/guards"
)

// Mode is what the canary does about an admission object that is not as installed.
type Mode string

const (
	// Restore puts it back, and tells of it.
	Restore Mode = "restore"
	// Report tells of it.
	Report Mode = "report"
	// Off does not look, and takes the guards to be in place.
	Off Mode = "off"
)

const (
	// Owner is the field owner of what the canary writes.
	Owner = "scalegate-canary"
	// roundTimeout bounds one look at everything, so that an API server that hangs is noticed.
	roundTimeout = 15 * time.Second
	// settling is how long an API server may take to act on an object that was put back, or on those of a
	// fresh installation: a new kind's schema alone is looked up every five seconds.
	settling = 10 * time.Second
	// settlingRound is the time between two looks meanwhile.
	settlingRound = 250 * time.Millisecond
	// restoringRound is the time from putting something back to the next look, and so the fastest that the
	// canary writes when somebody keeps on changing things.
	restoringRound = 100 * time.Millisecond
	// missedRounds is after how many rounds without an answer the guards count as unknown.
	missedRounds = 6
	// leastGrace is the shortest time until then.
	leastGrace = 30 * time.Second
)

// Prober tries what the guards must refuse or hold. Results come in a fixed order.
type Prober interface {
	Probe(ctx context.Context, set guards.Set) []guards.Result
}

// Canary watches over the admission objects, which cannot guard themselves: at every change of one,
// and every Interval, it compares them with what was installed, puts back what differs, and tries
// whether each acts. It runs in the leader only.
type Canary struct {
	// Client writes, and reads SafetyPolicies from the cache.
	client.Client
	// Live reads the API server itself.
	Live client.Reader
	// Watch tells of changes at once. Without it the canary looks every Interval only.
	Watch cache.Informers
	// Events tells of what was found.
	Events events.EventRecorder
	// Now is the clock.
	Now func() metav1.Time
	// Mode is what is done about a difference.
	Mode Mode
	// Interval is the time between two looks when nothing changes.
	Interval time.Duration
	// Parameters is the ConfigMap that the policies were installed with.
	Parameters types.NamespacedName
	// Manifests are the files of config/admission.
	Manifests fs.FS
	// Identity returns the user name that the API server knows the manager by.
	Identity func(context.Context) (string, error)
	// Prober tries the guards.
	Prober Prober
	// Metrics counts. It is registered when the canary starts.
	Metrics *Metrics
	// Changed, with room for one, gets something whenever the guards come to be in place: what waited
	// for that is looked at again. Nil tells nobody.
	Changed chan event.GenericEvent

	known state
	kicks chan struct{}
	// set is what the objects must be, with those parameters; nil until they were read once.
	set      guards.Set
	with     guards.Parameters
	rendered rendering
	// good is what was last found as in the set.
	good good
	// declared is which manifests the cluster says were installed, and since when.
	declared declaration
	// tried is when the probes were last made to their end.
	tried time.Time
	// did is what was done about the fault that stands.
	did string
	// was is whether the guards were in place after the last round.
	was bool
	// told is the verdict that the last events told of, and unexpected the objects.
	told       guards.Verdict
	unexpected map[guards.ID]bool
}

// +kubebuilder:rbac:groups=admissionregistration.k8s.io,resources=validatingadmissionpolicies;validatingadmissionpolicybindings;mutatingadmissionpolicies;mutatingadmissionpolicybindings,verbs=get;list;watch

// NeedLeaderElection is true: one canary is enough, and two would put things back twice.
func (c *Canary) NeedLeaderElection() bool { return true }

// Start looks until ctx ends.
func (c *Canary) Start(ctx context.Context) error {
	if err := c.begin(ctx); err != nil {
		return err
	}
	next := time.NewTimer(0)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-next.C:
		case <-c.kicks:
		}
		next.Reset(c.Round(ctx))
	}
}

func (c *Canary) begin(ctx context.Context) error {
	c.kicks = make(chan struct{}, 1)
	c.known.settle(c.Now().Add(settling))
	if err := c.Metrics.register(); err != nil {
		return err
	}
	if c.Watch == nil || c.Mode == Off {
		return nil
	}
	for kind, served := range c.kinds() {
		if !served {
			continue
		}
		object := &metav1.PartialObjectMetadata{}
		object.SetGroupVersionKind(admissionv1.SchemeGroupVersion.WithKind(kind))
		informer, err := c.Watch.GetInformer(ctx, object)
		if err != nil {
			return fmt.Errorf("watching %s: %w", kind, err)
		}
		if _, err := informer.AddEventHandler(c.kicker()); err != nil {
			return fmt.Errorf("watching %s: %w", kind, err)
		}
	}
	return nil
}

// kicker makes the canary look at once when an object with our prefix comes, changes or goes.
func (c *Canary) kicker() toolscache.ResourceEventHandler {
	kick := func(object any) {
		if gone, ok := object.(toolscache.DeletedFinalStateUnknown); ok {
			object = gone.Obj
		}
		if o, ok := object.(metav1.Object); !ok || !strings.HasPrefix(o.GetName(), guards.Prefix) {
			return
		}
		select {
		case c.kicks <- struct{}{}:
		default: // a look is due already
		}
	}
	return toolscache.ResourceEventHandlerFuncs{
		AddFunc: kick, UpdateFunc: func(_, object any) { kick(object) }, DeleteFunc: kick,
	}
}

// Round looks at everything once, puts back, tries and reports. It returns when to look again.
func (c *Canary) Round(ctx context.Context) time.Duration {
	ctx, cancel := context.WithTimeout(ctx, roundTimeout)
	defer cancel()
	next := c.Interval
	if c.Mode == Off {
		c.known.set(guards.Verdict{Reason: v1alpha1.ReasonGuardsNotWatched, Message: "the manager runs with --guards=off"}, c.Now().Time)
	} else {
		next = c.look(ctx)
	}
	good, _ := c.InPlace()
	c.Metrics.inPlace(good && c.Mode != Off)
	c.wake(good)
	if err := c.report(ctx); err != nil {
		log.FromContext(ctx).Error(err, "Reporting on the guards")
	}
	return next
}

// wake tells that the guards are in place, which they were not in the round before.
func (c *Canary) wake(good bool) {
	if good && !c.was {
		select {
		case c.Changed <- event.GenericEvent{Object: &v1alpha1.SafetyPolicy{}}:
		default: // nobody listens, or one is waiting already
		}
	}
	c.was = good
}

// Changes is what tells that the guards came to be in place.
func (c *Canary) Changes() <-chan event.GenericEvent { return c.Changed }

// look compares and, where all is as it must be, tries. It returns when to look again.
func (c *Canary) look(ctx context.Context) time.Duration {
	served := c.kinds()
	unread := c.expect(ctx, served)
	if c.set == nil {
		return c.conclude(guards.Unknown(unread.Error()))
	}
	differences, err := c.differences(ctx, served)
	if err != nil {
		return c.conclude(guards.Unknown(err.Error()))
	}
	c.tellUnexpected(ctx, differences)
	if faults := repairable(differences); len(faults) > 0 {
		c.known.set(c.set.Judge(faults, nil), c.Now().Time)
		if c.Mode == Report {
			c.did = "left as it is, since the manager runs with --guards=report"
			return c.Interval
		}
		if why, next := c.putOff(c.Now().Time); why != "" {
			c.did = why
			return next
		}
		did, next := c.restore(ctx, faults)
		c.did = did
		return next
	}
	results, ok := c.try(ctx)
	if !ok {
		return 0
	}
	c.Metrics.count(results)
	verdict := c.set.Judge(differences, results)
	if verdict.InPlace() && unread != nil {
		verdict = guards.Unknown(unread.Error())
	}
	return c.conclude(verdict)
}

// try makes the probes. A change that comes in meanwhile is looked at first, and then they are made
// anew: false. Changes that come all the time do not keep them from being made.
func (c *Canary) try(ctx context.Context) ([]guards.Result, bool) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	results := make(chan []guards.Result, 1)
	go func() { results <- c.Prober.Probe(ctx, c.set) }()
	changes := c.kicks
	if now := c.Now().Time; now.Sub(c.tried) > 2*c.Interval {
		changes = nil
	}
	select {
	case all := <-results:
		c.tried = c.Now().Time
		return all, true
	case <-changes:
		stop()
		<-results
		return nil, false
	}
}

// conclude takes a verdict on behaviour, unless it is too early for one: what was just put back or
// installed gets time to act, and a question that found no answer is asked again first.
func (c *Canary) conclude(v guards.Verdict) time.Duration {
	now := c.Now().Time
	switch {
	case v.InPlace():
	case c.known.isSettling(now):
		return settlingRound
	case !v.Known() && c.known.seenWithin(c.grace(), now):
		return c.Interval
	}
	c.known.set(v, now)
	if v.InPlace() {
		c.Metrics.succeeded(now)
	}
	c.did = ""
	return c.Interval
}

func (c *Canary) grace() time.Duration { return max(missedRounds*c.Interval, leastGrace) }

// Looked is true once there is a verdict, and where nobody looks.
func (c *Canary) Looked() bool {
	v, _ := c.known.get()
	return c.Mode == Off || v.Reason != ""
}

// InPlace is true when the guards were seen in place within the last six rounds, and half a minute,
// and not otherwise since.
func (c *Canary) InPlace() (bool, string) {
	if c.Mode == Off {
		return true, ""
	}
	v, _ := c.known.get()
	switch {
	case v.Reason == "":
		return false, "the admission policies were not looked at yet"
	case !v.InPlace():
		return false, v.Message
	case !c.known.seenWithin(c.grace(), c.Now().Time):
		return false, "the admission policies were not looked at lately"
	}
	return true, ""
}
