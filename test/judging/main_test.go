// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package judging holds the commands that judge against a real control plane with the manager as a process of its own: what
// check says of manifests is what becomes of them, what simulate says of a policy is what it would do, and doctor finds each
// guard that was taken away.
package judging

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"

	"github.com/scalegate/scalegate/hack/localcluster"
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
	if b.External() {
		return nil
	}
	if err := b.AddNodes(ctx, 1, nil); err != nil {
		return err
	}
	return b.StartManager(ctx)
}

// scalegate runs the command as somebody, and returns what it prints and its exit code.
func scalegate(t *testing.T, as *rest.Config, args ...string) (out, errs string, code int) {
	t.Helper()
	binary, err := shared.Build(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	if err := localcluster.WriteKubeconfig(kubeconfig, as); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), binary, append(args, "--kubeconfig", kubeconfig)...)
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	ended, ok := errors.AsType[*exec.ExitError](err)
	switch {
	case ok:
		code = ended.ExitCode()
	case err != nil:
		t.Fatal(err)
	}
	return stdout.String(), stderr.String(), code
}

// decoded runs the command and decodes what it prints as JSON.
func decoded[T any](t *testing.T, as *rest.Config, args ...string) (value T, code int) {
	t.Helper()
	out, errs, code := scalegate(t, as, append(args, "-o", "json")...)
	if err := json.Unmarshal([]byte(out), &value); err != nil {
		t.Fatalf("%v: %s%s", err, out, errs)
	}
	return value, code
}

func eventually(t *testing.T, try func(context.Context) error) {
	t.Helper()
	var last error
	err := wait.PollUntilContextTimeout(t.Context(), 250*time.Millisecond, 90*time.Second, true, func(ctx context.Context) (bool, error) {
		last = try(ctx)
		return last == nil, nil
	})
	if err != nil {
		t.Fatalf("%v: %v", err, last)
	}
}

// written puts a text into a file.
func written(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// manifests are those that the tests of check use, with a result of yesterday.
func manifests(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(installation.Root(), "internal/offline/testdata/base.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	yesterday := time.Now().Add(-24 * time.Hour).UTC().Format(time.DateOnly)
	return strings.ReplaceAll(string(data), "2026-10-05", yesterday)
}

// replaced is a text with one thing changed that is in it.
func replaced(t *testing.T, text, from, to string) string {
	t.Helper()
	if !strings.Contains(text, from) {
		t.Fatalf("the text does not have %q", from)
	}
	return strings.ReplaceAll(text, from, to)
}

func (b *bed) apply(ctx context.Context, path string) error {
	if out, err := b.Kubectl(ctx, b.Admin(), "apply", "--server-side", "-f", path); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}
