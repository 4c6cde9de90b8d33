// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package explanation

import (
	"fmt"
	"slices"
	"strings"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// Marks before the lines of a tree.
const (
	markGood    = "✓ "
	markBad     = "✗ "
	markMissing = "○ "
	markDoubt   = "? "
	markTime    = "! "
	markNeutral = "· "
)

// Text is the explanation for a person: plain text without colours, whose lines are broken at 110 columns except
// within commands.
func (x Explanation) Text() string {
	p := &writer{}
	x.head(p)
	if len(x.Exposures) > 0 {
		p.heading("Exposures")
		p.tree(x.exposureNodes(), "")
	}
	seen := map[string]bool{}
	if len(x.Thresholds) > 0 {
		p.heading("Capability thresholds")
		p.tree(x.thresholdNodes(seen), "")
	}
	if len(x.Levels) > 0 {
		p.heading("Safety levels")
		p.tree(x.levelNodes(seen), "")
	}
	if len(x.Records) > 0 {
		p.heading("What people said about the release")
		p.tree(recordNodes(x.Records), "")
	}
	if len(x.Unasked) > 0 {
		p.Line("")
		p.detail("", detail{label: "Not asked", text: strings.Join(x.Unasked, ", ")})
	}
	if x.Policy != nil || len(x.Workloads) > 0 {
		p.heading("Workloads that claim the release, as the manager last saw them")
		p.tree(x.workloadNodes(), "")
	}
	if len(x.Notes) > 0 {
		p.heading("Notes")
		for _, note := range x.Notes {
			p.Wrap("- ", "  ", note)
		}
	}
	if len(x.Next) > 0 {
		p.heading("What would help")
		for _, step := range x.Next {
			p.Wrap("- ", "  ", step.What)
			p.Line("    " + step.Command)
		}
	}
	return p.String()
}

func (x *Explanation) head(p *writer) {
	p.Line(fmt.Sprintf("ModelRelease %s/%s: %s", x.Release.Namespace, x.Release.Name, x.headline()))
	p.Line("")
	for _, d := range []detail{
		{label: "Model", text: x.Release.Model},
		{label: "Policy", text: x.policyText()},
		{label: "Level", text: x.levelText()},
		{label: "Exposure", text: x.exposureText()},
		{label: "Made from", text: x.lineageText()},
		{label: "Revoked", text: x.revokedText()},
		{label: "Why", text: x.Reason + ": " + x.Message},
	} {
		if d.text != "" {
			p.detail("", d)
		}
	}
}

// lineageText lists what the release was made from; empty where it was made from nothing.
func (x *Explanation) lineageText() string {
	var all []string
	for _, a := range x.Ancestors {
		all = append(all, a.Name+" ("+a.Level+")")
	}
	if x.Lost != "" {
		all = append(all, x.Lost+", which is lost")
	}
	return strings.Join(all, ", ")
}

// revokedText says which release was revoked, and why; empty without one.
func (x *Explanation) revokedText() string {
	r := x.Revoked
	switch {
	case r == nil:
		return ""
	case r.Namespace == x.Release.Namespace && r.Name == x.Release.Name:
		return revocation(&r.Revocation)
	}
	return "as " + r.Namespace + "/" + r.Name + ", which has the same weights; " + revocation(&r.Revocation)
}

func (x *Explanation) headline() string {
	switch {
	case x.Outcome == Granted:
		return x.Release.Exposure + " is granted, as asked"
	case x.Granted != "":
		return fmt.Sprintf("%s is granted, and %s is not (%s)", x.Granted, x.Release.Exposure, x.Reason)
	}
	return fmt.Sprintf("held, %s is not granted (%s)", x.Release.Exposure, x.Reason)
}

func (x *Explanation) policyText() string {
	if x.Policy == nil {
		return x.Release.Policy + ", which does not exist"
	}
	text := x.Policy.Name + ", revision " + x.Policy.Revision
	if x.PendingRevision != "" {
		text += ", which is not in force yet: what is granted, the revision in force grants as well"
	}
	if source := x.Policy.Source; source != nil {
		text += "; implements " + strings.TrimSpace(source.Title+" "+source.Version)
		if source.EffectiveDate != "" {
			text += ", in effect since " + source.EffectiveDate
		}
	}
	return text
}

func (x *Explanation) levelText() string {
	text := x.Release.Level + " declared"
	switch {
	case x.Policy != nil && !slices.ContainsFunc(x.Levels, func(l Level) bool { return l.Name == x.Release.Level }):
		return text + ", which the policy does not have"
	case x.RequiredLevel == "":
		return text
	}
	text += ", " + x.RequiredLevel + " required"
	raised := slices.Clone(x.RaisedBy)
	for _, a := range x.Ancestors {
		if a.Level == x.RequiredLevel && a.Level != x.Release.Level {
			raised = append(raised, "release "+a.Name)
		}
	}
	if len(raised) > 0 {
		text += ": raised by " + strings.Join(raised, ", ")
	}
	return text
}

func (x *Explanation) exposureText() string {
	text := x.Release.Exposure + " asked for, "
	if x.Policy != nil && x.asked < 0 {
		text += "which the policy does not have; "
	}
	if x.Granted == "" {
		return text + "none granted"
	}
	text += x.Granted + " granted"
	if x.Ceiling != nil {
		text += fmt.Sprintf(" for at most %d pods", *x.Ceiling)
	}
	if x.ClearedUntil != nil {
		text += ", until " + stamp(*x.ClearedUntil) + " unless renewed"
	}
	return text
}

func (x *Explanation) exposureNodes() []node {
	nodes := make([]node, 0, len(x.Exposures))
	for i := range x.Exposures {
		nodes = append(nodes, x.exposureNode(i))
	}
	return nodes
}

func (x *Explanation) exposureNode(i int) node {
	e := &x.Exposures[i]
	var n node
	switch {
	case e.Granted:
		n.text = markGood + e.Name + " is granted"
	case x.asked >= 0 && i > x.asked:
		n.text = markNeutral + e.Name + " is not asked for"
	case e.Adverse:
		n.text = markBad + e.Name + " is refused by an adverse finding"
	default:
		n.text = markBad + e.Name + " is not granted (" + e.Reason + ")"
	}
	if e.RequiredLevel != "" {
		n.text += "; it needs " + e.RequiredLevel
	}
	if e.Granted {
		return n
	}
	if e.Lapsed != nil {
		n.details = append(n.details, detail{label: "lapsed", text: "since " + stamp(*e.Lapsed) + "; nothing but the age of evidence refuses it"})
	}
	if e.Revoked != "" {
		n.details = append(n.details, detail{label: "revoked", text: string(e.Revoked)})
	}
	if len(e.Blocking) > 0 {
		n.details = append(n.details, detail{label: "blocked by", text: strings.Join(e.Blocking, ", ")})
	}
	// The message about the exposure asked for is at the head of the page.
	if i != x.asked {
		n.details = append(n.details, detail{label: "why", text: e.Message})
	}
	return n
}

func (x *Explanation) thresholdNodes(seen map[string]bool) []node {
	nodes := make([]node, 0, len(x.Thresholds))
	for i := range x.Thresholds {
		t := &x.Thresholds[i]
		name := t.Name
		if t.Domain != "" {
			name += " (" + t.Domain + ")"
		}
		var n node
		switch {
		case t.State == v1alpha1.ThresholdRuledOut:
			n.text = markGood + name + " is ruled out; it would raise the level to " + t.RaisesTo
		case t.State == v1alpha1.ThresholdReached:
			n.text = markBad + name + " is reached: it raises the level to " + t.RaisesTo
		case t.Counts:
			n.text = markMissing + name + " is open: it raises the level to " + t.RaisesTo
		default:
			n.text = markNeutral + name + " is open; it raises the level to " + t.RaisesTo + " at a higher exposure"
		}
		if x.judged(t.Name) {
			n.details = append(n.details, detail{label: "why", text: t.Message})
		}
		n.children = x.requirementNodes(t.RuledOutBy, seen)
		if len(t.Requires) > 0 && t.State != v1alpha1.ThresholdRuledOut {
			n.details = append(n.details, detail{label: "requires", text: strings.Join(t.Requires, ", ")})
			n.children = append(n.children, x.requirementNodes(t.Requires, seen)...)
		}
		nodes = append(nodes, n)
	}
	return nodes
}

func (x *Explanation) levelNodes(seen map[string]bool) []node {
	nodes := make([]node, 0, len(x.Levels))
	for i := range x.Levels {
		l := &x.Levels[i]
		n := node{text: l.Name + " requires", children: x.requirementNodes(l.Requires, seen)}
		switch {
		case l.Undefined:
			n.text = markBad + l.Name + " has no safeguards defined; only a new revision of the policy opens it"
		case len(l.Requires) == 0:
			n.text = l.Name + " requires nothing of its own"
		}
		nodes = append(nodes, n)
	}
	return nodes
}

// requirementNodes describe the named requirements; those seen before, only by their state.
func (x *Explanation) requirementNodes(names []string, seen map[string]bool) []node {
	nodes := make([]node, 0, len(names))
	for _, name := range names {
		for i := range x.Requirements {
			if r := &x.Requirements[i]; r.Name == name {
				nodes = append(nodes, r.node(seen[name]))
			}
		}
		seen[name] = true
	}
	return nodes
}

func (r *Requirement) node(again bool) node {
	n := node{text: r.mark() + r.Name + ": " + r.stateText()}
	if !r.Needed {
		n.text += "; not needed below " + r.NeededFrom
	}
	if again {
		n.text += " (see above)"
		return n
	}
	if r.Asks != "" {
		n.details = append(n.details, detail{label: "asks", text: r.Asks})
	}
	n.details = append(n.details, detail{label: "why", text: r.Message})
	for _, fact := range r.Shown {
		n.details = append(n.details, detail{label: fact.About, text: fact.Text})
	}
	for _, step := range r.Next {
		n.details = append(n.details, detail{label: "next", text: step.What + ":"}, detail{text: step.Command, verbatim: true})
	}
	return n
}

func (r *Requirement) mark() string {
	switch r.State {
	case v1alpha1.RequirementMet:
		if r.Expiring || r.Alert {
			return markTime
		}
		return markGood
	case v1alpha1.RequirementFailed, v1alpha1.RequirementRevoked, v1alpha1.RequirementObjected, v1alpha1.RequirementBroken:
		return markBad
	case v1alpha1.RequirementMissing:
		return markMissing
	case v1alpha1.RequirementExpired, v1alpha1.RequirementWaived:
		return markTime
	case v1alpha1.RequirementIndeterminate:
	}
	return markDoubt
}

func (r *Requirement) stateText() string {
	state := string(r.State)
	if r.Alert {
		state += " with an alert"
	}
	switch {
	case r.Expires == nil:
		return state
	case r.Expiring:
		return state + ", expiring " + r.ExpiresIn
	case r.State == v1alpha1.RequirementMet, r.State == v1alpha1.RequirementWaived:
		return state + ", expires " + r.ExpiresIn
	}
	return string(r.State) + " " + r.ExpiresIn
}

// judged reports whether somebody judged a threshold as a whole.
func (x *Explanation) judged(threshold string) bool {
	return slices.ContainsFunc(x.Records, func(r Record) bool {
		return r.Kind == kindDetermination && slices.ContainsFunc(r.thresholds, func(name string) bool { return name == threshold })
	})
}

// recordNodes describe what people made.
func recordNodes(records []Record) []node {
	nodes := make([]node, len(records))
	for i := range records {
		r := &records[i]
		n := &nodes[i]
		n.text = r.Kind + " " + r.Name + ": " + r.By + " " + r.Said
		switch {
		case !r.Counts:
			n.text = markNeutral + n.text + " (" + r.Reason + ")"
		case r.objects:
			n.text = markBad + n.text
		default:
			n.text = markGood + n.text
		}
		n.details = append(n.details, detail{label: "why", text: r.Message})
		for _, fact := range r.Shown {
			n.details = append(n.details, detail{label: fact.About, text: fact.Text})
		}
		for _, step := range r.Next {
			n.details = append(n.details, detail{label: "next", text: step.What + ":"}, detail{text: step.Command, verbatim: true})
		}
		n.children = recordNodes(r.Approvals)
	}
	return nodes
}

func (x *Explanation) workloadNodes() []node {
	if len(x.Workloads) == 0 {
		return []node{{text: "none"}}
	}
	nodes := make([]node, 0, len(x.Workloads))
	for i := range x.Workloads {
		w := &x.Workloads[i]
		n := node{text: fmt.Sprintf("%s%s %s at %s: %s of %s pods released, %s held",
			markGood, w.Kind, w.Name, orNone(w.Exposure), pods(w.Released), pods(w.Desired), pods(w.Held))}
		if w.Reason != "" {
			n.text = markBad + strings.TrimPrefix(n.text, markGood) + " (" + w.Reason + ")"
		}
		if w.Message != "" {
			n.details = append(n.details, detail{label: "why", text: w.Message})
		}
		nodes = append(nodes, n)
	}
	return nodes
}

func pods(n *int32) string {
	if n == nil {
		return "unknown"
	}
	return fmt.Sprint(*n)
}
