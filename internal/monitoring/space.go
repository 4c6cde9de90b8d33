// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/clearance"
	"github.com/scalegate/scalegate/internal/guards"
)

// space tells which namespaces have a gate, and how much room clearances take in them.
type space struct{ namespaces, used, limit *prometheus.Desc }

func newSpace() space {
	return space{
		namespaces: gauge("scalegate_namespaces", "Namespaces that have a gate, by whether it is enforced.", "gate"),
		used:       gauge("scalegate_clearance_bytes", "Bytes that the clearances of a namespace take of its annotations.", "namespace"),
		limit:      gauge("scalegate_clearance_limit_bytes", "Bytes that the clearances of one namespace may take."),
	}
}

func (m space) describe(descriptions chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.namespaces, m.used, m.limit} {
		descriptions <- d
	}
}

func (m space) collect(all *snapshot, metrics chan<- prometheus.Metric) {
	gates := map[string]int{v1alpha1.GateEnforced: 0, v1alpha1.GateAudited: 0}
	for i := range all.namespaces.Items {
		ns := &all.namespaces.Items[i]
		if ns.Name == guards.Canary {
			continue
		}
		if gate := ns.Labels[v1alpha1.LabelGate]; gate == v1alpha1.GateEnforced || gate == v1alpha1.GateAudited {
			gates[gate]++
		}
		if used := clearance.Size(ns.Annotations); used > 0 {
			set(metrics, m.used, float64(used), ns.Name)
		}
	}
	for gate, n := range gates {
		set(metrics, m.namespaces, float64(n), gate)
	}
	set(metrics, m.limit, clearance.NamespaceBudget)
}
