// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// FleetMetrics measures how fast what is withdrawn is gone, and when evidence ends. No label has more values than there
// are causes, or policies under which something is granted. Nil measures nothing.
type FleetMetrics struct {
	enforced *prometheus.HistogramVec
	refused  prometheus.Counter
}

// NewFleetMetrics registers the metrics with registry. Releases are read from reader whenever somebody asks for the
// metrics, so it must be a cache.
func NewFleetMetrics(registry prometheus.Registerer, reader client.Reader) (*FleetMetrics, error) {
	m := &FleetMetrics{
		enforced: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "scalegate_withdrawal_enforced_seconds",
			Help:    "How long pods of a withdrawn exposure served on: from the withdrawal, or from the end of its grace where they served until then, to when the last was gone.",
			Buckets: []float64{0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600},
		}, []string{"cause", "severity"}),
		refused: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "scalegate_evictions_refused_total",
			Help: "Evictions that a PodDisruptionBudget refused, or that were not answered in time. They are asked for again, until the policy says to delete.",
		}),
	}
	if err := errors.Join(registry.Register(m.enforced), registry.Register(m.refused), registry.Register(evidenceEnds{reader}), registry.Register(waiverMetrics{reader})); err != nil {
		return nil, fmt.Errorf("registering the metrics of the fleet: %w", err)
	}
	return m, nil
}

// withdrawn measures a withdrawal that is enforced by a status and was not by the one before.
func (m *FleetMetrics) withdrawn(before, after *v1alpha1.Withdrawal) {
	if m == nil || !nowEnforced(before, after) {
		return
	}
	from := after.Time
	if end := after.GraceEndTime; end != nil && from.Before(end) && end.Before(after.EnforcedTime) {
		from = *end
	}
	took := max(after.EnforcedTime.Sub(from.Time), 0)
	m.enforced.WithLabelValues(string(after.Cause), string(after.Severity)).Observe(took.Seconds())
}

// evictionsRefused counts evictions that a PodDisruptionBudget refused, or that were not answered in time.
func (m *FleetMetrics) evictionsRefused(n int) {
	if m != nil {
		m.refused.Add(float64(n))
	}
}

// evidenceEnds tells for each policy when the first evidence ends on which a grant rests.
type evidenceEnds struct{ reader client.Reader }

// scrapeTime is how long a read for a metric may take.
const scrapeTime = 5 * time.Second

func (evidenceEnds) description() *prometheus.Desc {
	return prometheus.NewDesc("scalegate_evidence_end_timestamp_seconds",
		"When the first of the evidence ends on which a grant under the policy rests, in seconds since 1970.", []string{"policy"}, nil)
}

// Describe implements prometheus.Collector.
func (e evidenceEnds) Describe(descriptions chan<- *prometheus.Desc) { descriptions <- e.description() }

// Collect implements prometheus.Collector.
func (e evidenceEnds) Collect(metrics chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTime)
	defer cancel()
	var releases v1alpha1.ModelReleaseList
	if err := e.reader.List(ctx, &releases); err != nil {
		metrics <- prometheus.NewInvalidMetric(e.description(), fmt.Errorf("listing releases: %w", err))
		return
	}
	first := map[string]time.Time{}
	for i := range releases.Items {
		status, policy := releases.Items[i].Status, releases.Items[i].Spec.Policy
		if status.GrantedExposure == "" || status.EvidenceEndTime == nil {
			continue
		}
		if end, known := first[policy]; !known || status.EvidenceEndTime.Time.Before(end) {
			first[policy] = status.EvidenceEndTime.Time
		}
	}
	for policy, end := range first {
		metrics <- prometheus.MustNewConstMetric(e.description(), prometheus.GaugeValue, float64(end.Unix()), policy)
	}
}
