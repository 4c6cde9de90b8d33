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

// quick are the figures of the pods that are measured in both forms.
func (b *bench) quick(s samples) []measure.Figure {
	free := measure.Ratio("ungoverned", aimUngoverned, s[ungoverned], s[base], s[baseAgain])
	free.Note = fmt.Sprintf("the aim is beyond the noise; without Scalegate the two control planes, which both play both parts, differ by %.1f %%", 100*b.between)
	return []measure.Figure{
		added(s, "admission-added", aimAdded, cleared, webhookPair), free,
		added(s, "clearances-full", aimFull, clearedFull, cleared),
		added(s, "owners-full", measure.NoAim, clearedOwners, cleared),
		added(s, "held-added", measure.NoAim, held, webhookPair),
		added(s, "refused-added", measure.NoAim, unclaimed, webhookPair),
	}
}

// prefixed are the figures of what is measured in the full form alone. A set that has no such case has no such figure.
func prefixed(prefix string) func(samples) []measure.Figure {
	return func(s samples) []measure.Figure {
		all := []measure.Figure{measure.Ratio(prefix+"ungoverned", measure.NoAim, s[ungoverned], s[base], s[baseAgain])}
		for _, ours := range []string{cleared, held, unclaimed} {
			if len(s[ours]) > 0 {
				all = append(all, added(s, prefix+ours+"-added", measure.NoAim, ours, webhookPair))
			}
		}
		return all
	}
}

// added is the figure of what a case adds to the base, beside what another adds.
func added(s samples, name string, aim float64, ours, floor string) measure.Figure {
	ratio := func(groups ...measure.Samples) float64 {
		from := groups[0].Median()
		return (groups[1].Median() - from) / (groups[2].Median() - from)
	}
	const milliseconds = 1000
	f := measure.Figure{
		Name: name, Aim: aim, Noise: math.Abs(s[baseAgain].Median()/s[base].Median() - 1), Scale: "ms",
		Ours: measure.Of(s[ours], milliseconds), Floor: measure.Of(s[floor], milliseconds),
		Value: ratio(s[base], s[ours], s[floor]),
		Note:  fmt.Sprintf("added to a base of %.2f ms", s[base].Median()*milliseconds),
	}
	f.Low, f.High = measure.Spread(ratio, s[base], s[ours], s[floor])
	return f
}
