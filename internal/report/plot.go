// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
)

// Size of a plot, and of the margins around its frame. On the right is room for the names of bounds and zones.
const (
	plotWidth, plotHeight   = 760.0, 300.0
	plotLeft, plotRight     = 64.0, 148.0
	plotTop, plotBottom     = 14.0, 40.0
	frameRight, frameBottom = plotWidth - plotRight, plotHeight - plotBottom
	labelHeight             = 15.0
	markSize                = 5.5
	// plotGutter is room within the frame, left of the first result, for the names of zones.
	plotGutter                          = 84.0
	zoneClear, zoneBetween, zoneTripped = "clear", "between", "tripped"
)

// plot is a picture of results against bounds, ready to be drawn: places are in units of its view box, from the top left.
type plot struct {
	// ID is unique in the page.
	ID          string
	Title, Desc string
	Width       float64
	Height      float64
	Left, Top   float64
	Right, Base float64
	Zones       []zone
	Bounds      []bound
	Marks       []mark
	XTicks      []tick
	YTicks      []tick
	// Axis names the vertical axis.
	Axis string
	// Legend has a mark of each kind that occurs.
	Legend []mark
}

// zone is a band in which results are judged alike.
type zone struct {
	Class       string
	Top, Height float64
	Label       string
	LabelAt     float64
}

// bound is a line that results are held against.
type bound struct {
	Class   string
	At      float64
	Label   string
	LabelAt float64
}

// mark is one result.
type mark struct {
	X, Y      float64
	Low, High float64
	// Whiskers: the interval is wider than the value.
	Whiskers bool
	// Shape is circle, diamond, cross or ring.
	Shape string
	// Path is the outline, for shapes that are no circles.
	Path    string
	Decides bool
	Title   string
	Label   string
}

// newPlot draws the results of a requirement; nil where there is nothing to draw.
func newPlot(id string, q *Requirement) *plot {
	if q.Criterion == nil {
		return nil
	}
	bounds, values, ok := boundsOf(q.Criterion)
	if !ok {
		return nil
	}
	var times []time.Time
	var drawn []*Result
	for i := range q.Results {
		if r := &q.Results[i]; r.plotted && r.ValidFromTime != nil {
			drawn = append(drawn, r)
			values, times = append(values, r.value, r.low, r.high), append(times, *r.ValidFromTime)
		}
	}
	if len(drawn) == 0 {
		return nil
	}
	y, ok := newScale(values, frameBottom, plotTop)
	if !ok {
		return nil
	}
	x := newTimeScale(times, plotLeft+plotGutter, frameRight)
	p := &plot{
		ID: id, Width: plotWidth, Height: plotHeight, Left: plotLeft, Top: plotTop, Right: frameRight, Base: frameBottom,
		Title: q.Name + ": " + q.Criterion.Metric + " against its bounds", Desc: describe(q, drawn),
		XTicks: x.ticks(5), YTicks: y.ticks(6), Axis: q.Criterion.Metric,
	}
	if y.log {
		p.Axis += " (logarithmic)"
	}
	p.bounds(bounds, y)
	p.zones(q.Criterion, y)
	for _, r := range drawn {
		p.Marks = append(p.Marks, markOf(r, x, y))
	}
	p.legend(drawn)
	return p
}

// boundValue is a bound with its number.
type boundValue struct {
	class, label string
	value        float64
}

// boundsOf are the bounds of a criterion; false where one is no number.
func boundsOf(c *Criterion) ([]boundValue, []float64, bool) {
	all := []boundValue{{class: "clear-at", label: "clear at " + c.ClearAt}}
	texts := []string{c.ClearAt}
	if c.TripAt != c.ClearAt {
		all, texts = append(all, boundValue{class: "trip-at", label: "trip at " + c.TripAt}), append(texts, c.TripAt)
	} else {
		all[0].label = "clear and trip at " + c.ClearAt
	}
	if c.AlertAt != "" && c.AlertAt != c.ClearAt {
		all, texts = append(all, boundValue{class: "alert-at", label: "alert at " + c.AlertAt}), append(texts, c.AlertAt)
	}
	var values []float64
	for i, text := range texts {
		value, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(value) || math.IsInf(value, 0) {
			return nil, nil, false
		}
		all[i].value = value
		values = append(values, value)
	}
	return all, values, true
}

// zones shades what is favourable, unfavourable and neither.
func (p *plot) zones(c *Criterion, y scale) {
	clearAt, _ := strconv.ParseFloat(c.ClearAt, 64)
	tripAt, _ := strconv.ParseFloat(c.TripAt, 64)
	top, bottom := y.at(max(clearAt, tripAt)), y.at(min(clearAt, tripAt))
	upper, lower := zone{Class: zoneTripped, Label: "fails"}, zone{Class: zoneClear, Label: "meets"}
	if c.Direction == string(v1alpha1.HigherIsSafer) {
		upper, lower = lower, upper
	}
	add := func(z zone, from, until float64) {
		if z.Top, z.Height = from, round(until-from); z.Height <= 0 {
			return
		}
		if z.LabelAt = p.placeFor(z); z.Height < labelHeight {
			z.Label = ""
		}
		p.Zones = append(p.Zones, z)
	}
	add(upper, p.Top, top)
	add(zone{Class: zoneBetween, Label: "shows neither"}, top, bottom)
	add(lower, bottom, p.Base)
}

