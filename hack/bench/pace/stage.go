// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package pace

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/hack/bench/floors"
	"github.com/scalegate/scalegate/hack/bench/measure"
	"github.com/scalegate/scalegate/hack/bench/objects"
	"github.com/scalegate/scalegate/hack/bench/quiet"
	"github.com/scalegate/scalegate/hack/localcluster"
	"github.com/scalegate/scalegate/test/installation"
)

// namespace in which is measured, and the name of its policy.
const namespace = "pace"

// nodes have room for all pods, and for those that replace them.
const nodes = 10

// Names of the cases.
const (
	ours  = "ours"
	floor = "floor"
	again = "floor again"
)

// actor is who acts in a turn.
type actor struct {
	name  string
	floor bool
}

// actors are those that take turns. Few rounds of many pods take long enough without the floor measured again.
func (s *stage) actors(rounds int) []actor {
	all := []actor{{ours, false}, {floor, true}}
	if rounds > 3 {
		all = append(all, actor{again, true})
	}
	return all
}

// stage is where is measured: a control plane with Scalegate, nodes, and a floor that is started when it is its turn.
type stage struct {
	*installation.Installation
	watching client.WithWatch
	options  measure.Options
	// floor is which floor, program where it is, and kubeconfig that of the controller's service account.
	floor, program, kubeconfig string
}

func newStage(ctx context.Context, options measure.Options, floor string) (s *stage, err error) {
	program := filepath.Join(installation.Root(), "bin", "bench", "floor")
	if err := localcluster.Program(ctx, installation.Root(), "./hack/bench/floor", program); err != nil {
		return nil, err
	}
	// At their default rates the controllers of Kubernetes would be what is measured.
	fast := []string{"--kube-api-qps=2000", "--kube-api-burst=4000"}
	i, err := installation.StartWith(ctx, localcluster.Options{
		Output: options.Log, Production: true,
		Args: map[string][]string{
			localcluster.ControllerManager: fast, localcluster.Scheduler: fast,
			localcluster.APIServer: {"--delete-collection-workers=16"},
		},
	})
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, i.Stop())
		}
	}()
	s = &stage{Installation: i, options: options, floor: floor, program: program, kubeconfig: filepath.Join(i.Dir(), "floor.kubeconfig")}
	if s.watching, err = client.NewWithWatch(i.Admin(), client.Options{Scheme: installation.Scheme()}); err != nil {
		return nil, err
	}
	cfg, err := i.ServiceAccount(ctx, installation.Namespace, installation.ServiceAccount)
	if err != nil {
		return nil, err
	}
	if err := localcluster.WriteKubeconfig(s.kubeconfig, cfg); err != nil {
		return nil, err
	}
	if err := i.AddNodes(ctx, nodes, nil); err != nil {
		return nil, err
	}
	return s, s.open(ctx)
}

// open starts the manager and makes a namespace in which something can be cleared, which takes some seconds where it is new.
func (s *stage) open(ctx context.Context) error {
	if err := s.StartManager(ctx); err != nil {
		return err
	}
	const first = "first"
	if err := errors.Join(s.Govern(ctx, namespace), s.Client.Create(ctx, objects.Policy(namespace)),
		s.release(ctx, first), s.Client.Create(ctx, objects.Evaluation(namespace, first))); err != nil {
		return err
	}
	return s.isReady(ctx, first, metav1.ConditionTrue)
}

// quiet waits until the cluster has nothing to do any more.
func (s *stage) quiet(ctx context.Context) error { return quiet.Wait(ctx, s.Dir(), 40*time.Second) }

// handOver lets an actor act, and nobody else, once the manager has done what there was to do and all is quiet. What it
// returns lets the manager act again.
func (s *stage) handOver(ctx context.Context, a actor) (back func() error, err error) {
	err = s.quiet(ctx)
	if !a.floor || err != nil {
		return func() error { return nil }, err
	}
	if err := s.Kill(installation.Manager); err != nil {
		return nil, err
	}
	spec := localcluster.Spec{Path: s.program, Args: []string{s.floor, s.kubeconfig}, Ready: floors.Ready(s.LogPath(s.floor))}
	if err := s.Run(ctx, s.floor, spec); err != nil {
		return nil, fmt.Errorf("starting the floor: %w", err)
	}
	return func() error { return errors.Join(s.Kill(s.floor), s.StartManager(ctx)) }, s.quiet(ctx)
}

// timed hands over to an actor, and measures from before act to the event of the last pod of a release that is done.
func (s *stage) timed(ctx context.Context, a actor, release string, done func(event) bool, act func() error) (time.Duration, error) {
	back, err := s.handOver(ctx, a)
	if err != nil {
		return 0, err
	}
	took, err := s.time(ctx, release, done, act)
	return took, errors.Join(err, back())
}
