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

// reportThreshold fills the answer to a threshold in.
func (e *engine) reportThreshold(t *capability, r *ThresholdResult) {
	r.Name, r.State, r.RaisesTo = t.spec.Name, t.stateAt(e.asked), t.spec.RaisesTo
	o := e.outlast
	first := len(o.names)
	for _, at := range t.ruledOutBy {
		if q := &e.questions[at]; !q.rulesOut() {
			o.names = append(o.names, q.name)
		}
	}
	r.Unmet = o.cut(first)
	r.Message = e.thresholdText(t)
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
				e.obstruct(v, gap{question: int32(at), level: int32(t.raises), by: int32(i)})
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

// restsUntil is until when an exposure rests on a threshold that is ruled out: as long as that lasts; or, where the threshold
// raises to no higher level, as long as what it requires is met, if that is longer. It rests on nothing where ends is false: the
// exposure would be granted as it is, without end, if the threshold were not ruled out.
func (e *engine) restsUntil(v *verdict, t *capability) (end int64, ends bool) {
	if !t.asks(v.exposure) || t.counts(v.exposure) {
		return 0, false
	}
	met := int64(forever)
	for _, at := range t.requires {
		q := &e.questions[at]
		switch {
		case q.from > v.exposure:
		case !q.metAt(v.exposure):
			met = minTime
		case q.expiresAt(v.exposure) != 0:
			met = min(met, q.expiresAt(v.exposure))
		}
	}
	if t.raises > v.level {
		met = minTime
	}
	end = max(e.ruledOutUntil(t, v.exposure), met)
	return end, end != forever
}

// ruledOutUntil is until when a threshold is ruled out at an exposure.
func (e *engine) ruledOutUntil(t *capability, exposure int) int64 {
	if t.state != v1alpha1.ThresholdRuledOut {
		return t.determined[exposure].until
	}
	until := int64(forever)
	for _, at := range t.ruledOutBy {
		if expires := e.questions[at].expires; expires != 0 {
			until = min(until, expires)
		}
	}
	return until
}
