// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"
)

// lane is one of the ways on which a release comes to be looked at. Each has a queue and workers of its own, so that none
// waits for what is in line on another; what is done about the release is the same on all of them.
type lane int

const (
	// opening is for what somebody changed, one release at a time.
	opening lane = iota
	// closing is for what takes something away: a revocation, a finding, evidence that speaks against what is granted.
	closing
	// background is for what comes in numbers: what there is when the manager starts, a change that concerns every release
	// of a policy or of a namespace, and what is due by the clock.
	background
	lanes
)

// String is the name of the lane's controller, as in metrics and logs.
func (l lane) String() string {
	return [lanes]string{opening: "modelrelease", closing: "modelrelease-closing", background: "modelrelease-background"}[l]
}

// workers is how many releases are looked at on the lane at a time. In the background it is few: they share the API server
// and the processor with the other lanes, and each has most of its time to wait for the API server.
func (l lane) workers() int {
	return [lanes]int{opening: 8, closing: 8, background: 4}[l]
}

// Times of lanes.
const (
	// patience is how long work in the background steps aside for what closes, in all for each look at a release. So it goes
	// on, however much closes.
	patience = 250 * time.Millisecond
	// soon is what is not put into the background: who is to be looked at again within this time stays on his lane.
	soon = time.Minute
	// settles is when to look again at a release for which something was done. Writes of our own wake nobody.
	settles = 250 * time.Millisecond
)

// ofBegun is the priority, within the background, of what something was just done for: it goes before what was not begun. Who
// only asks again whether something may be given has the lowest, or thousands that wait for the guards would keep all others waiting.
const ofBegun = 1

// errDisplaced is why nothing more is given: something closes the release, and is in line.
var errDisplaced = errors.New("what closes the release goes first")

// turns see to it that no two lanes act on one release at a time. Who comes second does not wait, but is called again. The
// zero value is ready, and several may use it at a time.
type turns struct {
	mutex sync.Mutex
	taken map[types.NamespacedName]*turn
	// queues are those of the lanes that were started.
	queues [lanes]priorityqueue.PriorityQueue[reconcile.Request]
	// closings are the turns of what closes that are taken, and quiet is closed once there are none; nil while there are none.
	closings int
	quiet    chan struct{}
}

// turn is the right to act on a release.
type turn struct {
	of   *turns
	key  types.NamespacedName
	lane lane
	// wanted are the lanes that came meanwhile.
	wanted [lanes]bool
	// patience is how long it still steps aside; several may read for the release at a time.
	patience time.Duration
	// acted: something was done in it, upon which the next look may find more.
	acted bool
	// retries: something has to go that could not yet, and is tried again.
	retries bool
}

// take gives the turn to a lane; nil where another has it, after which the lane is called again.
func (t *turns) take(key types.NamespacedName, l lane) *turn {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if other := t.taken[key]; other != nil {
		other.wanted[l] = true
		return nil
	}
	if t.taken == nil {
		t.taken = map[types.NamespacedName]*turn{}
	}
	taken := &turn{of: t, key: key, lane: l, patience: patience}
	t.taken[key] = taken
	if l == closing {
		if t.closings++; t.closings == 1 {
			t.quiet = make(chan struct{})
		}
	}
	return taken
}

// leave ends a turn, and calls the lanes that came meanwhile. Where one of them closes the others come a moment later: who was
// displaced would else have the turn again before it, and again.
func (t *turns) leave(taken *turn) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	delete(t.taken, taken.key)
	if taken.lane == closing {
		if t.closings--; t.closings == 0 {
			close(t.quiet)
			t.quiet = nil
		}
	}
	for l, wanted := range taken.wanted {
		if !wanted || t.queues[l] == nil {
			continue
		}
		var after time.Duration
		if taken.wanted[closing] && lane(l) != closing {
			after = settles
		}
		t.queues[l].AddAfter(reconcile.Request{NamespacedName: taken.key}, after)
	}
}

// stepAside waits in the background while something closes, as long as there is patience.
func (t *turn) stepAside(ctx context.Context) {
	if t == nil || t.lane != background {
		return
	}
	t.of.mutex.Lock()
	quiet, patience := t.of.quiet, t.patience
	t.of.mutex.Unlock()
	if quiet == nil || patience <= 0 {
		return
	}
	began := time.Now()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-quiet:
	case <-timer.C:
	case <-ctx.Done():
	}
	t.of.mutex.Lock()
	defer t.of.mutex.Unlock()
	t.patience -= time.Since(began)
}

