// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"cmp"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// waivers tells how many waivers count, when each ends, and how many reviews are overdue.
type waivers struct{ active, ends, overdue *prometheus.Desc }

func newWaivers() waivers {
	return waivers{
		active: gauge("scalegate_waivers_active", "Waivers that count: each sets requirements of a release under the policy aside.", "policy", "path"),
		ends: gauge("scalegate_waiver_end_timestamp_seconds", "When a waiver that counts ends, in seconds since 1970.",
			"namespace", "waiver", "release", "policy", "path"),
		overdue: gauge("scalegate_waiver_reviews_overdue", "Waivers for an emergency, of releases under the policy, whose review is owed and late.", "policy"),
	}
}

func (m waivers) describe(descriptions chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.active, m.ends, m.overdue} {
		descriptions <- d
	}
}

func (m waivers) collect(all *snapshot, metrics chan<- prometheus.Metric) {
	policies := map[types.NamespacedName]string{}
	for i := range all.releases.Items {
		policies[client.ObjectKeyFromObject(&all.releases.Items[i])] = all.releases.Items[i].Spec.Policy
	}
	type group struct{ policy, path string }
	active, overdue := map[group]int{}, map[string]int{}
	for i := range all.waivers.Items {
		w := &all.waivers.Items[i]
		policy, known := policies[types.NamespacedName{Namespace: w.Namespace, Name: w.Spec.Release}]
		if !known {
			continue
		}
		if path := string(cmp.Or(w.Spec.Path, v1alpha1.WaiverStandard)); meta.IsStatusConditionTrue(w.Status.Conditions, v1alpha1.ConditionReady) {
			active[group{policy, path}]++
			set(metrics, m.ends, seconds(w.Spec.EndTime), w.Namespace, w.Name, w.Spec.Release, policy, path)
		}
		if c := meta.FindStatusCondition(w.Status.Conditions, v1alpha1.ConditionReviewed); c != nil && c.Reason == v1alpha1.ReasonReviewOverdue {
			overdue[policy]++
		}
	}
	for g, n := range active {
		set(metrics, m.active, float64(n), g.policy, g.path)
	}
	for policy, n := range overdue {
		set(metrics, m.overdue, float64(n), policy)
	}
}
