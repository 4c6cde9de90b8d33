// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/internal/enforcement"
)

// planIt plans. A process that begins does not know for a moment whether the guards are in place. A plan that gives and takes
// nothing, whatever they are, does not wait for that: so that of a fleet at rest nothing is reported that is taken back a
// moment later, and nothing is looked at twice. Whatever does give something waits.
func (c *course) planIt() {
	c.plan = enforcement.For(c.scene, c.decision)
	if !c.unknown {
		return
	}
	known := c.scene
	known.Withheld = enforcement.Withheld{}
	if plan := enforcement.For(known, c.decision); !plan.GivesMore() && !plan.Takes() {
		c.scene, c.plan = known, plan
	}
}

// standby are the releases that nothing could be given to, and that wait for it. The zero value is empty, and several may use
// it at a time.
type standby struct {
	mutex sync.Mutex
	names sets.Set[types.NamespacedName]
	// readied: the guards came to be in place before.
	readied bool
}

func (w *standby) add(name types.NamespacedName) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.names == nil {
		w.names = sets.New[types.NamespacedName]()
	}
	w.names.Insert(name)
}

// orEvery finds whom it concerns that the guards are in place: the first time those that wait for it, as a process that begins
// looks at all others anyway; and later everybody, as something may have come past the guards while they were out of place.
func (w *standby) orEvery(wake wakes) func(context.Context, client.Object) ([]types.NamespacedName, error) {
	return func(ctx context.Context, o client.Object) ([]types.NamespacedName, error) {
		w.mutex.Lock()
		names, again := w.names.UnsortedList(), w.readied
		w.names, w.readied = nil, true
		w.mutex.Unlock()
		if again {
			return wake.everyRelease(ctx, o)
		}
		return names, nil
	}
}
