// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package audit keeps records of decisions on a real control plane and checks them: a thousand of a random walk, made by the
// code that the manager makes them by and stored as its service account; and those that a manager makes that runs, is killed
// and starts again. It tampers with copies: nobody may write the records themselves.
package audit

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
	// controller acts as the manager's service account.
	controller client.Client
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
	if b.controller, err = b.ControllerClient(ctx); err != nil {
		return err
	}
	return b.StartManager(ctx)
}
