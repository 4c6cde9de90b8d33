// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package explanation

import (
	"fmt"
	"strings"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// Asks puts the criterion of a requirement into words.
func Asks(spec *v1alpha1.Requirement) string {
	switch {
	case spec.Evaluation != nil:
		return asksEvaluation(spec)
	case spec.Approval != nil:
		return asksApproval(spec)
	case spec.Check != nil:
		return asksCheck(spec.Check)
	}
	return "nothing; correct the policy"
}

func asksEvaluation(spec *v1alpha1.Requirement) string {
	c := spec.Evaluation
	safe, unsafe := "below", "above"
	if c.Direction == v1alpha1.HigherIsSafer {
		safe, unsafe = unsafe, safe
	}
	trip := c.TripAt
	if trip == "" {
		trip = c.ClearAt
	}
	judged := "the value"
	switch c.Bound {
	case v1alpha1.BoundReported95:
		judged = "the whole reported 95% interval"
	case v1alpha1.BoundWilson95:
		judged = "the whole 95% Wilson interval"
	case v1alpha1.BoundPoint:
	}
	unjudged := int32(0)
	if c.MaxUnjudgedPercent != nil {
		unjudged = *c.MaxUnjudgedPercent
	}
	about := "all artifacts"
	if len(spec.Scope) > 0 {
		about = joined(spec.Scope)
	}
	text := fmt.Sprintf("%s: %s %s %s meets it, %s %s fails; at least %d samples, at most %d%% unjudged; about %s; counts %d days",
		c.Metric, judged, safe, c.ClearAt, unsafe, trip, max(1, c.MinSamples), unjudged, about, spec.ValidForDays)
	if c.AlertAt != "" {
		text += fmt.Sprintf("; what is not %s %s is told as an alert", safe, c.AlertAt)
		if c.AlertValidForDays != nil {
			text += fmt.Sprintf(" and counts %d days", *c.AlertValidForDays)
		}
	}
	if len(spec.AcceptRelations) > 0 {
		text += "; accepts " + joined(spec.AcceptRelations)
	}
	switch spec.Independence {
	case v1alpha1.IndependenceInternal:
		text += "; not by an author of the release"
	case v1alpha1.IndependenceIndependent:
		text += "; by an independent evaluator"
	}
	if spec.Elicitation != nil {
		text += "; with a record of elicitation: " + asksElicitation(spec.Elicitation)
	}
	if spec.Standing == v1alpha1.StandingSaturated {
		text += "; saturated, so nothing favourable counts"
	}
	return text
}

func asksElicitation(c *v1alpha1.ElicitationCriterion) string {
	var parts []string
	if len(c.Variants) > 0 {
		parts = append(parts, "of "+strings.Join(words(c.Variants), " or "))
	}
	if c.MinTrials != nil {
		parts = append(parts, fmt.Sprintf("at least %d trials a task", *c.MinTrials))
	}
	if len(c.Aggregations) > 0 {
		parts = append(parts, "as "+strings.Join(words(c.Aggregations), " or "))
	}
	if c.MinRedTeamHours != nil {
		parts = append(parts, fmt.Sprintf("at least %d hours of red-teaming", *c.MinRedTeamHours))
	}
	if c.Budget == v1alpha1.BudgetRequired {
		parts = append(parts, "its budget stated")
	}
	return strings.Join(parts, ", ")
}

func asksApproval(spec *v1alpha1.Requirement) string {
	c := spec.Approval
	var parts []string
	if len(c.Quorum) > 0 {
		parts = append(parts, seats(c.Quorum)+" have to approve, all distinct people")
	}
	if len(c.NotifyBefore) > 0 {
		parts = append(parts, "one of "+strings.Join(c.NotifyBefore, ", and one of ")+" has to acknowledge that they were told")
	}
	for _, party := range c.DifferFrom {
		switch party {
		case v1alpha1.PartyAuthor:
			parts = append(parts, "authors of the release are not counted")
		case v1alpha1.PartyEvaluator:
			parts = append(parts, "whoever brought evidence about it is not counted")
		}
	}
	return strings.Join(parts, "; ") + fmt.Sprintf("; counts %d days", spec.ValidForDays)
}

// seats are the places of a quorum in words.
func seats(quorum []v1alpha1.RoleQuorum) string {
	parts := make([]string, len(quorum))
	for i, q := range quorum {
		parts[i] = fmt.Sprintf("%d of role %s", q.Count, q.Role)
	}
	return strings.Join(parts, " and ")
}

func asksCheck(c *v1alpha1.SafeguardCheck) string {
	text := "the check " + string(c.Type) + " of the cluster, wherever the release serves"
	switch {
	case c.MaxEgressBandwidth != "":
		text += ": at most " + c.MaxEgressBandwidth
	case len(c.RuntimeClasses) > 0:
		text += ": one of " + strings.Join(c.RuntimeClasses, ", ")
	case len(c.StorageClasses) > 0:
		text += ": one of " + strings.Join(c.StorageClasses, ", ")
	case len(c.ExemptGroups) > 0:
		text += ", beside the groups " + strings.Join(c.ExemptGroups, ", ")
	}
	return text
}

func words[T ~string](all []T) []string {
	texts := make([]string, len(all))
	for i, w := range all {
		texts[i] = string(w)
	}
	return texts
}

func joined[T ~string](all []T) string { return strings.Join(words(all), ", ") }
