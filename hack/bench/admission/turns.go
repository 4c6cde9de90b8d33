// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"github.com/scalegate/scalegate/hack/bench/measure"
)

// request is one of the cases that are compared: it sends one request, and is an error when that does not end as the case
// is meant to.
type request struct {
	name string
	send func(context.Context) error
}

// turn says how the cases take turns.
type turn struct {
	// rounds is how often each case has its turn.
	rounds int
	// workers send at the same time, each this many requests in a turn, and one before these that is not measured.
	workers, requests int
}

// samples by the name of the case, in the order of the rounds.
type samples map[string]measure.Samples

// roundsOfGarbage is after how many rounds the garbage of this process is collected: not while a request is on its way.
const roundsOfGarbage = 20

// inTurns gives each case its turn in every round, and returns what each request took. What came before makes a request
// faster or slower by more than is measured here: a process that has rested for some milliseconds is slow. So the order is
// drawn anew for every round, and each case comes after itself: the first request of a turn is not measured.
func (t turn) inTurns(ctx context.Context, cases []request) (samples, error) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	order := rand.New(rand.NewPCG(1, 2))
	all := samples{}
	for round := range t.rounds {
		if round%roundsOfGarbage == 0 {
			runtime.GC()
		}
		for _, at := range order.Perm(len(cases)) {
			c := cases[at]
			took, err := t.take(ctx, c)
			if err != nil {
				return nil, fmt.Errorf("measuring %s, round %d: %w", c.name, round, err)
			}
			all[c.name] = append(all[c.name], took...)
		}
	}
	return all, nil
}

func (t turn) take(ctx context.Context, c request) (measure.Samples, error) {
	took := make(measure.Samples, t.workers*t.requests)
	errs := make([]error, t.workers)
	var wg sync.WaitGroup
	for w := range t.workers {
		wg.Go(func() {
			errs[w] = c.send(ctx)
			for n := range t.requests {
				began := time.Now()
				errs[w] = errors.Join(errs[w], c.send(ctx))
				took[w*t.requests+n] = time.Since(began).Seconds()
			}
		})
	}
	wg.Wait()
	return took, errors.Join(errs...)
}
