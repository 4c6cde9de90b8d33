// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package bypass tries to get past the admission policies of config/admission on a real control
// plane. The manager does not run: what holds here holds in the API server alone. Where a row
// needs the controller's consent, the test takes the controller's place and gives it.
package bypass

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/test/installation"
)

// bed is what every test of the package runs on: one cluster, a namespace each.
type bed struct {
	*installation.Installation
	// controller acts as Scalegate's own service account.
	controller client.Client
}

var shared bed

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	if err := shared.open(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	if err := shared.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

func (b *bed) open(ctx context.Context) (err error) {
	if b.Installation, err = installation.Open(ctx, os.Stderr); err != nil {
		return err
	}
	if !b.External() {
		if err := b.AddNodes(ctx, 2, nil); err != nil {
			return err
		}
	}
	b.controller, err = b.ControllerClient(ctx)
	return err
}
