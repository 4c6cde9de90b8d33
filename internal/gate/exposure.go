// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"slices"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// gap is a requirement that keeps an exposure from being granted, at the lowest level that requires it, by their indexes. Where
// a threshold requires it beside its level, by is the index of the threshold; noThreshold otherwise.
type gap struct {
	question, level, by int32
}

const noThreshold = -1

// verdict is what stands in the way of one exposure. The zero verdict needs nothing, so that it grants only what
// the policy allows without evidence.
type verdict struct {
	exposure int
	// level is the index of the required level; -1 when the policy has no level.
	level int
	// reached is the index of the highest level that thresholds raise to which are reached beyond doubt, at least the
	// declared one.
	reached int
	// undefined is the index of the lowest level up to the required one whose safeguards are undefined, or -1.
	undefined int
	// gaps are those of the engine from first on, up to last; and marks, where there is something in the way, are from marked
	// on, one for each question. See [engine.gapsOf] and [engine.marksOf].
	first, last, marked int
	adverse             bool
	// lapsed is when the first of the evidence ended, where its age alone refuses the exposure; 0 otherwise.
	lapsed int64
	// revoked is the severity of the revocation that refuses the exposure; empty when none does.
	revoked v1alpha1.RevocationSeverity
	// needs: the policy requires something of a release of the level that it declares itself at this exposure.
	needs  bool
	reason string
}

func (v *verdict) blocked() bool { return v.level < 0 || v.undefined >= 0 || v.first < v.last }

// gapsOf are the gaps of an exposure, each question once.
func (e *engine) gapsOf(v *verdict) []gap { return e.gaps[v.first:v.last] }

// marksOf tells the questions that keep the exposure from being granted, by index; nil when nothing does.
func (e *engine) marksOf(v *verdict) []bool {
	if !v.blocked() {
		return nil
	}
	return e.marks[v.marked:][:len(e.questions)]
}

// grant decides the exposures and sums the decision up.
func (e *engine) grant() {
	exposures := e.in.Policy.Spec.Exposures
	var few [4]verdict
	verdicts := sized(few[:], len(exposures))
	granted, open := -1, true
	for i := range verdicts {
		v := &verdicts[i]
		*v = e.weigh(i)
		e.mark(v)
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
		e.reportExposure(&verdicts[i], granted, &e.decision.Exposures[i])
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
	v := verdict{exposure: exposure, level: e.declared, reached: e.declared, undefined: -1, first: len(e.gaps), last: len(e.gaps)}
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
			if !e.questions[at].metAt(exposure) {
				e.obstruct(&v, gap{question: int32(at), level: int32(level), by: noThreshold})
			}
		}
	}
	e.weighThresholds(&v)
	return v
}

// raise applies the thresholds that count at the exposure.
func (e *engine) raise(v *verdict) {
	for i := range e.thresholds {
		t := &e.thresholds[i]
		if t.counts(v.exposure) {
			v.level = max(v.level, t.raises)
		}
		if t.adverse() {
			v.reached = max(v.reached, t.raises)
		}
		// Whether something is required is asked of the level that the release declares itself, so that it depends on
		// neither evidence nor ancestors: otherwise a failure could open an exposure, by raising the release to a level
		// that requires something.
		v.needs = v.needs || (t.raises > e.own || e.needed(t, v.exposure)) && t.asks(v.exposure) && len(t.ruledOutBy) > 0
	}
}

// obstruct adds a gap, and notes whether it is an adverse one; see [ExposureResult.Adverse].
func (e *engine) obstruct(v *verdict, g gap) {
	for _, other := range e.gapsOf(v) {
		if other.question == g.question {
			return
		}
	}
	n := len(e.gaps)
	if n == cap(e.gaps) {
		e.gaps = larger(e.gaps)
	}
	e.gaps = e.gaps[:n+1]
	e.gaps[n], v.last = g, n+1
	level, q := int(g.level), &e.questions[g.question]
	// What was seen of the cluster is no finding about the release: it holds and freezes, and takes nothing away.
	asked := level > e.declared && level <= v.reached && q.kind != kindCheck
	v.adverse = v.adverse || q.state == v1alpha1.RequirementFailed || asked && !q.shownAt(v.exposure)
}

