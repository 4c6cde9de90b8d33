// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Command run makes every attempt of the bypass catalogue on a control plane of its own, prints
// those that did not end as the design says, and ends with one line that counts them.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"github.com/scalegate/scalegate/test/bypass/suite"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	report, err := suite.Run(ctx, os.Stderr, suite.All())
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	report.Print(os.Stdout)
	if !report.OK() {
		os.Exit(1)
	}
}
