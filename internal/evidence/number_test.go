// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"math"
	"strconv"
	"testing"
)

func TestRatio(t *testing.T) {
	for name, test := range map[string]struct {
		numerator, denominator int64
		want                   string
	}{
		"a terminating fraction":             {3, 8, "0.375"},
		"none":                               {0, 7, "0"},
		"all":                                {7, 7, "1"},
		"over nothing":                       {3, 0, ""},
		"above one":                          {7, 2, "3.5"},
		"rounded down":                       {1, 3, "0.33333333333333333"},
		"rounded up":                         {2, 3, "0.66666666666666667"},
		"small":                              {1, 3_000_000, "0.00000033333333333333333"},
		"large":                              {20_000_000_000_000_000, 3, "6666666666666666.7"},
		"next to one":                        {maxCount - 1, maxCount, "0.99999999999999989"},
		"negative":                           {-1, 8, "-0.125"},
		"half a digit rounds to an even one": {1_0000_0000_0000_0000_5, 10, "10000000000000000"},
		"half a digit above an odd one":      {1_0000_0000_0000_0001_5, 10, "10000000000000002"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := ratio(test.numerator, test.denominator); got != test.want {
				t.Errorf("ratio(%d, %d) = %q, want %q", test.numerator, test.denominator, got, test.want)
			}
		})
	}
	for n := range int64(200) {
		for d := int64(1); d < 200; d++ {
			got, err := strconv.ParseFloat(ratio(n, d), 64)
			want := float64(n) / float64(d)
			if err != nil || got < math.Nextafter(want, 0) || got > math.Nextafter(want, math.Inf(1)) {
				t.Fatalf("ratio(%d, %d) = %q, want a decimal next to %v", n, d, ratio(n, d), want)
			}
		}
	}
}

func TestOneMinus(t *testing.T) {
	for plain, want := range map[string]string{
		"0": "1", "1": "0", "0.25": "0.75", "0.1": "0.9", "0.00000000000000000001": "0.99999999999999999999", "1.5": "-0.5",
	} {
		if got := oneMinus(plain); got != want {
			t.Errorf("oneMinus(%s) = %q, want %q", plain, got, want)
		}
	}
}

func TestPlainDecimalOf(t *testing.T) {
	for text, want := range map[string]string{
		"0.95": "0.95", "9.5e-1": "0.95", "-1.0": "-1", " 1": "", "1 ": "", "1x": "", "": "", "NaN": "", ".5": "", "0x1": "", "01": "", `"1"`: "",
	} {
		if got := plainDecimalOf(text); got != want {
			t.Errorf("plainDecimalOf(%q) = %q, want %q", text, got, want)
		}
	}
}
