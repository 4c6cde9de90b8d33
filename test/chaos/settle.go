// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package chaos

import (
	"context"
	"fmt"
	"time"

	"github.com/scalegate/scalegate/test/chaos/plan"
	"github.com/scalegate/scalegate/test/chaos/watcher"
)

// settles is how long everything may take to be as it should once every process runs: a new leader, backing off after
// errors, removals in waves, rollouts.
const settles = 3 * time.Minute

// settle waits until everything is as it should be, and returns what is not in the end. Every process runs.
func (r *run) settle(ctx context.Context) ([]watcher.Violation, error) {
	r.journal.say("settling")
	for _, s := range r.stopped {
		r.watcher.Stopped(s.from, s.to)
	}
	r.stopped = nil
	deadline := time.Now().Add(settles)
	var left []watcher.Violation
	for {
		err := again(ctx, comesBack, "looking at the cluster", func(ctx context.Context) (err error) {
			left, err = r.look(ctx)
			return err
		})
		if err != nil {
			return nil, err
		}
		if len(left) == 0 || time.Now().After(deadline) {
			r.journal.say("settled, but for %d", len(left))
			for _, v := range left {
				r.journal.say("left: %s", v)
			}
			return left, nil
		}
		r.journal.say("not settled yet, by %d: %s", len(left), left[0])
		if err := pass(ctx, time.Second); err != nil {
			return nil, err
		}
	}
}

// look lets the watcher judge what was written, and says what is not as it should be at this moment.
func (r *run) look(ctx context.Context) ([]watcher.Violation, error) {
	if err := r.judge(ctx); err != nil {
		return nil, err
	}
	var left []watcher.Violation
	for _, namespace := range append(plan.Governed(), plan.Ungoverned) {
		scene, err := r.live.Scene(ctx, namespace)
		if err != nil {
			return nil, err
		}
		left = append(left, r.watcher.Unsettled(scene, time.Now())...)
	}
	return left, nil
}

// inFlight is how long after a write another one that came before it may still come to the log.
const inFlight = time.Second

// judge gives the watcher what was written, but for the newest.
func (r *run) judge(ctx context.Context) error {
	before := len(r.watcher.Violations())
	read, err := r.live.Read(ctx, r.watcher.Options)
	if err != nil {
		return err
	}
	written, err := r.log.Read()
	if err != nil {
		return fmt.Errorf("reading what was written: %w", err)
	}
	all := append(append(append(r.late, written...), r.read...), read...)
	r.read, r.late = nil, nil
	newest, first := time.Now().Add(-inFlight), uint64(1<<63)
	for _, e := range all {
		if e.Answered.After(newest) && e.RV > 0 {
			first = min(first, e.RV)
		}
	}
	var old []watcher.Event
	for _, e := range all {
		if e.RV < first {
			old = append(old, e)
		} else if !e.Answered.IsZero() {
			r.late = append(r.late, e)
		}
	}
	r.watcher.Take(old)
	for _, v := range r.watcher.Violations()[before:] {
		r.journal.say("violation: %s", v)
	}
	return nil
}
