// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package revision

import (
	"cmp"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

const (
	orderSaysNothing = "the order says nothing here"
	// incomparable is of what decides what a result is, or whether it counts, be it favourable or not.
	incomparable = "it decides which results count or what they say, so that the two cannot be compared: " +
		"a result that does not count any more does not stand in the way of an earlier one either"
)

func (c *comparison) requirements() {
	order(c, "spec.requirements", lists[v1alpha1.Requirement]{c.before.Requirements, c.after.Requirements, requirementName}, neutral, orderSaysNothing)
	for _, p := range pairs(c.before.Requirements, c.after.Requirements, requirementName) {
		item := "spec.requirements[" + p.name + "]"
		switch {
		case p.before == nil:
			c.add(item, neutral, nil, p.after, "by itself it requires nothing: what refers to it is an item of its own")
		case p.after == nil:
			c.add(item, weaker, p.before, nil, "what fails it is not kept as a finding any more")
		default:
			c.requirement(item, p.before, p.after)
		}
	}
}

func (c *comparison) requirement(item string, before, after *v1alpha1.Requirement) {
	if (before.Evaluation == nil) != (after.Evaluation == nil) || (before.Approval == nil) != (after.Approval == nil) ||
		(before.Check == nil) != (after.Check == nil) {
		c.add(item, weaker, before, after, "it asks for something of another kind, which cannot be compared")
		return
	}
	c.neededFrom(item+".neededFrom", before, after)
	c.number(item+".validForDays", given(before.ValidForDays), given(after.ValidForDays), measure{boundless, true, reasons{"what was shown counts for a shorter time", "what was shown counts for a longer time"}})
	if before.Evaluation != nil {
		c.counting(item, before, after)
		c.evaluation(item+".evaluation", before.Evaluation, after.Evaluation)
	}
	if before.Approval != nil {
		c.approval(item+".approval", before.Approval, after.Approval)
	}
	if before.Check != nil {
		c.check(item+".check", before.Check, after.Check)
	}
}

// neededFrom compares by the exposures that both texts have.
func (c *comparison) neededFrom(item string, before, after *v1alpha1.Requirement) {
	if before.NeededFrom == after.NeededFrom {
		return
	}
	from, to := c.was.neededFrom(before.Name), c.is.neededFrom(after.Name)
	added, removed := false, false
	for i := range c.before.Exposures {
		j := c.is.exposure(c.before.Exposures[i].Name)
		if j < 0 {
			continue
		}
		added = added || from > i && to <= j
		removed = removed || from <= i && to > j
	}
	switch {
	case removed:
		c.add(item, weaker, before.NeededFrom, after.NeededFrom, "an exposure does not need it any more")
	case added:
		c.add(item, stricter, before.NeededFrom, after.NeededFrom, "an exposure needs it that did not before")
	default:
		c.add(item, neutral, before.NeededFrom, after.NeededFrom, "the same exposures need it")
	}
}

// counting compares what decides whether a result counts.
func (c *comparison) counting(item string, before, after *v1alpha1.Requirement) {
	either(c, item+".scope", before.Scope, after.Scope)
	either(c, item+".acceptRelations", before.AcceptRelations, after.AcceptRelations)
	c.plain(item+".independence", before.Independence, after.Independence, weaker, incomparable)
	if before.Elicitation == nil || after.Elicitation == nil {
		c.plain(item+".elicitation", before.Elicitation, after.Elicitation, weaker, incomparable)
	} else {
		c.elicitation(item+".elicitation", before.Elicitation, after.Elicitation)
	}
	word(c, item+".standing", before.Standing, after.Standing, scale[v1alpha1.Standing]{
		preset: v1alpha1.StandingActive,
		order:  []v1alpha1.Standing{v1alpha1.StandingActive, v1alpha1.StandingSaturated},
		why:    reasons{"favourable results show nothing any more", "favourable results show something again"},
	})
}

// either compares lists of which no change can be known not to grant more.
func either[T comparable](c *comparison, item string, before, after []T) {
	if d := compareSets(before, after); d.added || d.removed {
		c.add(item, weaker, before, after, incomparable)
		return
	}
	c.plain(item, before, after, neutral, orderSaysNothing)
}

func (c *comparison) elicitation(item string, before, after *v1alpha1.ElicitationCriterion) {
	either(c, item+".variants", before.Variants, after.Variants)
	c.plain(item+".minTrials", before.MinTrials, after.MinTrials, weaker, incomparable)
	either(c, item+".aggregations", before.Aggregations, after.Aggregations)
	c.plain(item+".minRedTeamHours", before.MinRedTeamHours, after.MinRedTeamHours, weaker, incomparable)
	if cmp.Or(before.Budget, v1alpha1.BudgetOptional) == cmp.Or(after.Budget, v1alpha1.BudgetOptional) {
		c.plain(item+".budget", before.Budget, after.Budget, neutral, asOmitted)
		return
	}
	c.plain(item+".budget", before.Budget, after.Budget, weaker, incomparable)
}

func (c *comparison) evaluation(item string, before, after *v1alpha1.EvaluationCriterion) {
	c.plain(item+".metric", before.Metric, after.Metric, weaker, incomparable)
	c.plain(item+".direction", before.Direction, after.Direction, weaker, incomparable)
	c.plain(item+".bound", before.Bound, after.Bound, weaker, incomparable)
	c.plain(item+".minSamples", before.MinSamples, after.MinSamples, weaker, incomparable)
	c.plain(item+".maxUnjudgedPercent", before.MaxUnjudgedPercent, after.MaxUnjudgedPercent, weaker, incomparable)
	b := bounds{before: before.Direction, after: after.Direction}
	b.compare(c, item+".clearAt", values{before.ClearAt, after.ClearAt, before.ClearAt, after.ClearAt},
		reasons{"a result has to lie further on the safe side to be met", "a result is met that lies less far on the safe side"})
	b.compare(c, item+".tripAt", values{before.TripAt, after.TripAt, cmp.Or(before.TripAt, before.ClearAt), cmp.Or(after.TripAt, after.ClearAt)},
		reasons{"a result fails that did not", "a result does not fail any more that did"})
	b.compare(c, item+".alertAt", values{before.AlertAt, after.AlertAt, before.AlertAt, after.AlertAt},
		reasons{"a result raises an alert that did not", "a result does not raise an alert any more that did"})
	c.number(item+".alertValidForDays", before.AlertValidForDays, after.AlertValidForDays, measure{boundless, true, reasons{"a result with an alert counts for a shorter time", "a result with an alert counts for a longer time"}})
	if before.Suite != after.Suite {
		effect := weaker
		if before.Suite == "" {
			effect = stricter
		}
		c.add(item+".suite", effect, before.Suite, after.Suite, reasons{
			"no other suite is run for it any more", "another suite may be run for it, which cannot be compared",
		}.of(effect))
	}
}

// values of a bound as they are written, and as they count.
type values struct {
	before, after v1alpha1.Decimal
	from, to      v1alpha1.Decimal
}

// bounds compares bounds of which the one further on the safe side is the stricter; none at all is the least strict.
type bounds struct{ before, after v1alpha1.Direction }

func (b bounds) compare(c *comparison, item string, v values, why reasons) {
	if v.before == v.after {
		return
	}
	safer, known := decimals(v.to, v.from)
	if b.after == v1alpha1.HigherIsSafer {
		safer = -safer
	}
	switch {
	case b.before != b.after:
		c.add(item, weaker, v.before, v.after, incomparable)
	case v.from == "":
		c.add(item, stricter, v.before, v.after, why.stricter)
	case !known || safer > 0:
		c.add(item, weaker, v.before, v.after, why.weaker)
	case safer == 0:
		c.add(item, neutral, v.before, v.after, "it is the same number")
	default:
		c.add(item, stricter, v.before, v.after, why.stricter)
	}
}

func (c *comparison) check(item string, before, after *v1alpha1.SafeguardCheck) {
	c.plain(item+".type", before.Type, after.Type, weaker, "it looks at something else, which cannot be compared")
	if before.MaxEgressBandwidth != after.MaxEgressBandwidth {
		effect := weaker
		if atMost(after.MaxEgressBandwidth, before.MaxEgressBandwidth) {
			effect = stricter
		}
		c.add(item+".maxEgressBandwidth", effect, before.MaxEgressBandwidth, after.MaxEgressBandwidth,
			reasons{"a pod may send less", "a pod may send more, or the two cannot be compared"}.of(effect))
	}
	fewer := reasons{"fewer may be used", "more may be used"}
	set(c, item+".runtimeClasses", before.RuntimeClasses, after.RuntimeClasses, sided{weaker, fewer})
	set(c, item+".storageClasses", before.StorageClasses, after.StorageClasses, sided{weaker, fewer})
	set(c, item+".exemptGroups", before.ExemptGroups, after.ExemptGroups, sided{weaker, reasons{"fewer people may reach into pods", "more people may reach into pods"}})
}
