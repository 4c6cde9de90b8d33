// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package explanation

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
)

// expiringWithin is how long before its end a requirement that is met is shown as expiring.
const expiringWithin = 14 * 24 * time.Hour

// Requirement is a requirement with its answer.
type Requirement struct {
	gate.RequirementResult
	// Expiring: it is met, and the evidence counts for no more than 14 days.
	Expiring bool `json:"expiring,omitempty"`
	// ExpiresIn is the time until Expires in words, as "in 95 days" or "5 days ago".
	ExpiresIn string `json:"expiresIn,omitempty"`
	// Asks is the criterion in words; empty when the policy does not define the requirement.
	Asks string `json:"asks,omitempty"`
	// NeededFrom is the lowest exposure that needs it; Needed says whether the one asked for does.
	NeededFrom string `json:"neededFrom,omitempty"`
	Needed     bool   `json:"needed"`
	// Shown describes the evaluation that decided the state, the finding and the evaluation that failed, what people said,
	// the waiver that sets it aside, or what was seen of a check.
	Shown []Fact `json:"shown,omitempty"`
	// Next are the steps that would change the state, or keep it.
	Next []Step `json:"next,omitempty"`
}

// Fact is a line about evidence.
type Fact struct {
	About string `json:"about"`
	Text  string `json:"text"`
}

func (s *Situation) requirement(result *gate.RequirementResult) Requirement {
	r := Requirement{RequirementResult: *result, Needed: true}
	if spec := requirementSpec(s.Input.Policy, result.Name); spec != nil {
		r.Asks = Asks(spec)
		asked := exposure(s.Input.Policy, s.Input.Release.Spec.Exposure)
		from := max(0, exposure(s.Input.Policy, spec.NeededFrom))
		r.NeededFrom = s.Input.Policy.Spec.Exposures[from].Name
		r.Needed = asked < 0 || from <= asked
	}
	if result.Expires != nil {
		left := result.Expires.Sub(s.Input.Now)
		r.ExpiresIn = inWords(left)
		r.Expiring = (result.State == v1alpha1.RequirementMet || result.State == v1alpha1.RequirementWaived) && left <= expiringWithin
	}
	r.Shown = s.shown(result)
	r.Next = s.next(&r)
	return r
}

// shown describes what decided the state, whatever it is.
func (s *Situation) shown(result *gate.RequirementResult) []Fact {
	spec := requirementSpec(s.Input.Policy, result.Name)
	switch {
	case result.State == v1alpha1.RequirementWaived:
		return s.setAside(result.Evidence)
	case result.State == v1alpha1.RequirementFailed:
		return s.finding(result.Evidence)
	case spec != nil && spec.Approval != nil:
		return s.signed(spec)
	case spec != nil && spec.Check != nil:
		return s.checked(result.Name)
	}
	return s.evaluation(result.Evidence)
}

// revocation says how grave it is, whose, and why.
func revocation(r *v1alpha1.Revocation) string {
	text := string(r.Severity)
	if r.RevokedBy != "" {
		text += ", by " + r.RevokedBy
	}
	return text + ": " + r.Reason
}

// evaluation describes the evaluation of that name; nil when there is none.
func (s *Situation) evaluation(name string) []Fact {
	for i := range s.Input.Evaluations {
		e := &s.Input.Evaluations[i]
		if e.Name == name && e.Namespace == s.Input.Release.Namespace && e.Spec.Subject.Release == s.Input.Release.Name {
			return evaluationFacts(e)
		}
	}
	return nil
}

// evaluationFacts describe an evaluation: what was measured, by which tool, and who brought it.
func evaluationFacts(e *v1alpha1.SafetyEvaluation) []Fact {
	text := "SafetyEvaluation " + e.Name
	if relation := e.Spec.Subject.Relation; relation != "" && relation != v1alpha1.RelationExact {
		text += " (of a " + string(relation) + ")"
	}
	facts := []Fact{{"evidence", text + ", " + brought(e)}}
	if r := e.Spec.Revocation; r != nil {
		facts = append(facts, Fact{"revoked", revocation(r)})
	}
	if e.Status.Measurement == nil {
		return facts
	}
	return append(facts, MeasurementFacts(e.Status.Measurement)...)
}

