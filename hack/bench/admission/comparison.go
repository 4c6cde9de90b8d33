// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import "github.com/scalegate/scalegate/hack/bench/measure"

// mostBlocks is into how many blocks the rounds of a run are cut, where there are as many rounds.
const mostBlocks = 50

// comparison is what was measured while the planes played their parts one way and the other, and knows what one case takes
// beyond another. The difference is that of the medians within a block of rounds, which follow each other within seconds: the
// machine and the API servers are faster at one time than at another. Of all blocks of a cast it is the median, since a block in
// which something else had the machine tells nothing; and of the two casts it is the mean, in which the planes cancel out
// that are not equally fast.
type comparison struct {
	// all are the samples of both casts, and casts the medians of each, block by block.
	all   samples
	casts []samples
}

// add adds what was measured in so many rounds of another cast.
func (c *comparison) add(took samples, rounds int) {
	if c.all == nil {
		c.all = samples{}
	}
	medians := samples{}
	for name, s := range took {
		c.all[name] = append(c.all[name], s...)
		n := min(mostBlocks, rounds)
		for i := range n {
			medians[name] = append(medians[name], s[i*len(s)/n:(i+1)*len(s)/n].Median())
		}
	}
	c.casts = append(c.casts, medians)
}

// beyond tells what a case takes beyond another, in seconds.
type beyond func(ours, floor string) float64

// estimate is a statistic of the differences, and the interval that it lies in 95 times in 100: when the blocks are drawn anew.
func (c *comparison) estimate(of func(beyond) float64) (value, low, high float64) {
	at := func(drawn ...measure.Samples) float64 {
		return of(func(ours, floor string) float64 {
			sum := 0.0
			for i, cast := range c.casts {
				differences := make(measure.Samples, len(drawn[i]))
				for j, block := range drawn[i] {
					differences[j] = cast[ours][int(block)] - cast[floor][int(block)]
				}
				sum += differences.Median()
			}
			return sum / float64(len(c.casts))
		})
	}
	blocks := make([]measure.Samples, len(c.casts))
	for i, cast := range c.casts {
		for n := range cast[base] {
			blocks[i] = append(blocks[i], float64(n))
		}
	}
	low, high = measure.Spread(at, blocks...)
	return at(blocks...), low, high
}
