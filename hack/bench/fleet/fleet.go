// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package fleet is part d: a fleet at rest, beside a controller that keeps the same kinds and does nothing.
package fleet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/scalegate/scalegate/hack/bench/measure"
	"github.com/scalegate/scalegate/hack/localcluster"
	"github.com/scalegate/scalegate/test/installation"
)

const (
	// evaluations of each release.
	evaluations = 5
	// fullTime is what the full form has. A fleet that would not be done within it is left out, which is told.
	fullTime = 50 * time.Minute
)

// size is a fleet to be measured.
type size struct {
	releases int
	// suffix of the names of its figures; empty for the fleet that the aims are about.
	suffix string
	// takes is about how long it takes, on two cores, and needs how much memory must be free, in GiB.
	takes time.Duration
	needs float64
}

// Measure measures fleets of several sizes, each on a control plane of its own. In the quick form a smaller fleet has the
// names of that which the aims are about.
func Measure(ctx context.Context, options measure.Options) ([]measure.Figure, error) {
	sizes := measure.Pick(options,
		[]size{{releases: 2000}},
		[]size{{releases: 1000, suffix: "-1k"}, {releases: 10_000}, {releases: 50_000, suffix: "-50k", takes: 20 * time.Minute, needs: 32}})
	var figures []measure.Figure
	var errs []error
	began := time.Now()
	for _, s := range sizes {
		if left := fullTime - time.Since(began); s.takes > left {
			options.Logf("%d releases: left out, %v are left", s.releases, left.Round(time.Second))
			continue
		}
		// An API server that pages takes the machine with it.
		if free := available() / 1024; s.needs > free {
			options.Logf("%d releases: left out, they need %.0f GiB of memory, and %.1f are free", s.releases, s.needs, free)
			continue
		}
		measured, err := s.measure(ctx, options)
		if err != nil {
			errs = append(errs, fmt.Errorf("%d releases: %w", s.releases, err))
		}
		figures = append(figures, measured...)
	}
	return figures, errors.Join(errs...)
}

// measure fills a control plane and measures on it.
func (s size) measure(ctx context.Context, options measure.Options) (figures []measure.Figure, err error) {
	control := ControlPlane(options.Log)
	log, err := auditing(&control)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, log.remove()) }()
	i, err := installation.StartWith(ctx, control)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, i.Stop()) }()
	b := bench{Installation: i, Options: options, size: s, audit: log}
	if b.profiles, err = freeAddress(); err != nil {
		return nil, err
	}
	fleet := Fleet{Releases: s.releases, Evaluations: evaluations, Args: []string{"--pprof-bind-address=" + b.profiles}}
	if err := Seed(ctx, i, fleet, options); err != nil {
		return nil, err
	}
	for _, part := range []func(context.Context) ([]measure.Figure, error){b.starts, b.rests, b.changes} {
		measured, err := part(ctx)
		for at := range measured {
			if measured[at].Name += s.suffix; s.suffix != "" {
				measured[at].Aim = measure.NoAim
			}
		}
		if figures = append(figures, measured...); err != nil {
			return figures, errors.Join(err, b.Err())
		}
	}
	return slices.Clip(figures), nil
}

// bench is one filled control plane.
type bench struct {
	*installation.Installation
	measure.Options
	size
	audit auditLog
	// profiles is where the manager serves its profiles.
	profiles string
}

// floorProgram is the program with all floors, built from this tree, and a kubeconfig file for it.
func (b *bench) floorProgram(ctx context.Context) (program, kubeconfig string, err error) {
	program, kubeconfig = b.Dir()+"/floor", b.Dir()+"/floor.kubeconfig"
	if err := localcluster.WriteKubeconfig(kubeconfig, b.Admin()); err != nil {
		return "", "", err
	}
	return program, kubeconfig, localcluster.Program(ctx, installation.Root(), "./hack/bench/floor", program)
}
