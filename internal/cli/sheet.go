// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"cmp"
	"strings"
	"time"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/cli/explanation"
	"github.com/scalegate/scalegate/internal/cli/page"
)

// sheet is what a person reads before signing.
type sheet struct{ page.Page }

func newSheet() *sheet { return &sheet{} }

// fact is a labelled line. Nothing is written of an empty text.
func (p *sheet) fact(label, text string) {
	if text == "" {
		return
	}
	const width = 12
	p.Wrap(label+strings.Repeat(" ", max(1, width-len(label))), strings.Repeat(" ", width), text)
}

// release is what the release is, and what it is granted now.
func (p *sheet) release(s *explanation.Situation) {
	r, d := s.Input.Release, &s.Decision
	p.fact("release", r.Namespace+"/"+r.Name+", "+strings.TrimSpace(r.Spec.Model.Name+" "+r.Spec.Model.Version))
	p.fact("subject", d.SubjectDigest)
	for i := range r.Spec.Artifacts {
		a := &r.Spec.Artifacts[i]
		p.fact("", string(a.Type)+" "+a.Name+" "+string(a.Digest))
	}
	p.fact("policy", r.Spec.Policy+", revision "+d.PolicyRevision)
	p.fact("level", r.Spec.Level+" declared, "+cmp.Or(d.RequiredLevel, "an unknown one")+" required for "+r.Spec.Exposure)
	p.fact("now", d.Reason+": "+d.Message)
}

// evidence is how each requirement and each threshold stands.
func (p *sheet) evidence(s *explanation.Situation) {
	for i := range s.Decision.Thresholds {
		t := &s.Decision.Thresholds[i]
		p.fact("threshold", t.Name+": "+string(t.State)+": "+t.Message)
	}
	for i := range s.Decision.Requirements {
		q := &s.Decision.Requirements[i]
		p.fact("requirement", q.Name+": "+string(q.State)+": "+q.Message)
	}
}

// waiver is what a waiver sets aside, and what stands in for it.
func (p *sheet) waiver(s *explanation.Situation, name string) {
	for i := range s.Input.Waivers {
		if w := &s.Input.Waivers[i]; w.Name == name {
			p.waived(s, w)
		}
	}
}

func (p *sheet) waived(s *explanation.Situation, w *v1alpha1.ReleaseWaiver) {
	if w.Spec.Path == v1alpha1.WaiverBreakGlass {
		p.fact("path", "break-glass, for an emergency: a review is owed afterwards")
	}
	for _, requirement := range w.Spec.Requirements {
		state := "not of the policy"
		if q := requirementResult(&s.Decision, requirement); q != nil {
			state = string(q.State) + ": " + q.Message
		}
		p.fact("sets aside", requirement+", which is "+state)
	}
	p.fact("up to", w.Spec.Exposure)
	p.fact("reason", w.Spec.Reason)
	for _, control := range w.Spec.CompensatingControls {
		p.fact("instead", control)
	}
	p.fact("disclosed", w.Spec.Disclosure)
	p.fact("asked by", w.Spec.Requester)
	p.fact("ends", stampOf(w.Spec.EndTime.Time))
}

// determination is what a determination concludes.
func (p *sheet) determination(s *explanation.Situation, name string) {
	for i := range s.Input.Determinations {
		d := &s.Input.Determinations[i]
		if d.Name != name {
			continue
		}
		for _, t := range d.Spec.Thresholds {
			conclusion := " is reached"
			if t.Conclusion == v1alpha1.ConclusionRuledOut {
				conclusion = " is ruled out"
			}
			p.fact("concludes", t.Name+conclusion)
		}
		p.fact("because", d.Spec.Rationale)
		p.fact("disclosed", d.Spec.Disclosure)
		if r := d.Spec.Report; r != nil {
			p.fact("report", strings.TrimSpace(r.Title+" "+r.Version+" "+r.URI))
		}
		p.fact("written by", d.Spec.Author)
	}
}

func stampOf(t time.Time) string { return t.UTC().Format(time.RFC3339) }