// placeFor is where in a zone its name is furthest from all lines: in the middle, at the top or at the bottom.
func (p *plot) placeFor(z zone) float64 {
	best, room := 0.0, math.Inf(-1)
	for _, at := range []float64{z.Top + z.Height/2, z.Top + labelHeight*0.6, z.Top + z.Height - labelHeight*0.6} {
		nearest := math.Inf(1)
		for i := range p.Bounds {
			nearest = min(nearest, math.Abs(p.Bounds[i].At-at))
		}
		if nearest > room+labelHeight || math.IsInf(room, -1) {
			best, room = at, nearest
		}
	}
	return round(best + 4)
}

// bounds draws lines, with their names beside them and none upon another.
func (p *plot) bounds(all []boundValue, y scale) {
	for _, b := range all {
		p.Bounds = append(p.Bounds, bound{Class: b.class, Label: b.label, At: y.at(b.value)})
	}
	slices.SortFunc(p.Bounds, func(a, b bound) int { return cmp.Compare(a.At, b.At) })
	last := math.Inf(-1)
	for i := range p.Bounds {
		b := &p.Bounds[i]
		b.LabelAt = round(max(b.At+4, last+labelHeight))
		last = b.LabelAt
	}
}

// shapeOf is the shape of an outcome. What does not count is a ring.
func shapeOf(outcome string) (shape, label string) {
	switch gate.Outcome(outcome) {
	case gate.OutcomeClear:
		return "circle", "meets it"
	case gate.OutcomeBetween:
		return "diamond", "shows neither"
	case gate.OutcomeFailed:
		return "cross", "fails"
	case gate.OutcomeUnaccepted, gate.OutcomeRevoked, gate.OutcomeUnusable, gate.OutcomeUnjudged, gate.OutcomeAwaited:
	}
	return "ring", "does not count"
}

func markOf(r *Result, x timeScale, y scale) mark {
	m := mark{X: x.at(*r.ValidFromTime), Y: y.at(r.value), Low: y.at(r.low), High: y.at(r.high), Decides: r.Decides}
	m.Whiskers = r.high > r.low
	m.Shape, m.Label = shapeOf(r.Outcome)
	m.Path = outline(m.Shape, m.X, m.Y)
	m.Title = fmt.Sprintf("%s: %s%s, %s, %s", r.Name, r.Value, intervalText(r), date(*r.ValidFromTime), m.Label)
	return m
}

// outline is the path of a shape around a place; empty for those that are circles.
func outline(shape string, x, y float64) string {
	at := func(dx, dy float64) string { return fmt.Sprintf("%g %g", round(x+dx*markSize), round(y+dy*markSize)) }
	switch shape {
	case "diamond":
		return "M" + at(0, -1.25) + "L" + at(1.25, 0) + "L" + at(0, 1.25) + "L" + at(-1.25, 0) + "Z"
	case "cross":
		return "M" + at(-1, -1) + "L" + at(1, 1) + "M" + at(-1, 1) + "L" + at(1, -1)
	}
	return ""
}

// intervalText is the interval that was compared, behind a value.
func intervalText(r *Result) string {
	if text := r.Compared(); text != "" {
		return " (" + text + ")"
	}
	return ""
}

// legend has each shape that occurs once, in a fixed order.
func (p *plot) legend(drawn []*Result) {
	seen := map[string]bool{}
	for _, r := range drawn {
		shape, _ := shapeOf(r.Outcome)
		seen[shape] = true
	}
	for _, outcome := range []gate.Outcome{gate.OutcomeClear, gate.OutcomeBetween, gate.OutcomeFailed, gate.OutcomeUnaccepted} {
		shape, label := shapeOf(string(outcome))
		if seen[shape] {
			m := mark{Shape: shape, Label: label, X: 8, Y: 8}
			m.Path = outline(shape, m.X, m.Y)
			p.Legend = append(p.Legend, m)
		}
	}
	if slices.ContainsFunc(p.Marks, func(m mark) bool { return m.Decides }) {
		p.Legend = append(p.Legend, mark{Shape: "none", Label: "decides", X: 8, Y: 8, Decides: true})
	}
}

// describe says in words what the picture shows.
func describe(q *Requirement, drawn []*Result) string {
	c := q.Criterion
	text := fmt.Sprintf("%s of %s. %s is safer; beyond %s a result meets the requirement, beyond %s it fails.",
		counted(len(drawn), "result", "results"), c.Metric, map[bool]string{true: "Higher", false: "Lower"}[c.Direction == string(v1alpha1.HigherIsSafer)],
		c.ClearAt, c.TripAt)
	last := drawn[len(drawn)-1]
	_, label := shapeOf(last.Outcome)
	return text + fmt.Sprintf(" The latest, %s, is %s%s and %s.", last.Name, last.Value, intervalText(last), label)
}
