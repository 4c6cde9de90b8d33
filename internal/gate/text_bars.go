// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"strings"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// bars counts the results that do not count for what they are, or for who brought them.
func (t *text) bars(q *question) {
	if q.unaccepted == [bars]int32{} {
		return
	}
	for b := range bars {
		if q.unaccepted[b] == 0 {
			continue
		}
		t.add(" Not counted ")
		t.bar(b, q)
		t.add(": ")
		t.count(int64(q.unaccepted[b]))
		t.add(".")
	}
}

// bar says why a result does not count, and what would help.
func (t *text) bar(b bar, q *question) {
	switch b {
	case barNone, bars:
	case barRelation:
		t.add("for their relation to the release, which the requirement does not accept")
	case barUnstamped:
		t.add("because nobody knows who brought it (spec.evaluator, which the API server stamps on what is made)")
	case barUnauthored:
		t.add("because nobody knows the authors of the release (spec.authors; the API server stamps them when it is made, or its artifacts or its exposure change)")
	case barAuthor:
		t.add("because an author of the release brought it (somebody who is not in its spec.authors has to)")
	case barInternal:
		t.add("because whoever brought it is not independent (somebody whom independentEvaluators of the policy names has to)")
	case barElicitation:
		t.add("for want of a record of elicitation (spec.elicitation has to state ")
		t.elicitation(q.spec.Elicitation)
		t.add(")")
	}
}

// elicitation lists what a criterion asks for.
func (t *text) elicitation(asked *v1alpha1.ElicitationCriterion) {
	before := ""
	next := func(parts ...string) {
		t.add(before)
		t.add(parts...)
		before = ", "
	}
	least := func(what string, n *int32) {
		if n != nil {
			next(what, " of at least ")
			t.count(int64(*n))
		}
	}
	if len(asked.Variants) > 0 {
		next("variant ", alternatives(asked.Variants))
	}
	least("trials", asked.MinTrials)
	if len(asked.Aggregations) > 0 {
		next("aggregation ", alternatives(asked.Aggregations))
	}
	least("redTeamHours", asked.MinRedTeamHours)
	if asked.Budget != "" && asked.Budget != v1alpha1.BudgetOptional {
		next("budget")
	}
	if before == "" {
		next("something")
	}
}

// alternatives lists words of which one is enough.
func alternatives[T ~string](words []T) string {
	list := make([]string, len(words))
	for i, word := range words {
		list[i] = string(word)
	}
	return strings.Join(list, " or ")
}

// whyBarred says why a single result does not count.
func (r *result) whyBarred(q *question) string {
	if r.bar == barRelation {
		return "its relation to the release, " + string(r.evaluation.Spec.Subject.Relation) + ", is not accepted"
	}
	var t text
	t.add("it does not count ")
	t.bar(r.bar, q)
	return t.take()
}
