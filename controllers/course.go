// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/enforcement"
	"github.com/scalegate/scalegate/internal/gate"
)

// course is what was seen of a release, what was decided about it, and what is to be done.
type course struct {
	key      types.NamespacedName
	in       gate.Input
	present  claims
	decision gate.Decision
	scene    enforcement.Scene
	plan     enforcement.Plan
	// observed is what was seen of the safeguards.
	observed observation
	// entry is the last record of a decision about it, and unrecorded why that is not known.
	entry      entry
	unrecorded error
	// last is that record, where it was read already.
	last *v1alpha1.GateDecision
	// withheld is why nothing may be given in the namespace, where the plan depends on it.
	withheld Withheld
	// changed: the decision differs from the one before, and was recorded as such.
	changed bool
	// decided is from when the decision is: the process's own clock, before the first live read.
	decided time.Time
	// early is what was taken before the rest was read.
	early early
}

// course plans on what the caches say; and, where that would change anything but what a status describes, or is to be
// recorded, once more on what the API server says.
func (r *ModelReleaseReconciler) course(ctx context.Context, key types.NamespacedName) (course, error) {
	c := course{key: key, decided: time.Now()}
	err := c.read(ctx, r, r.Client, "gather")
	if err != nil {
		return c, err
	}
	if c.present, err = r.look(ctx, key); err != nil {
		return c, err
	}
	ahead := c.readAhead(ctx, r)
	defer ahead.end()
	if err = c.chart(ctx, r); err != nil {
		return c, err
	}
	c.early = r.takeEarly(ctx, &c)
	if revokedCritically(&c.in) {
		c.recall(ctx, r)
		if err = c.lookAgain(ctx, r); err != nil {
			return c, err
		}
	}
	if !c.changes() && !c.news() {
		return c, nil
	}
	if err = c.readLive(ctx, r, ahead); err != nil {
		return c, err
	}
	c.early.restore(c.present.namespace, key.Name, revokedCritically(&c.in))
	err = c.chartLive(ctx, r)
	c.early.less(&c.plan)
	return c, err
}

// read gathers what the decision depends on, in a span of a name.
func (c *course) read(ctx context.Context, r *ModelReleaseReconciler, reader client.Reader, name string) (err error) {
	ctx, span := r.Tracer.Start(ctx, name)
	if c.in, err = r.gather(ctx, reader, c.key); err == nil {
		// What a Critical revocation takes is taken before anything is asked that may be slow to answer: it depends on none of it.
		c.observed, err = r.observe(ctx, reader, &c.in, reader != r.Live && revokedCritically(&c.in))
	}
	span.End(err)
	return err
}

// lookAgain looks at the safeguards as for every release, and plans on that, where nothing is to be done that is looked at live
// in any case: before, nothing was waited for.
func (c *course) lookAgain(ctx context.Context, r *ModelReleaseReconciler) (err error) {
	if c.changes() || len(c.observed.policies) == 0 {
		return nil
	}
	if c.observed, err = r.observe(ctx, r.Client, &c.in, false); err != nil {
		return err
	}
	return c.chart(ctx, r)
}

// chart decides and plans on what was gathered.
func (c *course) chart(ctx context.Context, r *ModelReleaseReconciler) (err error) {
	ctx, span := r.Tracer.Start(ctx, "decide")
	c.decision = gate.Decide(c.in)
	c.traceDecision(span)
	if c.scene, err = r.scene(ctx, c); err == nil {
		c.planIt()
	}
	span.End(err)
	return err
}

// chartLive decides and plans on what was gathered live. Where a plan depends on how many pods serve, be it the one before
// or the one of a policy that the cache does not show yet, the pods are live too.
func (c *course) chartLive(ctx context.Context, r *ModelReleaseReconciler) (err error) {
	for live := c.counts(); ; live = true {
		if live {
			if c.present.pods, err = r.livePods(ctx, c.key); err != nil {
				return err
			}
			c.present.pods = c.early.served(c.present.pods)
		}
		if err := c.chart(ctx, r); err != nil || live || !c.counts() {
			return err
		}
	}
}

// changes tells whether the plan changes something that must not follow from a cache.
func (c *course) changes() bool {
	return c.plan.GivesMore() || c.plan.Takes() || len(c.plan.Scales) > 0 ||
		len(c.decision.NewFindings) > 0 || len(c.decision.Resolutions) > 0 || remembers(c.in.Release, c.plan)
}

// counts tells whether the plan depends on how many pods serve.
func (c *course) counts() bool { return c.plan.Counts() || remembers(c.in.Release, c.plan) }
