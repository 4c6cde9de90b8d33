// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/enforcement"
	"github.com/scalegate/scalegate/internal/fixture"
)

// gated is a client of which reads of releases named "stuck" and so on do not come back until they are let go.
type gated struct {
	client.Client
	letGo chan struct{}

	mutex      sync.Mutex
	now, worst int
	came       chan struct{}
}

func (s *gated) Get(ctx context.Context, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
	if !strings.HasPrefix(key.Name, "stuck") {
		return s.Client.Get(ctx, key, o, opts...)
	}
	s.mutex.Lock()
	s.now++
	s.worst = max(s.worst, s.now)
	s.mutex.Unlock()
	s.came <- struct{}{}
	<-s.letGo
	s.mutex.Lock()
	s.now--
	s.mutex.Unlock()
	return s.Client.Get(ctx, key, o, opts...)
}

// run starts the workers of all lanes.
func (c *cluster) run(r *ModelReleaseReconciler) {
	c.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	c.t.Cleanup(func() {
		cancel()
		running.Wait()
	})
	for l := range lanes {
		one, err := controller.NewUnmanaged(c.t.Name()+l.String(), controller.Options{
			Reconciler: r.on(l), MaxConcurrentReconciles: l.workers(), UsePriorityQueue: new(true), SkipNameValidation: new(true),
		})
		if err != nil {
			c.t.Fatal(err)
		}
		if err := one.Watch(r.turns.source(l)); err != nil {
			c.t.Fatal(err)
		}
		running.Go(func() {
			if err := one.Start(ctx); err != nil {
				c.t.Error(err)
			}
		})
	}
	c.eventually("the lanes start", func() bool {
		r.turns.mutex.Lock()
		defer r.turns.mutex.Unlock()
		for _, queue := range r.turns.queues {
			if queue == nil {
				return false
			}
		}
		return true
	})
}

func (c *cluster) eventually(what string, is func() bool) {
	c.t.Helper()
	err := wait.PollUntilContextTimeout(c.t.Context(), 5*time.Millisecond, time.Minute, true, func(context.Context) (bool, error) { return is(), nil })
	if err != nil {
		c.t.Fatalf("%s: %v", what, err)
	}
}

