// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"strings"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// thresholdText says what decided the state of a threshold, and what would change it.
func (e *engine) thresholdText(c *capability) string {
	t := e.text.begin()
	switch c.stateAt(e.asked) {
	case v1alpha1.ThresholdRuledOut:
		if c.state != v1alpha1.ThresholdRuledOut {
			e.determinedText(c)
			break
		}
		t.add("Ruled out, since ")
		e.listStates(c.ruledOutBy, false)
		t.add(". It counts again when one of them no longer is.")
	case v1alpha1.ThresholdReached:
		if c.reachedBy != nil {
			e.reachedText(c)
			break
		}
		t.add("Reached, since ")
		e.listStates(c.ruledOutBy, true)
		t.add(": it raises the level to ", c.spec.RaisesTo, " at every exposure. It is ruled out when all of ruledOutBy are Met.")
	case v1alpha1.ThresholdOpen:
		t.add("Not ruled out")
		if len(c.ruledOutBy) > 0 {
			t.add(", since ")
			e.listStates(c.ruledOutBy, true)
		}
		t.add(": it raises the level to ", c.spec.RaisesTo)
		if exposures := e.in.Policy.Spec.Exposures; c.from < len(exposures) {
			t.add(" from exposure ", exposures[c.from].Name, " on")
		}
		if c.unfit != "" {
			t.add(". Nothing can rule it out, since ruledOutBy names ", c.unfit, ", which no evaluation answers; correct the policy.")
			break
		}
		t.add(". It is ruled out when all of ruledOutBy are Met.")
	}
	return t.take()
}

// listStates lists questions with their states; with unmet, only those that are not Met.
func (e *engine) listStates(questions []int, unmet bool) {
	n := 0
	for _, at := range questions {
		if !unmet || !e.questions[at].rulesOut() {
			n++
		}
	}
	i := 0
	for _, at := range questions {
		q := &e.questions[at]
		if unmet && q.rulesOut() {
			continue
		}
		e.text.add(separator(i, n), q.name, " is ", string(q.state))
		i++
	}
}

const grantedPrefix, refusedPrefix = "Granted: ", "Not granted: "

// exposureText says why an exposure is granted or not, and what would change it.
func (e *engine) exposureText(v *verdict, granted int) string {
	t := e.text.begin()
	switch {
	case v.exposure == granted:
		t.add(grantedPrefix)
		e.supportText(v)
	case v.exposure < granted:
		t.add("Granted, as ", e.in.Policy.Spec.Exposures[granted].Name, " is.")
	default:
		t.add(refusedPrefix)
		e.obstacles(v)
	}
	return t.take()
}

// summaryText is the message of the whole decision: that of the exposure asked for, with its name.
func (e *engine) summaryText(asked, granted int) string {
	t, results := e.text.begin(), e.decision.Exposures
	switch {
	case asked == granted:
		t.add(results[asked].Name, " is granted: ", strings.TrimPrefix(results[asked].Message, grantedPrefix))
		return t.take()
	case granted >= 0:
		t.add(results[granted].Name, " is granted and ", results[asked].Name, " is not: ")
	default:
		t.add(results[asked].Name, " is not granted: ")
	}
	t.add(strings.TrimPrefix(results[asked].Message, refusedPrefix))
	return t.take()
}

func (e *engine) invalidText() string {
	t, policy := e.text.begin(), e.in.Policy
	t.add("Nothing is granted: ")
	spec := &e.in.Release.Spec
	if e.rung(spec.Level) < 0 {
		t.add("spec.level ", spec.Level, " is not a level of SafetyPolicy ", policy.Name, "; it has ")
		for i := range policy.Spec.Levels {
			t.add(separator(i, len(policy.Spec.Levels)), policy.Spec.Levels[i].Name)
		}
		t.add(". ")
	}
	if e.exposure(spec.Exposure) < 0 {
		t.add("spec.exposure ", spec.Exposure, " is not an exposure of SafetyPolicy ", policy.Name, "; it has ")
		for i := range policy.Spec.Exposures {
			t.add(separator(i, len(policy.Spec.Exposures)), policy.Spec.Exposures[i].Name)
		}
		t.add(". ")
	}
	t.add("Name one of them in the release.")
	return t.take()
}

// supportText says what a grant rests on, and when the first of it ends.
func (e *engine) supportText(v *verdict) {
	t := e.text
	t.add("the release needs ", e.rungs[v.level].name)
	n, i := 0, 0
	e.supporting(v, func(int) { n++ })
	e.supporting(v, func(at int) {
		if i == 0 {
			t.add(", and ")
		}
		t.add(separator(i, n), e.questions[at].name)
		i++
	})
	switch n {
	case 0:
		t.add(", which requires nothing here")
	case 1:
		t.add(" is Met")
	default:
		t.add(" are Met")
	}
	e.setAsideText(v)
	e.ruledOutText(v)
	t.add(".")
	if end, ends := e.supportEnds(v); ends {
		t.add(" The first of its evidence counts until ")
		t.time(end)
		t.add(".")
	}
}

