// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/cli/explanation"
	"github.com/scalegate/scalegate/internal/gate"
)

// Kinds of requirements.
const (
	kindEvaluation = "Evaluation"
	kindApproval   = "Approval"
	kindSafeguard  = "Safeguard"
)

func (b *builder) requirements() {
	if b.Input.Policy == nil {
		// The policy may not be read: then what the status says of its requirements is all there is.
		for i := range b.Decision.Requirements {
			q := &b.Decision.Requirements[i]
			b.out.Requirements = append(b.out.Requirements, Requirement{
				Name: q.Name, State: string(q.State), Message: q.Message, Alert: q.Alert, Evidence: q.Evidence, ExpiresTime: utc(q.Expires), Needed: true,
			})
		}
		return
	}
	for i := range b.x.Requirements {
		b.out.Requirements = append(b.out.Requirements, b.requirement(&b.x.Requirements[i]))
	}
}

func (b *builder) requirement(q *explanation.Requirement) Requirement {
	r := Requirement{
		Name: q.Name, State: string(q.State), Message: q.Message, Alert: q.Alert, Asks: q.Asks, NeededFrom: q.NeededFrom, Needed: q.Needed,
		UsedBy: b.usedBy(q.Name), Evidence: q.Evidence, ExpiresTime: utc(q.Expires),
	}
	for _, s := range q.Next {
		r.Next = append(r.Next, Step{About: q.Name, What: s.What, Command: s.Command})
	}
	spec := b.spec(q.Name)
	switch {
	case spec == nil:
	case spec.Evaluation != nil:
		r.Kind, r.Criterion, r.Results = kindEvaluation, criterionOf(spec), b.results(spec, q)
	case spec.Approval != nil:
		r.Kind = kindApproval
	case spec.Check != nil:
		r.Kind, r.Safeguard = kindSafeguard, b.safeguard(q.Name)
	}
	return r
}

// spec is the requirement as the policy has it; nil when it does not.
func (b *builder) spec(name string) *v1alpha1.Requirement {
	for _, p := range []*v1alpha1.SafetyPolicy{b.Input.Policy, b.Input.InForce} {
		if p == nil {
			continue
		}
		for i := range p.Spec.Requirements {
			if p.Spec.Requirements[i].Name == name {
				return &p.Spec.Requirements[i]
			}
		}
	}
	return nil
}

// usedBy names the levels and thresholds of the policy that name a requirement.
func (b *builder) usedBy(name string) []string {
	var all []string
	for i := range b.Input.Policy.Spec.Levels {
		if l := &b.Input.Policy.Spec.Levels[i]; slices.Contains(l.Requires, name) {
			all = append(all, "level "+l.Name)
		}
	}
	for i := range b.Input.Policy.Spec.Thresholds {
		t := &b.Input.Policy.Spec.Thresholds[i]
		if slices.Contains(t.RuledOutBy, name) {
			all = append(all, "threshold "+t.Name+", which it rules out")
		}
		if slices.Contains(t.Requires, name) {
			all = append(all, "threshold "+t.Name+", while it counts")
		}
	}
	return all
}

func criterionOf(spec *v1alpha1.Requirement) *Criterion {
	e := spec.Evaluation
	c := &Criterion{
		Metric: e.Metric, Direction: string(e.Direction), ClearAt: string(e.ClearAt), TripAt: string(cmp.Or(e.TripAt, e.ClearAt)),
		AlertAt: string(e.AlertAt), Bound: string(e.Bound), MinSamples: max(1, e.MinSamples), ValidForDays: spec.ValidForDays,
		Independence: string(spec.Independence), Suite: e.Suite,
	}
	if e.MaxUnjudgedPercent != nil {
		c.MaxUnjudgedPercent = *e.MaxUnjudgedPercent
	}
	for _, t := range spec.Scope {
		c.Scope = append(c.Scope, string(t))
	}
	return c
}

// safeguard is what the status says of a check; nil when Scalegate did not look yet.
func (b *builder) safeguard(requirement string) *Safeguard {
	for i := range b.Input.Release.Status.Safeguards {
		if g := &b.Input.Release.Status.Safeguards[i]; g.Requirement == requirement {
			return &Safeguard{
				Type: string(g.Type), State: string(g.State), Message: g.Message, LookedAt: g.LookedAt, CannotSee: g.CannotSee, SinceTime: timeOf(g.SinceTime),
			}
		}
	}
	return nil
}

// results are the evaluations for a requirement, each held against it by itself.
func (b *builder) results(spec *v1alpha1.Requirement, q *explanation.Requirement) []Result {
	terms := gate.Terms{Requirement: spec, Policy: b.Input.Policy, Release: b.Input.Release, Sightings: b.Input.Sightings}
	var all []Result
	for i := range b.Input.Evaluations {
		e := &b.Input.Evaluations[i]
		if e.Spec.Requirement == spec.Name && e.Spec.Subject.Release == b.Input.Release.Name {
			r := b.result(terms, e)
			r.Decides = b.decides(q, e)
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b Result) int {
		return cmp.Or(a.ValidFromTime.Compare(*b.ValidFromTime), cmp.Compare(a.Name, b.Name))
	})
	return all
}

