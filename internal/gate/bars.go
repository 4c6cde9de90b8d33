// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"slices"
	"strings"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// bar is what keeps a favourable result from counting, beside what it measured. What it says in words is in text_bars.go.
type bar uint8

const (
	barNone bar = iota
	// barRelation: its relation to the release is not accepted.
	barRelation
	// barUnstamped: nobody knows who brought it.
	barUnstamped
	// barUnauthored: nobody knows who the authors of the release are.
	barUnauthored
	// barAuthor: an author of the release brought it.
	barAuthor
	// barInternal: the policy does not name whoever brought it as independent.
	barInternal
	// barElicitation: it has no record of elicitation that the requirement asks for.
	barElicitation

	bars
)

// barred finds what keeps an evaluation from counting where it is favourable.
func (q *question) barred(evaluation *v1alpha1.SafetyEvaluation) bar {
	spec := &evaluation.Spec
	if relation := spec.Subject.Relation; !exact(relation) && !slices.Contains(q.spec.AcceptRelations, relation) {
		return barRelation
	}
	if b := q.independent(spec); b != barNone {
		return b
	}
	if q.spec.Elicitation != nil && !elicited(q.spec.Elicitation, spec.Elicitation) {
		return barElicitation
	}
	return barNone
}

// independent holds who brought an evaluation against the independence that the requirement asks for. A word that this
// version does not know asks for the most.
func (q *question) independent(spec *v1alpha1.SafetyEvaluationSpec) bar {
	switch {
	case q.spec.Independence == "":
		return barNone
	case spec.Evaluator == "":
		return barUnstamped
	case q.release == nil || len(q.release.Spec.Authors) == 0:
		return barUnauthored
	case slices.Contains(q.release.Spec.Authors, spec.Evaluator):
		return barAuthor
	case q.spec.Independence == v1alpha1.IndependenceInternal || Independent(q.evaluators, spec.Evaluator, spec.EvaluatorGroups):
		return barNone
	}
	return barInternal
}

// Independent reports whether a policy names a user, or one of the groups of that user, as an independent evaluator. Nil names
// nobody.
func Independent(evaluators *v1alpha1.IndependentEvaluators, user string, groups []string) bool {
	if evaluators == nil || user == "" {
		return false
	}
	return slices.Contains(evaluators.Users, user) ||
		slices.ContainsFunc(groups, func(group string) bool { return slices.Contains(evaluators.Groups, group) })
}

// elicited reports whether a record, nil for none, shows what a criterion asks for. What it does not state is not shown.
func elicited(asked *v1alpha1.ElicitationCriterion, record *v1alpha1.Elicitation) bool {
	if record == nil {
		return false
	}
	switch {
	case len(asked.Variants) > 0 && !slices.Contains(asked.Variants, record.Variant):
		return false
	case len(asked.Aggregations) > 0 && !slices.Contains(asked.Aggregations, record.Aggregation):
		return false
	case asked.Budget != "" && asked.Budget != v1alpha1.BudgetOptional && strings.TrimSpace(record.Budget) == "":
		return false
	}
	return reached(asked.MinTrials, record.Trials) && reached(asked.MinRedTeamHours, record.RedTeamHours)
}

// reached reports whether a number is as great as the least that is asked for; nil asks for none, and states none.
func reached(least, stated *int32) bool {
	return least == nil || stated != nil && *stated >= *least
}
