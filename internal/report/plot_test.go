// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/scalegate/scalegate/internal/fixture"
)

// criterion is one that is met below clear and failed above trip.
func criterion(clearAt, tripAt string) *Criterion {
	return &Criterion{Metric: "scorer/bio", Direction: "LowerIsSafer", ClearAt: clearAt, TripAt: tripAt, Bound: "Point"}
}

// point is a result of a day with an interval.
func point(day int, value, low, high float64, outcome string) Result {
	r := Result{
		Name: fmt.Sprintf("e-%d", day), Outcome: outcome, Value: strconv.FormatFloat(value, 'g', -1, 64), ValidFromTime: new(fixture.Day(day)),
		value: value, low: low, high: high, plotted: true,
	}
	if low < high {
		r.JudgedLow, r.JudgedHigh = &low, &high
	}
	return r
}

// inFrame fails where something is drawn outside of the frame, or at no place at all.
func inFrame(t *testing.T, p *plot) {
	t.Helper()
	within := func(what string, place, from, until float64) {
		if !(place >= from-0.11 && place <= until+0.11) {
			t.Errorf("%s is at %v, outside of %v to %v", what, place, from, until)
		}
	}
	for _, m := range p.Marks {
		within("a mark", m.X, p.Left, p.Right)
		for _, y := range []float64{m.Y, m.Low, m.High} {
			within("a mark", y, p.Top, p.Base)
		}
		if !(m.High <= m.Y && m.Y <= m.Low) {
			t.Errorf("the value %v is outside of its interval %v to %v", m.Y, m.Low, m.High)
		}
	}
	for _, b := range p.Bounds {
		within("bound "+b.Label, b.At, p.Top, p.Base)
	}
	height := 0.0
	for _, z := range p.Zones {
		within("a zone", z.Top, p.Top, p.Base)
		within("a zone", z.Top+z.Height, p.Top, p.Base)
		within("the name of a zone", z.LabelAt, p.Top, p.Base+4)
		height += z.Height
	}
	if math.Abs(height-(p.Base-p.Top)) > 0.5 {
		t.Errorf("the zones are %v high together, and the frame %v", height, p.Base-p.Top)
	}
	for _, x := range p.XTicks {
		within("a date", x.At, p.Left, p.Right)
	}
	for _, y := range p.YTicks {
		within("a number", y.At, p.Top, p.Base)
	}
	if len(p.YTicks) < 2 || len(p.YTicks) > 13 || len(p.XTicks) < 1 {
		t.Errorf("%d numbers and %d dates", len(p.YTicks), len(p.XTicks))
	}
}

func TestPlots(t *testing.T) {
	var many []Result
	for day := range 400 {
		many = append(many, point(day, 2+math.Sin(float64(day)/20), 1.5+math.Sin(float64(day)/20), 2.5+math.Sin(float64(day)/20), "Clear"))
	}
	for name, test := range map[string]struct {
		criterion *Criterion
		results   []Result
		marks     int
		log       bool
		shapes    string
	}{
		"one point without an interval":        {criterion("2.8", "5"), []Result{point(3, 2.5, 2.5, 2.5, "Clear")}, 1, false, "circle"},
		"one point with an interval":           {criterion("2.8", "5"), []Result{point(3, 2.5, 1.9, 3.1, "Between")}, 1, false, "diamond"},
		"many points":                          {criterion("2.8", "5"), many, 400, false, "circle"},
		"each kind of outcome":                 {criterion("2.8", "5"), []Result{point(1, 1, 1, 1, "Clear"), point(2, 3, 3, 3, "Between"), point(3, 6, 6, 6, "Failed"), point(4, 1, 1, 1, "Revoked")}, 4, false, "circle diamond cross ring"},
		"values that span decades":             {criterion("0.02", "0.2"), []Result{point(1, 0.0004, 0.0001, 0.002, "Clear"), point(9, 0.3, 0.2, 0.4, "Failed")}, 2, true, "circle cross"},
		"values that span decades from zero":   {criterion("0.02", "0.2"), []Result{point(1, 0, 0, 0.002, "Clear"), point(9, 0.3, 0.2, 0.4, "Failed")}, 2, false, "circle cross"},
		"values below zero":                    {criterion("-1", "1"), []Result{point(1, -7, -9, -5, "Clear")}, 1, false, "circle"},
		"a single bound, and the value on it":  {criterion("1", "1"), []Result{point(1, 1, 1, 1, "Between")}, 1, false, "diamond"},
		"all at zero":                          {criterion("0", "0"), []Result{point(1, 0, 0, 0, "Between")}, 1, false, "diamond"},
		"results of one moment":                {criterion("2.8", "5"), []Result{point(3, 2.5, 2.5, 2.5, "Clear"), point(3, 2.6, 2.6, 2.6, "Clear")}, 2, false, "circle"},
		"large numbers":                        {criterion("1e12", "5e12"), []Result{point(1, 2e12, 1e12, 3e12, "Between"), point(40, 6e12, 6e12, 6e12, "Failed")}, 2, false, "diamond cross"},
		"small numbers":                        {criterion("1e-9", "5e-9"), []Result{point(1, 2e-9, 1e-9, 3e-9, "Between")}, 1, false, "diamond"},
		"a result without a number, and a one": {criterion("2.8", "5"), []Result{{Name: "none", Outcome: "Unusable", ValidFromTime: new(fixture.Day(1))}, point(3, 2.5, 2.5, 2.5, "Clear")}, 1, false, "circle"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, direction := range []string{"LowerIsSafer", "HigherIsSafer"} {
				test.criterion.Direction = direction
				p := newPlot("p", &Requirement{Name: "bio", Criterion: test.criterion, Results: test.results})
				if p == nil {
					t.Fatal("nothing is drawn")
				}
				inFrame(t, p)
				var shapes []string
				for _, l := range p.Legend {
					shapes = append(shapes, l.Shape)
				}
				if len(p.Marks) != test.marks || strings.Contains(p.Axis, "logarithmic") != test.log || strings.Join(shapes, " ") != test.shapes {
					t.Errorf("%d marks, axis %q, legend %q", len(p.Marks), p.Axis, shapes)
				}
				if p.Title == "" || !strings.Contains(p.Desc, "bound") && !strings.Contains(p.Desc, "beyond") {
					t.Errorf("it is called %q and described as %q", p.Title, p.Desc)
				}
			}
		})
	}
}

