// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"slices"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// rung is a level of the policy, by its index the lowest first.
type rung struct {
	name string
	// undefined: nobody said yet what the level requires, so it refuses every exposure.
	undefined bool
	// requires are indexes of questions.
	requires []int
}

func (e *engine) loadLevels() {
	levels := e.in.Policy.Spec.Levels
	total := 0
	for i := range levels {
		total += len(levels[i].Requires)
	}
	requires := make([]int, 0, total)
	// One more for a level that only a threshold names.
	e.rungs = make([]rung, len(levels), len(levels)+1)
	for i := range levels {
		first := len(requires)
		for _, name := range levels[i].Requires {
			requires = append(requires, e.need(name))
		}
		state := levels[i].State
		e.rungs[i] = rung{
			name:      levels[i].Name,
			undefined: state != "" && state != v1alpha1.LevelDefined,
			requires:  requires[first:len(requires):len(requires)],
		}
	}
}

// rung returns the index of the level of that name, or -1. Of several it is the highest.
func (e *engine) rung(name string) int {
	for i := range slices.Backward(e.in.Policy.Spec.Levels) {
		if e.in.Policy.Spec.Levels[i].Name == name {
			return i
		}
	}
	return -1
}

// capability is a threshold with its names resolved.
type capability struct {
	spec *v1alpha1.CapabilityThreshold
	// raises is the index of the level that the threshold raises to.
	raises int
	// from is the index of the lowest exposure that needs one of the requirements that rule it out: below that
	// nobody has to ask, and it counts only when it is reached.
	from int
	// ruledOutBy are indexes of questions.
	ruledOutBy []int
	state      v1alpha1.ThresholdState
}

func (e *engine) loadThresholds() {
	specs := e.in.Policy.Spec.Thresholds
	e.thresholds = make([]capability, len(specs))
	total := 0
	for i := range specs {
		total += len(specs[i].RuledOutBy)
	}
	indexes := make([]int, 0, total)
	for i := range specs {
		t := &e.thresholds[i]
		t.spec = &specs[i]
		t.raises = e.raisedTo(specs[i].RaisesTo)
		first := len(indexes)
		for _, name := range specs[i].RuledOutBy {
			at := e.need(name)
			if from := e.questions[at].from; len(indexes) == first || from < t.from {
				t.from = from
			}
			indexes = append(indexes, at)
		}
		t.ruledOutBy = indexes[first:len(indexes):len(indexes)]
	}
}

// raisedTo returns the index of the level of that name. A name that the policy does not define is a level above
// all others that nothing can meet.
func (e *engine) raisedTo(name string) int {
	if i := e.rung(name); i >= 0 {
		return i
	}
	defined := len(e.in.Policy.Spec.Levels)
	if len(e.rungs) == defined {
		e.rungs = append(e.rungs, rung{name: name, undefined: true})
	}
	return defined
}

func (e *engine) judgeThresholds() {
	for i := range e.thresholds {
		t := &e.thresholds[i]
		// Without a requirement nothing rules the capability out.
		met := len(t.ruledOutBy) > 0
		t.state = v1alpha1.ThresholdOpen
		for _, at := range t.ruledOutBy {
			q := &e.questions[at]
			met = met && q.met()
			if q.state == v1alpha1.RequirementFailed {
				t.state = v1alpha1.ThresholdReached
			}
		}
		if met {
			t.state = v1alpha1.ThresholdRuledOut
		}
	}
}

// asks reports whether the threshold matters at an exposure: it would count there if it were not ruled out.
func (t *capability) asks(exposure int) bool {
	return t.from <= exposure
}

// counts reports whether the threshold raises the level at an exposure.
func (t *capability) counts(exposure int) bool {
	switch t.state {
	case v1alpha1.ThresholdReached:
		return true
	case v1alpha1.ThresholdRuledOut:
		return false
	case v1alpha1.ThresholdOpen:
	}
	return t.asks(exposure)
}

func (e *engine) thresholdResult(t *capability) ThresholdResult {
	r := ThresholdResult{Name: t.spec.Name, State: t.state, RaisesTo: t.spec.RaisesTo}
	for _, at := range t.ruledOutBy {
		if q := &e.questions[at]; !q.met() {
			r.Unmet = append(r.Unmet, q.name)
		}
	}
	r.Message = e.thresholdText(t)
	return r
}
