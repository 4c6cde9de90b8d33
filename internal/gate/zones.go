// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"math"
	"strconv"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// z95 is the 97.5% quantile of the standard normal distribution.
const z95 = 1.959963984540054

// zone is where a result lies. The zero zone is that of a result that cannot be used. Greater is worse, among
// those that can.
type zone uint8

const (
	zoneUnusable zone = iota
	zoneMet
	zoneIndeterminate
	zoneFailed
)

// criterion is an EvaluationCriterion with its numbers read. Greater values are always the less safe ones: where
// higher is safer, all signs are turned.
type criterion struct {
	spec        *v1alpha1.EvaluationCriterion
	clear, trip float64
	// alert is the bound of the alert, on the safe side of clear; clear itself where the policy wants none.
	alert       float64
	turned      bool
	minSamples  int64
	maxUnjudged int64
}

// load reads a criterion, nil for none. problem says why no result can be held against it; empty when one can.
func (c *criterion) load(spec *v1alpha1.EvaluationCriterion) (problem string) {
	if spec == nil {
		return "it asks for no evaluation"
	}
	c.spec, c.minSamples = spec, max(1, spec.MinSamples)
	switch spec.Direction {
	case v1alpha1.LowerIsSafer:
	case v1alpha1.HigherIsSafer:
		c.turned = true
	default:
		return "evaluation.direction must be LowerIsSafer or HigherIsSafer"
	}
	switch spec.Bound {
	case v1alpha1.BoundPoint, v1alpha1.BoundReported95, v1alpha1.BoundWilson95:
	default:
		return "evaluation.bound must be Point, Reported95 or Wilson95"
	}
	return c.loadBounds()
}

// loadBounds reads the numbers of a criterion.
func (c *criterion) loadBounds() (problem string) {
	spec := c.spec
	if spec.MaxUnjudgedPercent != nil {
		c.maxUnjudged = int64(*spec.MaxUnjudgedPercent)
	}
	if c.maxUnjudged < 0 || c.maxUnjudged > 100 {
		return "evaluation.maxUnjudgedPercent must be from 0 to 100"
	}
	clearAt, ok := decimal(string(spec.ClearAt))
	if !ok {
		return "evaluation.clearAt must be a decimal number"
	}
	tripAt := clearAt
	if spec.TripAt != "" {
		if tripAt, ok = decimal(string(spec.TripAt)); !ok {
			return "evaluation.tripAt must be a decimal number"
		}
	}
	alertAt := clearAt
	if spec.AlertAt != "" {
		if alertAt, ok = decimal(string(spec.AlertAt)); !ok {
			return "evaluation.alertAt must be a decimal number"
		}
	}
	c.clear, c.trip, c.alert = clearAt, tripAt, alertAt
	if c.turned {
		c.clear, c.trip, c.alert = -clearAt, -tripAt, -alertAt
	}
	switch {
	case c.clear > c.trip:
		return "evaluation.clearAt must lie on the safe side of tripAt"
	case c.alert > c.clear:
		return "evaluation.alertAt must lie on the safe side of clearAt"
	}
	return ""
}

// alerts reports whether an interval on the safe side is not wholly beyond the bound of the alert.
func (c *criterion) alerts(low, high float64) bool {
	if c.turned {
		low, high = -high, -low
	}
	return c.spec.AlertAt != "" && !(low <= high && high < c.alert)
}

// tripText is the bound of failing, as the policy writes it.
func (c *criterion) tripText() string {
	if c.spec.TripAt != "" {
		return string(c.spec.TripAt)
	}
	return string(c.spec.ClearAt)
}

// place compares positively: an interval that is not one (NaN at an end) is neither clear nor tripped.
func (c *criterion) place(low, high float64) zone {
	if c.turned {
		low, high = -high, -low
	}
	switch {
	case low <= high && high < c.clear:
		return zoneMet
	case low <= high && low > c.trip:
		return zoneFailed
	}
	return zoneIndeterminate
}

// interval is what the criterion judges of a measured value.
func (c *criterion) interval(value float64, m *v1alpha1.Measurement) (low, high float64, found flaw) {
	switch c.spec.Bound {
	case v1alpha1.BoundPoint:
		return value, value, flawNone
	case v1alpha1.BoundReported95:
		return reported(value, m)
	case v1alpha1.BoundWilson95:
		if m.Judged == nil || !(value >= 0 && value <= 1) {
			return 0, 0, flawProportion
		}
		low, high = wilson(value, float64(*m.Judged))
		return low, high, flawNone
	}
	return 0, 0, flawInterval
}

func reported(value float64, m *v1alpha1.Measurement) (low, high float64, found flaw) {
	if m.IntervalLow != "" && m.IntervalHigh != "" {
		low, okLow := decimal(m.IntervalLow)
		high, okHigh := decimal(m.IntervalHigh)
		if !okLow || !okHigh || !(low <= value && value <= high) {
			return 0, 0, flawInterval
		}
		return low, high, flawNone
	}
	se, ok := decimal(m.StandardError)
	if !ok || !(se > 0) {
		return 0, 0, flawStandardError
	}
	low, high = value-float64(z95*se), value+float64(z95*se)
	if math.IsInf(low, 0) || math.IsInf(high, 0) {
		return 0, 0, flawStandardError
	}
	return low, high, flawNone
}

// wilson is the 95% Wilson score interval of a proportion p of n samples. The conversions keep a compiler from
// fusing operations, so that every architecture decides the same.
func wilson(p, n float64) (low, high float64) {
	const zz = z95 * z95
	scale := 1 + zz/n
	middle := (p + zz/(2*n)) / scale
	spread := float64(p*(1-p))/n + zz/float64(4*float64(n*n))
	half := float64(z95*math.Sqrt(spread)) / scale
	// At the ends the formula gives 0 and 1 exactly; what rounding leaves must not trip a bound of 0 or 1.
	low, high = min(p, max(0, middle-half)), max(p, min(1, middle+half))
	if p == 0 {
		low = 0
	}
	if p == 1 {
		high = 1
	}
	return low, high
}

// decimal reads a finite decimal number. It does not know the other spellings that strconv reads: NaN, infinities,
// hexadecimal and underscores.
func decimal(text string) (float64, bool) {
	if value, ok := short(text); ok {
		return value, true
	}
	for i := range len(text) {
		switch c := text[i]; {
		case c >= '0' && c <= '9', c == '.', c == '-', c == '+', c == 'e', c == 'E':
		default:
			return 0, false
		}
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, false
	}
	return value, true
}

// short reads a number of at most 15 digits without an exponent. Its digits and the power of ten are then exact in
// float64, so that one division rounds as strconv does.
func short(text string) (float64, bool) {
	negative := len(text) > 0 && text[0] == '-'
	if negative {
		text = text[1:]
	}
	if len(text) > 16 {
		return 0, false
	}
	// step is what a digit scales by: ten behind the point.
	mantissa, digits, scale, step := int64(0), 0, 1.0, 1.0
	for i := range len(text) {
		switch digit := text[i] - '0'; {
		case digit <= 9:
			mantissa = mantissa*10 + int64(digit)
			scale *= step
			digits++
		case text[i] == '.' && step == 1:
			step = 10
		default:
			return 0, false
		}
	}
	if digits == 0 || digits > 15 {
		return 0, false
	}
	value := float64(mantissa) / scale
	if negative {
		value = -value
	}
	return value, true
}
