// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package localcluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"k8s.io/client-go/rest"
)

// KubectlCall is one call of kubectl.
type KubectlCall struct {
	// Config is whom it acts as, and where.
	Config *rest.Config
	// Args are the arguments, without the program's name.
	Args []string
	// Stdin is its input, for `apply -f -`; nil is empty.
	Stdin io.Reader
}

// KubectlResult is what a call of kubectl wrote. Warnings of admission policies
// are in Stderr.
type KubectlResult struct {
	Stdout, Stderr []byte
}

// Kubectl runs kubectl as cfg and returns what it wrote to its standard output.
// When it fails, the error holds what it wrote to its standard error.
func (c *Cluster) Kubectl(ctx context.Context, cfg *rest.Config, args ...string) ([]byte, error) {
	result, err := c.RunKubectl(ctx, KubectlCall{Config: cfg, Args: args})
	return result.Stdout, err
}

// RunKubectl runs kubectl, of the cluster's own version and with neither the
// caller's KUBECONFIG nor the caller's caches. The result is filled on failure too;
// the error then wraps the *exec.ExitError.
func (c *Cluster) RunKubectl(ctx context.Context, call KubectlCall) (result KubectlResult, err error) {
	dir, err := os.MkdirTemp(c.supervisor.dir, "kubectl-")
	if err != nil {
		return KubectlResult{}, fmt.Errorf("making a directory for kubectl: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	kubeconfig := filepath.Join(dir, "kubeconfig")
	if err := WriteKubeconfig(kubeconfig, call.Config); err != nil {
		return KubectlResult{}, err
	}
	cmd := exec.CommandContext(ctx, c.BinaryPath(Kubectl), call.Args...)
	cmd.Env = append(cleanEnv(c.supervisor.dir), collectSeldom, "KUBECONFIG="+kubeconfig)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = call.Stdin, &stdout, &stderr
	err = cmd.Run()
	result = KubectlResult{Stdout: stdout.Bytes(), Stderr: stderr.Bytes()}
	if err != nil {
		return result, fmt.Errorf("running kubectl %q: %w: %s", call.Args, err, bytes.TrimSpace(result.Stderr))
	}
	return result, nil
}
