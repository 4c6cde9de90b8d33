// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package revision

import (
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// defaultCoolOff is how long a weakening has to wait where the policy does not say, in seconds.
const defaultCoolOff = 24 * 60 * 60

func (c *comparison) approval(item string, before, after *v1alpha1.ApprovalCriterion) {
	c.quorum(item+".quorum", before.Quorum, after.Quorum)
	set(c, item+".notifyBefore", before.NotifyBefore, after.NotifyBefore, sided{stricter, reasons{"more people have to be told before", "fewer people have to be told before"}})
	set(c, item+".differFrom", before.DifferFrom, after.DifferFrom, sided{stricter, reasons{"the approval of fewer people counts", "the approval of more people counts"}})
}

// quorum compares who has to approve. A role that is added brings people whose objection blocks as well.
func (c *comparison) quorum(item string, before, after []v1alpha1.RoleQuorum) {
	order(c, item, lists[v1alpha1.RoleQuorum]{before, after, quorumRole}, neutral, orderSaysNothing)
	more := reasons{"more people have to approve", "fewer people have to approve, and fewer can object"}
	for _, p := range pairs(before, after, quorumRole) {
		at := item + "[" + p.name + "]"
		switch {
		case p.before == nil:
			c.add(at, stricter, nil, p.after, more.stricter)
		case p.after == nil:
			c.add(at, weaker, p.before, nil, more.weaker)
		default:
			c.number(at+".count", &p.before.Count, &p.after.Count, measure{nothing, false, more})
		}
	}
}

func (c *comparison) roles() {
	order(c, "spec.roles", lists[v1alpha1.Role]{c.before.Roles, c.after.Roles, roleName}, neutral, orderSaysNothing)
	for _, p := range pairs(c.before.Roles, c.after.Roles, roleName) {
		item := "spec.roles[" + p.name + "]"
		switch {
		case p.before == nil || p.after == nil:
			c.plain(item, p.before, p.after, neutral, "by itself a role does nothing: what asks for it is an item of its own")
		default:
			d := compareSets(p.before.Groups, p.after.Groups)
			switch {
			case d.added || len(p.after.Groups) == 0 && d.removed:
				c.add(item+".groups", weaker, p.before.Groups, p.after.Groups, "more people may sign in the role")
			case d.removed:
				c.add(item+".groups", weaker, p.before.Groups, p.after.Groups,
					"fewer people may sign in the role, so that the objection of one who is not in it any more does not count")
			default:
				c.plain(item+".groups", p.before.Groups, p.after.Groups, neutral, orderSaysNothing)
			}
		}
	}
}

func (c *comparison) evaluators() {
	var before, after v1alpha1.IndependentEvaluators
	if c.before.IndependentEvaluators != nil {
		before = *c.before.IndependentEvaluators
	}
	if c.after.IndependentEvaluators != nil {
		after = *c.after.IndependentEvaluators
	}
	c.part("spec.independentEvaluators", c.before.IndependentEvaluators, c.after.IndependentEvaluators, func() {
		either(c, "spec.independentEvaluators.users", before.Users, after.Users)
		either(c, "spec.independentEvaluators.groups", before.Groups, after.Groups)
	})
}

func (c *comparison) waivers() {
	before, after := c.before.Waivers, c.after.Waivers
	why := reasons{"nobody may set a requirement aside any more", "people may set a requirement aside"}
	if grown(c, "spec.waivers", before, after, sided{weaker, why}) {
		c.quorum("spec.waivers.quorum", before.Quorum, after.Quorum)
		c.number("spec.waivers.maxDays", &before.MaxDays, &after.MaxDays, measure{nothing, true, reasons{"a waiver lives for a shorter time", "a waiver may live for a longer time"}})
		word(c, "spec.waivers.overAdverse", before.OverAdverse, after.OverAdverse, scale[v1alpha1.OverAdverse]{
			preset: v1alpha1.OverAdverseRefused,
			order:  []v1alpha1.OverAdverse{v1alpha1.OverAdverseAllowed, v1alpha1.OverAdverseRefused},
			why:    reasons{"a failed requirement cannot be set aside any more", "a failed requirement may be set aside"},
		})
		c.breakGlass(before.BreakGlass, after.BreakGlass)

	}
}

func (c *comparison) breakGlass(before, after *v1alpha1.BreakGlassRules) {
	const item = "spec.waivers.breakGlass"
	if grown(c, item, before, after, sided{weaker, reasons{"there is no shorter path any more", "there is a shorter path"}}) {
		c.quorum(item+".quorum", before.Quorum, after.Quorum)
		c.number(item+".maxSeconds", &before.MaxSeconds, &after.MaxSeconds, measure{nothing, true, reasons{"such a waiver lives for a shorter time", "such a waiver may live for a longer time"}})
		c.plain(item+".reviewRole", before.ReviewRole, after.ReviewRole, weaker, "a review that is owed may be given by others")
		c.number(item+".reviewDays", &before.ReviewDays, &after.ReviewDays, measure{nothing, true, reasons{"a review is overdue earlier", "a review is overdue later"}})

	}
}

func (c *comparison) determinations() {
	const item = "spec.determinations"
	before, after := c.before.Determinations, c.after.Determinations
	why := reasons{"nobody may rule a threshold out any more", "people may rule a threshold out that the evaluations leave open"}
	if grown(c, item, before, after, sided{weaker, why}) {
		c.quorum(item+".quorum", before.Quorum, after.Quorum)
		c.number(item+".maxDays", &before.MaxDays, &after.MaxDays, measure{nothing, true, reasons{"a determination lives for a shorter time", "a determination may live for a longer time"}})

	}
}

// revisions compares what a weakening needs itself.
func (c *comparison) revisions() {
	const item = "spec.revisions"
	before, after := c.before.Revisions, c.after.Revisions
	why := reasons{"a weakening of the policy needs people and time", "a weakening of the policy needs nothing any more"}
	if grown(c, item, before, after, sided{stricter, why}) {
		c.quorum(item+".quorum", before.Quorum, after.Quorum)
		c.number(item+".coolOffSeconds", before.CoolOffSeconds, after.CoolOffSeconds, measure{defaultCoolOff, false, reasons{"a weakening has to wait longer", "a weakening has to wait for a shorter time"}})

	}
}

// atMost reports whether a quantity is at most another one.
func atMost(a, b string) bool {
	x, errX := resource.ParseQuantity(a)
	y, errY := resource.ParseQuantity(b)
	return errX == nil && errY == nil && x.Cmp(y) <= 0
}
