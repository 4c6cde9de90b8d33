// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package revision

import "github.com/scalegate/scalegate/api/v1alpha1"

// Presets of the API for what a policy leaves out.
const (
	defaultClearanceSeconds = 7 * 24 * 60 * 60
	defaultGraceDays        = 14
	defaultAdvisorySeconds  = 24 * 60 * 60
	defaultUnavailable      = 25
	defaultEvictSeconds     = 600
	defaultFallbackWait     = 300
	longerServes            = "what has lost its grant may serve for a longer time"
	shorterServes           = "what has lost its grant serves for a shorter time"
)

func (c *comparison) mutators() {
	set(c, "spec.trustedMutators", c.before.TrustedMutators, c.after.TrustedMutators, sided{weaker, reasons{"fewer may change pods that start without being looked at", "more may change pods that start without being looked at"}})
}

func (c *comparison) companions() {
	order(c, "spec.companions", lists[v1alpha1.Companion]{c.before.Companions, c.after.Companions, companionName}, neutral, orderSaysNothing)
	for _, p := range pairs(c.before.Companions, c.after.Companions, companionName) {
		item := "spec.companions[" + p.name + "]"
		switch {
		case p.before == nil:
			c.add(item, weaker, nil, p.after, "another container may stand beside the model")
		case p.after == nil:
			c.add(item, stricter, p.before, nil, "the container may not stand beside the model any more")
		default:
			c.plain(item+".image", p.before.Image, p.after.Image, weaker, "another image may stand beside the model, which cannot be compared")
		}
	}
}

// enforcing compares when and how what is not cleared is met.
func (c *comparison) enforcing() {
	word(c, "spec.onUncleared", c.before.OnUncleared, c.after.OnUncleared, scale[v1alpha1.UnclearedAction]{
		preset: v1alpha1.HoldUncleared,
		order:  []v1alpha1.UnclearedAction{v1alpha1.HoldUncleared, v1alpha1.DenyUncleared},
		why:    reasons{"what is not cleared is rejected as well as held", "what is not cleared is held, and not rejected any more"},
	})
	before, after := c.before.EnforceAfter, c.after.EnforceAfter
	switch {
	case before.Equal(after):
	case after == nil || before != nil && before.Before(after):
		c.add("spec.enforceAfter", weaker, before, after, "namespaces that are only audited stay so for longer")
	default:
		c.add("spec.enforceAfter", stricter, before, after, "namespaces that are only audited are enforced earlier")
	}
	c.number("spec.clearanceSeconds", c.before.ClearanceSeconds, c.after.ClearanceSeconds, measure{defaultClearanceSeconds, true, reasons{"new pods start for a shorter time after the controller stopped", "new pods start for a longer time after the controller stopped"}})
}

// retention compares how long is kept what nothing needs any more.
func (c *comparison) retention() {
	const kept = "only evidence goes that nothing needs any more: no decision changes by it"
	before, after := c.before.Retention, c.after.Retention
	if before == nil || after == nil {
		c.plain("spec.retention", before, after, neutral, kept)
		return
	}
	c.plain("spec.retention.evaluationDays", before.EvaluationDays, after.EvaluationDays, neutral, kept)
}

func (c *comparison) lapse() {
	before, after := lapseOf(c.before), lapseOf(c.after)
	why := reasons{shorterServes, longerServes}
	c.part("spec.lapse", c.before.Lapse, c.after.Lapse, func() {
		c.number("spec.lapse.graceDays", before.GraceDays, after.GraceDays, measure{defaultGraceDays, true, why})
		c.number("spec.lapse.advisoryGraceSeconds", before.AdvisoryGraceSeconds, after.AdvisoryGraceSeconds, measure{defaultAdvisorySeconds, true, why})
		word(c, "spec.lapse.then", before.Then, after.Then, scale[v1alpha1.LapseAction]{
			preset: v1alpha1.LapseEvict, order: []v1alpha1.LapseAction{v1alpha1.LapseKeep, v1alpha1.LapseEvict}, why: why,
		})
	})
}

func (c *comparison) removals() {
	before, after := removalsOf(c.before), removalsOf(c.after)
	why := reasons{shorterServes, longerServes}
	c.part("spec.removals", c.before.Removals, c.after.Removals, func() {
		c.number("spec.removals.maxUnavailablePercent", before.MaxUnavailablePercent, after.MaxUnavailablePercent, measure{defaultUnavailable, false, why})
		c.number("spec.removals.evictSeconds", before.EvictSeconds, after.EvictSeconds, measure{defaultEvictSeconds, true, why})
		c.number("spec.removals.maxPercentPerHour", before.MaxPercentPerHour, after.MaxPercentPerHour, measure{boundless, false, why})
	})
}

func (c *comparison) fallback() {
	before, after := fallbackOf(c.before), fallbackOf(c.after)
	c.part("spec.fallback", c.before.Fallback, c.after.Fallback, func() {
		if before.Release != after.Release {
			effect := weaker
			if after.Release == "" {
				effect = stricter
			}
			c.add("spec.fallback.release", effect, before.Release, after.Release, reasons{
				"what has to go does not wait for a fallback of the policy any more", "what has to go may wait for another release",
			}.of(effect))
		}
		c.number("spec.fallback.waitSeconds", before.WaitSeconds, after.WaitSeconds, measure{defaultFallbackWait, true, reasons{shorterServes, longerServes}})
	})
}

func lapseOf(spec *v1alpha1.SafetyPolicySpec) v1alpha1.Lapse {
	if spec.Lapse == nil {
		return v1alpha1.Lapse{}
	}
	return *spec.Lapse
}

func removalsOf(spec *v1alpha1.SafetyPolicySpec) v1alpha1.Removals {
	if spec.Removals == nil {
		return v1alpha1.Removals{}
	}
	return *spec.Removals
}

func fallbackOf(spec *v1alpha1.SafetyPolicySpec) v1alpha1.PolicyFallback {
	if spec.Fallback == nil {
		return v1alpha1.PolicyFallback{}
	}
	return *spec.Fallback
}
