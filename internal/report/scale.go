// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"math"
	"slices"
	"strconv"
	"time"
)

// scale maps values to places on an axis, which go from start to end.
type scale struct {
	low, high  float64
	start, end float64
	// log: equal ratios are equally long.
	log bool
}

// decades is how many powers of ten values have to span for the scale to be logarithmic.
const decades = 2

// newScale spans values, with some room at both ends; false where no scale does. None of the values is NaN.
func newScale(values []float64, start, end float64) (scale, bool) {
	s := scale{low: slices.Min(values), high: slices.Max(values), start: start, end: end}
	if s.low > 0 && s.high/s.low >= math.Pow10(decades) {
		s.log = true
		s.low, s.high = math.Log10(s.low), math.Log10(s.high)
	}
	room := 0.08 * (s.high - s.low)
	if room == 0 {
		room = max(math.Abs(s.low)/2, 1e-9)
	}
	low := s.low - room
	if !s.log && s.low >= 0 {
		// What cannot be negative gets no negative room.
		low = max(0, low)
	}
	s.low, s.high = low, s.high+room
	span := s.high - s.low
	return s, span > 0 && !math.IsInf(span, 0) && !math.IsNaN(span)
}

// at is the place of a value.
func (s scale) at(value float64) float64 {
	if s.log {
		value = math.Log10(value)
	}
	return round(s.start + (value-s.low)/(s.high-s.low)*(s.end-s.start))
}

// tick is a mark at an axis.
type tick struct {
	At    float64
	Label string
}

// ticks are marks at round values, about as many as asked for.
func (s scale) ticks(about int) []tick {
	if s.log {
		return s.logTicks(about)
	}
	raw := (s.high - s.low) / float64(about)
	unit := math.Pow(10, math.Floor(math.Log10(raw)))
	step := 10 * unit
	for _, factor := range []float64{1, 2, 5} {
		if factor*unit >= raw {
			step = factor * unit
			break
		}
	}
	var all []tick
	first := math.Ceil(s.low / step)
	for i := range 2 * about {
		value := (first + float64(i)) * step
		if value > s.high {
			break
		}
		all = append(all, tick{At: s.at(value), Label: number(value)})
	}
	return all
}

func (s scale) logTicks(about int) []tick {
	every := max(1, int(math.Ceil((s.high-s.low)/float64(about))))
	var all []tick
	for exponent := int(math.Ceil(s.low)); float64(exponent) <= s.high; exponent += every {
		all = append(all, tick{At: round(s.start + (float64(exponent)-s.low)/(s.high-s.low)*(s.end-s.start)), Label: number(math.Pow10(exponent))})
	}
	return all
}

// number is a value for a label, without the noise of its last digits.
func number(value float64) string {
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(value, 'g', 4, 64), 64)
	if err != nil || rounded == 0 {
		return "0"
	}
	if a := math.Abs(rounded); a >= 1e6 || a < 1e-4 {
		return strconv.FormatFloat(rounded, 'e', -1, 64)
	}
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}

// round leaves a tenth of a unit, which nobody sees, and keeps the text short.
func round(place float64) float64 { return math.Round(place*10) / 10 }

// timeScale maps times to places.
type timeScale struct {
	scale
	first, last time.Time
	// only is the one time that there is; zero where there are several.
	only time.Time
}

func newTimeScale(times []time.Time, start, end float64) timeScale {
	t := timeScale{first: slices.MinFunc(times, time.Time.Compare), last: slices.MaxFunc(times, time.Time.Compare)}
	if t.first.Equal(t.last) {
		t.only, t.first, t.last = t.first, t.first.Add(-12*time.Hour), t.last.Add(12*time.Hour)
	}
	room := 0.05 * t.last.Sub(t.first).Seconds()
	t.scale = scale{low: -room, high: t.last.Sub(t.first).Seconds() + room, start: start, end: end}
	return t
}

func (t timeScale) at(when time.Time) float64 { return t.scale.at(when.Sub(t.first).Seconds()) }

// ticks are at whole days where the times span several, and otherwise at whole minutes.
func (t timeScale) ticks(count int) []tick {
	if !t.only.IsZero() {
		return []tick{{At: t.at(t.only), Label: t.only.Format("2 Jan 2006")}}
	}
	unit, layout := 24*time.Hour, "2 Jan 2006"
	if t.last.Sub(t.first) < time.Duration(count)*unit {
		unit, layout = time.Minute, "2 Jan 15:04"
	}
	var all []tick
	step := t.last.Sub(t.first) / time.Duration(count-1)
	for i := range count {
		when := t.first.Add(time.Duration(i) * step).Truncate(unit)
		if when.Before(t.first) {
			when = when.Add(unit)
		}
		mark := tick{At: t.at(when), Label: when.Format(layout)}
		if when.After(t.last) || len(all) > 0 && all[len(all)-1].Label == mark.Label {
			continue
		}
		all = append(all, mark)
	}
	return all
}
