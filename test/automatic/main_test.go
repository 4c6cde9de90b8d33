// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package automatic runs Scalegate on a real control plane with releases that ask for automatic evaluations, and
// policies that keep old ones for a while. There are no nodes: the tests say how the pods of the runs end.
package automatic

import (
	"context"
	"flag"
	"os"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/test/installation"
)

// bed is what every test of the package runs on.
type bed struct {
	*installation.Installation
	// kubelet writes the status of pods as a node does.
	kubelet client.Client
}

var shared bed

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(installation.Main(m, shared.open, func() error { return shared.Stop() }))
}

func (b *bed) open(ctx context.Context) (err error) {
	if b.Installation, err = installation.Start(ctx, os.Stderr); err != nil {
		return err
	}
	if b.kubelet, err = b.UserClient("kubelet", "system:nodes", "system:masters"); err != nil {
		return err
	}
	return b.StartManager(ctx, "--collector-image=registry.example/scalegate:test")
}