// raised reports whether a threshold has a part in blocking the exposure: what it requires itself is not met; or it raises
// the level, and something above the declared level and up to the one it raises to is not.
func (e *engine) raised(v *verdict, t *capability) bool {
	if !t.counts(v.exposure) {
		return false
	}
	gaps := e.gapsOf(v)
	for _, at := range t.requires {
		if slices.ContainsFunc(gaps, func(g gap) bool { return int(g.question) == at }) {
			return true
		}
	}
	if t.raises <= e.declared {
		return false
	}
	if v.undefined > e.declared && v.undefined <= t.raises {
		return true
	}
	for i := range gaps {
		if level := int(gaps[i].level); level > e.declared && level <= t.raises {
			return true
		}
	}
	return false
}

// mark finds the questions that keep the exposure from being granted.
func (e *engine) mark(v *verdict) {
	if !v.blocked() {
		return
	}
	v.marked = len(e.marks)
	for len(e.marks)+len(e.questions) > cap(e.marks) {
		e.marks = larger(e.marks)
	}
	e.marks = e.marks[:v.marked+len(e.questions)]
	marks := e.marksOf(v)
	for _, g := range e.gapsOf(v) {
		marks[g.question] = true
	}
	for i := range e.thresholds {
		t := &e.thresholds[i]
		// Where people say that it is reached, no evidence rules it out.
		if t.reachedBy != nil || !e.raised(v, t) {
			continue
		}
		for _, at := range t.ruledOutBy {
			if !e.questions[at].met() {
				marks[at] = true
			}
		}
	}
}

// reportExposure fills the answer to an exposure in.
func (e *engine) reportExposure(v *verdict, granted int, r *ExposureResult) {
	r.Name, r.Reason = e.in.Policy.Spec.Exposures[v.exposure].Name, v.reason
	r.Granted, r.Adverse, r.Revoked = v.exposure <= granted, v.adverse, v.revoked
	if v.lapsed != 0 {
		r.Lapsed = e.outlast.time(v.lapsed)
	}
	if e.rung(e.in.Release.Spec.Level) >= 0 {
		r.RequiredLevel = e.rungs[v.level].name
	}
	o := e.outlast
	first := len(o.names)
	for at, marked := range e.marksOf(v) {
		if marked {
			o.names = append(o.names, e.questions[at].name)
		}
	}
	r.Blocking = o.cut(first)
	switch {
	case r.Granted:
		r.Reason = v1alpha1.ReasonEvidenceComplete
	case e.invalid:
		r.Reason = v1alpha1.ReasonInvalidSpec
	case r.Reason == v1alpha1.ReasonEvidenceComplete:
		r.Reason = v1alpha1.ReasonExposureNotGranted
	}
	r.Message = e.exposureText(v, granted)
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
		e.decision.EvidenceEnds = e.outlast.time(end)
		e.warnBefore(end)
	}
	if ends && end < until {
		// Nothing is to be renewed before the evidence ends, and that is looked at anyway.
		until = end
	} else {
		e.recheckAt(e.now + (e.clearance()+1)/2)
	}
	e.decision.ClearedUntil = e.outlast.time(until)
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
	support := func(moment int64) {
		if moment != 0 && (!ends || moment < end) {
			end, ends = moment, true
		}
	}
	gate := func(questions []int) {
		for _, at := range questions {
			if q := &e.questions[at]; q.from <= v.exposure && q.metAt(v.exposure) {
				support(q.expiresAt(v.exposure))
			}
		}
	}
	for level := 0; level <= v.level; level++ {
		gate(e.rungs[level].requires)
	}
	for i := range e.thresholds {
		t := &e.thresholds[i]
		if t.counts(v.exposure) {
			gate(t.requires)
		} else if until, ends := e.restsUntil(v, t); ends {
			support(until)
		}
	}
	return end, ends
}
