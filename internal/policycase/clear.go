// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package policycase

import (
	"cmp"
	"fmt"
	"math"
	"strconv"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// zSquared is the square of the 97.5% quantile of the standard normal distribution, rounded up.
const zSquared = 3.8416

// clear is a measurement on the safe side of every bound of a criterion.
func clearOf(criterion *v1alpha1.EvaluationCriterion) (*v1alpha1.Measurement, error) {
	bound, err := strconv.ParseFloat(string(cmp.Or(criterion.AlertAt, criterion.ClearAt)), 64)
	if err != nil {
		return nil, fmt.Errorf("reading the bound of %s: %w", criterion.Metric, err)
	}
	higher := criterion.Direction == v1alpha1.HigherIsSafer
	value, judged := bound-max(1, math.Abs(bound)), criterion.MinSamples
	switch {
	case criterion.Bound == v1alpha1.BoundWilson95:
		// With every sample safe the interval reaches z²/(n+z²) from the end.
		room := bound
		value = 0
		if higher {
			room, value = 1-bound, 1
		}
		if room <= 0 {
			return nil, fmt.Errorf("no value of %s lies on the safe side of %v", criterion.Metric, bound)
		}
		judged = max(judged, int64(math.Ceil(2*zSquared/room)))
	case higher:
		value = bound + max(1, math.Abs(bound))
	case bound > 0:
		value = 0
	}
	text := strconv.FormatFloat(value, 'f', -1, 64)
	m := &v1alpha1.Measurement{Value: text, Judged: &judged}
	if criterion.Bound == v1alpha1.BoundReported95 {
		m.IntervalLow, m.IntervalHigh = text, text
	}
	return m, nil
}

// elicited is a record that a criterion accepts; nil where it asks for none.
func elicited(c *v1alpha1.ElicitationCriterion) *v1alpha1.Elicitation {
	if c == nil {
		return nil
	}
	e := &v1alpha1.Elicitation{Trials: c.MinTrials, RedTeamHours: c.MinRedTeamHours}
	if len(c.Variants) > 0 {
		e.Variant = c.Variants[0]
	}
	if len(c.Aggregations) > 0 {
		e.Aggregation = c.Aggregations[0]
	}
	if c.Budget == v1alpha1.BudgetRequired {
		e.Budget = "as the case says nothing else: ample"
	}
	return e
}
