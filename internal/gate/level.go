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
	e.rungs = e.rungs[:len(levels)]
	for i := range levels {
		first := len(requires)
		for _, name := range levels[i].Requires {
			requires = append(requires, e.gating(name))
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
	// ruledOutBy and requires are indexes of questions.
	ruledOutBy, requires []int
	// state is what evidence says, or a determination that the threshold is reached.
	state v1alpha1.ThresholdState
	// failed: a requirement that would rule it out failed.
	failed bool
	// supposed is what is taken for not to have happened, as of questions.
	supposed supposition
	// unfit is a name in ruledOutBy of what no evaluation answers, so that nothing rules the threshold out; empty without one.
	unfit string
	// reachedBy is the determination that it is reached, and approved whether people approved that; nil without one.
	reachedBy *v1alpha1.ReleaseDetermination
	approved  bool
	// determined are the determinations that rule it out at each exposure while evidence leaves it open; nil without any.
	determined []determined
}

// determined is what rules a threshold out at one exposure beside evidence.
type determined struct {
	determination *v1alpha1.ReleaseDetermination
	// until is when it ends, or ended; 0 without a determination.
	until int64
	// stands: it has not ended.
	stands bool
}

func (e *engine) loadThresholds() {
	specs := e.in.Policy.Spec.Thresholds
	total := 0
	for i := range specs {
		total += len(specs[i].RuledOutBy) + len(specs[i].Requires)
	}
	indexes := make([]int, 0, total)
	for i := range specs {
		t := &e.thresholds[i]
		t.spec = &specs[i]
		t.raises = e.raisedTo(specs[i].RaisesTo)
		first := len(indexes)
		for _, name := range specs[i].RuledOutBy {
			at := e.need(name)
			e.questions[at].rules = true
			if from := e.questions[at].from; len(indexes) == first || from < t.from {
				t.from = from
			}
			if k := e.questions[at].kind; t.unfit == "" && (k == kindApproval || k == kindCheck) {
				t.unfit = name
			}
			indexes = append(indexes, at)
		}
		t.ruledOutBy = indexes[first:len(indexes):len(indexes)]
		first = len(indexes)
		for _, name := range specs[i].Requires {
			indexes = append(indexes, e.gating(name))
		}
		t.requires = indexes[first:len(indexes):len(indexes)]
	}
}

// gating is need for what gates.
func (e *engine) gating(name string) int {
	at := e.need(name)
	e.questions[at].gates = true
	return at
}

// raisedTo returns the index of the level of that name. A name that the policy does not define is a level above
// all others that nothing can meet.
func (e *engine) raisedTo(name string) int {
	if i := e.rung(name); i >= 0 {
		return i
	}
	defined := len(e.in.Policy.Spec.Levels)
	if len(e.rungs) == defined {
		// There is room for one more.
		e.rungs = e.rungs[:defined+1]
		e.rungs[defined] = rung{name: name, undefined: true}
	}
	return defined
}