// revoked is a namespace in which the pod "p" serves m1, which was cleared and is revoked by now.
func revoked(t *testing.T) *cluster {
	t.Helper()
	c := newCluster(t, served(result("0.1"))...)
	c.mustReconcile()
	r := read(c, release())
	r.Spec.Revocation = &v1alpha1.Revocation{Severity: v1alpha1.RevocationCritical, Reason: "it leaks"}
	r.Generation++
	if err := c.api.Update(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	c.log = nil
	return c
}

// What closes is served at once while every worker of the other lanes waits, of which the background has few.
func TestWhatClosesWaitsForNoOtherLane(t *testing.T) {
	c := revoked(t)
	r := c.reconciler
	s := &gated{Client: r.Client, letGo: make(chan struct{}), came: make(chan struct{}, 1000)}
	r.Client = s
	c.run(r)
	waiting := func(l lane, n int) {
		for i := range n {
			r.turns.queues[l].Add(reconcile.Request{NamespacedName: types.NamespacedName{Namespace: "lab", Name: fmt.Sprintf("stuck-%s-%d", l, i)}})
		}
	}
	waiting(opening, 50)
	waiting(background, 200)
	for range opening.workers() + background.workers() {
		<-s.came
	}
	r.turns.queues[closing].Add(reconcile.Request{NamespacedName: types.NamespacedName{Namespace: fixture.Namespace, Name: "m1"}})
	c.eventually("the pod is taken", func() bool { return !c.exists(&corev1.Pod{ObjectMeta: stored("p")}) })
	s.mutex.Lock()
	if want := opening.workers() + background.workers(); s.worst != want {
		t.Errorf("%d were looked at at a time, want %d", s.worst, want)
	}
	s.mutex.Unlock()
	close(s.letGo)
	c.eventually("all that waited is looked at", func() bool {
		return r.turns.queues[opening].Len() == 0 && r.turns.queues[background].Len() == 0
	})
}

// Of two lanes that come to a release, one acts and the other is called again after it, and waits for nobody meanwhile.
func TestTurns(t *testing.T) {
	c := revoked(t)
	r := c.reconciler
	c.run(r)
	key := types.NamespacedName{Namespace: fixture.Namespace, Name: "m1"}
	other := r.turns.take(key, opening)
	if other == nil || r.turns.take(key, background) != nil {
		t.Fatal("the turn is given to nobody, or to two")
	}
	if other.displaced() {
		t.Error("the background displaces")
	}
	r.turns.queues[closing].Add(reconcile.Request{NamespacedName: key})
	c.eventually("what closes is in line", other.displaced)
	if !c.exists(&corev1.Pod{ObjectMeta: stored("p")}) {
		t.Error("two lanes act on a release at a time")
	}
	r.turns.leave(other)
	c.eventually("the pod is taken", func() bool { return !c.exists(&corev1.Pod{ObjectMeta: stored("p")}) })
}

// What gives stops before its next write where something closes the release, and comes again after it; what closes does not.
func TestWhatGivesIsDisplaced(t *testing.T) {
	var all turns
	key := types.NamespacedName{Namespace: fixture.Namespace, Name: "m1"}
	giver := all.take(key, opening)
	ctx := context.WithValue(t.Context(), turnKey{}, giver)
	gives, cancel := giving(ctx, time.Now())
	defer cancel()
	if err := late(gives); err != nil {
		t.Errorf("nothing closes: %v", err)
	}
	all.take(key, closing)
	if err := late(gives); !errors.Is(err, errDisplaced) {
		t.Errorf("what gives goes on: %v", err)
	}
	if err := late(ctx); err != nil {
		t.Errorf("what withdraws is displaced: %v", err)
	}
	all.leave(giver)
	closer := all.take(key, closing)
	all.take(key, closing)
	gives, cancel = giving(context.WithValue(t.Context(), turnKey{}, closer), time.Now())
	defer cancel()
	if err := late(gives); err != nil {
		t.Errorf("what closes is displaced: %v", err)
	}
}

// The background steps aside while something closes, before each live read, and goes on when its patience is over.
func TestTheBackgroundStepsAside(t *testing.T) {
	var all turns
	closer := all.take(types.NamespacedName{Name: "closes"}, closing)
	person, clock := all.take(types.NamespacedName{Name: "opens"}, opening), all.take(types.NamespacedName{Name: "renews"}, background)
	began := time.Now()
	person.stepAside(t.Context())
	if clock.patience != patience {
		t.Error("it lost its patience by being there")
	}
	reader := courteous{newCluster(t, release()).api}
	for range 3 {
		if err := reader.Get(context.WithValue(t.Context(), turnKey{}, clock), client.ObjectKeyFromObject(release()), release()); err != nil {
			t.Fatal(err)
		}
	}
	if took := time.Since(began); took < patience || clock.patience > 0 {
		t.Errorf("it stepped aside for %v, and has %v left", took, clock.patience)
	}
	clock.patience = time.Hour
	went := make(chan struct{})
	go func() {
		clock.stepAside(t.Context())
		close(went)
	}()
	all.leave(closer)
	<-went
}

// Who is to be looked at soon stays on his lane, but on that of what closes only who tries again. Everybody else is looked at in the
// background, as urgently as he says.
func TestLater(t *testing.T) {
	const stays, goes, never = "stays", "goes", "never"
	for _, test := range []struct {
		lane    lane
		retries bool
		after   time.Duration
		want    string
	}{
		{opening, false, 0, never},
		{opening, false, time.Second, stays},
		{opening, false, time.Hour, goes},
		{closing, false, 0, never},
		{closing, false, time.Second, goes},
		{closing, true, time.Second, stays},
		{closing, true, time.Hour, goes},
		{background, false, time.Second, stays},
		{background, false, time.Hour, stays},
	} {
		for _, priority := range []*int{nil, new(handler.LowPriority)} {
			queue := &noted{}
			all := turns{queues: [lanes]priorityqueue.PriorityQueue[reconcile.Request]{background: queue}}
			req := reconcile.Request{NamespacedName: types.NamespacedName{Namespace: fixture.Namespace, Name: "m9"}}
			taken := all.take(req.NamespacedName, test.lane)
			taken.did(false, test.retries)
			got := taken.later(req, ctrl.Result{RequeueAfter: test.after, Priority: priority})
			if priority == nil {
				priority = new(0)
			}
			var want []priorityqueue.AddOpts
			if test.want == goes {
				want = []priorityqueue.AddOpts{{After: test.after, Priority: priority}}
			}
			if diff := cmp.Diff(want, queue.added); diff != "" || (got.RequeueAfter == test.after) != (test.want != goes) ||
				test.want == stays && *got.Priority != *priority {
				t.Errorf("%s after %v: on the lane %+v, in the background (-want +got):\n%s", test.lane, test.after, got, diff)
			}
		}
	}
}

// noted is a queue that notes what is added to it.
type noted struct {
	priorityqueue.PriorityQueue[reconcile.Request]
	added []priorityqueue.AddOpts
}

func (n *noted) AddWithOpts(o priorityqueue.AddOpts, _ ...reconcile.Request) {
	n.added = append(n.added, o)
}

// Who was displaced does not have the turn again before what displaced it.
func TestWhatDisplacesComesNext(t *testing.T) {
	var all turns
	for l := range all.queues {
		queue := priorityqueue.New[reconcile.Request](fmt.Sprint(t.Name(), l))
		t.Cleanup(queue.ShutDown)
		all.queues[l] = queue
	}
	key := types.NamespacedName{Namespace: fixture.Namespace, Name: "m1"}
	for _, test := range []struct {
		displaced, by lane
		waits         bool
	}{{opening, closing, true}, {background, closing, true}, {background, opening, false}} {
		first := all.take(key, test.displaced)
		if all.take(key, test.by) != nil {
			t.Fatal("two have the turn")
		}
		first.again()
		all.leave(first)
		if n := all.queues[test.by].Len(); n != 1 {
			t.Errorf("%s has %d in line", test.by, n)
		}
		all.queues[test.by].Get()
		all.queues[test.by].Done(reconcile.Request{NamespacedName: key})
		if waits := all.queues[test.displaced].Len() == 0; waits != test.waits {
			t.Errorf("%s waits for %s: %v", test.displaced, test.by, waits)
		}
		if got, _ := all.queues[test.displaced].Get(); got.NamespacedName != key {
			t.Errorf("%s is called for %s", test.displaced, got)
		}
		all.queues[test.displaced].Done(reconcile.Request{NamespacedName: key})
	}
}

// Several reads of one release in the background step aside at a time, and together no longer than one.
func TestReadsAtATimeStepAsideTogether(t *testing.T) {
	var all turns
	all.take(types.NamespacedName{Name: "closes"}, closing)
	clock := all.take(types.NamespacedName{Name: "renews"}, background)
	began := time.Now()
	var reads sync.WaitGroup
	for range 5 {
		reads.Go(func() {
			for range 3 {
				clock.stepAside(t.Context())
			}
		})
	}
	reads.Wait()
	if took := time.Since(began); took < patience || took > 20*patience {
		t.Errorf("they stepped aside for %v", took)
	}
	if clock.patience > 0 {
		t.Errorf("it has %v left", clock.patience)
	}
}

// In the background only what something was done for goes before others: what waits for the guards asks again behind them.
func TestOnlyWhatWasBegunGoesFirst(t *testing.T) {
	for sentence, test := range map[string]struct {
		objects []client.Object
		ready   func(*metav1.PartialObjectMetadata, time.Time) Withheld
		want    int
	}{
		"something was done": {served(result("0.9")), nil, ofBegun},
		"nothing may be given": {waitingPods(1, result("0.1")), func(*metav1.PartialObjectMetadata, time.Time) Withheld {
			return Withheld{Withheld: enforcement.Withheld{Reason: v1alpha1.ReasonGuardsNotInPlace}}
		}, handler.LowPriority},
	} {
		t.Run(sentence, func(t *testing.T) {
			c := newCluster(t, test.objects...)
			c.reconciler = c.newReconciler()
			c.reconciler.Ready = test.ready
			// What is granted is reported first, which is something that was done.
			var result ctrl.Result
			for range 3 {
				var err error
				if result, err = c.reconciler.on(background)(t.Context(), requestOf(release())); err != nil {
					t.Fatal(err)
				}
				if test.want == ofBegun {
					break
				}
			}
			if result.Priority == nil || *result.Priority != test.want || result.RequeueAfter == 0 || result.RequeueAfter >= soon {
				t.Errorf("again: %+v, want priority %d", result, test.want)
			}
		})
	}
}
