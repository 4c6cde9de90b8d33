// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Command run tries every mutant of the admission policies, prints those that no attempt of the bypass suite noticed,
// and ends with one line that counts them.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"

	"github.com/scalegate/scalegate/test/bypass/mutate"
)

func main() {
	only := flag.String("only", "", "try the policies whose name matches this regular expression")
	flag.Parse()
	pattern, err := regexp.Compile(*only)
	if err != nil {
		fmt.Fprintln(os.Stderr, "-only:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	report, err := mutate.Run(ctx, mutate.Options{Only: pattern, Log: os.Stderr})
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	report.Print(os.Stdout)
	if len(report.Survivors) > 0 || report.Clauses == 0 {
		os.Exit(1)
	}
}
