// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Command trycluster starts a local control plane with simulated nodes and Scalegate on it, and keeps it until it is
// interrupted: to follow the documentation by hand without a cluster. It writes bin/cluster.env, which puts the kubectl,
// the scalegate and the KUBECONFIG of this cluster into a shell, and removes it at the end.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/scalegate/scalegate/hack/localcluster"
	"github.com/scalegate/scalegate/test/installation"
)

// nodes is how many simulated nodes there are.
const nodes = 3

func main() {
	// What client libraries log would hide the few lines that matter.
	log.SetLogger(logr.Discard())
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run keeps the cluster until ctx ends.
func run(ctx context.Context) (err error) {
	begun := time.Now()
	fmt.Println("Starting a control plane with simulated nodes, and installing Scalegate ...")
	i, err := installation.Start(ctx, os.Stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, i.Stop()) }()
	if err := populate(ctx, i); err != nil {
		return err
	}
	env := filepath.Join(installation.Root(), "bin", "cluster.env")
	if err := writeEnv(i, env); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(env)) }()
	fmt.Printf("Ready after %.0f s, until you press Ctrl-C here. In another terminal, in the root of the clone:\n\n"+
		"    . bin/cluster.env\n\n", time.Since(begun).Seconds())
	<-ctx.Done()
	return nil
}

// populate adds nodes and the manager. Simulated nodes run nothing: the Deployment of the manager is there for those
// who look for it, and the manager is a process.
func populate(ctx context.Context, i *installation.Installation) error {
	if err := i.AddNodes(ctx, nodes, nil); err != nil {
		return err
	}
	manifests := filepath.Join(installation.Root(), "config", "manager")
	if _, err := i.Kubectl(ctx, i.Admin(), "apply", "--server-side", "-k", manifests); err != nil {
		return fmt.Errorf("installing the manager: %w", err)
	}
	// With a lease, as an installation has one: scalegate doctor looks for it.
	return i.StartManager(ctx, "--leader-elect", "--leader-election-namespace", installation.Namespace)
}

// writeEnv writes the file for a shell, and what it names into the directory of the cluster.
func writeEnv(i *installation.Installation, file string) error {
	kubeconfig := filepath.Join(i.Dir(), "admin.kubeconfig")
	if err := localcluster.WriteKubeconfig(kubeconfig, i.Admin()); err != nil {
		return err
	}
	bin := filepath.Join(i.Dir(), "path")
	err := errors.Join(os.Mkdir(bin, 0o700), os.MkdirAll(filepath.Dir(file), 0o750))
	for name, program := range map[string]string{
		"kubectl":           i.BinaryPath(localcluster.Kubectl),
		"scalegate":         filepath.Join(i.Dir(), "scalegate"),
		"kubectl-scalegate": filepath.Join(i.Dir(), "scalegate"),
	} {
		err = errors.Join(err, os.Symlink(program, filepath.Join(bin, name)))
	}
	if err != nil {
		return fmt.Errorf("preparing the PATH: %w", err)
	}
	content := fmt.Sprintf("export KUBECONFIG='%s'\nexport PATH='%s':\"$PATH\"\n", kubeconfig, bin)
	return os.WriteFile(file, []byte(content), 0o600)
}
