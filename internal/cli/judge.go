// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/cli/explanation"
	"github.com/scalegate/scalegate/internal/gate"
)

// hypotheticalUID is that of an evaluation that nobody stored yet. No API server gives it.
const hypotheticalUID = "hypothetical"

// judgement is how a result would be judged if it were imported now.
type judgement struct {
	name          string
	requirement   *v1alpha1.Requirement
	measurement   *v1alpha1.Measurement
	before, after gate.Decision
	release       *v1alpha1.ModelRelease
	// relation of what was run to the release.
	relation v1alpha1.SubjectRelation
}

// judge decides about the situation with one more evaluation in it.
func judge(s explanation.Situation, e *v1alpha1.SafetyEvaluation, requirement *v1alpha1.Requirement, m *v1alpha1.Measurement) judgement {
	more := *e.DeepCopy()
	more.UID = hypotheticalUID
	more.CreationTimestamp = metav1.NewTime(s.Input.Now)
	more.Status.Measurement = m
	in := s.Input
	in.Evaluations = append(slices.Clone(in.Evaluations), more)
	in.Sightings = append(slices.Clone(in.Sightings), gate.SightingOf(&more))
	return judgement{
		name: e.Name, requirement: requirement, measurement: m, release: s.Input.Release,
		relation: e.Spec.Subject.Relation, before: s.Decision, after: gate.Decide(in),
	}
}

// print says what was measured, and how it would be judged.
func (j *judgement) print(out io.Writer) error {
	text := &strings.Builder{}
	line := func(label, format string, args ...any) {
		fmt.Fprintf(text, "%-10s %s\n", label, fmt.Sprintf(format, args...))
	}
	for _, fact := range explanation.MeasurementFacts(j.measurement) {
		line(fact.About, "%s", fact.Text)
	}
	line("asked", "%s", explanation.Asks(j.requirement))
	if j.relation != v1alpha1.RelationExact && !slices.Contains(j.requirement.AcceptRelations, j.relation) {
		line("warning", "the requirement does not accept the relation %s: a result that meets it would not count, one that fails it would", j.relation)
	}
	if m := j.measurement; m.Problem != "" || m.EndMarker == "" || m.Value == "" {
		line("warning", "the result cannot be used; it may be imported, and replaces nothing")
	}
	line("would be", "%s", j.verdict())
	line("release", "%s", j.effect())
	_, err := io.WriteString(out, text.String())
	return err
}

// verdict is the state of the requirement with the evaluation, and why.
func (j *judgement) verdict() string {
	r := requirementResult(&j.after, j.requirement.Name)
	if r == nil {
		return "not judged: the policy does not have the requirement"
	}
	for i := range j.after.NewFindings {
		f := &j.after.NewFindings[i]
		if f.Name == r.Evidence && f.Spec.Evidence.UID == hypotheticalUID {
			return string(r.State) + ": the result fails the requirement. An AdverseFinding would be recorded, which a later import does not take back by itself"
		}
	}
	return string(r.State) + ": " + r.Message
}

func requirementResult(d *gate.Decision, name string) *gate.RequirementResult {
	for i := range d.Requirements {
		if d.Requirements[i].Name == name {
			return &d.Requirements[i]
		}
	}
	return nil
}

// effect is what the evaluation would do to the release.
func (j *judgement) effect() string {
	was, is := granted(&j.before), granted(&j.after)
	if was == is {
		return fmt.Sprintf("%s: %s is granted, now as then (%s)", j.release.Name, is, j.after.Reason)
	}
	text := fmt.Sprintf("%s: %s is granted now, %s would be then (%s)", j.release.Name, was, is, j.after.Reason)
	if j.after.Adverse {
		text += "; pods that serve more would be deleted"
	}
	return text
}

func granted(d *gate.Decision) string {
	if d.GrantedExposure == "" {
		return "nothing"
	}
	return d.GrantedExposure
}
