// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Command checks runs tests and ends in one line that counts them: "chart: 41 checks, 0 failed". A check is a test without
// subtests. What a check that failed had printed is shown before; what was skipped is named, and not counted.
//
// Its arguments are the name and then those of go test: checks chart -C test/integrations ./chart/...
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"slices"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: checks NAME ARGUMENTS-OF-GO-TEST")
		os.Exit(2)
	}
	tally, err := run(ctx, os.Args[2:])
	tally.report(os.Stdout, os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	if err != nil || !tally.passed() {
		os.Exit(1)
	}
}

// run runs go test. An error is one of running it; a test that failed is in the tally.
func run(ctx context.Context, args []string) (*tally, error) {
	// -C has to be the first flag of go test.
	dir := []string{}
	if len(args) > 1 && args[0] == "-C" {
		dir, args = args[:2], args[2:]
	}
	cmd := exec.CommandContext(ctx, "go", slices.Concat([]string{"test"}, dir, []string{"-json", "-count=1"}, args)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return &tally{}, err
	}
	if err := cmd.Start(); err != nil {
		return &tally{}, fmt.Errorf("starting go test: %w", err)
	}
	t, readErr := read(out)
	_, _ = io.Copy(io.Discard, out)
	if err := cmd.Wait(); err != nil && t.passed() {
		return t, fmt.Errorf("go test: %w", err)
	}
	return t, readErr
}
