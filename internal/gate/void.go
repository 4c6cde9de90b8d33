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
	switch {
	case revision == "":
		return false
	case revision == e.decision.PolicyRevision, e.in.InForce != nil && revision == e.in.InForceRevision:
		return true
	}
	return slices.Contains(e.in.PriorRevisions, revision)
}

func endOf(end *metav1.Time) int64 {
	if end == nil {
		return forever
	}
	return end.Unix()
}

// weaken notes what became known about a requirement that is not favourable. Whoever signed before did not know it.
func (e *engine) weaken(q *question, results []result) {
	p := e.people
	if p == nil {
		return
	}
	recalled := false
	for i := range results {
		r := &results[i]
		recalled = recalled || r.revocation != nil
		switch {
		case r.favourable() && r.revocation != nil:
			continue
		case !r.favourable():
			p.weaken(r.created, r.evaluation.Name)
		}
		if len(p.waivers) > 0 {
			known := &q.people().known
			*known = append(*known, r.created)
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
		p.weaken(found, f.Name)
	}
	for i := range e.decision.NewFindings {
		if f := &e.decision.NewFindings[i]; f.Spec.Requirement == q.name {
			p.weaken(e.now+1, f.Name)
		}
	}
	if recalled {
		p.recall(results)
	}
}

// weaken notes evidence, of which the latest counts, and of several at once the first by name.
func (p *people) weaken(at int64, name string) {
	if at > p.weakened || at == p.weakened && name < p.weaker {
		p.weakened, p.weaker = at, name
	}
}

// recall voids what was signed while a result decided that was revoked since.
func (p *people) recall(results []result) {
	p.each(func(g *given) {
		var decisive *result
		for i := range results {
			if r := &results[i]; r.created <= g.made && (decisive == nil || r.decides(decisive)) {
				decisive = r
			}
		}
		if decisive != nil && decisive.revocation != nil && g.undermined() {
			g.void, g.cause = v1alpha1.ReasonWeakerEvidence, decisive.evaluation.Name
		}
	})
}

// voidWeakened voids what was signed before the latest evidence that is not favourable.
func (e *engine) voidWeakened() {
	if p := e.people; p != nil {
		p.each(func(g *given) {
			if g.made < p.weakened && g.undermined() {
				g.void, g.cause = v1alpha1.ReasonWeakerEvidence, p.weaker
			}
		})
	}
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
