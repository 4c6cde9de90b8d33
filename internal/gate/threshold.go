// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import "github.com/scalegate/scalegate/api/v1alpha1"

func (e *engine) judgeThresholds() {
	for i := range e.thresholds {
		t := &e.thresholds[i]
		// Without a requirement nothing rules the capability out.
		met := len(t.ruledOutBy) > 0 && t.unfit == ""
		t.state = v1alpha1.ThresholdOpen
		for _, at := range t.ruledOutBy {
			q := &e.questions[at]
			met = met && q.rulesOut()
			t.failed = t.failed || q.state == v1alpha1.RequirementFailed
		}
		switch {
		case t.failed || t.reachedBy != nil:
			t.state = v1alpha1.ThresholdReached
		case met:
			t.state = v1alpha1.ThresholdRuledOut
		}
	}
}

// adverse reports whether the threshold is reached beyond doubt: something failed, or the people whom the policy names approved
// the determination. That somebody merely says so raises the level and takes nothing away.
func (t *capability) adverse() bool { return t.failed || t.approved }

// stateAt is the state at an exposure, determinations included.
func (t *capability) stateAt(exposure int) v1alpha1.ThresholdState {
	if t.state == v1alpha1.ThresholdOpen && t.settled(exposure) {
		return v1alpha1.ThresholdRuledOut
	}
	return t.state
}

// settled reports whether a determination rules the threshold out at an exposure.
func (t *capability) settled(exposure int) bool {
	if uint(exposure) >= uint(len(t.determined)) {
		return false
	}
	d := &t.determined[exposure]
	return d.stands || d.until != 0 && t.supposed != supposeNothing
}

// asks reports whether the threshold matters at an exposure: it would count there if it were not ruled out.
func (t *capability) asks(exposure int) bool {
	return t.from <= exposure
}

// counts reports whether the threshold raises the level at an exposure.
func (t *capability) counts(exposure int) bool {
	switch t.stateAt(exposure) {
	case v1alpha1.ThresholdReached:
		return true
	case v1alpha1.ThresholdRuledOut:
		return false
	case v1alpha1.ThresholdOpen:
	}
	return t.asks(exposure)
}

func (e *engine) thresholdResult(t *capability) ThresholdResult {
	r := ThresholdResult{Name: t.spec.Name, State: t.stateAt(e.asked), RaisesTo: t.spec.RaisesTo}
	for _, at := range t.ruledOutBy {
		if q := &e.questions[at]; !q.rulesOut() {
			r.Unmet = append(r.Unmet, q.name)
		}
	}
	r.Message = e.thresholdText(t)
	return r
}

// weighThresholds adds what the thresholds that count require beside the levels that they raise to.
func (e *engine) weighThresholds(v *verdict) {
	for i := range e.thresholds {
		t := &e.thresholds[i]
		if len(t.requires) == 0 || !t.counts(v.exposure) {
			continue
		}
		for _, at := range t.requires {
			if q := &e.questions[at]; q.from <= v.exposure && !q.metAt(v.exposure) {
				e.obstruct(v, gap{question: at, level: t.raises, by: t})
			}
		}
	}
}

// needed reports whether a threshold requires something at an exposure beside the level that it raises to.
func (e *engine) needed(t *capability, exposure int) bool {
	for _, at := range t.requires {
		if e.questions[at].from <= exposure {
			return true
		}
	}
	return false
}

// rests reports whether an exposure would not be granted as it is if a threshold were not ruled out.
func (e *engine) rests(v *verdict, t *capability) bool {
	if !t.asks(v.exposure) || t.counts(v.exposure) {
		return false
	}
	if t.raises > v.level {
		return true
	}
	for _, at := range t.requires {
		// What is only supposed to be met would not have opened the exposure beside the threshold.
		q := &e.questions[at]
		state := q.stateAt(v.exposure)
		if q.from <= v.exposure && state != v1alpha1.RequirementMet && state != v1alpha1.RequirementWaived {
			return true
		}
	}
	return false
}
