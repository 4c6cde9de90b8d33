// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"errors"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/hack/bench/admission/measured"
	"github.com/scalegate/scalegate/hack/bench/measure"
)

// bench is a run of the part.
type bench struct {
	options measure.Options
	hooks   *webhooks
	planes  [2]*plane
	// between is how far the two planes are from each other while neither has Scalegate: 0.01 for one in a hundred.
	between float64
}

// set is what is measured together, and the figures that come of it.
type set struct {
	about string
	turn  turn
	cases func(without, with *plane) []creation
	// clear takes away what a run made; nil where nothing is made.
	clear   func(context.Context, *plane) error
	figures func(*comparison) []measure.Figure
	// measured is what was measured so far.
	measured comparison
}

// sets are the pods in dry runs, one after the other, first those whose figures have an aim; in the full form also
// with 16 workers, pods that are really made, those of published manifests, and Deployments.
func (b *bench) sets() ([]set, error) {
	many := turn{rounds: measure.Pick(b.options, 1000, 2000), workers: 1, requests: 2}
	some := turn{rounds: measure.Pick(b.options, 200, 500), workers: 1, requests: 2}
	dry := func(without, with *plane) []creation {
		return podCases(without, with, measured.Pod(measured.ClearedOwner), false)
	}
	all := []set{
		{about: "pods", turn: many, figures: b.main, cases: only(dry, base, webhookPair, ungoverned, cleared, baseAgain, clearedFull)},
		{about: "other pods", turn: some, figures: others, cases: only(dry, base, webhookPair, cleared, baseAgain, clearedOwners, held, unclaimed)},
	}
	if !b.options.Full {
		return all, nil
	}
	// The planes get as many requests each: the one that gets more rests less, and is faster for that.
	even := []string{base, webhookPair, ungoverned, cleared, baseAgain, held}
	stored := func(without, with *plane) []creation {
		return podCases(without, with, measured.Pod(measured.ClearedOwner), true)
	}
	sixteen := turn{rounds: 40, workers: 16, requests: 4}
	all = append(all,
		set{about: "pods, 16 workers", turn: sixteen, cases: only(dry, even...), figures: prefixed("workers-16-")},
		set{about: "pods that are made", turn: turn{rounds: 250, workers: 1, requests: 2}, cases: only(stored, even...),
			figures: prefixed("made-"), clear: deletePods},
		set{about: "Deployments", turn: some, cases: deploymentCases, figures: prefixed("deployments-")},
		set{about: "Deployments, 16 workers", turn: sixteen, cases: deploymentCases, figures: prefixed("deployments-16-")})
	pods, err := published()
	if err != nil {
		return nil, err
	}
	if len(pods) == 0 {
		b.options.Logf("pods of published manifests: SKIPPED, there is no folder with them; %s names one", workloadsVariable)
		return all, nil
	}
	// The pods take turns too, so that each case has seen all of them.
	return append(all, set{about: "pods of published manifests", figures: prefixed("manifests-"),
		turn: turn{rounds: max(1, 1250/len(pods)), workers: 1, requests: 1},
		cases: only(func(without, with *plane) (cases []creation) {
			for _, pod := range pods {
				cases = append(cases, podCases(without, with, pod, false)...)
			}
			return cases
		}, even...)}), nil
}

func (b *bench) run(ctx context.Context) ([]measure.Figure, error) {
	sets, err := b.sets()
	if err != nil {
		return nil, err
	}
	if err := b.betweenPlanes(ctx); err != nil {
		return nil, err
	}
	for i, with := range b.planes {
		without := b.planes[1-i]
		if err := b.cast(ctx, without, with); err != nil {
			return nil, err
		}
		for n := range sets {
			b.options.Logf("control plane %d has Scalegate: %s", i+1, sets[n].about)
			if err := b.measure(ctx, &sets[n], without, with); err != nil {
				return nil, fmt.Errorf("%s: %w", sets[n].about, err)
			}
		}
	}
	var figures []measure.Figure
	for i := range sets {
		figures = append(figures, sets[i].figures(&sets[i].measured)...)
	}
	return figures, nil
}

// cast gives the planes their parts.
func (b *bench) cast(ctx context.Context, without, with *plane) error {
	if err := without.uninstall(ctx); err != nil {
		return err
	}
	if err := with.install(ctx); err != nil {
		return err
	}
	// It holds no longer where it did.
	gone := creation{on: without, namespace: governedNamespace, make: aPod(measured.Pod(measured.HeldOwner), false), want: passes}
	if err := eventually(ctx, gone.send); err != nil {
		return err
	}
	return errors.Join(without.atRest(ctx), with.atRest(ctx))
}

// measure sees that all is in force, warms up, measures and clears away.
func (b *bench) measure(ctx context.Context, s *set, without, with *plane) error {
	cases := s.cases(without, with)
	if err := b.inForce(ctx, cases); err != nil {
		return err
	}
	warm := s.turn
	warm.rounds = max(1, s.turn.rounds/10)
	for _, t := range []turn{warm, s.turn} {
		took, err := t.inTurns(ctx, requests(cases))
		if err != nil {
			return err
		}
		if s.clear != nil {
			for _, p := range b.planes {
				if err := s.clear(ctx, p); err != nil {
					return err
				}
			}
		}
		if t == s.turn {
			s.measured.add(took, t.rounds)
		}
	}
	return nil
}

// only are the cases that have one of these names.
func only(of func(without, with *plane) []creation, names ...string) func(without, with *plane) []creation {
	return func(without, with *plane) []creation {
		return slices.DeleteFunc(of(without, with), func(c creation) bool { return !slices.Contains(names, c.name) })
	}
}

// requests are the cases as requests that take turns.
func requests(cases []creation) []request {
	all := make([]request, len(cases))
	for i, c := range cases {
		all[i] = request{name: c.name, send: c.send}
	}
	return all
}

// betweenPlanes measures how far the two planes are from each other.
func (b *bench) betweenPlanes(ctx context.Context) error {
	s := set{turn: turn{rounds: 200, workers: 1, requests: 2}, cases: func(one, other *plane) []creation {
		pod := aPod(measured.Pod(measured.ClearedOwner), false)
		return []creation{
			{name: base, on: one, namespace: plainNamespace, make: pod, want: passes},
			{name: baseAgain, on: other, namespace: plainNamespace, make: pod, want: passes},
		}
	}}
	if err := b.measure(ctx, &s, b.planes[0], b.planes[1]); err != nil {
		return err
	}
	b.between = s.measured.apart() / s.measured.all[base].Median()
	return nil
}

// deletePods takes away the pods that were made.
func deletePods(ctx context.Context, p *plane) error {
	for _, namespace := range []string{plainNamespace, webhooksNamespace, governedNamespace} {
		now := metav1.DeleteOptions{GracePeriodSeconds: new(int64(0))}
		if err := p.admin.CoreV1().Pods(namespace).DeleteCollection(ctx, now, metav1.ListOptions{}); err != nil {
			return fmt.Errorf("deleting the pods in %s: %w", namespace, err)
		}
		left, err := p.admin.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		if n := len(left.Items); n > 0 {
			return fmt.Errorf("%d pods are left in %s, of phase %s", n, namespace, left.Items[0].Status.Phase)
		}
	}
	return nil
}
