// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"strings"
)

func (m *markdown) requirements(r *Release) {
	if len(r.Requirements) == 0 {
		return
	}
	m.heading(3, "Requirements and their evidence")
	var rows [][]string
	for i := range r.Requirements {
		q := &r.Requirements[i]
		needed := plainText(q.NeededFrom)
		if !q.Needed {
			needed += " (not at this exposure)"
		}
		state := plainText(q.State)
		if q.Alert {
			state += ", alert"
		}
		rows = append(rows, []string{code(q.Name), state, needed, code(q.Evidence), stampPointer(q.ExpiresTime)})
	}
	m.table([]string{"Requirement", "State", "Needed from", "Decided by", "Counts until"}, rows)
	for i := range r.Requirements {
		m.requirement(&r.Requirements[i])
	}
}

func (m *markdown) requirement(q *Requirement) {
	m.heading(4, code(q.Name)+": "+plainText(q.State))
	m.line(plainText(q.Message) + "\n")
	m.item("Asks", plainText(q.Asks))
	m.item("Named by", plainText(strings.Join(q.UsedBy, "; ")))
	if g := q.Safeguard; g != nil {
		m.item("Check", plainText(g.Type)+": "+plainText(g.State))
		m.item("Seen", plainText(g.Message))
		m.item("Looked at", plainText(g.LookedAt))
		m.item("Cannot be seen", plainText(g.CannotSee))
	}
	var rows [][]string
	for i := range q.Results {
		x := &q.Results[i]
		name := code(x.Name)
		if x.Decides {
			name += " **decides**"
		}
		rows = append(rows, []string{
			name, plainText(x.Outcome), plainText(x.Value + intervalText(x)), samples(x), code(x.Evaluator), plainText(x.Independence),
			stampPointer(x.ValidFromTime), stampPointer(x.ValidUntilTime),
		})
	}
	m.table([]string{"Evaluation", "Outcome", "Value", "Samples", "Brought by", "Independence", "From", "Until"}, rows)
	for i := range q.Results {
		m.result(&q.Results[i])
	}
}

// samples are the counts in words.
func samples(x *Result) string {
	return fmt.Sprintf("%s judged, %s unjudged, %s errored of %s", count(x.Judged), count(x.Unjudged), count(x.Errored), count(x.Planned))
}

// result has what does not fit into the table: where the number comes from, and what is the matter with it.
func (m *markdown) result(x *Result) {
	parts := []string{}
	add := func(label, text string) {
		if text != "" {
			parts = append(parts, label+text)
		}
	}
	add("tool ", plainText(x.Tool))
	add("task ", plainText(x.Task))
	add("run ", code(x.RunID))
	add("SHA-256 ", code(x.SHA256))
	add("stored in ", plainText(x.StoredIn))
	add("relation ", plainText(x.Relation))
	add("elicitation, as stated: ", plainText(x.Elicitation))
	add("does not count where favourable: ", plainText(x.NotCounted))
	add("problem: ", plainText(x.Problem))
	for _, w := range x.Warnings {
		add("warning: ", plainText(w))
	}
	if x.Revocation != nil {
		add("revoked: ", revocationText(x.Revocation))
	}
	if len(parts) > 0 {
		m.line("- " + code(x.Name) + ": " + strings.Join(parts, "; "))
	}
}

func (m *markdown) findings(r *Release) {
	if len(r.Findings) == 0 {
		return
	}
	m.heading(3, "Adverse findings")
	for i := range r.Findings {
		f := &r.Findings[i]
		state := "resolved"
		if f.Standing {
			state = "**stands**"
		}
		text := state + "; requirement " + code(f.Requirement) + " failed with " + plainText(orNone(f.Value)) + " in evaluation " + code(f.Evaluation)
		if f.ResultTime != nil {
			text += ", " + stampText(*f.ResultTime)
		}
		if f.Reach == "Namespace" {
			text += "; it counts in the namespace of the evaluation"
		} else {
			text += "; it counts in the whole cluster"
		}
		if v := f.Resolution; v != nil {
			effect := "has no effect"
			if v.Effective {
				effect = "took effect"
			}
			text += "; the resolution" + by(v.By) + " names evaluation " + code(v.Evaluation) + " and " + effect + ": " + plainText(v.Reason)
		}
		m.line("- " + code(f.Name) + ": " + text)
	}
}

func (m *markdown) people(r *Release) {
	if len(r.Approvals)+len(r.Waivers)+len(r.Determinations) == 0 {
		return
	}
	m.heading(3, "What people said")
	m.approvals(r.Approvals)
	for i := range r.Waivers {
		w := &r.Waivers[i]
		m.heading(4, "Waiver "+code(w.Name)+": "+counts(w.Counting))
		m.item("Sets aside", codes(w.Requirements)+", up to "+plainText(w.Exposure))
		m.item("Until", stampPointer(w.UntilTime))
		m.item("Path", plainText(w.Path))
		m.item("Asked by", code(w.Requester))
		m.item("Because", plainText(w.Why))
		m.item("In its place", plainText(strings.Join(w.CompensatingControls, "; ")))
		m.item("Disclosed", plainText(w.Disclosure))
		m.item("Standing", plainText(w.Message))
		m.approvals(w.Approvals)
	}
	for i := range r.Determinations {
		d := &r.Determinations[i]
		m.heading(4, "Determination "+code(d.Name)+": "+counts(d.Counting))
		m.item("Concludes", plainText(strings.Join(d.Concludes, "; ")))
		m.item("Written by", code(d.Author))
		m.item("Because", plainText(d.Rationale))
		m.item("Disclosed", plainText(d.Disclosure))
		if d.Document != nil {
			m.item("Document", sourceText(d.Document, false))
		}
		m.item("Until", stampPointer(d.EndTime))
		m.item("Standing", plainText(d.Message))
		m.approvals(d.Approvals)
	}
}

func counts(c Counting) string {
	if c.Counts {
		return "counts"
	}
	return "does not count"
}

func (m *markdown) approvals(all []Approval) {
	var rows [][]string
	for i := range all {
		a := &all[i]
		does := counts(a.Counting)
		if !a.Counts && a.Reason != "" {
			does += " (" + plainText(a.Reason) + ")"
		}
		rows = append(rows, []string{
			code(a.By), code(a.Role), plainText(a.Decision) + ", " + plainText(a.Exposure), stampPointer(a.SignedTime), does, plainText(a.Rationale),
			code(a.Name) + ": " + code(a.SubjectDigest) + ", policy revision " + code(a.PolicyRevision),
		})
	}
	m.table([]string{"Who", "Role", "Says", "When", "Counts", "Rationale", "What they signed"}, rows)
}
