// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Command build makes the binaries of the local control plane ahead of its
// first use: a test that had to wait for them would run into its own timeout.
// It prints progress on standard error, and the path of kubectl on standard
// output. Arguments name further binaries, those of a real node.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/scalegate/scalegate/hack/localcluster"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	binaries, err := localcluster.Build(ctx, os.Stderr)
	if err == nil && len(os.Args) > 1 {
		_, err = localcluster.Build(ctx, os.Stderr, os.Args[1:]...)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(binaries.Path(localcluster.Kubectl))
}
