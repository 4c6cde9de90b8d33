// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package storm

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/test/installation"
)

// watch keeps up with releases and pods until ctx ends.
func (s *scene) watch(ctx context.Context) error {
	all, err := cache.New(s.Admin(), cache.Options{Scheme: installation.Scheme(), DefaultTransform: cache.TransformStripManagedFields()})
	if err != nil {
		return err
	}
	go func() {
		if err := all.Start(ctx); err != nil {
			s.options.Logf("watching releases and pods: %v", err)
		}
	}()
	for _, kind := range []struct {
		object client.Object
		see    toolscache.ResourceEventHandlerFuncs
	}{
		{&v1alpha1.ModelRelease{}, toolscache.ResourceEventHandlerFuncs{AddFunc: s.fleet.see, UpdateFunc: func(_, o any) { s.fleet.see(o) }}},
		{&corev1.Pod{}, toolscache.ResourceEventHandlerFuncs{DeleteFunc: s.gone.see}},
	} {
		informer, err := all.GetInformer(ctx, kind.object)
		if err != nil {
			return fmt.Errorf("watching %T: %w", kind.object, err)
		}
		if _, err := informer.AddEventHandler(kind.see); err != nil {
			return fmt.Errorf("watching %T: %w", kind.object, err)
		}
	}
	if !all.WaitForCacheSync(ctx) {
		return fmt.Errorf("watching releases and pods: %w", ctx.Err())
	}
	return nil
}

// departures are when pods were seen gone. The zero value has seen none.
type departures struct {
	mutex sync.Mutex
	seen  map[types.UID]time.Time
	news  chan struct{}
}

func (d *departures) see(o any) {
	if missed, ok := o.(toolscache.DeletedFinalStateUnknown); ok {
		o = missed.Obj
	}
	pod, ok := o.(client.Object)
	if !ok {
		return
	}
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if d.seen == nil {
		d.seen = map[types.UID]time.Time{}
	}
	d.seen[pod.GetUID()] = time.Now()
	if d.news != nil {
		close(d.news)
		d.news = nil
	}
}

// all waits until all these pods are gone, and says when the last was seen gone.
func (d *departures) all(ctx context.Context, pods []types.UID) (time.Time, error) {
	for {
		d.mutex.Lock()
		var last time.Time
		left := 0
		for _, uid := range pods {
			at, gone := d.seen[uid]
			if !gone {
				left++
			}
			if at.After(last) {
				last = at
			}
		}
		if left == 0 {
			d.mutex.Unlock()
			return last, nil
		}
		if d.news == nil {
			d.news = make(chan struct{})
		}
		news := d.news
		d.mutex.Unlock()
		select {
		case <-news:
		case <-ctx.Done():
			return last, fmt.Errorf("%d of %d are left: %w", left, len(pods), ctx.Err())
		}
	}
}

// tally counts the releases of the fleet that a storm has reached.
type tally struct {
	mutex   sync.Mutex
	total   int
	reached map[types.UID]bool
	is      func(*v1alpha1.ModelRelease) bool
	at      time.Time
}

// count begins to count those of which something is true that was of none before.
func (t *tally) count(is func(*v1alpha1.ModelRelease) bool) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.reached, t.is = map[types.UID]bool{}, is
}

func (t *tally) see(o any) {
	release, ok := o.(*v1alpha1.ModelRelease)
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if !ok || t.is == nil || t.reached[release.UID] || !strings.HasPrefix(release.Namespace, "fleet-") || !t.is(release) {
		return
	}
	t.reached[release.UID], t.at = true, time.Now()
}

// left is how many were not reached yet.
func (t *tally) left() int {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return t.total - len(t.reached)
}

// last is when the last was reached.
func (t *tally) last() time.Time {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return t.at
}

// stalled is how long a storm may reach nobody before it counts as stuck.
const stalled = 2 * time.Minute

// beyond waits until more than n were reached.
func (t *tally) beyond(ctx context.Context, n int) error {
	began, before := time.Now(), -1
	for {
		left := t.left()
		if t.total-left > n {
			return nil
		}
		if left != before {
			began, before = time.Now(), left
		}
		if time.Since(began) > stalled {
			return fmt.Errorf("the storm stands still with %d releases left", left)
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
}

// pause waits, unless ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
