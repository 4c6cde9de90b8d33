// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"
	"unicode"

	"github.com/scalegate/scalegate/hack/bench/measure"
)

// benchmark is what was measured of one benchmark, run by run.
type benchmark struct {
	// name is that of its package and its own, such as evidence-read-inspect-eval.
	name string
	// samples by unit, such as ns/op.
	samples map[string]measure.Samples
}

// parse reads what go test -bench prints of several packages. The benchmarks come in the order in which they first ran; those
// that ran several times have as many samples. An output without any is an error.
func parse(r io.Reader) ([]benchmark, error) {
	var (
		all      []benchmark
		of       string
		position = map[string]int{}
	)
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		switch {
		case len(fields) == 2 && fields[0] == "pkg:":
			of = path.Base(fields[1])
			continue
		case len(fields) < 4 || len(fields)%2 != 0 || !strings.HasPrefix(fields[0], "Benchmark"):
			continue
		}
		name := nameOf(of, fields[0])
		at, known := position[name]
		if !known {
			at = len(all)
			position[name] = at
			all = append(all, benchmark{name: name, samples: map[string]measure.Samples{}})
		}
		for i := 2; i < len(fields); i += 2 {
			v, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				return nil, fmt.Errorf("reading the line of benchmark %s: %w", fields[0], err)
			}
			all[at].samples[fields[i+1]] = append(all[at].samples[fields[i+1]], v)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("reading the benchmarks: %w", err)
	}
	if len(all) == 0 {
		return nil, errors.New("no benchmark was run")
	}
	return all, nil
}

// nameOf turns a package and the name of a benchmark in it, with the processors that go adds, into words between hyphens:
// gate and BenchmarkMatchPod/a_file.json-2 into gate-match-pod-a-file-json.
func nameOf(of, name string) string {
	name = strings.TrimPrefix(name, "Benchmark")
	if at := strings.LastIndexByte(name, '-'); at >= 0 && strings.Trim(name[at+1:], "0123456789") == "" {
		name = name[:at]
	}
	var words strings.Builder
	words.WriteString(of)
	separate := true
	for _, c := range name {
		switch {
		case !unicode.IsLetter(c) && !unicode.IsDigit(c):
			separate = true
			continue
		case separate || unicode.IsUpper(c):
			words.WriteByte('-')
		}
		separate = false
		words.WriteRune(unicode.ToLower(c))
	}
	return words.String()
}
