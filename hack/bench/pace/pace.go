// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package pace is parts b and c: how fast held pods are opened and serving pods are closed, beside controllers that do
// nothing but the same writes.
//
// A turn of Scalegate and one of the floor are the same but for who acts: the same objects are made in the same namespace,
// the same one is written to begin with, and the floor acts as the controller's service account, so that the same admission
// policies judge the same patches. Scalegate's manager and the floor's process run in their own turns alone: who does not act
// takes no processor, and nothing that it watches is sent to it.
package pace

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/scalegate/scalegate/hack/bench/measure"
)

// aim of both ratios that have one.
const aim = 1.3

// size is how many pods are measured at a time, and how often.
type size struct {
	pods, rounds int
	aim          float64
}

// Opening measures from the write of the last evaluation to the last pod whose gate is seen gone.
func Opening(ctx context.Context, options measure.Options) ([]measure.Figure, error) {
	sizes := measure.Pick(options, []size{{100, 7, aim}}, []size{{1, 20, measure.NoAim}, {100, 25, aim}, {1000, 4, measure.NoAim}})
	return onStage(ctx, options, "opener", func(s *stage) ([]measure.Figure, error) {
		return s.figures(ctx, "open", sizes, s.opening)
	})
}

// Closing measures from the write of a critical revocation to the last pod that is seen gone.
func Closing(ctx context.Context, options measure.Options) ([]measure.Figure, error) {
	sizes := measure.Pick(options, []size{{1000, 3, aim}}, []size{{1, 20, measure.NoAim}, {100, 10, measure.NoAim}, {1000, 6, aim}})
	return onStage(ctx, options, "deleter", func(s *stage) ([]measure.Figure, error) {
		return s.figures(ctx, "close", sizes, s.closing)
	})
}

// onStage measures on a control plane of its own, with one of the floors.
func onStage(ctx context.Context, options measure.Options, floor string, do func(*stage) ([]measure.Figure, error)) ([]measure.Figure, error) {
	s, err := newStage(ctx, options, floor)
	if err != nil {
		return nil, err
	}
	figures, err := do(s)
	return figures, errors.Join(err, s.Stop())
}

// turn measures one turn of an actor with so many pods.
type turn func(ctx context.Context, a actor, round, pods int) (time.Duration, error)

// figures measures each size in turns. Where there is time the floor is measured twice, for the noise.
func (s *stage) figures(ctx context.Context, name string, sizes []size, do turn) ([]measure.Figure, error) {
	var all []measure.Figure
	for _, z := range sizes {
		called := fmt.Sprintf("%s-%d", name, z.pods)
		s.options.Logf("%s: %d rounds", called, z.rounds)
		var cases []measure.Case
		for _, a := range s.actors(z.rounds) {
			cases = append(cases, measure.Case{Name: a.name, Run: func(ctx context.Context, round int) (time.Duration, error) {
				took, err := do(ctx, a, round, z.pods)
				s.options.Logf("%s, round %d: %s took %s", called, round, a.name, took.Round(time.Millisecond))
				return took, err
			}})
		}
		samples, err := measure.Interleaved(ctx, z.rounds, cases...)
		if err != nil {
			return all, fmt.Errorf("%s: %w", called, err)
		}
		all = append(all, measure.Ratio(called, z.aim, samples[ours], samples[floor], samples[again]))
		if err := s.clear(ctx); err != nil {
			return all, err
		}
	}
	return all, nil
}
