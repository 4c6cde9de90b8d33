// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package admission is part a: what admission adds to making a pod or a Deployment, beside a pair of webhooks that do
// nothing.
//
// Two API servers are never equally fast. So there are two control planes, and each plays both parts: first one has
// Scalegate and the other has not, then it is the other way round, and what is compared are the samples of both times.
// The pair of webhooks is on the one without. Nothing else runs on either: no controller acts on what is made. That the
// clearances are written as the controller does, and no manager runs, changes nothing: admission asks neither.
package admission

import (
	"context"
	"errors"
	"fmt"

	"github.com/scalegate/scalegate/hack/bench/measure"
)

// Measure measures it.
func Measure(ctx context.Context, options measure.Options) (figures []measure.Figure, err error) {
	b := &bench{options: options}
	defer func() {
		for _, p := range b.planes {
			if p != nil {
				err = errors.Join(err, p.Stop())
			}
		}
	}()
	for i := range b.planes {
		if b.planes[i], err = startPlane(ctx, options); err != nil {
			return nil, fmt.Errorf("starting control plane %d: %w", i+1, err)
		}
	}
	if b.hooks, err = startWebhooks(ctx, b.planes[0].Cluster); err != nil {
		return nil, err
	}
	for _, p := range b.planes {
		if err := b.hooks.configure(ctx, p); err != nil {
			return nil, err
		}
	}
	return b.run(ctx)
}
