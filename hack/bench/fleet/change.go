// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/hack/bench/measure"
	"github.com/scalegate/scalegate/hack/bench/objects"
	"github.com/scalegate/scalegate/test/installation"
)

// changes measures, in the full form, how long one change takes while the rest of the fleet is idle: from the write of
// another server into a release until its status says that it is ready so.
func (b *bench) changes(ctx context.Context) ([]measure.Figure, error) {
	if !b.Full {
		return nil, nil
	}
	watching, err := client.NewWithWatch(b.Admin(), client.Options{Scheme: installation.Scheme()})
	if err != nil {
		return nil, err
	}
	var took measure.Samples
	for round := range 20 {
		d, err := b.change(ctx, watching, round*b.releases/20)
		if err != nil {
			return nil, fmt.Errorf("changing release %d: %w", round, err)
		}
		took = append(took, d.Seconds())
	}
	low, high := measure.Spread(func(groups ...measure.Samples) float64 { return groups[0].Median() }, took)
	return []measure.Figure{{
		Name: "one-change", Value: 1000 * took.Median(), Low: 1000 * low, High: 1000 * high, Unit: "ms", Aim: measure.NoAim,
		Noise: measure.NoNoise, Scale: "ms", Ours: measure.Of(took, 1000), Note: fmt.Sprintf("with %d releases", b.releases),
	}}, nil
}

func (b *bench) change(ctx context.Context, c client.WithWatch, number int) (took time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	release := &v1alpha1.ModelRelease{}
	if err := c.Get(ctx, client.ObjectKey{Namespace: Namespace(number), Name: Release(number)}, release); err != nil {
		return 0, err
	}
	events, err := c.Watch(ctx, &v1alpha1.ModelReleaseList{}, client.InNamespace(release.Namespace))
	if err != nil {
		return 0, err
	}
	defer events.Stop()
	began := time.Now()
	release.Spec.Artifacts[1].Digest = objects.Digest(fmt.Sprintf("server %d", release.Generation))
	if err := c.Update(ctx, release); err != nil {
		return 0, err
	}
	for e := range events.ResultChan() {
		is, ok := e.Object.(*v1alpha1.ModelRelease)
		if !ok || is.Name != release.Name || is.Generation < release.Generation {
			continue
		}
		seen := is.Status.ObservedGeneration
		if seen != nil && *seen == release.Generation && meta.IsStatusConditionTrue(is.Status.Conditions, v1alpha1.ConditionReady) {
			return time.Since(began), nil
		}
	}
	return 0, errors.Join(errors.New("the watch ended"), ctx.Err())
}
