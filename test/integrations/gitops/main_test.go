// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gitops

import (
	"context"
	"errors"
	"flag"
	"os"
	"testing"
	"time"

	"github.com/scalegate/scalegate/test/installation"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
)

// bed is the control plane of all tests of the package.
type bed struct{ *installation.Installation }

var shared bed

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(installation.Main(m, shared.open, func() error { return shared.Stop() }))
}

// open starts the control plane, and looks at every kind before anything runs that could report on it.
func (b *bed) open(ctx context.Context) (err error) {
	if b.Installation, err = installation.Open(ctx, os.Stderr); err != nil {
		return err
	}
	if !b.External() {
		if err := b.AddNodes(ctx, 20, nil); err != nil {
			return err
		}
	}
	return b.StartManager(ctx, "--argocd-namespaces="+argocdNamespace)
}

// as is a client of objects in the form of YAML that acts as a user with every right, as GitOps tools often do.
func (b *bed) as(t *testing.T, user string) dynamic.Interface {
	t.Helper()
	cfg, err := b.User(user, "system:masters")
	must(t, err)
	cfg.QPS, cfg.WarningHandlerWithContext = -1, rest.NoWarnings{}
	client, err := dynamic.NewForConfig(cfg)
	must(t, err)
	return client
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually polls until check returns nil, and fails with its last error.
func eventually(t *testing.T, check func(context.Context) error) {
	t.Helper()
	var last error
	err := wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		last = check(ctx)
		return last == nil, nil
	})
	if err != nil {
		t.Fatal(errors.Join(err, last))
	}
}

// explained shows the end of the manager's log when the test failed.
func explained(t *testing.T) {
	t.Helper()
	t.Cleanup(func() {
		if log, err := os.ReadFile(shared.LogPath(installation.Manager)); t.Failed() && err == nil {
			t.Logf("the manager's log ends in:\n%s", log[max(0, len(log)-6000):])
		}
	})
}
