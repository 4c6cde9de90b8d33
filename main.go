// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Command scalegate holds inference workloads until the evaluations required by their model's
// safety level pass. `scalegate manager` runs the operator; the other commands are for people
// and pipelines.
package main

import (
	"context"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/scalegate/scalegate/internal/cli"
)

// version is set when the binary is linked.
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal asks; the second one ends the process at once.
	context.AfterFunc(ctx, stop)
	root := cli.New(filepath.Base(os.Args[0]), version)
	root.AddCommand(managerCommand())
	code := cli.Execute(ctx, root)
	stop()
	os.Exit(code)
}
