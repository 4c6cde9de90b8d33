// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package measure

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// upTo are the numbers from 1 to n, the greatest first.
func upTo(n int) Samples {
	var s Samples
	for i := range n {
		s = append(s, float64(n-i))
	}
	return s
}

func TestQuantiles(t *testing.T) {
	for name, test := range map[string]struct {
		samples Samples
		q, want float64
	}{
		"nothing has none":                                   {nil, 0.5, 0},
		"of one it is that one":                              {Samples{7}, 0.99, 7},
		"none lie below the least":                           {upTo(100), 0, 1},
		"half of them do not exceed the middle":              {upTo(100), 0.5, 50},
		"99 of 100 do not exceed the last but one":           {upTo(100), 0.99, 99},
		"99 in 100 of 1000 do not exceed 990":                {upTo(1000), 0.99, 990},
		"with fewer than 100 the 99th percentile is the max": {upTo(99), 0.99, 99},
		"all do not exceed the greatest":                     {upTo(100), 1, 100},
	} {
		t.Run(name, func(t *testing.T) {
			if got := test.samples.Quantile(test.q); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestMedians(t *testing.T) {
	for name, test := range map[string]struct {
		samples Samples
		want    float64
	}{
		"nothing has none":                    {nil, 0},
		"of one it is that one":               {Samples{7}, 7},
		"of an odd number it is the middle":   {Samples{9, 1, 4}, 4},
		"of an even number it is between two": {Samples{9, 1, 4, 2}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			before := append(Samples(nil), test.samples...)
			if got := test.samples.Median(); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
			if diff := cmp.Diff(before, test.samples); diff != "" {
				t.Errorf("the samples changed (-before +after)\n%s", diff)
			}
		})
	}
}

func TestSpread(t *testing.T) {
	ratio := func(groups ...Samples) float64 { return groups[0].Median() / groups[1].Median() }
	ours, floor := Samples{1, 2, 3, 4, 5, 6, 7}, Samples{2, 4, 6, 8, 10, 12, 14}
	low, high := Spread(ratio, ours, floor)
	if !(low < 0.5 && 0.5 < high) || low < 1.0/14 || high > 7.0/2 {
		t.Errorf("the ratio of 0.5 lies between %v and %v", low, high)
	}
	if l, h := Spread(ratio, ours, floor); l != low || h != high {
		t.Errorf("the same samples lie between %v and %v, and then between %v and %v", low, high, l, h)
	}
	if l, h := Spread(ratio, Samples{3, 3, 3}, Samples{2, 2}); l != 1.5 || h != 1.5 {
		t.Errorf("samples without any spread lie between %v and %v", l, h)
	}
	median := func(groups ...Samples) float64 { return groups[0].Median() }
	if l, h := Spread(median, nil); l != 0 || h != 0 {
		t.Errorf("no samples lie between %v and %v", l, h)
	}
}

func TestInterleaved(t *testing.T) {
	var order []string
	noted := func(name string, took time.Duration) Case {
		return Case{Name: name, Run: func(_ context.Context, round int) (time.Duration, error) {
			order = append(order, name)
			return took * time.Duration(round+1), nil
		}}
	}
	got, err := Interleaved(t.Context(), 3, noted("a", time.Second), noted("b", 2*time.Second), noted("c", 3*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(order, ""), "abcbaccab"; got != want {
		t.Errorf("the order was %s, want %s", got, want)
	}
	if diff := cmp.Diff(map[string]Samples{"a": {1, 2, 3}, "b": {2, 4, 6}, "c": {3, 6, 9}}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestInterleavedEnds(t *testing.T) {
	broken := errors.New("broken")
	runs := 0
	fine := Case{Name: "fine", Run: func(context.Context, int) (time.Duration, error) {
		runs++
		return time.Second, nil
	}}
	ends := Case{Name: "ends", Run: func(_ context.Context, round int) (time.Duration, error) {
		if round == 1 {
			return 0, broken
		}
		return time.Second, nil
	}}
	_, err := Interleaved(t.Context(), 5, fine, ends)
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "ends, round 1") {
		t.Errorf("the error is %v", err)
	}
	if runs != 1 {
		t.Errorf("the other case ran %d times, want 1", runs)
	}

	stopped, stop := context.WithCancel(t.Context())
	stop()
	if _, err := Interleaved(stopped, 5, fine); !errors.Is(err, context.Canceled) {
		t.Errorf("when nobody waits any more the error is %v", err)
	}
	if runs != 1 {
		t.Errorf("when nobody waits any more it ran")
	}
}

func TestRatio(t *testing.T) {
	f := Ratio("open", 1.3, Samples{0.3, 0.2, 0.4}, Samples{0.1, 0.2, 0.3}, Samples{0.21, 0.21, 0.21})
	near := func(what string, got, want float64) {
		if math.Abs(got-want) > 1e-9 {
			t.Errorf("%s is %v, want %v", what, got, want)
		}
	}
	near("the ratio", f.Value, 1.5)
	near("the noise", f.Noise, 0.05)
	near("ours in milliseconds", f.Ours.Median, 300)
	near("the floor in milliseconds", f.Floor.Median, 200)
	if !f.Missed() || f.Low > f.Value || f.High < f.Value || f.Ours.N != 3 || f.Name != "open" || f.Unit != "" {
		t.Errorf("the figure is %+v", f)
	}
	if f := Ratio("open", 2, Samples{1}, Samples{1}, nil); f.Noise != NoNoise || f.Missed() {
		t.Errorf("without the floor once more the figure is %+v", f)
	}
}

func TestPick(t *testing.T) {
	if got := Pick(Options{}, "quick", "full"); got != "quick" {
		t.Errorf("the quick form is %s", got)
	}
	if got := Pick(Options{Full: true}, "quick", "full"); got != "full" {
		t.Errorf("the full form is %s", got)
	}
}