// closes tells whether it is for what closes.
func (t *turn) closes() bool { return t != nil && t.lane == closing }

// displaced tells whether something closes the release and is in line for this turn.
func (t *turn) displaced() bool {
	if t == nil || t.lane == closing {
		return false
	}
	t.of.mutex.Lock()
	defer t.of.mutex.Unlock()
	return t.wanted[closing]
}

// again has the lane of the turn called again after it.
func (t *turn) again() {
	t.of.mutex.Lock()
	defer t.of.mutex.Unlock()
	t.wanted[t.lane] = true
}

// did notes whether something was done in it, and whether something has to go that could not yet.
func (t *turn) did(something, retries bool) {
	if t != nil {
		t.acted, t.retries = something, retries
	}
}

type turnKey struct{}

// turnOf is the turn in which ctx acts; nil for none.
func turnOf(ctx context.Context) *turn {
	t, _ := ctx.Value(turnKey{}).(*turn)
	return t
}

type givesKey struct{}

// undisturbed is for what may be left when something closes: [late] tells.
func undisturbed(ctx context.Context) context.Context {
	return context.WithValue(ctx, givesKey{}, true)
}

// displaced tells whether ctx is for what is to be left, since something closes the release.
func displaced(ctx context.Context) bool {
	return ctx.Value(givesKey{}) != nil && turnOf(ctx).displaced()
}

// on reconciles on a lane.
func (r *ModelReleaseReconciler) on(l lane) reconcile.Func {
	return func(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
		taken := r.turns.take(req.NamespacedName, l)
		if taken == nil {
			return ctrl.Result{}, nil
		}
		defer r.turns.leave(taken)
		ctx = context.WithValue(ctx, turnKey{}, taken)
		taken.stepAside(ctx)
		result, err := r.Reconcile(ctx, req)
		if errors.Is(err, errDisplaced) {
			taken.again()
			return ctrl.Result{}, nil
		}
		if err != nil {
			return ctrl.Result{Priority: new(0)}, err
		}
		if !taken.acted {
			return taken.later(req, result), nil
		}
		again := ctrl.Result{RequeueAfter: sooner(result.RequeueAfter, settles), Priority: new(0)}
		if l == background {
			again.Priority = new(ofBegun)
		}
		return again, nil
	}
}

// later has a release looked at again for which nothing was done: soon on the lane of what opens, and on that of what closes where it
// tries again; otherwise in the background, so that nobody is in line for what closes who only asks. No time is never.
func (t *turn) later(req ctrl.Request, again ctrl.Result) ctrl.Result {
	if again.Priority == nil {
		again.Priority = new(0)
	}
	stays := t.lane == background || again.RequeueAfter < soon && (t.lane == opening || t.retries)
	if again.RequeueAfter == 0 || stays {
		return again
	}
	t.of.mutex.Lock()
	defer t.of.mutex.Unlock()
	behind := t.of.queues[background]
	if behind == nil {
		return again
	}
	behind.AddWithOpts(priorityqueue.AddOpts{After: again.RequeueAfter, Priority: again.Priority}, req)
	return ctrl.Result{}
}

// source tells the turns of the queue of a lane, and wakes nobody itself.
func (t *turns) source(l lane) source.Source {
	return source.Func(func(_ context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
		withPriorities, ok := queue.(priorityqueue.PriorityQueue[reconcile.Request])
		if !ok {
			return fmt.Errorf("the queue of %s has no priorities", l)
		}
		t.mutex.Lock()
		defer t.mutex.Unlock()
		t.queues[l] = withPriorities
		return nil
	})
}

// courteous reads, and steps aside before it where it is done in the background.
type courteous struct{ client.Reader }

// Get implements client.Reader.
func (c courteous) Get(ctx context.Context, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
	turnOf(ctx).stepAside(ctx)
	return c.Reader.Get(ctx, key, o, opts...)
}

// List implements client.Reader.
func (c courteous) List(ctx context.Context, list client.ObjectList, opts ...client.ListOption) error {
	turnOf(ctx).stepAside(ctx)
	return c.Reader.List(ctx, list, opts...)
}
