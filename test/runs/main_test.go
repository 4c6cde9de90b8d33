// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package runs runs suites on a real control plane: the manager is a process of its own under its own service account, and
// the Job controller makes the pods. Their containers are simulated: how they end, and what the one that reads the result
// leaves, is in annotations of the suite's template.
package runs

import (
	"context"
	"flag"
	"os"
	"testing"

	"github.com/scalegate/scalegate/test/installation"
)

// bed is what every test of the package runs on.
type bed struct{ *installation.Installation }

var shared bed

// collectorImage is what the manager is told to read results with.
const collectorImage = "registry.example/scalegate:test"

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(installation.Main(m, shared.open, func() error { return shared.Stop() }))
}

func (b *bed) open(ctx context.Context) (err error) {
	if b.Installation, err = installation.Start(ctx, os.Stderr); err != nil {
		return err
	}
	if err := b.AddNodes(ctx, 5, nil); err != nil {
		return err
	}
	return b.StartManager(ctx, "--collector-image="+collectorImage)
}
