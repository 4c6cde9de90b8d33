// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/scalegate/scalegate/test/installation"
)

// gitops applies the manifest of the Deployment every second, as a GitOps tool does that insists on
// what is in Git, and remembers the generations it was answered with.
type gitops struct {
	client client.Client
	quit   context.CancelFunc
	done   sync.WaitGroup

	mu          sync.Mutex
	manifest    []byte
	generations []int64 // one for each apply since the manifest last changed
	changes     []int64 // the distinct generations, in order
	err         error
}

func newGitops(ctx context.Context, w *world) (*gitops, error) {
	cfg, err := w.as("argocd")
	if err != nil {
		return nil, err
	}
	c, err := installation.Client(cfg)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	g := &gitops{client: c, quit: cancel}
	g.done.Go(func() { g.loop(ctx) })
	return g, nil
}

// commit changes what is in Git.
func (g *gitops) commit(m model) error {
	manifest, err := render("manifests/deployment.yaml", m)
	if err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.manifest, g.generations = manifest, nil
	return nil
}

func (g *gitops) loop(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		g.sync(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (g *gitops) sync(ctx context.Context) {
	g.mu.Lock()
	manifest := g.manifest
	g.mu.Unlock()
	if manifest == nil {
		return
	}
	u := &unstructured.Unstructured{}
	err := yaml.Unmarshal(manifest, &u.Object)
	if err == nil {
		err = g.client.Apply(ctx, client.ApplyConfigurationFromUnstructured(u), client.FieldOwner("argocd"), client.ForceOwnership)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if err != nil {
		if ctx.Err() == nil {
			g.err = errors.Join(g.err, err)
		}
		return
	}
	generation := u.GetGeneration()
	g.generations = append(g.generations, generation)
	if len(g.changes) == 0 || g.changes[len(g.changes)-1] != generation {
		g.changes = append(g.changes, generation)
	}
}

// steady returns a check that the next three applies change nothing.
func (g *gitops) steady() func(context.Context) error {
	const want = 3
	seen := -1 // how many applies there were when the check began
	return func(context.Context) error {
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.err != nil {
			return g.err
		}
		if seen < 0 {
			seen = len(g.generations)
		}
		next := g.generations[seen:]
		for _, generation := range next {
			if generation != next[0] {
				seen = len(g.generations)
				return fmt.Errorf("applies were answered with the generations %v", next)
			}
		}
		if len(next) < want {
			return fmt.Errorf("applied %d times, want %d", len(next), want)
		}
		return nil
	}
}

// history is every generation that the Deployment had, as the loop saw it.
func (g *gitops) history() ([]int64, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]int64(nil), g.changes...), g.err
}

func (g *gitops) stop() {
	g.quit()
	g.done.Wait()
}