// MeasurementFacts describe what a result file says: the value, the run, and what a person should know about it.
func MeasurementFacts(m *v1alpha1.Measurement) []Fact {
	facts := []Fact{{"measured", measured(m)}, {"run", run(m)}}
	if m.Problem != "" {
		facts = append(facts, Fact{"problem", m.Problem})
	}
	for _, warning := range m.Warnings {
		facts = append(facts, Fact{"warning", warning})
	}
	return facts
}

func measured(m *v1alpha1.Measurement) string {
	value := m.Value
	if value == "" {
		value = "no value"
	}
	switch {
	case m.IntervalLow != "" && m.IntervalHigh != "":
		value += " (95% interval " + m.IntervalLow + " to " + m.IntervalHigh + ")"
	case m.StandardError != "":
		value += " (standard error " + m.StandardError + ")"
	}
	return fmt.Sprintf("%s; samples: %s planned, %s judged, %s unjudged, %s errored",
		value, count(m.Planned), count(m.Judged), count(m.Unjudged), count(m.Errored))
}

func count(n *int64) string {
	if n == nil {
		return "unknown"
	}
	return strconv.FormatInt(*n, 10)
}

func run(m *v1alpha1.Measurement) string {
	var parts []string
	for _, part := range []struct{ label, text string }{
		{"", m.Tool}, {"task ", m.Task}, {"model by its own claim ", m.Model}, {"run ", m.RunID},
	} {
		if part.text != "" {
			parts = append(parts, part.label+part.text)
		}
	}
	if m.EndTime != nil {
		parts = append(parts, "ended "+stamp(m.EndTime.Time)+" by its own claim")
	}
	if m.EndMarker == "" {
		parts = append(parts, "without a sign that it ended well")
	}
	return strings.Join(parts, ", ")
}

func brought(e *v1alpha1.SafetyEvaluation) string {
	by := e.Spec.Evaluator
	if by == "" {
		by = "an unknown user"
	}
	if e.CreationTimestamp.IsZero() {
		return "brought by " + by
	}
	if e.Spec.Job != nil && e.Status.Run != nil && e.Status.Run.FinishTime != nil {
		return "asked for by " + by + ", run by suite " + e.Spec.Job.Suite + " and ended " + stamp(e.Status.Run.FinishTime.Time)
	}
	return "brought by " + by + " and stored " + stamp(e.CreationTimestamp.Time)
}

// finding describes the finding of that name, whether it is recorded or about to be.
func (s *Situation) finding(name string) []Fact {
	recorded, f := true, findingOf(s.Input.Findings, name)
	if f == nil {
		recorded, f = false, findingOf(s.Decision.NewFindings, name)
	}
	if f == nil {
		return nil
	}
	at := &f.Spec.Evidence
	text := "AdverseFinding " + name
	if !recorded {
		text += ", which the manager is about to record"
	}
	if at.Reach == v1alpha1.ReachNamespace {
		text += "; it counts in namespace " + at.Namespace
	}
	facts := []Fact{
		{"finding", text},
		{"failed", fmt.Sprintf("SafetyEvaluation %s/%s with %s at %s, under policy %s revision %s",
			at.Namespace, at.Name, at.Value, stamp(at.ResultTime.Time), at.Policy, at.PolicyRevision)},
	}
	if r := f.Spec.Resolution; r != nil {
		facts = append(facts, Fact{"resolution", fmt.Sprintf("names evaluation %s/%s, by %s: %s", r.Namespace, r.Evaluation, r.ResolvedBy, r.Reason)})
	}
	return facts
}

func findingOf(findings []v1alpha1.AdverseFinding, name string) *v1alpha1.AdverseFinding {
	for i := range findings {
		if findings[i].Name == name {
			return &findings[i]
		}
	}
	return nil
}

