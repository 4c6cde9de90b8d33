// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package explanation

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
)

// Kinds of records in [gate.RecordResult].
const (
	kindApproval      = "ReleaseApproval"
	kindWaiver        = string(v1alpha1.RecordWaiver)
	kindDetermination = string(v1alpha1.RecordDetermination)
)

// Record is a waiver or a determination of the release with its answer, or an approval that is about neither.
type Record struct {
	gate.RecordResult
	// By is who made it, and Said what, in words.
	By   string `json:"by"`
	Said string `json:"said"`
	// Shown are lines about it.
	Shown []Fact `json:"shown,omitempty"`
	// Approvals that regard it.
	Approvals []Record `json:"approvals,omitempty"`
	// Next are the steps that would let it count.
	Next []Step `json:"next,omitempty"`

	// thresholds that a determination judges.
	thresholds []string
	// objects: it is an objection.
	objects bool
}

// records are what people made about the release: waivers, determinations, then approvals of the release itself.
func (s *Situation) records() []Record {
	var all []Record
	release := s.Input.Release.Name
	for i := range s.Input.Waivers {
		if w := &s.Input.Waivers[i]; w.Spec.Release == release {
			all = append(all, s.waiver(w))
		}
	}
	for i := range s.Input.Determinations {
		if d := &s.Input.Determinations[i]; d.Spec.Release == release {
			all = append(all, s.determination(d))
		}
	}
	slices.SortFunc(all, func(a, b Record) int {
		return cmp.Or(-strings.Compare(a.Kind, b.Kind), strings.Compare(a.Name, b.Name))
	})
	return append(all, s.approvals(nil)...)
}

func (s *Situation) answer(kind, name string) gate.RecordResult {
	for _, r := range s.Decision.Records {
		if r.Kind == kind && r.Name == name {
			return r
		}
	}
	return gate.RecordResult{Kind: kind, Name: name, Message: "not looked at"}
}

// approvals are those about one record, or about the release itself where it is nil; the latest last.
func (s *Situation) approvals(regarding *v1alpha1.RecordReference) []Record {
	var found []*v1alpha1.ReleaseApproval
	for i := range s.Input.Approvals {
		a := &s.Input.Approvals[i]
		about := a.Spec.Regarding
		if a.Spec.Release == s.Input.Release.Name && (about == nil) == (regarding == nil) && (about == nil || *about == *regarding) {
			found = append(found, a)
		}
	}
	slices.SortFunc(found, func(a, b *v1alpha1.ReleaseApproval) int {
		return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), strings.Compare(a.Name, b.Name))
	})
	all := make([]Record, len(found))
	for i, a := range found {
		all[i] = Record{RecordResult: s.answer(kindApproval, a.Name), By: someone(a.Spec.Approver), Said: said(a)}
		all[i].objects = a.Spec.Decision == v1alpha1.DecisionObject
		all[i].Shown = []Fact{{"rationale", a.Spec.Rationale}, {"made", stamp(a.CreationTimestamp.Time)}}
	}
	return all
}

func someone(user string) string { return cmp.Or(user, "nobody that the API server named") }

// said is what an approval says.
func said(a *v1alpha1.ReleaseApproval) string {
	switch a.Spec.Decision {
	case v1alpha1.DecisionObject:
		return "objects as " + a.Spec.Role + ", from " + a.Spec.Exposure + " on"
	case v1alpha1.DecisionAcknowledge:
		return "acknowledges as " + a.Spec.Role + ", up to " + a.Spec.Exposure
	case v1alpha1.DecisionApprove:
	}
	return "approves as " + a.Spec.Role + ", up to " + a.Spec.Exposure
}

