// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

func TestZones(t *testing.T) {
	lower, higher := v1alpha1.LowerIsSafer, v1alpha1.HigherIsSafer
	for name, test := range map[string]struct {
		direction     v1alpha1.Direction
		clearAt, trip v1alpha1.Decimal
		low, high     float64
		want          zone
	}{
		"wholly below clearAt is clear when lower is safer":                  {lower, "0.2", "0.5", 0.1, 0.19, zoneMet},
		"a high end at clearAt is not beyond it":                             {lower, "0.2", "0.5", 0.1, 0.2, zoneIndeterminate},
		"a low end at tripAt is not beyond it":                               {lower, "0.2", "0.5", 0.5, 0.7, zoneIndeterminate},
		"wholly above tripAt fails when lower is safer":                      {lower, "0.2", "0.5", 0.51, 0.7, zoneFailed},
		"an interval across both bounds is indeterminate":                    {lower, "0.2", "0.5", 0.1, 0.6, zoneIndeterminate},
		"wholly above clearAt is clear when higher is safer":                 {higher, "0.9", "0.8", 0.91, 0.95, zoneMet},
		"a low end at clearAt is not beyond it when higher is safer":         {higher, "0.9", "0.8", 0.9, 0.95, zoneIndeterminate},
		"a high end at tripAt is not beyond it when higher is safer":         {higher, "0.9", "0.8", 0.7, 0.8, zoneIndeterminate},
		"wholly below tripAt fails when higher is safer":                     {higher, "0.9", "0.8", 0.7, 0.79, zoneFailed},
		"without tripAt what is beyond clearAt on the unsafe side fails":     {lower, "0.2", "", 0.21, 0.21, zoneFailed},
		"without tripAt a value at clearAt is neither":                       {lower, "0.2", "", 0.2, 0.2, zoneIndeterminate},
		"negative bounds keep their order":                                   {lower, "-0.5", "-0.1", -0.7, -0.6, zoneMet},
		"negative bounds keep their order when higher is safer":              {higher, "-0.1", "-0.5", -0.7, -0.6, zoneFailed},
		"an end that is NaN is never clear":                                  {lower, "0.2", "0.5", math.NaN(), 0.1, zoneIndeterminate},
		"another end that is NaN is never clear":                             {lower, "0.2", "0.5", 0.1, math.NaN(), zoneIndeterminate},
		"NaN is never clear when higher is safer":                            {higher, "0.9", "0.8", math.NaN(), math.NaN(), zoneIndeterminate},
		"an interval that is upside down is never clear":                     {lower, "0.2", "0.5", 0.6, 0.1, zoneIndeterminate},
		"decimals that fall on the same float64 as the bound are not beyond": {lower, "0.2", "0.5", 0, 0.2 - 1e-18, zoneIndeterminate},
	} {
		t.Run(name, func(t *testing.T) {
			var c criterion
			problem := c.load(&v1alpha1.EvaluationCriterion{
				Direction: test.direction, ClearAt: test.clearAt, TripAt: test.trip, Bound: v1alpha1.BoundPoint,
			})
			if problem != "" {
				t.Fatalf("the criterion has a problem: %s", problem)
			}
			if got := c.place(test.low, test.high); got != test.want {
				t.Errorf("[%v, %v] is in zone %d, want %d", test.low, test.high, got, test.want)
			}
		})
	}
}

func TestWilson(t *testing.T) {
	for name, test := range map[string]struct{ p, n, low, high float64 }{
		"15 of 46 as published":               {15.0 / 46, 46, 0.209, 0.470},
		"8 of 29 as published":                {8.0 / 29, 29, 0.147, 0.457},
		"none of one says little":             {0, 1, 0, 0.793},
		"all of one says little":              {1, 1, 0.207, 1},
		"none of a thousand still is a bound": {0, 1000, 0, 0.0038},
	} {
		t.Run(name, func(t *testing.T) {
			low, high := wilson(test.p, test.n)
			if math.Abs(low-test.low) > 5e-4 || math.Abs(high-test.high) > 5e-4 {
				t.Errorf("wilson(%v, %v) = %v, %v, want %v, %v", test.p, test.n, low, high, test.low, test.high)
			}
		})
	}
	t.Run("what rounding leaves trips no bound at an end", func(t *testing.T) {
		for n := 1.0; n < 5000; n++ {
			if low, _ := wilson(0, n); low != 0 {
				t.Errorf("the low end of 0 of %v is %v", n, low)
			}
			if _, high := wilson(1, n); high != 1 {
				t.Errorf("the high end of %v of %v is %v", n, n, high)
			}
		}
	})
}

