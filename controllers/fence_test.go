// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestWhatIsGivenLateIsNotGiven(t *testing.T) {
	for sentence, test := range map[string]struct {
		decided time.Time
		stopped bool
		want    error
	}{
		"what was decided just now is given":              {decided: time.Now()},
		"what was decided longer ago than that is not":    {decided: time.Now().Add(-givesWithin), want: context.DeadlineExceeded},
		"nor is anything when the reconciler is to stop":  {decided: time.Now(), stopped: true, want: context.Canceled},
		"a decision that nobody made is as old as can be": {want: context.DeadlineExceeded},
	} {
		t.Run(sentence, func(t *testing.T) {
			outer, stop := context.WithCancel(t.Context())
			defer stop()
			if test.stopped {
				stop()
			}
			ctx, cancel := giving(outer, test.decided)
			defer cancel()
			if err := late(ctx); !errors.Is(err, test.want) {
				t.Errorf("late: %v, want %v", err, test.want)
			}
		})
	}
	if err := late(t.Context()); err != nil {
		t.Errorf("what has no end is late: %v", err)
	}
}

// A process that was stopped finds the time over before its timers had an occasion to say so.
func TestATimerThatDidNotRunDoesNotMatter(t *testing.T) {
	if err := late(overdue{t.Context()}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("late: %v", err)
	}
}

// overdue is a context whose end is over and whose timer has not run.
type overdue struct {
	context.Context //nolint:containedctx // it is one
}

func (overdue) Deadline() (time.Time, bool) { return time.Now().Add(-time.Second), true }
func (overdue) Err() error                  { return nil }
