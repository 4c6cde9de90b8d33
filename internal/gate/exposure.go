// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"time"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// gap is a requirement that keeps an exposure from being granted, at the lowest level that requires it.
type gap struct {
	question, level int
}

// verdict is what stands in the way of one exposure. The zero verdict needs nothing, so that it grants only what
// the policy allows without evidence.
type verdict struct {
	exposure int
	// level is the index of the required level; -1 when the policy has no level.
	level int
	// reached is the index of the highest level that reached thresholds raise to, at least the declared one.
	reached int
	// undefined is the index of the lowest level up to the required one whose safeguards are undefined, or -1.
	undefined int
	gaps      []gap
	// marks are the questions that keep the exposure from being granted; nil when none does.
	marks   []bool
	adverse bool
	// lapsed is when the first of the evidence ended, where its age alone refuses the exposure; 0 otherwise.
	lapsed int64
	// revoked is the severity of the revocation that refuses the exposure; empty when none does.
	revoked v1alpha1.RevocationSeverity
	// needs: the policy requires something of a release of the level that it declares itself at this exposure.
	needs  bool
	reason string
}

func (v *verdict) blocked() bool { return v.level < 0 || v.undefined >= 0 || len(v.gaps) > 0 }

// grant decides the exposures and sums the decision up.
func (e *engine) grant() {
	exposures := e.in.Policy.Spec.Exposures
	verdicts := make([]verdict, len(exposures))
	granted, open := -1, true
	for i := range verdicts {
		v := &verdicts[i]
		*v = e.weigh(i)
		v.marks = e.blocking(v)
		v.reason = e.reasonOf(v)
		// Each lower exposure has to be free of obstacles as well.
		open = open && !v.blocked()
		if open && !e.withheld() && i <= e.asked && e.evidenced(v) {
			granted = i
		}
	}
	e.excuse(verdicts)
	e.decision.Exposures = make([]ExposureResult, len(exposures))
	for i := range verdicts {
		e.decision.Exposures[i] = e.exposureResult(&verdicts[i], granted)
	}
	if granted >= 0 {
		e.clear(&verdicts[granted])
	}
	if e.invalid {
		e.decision.Reason = v1alpha1.ReasonInvalidSpec
		e.decision.Message = e.invalidText()
		if e.asked >= 0 {
			e.decision.Adverse = verdicts[e.asked].adverse
		}
		return
	}
	result := &e.decision.Exposures[e.asked]
	e.decision.Adverse, e.decision.Reason, e.decision.RequiredLevel = result.Adverse, result.Reason, result.RequiredLevel
	e.decision.Message = e.summaryText(e.asked, granted)
}

// withheld reports whether nothing may be granted, whatever the evidence says.
func (e *engine) withheld() bool { return e.invalid || e.withdrawn != nil || e.lost != "" }

// evidenced reports whether an exposure without obstacles may be granted: something was asked, or nothing has to be.
func (e *engine) evidenced(v *verdict) bool { return v.needs || e.allowsNothing(v.exposure) }

// allowsNothing reports whether the exposure may be granted when nothing is required of it.
func (e *engine) allowsNothing(exposure int) bool {
	return e.in.Policy.Spec.Exposures[exposure].WithoutEvidence == v1alpha1.WithoutEvidenceAllowed
}

// weigh finds what stands in the way of an exposure.
func (e *engine) weigh(exposure int) verdict {
	v := verdict{exposure: exposure, level: e.declared, reached: e.declared, undefined: -1}
	e.raise(&v)
	for level := 0; level <= v.level; level++ {
		if e.rungs[level].undefined && v.undefined < 0 {
			v.undefined = level
			v.adverse = v.adverse || level > e.declared && level <= v.reached
		}
		for _, at := range e.rungs[level].requires {
			if e.questions[at].from > exposure {
				continue
			}
			v.needs = v.needs || level <= e.own
			if !e.questions[at].met() {
				e.obstruct(&v, gap{question: at, level: level})
			}
		}
	}
	return v
}

// raise applies the thresholds that count at the exposure.
func (e *engine) raise(v *verdict) {
	for i := range e.thresholds {
		t := &e.thresholds[i]
		if t.counts(v.exposure) {
			v.level = max(v.level, t.raises)
		}
		if t.state == v1alpha1.ThresholdReached {
			v.reached = max(v.reached, t.raises)
		}
		// Whether something is required is asked of the level that the release declares itself, so that it depends on
		// neither evidence nor ancestors: otherwise a failure could open an exposure, by raising the release to a level
		// that requires something.
		v.needs = v.needs || t.raises > e.own && t.asks(v.exposure) && len(t.ruledOutBy) > 0
	}
}

// obstruct adds a gap, and notes whether it is an adverse one; see [ExposureResult.Adverse].
func (e *engine) obstruct(v *verdict, g gap) {
	for i := range v.gaps {
		if v.gaps[i].question == g.question {
			return
		}
	}
	v.gaps = append(v.gaps, g)
	q := &e.questions[g.question]
	asked := g.level > e.declared && g.level <= v.reached
	v.adverse = v.adverse || q.state == v1alpha1.RequirementFailed || asked && !q.shown()
}

// raised reports whether a threshold has a part in blocking the exposure: it raises the level, and something above
// the declared level and up to the one it raises to is not met.
func (e *engine) raised(v *verdict, t *capability) bool {
	if t.raises <= e.declared || !t.counts(v.exposure) {
		return false
	}
	if v.undefined > e.declared && v.undefined <= t.raises {
		return true
	}
	for i := range v.gaps {
		if v.gaps[i].level > e.declared && v.gaps[i].level <= t.raises {
			return true
		}
	}
	return false
}

