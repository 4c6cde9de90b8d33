// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
	"github.com/scalegate/scalegate/internal/monitoring"
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
	m, err := NewFleetMetrics(registry)
	if err != nil {
		t.Fatal(err)
	}
	c.reconciler.Metrics = m
	return registry
}

// stated is a registry of what the cluster shows.
func stated(t *testing.T, c *cluster) *prometheus.Registry {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	if err := registry.Register(monitoring.NewState(c.api, logr.Discard())); err != nil {
		t.Fatal(err)
	}
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
		"scalegate_decisions_total Revoked Held": {value: 1}, "scalegate_decision_record_failures_total": {},
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
	c := newCluster(t)
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
	m.decided(gate.Decision{Reason: v1alpha1.ReasonEvidenceComplete, GrantedExposure: "General"})
	m.decided(gate.Decision{Reason: v1alpha1.ReasonEvidenceMissing, GrantedExposure: "Internal"})
	m.decided(gate.Decision{Reason: "a word that nobody documented"})
	m.notRecorded()
	stood := func(status metav1.ConditionStatus, since metav1.Time) v1alpha1.ModelReleaseStatus {
		return v1alpha1.ModelReleaseStatus{RequiredLevel: "ASL-3", Conditions: []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: status, LastTransitionTime: since}}}
	}
	fresh := fixture.Release("m1")
	fresh.CreationTimestamp = day(1)
	m.readied(fresh, stood(metav1.ConditionTrue, day(3))) // two days since it was made
	fresh.Status = stood(metav1.ConditionFalse, day(4))
	m.readied(fresh, stood(metav1.ConditionTrue, metav1.NewTime(fixture.Day(4).Add(time.Hour)))) // an hour since it was Ready
	m.readied(fresh, stood(metav1.ConditionFalse, day(5)))                                       // not yet
	fresh.Status = stood(metav1.ConditionTrue, day(5))
	m.readied(fresh, stood(metav1.ConditionTrue, day(5))) // as before
	want := map[string]sample{
		"scalegate_evictions_refused_total":                     {value: 3},
		"scalegate_withdrawal_enforced_seconds Lapsed ":         {1, 86400},
		"scalegate_decisions_total EvidenceComplete Granted":    {value: 1},
		"scalegate_decisions_total EvidenceMissing GrantedLess": {value: 1},
		"scalegate_decisions_total Other Held":                  {value: 1},
		"scalegate_decision_record_failures_total":              {value: 1},
		"scalegate_release_wait_seconds ASL-3":                  {2, 2*86400 + 3600},
	}
	if diff := cmp.Diff(want, gathered(t, registry), cmp.AllowUnexported(sample{})); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
	if _, err := NewFleetMetrics(registry); err == nil {
		t.Error("registered twice")
	}
	var none *FleetMetrics
	none.withdrawn(lapsed, gone)
	none.evictionsRefused(1)
	none.decided(gate.Decision{})
	none.notRecorded()
	none.readied(fresh, stood(metav1.ConditionTrue, day(5)))
}
