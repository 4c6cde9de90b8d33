// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"errors"
	"fmt"
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
	// workers send at the same time, each this many requests in a turn.
	workers, requests int
}

// samples by the name of the case.
type samples map[string]measure.Samples

// add adds those of another run.
func (s samples) add(other samples) {
	for name := range other {
		s[name] = append(s[name], other[name]...)
	}
}

// inTurns gives each case its turn in every round, in an order that turns by one, and returns what each request took.
func (t turn) inTurns(ctx context.Context, cases []request) (samples, error) {
	all := samples{}
	for round := range t.rounds {
		for i := range cases {
			c := cases[(i+round)%len(cases)]
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