// blocking marks the questions that keep the exposure from being granted; nil when none does.
func (e *engine) blocking(v *verdict) []bool {
	if !v.blocked() {
		return nil
	}
	marks := make([]bool, len(e.questions))
	for i := range v.gaps {
		marks[v.gaps[i].question] = true
	}
	for i := range e.thresholds {
		t := &e.thresholds[i]
		if !e.raised(v, t) {
			continue
		}
		for _, at := range t.ruledOutBy {
			if !e.questions[at].met() {
				marks[at] = true
			}
		}
	}
	return marks
}

// reasonOf sums a verdict up in a word.
func (e *engine) reasonOf(v *verdict) string {
	switch {
	case v.adverse:
		return v1alpha1.ReasonAdverseFinding
	case e.withdrawn != nil:
		return v1alpha1.ReasonRevoked
	case e.lost != "":
		return v1alpha1.ReasonParentNotFound
	case v.level < 0 || v.undefined >= 0 && v.undefined <= e.declared:
		// An undefined level that only open thresholds raise to is left by ruling them out, so that what is
		// missing for that is the reason.
		return v1alpha1.ReasonLevelUndefined
	case !v.blocked() && e.evidenced(v):
		return v1alpha1.ReasonEvidenceComplete
	case !v.blocked():
		return v1alpha1.ReasonEvidenceNotRequired
	}
	return e.lack(v.marks)
}

// lack is the reason that weighs most among requirements that are not met. A failure is none: where it is a cause the
// verdict is adverse, and elsewhere the others are what changed.
func (e *engine) lack(marks []bool) string {
	var revoked, expired, indeterminate, missing bool
	for at, marked := range marks {
		if marked {
			state := e.questions[at].state
			revoked = revoked || state == v1alpha1.RequirementRevoked
			expired = expired || state == v1alpha1.RequirementExpired
			indeterminate = indeterminate || state == v1alpha1.RequirementIndeterminate
			missing = missing || state == v1alpha1.RequirementMissing
		}
	}
	switch {
	case revoked:
		return v1alpha1.ReasonRevoked
	case expired:
		return v1alpha1.ReasonEvidenceExpired
	case indeterminate:
		return v1alpha1.ReasonEvidenceIndeterminate
	case missing:
		return v1alpha1.ReasonEvidenceMissing
	}
	// A threshold that nothing can rule out raises to a level without safeguards.
	return v1alpha1.ReasonLevelUndefined
}

func (e *engine) exposureResult(v *verdict, granted int) ExposureResult {
	r := ExposureResult{
		Name:    e.in.Policy.Spec.Exposures[v.exposure].Name,
		Granted: v.exposure <= granted,
		Adverse: v.adverse,
		Revoked: v.revoked,
		Reason:  v.reason,
	}
	if v.lapsed != 0 {
		r.Lapsed = new(time.Unix(v.lapsed, 0).UTC())
	}
	if e.rung(e.in.Release.Spec.Level) >= 0 {
		r.RequiredLevel = e.rungs[v.level].name
	}
	for at, marked := range v.marks {
		if marked {
			r.Blocking = append(r.Blocking, e.questions[at].name)
		}
	}
	switch {
	case r.Granted:
		r.Reason = v1alpha1.ReasonEvidenceComplete
	case e.invalid:
		r.Reason = v1alpha1.ReasonInvalidSpec
	case r.Reason == v1alpha1.ReasonEvidenceComplete:
		r.Reason = v1alpha1.ReasonExposureNotGranted
	}
	r.Message = e.exposureText(v, granted)
	return r
}

// clear writes what is granted, and until when: the earliest expiry among what supports the grant, and never
// longer than a clearance may live without being renewed.
func (e *engine) clear(v *verdict) {
	spec := &e.in.Policy.Spec.Exposures[v.exposure]
	e.decision.GrantedExposure = spec.Name
	if spec.MaxReplicas != nil {
		ceiling := *spec.MaxReplicas
		e.decision.ReplicaCeiling = &ceiling
	}
	until := e.now + e.clearance()
	end, ends := e.supportEnds(v)
	if ends {
		e.decision.EvidenceEnds = new(time.Unix(end, 0).UTC())
		e.warnBefore(end)
	}
	if ends && end < until {
		// Nothing is to be renewed before the evidence ends, and that is looked at anyway.
		until = end
	} else {
		e.recheckAt(e.now + (e.clearance()+1)/2)
	}
	at := time.Unix(until, 0).UTC()
	e.decision.ClearedUntil = &at
}

// warnBefore has the grant looked at again when people are to be warned that its evidence ends.
func (e *engine) warnBefore(end int64) {
	for _, days := range [...]int64{14, 3, 1} {
		if moment := end - days*daySeconds; moment > e.now {
			e.recheckAt(moment)
		}
	}
}

// supportEnds is the earliest expiry among the evidence without which the exposure would not be granted as it is:
// what its levels require, and what rules out the thresholds that would otherwise raise the level.
func (e *engine) supportEnds(v *verdict) (end int64, ends bool) {
	support := func(at int) {
		if q := &e.questions[at]; q.met() && (!ends || q.expires < end) {
			end, ends = q.expires, true
		}
	}
	for level := 0; level <= v.level; level++ {
		for _, at := range e.rungs[level].requires {
			if e.questions[at].from <= v.exposure {
				support(at)
			}
		}
	}
	for i := range e.thresholds {
		t := &e.thresholds[i]
		if t.state == v1alpha1.ThresholdRuledOut && t.asks(v.exposure) && t.raises > v.level {
			for _, at := range t.ruledOutBy {
				support(at)
			}
		}
	}
	return end, ends
}
