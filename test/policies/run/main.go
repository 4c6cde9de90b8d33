// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Command run validates the shipped policies and suites against a control plane of its own, runs their cases, prints each with
// what the gate said, and ends with one line that counts them. It ends with 1 where something is wrong, and with 2 where
// something could not be asked.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"github.com/scalegate/scalegate/internal/policycase"
	"github.com/scalegate/scalegate/test/policies"
)

func main() {
	dir := flag.String("dir", "policies", "the folder with a folder for each policy")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	results, err := run(ctx, *dir)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "policies:", err)
		os.Exit(2)
	}
	if policycase.Print(os.Stdout, results) > 0 {
		os.Exit(1)
	}
}

func run(ctx context.Context, dir string) (results []policycase.FolderResult, err error) {
	folders, err := policies.ReadFolders(os.DirFS(dir), ".")
	if err != nil {
		return nil, err
	}
	bed, err := policies.Open(ctx, os.Stderr)
	if err != nil {
		return nil, err
	}
	results, err = bed.Run(ctx, folders)
	if stopped := bed.Stop(); err == nil {
		err = stopped
	}
	return results, err
}
