// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"fmt"
	"math"

	"github.com/scalegate/scalegate/hack/bench/measure"
)

// The aims.
const (
	aimAdded      = 0.45
	aimUngoverned = 1.02
	aimFull       = 1.15
)

const milliseconds = 1000

// main are the figures of the cases that have an aim.
func (b *bench) main(c *comparison) []measure.Figure {
	free := c.free("ungoverned", aimUngoverned)
	free.Aim += free.Noise
	free.Note += fmt.Sprintf("; the aim is %.3f, which is 1.02 beyond the noise; without Scalegate the two control planes, which both play both parts, differ by %.1f %%", free.Aim, 100*b.between)
	return []measure.Figure{
		c.added("admission-added", aimAdded, cleared), free,
		c.more("clearances-full", aimFull, clearedFull),
	}
}

// others are figures of pods that have none.
func others(c *comparison) []measure.Figure {
	return []measure.Figure{
		c.more("owners-full", measure.NoAim, clearedOwners),
		c.added("held-added", measure.NoAim, held),
		c.added("refused-added", measure.NoAim, unclaimed),
	}
}

// prefixed are the figures of what is measured in the full form alone. A set that has no such case has no such figure.
func prefixed(prefix string) func(*comparison) []measure.Figure {
	return func(c *comparison) []measure.Figure {
		all := []measure.Figure{c.free(prefix+"ungoverned", measure.NoAim)}
		for _, ours := range []string{cleared, held, unclaimed} {
			if len(c.all[ours]) > 0 {
				all = append(all, c.added(prefix+ours+"-added", measure.NoAim, ours))
			}
		}
		return all
	}
}

// free is the figure of what is made where nothing is governed, beside the base.
func (c *comparison) free(name string, aim float64) measure.Figure {
	from := c.all[base].Median()
	f := c.figure(name, aim, ungoverned, base, from)
	f.Value, f.Low, f.High = c.estimate(func(of beyond) float64 { return 1 + of(ungoverned, base)/from })
	f.Note = fmt.Sprintf("%s is added", c.addition(ungoverned))
	return f
}

// added is the figure of what a case adds to the base, beside what the webhooks add.
func (c *comparison) added(name string, aim float64, ours string) measure.Figure {
	pair, _, _ := c.estimate(func(of beyond) float64 { return of(webhookPair, base) })
	f := c.figure(name, aim, ours, webhookPair, pair)
	f.Value, f.Low, f.High = c.estimate(func(of beyond) float64 { return of(ours, base) / of(webhookPair, base) })
	f.Note = c.both(ours, webhookPair)
	return f
}

// more is the figure of what a case of cleared pods adds to the base, beside what the simplest one adds. Both are on the same
// plane: what one takes beyond the other is known better than what either adds to a base on another plane. The
// simplest is taken to add what can be told at least, which is half the interval that a difference lies in: a share of
// nothing is no number.
func (c *comparison) more(name string, aim float64, ours string) measure.Figure {
	least, low, high := c.estimate(func(of beyond) float64 { return of(cleared, base) })
	beside, less, most := c.estimate(func(of beyond) float64 { return of(ours, cleared) })
	told := max(high-low, most-less) / 2
	f := c.figure(name, aim, ours, cleared, max(least, told))
	f.Value, f.Low, f.High = c.estimate(func(of beyond) float64 { return 1 + of(ours, cleared)/max(of(cleared, base), told) })
	f.Note = c.both(ours, cleared) + "; one beyond the other " + interval(beside, less, most)
	if low <= 0 {
		f.Note += fmt.Sprintf("; what the floor adds cannot be told from nothing and is taken to be at least %.3f ms", told*milliseconds)
	}
	return f
}

// figure is one without a value. Its noise is how far the base is from itself, as a share of the denominator of
// its ratio, in seconds: 0.01 for one in a hundred.
func (c *comparison) figure(name string, aim float64, ours, floor string, denominator float64) measure.Figure {
	return measure.Figure{
		Name: name, Aim: aim, Noise: c.apart() / denominator, Scale: "ms",
		Ours: measure.Of(c.all[ours], milliseconds), Floor: measure.Of(c.all[floor], milliseconds),
	}
}

func (c *comparison) both(ours, floor string) string {
	return fmt.Sprintf("%s is added, and %s by the floor, to a base of %.2f ms", c.addition(ours), c.addition(floor), c.all[base].Median()*milliseconds)
}

// addition is what a case adds to the base, for people to read.
func (c *comparison) addition(ours string) string {
	return interval(c.estimate(func(of beyond) float64 { return of(ours, base) }))
}

// interval is a difference in seconds, and between what it lies.
func interval(value, low, high float64) string {
	return fmt.Sprintf("%.3f ms (%.3f to %.3f)", value*milliseconds, low*milliseconds, high*milliseconds)
}

// apart is how far the base is from itself, in seconds.
func (c *comparison) apart() float64 {
	apart, _, _ := c.estimate(func(of beyond) float64 { return of(baseAgain, base) })
	return math.Abs(apart)
}
