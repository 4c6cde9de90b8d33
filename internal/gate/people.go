// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"cmp"
	"math"
	"slices"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// forever is later than every time that the API can hold.
const forever = math.MaxInt64

// people are what was said by people, and what of it counts.
type people struct {
	// words are sorted by what they are about, then by time and name.
	words []word
	// waivers and rulings are those of the namespace, sorted by time and name. What they are is in waiver.go and determination.go.
	waivers []exemption
	rulings []ruling
	// evaluators are who brought evidence about the release.
	evaluators []string
}

// given is what every record has: when it was made, and what voids it.
type given struct {
	// made is when the API server stored it; for an objection that none stored, later than all that could take it back.
	made int64
	// exposure that it is about, by index; -1 where the policy has none of that name. A determination is about the highest.
	exposure int
	// until is its own end; forever without one.
	until int64
	// void is the reason why it does not count, beside its end, and cause what evidence voids it, in words; empty where it does.
	void, cause string
}

// about is what a word is about: the release, or else a waiver or determination by its index.
type about struct {
	kind v1alpha1.RecordKind
	at   int
}

// unknownRecord is the kind of what is about a record that is not known.
const unknownRecord v1alpha1.RecordKind = "?"

// word is what one person says in one role about one thing.
type word struct {
	given
	approval *v1alpha1.ReleaseApproval
	about    about
	// own: it names the release.
	own bool
	// holds: the person holds the role.
	holds bool
}

// loadPeople resolves what the records are about. Without records there is nothing to do.
func (e *engine) loadPeople() {
	if len(e.in.Approvals)+len(e.in.Waivers)+len(e.in.Determinations) == 0 {
		return
	}
	p := &people{}
	e.people = p
	for i := range e.in.Waivers {
		if w := &e.in.Waivers[i]; w.Namespace == e.in.Release.Namespace {
			p.waivers = append(p.waivers, e.exemptionOf(w))
		}
	}
	slices.SortFunc(p.waivers, func(a, b exemption) int {
		return cmp.Or(cmp.Compare(a.made, b.made), cmp.Compare(a.waiver.Name, b.waiver.Name))
	})
	for i := range e.in.Determinations {
		if d := &e.in.Determinations[i]; d.Namespace == e.in.Release.Namespace {
			p.rulings = append(p.rulings, e.rulingOf(d))
		}
	}
	slices.SortFunc(p.rulings, func(a, b ruling) int {
		return cmp.Or(cmp.Compare(a.made, b.made), cmp.Compare(a.determination.Name, b.determination.Name))
	})
	e.loadWords()
	e.loadEvaluators()
}

func (e *engine) loadWords() {
	p := e.people
	for i := range e.in.Approvals {
		a := &e.in.Approvals[i]
		if a.Namespace != e.in.Release.Namespace {
			continue
		}
		w := word{approval: a, about: p.find(a.Spec.Regarding), own: a.Spec.Release == e.in.Release.Name, holds: e.holds(a)}
		if !w.own && (a.Spec.Regarding == nil || w.about.kind == unknownRecord) {
			continue
		}
		w.given = e.givenOf(a.CreationTimestamp.Time, a.Spec.SubjectDigest, a.Spec.PolicyRevision)
		w.at(e.exposure(a.Spec.Exposure))
		w.until = endOf(a.Spec.EndTime)
		if a.CreationTimestamp.IsZero() && a.Spec.Decision == v1alpha1.DecisionObject {
			w.made = forever
		}
		p.words = append(p.words, w)
	}
	slices.SortFunc(p.words, func(a, b word) int {
		return cmp.Or(a.about.compare(b.about), cmp.Compare(a.made, b.made), cmp.Compare(a.approval.Name, b.approval.Name))
	})
}

func (a about) compare(b about) int {
	return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.at, b.at))
}

// find is the record that a word regards.
func (p *people) find(ref *v1alpha1.RecordReference) about {
	if ref == nil {
		return about{}
	}
	switch ref.Kind {
	case v1alpha1.RecordWaiver:
		for i := range p.waivers {
			if w := p.waivers[i].waiver; w.Name == ref.Name && string(w.UID) == ref.UID {
				return about{kind: ref.Kind, at: i}
			}
		}
	case v1alpha1.RecordDetermination:
		for i := range p.rulings {
			if d := p.rulings[i].determination; d.Name == ref.Name && string(d.UID) == ref.UID {
				return about{kind: ref.Kind, at: i}
			}
		}
	}
	return about{kind: unknownRecord}
}

// loadEvaluators finds who brought evidence for a requirement of the policy.
func (e *engine) loadEvaluators() {
	for i := range e.in.Evaluations {
		evaluation := &e.in.Evaluations[i]
		who := evaluation.Spec.Evaluator
		if who != "" && e.concerns(evaluation) && e.find(evaluation.Spec.Requirement) >= 0 && !slices.Contains(e.people.evaluators, who) {
			e.people.evaluators = append(e.people.evaluators, who)
		}
	}
}

// holds reports whether a person holds the role that they sign in, as far as the policy says. That the API server let them is
// the other half, and was looked at when the record was made.
func (e *engine) holds(a *v1alpha1.ReleaseApproval) bool {
	role := e.role(a.Spec.Role)
	if role == nil || a.Spec.Approver == "" {
		return false
	}
	return len(role.Groups) == 0 ||
		slices.ContainsFunc(a.Spec.ApproverGroups, func(group string) bool { return slices.Contains(role.Groups, group) })
}

// role is the role of the policy of that name; nil without one.
func (e *engine) role(name string) *v1alpha1.Role {
	roles := e.in.Policy.Spec.Roles
	for i := range roles {
		if roles[i].Name == name {
			return &roles[i]
		}
	}
	return nil
}

// about are the words about one thing.
func (p *people) about(thing about) []word {
	if p == nil {
		return nil
	}
	from, _ := slices.BinarySearchFunc(p.words, thing, func(w word, thing about) int { return w.about.compare(thing) })
	to := from
	for to < len(p.words) && p.words[to].about == thing {
		to++
	}
	return p.words[from:to]
}

// judgePeople answers what people answer, after all results are known.
func (e *engine) judgePeople() {
	for i := range e.questions {
		if q := &e.questions[i]; q.kind == kindApproval {
			e.judgeApproval(q)
		}
	}
	if e.people == nil {
		return
	}
	e.judgeWaivers()
	e.judgeDeterminations()
	e.recheckPeople()
	e.answerRecords()
}

// recheckPeople has the decision made again when what people said ends or begins.
func (e *engine) recheckPeople() {
	p := e.people
	for i := range p.words {
		if w := &p.words[i]; w.void == v1alpha1.ReasonNotYet && w.made != forever {
			e.recheckAfter(w.made)
		}
	}
	for i := range p.waivers {
		e.recheckAfter(p.waivers[i].made)
	}
	for i := range p.rulings {
		e.recheckAfter(p.rulings[i].made)
	}
	for i := range e.questions {
		q := &e.questions[i]
		if q.answers == nil {
			continue
		}
		for x := range q.answers.at {
			e.recheckAfter(q.answers.at[x].expires)
		}
		for x := range q.answers.waived {
			e.recheckAfter(q.answers.waived[x].until)
		}
	}
	for i := range e.thresholds {
		for x := range e.thresholds[i].determined {
			e.recheckAfter(e.thresholds[i].determined[x].until)
		}
	}
}

// recheckAfter is recheckAt for a moment that is to come; others change nothing.
func (e *engine) recheckAfter(moment int64) {
	if moment > e.now && moment != forever {
		e.recheckAt(moment)
	}
}
