// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"
)

func written(add func(*text)) string {
	var t text
	add(&t)
	return t.take()
}

func TestNumbersAreWrittenAsEver(t *testing.T) {
	check := func(v float64) {
		if got, want := written(func(t *text) { t.keep(appendNumber(t.line(), v)) }), strconv.FormatFloat(v, 'g', 4, 64); got != want {
			t.Errorf("%v is written %s, want %s", v, got, want)
		}
	}
	for _, v := range []float64{0, math.Copysign(0, -1), 1, 0.1, 0.01, 0.001, 0.0001, 0.5, 0.25, 0.99994, 0.99995, 0.99996, 0.9999, 10, -0.5, math.NaN(), math.Inf(1)} {
		check(v)
	}
	// The middle between two, and its neighbours.
	for n := 1000; n < 10000; n += 7 {
		for _, scale := range []float64{1e4, 1e5, 1e6, 1e7} {
			middle := (float64(n) + 0.5) / scale
			check(middle)
			check(math.Nextafter(middle, 0))
			check(math.Nextafter(middle, 1))
			check(float64(n) / scale)
			check(math.Nextafter(float64(n)/scale, 0))
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 50000 {
		check(random.Float64() * math.Pow10(-random.IntN(6)))
	}
}

func TestTimesAreWrittenAsEver(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	check := func(seconds int64) {
		if got, want := written(func(t *text) { t.time(seconds) }), time.Unix(seconds, 0).UTC().Format(time.RFC3339); got != want {
			t.Errorf("%d is written %s, want %s", seconds, got, want)
		}
	}
	for _, year := range []int{-1, 0, 1, 99, 1600, 1969, 2000, 2024, 9999, 10000, 123456} {
		check(time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC).Unix())
		check(time.Date(year, 12, 31, 23, 59, 59, 0, time.UTC).Unix())
		check(time.Date(year, 2, 29, 12, 0, 0, 0, time.UTC).Unix())
	}
	for range 20000 {
		check(random.Int64N(1 << 37))
	}
}

func TestShortDecimalsAreReadAsEver(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	const alphabet = "00123456789.-e+x"
	for range 200000 {
		text := make([]byte, random.IntN(19))
		for i := range text {
			text[i] = alphabet[random.IntN(len(alphabet)-random.IntN(5))]
		}
		got, ok := short(string(text))
		if !ok {
			continue
		}
		if want, err := strconv.ParseFloat(string(text), 64); err != nil || math.Float64bits(got) != math.Float64bits(want) {
			t.Fatalf("%s is read as %v, want %v, %v", text, got, want, err)
		}
	}
}

func TestMessagesAreCutBetweenCharacters(t *testing.T) {
	for n := maxMessage - 5; n < maxMessage+5; n++ {
		for _, end := range []string{"", "a", "é", "€", "😀"} {
			whole := ""
			for len(whole) < n {
				whole += "é"
			}
			whole = whole[:n-n%2] + end
			parts := written(func(t *text) {
				for _, c := range whole {
					t.add(string(c))
				}
			})
			if want := clip(whole); parts != want || len(want) > maxMessage {
				t.Errorf("%d bytes are cut to %d ending in %q, want %d ending in %q", len(whole), len(parts), parts[len(parts)-6:], len(want), want[len(want)-6:])
			}
		}
	}
}
