// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"cmp"
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// Decide says how far the release may be exposed. While the text of the policy is not in force, it grants what both the
// text and the revision in force grant, by the names of exposures; what either of them takes away is taken away.
func Decide(in Input) Decision {
	if in.InForce == nil || in.Policy == nil || in.Release == nil || in.Now.IsZero() {
		return decide(&in)
	}
	// Their revisions do not tell texts apart that were made to have the same.
	if equality.Semantic.DeepEqual(&in.Policy.Spec, &in.InForce.Spec) {
		return decide(&in)
	}
	if in.PolicyRevision == "" {
		in.PolicyRevision = Revision(&in.Policy.Spec)
	}
	if in.InForceRevision == "" {
		in.InForceRevision = Revision(&in.InForce.Spec)
	}
	p := newPair(in)
	p.settle()
	return p.combine()
}

// pair is a decision under two texts of a policy.
type pair struct {
	// text is the input under the policy's text, and force that under the revision in force.
	text, force Input
	// ofText and ofForce are the decisions.
	ofText, ofForce Decision
	// findings are those of both inputs, with what was made of them.
	findings []v1alpha1.AdverseFinding
	made     []v1alpha1.AdverseFinding
	answers  []Resolution
	// granted is the index of what both grant, among the exposures of the text; -1 for none. Only while they are combined.
	granted int
	// textAt and forceAt are the decisions about a release that asks for that.
	textAt, forceAt Decision
}

func newPair(in Input) *pair {
	p := &pair{text: in, force: in, findings: slices.Clone(in.Findings)}
	p.text.InForce, p.force.InForce = nil, nil
	p.force.Policy, p.force.PolicyRevision = in.InForce, in.InForceRevision
	// What people signed for one of the texts counts under both: they were shown both.
	p.text.PriorRevisions = append(slices.Clone(in.PriorRevisions), in.InForceRevision)
	p.force.PriorRevisions = append(slices.Clone(in.PriorRevisions), in.PolicyRevision)
	return p
}

// settle decides under both texts until neither makes anything of the findings that the other does not know. Each round makes
// a finding of a failing result, or takes note of the resolution of one, so that there is an end.
func (p *pair) settle() {
	for again := true; again; {
		p.text.Findings, p.force.Findings = p.findings, p.findings
		p.ofText, p.ofForce = decide(&p.text), decide(&p.force)
		p.findings = slices.Clone(p.findings)
		again = p.adoptFindings(&p.ofText)
		again = p.adoptFindings(&p.ofForce) || again
		again = p.adoptResolutions() || again
	}
}

// adoptFindings takes over what one decision wants to be made.
func (p *pair) adoptFindings(d *Decision) (some bool) {
	for i := range d.NewFindings {
		f := &d.NewFindings[i]
		if p.finding(f.Name) != nil {
			continue
		}
		p.made, p.findings, some = append(p.made, *f), append(p.findings, *f), true
	}
	return some
}

func (p *pair) finding(name string) *v1alpha1.AdverseFinding {
	for i := range p.findings {
		if p.findings[i].Name == name {
			return &p.findings[i]
		}
	}
	return nil
}

// adoptResolutions takes over which findings are resolved: those that a decision says are, where the other does not say that
// they are not. A text that is not in force resolves nothing by itself, nor does one that is about to be replaced.
func (p *pair) adoptResolutions() (some bool) {
	for _, d := range [...]*Decision{&p.ofText, &p.ofForce} {
		for _, answer := range d.Resolutions {
			f := p.finding(answer.Finding)
			if !answer.Effective || f == nil || f.Spec.Resolution == nil || f.Status.ResolvedTime != nil {
				continue
			}
			if no := p.refusal(answer.Finding); no != nil {
				answer, f.Spec.Resolution = *no, nil
			} else {
				f.Status.ResolvedTime = &metav1.Time{Time: *answer.ResolvedTime}
			}
			p.answers, some = append(p.answers, answer), true
		}
	}
	return some
}

// refusal is the answer that a finding is not resolved; nil without one.
func (p *pair) refusal(finding string) *Resolution {
	for _, d := range [...]*Decision{&p.ofText, &p.ofForce} {
		for i := range d.Resolutions {
			if r := &d.Resolutions[i]; r.Finding == finding && !r.Effective {
				return r
			}
		}
	}
	return nil
}

// resolutions are the answers of both, by finding.
func (p *pair) resolutions() []Resolution {
	all := p.answers
	for _, d := range [...]*Decision{&p.ofText, &p.ofForce} {
		for i := range d.Resolutions {
			if !slices.ContainsFunc(all, func(r Resolution) bool { return r.Finding == d.Resolutions[i].Finding }) {
				all = append(all, d.Resolutions[i])
			}
		}
	}
	slices.SortFunc(all, func(a, b Resolution) int { return cmp.Compare(a.Finding, b.Finding) })
	return all
}

