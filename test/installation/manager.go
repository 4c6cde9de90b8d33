// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package installation

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/scalegate/scalegate/hack/localcluster"
)

// Manager is the name of the manager's process.
const Manager = "scalegate-manager"

// StartManager builds the manager and runs it as its service account, until Kill(Manager) or Stop.
func (i *Installation) StartManager(ctx context.Context, args ...string) error {
	return i.startManager(ctx, Manager, localcluster.Spec{Args: args})
}

// StartReplica is as StartManager, for one of several replicas of which one acts: its process has this name, and may
// end by itself, as a leader does that lost its lease.
func (i *Installation) StartReplica(ctx context.Context, name string, args ...string) error {
	args = append([]string{"--leader-elect", "--leader-election-namespace", Namespace}, args...)
	return i.startManager(ctx, name, localcluster.Spec{Args: args, MayEnd: true})
}

func (i *Installation) startManager(ctx context.Context, name string, spec localcluster.Spec) error {
	binary, err := i.Build(ctx)
	if err != nil {
		return err
	}
	cfg, err := i.ServiceAccount(ctx, Namespace, ServiceAccount)
	if err != nil {
		return fmt.Errorf("becoming the manager: %w", err)
	}
	kubeconfig := filepath.Join(i.Dir(), name+".kubeconfig")
	if err := localcluster.WriteKubeconfig(kubeconfig, cfg); err != nil {
		return err
	}
	spec.Path = binary
	spec.Args = append([]string{"manager", "--kubeconfig", kubeconfig, "--metrics-bind-address=0",
		"--health-probe-bind-address=0"}, spec.Args...)
	return i.Run(ctx, name, spec)
}

// Build returns the path of the scalegate binary of this installation, built from this tree on the first call.
func (i *Installation) Build(ctx context.Context) (string, error) {
	binary := filepath.Join(i.Dir(), "scalegate")
	if _, err := os.Stat(binary); err == nil {
		return binary, nil
	}
	built := filepath.Join(Root(), "bin", "test", "scalegate")
	if err := localcluster.Program(ctx, Root(), ".", built); err != nil {
		return "", err
	}
	// What the tree becomes while tests run does not change what they run.
	return binary, copyProgram(built, binary)
}

func copyProgram(from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	return errors.Join(err, target.Close())
}
