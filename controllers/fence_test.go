// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/internal/clearance"
	"github.com/scalegate/scalegate/internal/enforcement"
	"github.com/scalegate/scalegate/internal/fixture"
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

// A clearance that only shrinks is written however long the look took, and by a process that was stopped over nothing that
// another one wrote meanwhile.
func TestAClearanceThatShrinksIsWrittenOverTheOneThatItWasCutFrom(t *testing.T) {
	less := standing()
	less.Owners, less.Mode = nil, clearance.Counted
	lesser := less
	lesser.Exposure = "Internal"
	for sentence, test := range map[string]struct {
		stands, want string
		fails        bool
	}{
		"it stands":                    {standing().String(), less.String(), false},
		"it was withdrawn meanwhile":   {"", "", true},
		"it was cut further meanwhile": {lesser.String(), lesser.String(), true},
	} {
		t.Run(sentence, func(t *testing.T) {
			c := newCluster(t, served(result("0.1"))...)
			ns := read(c, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: fixture.Namespace}})
			if ns.Annotations[clearance.Key("m1")] = test.stands; test.stands == "" {
				delete(ns.Annotations, clearance.Key("m1"))
			}
			if err := c.api.Update(t.Context(), ns); err != nil {
				t.Fatal(err)
			}
			_, err := c.newReconciler().act(t.Context(), &course{
				key: client.ObjectKeyFromObject(release()), decided: time.Now().Add(-time.Hour),
				plan: enforcement.Plan{Clearance: enforcement.ClearanceChange{Write: less.String(), Over: standing().String()}},
			})
			got := read(c, ns).Annotations[clearance.Key("m1")]
			if got != test.want || (err != nil) != test.fails {
				t.Errorf("the clearance is %q (%v), want %q", got, err, test.want)
			}
		})
	}
}
