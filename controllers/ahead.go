// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"sync"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/audit"
	"github.com/scalegate/scalegate/internal/gate"
	"github.com/scalegate/scalegate/internal/gathering"
)

// ahead is what is read live while what claims the release is examined: a decision that is another one than that on record
// is made once more on what the API server says, whatever the plan. nil where nothing is.
type ahead struct {
	// seen has the input, what was seen of the safeguards, the namespace, and when the oldest of it may be from.
	seen course
	// began is when the first read did.
	began time.Time
	// errs are what went wrong in reading the input and the namespace.
	errs [2]error
	// record is the one that the next follows on; nil where there is none, or it is to be read when it is needed.
	record *v1alpha1.GateDecision

	stop    context.CancelFunc
	reading sync.WaitGroup
}

// readAhead begins to read where the decision on the caches is another one than that on record.
func (c *course) readAhead(ctx context.Context, r *ModelReleaseReconciler) *ahead {
	if revokedCritically(&c.in) {
		// What a Critical revocation takes early is taken without further reads, and what is read after it shows it.
		return nil
	}
	c.recall(ctx, r)
	if c.decision = gate.Decide(c.in); !c.news() {
		return nil
	}
	ctx, stop := context.WithCancel(ctx)
	a := &ahead{seen: course{key: c.key, decided: time.Now().Add(-sharedFor)}, began: time.Now(), stop: stop}
	head := c.entry
	a.reading.Go(func() {
		a.errs[0] = gathering.Contained(func() error { return a.seen.read(ctx, r, r.Live, "gather live") })
	})
	a.reading.Go(func() { a.seen.present.namespace, a.errs[1] = namespaceMetadata(ctx, r.Live, a.seen.key.Namespace) })
	if head.head.Sequence == 0 || head.lost {
		return a
	}
	a.reading.Go(func() {
		record := &v1alpha1.GateDecision{}
		key := client.ObjectKey{Namespace: a.seen.key.Namespace, Name: audit.Name(a.seen.key.Name, head.head.Sequence)}
		if err := r.Live.Get(ctx, key, record); err == nil {
			a.record = record
		}
	})
	return a
}

// end waits until nothing is read any more.
func (a *ahead) end() {
	if a != nil {
		a.stop()
		a.reading.Wait()
	}
}

// aheadLasts is how old what was read ahead may be when it is needed. Where so much went by, something else was done.
const aheadLasts = time.Second

// readLive takes what was read ahead, or reads it now.
func (c *course) readLive(ctx context.Context, r *ModelReleaseReconciler, a *ahead) (err error) {
	if a == nil || time.Since(a.began) > aheadLasts {
		c.decided = time.Now().Add(-sharedFor)
		if err = c.read(ctx, r, r.Live, "gather live"); err != nil {
			return err
		}
		c.present.namespace, err = namespaceMetadata(ctx, r.Live, c.key.Namespace)
		return err
	}
	a.reading.Wait()
	for _, err := range a.errs {
		if err != nil {
			return err
		}
	}
	c.decided, c.in, c.observed, c.present.namespace, c.last = a.seen.decided, a.seen.in, a.seen.observed, a.seen.present.namespace, a.record
	return nil
}
