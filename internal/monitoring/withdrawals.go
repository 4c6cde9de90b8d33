// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// withdrawals tells what serves still and should not, and what stands against releases.
type withdrawals struct{ due, findings *prometheus.Desc }

func newWithdrawals() withdrawals {
	return withdrawals{
		due: gauge("scalegate_withdrawal_due_timestamp_seconds",
			"When the pods of a withdrawn exposure had to begin to go, or have to, in seconds since 1970; while some serve, and are not to be kept.",
			"namespace", "release", "policy", "cause", "severity"),
		findings: gauge("scalegate_adverse_findings", "Adverse findings, by whether a resolution of theirs took effect.", "state"),
	}
}

func (m withdrawals) describe(descriptions chan<- *prometheus.Desc) {
	descriptions <- m.due
	descriptions <- m.findings
}

func (m withdrawals) collect(all *snapshot, metrics chan<- prometheus.Metric) {
	for i := range all.releases.Items {
		r := &all.releases.Items[i]
		if due := dueOf(&r.Status); due != nil {
			w := r.Status.Withdrawal
			set(metrics, m.due, seconds(*due), r.Namespace, r.Name, r.Spec.Policy, string(w.Cause), string(w.Severity))
		}
	}
	var resolved int
	for i := range all.findings.Items {
		if meta.IsStatusConditionTrue(all.findings.Items[i].Status.Conditions, v1alpha1.ConditionResolved) {
			resolved++
		}
	}
	set(metrics, m.findings, float64(len(all.findings.Items)-resolved), "Standing")
	set(metrics, m.findings, float64(resolved), "Resolved")
}

// dueOf is when what a release lost has to begin to go; nil where nothing was lost, nothing of it serves, or it is kept.
func dueOf(status *v1alpha1.ModelReleaseStatus) *metav1.Time {
	w := status.Withdrawal
	switch {
	case w == nil || w.EnforcedTime != nil:
		return nil
	case w.Cause == v1alpha1.WithdrawalAdverse || w.Severity == v1alpha1.RevocationCritical:
		return &w.Time
	case w.GraceEndTime != nil:
		return w.GraceEndTime
	case status.Removal != nil:
		return &w.Time
	default:
		return nil
	}
}
