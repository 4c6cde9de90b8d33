// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package chart renders the Helm chart with Helm's own library, compares it with config/ and with golden files, and installs,
// upgrades and uninstalls it on a real control plane, with the manager as a process under the chart's service account.
package chart

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/scalegate/scalegate/hack/localcluster"
	"github.com/scalegate/scalegate/test/installation"
	"k8s.io/apimachinery/pkg/util/wait"
)

var update = flag.Bool("update", false, "write the golden files anew")

// shared is the control plane of every test. Nothing is installed on it but by the test of the chart's life.
var shared installation.Installation

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(installation.Main(m, open, func() error { return shared.Stop() }))
}

func open(ctx context.Context) (err error) {
	// The chart is installed and removed as a whole: a cluster that others use is not for that.
	if shared.Cluster, err = localcluster.Start(ctx, localcluster.Options{Output: os.Stderr, Args: map[string][]string{
		// Then a webhook whose Service has no endpoints fails at once: nothing forwards to addresses of Services here.
		localcluster.APIServer: {"--enable-aggregator-routing=true"},
	}}); err != nil {
		return err
	}
	if shared.Client, err = installation.Client(shared.Admin()); err != nil {
		return errors.Join(err, shared.Stop())
	}
	return shared.AddNodes(ctx, 2, nil)
}

// folder is the chart.
func folder() string { return filepath.Join(installation.Root(), "charts", "scalegate") }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually tries until it works, for at most a minute.
func eventually(t *testing.T, try func(context.Context) error) {
	t.Helper()
	var last error
	err := wait.PollUntilContextTimeout(t.Context(), 100*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		last = try(ctx)
		return last == nil, nil
	})
	if err != nil {
		t.Fatal(errors.Join(err, last))
	}
}
