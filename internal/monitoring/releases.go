// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"cmp"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// States of a release.
const (
	// Ready: what it asks for is granted and enforced.
	Ready = "Ready"
	// Waiting: something that may still come is awaited.
	Waiting = "Waiting"
	// Stalled: only another spec or a person's act helps.
	Stalled = "Stalled"
	// Unseen: no manager has looked at this generation of it.
	Unseen = "Unseen"
)

// none is the granted exposure where none is.
const none = "none"

// releases tells how each release stands.
type releases struct{ state, info, since, requirements, ends *prometheus.Desc }

func newReleases() releases {
	return releases{
		state: gauge("scalegate_release_state", "1 for the state in which a release is, 0 for the others.", "namespace", "release", "policy", "state"),
		info: gauge("scalegate_release_info", "1; the level that a release needs, the exposure that it asks for, and the one that it is granted, or none.",
			"namespace", "release", "policy", "level", "exposure", "granted"),
		since: gauge("scalegate_release_waiting_since_timestamp_seconds", "Since when a release is not Ready, in seconds since 1970.",
			"namespace", "release", "policy", "level", "state", "reason"),
		requirements: gauge("scalegate_release_requirements", "Requirements of the policy by how the evidence of a release answers them.", "namespace", "release", "state"),
		ends: gauge("scalegate_evidence_end_timestamp_seconds", "When the first of the evidence ends on which what a release is granted rests, in seconds since 1970.",
			"namespace", "release", "policy"),
	}
}

func (m releases) describe(descriptions chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.state, m.info, m.since, m.requirements, m.ends} {
		descriptions <- d
	}
}

func (m releases) collect(all *snapshot, metrics chan<- prometheus.Metric) {
	for i := range all.releases.Items {
		r := &all.releases.Items[i]
		is, policy, level := standing(r), r.Spec.Policy, cmp.Or(r.Status.RequiredLevel, r.Spec.Level)
		for _, state := range []string{Ready, Waiting, Stalled, Unseen} {
			value := 0.0
			if state == is.state {
				value = 1
			}
			set(metrics, m.state, value, r.Namespace, r.Name, policy, state)
		}
		set(metrics, m.info, 1, r.Namespace, r.Name, policy, level, r.Spec.Exposure, cmp.Or(r.Status.GrantedExposure, none))
		if is.state != Ready {
			set(metrics, m.since, seconds(is.since), r.Namespace, r.Name, policy, level, is.state, is.reason)
		}
		counts := map[v1alpha1.RequirementState]int{}
		for _, q := range r.Status.Requirements {
			counts[q.State]++
		}
		for state, n := range counts {
			set(metrics, m.requirements, float64(n), r.Namespace, r.Name, string(state))
		}
		if end := r.Status.EvidenceEndTime; end != nil && r.Status.GrantedExposure != "" {
			set(metrics, m.ends, seconds(*end), r.Namespace, r.Name, policy)
		}
	}
}

// stands is how a release stands, and since when where it is not Ready.
type stands struct {
	state, reason string
	since         metav1.Time
}

func standing(r *v1alpha1.ModelRelease) stands {
	c := meta.FindStatusCondition(r.Status.Conditions, v1alpha1.ConditionReady)
	switch {
	case c == nil || r.Status.ObservedGeneration == nil || *r.Status.ObservedGeneration != r.Generation:
		return stands{Unseen, v1alpha1.ReasonNotLookedAt, unseenSince(r, c)}
	case c.Status == metav1.ConditionTrue:
		return stands{state: Ready}
	case meta.IsStatusConditionTrue(r.Status.Conditions, v1alpha1.ConditionStalled):
		return stands{Stalled, Reason(c.Reason), c.LastTransitionTime}
	default:
		return stands{Waiting, Reason(c.Reason), c.LastTransitionTime}
	}
}

// unseenSince is since when a release is not Ready that was not looked at. Of one that was Ready in an earlier generation nobody
// knows when that ended: not before it began.
func unseenSince(r *v1alpha1.ModelRelease, ready *metav1.Condition) metav1.Time {
	if ready == nil {
		return r.CreationTimestamp
	}
	return ready.LastTransitionTime
}
