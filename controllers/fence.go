// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"time"
)

// Times of the leader's lease. A leader renews it every RetryPeriod, and when RenewDeadline went by without success it ends.
// So another leads no sooner than givesWithin after the last moment at which this one could take itself for the leader.
const (
	LeaseDuration = 15 * time.Second
	RetryPeriod   = 2 * time.Second
	RenewDeadline = LeaseDuration - RetryPeriod - givesWithin
)

// givesWithin is how long something may be given on what was read live. A process that was stopped in between, or waited
// for an answer, gives nothing any more: what the next leader closed meanwhile stays closed. One that was stopped for longer
// than its lease may take itself for the leader for RenewDeadline more; what it gives then rests on reads of that time.
const givesWithin = 5 * time.Second

// giving bounds what is given by when it was decided, and by what closes meanwhile. The clock is the process's own, which goes on
// while the process is stopped.
func giving(ctx context.Context, decided time.Time) (context.Context, context.CancelFunc) {
	return context.WithDeadline(undisturbed(ctx), decided.Add(givesWithin))
}

// late tells whether the time of a context is over, also where its timer had no occasion to run yet, or what it is for is to be
// left. A write that is under way is waited for in either case, so that none comes after what closes.
func late(ctx context.Context) error {
	if displaced(ctx) {
		return errDisplaced
	}
	if end, bounded := ctx.Deadline(); bounded && !time.Now().Before(end) {
		return context.DeadlineExceeded
	}
	return ctx.Err()
}
