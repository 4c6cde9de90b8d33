// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"math"
	"strconv"
	"strings"
	"testing"
)

// wantUnfinished fails unless the file is read as that of a run that did not end well, for a reason that
// holds the words.
func wantUnfinished(t *testing.T, text, words string) {
	t.Helper()
	m, err := readText(text)
	if err != nil {
		t.Fatal(err)
	}
	if m.Finished || m.EndMarker != "" || words == "" || !strings.Contains(m.Unfinished, words) {
		t.Errorf("finished %v, unfinished %q; want it to say %q", m.Finished, m.Unfinished, words)
	}
}

func TestMean(t *testing.T) {
	for name, test := range map[string]struct {
		values []decimal
		want   string
	}{
		"nothing":                              {nil, ""},
		"no value":                             {[]decimal{""}, ""},
		"one value as it is":                   {[]decimal{"0.45"}, "0.45"},
		"values without data are left out":     {[]decimal{"0.25", "", "0.5"}, "0.375"},
		"binary fractions do not creep in":     {[]decimal{"0.1", "0.2"}, "0.15"},
		"a mean without an end is rounded":     {[]decimal{"0", "0", "1"}, "0.33333333333333333"},
		"rounding up":                          {[]decimal{"0", "1", "1"}, "0.66666666666666667"},
		"half to even, which is down here":     {[]decimal{"1", "0.0000000000000000", "2.0000000000000001"}, "1"},
		"negative values":                      {[]decimal{"-1", "-1", "0"}, "-0.66666666666666667"},
		"values that cancel out":               {[]decimal{"-1.5", "1.5"}, "0"},
		"large values":                         {[]decimal{"100000000000000000000", "300000000000000000000"}, "200000000000000000000"},
		"values of very different size":        {[]decimal{"100000000000000000000", "0.00000000000000000001"}, "50000000000000000000"},
		"digits beyond those of any computer":  {[]decimal{"0.12345678901234567890123"}, "0.12345678901234568"},
		"nines that round to the next power":   {[]decimal{"0.99999999999999999999"}, "1"},
		"half to even upwards":                 {[]decimal{"0.000000000000000015", "0.10000000000000003"}, "0.050000000000000022"},
		"half to even where the digit is even": {[]decimal{"0.10000000000000000", "0.1000000000000000050"}, "0.1"},
	} {
		t.Run(name, func(t *testing.T) {
			var m mean
			for _, v := range test.values {
				m.add(v)
			}
			if got := m.value(); got != test.want {
				t.Errorf("mean of %q = %q, want %q", test.values, got, test.want)
			}
		})
	}
}

func TestMeanOfFractions(t *testing.T) {
	var m mean
	for _, f := range [][2]int64{{1, 3}, {2, 3}, {0, 7}, {7, 7}} {
		m.addFraction(f[0], f[1])
	}
	if got := m.value(); got != "0.5" {
		t.Errorf("mean = %q, want 0.5", got)
	}
	var weights mean
	weights.add("0.5")
	weights.add("1.5")
	if got := m.over(&weights); got != "1" {
		t.Errorf("sum over weights = %q, want 1", got)
	}
	if got := m.over(&mean{}); got != "" {
		t.Errorf("sum over nothing = %q, want no data", got)
	}
}

// FuzzMean holds the exact mean against that of floating-point numbers.
func FuzzMean(f *testing.F) {
	f.Add(0.1, 0.2, 0.7)
	f.Add(-1e-9, 1e9, 0.0)
	f.Fuzz(func(t *testing.T, a, b, c float64) {
		var m mean
		want, n := 0.0, 0.0
		for _, v := range []float64{a, b, c} {
			d := decimal(plainDecimal(strconv.FormatFloat(v, 'g', -1, 64)))
			if math.IsNaN(v) || math.IsInf(v, 0) || d == "" || math.Abs(v) > 1e300 || v != 0 && math.Abs(v) < 1e-45 {
				continue
			}
			m.add(d)
			want += v
			n++
		}
		if n == 0 {
			if m.value() != "" {
				t.Fatalf("mean of nothing = %q", m.value())
			}
			return
		}
		got, err := strconv.ParseFloat(m.value(), 64)
		largest := max(math.Abs(a), math.Abs(b), math.Abs(c), math.SmallestNonzeroFloat64)
		if err != nil || !plain.MatchString(m.value()) || math.Abs(got-want/n) > largest*1e-12 {
			t.Fatalf("mean of %v, %v, %v = %q, want %v", a, b, c, m.value(), want/n)
		}
	})
}
