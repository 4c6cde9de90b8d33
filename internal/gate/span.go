// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import "github.com/scalegate/scalegate/api/v1alpha1"

// Span is a measured value, with the interval around it that a criterion holds against its bounds. All numbers are finite.
type Span struct {
	Value float64
	// Low and High are the ends of the interval, Low <= High; both are Value where Judged is false.
	Low, High float64
	// Judged: the measurement has what the criterion's bound asks for. Of the bound Point it is the value alone.
	Judged bool
}

// SpanOf reads the numbers of a measurement, for showing them; false when it has no value that is a decimal number.
func SpanOf(spec *v1alpha1.EvaluationCriterion, m *v1alpha1.Measurement) (Span, bool) {
	value, ok := decimal(m.Value)
	if !ok {
		return Span{}, false
	}
	s := Span{Value: value, Low: value, High: value}
	var c criterion
	if problem := c.load(spec); problem != "" {
		return s, true
	}
	if low, high, found := c.interval(value, m); found == flawNone && low <= high {
		s.Low, s.High, s.Judged = low, high, true
	}
	return s, true
}
