// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package revision

import (
	"encoding/json"
	"slices"
	"unicode/utf8"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
)

// Short names of the effects.
const (
	neutral  = v1alpha1.EffectNeutral
	stricter = v1alpha1.EffectStrengthening
	weaker   = v1alpha1.EffectWeakening
)

const (
	// maxText is the most bytes of an item, a value or a message in a PolicyChange.
	maxText = 512
	// maxChanges is the most changes that a PolicyRevision holds.
	maxChanges = 256
)

// Compare says item by item what becomes of a policy, and what that does: the effect is the gravest of all items. A nil
// before is no policy; then after is the initial one. The changes are in the order of the spec, and there is none exactly where
// the texts are the same.
func Compare(before, after *v1alpha1.SafetyPolicySpec) ([]v1alpha1.PolicyChange, v1alpha1.RevisionEffect) {
	if before == nil {
		return nil, v1alpha1.EffectInitial
	}
	c := &comparison{before: before, after: after, was: newLadder(before), is: newLadder(after)}
	for _, compare := range []func(){
		c.source, c.exposures, c.levels, c.thresholds, c.requirements, c.mutators, c.companions, c.enforcing, c.retention,
		c.lapse, c.removals, c.fallback, c.roles, c.evaluators, c.waivers, c.determinations, c.revisions,
	} {
		compare()
	}
	if len(c.changes) == 0 && !same(before, after) {
		c.add("spec", weaker, before, after, "it changed where this version of Scalegate does not look, so that it cannot be known not to grant more")
	}
	effect := neutral
	for i := range c.changes {
		effect = graver(effect, c.changes[i].Effect)
	}
	return c.changes, effect
}

// Kept are as many of the changes as a PolicyRevision holds. Where there are more, those that weaken come first.
func Kept(changes []v1alpha1.PolicyChange) []v1alpha1.PolicyChange {
	if len(changes) <= maxChanges {
		return changes
	}
	kept := slices.Clone(changes)
	slices.SortStableFunc(kept, func(a, b v1alpha1.PolicyChange) int { return rank(b.Effect) - rank(a.Effect) })
	return kept[:maxChanges]
}

// comparison is the working state of Compare.
type comparison struct {
	before, after *v1alpha1.SafetyPolicySpec
	was, is       ladder
	changes       []v1alpha1.PolicyChange
}

// add notes a change. A value that is nil or empty was or is not there.
func (c *comparison) add(item string, effect v1alpha1.RevisionEffect, before, after any, message string) {
	c.changes = append(c.changes, v1alpha1.PolicyChange{
		Item: cut(item), Effect: effect, Before: shown(before), After: shown(after), Message: cut(message),
	})
}

// reasons say why a change has its effect, in both directions.
type reasons struct {
	stricter, weaker string
}

func (r reasons) of(effect v1alpha1.RevisionEffect) string {
	if effect == weaker {
		return r.weaker
	}
	return r.stricter
}

// graver is the effect that weighs more.
func graver(a, b v1alpha1.RevisionEffect) v1alpha1.RevisionEffect {
	if rank(b) > rank(a) {
		return b
	}
	return a
}

func rank(effect v1alpha1.RevisionEffect) int {
	switch effect {
	case weaker:
		return 2
	case stricter:
		return 1
	case neutral, v1alpha1.EffectInitial:
	}
	return 0
}

// same reports whether two values have the same text.
func same(a, b any) bool {
	before, err := gate.CanonicalJSON(a)
	if err != nil {
		return false
	}
	after, err := gate.CanonicalJSON(b)
	return err == nil && string(before) == string(after)
}

// shown is a value as JSON, cut to what a change holds; empty where there is nothing.
func shown(value any) string {
	data, err := json.Marshal(value)
	if err != nil {
		return ""
	}
	if text := string(data); text != "null" && text != `""` && text != "[]" && text != "0" {
		return cut(text)
	}
	// 0 is a value where it is pointed to, and absent elsewhere.
	if number, ok := value.(*int32); ok && number != nil {
		return "0"
	}
	return ""
}

func cut(text string) string {
	const more = "..."
	if len(text) <= maxText {
		return text
	}
	end := maxText - len(more)
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + more
}