// next says what would change the state, with the commands for it.
func (s *Situation) next(r *Requirement) []Step {
	release := s.Input.Release
	importing := fmt.Sprintf("%s evaluation import FILE --release %s --requirement %s%s -n %s",
		s.Program, release.Name, r.Name, stating(requirementSpec(s.Input.Policy, r.Name)), release.Namespace)
	switch r.Change.Act {
	case gate.ActEvaluate:
		return []Step{{What: s.who(r.Name) + " and import its result file", Command: importing}}
	case gate.ActRenew:
		if r.State == v1alpha1.RequirementMet {
			if !r.Expiring {
				return nil
			}
			return []Step{{What: "import a newer result before " + stamp(*r.Expires), Command: importing}}
		}
		return []Step{{What: "import a newer result", Command: importing}}
	case gate.ActResolve:
		return []Step{
			{What: "import a later result that meets the requirement", Command: importing},
			{
				What: "then somebody with the verb resolve names it",
				Command: fmt.Sprintf(`kubectl patch adversefinding %s --type=merge -p '{"spec":{"resolution":{"namespace":"%s","evaluation":"EVALUATION","reason":"REASON"}}}'`,
					r.Change.Object, release.Namespace),
			},
		}
	case gate.ActReviseRelease:
		return []Step{{
			What:    "name the artifacts that the requirement is about in spec.artifacts",
			Command: "kubectl edit modelrelease " + release.Name + " -n " + release.Namespace,
		}}
	case gate.ActRevisePolicy:
		return []Step{{What: "correct the policy", Command: "kubectl edit safetypolicy " + release.Spec.Policy}}
	case gate.ActApprove, gate.ActWithdraw, gate.ActRestore:
		return s.nextOfPeople(r)
	}
	return nil
}

// who has to run an evaluation, in words.
func (s *Situation) who(requirement string) string {
	if spec := requirementSpec(s.Input.Policy, requirement); spec != nil {
		switch spec.Independence {
		case v1alpha1.IndependenceInternal:
			return "have somebody who is no author of the release run an evaluation of it"
		case v1alpha1.IndependenceIndependent:
			return "have somebody whom the policy names as independent run an evaluation of the release"
		}
	}
	return "run an evaluation of the release"
}

// stating are the flags by which an import states what a requirement asks for of the record of elicitation.
func stating(spec *v1alpha1.Requirement) string {
	if spec == nil || spec.Elicitation == nil {
		return ""
	}
	var flags []string
	for _, flag := range []struct {
		asked bool
		text  string
	}{
		{len(spec.Elicitation.Variants) > 0, "variant=VARIANT"},
		{spec.Elicitation.MinTrials != nil, "trials=N"},
		{len(spec.Elicitation.Aggregations) > 0, "aggregation=AGGREGATION"},
		{spec.Elicitation.MinRedTeamHours != nil, "red-team-hours=N"},
		{spec.Elicitation.Budget == v1alpha1.BudgetRequired, "budget=TEXT"},
	} {
		if flag.asked {
			flags = append(flags, " --elicitation "+flag.text)
		}
	}
	return strings.Join(flags, "")
}

// nextOfPeople says what people would have to do, or how to see what a check saw.
func (s *Situation) nextOfPeople(r *Requirement) []Step {
	release, spec := s.Input.Release, requirementSpec(s.Input.Policy, r.Name)
	switch act := r.Change.Act; {
	case act == gate.ActRestore:
		return []Step{{
			What:    "see what was looked at, put it in place, and wait a moment",
			Command: "kubectl get modelrelease " + release.Name + " -n " + release.Namespace + ` -o jsonpath='{.status.safeguards}'`,
		}}
	case act == gate.ActWithdraw:
		for i := range s.Input.Approvals {
			if a := &s.Input.Approvals[i]; a.Name == r.Change.Object {
				return []Step{{What: "only " + someone(a.Spec.Approver) + " takes it back, by approving in the same role", Command: s.command(a.Spec.Role, "")}}
			}
		}
	case spec != nil && spec.Approval != nil && (r.State != v1alpha1.RequirementMet || r.Expiring):
		return s.approving(spec)
	}
	return nil
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// inWords is a time from now, in the largest unit that has at least two of them.
func inWords(d time.Duration) string {
	past := d < 0
	if past {
		d = -d
	}
	var text string
	switch days, hours := int(d.Hours()/24), int(d.Hours()); {
	case days >= 2:
		text = strconv.Itoa(days) + " days"
	case hours >= 2:
		text = strconv.Itoa(hours) + " hours"
	default:
		text = strconv.Itoa(int(d.Minutes())) + " minutes"
	}
	if past {
		return text + " ago"
	}
	return "in " + text
}
