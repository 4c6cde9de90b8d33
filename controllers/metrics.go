// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
	"github.com/scalegate/scalegate/internal/monitoring"
)

// FleetMetrics counts decisions, and measures how long releases wait and how fast what is withdrawn is gone. No label has
// more values than there are reasons or causes, or levels in the policies. Nil measures nothing.
type FleetMetrics struct {
	enforced   *prometheus.HistogramVec
	refused    prometheus.Counter
	decisions  *prometheus.CounterVec
	unrecorded prometheus.Counter
	waited     *prometheus.HistogramVec
}

// NewFleetMetrics registers the metrics with registry.
func NewFleetMetrics(registry prometheus.Registerer) (*FleetMetrics, error) {
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
		decisions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "scalegate_decisions_total",
			Help: "Decisions that differ from the one before about their release and were recorded, by whether all that was asked for is granted, and why not.",
		}, []string{"result", "reason"}),
		unrecorded: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "scalegate_decision_record_failures_total",
			Help: "Tries to record a decision that failed. Nothing is given before the record is there.",
		}),
		waited: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "scalegate_release_wait_seconds",
			Help:    "How long a release was not Ready, from its creation or from when it last was, to when it came to be; by the level that it needs.",
			Buckets: []float64{1, 5, 15, 60, 300, 900, 3600, 4 * 3600, 12 * 3600, 86400, 3 * 86400, 7 * 86400, 14 * 86400, 30 * 86400, 90 * 86400},
		}, []string{"level"}),
	}
	if err := errors.Join(registry.Register(m.enforced), registry.Register(m.refused), registry.Register(m.decisions),
		registry.Register(m.unrecorded), registry.Register(m.waited)); err != nil {
		return nil, fmt.Errorf("registering the metrics of the fleet: %w", err)
	}
	return m, nil
}

// decided counts a decision that is on record now, and was not before.
func (m *FleetMetrics) decided(d gate.Decision) {
	if m == nil {
		return
	}
	result := "Held"
	switch {
	case d.Reason == v1alpha1.ReasonEvidenceComplete:
		result = "Granted"
	case d.GrantedExposure != "":
		result = "GrantedLess"
	}
	m.decisions.WithLabelValues(result, monitoring.Reason(d.Reason)).Inc()
}

// notRecorded counts a record that could not be written.
func (m *FleetMetrics) notRecorded() {
	if m != nil {
		m.unrecorded.Inc()
	}
}

// readied measures how long a release waited that is Ready by a status, and was not by the one before.
func (m *FleetMetrics) readied(release *v1alpha1.ModelRelease, after v1alpha1.ModelReleaseStatus) {
	is := meta.FindStatusCondition(after.Conditions, v1alpha1.ConditionReady)
	was := meta.FindStatusCondition(release.Status.Conditions, v1alpha1.ConditionReady)
	if m == nil || is == nil || is.Status != metav1.ConditionTrue || was != nil && was.Status == metav1.ConditionTrue {
		return
	}
	from := release.CreationTimestamp
	if was != nil && from.Before(&was.LastTransitionTime) && meta.IsStatusConditionFalse(release.Status.Conditions, v1alpha1.ConditionReady) {
		from = was.LastTransitionTime
	}
	m.waited.WithLabelValues(after.RequiredLevel).Observe(max(is.LastTransitionTime.Sub(from.Time), 0).Seconds())
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
