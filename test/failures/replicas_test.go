// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package failures

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/hack/localcluster"
	"github.com/scalegate/scalegate/test/installation"
)

// replica starts a manager that stands by until it leads, and ends it with the test. It may end by itself before:
// one that loses its lease does.
func (b *bed) replica(t *testing.T, name, binary string) {
	t.Helper()
	err := b.Run(t.Context(), name, localcluster.Spec{
		Path: binary, MayEnd: true,
		Args: []string{
			"manager", "--kubeconfig", b.kubeconfig, "--leader-elect", "--leader-election-namespace", installation.Namespace,
			"--metrics-bind-address=0", "--health-probe-bind-address=0",
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// Nobody gives the lease back when he is killed, and the next test has no time to wait until it is over.
		lease := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: installation.Namespace, Name: "scalegate.scalegate.dev"}}
		if err := errors.Join(b.Kill(name), client.IgnoreNotFound(b.Client.Delete(context.Background(), lease))); err != nil {
			t.Error(err)
		}
		if log, err := os.ReadFile(b.LogPath(name)); err == nil && t.Failed() {
			t.Logf("the log of %s ends in:\n%s", name, log[max(0, len(log)-6000):])
		}
	})
}

// leads tells whether a replica has ever become the leader. Its name is used once.
func (b *bed) leads(name string) error {
	log, err := os.ReadFile(b.LogPath(name))
	if err != nil {
		return err
	}
	if !strings.Contains(strings.ToLower(string(log)), "successfully acquired lease") {
		return fmt.Errorf("%s does not lead", name)
	}
	return nil
}

// pair starts two replicas, and returns the one that leads and the one that stands by.
func (s *scenario) pair(one, other string) (leader, standby string) {
	s.t.Helper()
	binary, err := s.bed.Build(s.t.Context())
	s.must(err)
	s.bed.replica(s.t, one, binary)
	s.eventually(func(context.Context) error { return s.bed.leads(one) })
	s.bed.replica(s.t, other, binary)
	s.eventually(func(context.Context) error { return s.bed.standsBy(other) })
	return one, other
}

// standsBy tells whether a replica waits for the lease.
func (b *bed) standsBy(name string) error {
	log, err := os.ReadFile(b.LogPath(name))
	if err != nil {
		return err
	}
	if !strings.Contains(strings.ToLower(string(log)), "attempting to acquire leader lease") {
		return fmt.Errorf("%s does not wait for the lease yet", name)
	}
	return nil
}

// ended waits until a replica has ended by itself.
func (s *scenario) ended(name string) {
	s.t.Helper()
	s.eventually(func(context.Context) error {
		if s.bed.Running(name) {
			return errors.New(name + " runs still")
		}
		return nil
	})
}

// version builds the manager as another version.
func (b *bed) version(ctx context.Context, version string) (string, error) {
	binary := filepath.Join(b.Dir(), "scalegate-"+version)
	build := exec.CommandContext(ctx, "go", "build", "-ldflags", "-X main.version="+version, "-o", binary, ".")
	build.Dir = installation.Root()
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building version %s: %w\n%s", version, err, out)
	}
	out, err := exec.CommandContext(ctx, binary, "--version").CombinedOutput()
	if err != nil || !strings.Contains(string(out), version) {
		return "", fmt.Errorf("it says that it is %q: %w", out, err)
	}
	return binary, nil
}
