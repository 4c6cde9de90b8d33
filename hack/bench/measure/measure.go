// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package measure compares what Scalegate takes with a floor that is measured beside it.
//
// A machine is never as fast as it was a minute ago, so the cases that are compared are run in turns, what is reported
// is a ratio, and the ratio of the floor to itself says how much of that is noise.
package measure

import (
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// Options say how much is measured.
type Options struct {
	// Full measures all that the documentation reports. Otherwise it is the ratios alone, and quickly.
	Full bool
	// Log gets a line of progress now and then.
	Log io.Writer
}

// Pick is full where all is measured, and quick otherwise.
func Pick[T any](o Options, quick, full T) T {
	if o.Full {
		return full
	}
	return quick
}

// Logf writes a line of progress.
func (o Options) Logf(format string, args ...any) {
	if o.Log != nil {
		fmt.Fprintf(o.Log, "%s "+format+"\n", append([]any{time.Now().Format(time.TimeOnly)}, args...)...)
	}
}

// Case is one of the cases that are compared.
type Case struct {
	Name string
	// Run runs it once and says what it took. Rounds count from 0; what Run prepares before it looks at the clock is
	// not counted.
	Run func(ctx context.Context, round int) (time.Duration, error)
}

// Samples are what each run took, in seconds, or in another unit that all of them have.
type Samples []float64

// Interleaved runs every case once in each round, in an order that turns by one and goes backwards every other time, so that
// what happens to the machine meanwhile happens to all of them, and none always follows the same one. It returns the samples
// by the name of the case.
func Interleaved(ctx context.Context, rounds int, cases ...Case) (map[string]Samples, error) {
	all := make(map[string]Samples, len(cases))
	for round := range rounds {
		for i := range cases {
			at := round + i
			if round%2 == 1 {
				at = round + len(cases) - i
			}
			c := cases[at%len(cases)]
			err := ctx.Err()
			var took time.Duration
			if err == nil {
				took, err = c.Run(ctx, round)
			}
			if err != nil {
				return nil, fmt.Errorf("measuring %s, round %d: %w", c.Name, round, err)
			}
			all[c.Name] = append(all[c.Name], took.Seconds())
		}
	}
	return all, nil
}

// Quantile is the value that a share q of the samples, from 0 to 1, does not exceed; 0 without samples.
func (s Samples) Quantile(q float64) float64 {
	if len(s) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s))
	rank := int(math.Ceil(q * float64(len(sorted))))
	return sorted[min(max(rank, 1), len(sorted))-1]
}

// Median is the middle one, of an even number the mean of the two; 0 without samples.
func (s Samples) Median() float64 {
	if len(s) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// resamples is how often the spread is drawn anew.
const resamples = 1000

// Spread is the interval that 95 in 100 values of statistic lie in when the samples are drawn anew, with replacement. The
// same samples give the same interval. The statistic gets as many groups as were given, each of its own length.
func Spread(statistic func(groups ...Samples) float64, groups ...Samples) (low, high float64) {
	random := rand.New(rand.NewPCG(1, 2))
	drawn := make([]Samples, len(groups))
	values := make(Samples, resamples)
	for n := range values {
		for i, group := range groups {
			drawn[i] = make(Samples, len(group))
			for j := range drawn[i] {
				drawn[i][j] = group[random.IntN(len(group))]
			}
		}
		values[n] = statistic(drawn...)
	}
	return values.Quantile(0.025), values.Quantile(0.975)
}
