// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package cli runs the commands as people do: the built program, by itself and as a plugin of kubectl, against a real
// control plane with the manager as a process of its own and pods on simulated nodes.
package cli

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/scalegate/scalegate/hack/localcluster"
	"github.com/scalegate/scalegate/test/installation"
)

// bed is what every test of the package runs on.
type bed struct {
	*installation.Installation
	// binary is the program, and kubeconfig makes it cluster admin.
	binary, kubeconfig string
}

var shared bed

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(installation.Main(m, shared.open, func() error { return shared.Stop() }))
}

func (b *bed) open(ctx context.Context) (err error) {
	if b.Installation, err = installation.Open(ctx, os.Stderr); err != nil {
		return err
	}
	if !b.External() {
		if err := b.AddNodes(ctx, 5, nil); err != nil {
			return err
		}
	}
	if b.binary, err = b.Build(ctx); err != nil {
		return err
	}
	b.kubeconfig = filepath.Join(b.Dir(), "people.kubeconfig")
	if err := localcluster.WriteKubeconfig(b.kubeconfig, b.Admin()); err != nil {
		return err
	}
	return b.StartManager(ctx, "--collector-image=registry.example/scalegate:test")
}

// outcome is what a run of the program left.
type outcome struct {
	code        int
	out, errors string
}

// command is the program with arguments, as cluster admin, in an environment of its own.
func (b *bed) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, b.binary, args...)
	cmd.Env = []string{"KUBECONFIG=" + b.kubeconfig, "HOME=" + b.Dir(), "PATH=" + os.Getenv("PATH")}
	return cmd
}

// scalegate runs the program.
func scalegate(t *testing.T, args ...string) outcome {
	t.Helper()
	return finished(t, shared.command(t.Context(), args...))
}

// finished runs a command until it ends.
func finished(t *testing.T, cmd *exec.Cmd) outcome {
	t.Helper()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return outcome{exit.ExitCode(), out.String(), errs.String()}
	}
	if err != nil {
		t.Fatalf("running %v: %v", cmd.Args, err)
	}
	return outcome{0, out.String(), errs.String()}
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

// explain says what there is where a test failed.
func explain(t *testing.T, namespace string) {
	t.Helper()
	t.Cleanup(func() {
		if !t.Failed() {
			return
		}
		out, err := shared.Kubectl(context.Background(), shared.Admin(), "get", "modelreleases,safetyevaluations,deployments,jobs,pods", "-n", namespace, "-o", "yaml")
		t.Logf("%s %v", out, err)
		if log, err := os.ReadFile(shared.LogPath(installation.Manager)); err == nil {
			t.Logf("the manager's log ends in:\n%s", log[max(0, len(log)-4000):])
		}
	})
}

// background is a run of the program that goes on.
type background struct {
	cmd  *exec.Cmd
	path string
	end  chan error
}

// begin starts the program; what it writes goes to a file.
func begin(t *testing.T, args ...string) *background {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	b := &background{cmd: shared.command(context.WithoutCancel(t.Context()), args...), path: file.Name(), end: make(chan error, 1)}
	b.cmd.Stdout, b.cmd.Stderr = file, file
	if err := errors.Join(b.cmd.Start(), file.Close()); err != nil {
		t.Fatal(err)
	}
	go func() { b.end <- b.cmd.Wait() }()
	t.Cleanup(func() { _ = b.cmd.Process.Kill() })
	return b
}

func (b *background) text() string {
	data, _ := os.ReadFile(b.path)
	return string(data)
}

// says waits until it wrote something.
func (b *background) says(t *testing.T, want string) {
	t.Helper()
	eventually(t, func(context.Context) error {
		if text := b.text(); !bytes.Contains([]byte(text), []byte(want)) {
			return fmt.Errorf("it does not say %q but:\n%s", want, text)
		}
		return nil
	})
}

// result interrupts it, where it is told to, and waits until it ends.
func (b *background) result(t *testing.T, interrupt bool) outcome {
	t.Helper()
	if interrupt {
		if err := b.cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	select {
	case err := <-b.end:
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			return outcome{code: exit.ExitCode(), out: b.text()}
		}
		if err != nil {
			t.Fatal(err)
		}
		return outcome{out: b.text()}
	case <-ctx.Done():
		t.Fatalf("it does not end; it wrote:\n%s", b.text())
	}
	return outcome{}
}
