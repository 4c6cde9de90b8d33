// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package safeguards tries each check of the cluster on a real control plane, with the manager as a process of its own:
// broken, what waits is held and told why; mended, it is opened; broken while something serves, that stays and nothing
// grows; mended again, it goes on.
package safeguards

import (
	"context"
	"flag"
	"os"
	"testing"

	nodev1 "k8s.io/api/node/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/hack/localcluster"
	"github.com/scalegate/scalegate/test/installation"
)

// bed is what every test of the package runs on.
type bed struct {
	*installation.Installation
}

var shared bed

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(installation.Main(m, shared.open, func() error { return shared.Stop() }))
}

func (b *bed) open(ctx context.Context) (err error) {
	if b.Installation, err = installation.OpenWith(ctx, localcluster.Options{Output: os.Stderr}); err != nil {
		return err
	}
	if !b.External() {
		if err := b.AddNodes(ctx, 8, nil); err != nil {
			return err
		}
	}
	for _, o := range []client.Object{
		&nodev1.RuntimeClass{ObjectMeta: metav1.ObjectMeta{Name: "sandboxed"}, Handler: "sandboxed"},
		&nodev1.RuntimeClass{ObjectMeta: metav1.ObjectMeta{Name: "isolated"}, Handler: "isolated"},
		&storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: "encrypted"}, Provisioner: "example.com/disk"},
		&storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: "plain"}, Provisioner: "example.com/disk"},
	} {
		if err := client.IgnoreAlreadyExists(b.Client.Create(ctx, o)); err != nil {
			return err
		}
	}
	return b.StartManager(ctx, "--safeguard-period=6s")
}
