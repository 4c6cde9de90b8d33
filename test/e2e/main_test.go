// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package e2e runs Scalegate on a real control plane: the manager as a process of its own under
// its own service account, pods on simulated nodes. Each test has a namespace, a policy and
// releases of its own.
package e2e

import (
	"context"
	"flag"
	"os"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/hack/localcluster"
	"github.com/scalegate/scalegate/test/installation"
)

// bed is what every test of the package runs on.
type bed struct {
	*installation.Installation
	// owner is a cluster admin by RBAC, who does not impersonate.
	owner client.Client
}

var shared bed

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(installation.Main(m, shared.open, func() error { return shared.Stop() }))
}

func (b *bed) open(ctx context.Context) (err error) {
	if b.Installation, err = installation.OpenWith(ctx, localcluster.Options{Output: os.Stderr, Args: map[string][]string{
		// Autoscalers look every 15 seconds where nothing is said.
		localcluster.ControllerManager: {"--horizontal-pod-autoscaler-sync-period=1s"},
	}}); err != nil {
		return err
	}
	if !b.External() {
		if err := b.AddNodes(ctx, 60, nil); err != nil {
			return err
		}
	}
	if b.owner, err = b.UserClient("owner", "system:masters"); err != nil {
		return err
	}
	return b.StartManager(ctx)
}
