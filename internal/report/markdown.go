// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// markdown is a text in the making, of GitHub's flavour.
type markdown struct{ strings.Builder }

// Markdown writes the report as a text that GitHub and others render.
func (r *Report) Markdown(out io.Writer) error {
	m := &markdown{}
	m.heading(1, plainText(title(r)))
	g := &r.Generated
	m.item("Made", stampText(g.Time)+by(g.By))
	if !g.Time.Equal(g.JudgedAt) {
		m.item("Evidence judged as of", stampText(g.JudgedAt))
	}
	m.item("Cluster", clusterText(g))
	m.item("Program", "scalegate "+code(g.Version)+", report "+plainText(r.ReportVersion))
	if !r.Complete() {
		m.item("Not complete", "what could not be read is said below")
	}
	m.line("")
	m.warning(r.Unseen)
	if len(r.Releases) > 1 {
		m.overview(r.Releases)
	}
	for i := range r.Releases {
		m.release(&r.Releases[i])
	}
	if _, err := io.WriteString(out, m.text()); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

// text is what was written, with one empty line at most between two others.
func (m *markdown) text() string {
	text := strings.TrimSpace(m.String())
	for strings.Contains(text, "\n\n\n") {
		text = strings.ReplaceAll(text, "\n\n\n", "\n\n")
	}
	return text + "\n"
}

func by(user string) string {
	if user == "" {
		return ""
	}
	return " by " + code(user)
}

func clusterText(g *Generation) string {
	name := "not named"
	if g.Cluster != "" {
		name = code(g.Cluster)
	}
	if g.ClusterUID == "" {
		return name + "; its UID could not be read"
	}
	return name + ", UID " + code(g.ClusterUID)
}

func (m *markdown) line(text string) { m.WriteString(text + "\n") }

func (m *markdown) heading(level int, text string) {
	m.line("\n" + strings.Repeat("#", level) + " " + text + "\n")
}

// item is a labelled line of a list. Nothing is written of an empty text. Label and text are Markdown.
func (m *markdown) item(label, text string) {
	if text != "" {
		m.line("- **" + label + ":** " + text)
	}
}

// table writes rows below a head. Cells are Markdown.
func (m *markdown) table(head []string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	m.line("")
	m.row(head)
	m.line("|" + strings.Repeat(" --- |", len(head)))
	for _, row := range rows {
		m.row(row)
	}
	m.line("")
}

func (m *markdown) row(cells []string) {
	for i, c := range cells {
		if c == "" {
			cells[i] = "–"
		}
	}
	m.line("| " + strings.Join(cells, " | ") + " |")
}

// warning is a note that cannot be overlooked; sentences are plain.
func (m *markdown) warning(sentences []string) {
	if len(sentences) == 0 {
		return
	}
	m.line("\n> [!WARNING]")
	for _, s := range sentences {
		m.line("> - " + plainText(s))
	}
	m.line("")
}

func (m *markdown) overview(all []Release) {
	m.heading(2, "Overview")
	var rows [][]string
	for i := range all {
		r := &all[i]
		rows = append(rows, []string{
			code(r.Namespace + "/" + r.Name), plainText(r.Model), r.Outcome, plainText(r.Exposure.Asked), granted(&r.Exposure),
			plainText(r.Level.Required), stampPointer(r.Exposure.EvidenceEndTime),
		})
	}
	m.table([]string{"Release", "Model", "State", "Asked", "Granted", "Level", "Evidence ends"}, rows)
}

func granted(e *Exposure) string {
	if e.Granted == "" {
		return "nothing"
	}
	return plainText(e.Granted)
}

func (m *markdown) release(r *Release) {
	m.heading(2, plainText(r.Namespace+"/"+r.Name+": "+r.Model))
	for _, s := range r.Summary {
		m.line(plainText(s) + "\n")
	}
	m.warning(r.Unseen)
	if r.Basis == BasisRecorded {
		m.line("> [!WARNING]\n> The decision could not be made anew: the answers are those in the release's status.\n")
	}
	for _, n := range r.Notes {
		m.line("- " + plainText(n))
	}
	m.identity(r)
	m.levels(r)
	m.requirements(r)
	m.findings(r)
	m.people(r)
	m.workloads(r)
	m.steps(r)
	m.records(r)
}

func (m *markdown) identity(r *Release) {
	m.heading(3, "What it is")
	policy := code(r.PolicyName)
	if p := r.Policy; p != nil {
		policy += ", revision " + code(p.Revision)
		if p.PendingRevision != "" {
			policy += "; revision " + code(p.PendingRevision) + " is not in force"
		}
	}
	m.item("Policy", policy)
	if r.Policy != nil && r.Policy.Source != nil {
		m.item("Source of the policy", sourceText(r.Policy.Source, true))
	}
	m.item("Authors", codes(r.Authors))
	m.item("Made from", plainText(strings.Join(r.DerivedFrom, ", ")))
	m.item("Stands so since", stampPointer(r.Exposure.SinceTime))
	m.item("Cleared until", stampPointer(r.Exposure.ClearedUntil))
	m.item("Evidence ends", stampPointer(r.Exposure.EvidenceEndTime))
	if w := r.Withdrawal; w != nil {
		m.item("Lost", plainText(w.Exposure)+" since "+stampPointer(w.Time)+", cause "+plainText(w.Cause))
	}
	if v := r.Revocation; v != nil {
		m.item("Revoked", revocationText(v))
	}
	m.item("Digest of all artifacts", code(r.SubjectDigest))
	var rows [][]string
	for _, a := range r.Artifacts {
		rows = append(rows, []string{code(a.Name), plainText(a.Type), code(a.Digest), plainText(a.Reference)})
	}
	m.table([]string{"Artifact", "Type", "Digest", "Found at"}, rows)
}

// sourceText is a published text; linked lets its address be a link where it is one of the web.
func sourceText(s *Source, linked bool) string {
	text := plainText(s.Title)
	if s.Version != "" {
		text += ", version " + plainText(s.Version)
	}
	if s.EffectiveDate != "" {
		text += ", effective " + plainText(s.EffectiveDate)
	}
	switch {
	case s.URI == "":
	case linked && web(s.URI) && !strings.ContainsFunc(s.URI, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("<>()[]|\\`\"*_", r) }):
		text += ", <" + s.URI + ">"
	default:
		text += ", " + plainText(s.URI)
	}
	if s.SHA256 != "" {
		text += ", SHA-256 " + code(s.SHA256)
	}
	return text
}

