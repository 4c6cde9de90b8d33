// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Command floor is what Scalegate is measured against: controllers and webhooks on the same libraries, with the same limits of
// clients, that do the writes and decide nothing. Its first argument says which of them to be.
package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/go-logr/logr"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"
)

// programs are the floors by name. Each gets the arguments that follow its name, and runs until ctx ends.
func programs() map[string]func(ctx context.Context, args []string) error {
	return map[string]func(context.Context, []string) error{
		"cacher":  cacher,
		"deleter": deleter,
		"lister":  lister,
		"opener":  opener,
		"webhook": admit,
	}
}

func main() {
	ctrllog.SetLogger(logr.Discard())
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if len(os.Args) < 2 || programs()[os.Args[1]] == nil {
		fmt.Fprintf(os.Stderr, "usage: floor NAME ARGUMENTS, with one of %v\n", slices.Sorted(maps.Keys(programs())))
		os.Exit(2)
	}
	if err := programs()[os.Args[1]](ctx, os.Args[2:]); err != nil {
		fmt.Fprintf(os.Stderr, "floor %s: %v\n", os.Args[1], err)
		os.Exit(1)
	}
}
