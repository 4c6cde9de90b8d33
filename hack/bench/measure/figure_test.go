// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package measure

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
)

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 1: "1", 0.0444: "0.044", 0.45: "0.45", 1.234: "1.23", 12.34: "12.3", 123.4: "123", 123456: "123456", -0.5: "-0.50",
		0.00123: "0.0012", 0.999: "1.00",
	} {
		if got := number(v); got != want {
			t.Errorf("%v is written %s, want %s", v, got, want)
		}
	}
}

func TestMissed(t *testing.T) {
	for name, test := range map[string]struct {
		value, aim float64
		want       bool
	}{
		"less than the aim is no miss":         {0.4, 0.45, false},
		"the aim itself is no miss":            {0.45, 0.45, false},
		"more than the aim is one":             {0.46, 0.45, true},
		"without an aim there is none":         {100, NoAim, false},
		"an aim of nothing is missed by a bit": {1, 0, true},
		"what is no number misses its aim":     {math.NaN(), 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			if f := (Figure{Value: test.value, Aim: test.aim}); f.Missed() != test.want {
				t.Errorf("got %t, want %t", f.Missed(), test.want)
			}
		})
	}
}

func TestTable(t *testing.T) {
	figures := []Figure{
		{
			Name: "open-100", Value: 1.5, Low: 1.4, High: 1.6, Noise: 0.013, Aim: 1.3, Scale: "ms",
			Ours: Distribution{N: 20, Median: 300, P99: 400.25}, Floor: Distribution{N: 20, Median: 200, P99: 250}, Note: "a note",
		},
		{Name: "decide", Value: 9.5, Unit: "µs", Noise: NoNoise, Aim: 10},
		{Name: "bytes", Value: 1234, Unit: "B", Noise: NoNoise, Aim: NoAim},
	}
	var out strings.Builder
	if err := Table(&out, figures); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimRight(out.String(), "\n"), "\n")
	want := []string{
		"NAME VALUE SPREAD A/A NOISE AIM OURS P50 P99 FLOOR P50 P99 IN N NOTE",
		"open-100 1.50 1.40 to 1.60 1.30 % <= 1.30 missed 300 400 200 250 ms 20 a note",
		"decide 9.50 µs - - <= 10 - - - - 0",
		"bytes 1234 B - - - - - - - 0",
	}
	if len(lines) != len(want) {
		t.Fatalf("there are %d lines, want %d:\n%s", len(lines), len(want), out.String())
	}
	for i, line := range lines {
		if got := strings.Join(strings.Fields(line), " "); got != want[i] {
			t.Errorf("line %d is\n%s\nwant\n%s", i, got, want[i])
		}
	}
}

func TestJSON(t *testing.T) {
	var out strings.Builder
	figures := []Figure{{Name: "open-100", Value: 1.5, Aim: 1.3}, {Name: "idle-writes", Value: 0, Aim: 0}}
	if err := WriteJSON(&out, figures); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Ratios  map[string]float64
		Figures []Figure
	}
	if err := json.Unmarshal([]byte(out.String()), &got); err != nil {
		t.Fatal(err)
	}
	if value, there := got.Ratios["idle-writes"]; !there || value != 0 || got.Ratios["open-100"] != 1.5 || len(got.Ratios) != 2 {
		t.Errorf("the ratios are %v", got.Ratios)
	}
	if len(got.Figures) != 2 || got.Figures[0] != figures[0] || got.Figures[1] != figures[1] {
		t.Errorf("the figures are %+v", got.Figures)
	}
	whole := out.String()
	for name, more := range map[string]Figure{
		"open-100 was measured twice": figures[0],
		"the figure nothing":          {Name: "nothing", Value: math.NaN()},
		"the figure endless":          {Name: "endless", High: math.Inf(1)},
	} {
		out.Reset()
		if err := WriteJSON(&out, append(figures[:2:2], more)); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("want an error that says %q, got %v", name, err)
		}
		if out.String() != whole {
			t.Errorf("beside a figure that cannot be written the others are\n%s\nwant\n%s", out.String(), whole)
		}
	}
	out.Reset()
	if err := WriteJSON(&out, nil); err != nil || !strings.Contains(out.String(), `"ratios": {}`) {
		t.Errorf("no figures are written as %s, %v", out.String(), err)
	}
}
