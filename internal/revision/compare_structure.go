// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package revision

import (
	"cmp"
	"slices"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// source compares what is cited. No decision depends on it.
func (c *comparison) source() {
	const cited = "it is cited, and decides nothing"
	var before, after v1alpha1.PolicySource
	if c.before.Source != nil {
		before = *c.before.Source
	}
	if c.after.Source != nil {
		after = *c.after.Source
	}
	c.part("spec.source", c.before.Source, c.after.Source, func() {
		c.plain("spec.source.title", before.Title, after.Title, neutral, cited)
		c.plain("spec.source.version", before.Version, after.Version, neutral, cited)
		c.plain("spec.source.effectiveDate", before.EffectiveDate, after.EffectiveDate, neutral, cited)
		c.plain("spec.source.uri", before.URI, after.URI, neutral, cited)
		c.plain("spec.source.sha256", before.SHA256, after.SHA256, neutral, cited)
	})
}

func (c *comparison) exposures() {
	order(c, "spec.exposures", lists[v1alpha1.Exposure]{c.before.Exposures, c.after.Exposures, exposureName}, weaker,
		"the order says which exposure is the higher one, so that another one cannot be compared")
	for _, p := range pairs(c.before.Exposures, c.after.Exposures, exposureName) {
		item := "spec.exposures[" + p.name + "]"
		switch {
		case p.before == nil:
			c.add(item, weaker, nil, p.after, "a release may be granted it, which it could not be before")
		case p.after == nil:
			c.removedExposure(item, p.before)
		default:
			c.exposure(item, p.before, p.after)
		}
	}
}

// removedExposure: what was refused or said for a lower exposure stood in the way of the higher ones.
func (c *comparison) removedExposure(item string, was *v1alpha1.Exposure) {
	higher := c.before.Exposures[c.was.exposure(was.Name)+1:]
	if slices.ContainsFunc(higher, func(x v1alpha1.Exposure) bool { return c.is.exposure(x.Name) >= 0 }) {
		c.add(item, weaker, was, nil, "what people objected to at it stood in the way of the exposures above it, and does not any more")
		return
	}
	c.add(item, stricter, was, nil, "no release is granted it any more")
}

func (c *comparison) exposure(item string, before, after *v1alpha1.Exposure) {
	c.number(item+".maxReplicas", before.MaxReplicas, after.MaxReplicas, measure{boundless, true, reasons{"fewer pods of a release may serve it at once", "more pods of a release may serve it at once"}})
	word(c, item+".withoutEvidence", before.WithoutEvidence, after.WithoutEvidence, scale[v1alpha1.WithoutEvidence]{
		preset: v1alpha1.WithoutEvidenceRefused,
		order:  []v1alpha1.WithoutEvidence{v1alpha1.WithoutEvidenceAllowed, v1alpha1.WithoutEvidenceRefused},
		why:    reasons{"nothing is granted any more for which nothing is required", "it is granted where nothing is required"},
	})
	if cmp.Or(before.WithoutEvidence, v1alpha1.WithoutEvidenceRefused) == v1alpha1.WithoutEvidenceAllowed {
		return
	}
	for at := range c.is.rungs {
		level := &c.is.rungs[at]
		from := c.was.index(level.name)
		if from < 0 || level.undefined {
			continue
		}
		asks := c.is.asks(at, c.is.exposure(before.Name))
		if len(asks) > 0 && len(c.was.asks(from, c.was.exposure(before.Name))) == 0 {
			c.add(item, weaker, nil, asks, "nothing was required for it of a release of level "+level.name+
				", so that it was refused; now something is, and it is granted to who shows it")
			return
		}
	}
}

func (c *comparison) levels() {
	order(c, "spec.levels", lists[v1alpha1.Level]{c.before.Levels, c.after.Levels, levelName}, weaker,
		"the order says which level is the more demanding one, so that another one cannot be compared")
	for _, p := range pairs(c.before.Levels, c.after.Levels, levelName) {
		item := "spec.levels[" + p.name + "]"
		switch {
		case p.before == nil && c.is.level(p.name).undefined:
			c.add(item, stricter, nil, p.after, "it refuses every exposure, as every level above it does")
		case p.before == nil:
			c.add(item, weaker, nil, p.after, "a release that declares it may be granted something, which it could not be before")
		case p.after == nil && c.covered(p.before):
			c.add(item, stricter, p.before, nil, "nothing is granted any more to who declares it, and what it requires the levels above it require themselves")
		case p.after == nil:
			c.add(item, weaker, p.before, nil, "the levels above it require less without it, or it was the highest, which counts where a level is not known")
		default:
			c.level(item, p.before, p.after)
		}
	}
}

// covered reports whether all levels above one that is removed, and the highest of all, ask for as much as it did.
func (c *comparison) covered(removed *v1alpha1.Level) bool {
	was := c.was.level(removed.Name)
	for i := range c.is.rungs {
		level := &c.is.rungs[i]
		above := c.was.index(level.name) > c.was.index(removed.Name) || i == len(c.is.rungs)-1
		if above && !level.holds(was) {
			return false
		}
	}
	return true
}

func (c *comparison) level(item string, before, after *v1alpha1.Level) {
	word(c, item+".state", before.State, after.State, scale[v1alpha1.LevelState]{
		preset: v1alpha1.LevelDefined,
		order:  []v1alpha1.LevelState{v1alpha1.LevelDefined, v1alpha1.LevelUndefined},
		why: reasons{
			"it refuses every exposure, as every level above it does",
			"releases of this level, and of those above it, may be granted something",
		},
	})
	own := compareSets(before.Requires, after.Requires)
	was, is := c.was.level(before.Name), c.is.level(after.Name)
	item += ".requires"
	switch {
	case !own.added && !own.removed:
		if !slices.Equal(before.Requires, after.Requires) {
			c.add(item, neutral, before.Requires, after.Requires, orderSaysNothing)
		}
	case !is.undefined && !is.requires.IsSuperset(was.requires):
		c.add(item, weaker, before.Requires, after.Requires, "something is not required any more, at this level or below it")
	case !is.undefined && is.requires.Equal(was.requires):
		c.add(item, neutral, before.Requires, after.Requires, "together with the levels below it the same is required")
	default:
		c.add(item, stricter, before.Requires, after.Requires, "more is required, at this level and above it")
	}
}

func (c *comparison) thresholds() {
	order(c, "spec.thresholds", lists[v1alpha1.CapabilityThreshold]{c.before.Thresholds, c.after.Thresholds, thresholdName}, neutral, orderSaysNothing)
	for _, p := range pairs(c.before.Thresholds, c.after.Thresholds, thresholdName) {
		item := "spec.thresholds[" + p.name + "]"
		switch {
		case p.before == nil:
			c.add(item, stricter, nil, p.after, "a capability raises the level that did not before")
		case p.after == nil:
			c.add(item, weaker, p.before, nil, "the capability does not raise the level any more")
		default:
			c.threshold(item, p.before, p.after)
		}
	}
}

func (c *comparison) threshold(item string, before, after *v1alpha1.CapabilityThreshold) {
	c.plain(item+".domain", before.Domain, after.Domain, neutral, "it is named in explanations, and decides nothing")
	if before.RaisesTo != after.RaisesTo {
		effect := weaker
		if c.raisesAsFar(before.RaisesTo, after.RaisesTo) {
			effect = stricter
		}
		c.add(item+".raisesTo", effect, before.RaisesTo, after.RaisesTo, reasons{
			"the capability raises a release to a level that requires as much or more",
			"the capability raises a release to a level that may require less",
		}.of(effect))
	}
	set(c, item+".ruledOutBy", before.RuledOutBy, after.RuledOutBy, sided{stricter, reasons{"more has to be shown to rule the capability out", "something does not have to be shown any more to rule the capability out, or does not show any more that it is reached"}})
	set(c, item+".requires", before.Requires, after.Requires, sided{stricter, reasons{"more is required while the capability is not ruled out", "something is not required any more while the capability is not ruled out"}})
}

// raisesAsFar reports whether a level is as high as another, or asks for as much where that one is gone.
func (c *comparison) raisesAsFar(before, after string) bool {
	if old := c.is.index(before); old >= 0 {
		return c.is.index(after) >= old
	}
	was, is := c.was.level(before), c.is.level(after)
	return was != nil && is != nil && is.holds(was)
}