// decides reports whether an evaluation decided the state: by itself, or through the finding about it.
func (b *builder) decides(q *explanation.Requirement, e *v1alpha1.SafetyEvaluation) bool {
	if q.State != v1alpha1.RequirementFailed {
		return q.Evidence == e.Name
	}
	for _, findings := range [][]v1alpha1.AdverseFinding{b.Input.Findings, b.Decision.NewFindings} {
		for i := range findings {
			if findings[i].Name == q.Evidence {
				return findings[i].Spec.Evidence.UID == string(e.UID)
			}
		}
	}
	return false
}

func (b *builder) result(terms gate.Terms, e *v1alpha1.SafetyEvaluation) Result {
	reading := gate.Read(terms, e)
	r := Result{
		Name: e.Name, Outcome: string(reading.Outcome), Evaluator: e.Spec.Evaluator, Independence: b.independence(e),
		StoredTime: utc(&reading.Known), ValidFromTime: new(reading.Effective), ValidUntilTime: utc(&reading.Expires), Alert: reading.Alert,
		StoredIn: storedIn(e), Elicitation: elicitation(e.Spec.Elicitation), Revocation: revocationOf(e.Spec.Revocation),
	}
	if reading.Barred {
		r.NotCounted = gate.Barred(terms, e)
	}
	if relation := e.Spec.Subject.Relation; relation != v1alpha1.RelationExact {
		r.Relation = string(relation)
	}
	m := e.Status.Measurement
	if m == nil {
		if run := e.Status.Run; run != nil {
			r.Problem = run.Message
		}
		return r
	}
	r.Metric, r.Value, r.StandardError, r.ReportedLow, r.ReportedHigh = m.Metric, m.Value, m.StandardError, m.IntervalLow, m.IntervalHigh
	r.Planned, r.Judged, r.Unjudged, r.Errored = m.Planned, m.Judged, m.Unjudged, m.Errored
	r.Tool, r.Format, r.Task, r.RunID, r.ClaimedModel, r.SHA256 = m.Tool, m.Format, m.Task, m.RunID, m.Model, m.SHA256
	r.Problem, r.Warnings, r.EndedTime = m.Problem, m.Warnings, timeOf(m.EndTime)
	if span, ok := gate.SpanOf(terms.Requirement.Evaluation, m); ok {
		r.value, r.low, r.high, r.plotted = span.Value, span.Low, span.High, true
		if span.Judged {
			r.JudgedLow, r.JudgedHigh = new(span.Low), new(span.High)
		}
	}
	return r
}

// independence is how far who brought an evaluation stands from the release.
func (b *builder) independence(e *v1alpha1.SafetyEvaluation) string {
	switch authors := b.Input.Release.Spec.Authors; {
	case e.Spec.Evaluator == "" || len(authors) == 0:
		return "Unknown"
	case slices.Contains(authors, e.Spec.Evaluator):
		return "Author"
	case gate.Independent(b.Input.Policy.Spec.IndependentEvaluators, e.Spec.Evaluator, e.Spec.EvaluatorGroups):
		return string(v1alpha1.IndependenceIndependent)
	}
	return string(v1alpha1.IndependenceInternal)
}

// storedIn says where the file is.
func storedIn(e *v1alpha1.SafetyEvaluation) string {
	switch report := e.Spec.Report; {
	case e.Spec.Job != nil && e.Status.Run != nil && e.Status.Run.JobName != "":
		return fmt.Sprintf("read from the run of suite %s by Job %s/%s", e.Spec.Job.Suite, e.Namespace, e.Status.Run.JobName)
	case e.Spec.Job != nil:
		return "to be read from a run of suite " + e.Spec.Job.Suite
	case report == nil:
		return ""
	case report.ConfigMap != nil:
		return fmt.Sprintf("ConfigMap %s/%s, key %s", e.Namespace, report.ConfigMap.Name, report.ConfigMap.Key)
	case report.LMEvalJob != nil:
		return fmt.Sprintf("status of LMEvalJob %s/%s", e.Namespace, report.LMEvalJob.Name)
	}
	return ""
}

// elicitation puts a record into words.
func elicitation(e *v1alpha1.Elicitation) string {
	if e == nil {
		return ""
	}
	var parts []string
	add := func(label, text string) {
		if text != "" {
			parts = append(parts, label+text)
		}
	}
	number := func(n *int32) string {
		if n == nil {
			return ""
		}
		return fmt.Sprint(*n)
	}
	add("variant ", string(e.Variant))
	add("trials at each task: ", number(e.Trials))
	add("aggregation ", string(e.Aggregation))
	add("budget: ", e.Budget)
	add("hours of red-teaming: ", number(e.RedTeamHours))
	add("scaffold: ", e.Scaffold)
	return strings.Join(parts, "; ")
}
