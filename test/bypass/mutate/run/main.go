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
	clauses := flag.String("clauses", "", "try the clauses whose text, as survivors are printed, matches this regular expression")
	flag.Parse()
	options := mutate.Options{Log: os.Stderr}
	for _, filter := range []struct {
		name, text string
		pattern    **regexp.Regexp
	}{{"only", *only, &options.Only}, {"clauses", *clauses, &options.Clauses}} {
		pattern, err := regexp.Compile(filter.text)
		if err != nil {
			fmt.Fprintf(os.Stderr, "-%s: %v\n", filter.name, err)
			os.Exit(2)
		}
		*filter.pattern = pattern
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	report, err := mutate.Run(ctx, options)
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
