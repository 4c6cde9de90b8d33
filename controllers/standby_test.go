// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/enforcement"
	"github.com/scalegate/scalegate/internal/fixture"
)

// unsure is what is said of guards that are not in place, or at which nobody has looked yet.
func unsure(unknown bool) Withheld {
	return Withheld{
		Withheld: enforcement.Withheld{Reason: v1alpha1.ReasonGuardsNotInPlace, Message: "nobody has seen them in place"}, Unknown: unknown,
	}
}

// The guards come to be in place while a release is looked at, after it was asked whether they are: nobody wakes it, so it
// looks again itself.
func TestGuardsComeToBeInPlaceDuringALook(t *testing.T) {
	c := newCluster(t, waitingWorld()...)
	c.reconciler = c.newReconciler()
	recorded := func() bool {
		return slices.ContainsFunc(c.all, func(call string) bool { return strings.HasPrefix(call, "apply ModelRelease") })
	}
	c.reconciler.Ready = func(*metav1.PartialObjectMetadata, time.Time) Withheld {
		if recorded() {
			return Withheld{}
		}
		return unsure(true)
	}
	if again := c.mustReconcile().RequeueAfter; again == 0 || again > askAgain {
		t.Errorf("looks again after %v", again)
	}
	if c.mustReconcile(); !c.has("patch Namespace") {
		t.Errorf("log: %q", c.all)
	}
}

// What waits for a list of records that does not come waits a moment in all, and is recorded as if there were none.
func TestASlowListOfRecordsKeepsNobodyWaiting(t *testing.T) {
	c := newCluster(t, waitingWorld()...)
	c.reconciler = c.newReconciler()
	hangs := make(chan struct{})
	t.Cleanup(func() { close(hangs) })
	c.reconciler.Heads = func(ctx context.Context) (map[types.NamespacedName]Head, error) {
		select {
		case <-ctx.Done():
		case <-hangs:
		}
		return nil, errBroken
	}
	c.reconciler.Live = impatient{c.reconciler.Live}
	c.mustReconcile()
	c.wantChain(1)
}

// impatient reads nothing once the time is over, as a client of an API server.
type impatient struct{ client.Reader }

func (r impatient) Get(ctx context.Context, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return r.Reader.Get(ctx, key, o, opts...)
}

func (r impatient) List(ctx context.Context, list client.ObjectList, opts ...client.ListOption) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return r.Reader.List(ctx, list, opts...)
}

// has tells whether something was written.
func (c *cluster) has(call string) bool {
	return slices.ContainsFunc(c.all, func(line string) bool { return strings.HasPrefix(line, call) })
}

// While nobody has looked at the guards, what is withheld for another reason stays withheld, and nothing is put on record as
// enforced.
func TestWhatIsNotKnownOfTheGuardsHidesNothing(t *testing.T) {
	t.Run("a safeguard that could not be looked at", func(t *testing.T) {
		c := course{withheld: unsure(true), observed: observation{stale: true}}
		c.scene.Withheld = c.withheld.Withheld
		if c.planIt(); c.scene.Withheld.Reason != v1alpha1.ReasonSafeguardNotInPlace {
			t.Errorf("withheld: %+v", c.scene.Withheld)
		}
	})
	t.Run("a decision under which all is given already", func(t *testing.T) {
		c := newCluster(t, servedPods(1)...)
		c.reconciler = c.newReconciler()
		c.reconciler.Ready = func(*metav1.PartialObjectMetadata, time.Time) Withheld { return unsure(true) }
		if again := c.mustReconcile().RequeueAfter; again != askAgain || c.has("patch status of GateDecision") {
			t.Errorf("looks again after %v, log: %q", again, c.all)
		}
		c.reconciler.Ready = nil
		if c.mustReconcile(); !c.has("patch status of GateDecision") {
			t.Errorf("log: %q", c.all)
		}
	})
}

func TestWhoIsWokenWhenTheGuardsAreInPlace(t *testing.T) {
	waits, other := types.NamespacedName{Namespace: fixture.Namespace, Name: "m0"}, types.NamespacedName{Namespace: fixture.Namespace, Name: "m1"}
	for sentence, test := range map[string]struct {
		waiting []Withheld
		before  int
		want    types.NamespacedName
	}{
		"those that wait for the first look":                            {[]Withheld{unsure(true)}, 0, waits},
		"those that wait in a namespace that is new":                    {[]Withheld{{Withheld: enforcement.Withheld{Reason: "Other"}}}, 0, waits},
		"everybody, where the guards were seen out of place":            {[]Withheld{unsure(true), unsure(false), unsure(true)}, 0, other},
		"everybody, where they were in place before and nobody waits":   {nil, 1, other},
		"everybody, where they were in place before and somebody waits": {[]Withheld{unsure(true)}, 1, other},
	} {
		t.Run(sentence, func(t *testing.T) {
			c := newCluster(t, release())
			var s standby
			wakes := s.orEvery(wakes{c.api})
			for range test.before {
				if names, err := wakes(t.Context(), nil); err != nil || len(names) > 0 {
					t.Fatalf("woken: %v, error %v", names, err)
				}
			}
			for _, why := range test.waiting {
				s.add(waits, why)
			}
			if names, err := wakes(t.Context(), nil); err != nil || !slices.Equal(names, []types.NamespacedName{test.want}) {
				t.Errorf("woken: %v, error %v", names, err)
			}
		})
	}
}