// The zone of a mark is the one that its value lies in, in whichever direction.
func TestPlotsPutResultsIntoTheirZones(t *testing.T) {
	for direction, want := range map[string]string{"LowerIsSafer": zoneClear, "HigherIsSafer": zoneTripped} {
		c := criterion("2", "4")
		if direction == "HigherIsSafer" {
			c = criterion("4", "2")
		}
		c.Direction = direction
		p := newPlot("p", &Requirement{Criterion: c, Results: []Result{point(1, 1, 1, 1, "Clear"), point(2, 3, 3, 3, "Between"), point(3, 5, 5, 5, "Failed")}})
		zoneAt := func(y float64) string {
			i := slices.IndexFunc(p.Zones, func(z zone) bool { return y >= z.Top && y <= z.Top+z.Height })
			return p.Zones[i].Class
		}
		if got := zoneAt(p.Marks[0].Y); got != want {
			t.Errorf("%s: the lowest value is in zone %s", direction, got)
		}
		if got := zoneAt(p.Marks[1].Y); got != zoneBetween {
			t.Errorf("%s: the value in the middle is in zone %s", direction, got)
		}
	}
}

func TestPlotsKeepNamesOfBoundsApart(t *testing.T) {
	c := criterion("0.020", "0.021")
	c.AlertAt = "0.0195"
	p := newPlot("p", &Requirement{Criterion: c, Results: []Result{point(1, 0.9, 0.9, 0.9, "Failed")}})
	if len(p.Bounds) != 3 {
		t.Fatalf("got %+v", p.Bounds)
	}
	for i := 1; i < len(p.Bounds); i++ {
		if p.Bounds[i].LabelAt-p.Bounds[i-1].LabelAt < labelHeight-0.1 {
			t.Errorf("%s is upon %s", p.Bounds[i].Label, p.Bounds[i-1].Label)
		}
	}
}

func TestNothingIsDrawnOfNothing(t *testing.T) {
	for name, q := range map[string]Requirement{
		"an approval":              {},
		"no results":               {Criterion: criterion("1", "2")},
		"no number":                {Criterion: criterion("1", "2"), Results: []Result{{ValidFromTime: new(time.Time{})}}},
		"bounds that are none":     {Criterion: criterion("one", "2"), Results: []Result{point(1, 1, 1, 1, "Clear")}},
		"a bound that is infinite": {Criterion: criterion("1", "Inf"), Results: []Result{point(1, 1, 1, 1, "Clear")}},
		"a span beyond all":        {Criterion: criterion("-1.7e308", "1.7e308"), Results: []Result{point(1, 1, 1, 1, "Clear")}},
	} {
		t.Run(name, func(t *testing.T) {
			if p := newPlot("p", &q); p != nil {
				t.Errorf("got %+v", p)
			}
		})
	}
}

func FuzzPlot(f *testing.F) {
	f.Add(2.5, 1.9, 3.1, 2.8, 5.0, 3, 9)
	f.Add(0.0, 0.0, 0.0, 0.0, 0.0, 0, 0)
	f.Add(1e-300, 1e-308, 1e300, 1e-5, 1e5, 1, 100000)
	f.Add(1.0, 1.0, 1.0000000000000002, 1.0, 1.0, 5, 5)
	f.Add(-3.0, -4.0, -2.0, -1.0, 7.0, 0, 1)
	f.Fuzz(func(t *testing.T, value, low, high, clearAt, tripAt float64, first, second int) {
		for _, x := range []float64{value, low, high, clearAt, tripAt} {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				t.Skip("measurements are finite")
			}
		}
		if low > value || high < value || clearAt > tripAt || first < 0 || second < 0 || first > 1e5 || second > 1e5 {
			t.Skip("it is no interval, no pair of bounds, or no day")
		}
		c := criterion(strconv.FormatFloat(clearAt, 'g', -1, 64), strconv.FormatFloat(tripAt, 'g', -1, 64))
		p := newPlot("p", &Requirement{Criterion: c, Results: []Result{point(first, value, low, high, "Clear"), point(second, low, low, low, "Failed")}})
		if p == nil {
			return
		}
		for _, m := range p.Marks {
			for _, place := range []float64{m.X, m.Y, m.Low, m.High} {
				if !(place >= -0.2 && place <= plotWidth+0.2) {
					t.Fatalf("a mark is at %v", place)
				}
			}
		}
		for _, ticks := range [][]tick{p.XTicks, p.YTicks} {
			if len(ticks) > 13 {
				t.Fatalf("%d ticks", len(ticks))
			}
			for _, x := range ticks {
				if math.IsNaN(x.At) || math.IsInf(x.At, 0) || strings.Contains(x.Label, "NaN") {
					t.Fatalf("a tick is %+v", x)
				}
			}
		}
	})
}
