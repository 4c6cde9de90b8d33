// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/hack/localcluster"
	"github.com/scalegate/scalegate/test/docs/page"
	"github.com/scalegate/scalegate/test/installation"
)

// nodes is how many simulated nodes a control plane gets.
const nodes = 4

// shared is what all tests of the package use: programs, and the control plane of the pages that share one.
var shared beds

// beds has a directory with the programs that pages call, and hands out control planes.
type beds struct {
	dir string
	// helm builds the program of that name on its first call: few pages need it.
	helm func() error
	// open starts the shared control plane on its first call.
	open func() (*bed, error)

	mu      sync.Mutex
	running []*bed
}

// bed is a control plane on which the Deployment of the manager has a process for its pods.
type bed struct {
	*installation.Installation
	stop func() error
}

func (b *beds) prepare(ctx context.Context) (err error) {
	if b.dir, err = os.MkdirTemp("", "scalegate-docs-"); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(b.dir))
		}
	}()
	if err := os.Mkdir(filepath.Join(b.dir, "bin"), 0o700); err != nil {
		return err
	}
	if err := b.build(ctx, "scalegate", installation.Root(), "."); err != nil {
		return err
	}
	if err := os.Symlink("scalegate", b.program("kubectl-scalegate")); err != nil {
		return err
	}
	b.helm = sync.OnceValue(func() error {
		dir := filepath.Join(installation.Root(), "test", "integrations")
		return b.build(context.Background(), "helm", dir, "helm.sh/helm/v4/cmd/helm")
	})
	b.open = sync.OnceValues(func() (*bed, error) { return b.start(context.Background(), page.Shared) })
	return nil
}

// program is the path of a program that pages call.
func (b *beds) program(name string) string { return filepath.Join(b.dir, "bin", name) }

// build builds a command into a place that other tests share, and puts it where pages call it.
func (b *beds) build(ctx context.Context, name, dir, pkg string) error {
	built := filepath.Join(installation.Root(), "bin", "test", name)
	if err := localcluster.Program(ctx, dir, pkg, built); err != nil {
		return err
	}
	return os.Symlink(built, b.program(name))
}

// end stops what runs.
func (b *beds) end() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	errs := []error{os.RemoveAll(b.dir)}
	for _, running := range b.running {
		errs = append(errs, running.stop())
	}
	return errors.Join(errs...)
}

// start starts a control plane with simulated nodes and, unless it is to be empty, Scalegate.
func (b *beds) start(ctx context.Context, which page.Cluster) (*bed, error) {
	started, err := b.cluster(ctx, which)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	result := &bed{Installation: started, stop: sync.OnceValue(func() error {
		cancel()
		<-ended
		return started.Stop()
	})}
	go func() { defer close(ended); result.runManagers(ctx) }()
	b.mu.Lock()
	b.running = append(b.running, result)
	b.mu.Unlock()
	if err := os.Symlink(b.program("scalegate"), filepath.Join(started.Dir(), "scalegate")); err != nil {
		return nil, err
	}
	if err := started.AddNodes(ctx, nodes, nil); err != nil {
		return nil, err
	}
	if which == page.Empty {
		return result, nil
	}
	if _, err := started.Kubectl(ctx, started.Admin(), "apply", "--server-side", "-k", filepath.Join(installation.Root(), "config", "manager")); err != nil {
		return nil, err
	}
	return result, wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, time.Minute, true, func(context.Context) (bool, error) {
		return started.Running(installation.Manager), nil
	})
}

func (b *beds) cluster(ctx context.Context, which page.Cluster) (*installation.Installation, error) {
	if which != page.Empty {
		return installation.Start(ctx, os.Stderr)
	}
	cluster, err := localcluster.Start(ctx, localcluster.Options{Output: os.Stderr})
	if err != nil {
		return nil, err
	}
	c, err := installation.Client(cluster.Admin())
	if err != nil {
		return nil, errors.Join(err, cluster.Stop())
	}
	return &installation.Installation{Cluster: cluster, Client: c}, nil
}

// runManagers does for the manager's pods what the simulated nodes cannot: while one of them is ready, the manager runs as a
// process, as their service account and with their flags about guards. One process stands for all replicas.
func (b *bed) runManagers(ctx context.Context) {
	for ctx.Err() == nil {
		_ = wait.PollUntilContextCancel(ctx, 200*time.Millisecond, true, func(ctx context.Context) (bool, error) {
			ready, args := b.managerReady(ctx)
			running := b.Running(installation.Manager)
			switch {
			case ready && !running:
				if err := b.StartManager(ctx, args...); err != nil && ctx.Err() == nil {
					fmt.Fprintln(os.Stderr, "starting the manager:", err)
				}
			case !ready && running:
				if err := b.Kill(installation.Manager); err != nil {
					fmt.Fprintln(os.Stderr, "ending the manager:", err)
				}
			}
			return false, nil
		})
	}
}

// managerReady says whether the Deployment of the manager has a pod that is ready, and with which flags the manager would run.
func (b *bed) managerReady(ctx context.Context) (ready bool, args []string) {
	var deployment appsv1.Deployment
	key := client.ObjectKey{Namespace: installation.Namespace, Name: installation.ServiceAccount}
	if err := b.Client.Get(ctx, key, &deployment); client.IgnoreNotFound(err) != nil {
		// What cannot be read is no reason to end anything.
		return b.Running(installation.Manager), nil
	} else if err != nil || deployment.Status.ReadyReplicas == 0 {
		return false, nil
	}
	if err := b.Client.Get(ctx, key, &corev1.ServiceAccount{}); err != nil {
		return false, nil
	}
	for _, arg := range deployment.Spec.Template.Spec.Containers[0].Args {
		if strings.HasPrefix(arg, "--guards") || strings.HasPrefix(arg, "--safeguard-period") {
			args = append(args, arg)
		}
	}
	return true, slices.Clip(args)
}
