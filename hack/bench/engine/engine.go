// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package engine is part f: the decision engine and the readers, as Go benchmarks.
package engine

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"slices"

	"github.com/scalegate/scalegate/hack/bench/measure"
	"github.com/scalegate/scalegate/test/installation"
)

// decision is the benchmark of a decision with 20 requirements and 50 evaluations, as [parse] names it.
const decision = "gate-decide"

// The most that a decision should take, in microseconds, and how often it should allocate.
const (
	mostMicroseconds = 10
	mostAllocations  = 20
)

// Measure runs the benchmarks of the repository, each several times. The figures have the spread of the median of the runs;
// there is no floor. What allocates does not depend on the machine, and is held by tests as well.
func Measure(ctx context.Context, o measure.Options) ([]measure.Figure, error) {
	packages := measure.Pick(o, []string{"gate"}, []string{"gate", "audit", "workload", "admission", "evidence"})
	arguments := []string{"test", "-run", "^$", "-bench", measure.Pick(o, "^BenchmarkDecide$", "."), "-benchmem",
		"-count", measure.Pick(o, "5", "8"), "-benchtime", measure.Pick(o, "1s", "300ms"), "-timeout", "30m", "-p", "1"}
	for _, p := range packages {
		arguments = append(arguments, "./internal/"+p)
	}
	command := exec.CommandContext(ctx, "go", arguments...)
	command.Dir = installation.Root()
	var out, problems bytes.Buffer
	command.Stdout, command.Stderr = &out, &problems
	o.Logf("running go %v", arguments)
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("running the benchmarks: %w\n%s%s", err, out.String(), problems.String())
	}
	benchmarks, err := parse(&out)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(benchmarks, func(b benchmark) bool { return b.name == decision }) {
		return nil, fmt.Errorf("go %v ran no benchmark %s", arguments, decision)
	}
	return figures(benchmarks), nil
}

// figures are those of the decision, under the names that have aims, then those of all other benchmarks.
func figures(benchmarks []benchmark) []measure.Figure {
	var first, others []measure.Figure
	for i := range benchmarks {
		b := &benchmarks[i]
		if b.name == decision {
			first = append(first, figure("decide", "µs", scaled(b.samples["ns/op"], 1e-3), mostMicroseconds),
				figure("decide-allocs", "", b.samples["allocs/op"], mostAllocations),
				figure("decide-bytes", "B", b.samples["B/op"], measure.NoAim))
			continue
		}
		others = append(others, figure(b.name, "ns", b.samples["ns/op"], measure.NoAim))
		for _, more := range []struct{ suffix, unit, of string }{
			{"-allocs", "", "allocs/op"}, {"-bytes", "B", "B/op"}, {"-speed", "MB/s", "MB/s"},
		} {
			if samples := b.samples[more.of]; len(samples) > 0 {
				others = append(others, figure(b.name+more.suffix, more.unit, samples, measure.NoAim))
			}
		}
	}
	return append(first, others...)
}

func figure(name, unit string, samples measure.Samples, aim float64) measure.Figure {
	f := measure.Figure{
		Name: name, Unit: unit, Value: samples.Median(), Aim: aim, Noise: measure.NoNoise, Ours: measure.Of(samples, 1), Scale: unit,
	}
	f.Low, f.High = measure.Spread(func(groups ...measure.Samples) float64 { return groups[0].Median() }, samples)
	return f
}

func scaled(samples measure.Samples, factor float64) measure.Samples {
	all := make(measure.Samples, len(samples))
	for i, v := range samples {
		all[i] = v * factor
	}
	return all
}