func revocationText(v *Revocation) string {
	text := plainText(v.Severity)
	if v.Of != "" {
		text = code(v.Of) + ", " + text
	}
	return text + by(v.By) + ": " + plainText(v.Reason)
}

func (m *markdown) levels(r *Release) {
	m.heading(3, "Level "+plainText(orNone(r.Level.Required))+", and why")
	for _, s := range r.Level.Because {
		m.line("- " + plainText(s))
	}
	var rows [][]string
	for i := range r.Exposure.All {
		e := &r.Exposure.All[i]
		answer := "refused"
		if e.Granted {
			answer = "granted"
		}
		name := plainText(e.Name)
		if e.Asked {
			name = "**" + name + "** (asked for)"
		}
		rows = append(rows, []string{name, answer, plainText(e.RequiredLevel), plainText(e.Message)})
	}
	m.table([]string{"Exposure", "Answer", "Level", "Why"}, rows)
}

func (m *markdown) workloads(r *Release) {
	var rows [][]string
	for i := range r.Workloads {
		w := &r.Workloads[i]
		why := w.Message
		if w.Reason != "" {
			why = w.Reason + ": " + why
		}
		rows = append(rows, []string{code(w.Kind + " " + w.Name), plainText(w.Exposure), count(w.Desired), count(w.Released), count(w.Held), plainText(why)})
	}
	if len(rows) > 0 {
		m.heading(3, "What runs, and what is held")
		m.table([]string{"Workload", "Exposure", "Asked", "Released", "Held", "Why"}, rows)
	}
}

func (m *markdown) steps(r *Release) {
	if len(r.Next) == 0 {
		return
	}
	m.heading(3, "What would change it")
	for _, s := range r.Next {
		about := ""
		if s.About != "" {
			about = "**" + plainText(s.About) + ":** "
		}
		m.line("- " + about + plainText(s.What) + commandText(s.Command))
	}
}

// commandText is a command beside a step.
func commandText(command string) string {
	if command == "" {
		return ""
	}
	return ": " + code(command)
}

func (m *markdown) records(r *Release) {
	m.heading(3, "Decisions on record")
	switch c := &r.Records; {
	case !c.Read:
		m.line("The records could not be read.")
		return
	case len(c.Problems) > 0:
		m.line("**The chain of records is not intact.**\n")
		m.warning(c.Problems)
	case len(c.Entries) == 0:
		m.line("No decision is on record yet.")
		return
	default:
		m.line("The chain is intact.")
	}
	m.line("The last record is number " + fmt.Sprint(r.Records.HeadSequence) + ", digest " + code(r.Records.HeadDigest) + ".")
	var rows [][]string
	for i := range r.Records.Entries {
		e := &r.Records.Entries[i]
		grant := "nothing"
		if e.Granted != "" {
			grant = plainText(e.Granted)
		}
		rows = append(rows, []string{
			fmt.Sprint(e.Sequence), stampText(e.Time), grant, plainText(e.Reason), plainText(strings.Join(e.Changes, "; ")),
			plainText(strings.Join(e.Untold(), "; ")), stampPointer(e.EnforcedTime),
		})
	}
	m.table([]string{"Record", "Time", "Granted", "Reason", "What changed", "Causes", "Enforced"}, rows)
}

func codes(all []string) string {
	parts := make([]string, len(all))
	for i, a := range all {
		parts[i] = code(a)
	}
	return strings.Join(parts, ", ")
}

func stampText(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

func stampPointer(t *time.Time) string {
	if t == nil {
		return ""
	}
	return stampText(*t)
}
