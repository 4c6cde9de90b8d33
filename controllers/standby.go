// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/enforcement"
)

// planIt plans. A process that begins does not know for a moment whether the guards are in place. A plan that gives and takes
// nothing, whatever they are, does not wait for that: so that of a fleet at rest nothing is reported that is taken back a
// moment later, and nothing is looked at twice. Whatever does give something waits, and so does what would be put on record
// as enforced.
func (c *course) planIt() {
	c.plan = enforcement.For(c.scene, c.decision)
	if !c.withheld.Unknown {
		return
	}
	known := *c
	known.withheld, known.scene.Withheld = Withheld{}, c.observed.withheld()
	known.plan = enforcement.For(known.scene, c.decision)
	enforced := known.holds() && !c.holds() && (c.news() || c.unstamped())
	if !known.plan.GivesMore() && !known.plan.Takes() && !enforced {
		c.withheld, c.scene, c.plan = known.withheld, known.scene, known.plan
	}
}

// standby are the releases that nothing could be given to, and that wait for it. The zero value is empty, and several may use
// it at a time.
type standby struct {
	mutex sync.Mutex
	names sets.Set[types.NamespacedName]
	// every: the guards were in place before, or were seen out of place.
	every bool
}

// add adds a release, with why nothing could be given to it.
func (w *standby) add(name types.NamespacedName, why Withheld) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.every = w.every || why.Reason == v1alpha1.ReasonGuardsNotInPlace && !why.Unknown
	if w.names == nil {
		w.names = sets.New[types.NamespacedName]()
	}
	w.names.Insert(name)
}

// orEvery finds whom it concerns that the guards are in place: where nobody saw them out of place those that wait for it, as a
// process that begins looks at all others anyway; and otherwise everybody, as something may have come past the guards. While
// they are out of place whatever comes makes somebody look, and see it.
func (w *standby) orEvery(wake wakes) func(context.Context, client.Object) ([]types.NamespacedName, error) {
	return func(ctx context.Context, o client.Object) ([]types.NamespacedName, error) {
		w.mutex.Lock()
		names, every := w.names.UnsortedList(), w.every
		w.names, w.every = nil, true
		w.mutex.Unlock()
		if every {
			return wake.everyRelease(ctx, o)
		}
		return names, nil
	}
}