func (s *Situation) waiver(w *v1alpha1.ReleaseWaiver) Record {
	r := Record{RecordResult: s.answer(kindWaiver, w.Name), By: someone(w.Spec.Requester)}
	r.Said = "asks to set " + strings.Join(w.Spec.Requirements, ", ") + " aside, up to " + w.Spec.Exposure + " and until " + stamp(w.Spec.EndTime.Time)
	if w.Spec.Path == v1alpha1.WaiverBreakGlass {
		r.Said += ", for an emergency"
	}
	r.Shown = []Fact{{"reason", w.Spec.Reason}, {"instead", strings.Join(w.Spec.CompensatingControls, "; ")}, {"disclosed", w.Spec.Disclosure}}
	reference := v1alpha1.RecordReference{Kind: v1alpha1.RecordWaiver, Name: w.Name, UID: string(w.UID)}
	r.Approvals = s.approvals(&reference)
	rules := s.waivers()
	if rules == nil {
		return r
	}
	quorum := rules.Quorum
	if w.Spec.Path == v1alpha1.WaiverBreakGlass {
		if rules.BreakGlass == nil {
			return r
		}
		quorum = rules.BreakGlass.Quorum
		r.Next = append(r.Next, s.reviewing(w, rules.BreakGlass.ReviewRole)...)
	}
	if r.Reason == v1alpha1.ReasonApprovalMissing {
		r.Next = append(r.Next, s.signing(s.lacking(quorum, &reference, w.Spec.Exposure), " --waiver "+w.Name)...)
	}
	return r
}

func (s *Situation) waivers() *v1alpha1.WaiverRules {
	if s.Input.Policy == nil {
		return nil
	}
	return s.Input.Policy.Spec.Waivers
}

// reviewing is the step by which a waiver for an emergency is reviewed; nil where somebody did.
func (s *Situation) reviewing(w *v1alpha1.ReleaseWaiver, role string) []Step {
	for i := range s.Input.Approvals {
		a := &s.Input.Approvals[i]
		if r := a.Spec.Regarding; r != nil && r.UID == string(w.UID) && a.Spec.Role == role && a.Spec.Decision == v1alpha1.DecisionAcknowledge &&
			a.Spec.Approver != w.Spec.Requester {
			return nil
		}
	}
	return []Step{{What: "a review is owed: somebody of role " + role + " acknowledges it", Command: s.command(role, " --decision acknowledge --waiver "+w.Name)}}
}

func (s *Situation) determination(d *v1alpha1.ReleaseDetermination) Record {
	r := Record{RecordResult: s.answer(kindDetermination, d.Name), By: someone(d.Spec.Author)}
	parts := make([]string, len(d.Spec.Thresholds))
	for i, t := range d.Spec.Thresholds {
		r.thresholds = append(r.thresholds, t.Name)
		parts[i] = t.Name + " is reached"
		if t.Conclusion == v1alpha1.ConclusionRuledOut {
			parts[i] = t.Name + " is ruled out"
		}
	}
	r.Said = "concludes that " + strings.Join(parts, ", and that ")
	r.Shown = []Fact{{"rationale", d.Spec.Rationale}}
	if d.Spec.Disclosure != "" {
		r.Shown = append(r.Shown, Fact{"disclosed", d.Spec.Disclosure})
	}
	reference := v1alpha1.RecordReference{Kind: v1alpha1.RecordDetermination, Name: d.Name, UID: string(d.UID)}
	r.Approvals = s.approvals(&reference)
	if r.Reason == v1alpha1.ReasonApprovalMissing && s.Input.Policy != nil && s.Input.Policy.Spec.Determinations != nil {
		highest := s.Input.Policy.Spec.Exposures[len(s.Input.Policy.Spec.Exposures)-1].Name
		r.Next = s.signing(s.lacking(s.Input.Policy.Spec.Determinations.Quorum, &reference, highest), " --determination "+d.Name)
	}
	return r
}

// lacking are the places of a quorum that nobody's approval fills which counts for an exposure.
func (s *Situation) lacking(quorum []v1alpha1.RoleQuorum, regarding *v1alpha1.RecordReference, at string) []v1alpha1.RoleQuorum {
	var signed []gate.Signature
	for i := range s.Input.Approvals {
		a := &s.Input.Approvals[i]
		about := a.Spec.Regarding
		if (about == nil) == (regarding == nil) && (about == nil || *about == *regarding) && a.Spec.Decision == v1alpha1.DecisionApprove &&
			exposure(s.Input.Policy, a.Spec.Exposure) >= exposure(s.Input.Policy, at) && s.answer(kindApproval, a.Name).Counts {
			signed = append(signed, gate.Signature{Person: a.Spec.Approver, Role: a.Spec.Role})
		}
	}
	return gate.Lacking(quorum, signed)
}