func TestInterval(t *testing.T) {
	type ends struct {
		Low, High float64
		Flaw      flaw
	}
	judged := new(int64(100))
	for name, test := range map[string]struct {
		bound v1alpha1.Bound
		value float64
		m     v1alpha1.Measurement
		want  ends
	}{
		"a point is its value":                            {v1alpha1.BoundPoint, 0.3, v1alpha1.Measurement{}, ends{0.3, 0.3, flawNone}},
		"a reported interval is taken as it is":           {v1alpha1.BoundReported95, 0.3, v1alpha1.Measurement{IntervalLow: "0.1", IntervalHigh: "0.4"}, ends{0.1, 0.4, flawNone}},
		"a reported interval wins over a standard error":  {v1alpha1.BoundReported95, 0.3, v1alpha1.Measurement{IntervalLow: "0.1", IntervalHigh: "0.4", StandardError: "1"}, ends{0.1, 0.4, flawNone}},
		"a standard error gives the interval":             {v1alpha1.BoundReported95, 5, v1alpha1.Measurement{StandardError: "1"}, ends{5 - z95, 5 + z95, flawNone}},
		"one end alone is no interval":                    {v1alpha1.BoundReported95, 0.3, v1alpha1.Measurement{IntervalLow: "0.1"}, ends{Flaw: flawStandardError}},
		"a standard error of zero says nothing":           {v1alpha1.BoundReported95, 0.3, v1alpha1.Measurement{StandardError: "0.0"}, ends{Flaw: flawStandardError}},
		"a negative standard error says nothing":          {v1alpha1.BoundReported95, 0.3, v1alpha1.Measurement{StandardError: "-1"}, ends{Flaw: flawStandardError}},
		"no standard error says nothing":                  {v1alpha1.BoundReported95, 0.3, v1alpha1.Measurement{}, ends{Flaw: flawStandardError}},
		"a standard error that is NaN says nothing":       {v1alpha1.BoundReported95, 0.3, v1alpha1.Measurement{StandardError: "NaN"}, ends{Flaw: flawStandardError}},
		"a standard error beyond all bounds says nothing": {v1alpha1.BoundReported95, 0.3, v1alpha1.Measurement{StandardError: "1e308"}, ends{Flaw: flawStandardError}},
		"an interval has its value inside":                {v1alpha1.BoundReported95, 0.5, v1alpha1.Measurement{IntervalLow: "0.1", IntervalHigh: "0.4"}, ends{Flaw: flawInterval}},
		"an interval has numbers at its ends":             {v1alpha1.BoundReported95, 0.3, v1alpha1.Measurement{IntervalLow: "NaN", IntervalHigh: "0.4"}, ends{Flaw: flawInterval}},
		"Wilson is for proportions":                       {v1alpha1.BoundWilson95, 1.1, v1alpha1.Measurement{Judged: judged}, ends{Flaw: flawProportion}},
		"Wilson is for proportions above zero":            {v1alpha1.BoundWilson95, -0.1, v1alpha1.Measurement{Judged: judged}, ends{Flaw: flawProportion}},
		"Wilson needs a count":                            {v1alpha1.BoundWilson95, 0.1, v1alpha1.Measurement{}, ends{Flaw: flawProportion}},
	} {
		t.Run(name, func(t *testing.T) {
			c := criterion{spec: &v1alpha1.EvaluationCriterion{Bound: test.bound}}
			var got ends
			got.Low, got.High, got.Flaw = c.interval(test.value, &test.m)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestDecimal(t *testing.T) {
	for text, want := range map[string]float64{"2.8": 2.8, "-0.05": -0.05, "0": 0, "1e-3": 0.001, ".5": 0.5} {
		if got, ok := decimal(text); !ok || got != want {
			t.Errorf("decimal(%q) = %v, %v, want %v", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "NaN", "nan", "Inf", "-Infinity", "0x1p-2", "1_000", "1e999", "1,5", " 1", "1-2", "e"} {
		if got, ok := decimal(text); ok {
			t.Errorf("decimal(%q) = %v, want none", text, got)
		}
	}
}

func FuzzDecimal(f *testing.F) {
	for _, text := range []string{"0.1", "-2.85", "999999999999999", "0.000000000000001", "-0", "1.", ".5", ".", "1e3", "0x1", "9007199254740993", "NaN", "1_0"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := decimal(text)
		want, err := strconv.ParseFloat(text, 64)
		if ok && (err != nil || math.Float64bits(got) != math.Float64bits(want) || math.IsNaN(got) || math.IsInf(got, 0)) {
			t.Errorf("decimal(%q) = %v, and strconv reads %v, %v", text, got, want, err)
		}
		if plain := strings.Trim(text, "0123456789.-+eE") == ""; plain && err == nil && !ok {
			t.Errorf("decimal(%q) reads nothing, and strconv %v", text, want)
		}
	})
}
