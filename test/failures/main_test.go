// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package failures breaks what Scalegate depends on, one thing after another, on real control planes: what
// docs/reference/failures.md promises is what its tests see.
//
// There are two control planes. One has a manager that runs; tests that disturb nothing but their own namespace run
// there side by side, and one that breaks the whole has it for itself. The other has none: its tests start
// managers of their own, one test after another.
package failures

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/scalegate/scalegate/hack/localcluster"
	"github.com/scalegate/scalegate/test/installation"
)

// bed is a control plane.
type bed struct {
	*installation.Installation
	// use is held for reading by tests that share the bed, and for writing by one that has it for itself.
	use sync.RWMutex
	// kubeconfig is the manager's.
	kubeconfig string
}

// managed has a manager, empty has none.
var managed, empty bed

func TestMain(m *testing.M) {
	flag.Parse()
	if err := together(); err != nil {
		panic(err)
	}
	ctrl.SetLogger(logr.Discard())
	os.Exit(installation.Main(m, open, func() error { return errors.Join(managed.close(), empty.close()) }))
}

// together lets every test begin, unless -parallel says how many may: those that need a bed for themselves wait for it.
func together() error {
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if given {
		return nil
	}
	return flag.Set("test.parallel", "20")
}

func open(ctx context.Context) error {
	errs := make(chan error, 2)
	go func() { errs <- managed.open(ctx, true) }()
	go func() { errs <- empty.open(ctx, false) }()
	err := errors.Join(<-errs, <-errs)
	if err != nil {
		return errors.Join(err, managed.close(), empty.close())
	}
	return nil
}

func (b *bed) open(ctx context.Context, manager bool) (err error) {
	if b.Installation, err = installation.Start(ctx, os.Stderr); err != nil {
		return err
	}
	if err := b.AddNodes(ctx, 10, nil); err != nil {
		return err
	}
	if manager {
		return b.StartManager(ctx)
	}
	cfg, err := b.ServiceAccount(ctx, installation.Namespace, installation.ServiceAccount)
	if err != nil {
		return err
	}
	b.kubeconfig = filepath.Join(b.Dir(), "manager.kubeconfig")
	return localcluster.WriteKubeconfig(b.kubeconfig, cfg)
}

func (b *bed) close() error {
	if b.Installation == nil {
		return nil
	}
	return b.Stop()
}

// shared is the bed for a test that disturbs nobody else there.
func (b *bed) shared(t *testing.T) *bed {
	t.Helper()
	t.Parallel()
	b.use.RLock()
	t.Cleanup(b.use.RUnlock)
	return b
}

// alone is the bed for a test that nobody else may run beside.
func (b *bed) alone(t *testing.T) *bed {
	t.Helper()
	t.Parallel()
	b.use.Lock()
	t.Cleanup(b.use.Unlock)
	return b
}
