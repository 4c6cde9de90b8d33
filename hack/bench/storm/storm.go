// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package storm is part e: a critical revocation while all of a fleet changes.
package storm

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/hack/bench/fleet"
	"github.com/scalegate/scalegate/hack/bench/measure"
	"github.com/scalegate/scalegate/test/installation"
)

// evaluations is how many evaluations each release of the fleet has.
const evaluations = 5

// editedDays is how long evidence is valid once the policy is edited, instead of 30 days: until the second storm.
const editedDays = 2

// aim is the most that a storm may slow a revocation down.
const aim = 2

// Measure measures how long a critical revocation takes, from its write until the last of the pods is gone, at rest, and
// during two storms: a policy is edited under which all releases of the fleet are, so that each is decided anew and keeps its
// grant until an earlier time; and that time comes, so that all lose it in the same second, by the clock. What is revoked is
// under another policy, and each revocation is of a release of its own. Half of those at rest come before the first storm,
// and half between the two.
func Measure(ctx context.Context, options measure.Options) (figures []measure.Figure, err error) {
	i, err := installation.StartWith(ctx, fleet.ControlPlane(options.Log))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, i.Stop()) }()
	s := &scene{
		Installation: i, options: options,
		releases: measure.Pick(options, 1000, 2000), each: measure.Pick(options, 20, 100),
		end: time.Now().Add(measure.Pick(options, 5*time.Minute, 10*time.Minute)).Truncate(time.Second),
	}
	if err := s.prepare(ctx); err != nil {
		return nil, err
	}
	defer s.stop()
	return s.measure(ctx)
}

// measure runs both storms.
func (s *scene) measure(ctx context.Context) ([]measure.Figure, error) {
	calm, err := s.revokeSome(ctx, s.each/2, nil)
	if err != nil {
		return nil, err
	}
	edited, err := s.storm(ctx, "policy", s.decidedAnew, s.edit)
	if err != nil {
		return nil, err
	}
	again, err := s.revokeSome(ctx, s.each/2, nil)
	if err != nil {
		return nil, err
	}
	expired, err := s.storm(ctx, "expiry", s.expired, s.untilTheEnd)
	if err != nil {
		return nil, err
	}
	rest := append(append(measure.Samples{}, calm...), again...)
	during := append(append(measure.Samples{}, edited.revocations...), expired.revocations...)
	f := compare("storm-revocation", during, rest)
	f.Aim, f.Noise = aim, math.Abs(p99(again)/p99(calm)-1)
	f.Note = fmt.Sprintf("p99, %d releases; %d revocations at rest, %d while a policy is edited, %d while evidence ends",
		s.releases, len(rest), len(edited.revocations), len(expired.revocations))
	figures := []measure.Figure{f}
	if !s.options.Full {
		return figures, nil
	}
	for _, c := range []course{edited, expired} {
		figures = append(figures, c.figures(s.releases, rest)...)
	}
	return figures, nil
}

func p99(s measure.Samples) float64 { return s.Quantile(0.99) }

// compare is the ratio of the p99.
func compare(name string, during, rest measure.Samples) measure.Figure {
	ratio := func(groups ...measure.Samples) float64 { return p99(groups[0]) / p99(groups[1]) }
	f := measure.Figure{
		Name: name, Value: ratio(during, rest), Aim: measure.NoAim, Noise: measure.NoNoise, Scale: "ms",
		Ours: measure.Of(during, 1000), Floor: measure.Of(rest, 1000),
	}
	f.Low, f.High = measure.Spread(ratio, during, rest)
	return f
}

// course is what became of a storm.
type course struct {
	name string
	// revocations are how long those took that were begun while it lasted.
	revocations measure.Samples
	// took is how long it lasted: until the last release was decided.
	took time.Duration
	// writes are those to the API server meanwhile.
	writes float64
}

func (c *course) figures(releases int, rest measure.Samples) []measure.Figure {
	number := func(name string, value float64, unit string) measure.Figure {
		return measure.Figure{Name: "storm-" + c.name + "-" + name, Value: value, Unit: unit, Aim: measure.NoAim, Noise: measure.NoNoise}
	}
	return []measure.Figure{
		compare("storm-"+c.name+"-revocation", c.revocations, rest),
		number("duration", c.took.Seconds(), "s"),
		number("throughput", float64(releases)/c.took.Seconds(), "decisions/s"),
		number("writes", c.writes/float64(releases), "writes/release"),
	}
}

// storm waits until one begins, or begins it, and revokes releases, one after the other, as long as it lasts. What it reaches is
// counted from before on.
func (s *scene) storm(ctx context.Context, name string, done func(*v1alpha1.ModelRelease) bool, begin func(context.Context) error) (course, error) {
	c := course{name: name}
	before, err := s.writes(ctx)
	if err != nil {
		return c, err
	}
	s.fleet.count(done)
	if err := begin(ctx); err != nil {
		return c, err
	}
	began := time.Now()
	if err := s.fleet.beyond(ctx, 0); err != nil {
		return c, err
	}
	if c.revocations, err = s.revokeSome(ctx, s.each, func() bool { return s.fleet.left() > 0 }); err != nil {
		return c, err
	}
	if len(c.revocations) == 0 {
		return c, fmt.Errorf("the storm %s was over before anything was revoked", name)
	}
	s.options.Logf("storm %s: %d revocations begun while it lasted, %d releases left after %v", name, len(c.revocations), s.fleet.left(), time.Since(began).Round(time.Second))
	if err := s.fleet.beyond(ctx, s.releases-1); err != nil {
		return c, err
	}
	c.took = s.fleet.last().Sub(began)
	after, err := s.writes(ctx)
	c.writes = after - before
	s.options.Logf("storm %s: %v, %.2f writes for each release", name, c.took.Round(time.Millisecond), c.writes/float64(s.releases))
	if len(c.revocations) < s.each {
		s.options.Logf("storm %s: it was over before %d releases were revoked", name, s.each)
	}
	return c, err
}

// untilTheEnd waits for the moment in which the evidence of the fleet ends.
func (s *scene) untilTheEnd(ctx context.Context) error {
	left := time.Until(s.end)
	if left <= 0 {
		return fmt.Errorf("the evidence ended %v before the storm of the edited policy was over: this machine needs more time than there is", -left.Round(time.Second))
	}
	s.options.Logf("evidence of %d releases, %d evaluations, ends in %v", s.releases, evaluations*s.releases, left.Round(time.Second))
	return pause(ctx, left)
}

// edit changes how long evidence is valid under the policy of the fleet.
func (s *scene) edit(ctx context.Context) error {
	policy := &v1alpha1.SafetyPolicy{}
	if err := s.Client.Get(ctx, client.ObjectKey{Name: fleet.Policy}, policy); err != nil {
		return err
	}
	for i := range policy.Spec.Requirements {
		policy.Spec.Requirements[i].ValidForDays = editedDays
	}
	if err := s.Client.Update(ctx, policy); err != nil {
		return fmt.Errorf("editing the policy: %w", err)
	}
	return nil
}

// decidedAnew tells whether a release was decided since the policy was edited.
func (s *scene) decidedAnew(r *v1alpha1.ModelRelease) bool {
	end := r.Status.EvidenceEndTime
	return end != nil && end.Time.Equal(s.end)
}

// expired tells whether a release has lost its grant.
func (s *scene) expired(r *v1alpha1.ModelRelease) bool { return r.Status.GrantedExposure == "" }