// at is a decision about the release if it asked for that exposure, which is granted: what was decided where that is all that
// is granted. An exposure that needs nothing may be granted only below another; then it ends with that one.
func at(in Input, d Decision, exposure string) Decision {
	if d.GrantedExposure == exposure {
		return d
	}
	release := *in.Release
	release.Spec.Exposure = exposure
	in.Release = &release
	if lower := decide(&in); lower.GrantedExposure == exposure {
		return lower
	}
	why := "it lies below " + d.GrantedExposure + ", which revision " + d.PolicyRevision + " of the policy grants."
	d.GrantedExposure, d.ReplicaCeiling = exposure, nil
	d.Message = clip(exposure + " is granted: " + why)
	d.Exposures = slices.Clone(d.Exposures)
	for i := range d.Exposures {
		if d.Exposures[i].Name == exposure {
			d.Exposures[i].Message = clip(grantedPrefix + why)
			d.ReplicaCeiling = in.Policy.Spec.Exposures[i].MaxReplicas
		}
	}
	return d
}

// combine is the one decision of both.
func (p *pair) combine() Decision {
	p.granted = p.reach()
	d := p.ofText
	d.PendingPolicyRevision = p.text.PolicyRevision
	d.GrantedExposure, d.ReplicaCeiling, d.ClearedUntil, d.EvidenceEnds = "", nil, nil, nil
	d.RecheckAfter = sooner(d.RecheckAfter, p.ofForce.RecheckAfter)
	if p.granted >= 0 {
		p.clear(&d)
	}
	d.Exposures = make([]ExposureResult, len(p.ofText.Exposures))
	for i := range d.Exposures {
		d.Exposures[i] = p.exposure(i)
	}
	d.Adverse = p.ofText.Adverse || p.ofForce.Adverse
	if asked := p.asked(); asked >= 0 && d.Reason != v1alpha1.ReasonInvalidSpec {
		p.sum(&d, asked)
	}
	d.Thresholds, d.Requirements = p.thresholds(), p.requirements()
	d.NewFindings, d.Resolutions, d.Records = p.made, p.resolutions(), p.records()
	return d
}

// reach is how far both grant: up to the highest exposure of the text that both grant together with each lower one.
func (p *pair) reach() int {
	granted := -1
	for i := range p.ofText.Exposures {
		x := &p.ofText.Exposures[i]
		if y := exposureOf(&p.ofForce, x.Name); !x.Granted || y == nil || !y.Granted {
			break
		}
		granted = i
	}
	return granted
}

// asked is the index of the exposure asked for, among those of the text; -1 where it has none of that name.
func (p *pair) asked() int {
	return slices.IndexFunc(p.ofText.Exposures, func(x ExposureResult) bool { return x.Name == p.text.Release.Spec.Exposure })
}

func exposureOf(d *Decision, name string) *ExposureResult {
	for i := range d.Exposures {
		if d.Exposures[i].Name == name {
			return &d.Exposures[i]
		}
	}
	return nil
}

// clear writes what both grant: the lower ceiling, and until the earlier end.
func (p *pair) clear(d *Decision) {
	d.GrantedExposure = p.ofText.Exposures[p.granted].Name
	p.textAt, p.forceAt = at(p.text, p.ofText, d.GrantedExposure), at(p.force, p.ofForce, d.GrantedExposure)
	for _, one := range [...]*Decision{&p.textAt, &p.forceAt} {
		if c := one.ReplicaCeiling; c != nil && (d.ReplicaCeiling == nil || *c < *d.ReplicaCeiling) {
			d.ReplicaCeiling = new(*c)
		}
		d.ClearedUntil, d.EvidenceEnds = earlier(d.ClearedUntil, one.ClearedUntil), earlier(d.EvidenceEnds, one.EvidenceEnds)
		d.RecheckAfter = sooner(d.RecheckAfter, one.RecheckAfter)
	}
}

// sum turns the answer to the exposure asked for into that of the whole.
func (p *pair) sum(d *Decision, asked int) {
	x := &d.Exposures[asked]
	d.Reason, d.RequiredLevel = x.Reason, x.RequiredLevel
	if d.Adverse && d.Reason == v1alpha1.ReasonPolicyRevisionPending {
		d.Reason = v1alpha1.ReasonAdverseFinding
	}
	switch {
	case asked == p.granted:
		d.Message = p.shortest().Message
	case p.granted >= 0:
		d.Message = clip(d.GrantedExposure + " is granted and " + x.Name + " is not: " + refusal(x.Message))
	default:
		d.Message = clip(x.Name + " is not granted: " + refusal(x.Message))
	}
}

// shortest is the decision about what both grant whose evidence ends first, which is the one that says until when.
func (p *pair) shortest() *Decision {
	if end := p.forceAt.EvidenceEnds; end != nil && earlier(p.textAt.EvidenceEnds, end) == end {
		return &p.forceAt
	}
	return &p.textAt
}
