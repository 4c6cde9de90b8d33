// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scalegate/scalegate/hack/bench/measure"
)

const output = `goos: linux
pkg: example.org/module/internal/gate
cpu: Some Processor
BenchmarkDecide-2   	   56916	     9000 ns/op	   27588 B/op	      14 allocs/op
BenchmarkDecide-2   	   56917	     11000 ns/op	   27588 B/op	      14 allocs/op
BenchmarkDecide-2   	   56917	     9500.5 ns/op	   27588 B/op	      14 allocs/op
PASS
ok  	example.org/module/internal/gate	2.261s
pkg: example.org/module/internal/evidence
BenchmarkRead/a_file.json-2 	     100	    500 ns/op	 120.50 MB/s	     8 B/op	       1 allocs/op
BenchmarkRead/a_file.json-2 	     100	    700 ns/op	 100.50 MB/s	     8 B/op	       1 allocs/op
    large_test.go:10: a log line
PASS
`

func TestFigures(t *testing.T) {
	benchmarks, err := parse(strings.NewReader(output))
	if err != nil {
		t.Fatal(err)
	}
	type line struct {
		Name, Unit string
		Value, Aim float64
		N          int
	}
	var got []line
	for _, f := range figures(benchmarks) {
		if f.Low > f.Value || f.High < f.Value {
			t.Errorf("%s is %v, outside its spread of %v to %v", f.Name, f.Value, f.Low, f.High)
		}
		got = append(got, line{f.Name, f.Unit, f.Value, f.Aim, f.Ours.N})
	}
	want := []line{
		{"decide", "µs", 9.5005, 10, 3},
		{"decide-allocs", "", 14, 20, 3},
		{"decide-bytes", "B", 27588, measure.NoAim, 3},
		{"evidence-read-a-file-json", "ns", 600, measure.NoAim, 2},
		{"evidence-read-a-file-json-allocs", "", 1, measure.NoAim, 2},
		{"evidence-read-a-file-json-bytes", "B", 8, measure.NoAim, 2},
		{"evidence-read-a-file-json-speed", "MB/s", 110.5, measure.NoAim, 2},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestOutputThatSaysNothing(t *testing.T) {
	for name, text := range map[string]string{
		"nothing at all":                "",
		"no benchmark":                  "pkg: example.org/gate\nPASS\n",
		"a number that is none":         "BenchmarkDecide-2 10 many ns/op\n",
		"a benchmark that only started": "BenchmarkDecide-2\n",
	} {
		t.Run(name, func(t *testing.T) {
			if all, err := parse(strings.NewReader(text)); err == nil {
				t.Errorf("it is read as %+v", all)
			}
		})
	}
}

func TestNames(t *testing.T) {
	for name, want := range map[string]string{
		"BenchmarkDecide":            "gate-decide",
		"BenchmarkDecide-16":         "gate-decide",
		"BenchmarkMatchPod/held-2":   "gate-match-pod-held",
		"BenchmarkRead/v0.3_log.zst": "gate-read-v0-3-log-zst",
		"BenchmarkRead/half-life-2":  "gate-read-half-life",
	} {
		if got := nameOf("gate", name); got != want {
			t.Errorf("%s is called %s, want %s", name, got, want)
		}
	}
}
