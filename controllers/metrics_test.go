// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
)

// sample is what a metric says: of a histogram how many were observed and their sum, else the value.
type sample struct {
	count uint64
	value float64
}

// gathered are the samples of a registry, by metric and the values of its labels.
func gathered(t *testing.T, registry *prometheus.Registry) map[string]sample {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]sample{}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			name := family.GetName()
			for _, label := range m.GetLabel() {
				name += " " + label.GetValue()
			}
			switch {
			case m.GetHistogram() != nil:
				all[name] = sample{m.GetHistogram().GetSampleCount(), m.GetHistogram().GetSampleSum()}
			case m.GetCounter() != nil:
				all[name] = sample{value: m.GetCounter().GetValue()}
			default:
				all[name] = sample{value: m.GetGauge().GetValue()}
			}
		}
	}
	return all
}

// metered gives the cluster's reconciler metrics of its own.
func metered(t *testing.T, c *cluster) *prometheus.Registry {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	m, err := NewFleetMetrics(registry, c.api)
	if err != nil {
		t.Fatal(err)
	}
	c.reconciler.Metrics = m
	return registry
}

// From a Critical revocation to the last pod the time is recorded and measured once, and so is a refused eviction.
func TestReconcileMeasuresAWithdrawalOnce(t *testing.T) {
	c := fleetOf(t, 2).on(2, 0)
	registry := metered(t, c)
	revoked := read(c, release())
	revoked.Spec.Revocation = &v1alpha1.Revocation{Severity: v1alpha1.RevocationCritical, Reason: "the weights leak training data"}
	if err := c.api.Update(t.Context(), revoked); err != nil {
		t.Fatal(err)
	}
	c.mustReconcile()
	w := read(c, release()).Status.Withdrawal
	if w == nil || w.Cause != v1alpha1.WithdrawalRevoked || w.Severity != v1alpha1.RevocationCritical || w.EnforcedTime != nil {
		t.Fatalf("withdrawal = %+v", w)
	}
	for i := range 3 {
		c.on(2, time.Duration(i+1)*4*time.Second).mustReconcile()
	}
	w = read(c, release()).Status.Withdrawal
	if w == nil || w.EnforcedTime == nil || !w.EnforcedTime.Time.Equal(fixture.Day(2).Add(4*time.Second)) {
		t.Fatalf("withdrawal = %+v", w)
	}
	want := map[string]sample{
		"scalegate_withdrawal_enforced_seconds Revoked Critical": {1, 4}, "scalegate_evictions_refused_total": {},
	}
	if diff := cmp.Diff(want, gathered(t, registry), cmp.AllowUnexported(sample{})); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
	var told int
	for _, line := range c.take("event") {
		if line == "event WithdrawalEnforced ModelRelease m1" {
			told++
		}
	}
	if told != 1 {
		t.Errorf("told %d times that it is enforced", told)
	}
}

func TestFleetMetrics(t *testing.T) {
	early, late := fixture.Release("m1", granted), fixture.Release("m2", granted)
	early.Status.EvidenceEndTime, late.Status.EvidenceEndTime = new(day(5)), new(day(9))
	over := fixture.Release("m3")
	over.Status.EvidenceEndTime = new(day(1))
	other := fixture.Release("m4", granted, fixture.Governed("other"))
	other.Status.EvidenceEndTime = new(day(7))
	c := newCluster(t, late, early, over, other, fixture.Release("m5", granted, fixture.Governed("third")))
	c.reconciler = &ModelReleaseReconciler{}
	registry := metered(t, c)
	m := c.reconciler.Metrics
	m.evictionsRefused(3)
	lapsed := &v1alpha1.Withdrawal{Cause: v1alpha1.WithdrawalLapsed, Time: day(1), GraceEndTime: new(day(15)), Serving: []v1alpha1.ServingUnits{{Units: new(int32(2))}}}
	gone := lapsed.DeepCopy()
	gone.EnforcedTime = new(day(16))
	early2 := lapsed.DeepCopy()
	early2.EnforcedTime = new(day(3))
	m.withdrawn(nil, lapsed)    // it serves on
	m.withdrawn(lapsed, early2) // nothing serves for a moment, and may again
	m.withdrawn(lapsed, gone)   // a day after its grace
	m.withdrawn(gone, gone)     // as before
	m.withdrawn(gone, nil)
	want := map[string]sample{
		"scalegate_evictions_refused_total":             {value: 3},
		"scalegate_withdrawal_enforced_seconds Lapsed ": {1, 86400},
		"scalegate_evidence_end_timestamp_seconds rsp":  {value: float64(fixture.Day(5).Unix())}, "scalegate_evidence_end_timestamp_seconds other": {value: float64(fixture.Day(7).Unix())},
	}
	if diff := cmp.Diff(want, gathered(t, registry), cmp.AllowUnexported(sample{})); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
	if _, err := NewFleetMetrics(registry, c.api); err == nil {
		t.Error("registered twice")
	}
	var none *FleetMetrics
	none.withdrawn(lapsed, gone)
	none.evictionsRefused(1)
}