// ruledOutText lists the thresholds that would otherwise raise the level.
func (e *engine) ruledOutText(v *verdict) {
	n, i := 0, 0
	for at := range e.thresholds {
		if _, ends := e.restsUntil(v, &e.thresholds[at]); ends {
			n++
		}
	}
	if n == 0 {
		return
	}
	e.text.add("; ruled out: ")
	for at := range e.thresholds {
		c := &e.thresholds[at]
		if _, ends := e.restsUntil(v, c); ends {
			e.text.add(separator(i, n), c.spec.Name)
			if c.state != v1alpha1.ThresholdRuledOut {
				e.text.add(" (by ReleaseDetermination ", c.determined[v.exposure].determination.Name, ")")
			}
			i++
		}
	}
}

// obstacles says what keeps an exposure from being granted, and what would open it.
func (e *engine) obstacles(v *verdict) {
	t := e.text
	switch {
	case e.invalid:
		t.add("the release names a level or an exposure that the policy does not have.")
		return
	case e.withheld():
		if e.withdrawn != nil {
			e.revokedText()
		} else {
			e.lostText()
		}
		t.add(separatorAfter(v.blocked()))
		if !v.blocked() {
			return
		}
	case !v.blocked() && !v.needs && !e.allowsNothing(v.exposure):
		t.add("the policy requires nothing for it and does not say withoutEvidence: Allowed;" +
			" a new revision of the policy has to do one or the other.")
		return
	case !v.blocked():
		t.add("the evidence reaches it, but the release does not ask for it.")
		return
	}
	e.raisedText(v)
	if v.undefined >= 0 {
		t.add(e.rungs[v.undefined].name, " has no safeguards defined")
		if v.undefined > v.reached {
			t.add(", so that what raises to it has to be ruled out, or the policy revised")
		} else {
			t.add(", and only a new revision of the policy can open it")
		}
		t.add(separatorAfter(v.first < v.last))
	}
	e.gapsText(v)
}

// gapsText lists what the demands lack, and what would help. Of the first safeguard it says what was seen, which names the
// object; of others it does not, so that all have room.
func (e *engine) gapsText(v *verdict) {
	t, seen, gaps := e.text, false, e.gapsOf(v)
	for i := range gaps {
		g := &gaps[i]
		q := &e.questions[g.question]
		t.add(e.demand(g), " needs ", q.name, ", which is ", string(q.stateAt(v.exposure)), " (")
		if fact := q.fact; !seen && fact != nil && fact.Message != "" {
			seen = true
			t.add(strings.TrimSuffix(fact.Message, "."))
		} else {
			e.remedy(q, v.exposure)
		}
		t.add(")", separatorAfter(i < len(gaps)-1))
	}
}

func separatorAfter(more bool) string {
	if more {
		return "; "
	}
	return "."
}

// raisedText says which thresholds make the required level necessary.
func (e *engine) raisedText(v *verdict) {
	t, n, i := e.text, 0, 0
	raises := func(c *capability) bool { return c.raises == v.level && e.raised(v, c) }
	for at := range e.thresholds {
		if raises(&e.thresholds[at]) {
			n++
		}
	}
	for at := range e.thresholds {
		c := &e.thresholds[at]
		if !raises(c) {
			continue
		}
		if i == 0 {
			t.add(e.rungs[v.level].name, " is required because ")
		}
		t.add(separator(i, n), c.spec.Name, c.inWords())
		e.unmetText(c)
		i++
	}
	if n > 0 {
		t.add("; ")
	}
}

// unmetText lists what keeps a threshold from being ruled out, and what would help.
func (e *engine) unmetText(c *capability) {
	before := " ("
	if c.reachedBy != nil {
		e.text.add(" (ReleaseDetermination ", c.reachedBy.Name, " of ", c.reachedBy.Spec.Author, " says so)")
		return
	}
	for _, at := range c.ruledOutBy {
		q := &e.questions[at]
		if q.rulesOut() {
			continue
		}
		e.text.add(before, q.name, " is ", string(q.state), ": ")
		e.remedy(q, e.asked)
		before = "; "
	}
	if before != " (" {
		e.text.add(")")
	}
}

// remedy says in a few words what would meet a requirement. Its own message has the details.
func (e *engine) remedy(q *question, exposure int) {
	switch act := e.change(q, nil); act.Act {
	case ActEvaluate:
		switch {
		case q.revoked():
			e.text.add("run or import another evaluation for it")
		case q.state == v1alpha1.RequirementMissing || q.inherited != "":
			e.text.add("run or import an evaluation for it")
		default:
			e.text.add("a later evaluation has to be clear")
		}
	case ActRenew:
		e.text.add("run or import a new evaluation for it")
	case ActResolve:
		e.text.add("resolve AdverseFinding ", act.Object, " or change the artifacts")
	case ActReviseRelease:
		e.text.add("the release has no artifact that it is about")
	case ActRevisePolicy:
		if q.latest.saturated {
			e.text.add("its evaluation is saturated: the policy has to name another one")
			return
		}
		e.text.add("correct the policy")
	case ActApprove, ActWithdraw:
		e.lackingText(q, exposure)
	case ActRestore:
		e.text.add("put ", string(q.spec.Check.Type), " in place where the release is served")
	}
}
