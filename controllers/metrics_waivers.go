// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"cmp"
	"context"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// waiverMetrics tell how many waivers count, and how many reviews are overdue. They are read from a cache whenever somebody
// asks for the metrics. No label has more values than there are policies with waivers, and paths.
type waiverMetrics struct{ reader client.Reader }

func (waiverMetrics) active() *prometheus.Desc {
	return prometheus.NewDesc("scalegate_waivers_active",
		"Waivers that count: each sets requirements of a release under the policy aside.", []string{"policy", "path"}, nil)
}

func (waiverMetrics) overdue() *prometheus.Desc {
	return prometheus.NewDesc("scalegate_waiver_reviews_overdue",
		"Waivers for an emergency, of releases under the policy, whose review is owed and late.", []string{"policy"}, nil)
}

// Describe implements prometheus.Collector.
func (m waiverMetrics) Describe(descriptions chan<- *prometheus.Desc) {
	descriptions <- m.active()
	descriptions <- m.overdue()
}

// Collect implements prometheus.Collector.
func (m waiverMetrics) Collect(metrics chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTime)
	defer cancel()
	var waivers v1alpha1.ReleaseWaiverList
	var releases v1alpha1.ModelReleaseList
	for _, list := range []client.ObjectList{&waivers, &releases} {
		if err := m.reader.List(ctx, list); err != nil {
			metrics <- prometheus.NewInvalidMetric(m.active(), fmt.Errorf("listing waivers and their releases: %w", err))
			return
		}
	}
	policies := map[types.NamespacedName]string{}
	for i := range releases.Items {
		policies[client.ObjectKeyFromObject(&releases.Items[i])] = releases.Items[i].Spec.Policy
	}
	type kind struct{ policy, path string }
	active, overdue := map[kind]int{}, map[string]int{}
	for i := range waivers.Items {
		w := &waivers.Items[i]
		policy, known := policies[types.NamespacedName{Namespace: w.Namespace, Name: w.Spec.Release}]
		if !known {
			continue
		}
		if meta.IsStatusConditionTrue(w.Status.Conditions, v1alpha1.ConditionReady) {
			active[kind{policy, string(cmp.Or(w.Spec.Path, v1alpha1.WaiverStandard))}]++
		}
		if c := meta.FindStatusCondition(w.Status.Conditions, v1alpha1.ConditionReviewed); c != nil && c.Reason == v1alpha1.ReasonReviewOverdue {
			overdue[policy]++
		}
	}
	for k, n := range active {
		metrics <- prometheus.MustNewConstMetric(m.active(), prometheus.GaugeValue, float64(n), k.policy, k.path)
	}
	for policy, n := range overdue {
		metrics <- prometheus.MustNewConstMetric(m.overdue(), prometheus.GaugeValue, float64(n), policy)
	}
}