// signing are the steps by which people fill places of a quorum.
func (s *Situation) signing(lacking []v1alpha1.RoleQuorum, about string) []Step {
	steps := make([]Step, len(lacking))
	for i, q := range lacking {
		what := "somebody of role " + q.Role + " approves"
		if q.Count > 1 {
			what = fmt.Sprintf("%d people of role %s approve, each for themselves", q.Count, q.Role)
		}
		steps[i] = Step{What: what, Command: s.command(q.Role, about)}
	}
	return steps
}

// command is that by which a person signs in a role.
func (s *Situation) command(role, about string) string {
	release := s.Input.Release
	return fmt.Sprintf("%s approve %s --role %s%s --rationale TEXT -n %s", s.Program, release.Name, role, about, release.Namespace)
}

// approving are the steps that would meet a requirement of an approval.
func (s *Situation) approving(spec *v1alpha1.Requirement) []Step {
	asked := s.Input.Release.Spec.Exposure
	steps := s.signing(s.lacking(spec.Approval.Quorum, nil, asked), "")
	for _, role := range spec.Approval.NotifyBefore {
		told := slices.ContainsFunc(s.Input.Approvals, func(a v1alpha1.ReleaseApproval) bool {
			return a.Spec.Regarding == nil && a.Spec.Role == role && a.Spec.Decision == v1alpha1.DecisionAcknowledge &&
				exposure(s.Input.Policy, a.Spec.Exposure) >= exposure(s.Input.Policy, asked) && s.answer(kindApproval, a.Name).Counts
		})
		if !told {
			steps = append(steps, Step{What: "somebody of role " + role + " acknowledges that they were told", Command: s.command(role, " --decision acknowledge")})
		}
	}
	return steps
}

// signed describes what people said about the release that a requirement of an approval asks about.
func (s *Situation) signed(spec *v1alpha1.Requirement) []Fact {
	asked := map[string]bool{}
	for _, q := range spec.Approval.Quorum {
		asked[q.Role] = true
	}
	for _, role := range spec.Approval.NotifyBefore {
		asked[role] = true
	}
	roles := map[string]string{}
	for i := range s.Input.Approvals {
		roles[s.Input.Approvals[i].Name] = s.Input.Approvals[i].Spec.Role
	}
	var facts []Fact
	for _, r := range s.approvals(nil) {
		if !asked[roles[r.Name]] {
			continue
		}
		text := r.By + " " + r.Said + " (ReleaseApproval " + r.Name + ")"
		if !r.Counts {
			text += ", which does not count (" + r.Reason + ")"
		}
		facts = append(facts, Fact{"signed", text})
	}
	return facts
}

// setAside describes the waiver of that name.
func (s *Situation) setAside(name string) []Fact {
	for i := range s.Input.Waivers {
		w := &s.Input.Waivers[i]
		if w.Name != name {
			continue
		}
		text := "ReleaseWaiver " + name + ", asked for by " + someone(w.Spec.Requester) + ": " + w.Spec.Reason
		return []Fact{{"waiver", text}, {"instead", strings.Join(w.Spec.CompensatingControls, "; ")}, {"disclosed", w.Spec.Disclosure}}
	}
	return nil
}

// checked describes what was seen of a check.
func (s *Situation) checked(name string) []Fact {
	var facts []Fact
	for i := range s.Input.Release.Status.Safeguards {
		g := &s.Input.Release.Status.Safeguards[i]
		if g.Requirement != name {
			continue
		}
		for _, f := range []Fact{{"looked at", g.LookedAt}, {"cannot see", g.CannotSee}} {
			if f.Text != "" {
				facts = append(facts, f)
			}
		}
	}
	return facts
}
