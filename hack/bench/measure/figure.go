// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package measure

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"text/tabwriter"
)

// Figure is what was measured of one thing: a ratio, or a number where there is no floor.
type Figure struct {
	// Name is how the documentation and the guards call it, such as open-100.
	Name string `json:"name"`
	// Value is the ratio of ours to the floor's, or the number in Unit.
	Value float64 `json:"value"`
	// Low and High are the interval that Value lies in, 95 times in 100; both 0 where one run says it all.
	Low  float64 `json:"low,omitempty"`
	High float64 `json:"high,omitempty"`
	// Noise is how far the floor is from itself, measured twice in the same run: 0.01 for one in a hundred. Negative where
	// it was not measured.
	Noise float64 `json:"noise"`
	// Unit of Value; empty for a ratio.
	Unit string `json:"unit,omitempty"`
	// Aim is the most that Value should be; negative where there is no aim.
	Aim float64 `json:"aim"`
	// Ours and Floor are what was compared, in Scale.
	Ours  Distribution `json:"ours"`
	Floor Distribution `json:"floor"`
	// Scale is the unit of Ours and Floor, such as ms or MiB.
	Scale string `json:"scale,omitempty"`
	// Note is what else is to be known.
	Note string `json:"note,omitempty"`
}

// NoAim is the Aim of a figure that has none, and NoNoise the Noise where none was measured.
const (
	NoAim   = -1
	NoNoise = -1
)

// Distribution is what remains of samples.
type Distribution struct {
	N      int     `json:"n"`
	Median float64 `json:"median"`
	P99    float64 `json:"p99"`
}

// Of sums samples up, each times factor: 1000 makes milliseconds of seconds.
func Of(s Samples, factor float64) Distribution {
	return Distribution{N: len(s), Median: s.Median() * factor, P99: s.Quantile(0.99) * factor}
}

// milliseconds in a second.
const milliseconds = 1000

// Ratio compares the medians of times in seconds. again is the floor once more, for the noise; nil where it was not
// measured twice.
func Ratio(name string, aim float64, ours, floor, again Samples) Figure {
	f := Figure{
		Name: name, Aim: aim, Noise: NoNoise, Scale: "ms",
		Ours: Of(ours, milliseconds), Floor: Of(floor, milliseconds),
	}
	ratio := func(groups ...Samples) float64 { return groups[0].Median() / groups[1].Median() }
	f.Value = ratio(ours, floor)
	f.Low, f.High = Spread(ratio, ours, floor)
	if len(again) > 0 {
		f.Noise = math.Abs(again.Median()/floor.Median() - 1)
	}
	return f
}

// Missed tells whether an aim was missed. What is no number, such as a ratio to nothing, misses it.
func (f *Figure) Missed() bool { return f.Aim >= 0 && !(f.Value <= f.Aim) }

// Table prints figures for people to read.
func Table(w io.Writer, figures []Figure) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "NAME\tVALUE\tSPREAD\tA/A NOISE\tAIM\tOURS P50\tP99\tFLOOR P50\tP99\tIN\tN\tNOTE")
	for i := range figures {
		f := &figures[i]
		aim, spread, noise := "-", "-", "-"
		if f.Aim >= 0 {
			aim = "<= " + number(f.Aim)
			if f.Missed() {
				aim += " missed"
			}
		}
		if f.Low != 0 || f.High != 0 {
			spread = number(f.Low) + " to " + number(f.High)
		}
		if f.Noise >= 0 {
			noise = number(100*f.Noise) + " %"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%d\t%s\n", f.Name, with(number(f.Value), f.Unit), spread, noise, aim,
			f.pair(f.Ours), f.pair(f.Floor), f.Scale, f.Ours.N, f.Note)
	}
	return t.Flush()
}

func (f *Figure) pair(d Distribution) string {
	if d.N == 0 {
		return "-\t-"
	}
	return number(d.Median) + "\t" + number(d.P99)
}

func with(number, unit string) string {
	if unit == "" {
		return number
	}
	return number + " " + unit
}

// number has two or three digits that mean something, and no exponent.
func number(v float64) string {
	digits := 2
	switch size := math.Abs(v); {
	case size > 0 && size < 0.1:
		digits = 1 - int(math.Floor(math.Log10(size)))
	case size >= 100 || v == math.Trunc(v):
		digits = 0
	case size >= 10:
		digits = 1
	}
	return strconv.FormatFloat(v, 'f', digits, 64)
}

// report is the form in which figures are written for programs.
type report struct {
	// Ratios are the values by name.
	Ratios  map[string]float64 `json:"ratios"`
	Figures []Figure           `json:"figures"`
}

// WriteJSON writes figures for programs to read: the values by name under "ratios", and all of it under "figures". One that
// JSON does not hold, or whose name another has, is left out, and told by the error; the others are written.
func WriteJSON(w io.Writer, figures []Figure) error {
	r := report{Ratios: map[string]float64{}, Figures: []Figure{}}
	var errs []error
	for i := range figures {
		f := &figures[i]
		if _, twice := r.Ratios[f.Name]; twice {
			errs = append(errs, fmt.Errorf("writing figures: %s was measured twice", f.Name))
			continue
		}
		if _, err := json.Marshal(f); err != nil {
			errs = append(errs, fmt.Errorf("writing the figure %s: %w", f.Name, err))
			continue
		}
		r.Ratios[f.Name] = f.Value
		r.Figures = append(r.Figures, *f)
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return errors.Join(append(errs, e.Encode(r))...)
}
