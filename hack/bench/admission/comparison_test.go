// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/scalegate/scalegate/hack/bench/measure"
)

const rounds = 1000

// took is what was taken in a cast: in each round what at says, in milliseconds, on the plane of a case, which is slower by
// extra; the machine is slower and slower, and something else has it for a tenth of the rounds.
func took(at map[string]float64, slower map[string]float64) samples {
	s := samples{}
	for name, ms := range at {
		for round := range rounds {
			ms := ms + slower[name] + float64(round)/100
			if round >= 300 && round < 400 {
				ms += 50 * math.Abs(math.Sin(float64(round*len(name))))
			}
			s[name] = append(s[name], ms/milliseconds)
		}
	}
	return s
}

func compared(at map[string]float64) *comparison {
	one, other := map[string]float64{}, map[string]float64{}
	for name := range at {
		if name == base || name == baseAgain || name == webhookPair {
			one[name] = 0.5
		} else {
			other[name] = 0.5
		}
	}
	c := &comparison{}
	c.add(took(at, one), rounds)
	c.add(took(at, other), rounds)
	return c
}

func TestFigures(t *testing.T) {
	at := map[string]float64{base: 3, baseAgain: 3.3, webhookPair: 5, ungoverned: 3.06, cleared: 3.2, clearedFull: 3.22}
	c := compared(at)
	for _, row := range []struct {
		figure measure.Figure
		// want is its value, and to the time that it is a ratio to, in milliseconds.
		want, to float64
	}{
		{c.added("added", aimAdded, cleared), 0.1, 2},
		{c.more("full", aimFull, clearedFull), 1.1, 0.2},
		{c.free("free", aimUngoverned), 1 + 0.00006/c.all[base].Median(), c.all[base].Median() * milliseconds},
	} {
		f := row.figure
		if math.Abs(f.Value-row.want) > 1e-6 || f.Low > f.Value || f.High < f.Value || f.Low <= 0 || f.High > 2*row.want {
			t.Errorf("%s is %v, %v to %v, want %v", f.Name, f.Value, f.Low, f.High, row.want)
		}
		if want := 0.3 / row.to; math.Abs(f.Noise-want) > 1e-6 {
			t.Errorf("the noise is %v, want %v", f.Noise, want)
		}
		if f.Ours.N != 2*rounds || f.Floor.N != 2*rounds {
			t.Errorf("%s: %d and %d samples", f.Name, f.Ours.N, f.Floor.N)
		}
	}
}

// An API server without our policies is from itself by the noise, so that much more is no miss.
func TestTheAimOfUngovernedIsBeyondTheNoise(t *testing.T) {
	c := compared(map[string]float64{base: 3, baseAgain: 3.3, webhookPair: 5, ungoverned: 3.06, cleared: 3.2, clearedFull: 3.22})
	f := (&bench{}).main(c)[1]
	if f.Name != "ungoverned" || f.Noise <= 0 || math.Abs(f.Aim-aimUngoverned-f.Noise) > 1e-9 {
		t.Errorf("%s has the aim %v, with a noise of %v", f.Name, f.Aim, f.Noise)
	}
}

// What cannot be told from nothing makes no wild number.
func TestAShareOfNothingIsNoNumber(t *testing.T) {
	c, random := &comparison{}, rand.New(rand.NewPCG(3, 4))
	for range 2 {
		s := samples{}
		for range rounds {
			for _, name := range []string{base, baseAgain, cleared, clearedFull} {
				s[name] = append(s[name], 0.003+0.001*random.Float64())
			}
		}
		c.add(s, rounds)
	}
	f := c.more("full", aimFull, clearedFull)
	if f.Value < -2 || f.Value > 4 || f.Low < -5 || f.High > 7 || !strings.Contains(f.Note, "cannot be told from nothing") {
		t.Errorf("%+v", f)
	}
}

func TestTurns(t *testing.T) {
	sent, orders := map[string]int{}, map[string]bool{}
	order := ""
	requestOf := func(name string) request {
		return request{name: name, send: func(context.Context) error {
			sent[name]++
			if order += name; len(order) == 9 {
				orders[order], order = true, ""
			}
			return nil
		}}
	}
	got, err := turn{rounds: 50, workers: 1, requests: 2}.inTurns(t.Context(), []request{requestOf("a"), requestOf("b"), requestOf("c")})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a", "b", "c"} {
		if len(got[name]) != 100 || sent[name] != 150 {
			t.Errorf("%s was sent %d times and measured %d times, want 150 and 100", name, sent[name], len(got[name]))
		}
	}
	if len(orders) != 6 || !orders["aaabbbccc"] {
		t.Errorf("the orders are %v, want all six of three cases", orders)
	}
}
