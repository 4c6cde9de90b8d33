// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package onboarding brings namespaces under the gate and out of it again, on a real control plane with the manager as
// a process of its own and pods on simulated nodes.
package onboarding

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

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(installation.Main(m, shared.open, func() error { return shared.Stop() }))
}

func (b *bed) open(ctx context.Context) (err error) {
	if b.Installation, err = installation.Open(ctx, os.Stderr); err != nil {
		return err
	}
	if !b.External() {
		if err := b.AddNodes(ctx, 20, nil); err != nil {
			return err
		}
	}
	return b.startManager(ctx)
}

// startManager counts accelerator pods every second, so that no test waits for it.
func (b *bed) startManager(ctx context.Context) error {
	return b.StartManager(ctx, "--census-interval=1s")
}
