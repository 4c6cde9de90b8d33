// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// givenOf finds what voids a record from the start: it is about other artifacts, its time is not known or not reached, or it
// was given under a text that was weakened since.
func (e *engine) givenOf(made time.Time, subjectDigest, revision string) given {
	g := given{made: made.Unix(), until: forever}
	switch {
	case subjectDigest != e.decision.SubjectDigest:
		g.void = v1alpha1.ReasonOtherArtifacts
	case made.IsZero() || g.made > e.now:
		// The clocks of API server and Scalegate differ. What is not made yet counts when it is.
		g.void = v1alpha1.ReasonNotYet
	case !e.current(revision):
		g.void = v1alpha1.ReasonPolicyChanged
	}
	return g
}

// at sets the exposure that a record is about. One that the policy does not have says nothing about any that it has.
func (g *given) at(exposure int) {
	g.exposure = exposure
	if exposure < 0 && g.void == "" {
		g.void = v1alpha1.ReasonInvalidSpec
	}
}

// current reports whether what was signed under a revision counts still: nothing was weakened since.
func (e *engine) current(revision string) bool {
	return revision != "" && (revision == e.decision.PolicyRevision || slices.Contains(e.in.PriorRevisions, revision))
}

func endOf(end *metav1.Time) int64 {
	if end == nil {
		return forever
	}
	return end.Unix()
}

// weaken voids what was signed before something became known about a requirement that is not favourable: whoever signed did not
// know it.
func (e *engine) weaken(q *question, results []result) {
	p := e.people
	if p == nil {
		return
	}
	for i := range results {
		// What would be no news if it were favourable is none where it is not: a higher bar must not make it one.
		if r := &results[i]; len(p.waivers) > 0 && r.revocation == nil && r.bar == barNone {
			known := &q.people().known
			*known = append(*known, r.seen)
		}
	}
	latest := e.unfavourable(q, results)
	p.each(func(g *given) {
		if !g.undermined() || !q.matters(g.exposure) {
			return
		}
		if g.made < latest.at {
			g.void, g.cause = v1alpha1.ReasonWeakerEvidence, latest.what
		} else if r := decidedAt(g.made, results); r != nil && r.revocation != nil {
			g.void, g.cause = v1alpha1.ReasonWeakerEvidence, "evaluation "+r.evaluation.Name+", which decided then, was revoked"
		}
	})
}

// matters reports whether what is known of the requirement matters to whoever signs for an exposure: it is needed there or
// below, or helps to rule out a threshold, which raises the level of all exposures. What nothing refers to is only watched.
func (q *question) matters(exposure int) bool { return q.rules || q.gates && q.from <= exposure }

// news is what became known, and when.
type news struct {
	at   int64
	what string
}

// unfavourable is the latest that became known against a requirement, and of several at once the first by its words.
func (e *engine) unfavourable(q *question, results []result) news {
	latest := news{at: minTime}
	note := func(at int64, what, name, became string) {
		if at < latest.at {
			return
		}
		if what += name + became; at > latest.at || what < latest.what {
			latest = news{at: at, what: what}
		}
	}
	for i := range results {
		if r := &results[i]; !r.favourable() {
			note(r.created, "evaluation ", r.evaluation.Name, ", which is not clear, came afterwards")
		}
	}
	for i := range e.in.Findings {
		f := &e.in.Findings[i]
		if !e.against(q, f) {
			continue
		}
		// One that is not stored yet comes after all that is.
		found := e.now + 1
		if !f.CreationTimestamp.IsZero() {
			found = f.CreationTimestamp.Unix()
		}
		note(found, "AdverseFinding ", f.Name, " was made afterwards")
	}
	for i := range e.decision.NewFindings {
		if f := &e.decision.NewFindings[i]; f.Spec.Requirement == q.name {
			note(e.now+1, "AdverseFinding ", f.Name, " was made afterwards")
		}
	}
	return latest
}

// decidedAt is the result that decided at a time, as if nothing were revoked; nil without one.
func decidedAt(moment int64, results []result) (decisive *result) {
	for i := range results {
		if r := &results[i]; r.created <= moment && (decisive == nil || r.decides(decisive)) {
			decisive = r
		}
	}
	return decisive
}

// undermined reports whether evidence matters to a record. That evidence became weaker tells more than that the policy did.
func (g *given) undermined() bool { return g.void == "" || g.void == v1alpha1.ReasonPolicyChanged }

func (p *people) each(visit func(*given)) {
	for i := range p.words {
		visit(&p.words[i].given)
	}
	for i := range p.waivers {
		visit(&p.waivers[i].given)
	}
	for i := range p.rulings {
		visit(&p.rulings[i].given)
	}
}
