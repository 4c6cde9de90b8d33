// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package canary

import (
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/scalegate/scalegate/internal/guards"
)

// Metrics are what the canary counts. Only the leader registers them, so that a replica that
// stands by reports nothing, rather than that nothing is in place.
type Metrics struct {
	registry     prometheus.Registerer
	guarded      prometheus.Gauge
	success      prometheus.Gauge
	restorations *prometheus.CounterVec
	failures     *prometheus.CounterVec
	inconclusive *prometheus.CounterVec
}

// NewMetrics returns metrics that will be registered with registry.
func NewMetrics(registry prometheus.Registerer) *Metrics {
	counter := func(name, help, label string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{label})
	}
	return &Metrics{
		registry: registry,
		guarded: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "scalegate_guards_in_place",
			Help: "1 when every admission object is as installed and was lately seen to act, else 0.",
		}),
		success: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "scalegate_canary_last_success_timestamp_seconds",
			Help: "When every admission object was last seen as installed and acting, in seconds since 1970; 0 before the first time.",
		}),
		restorations: counter("scalegate_guard_restorations_total", "Admission objects that were missing or changed and were put back.", "kind"),
		failures:     counter("scalegate_canary_probe_failures_total", "Probes that were let through, or not held.", "ring"),
		inconclusive: counter("scalegate_canary_probes_inconclusive_total", "Probes whose answer says nothing about the guard.", "ring"),
	}
}

func (m *Metrics) register() error {
	for _, kind := range []string{guards.KindValidatingPolicy, guards.KindValidatingBinding, guards.KindMutatingPolicy, guards.KindMutatingBinding} {
		m.restorations.WithLabelValues(kind)
	}
	for _, ring := range []string{"0", "1", "2", "kinds"} {
		m.failures.WithLabelValues(ring)
		m.inconclusive.WithLabelValues(ring)
	}
	for _, c := range []prometheus.Collector{m.guarded, m.success, m.restorations, m.failures, m.inconclusive} {
		if err := m.registry.Register(c); err != nil {
			return fmt.Errorf("registering the canary's metrics: %w", err)
		}
	}
	return nil
}

func (m *Metrics) inPlace(good bool) {
	if good {
		m.guarded.Set(1)
	} else {
		m.guarded.Set(0)
	}
}

// succeeded notes when all was last seen as it must be.
func (m *Metrics) succeeded(at time.Time) { m.success.Set(float64(at.Unix())) }

func (m *Metrics) restored(kind string) { m.restorations.WithLabelValues(kind).Inc() }

func (m *Metrics) count(results []guards.Result) {
	for _, r := range results {
		switch r.Outcome {
		case guards.Effective:
		case guards.Ineffective:
			m.failures.WithLabelValues(r.Ring).Inc()
		case guards.Inconclusive:
			m.inconclusive.WithLabelValues(r.Ring).Inc()
		}
	}
}
