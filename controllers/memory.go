// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/clearance"
	"github.com/scalegate/scalegate/internal/enforcement"
	"github.com/scalegate/scalegate/internal/gate"
)

// memory is what the status of a release remembers, and what its clearance does: a clearance that is larger is written
// before the status tells of it, and one that is smaller, or none, before the status tells that. So after a manager that
// was ended anywhere in between, the higher of the two is what was granted last.
func memory(in gate.Input, annotations map[string]string) enforcement.Memory {
	status := in.Release.Status
	m := enforcement.Memory{
		Granted:      status.GrantedExposure,
		EvidenceEnds: timeOf(status.EvidenceEndTime),
		ClearedSince: timeOf(status.ClearedSinceTime),
		Withdrawal:   status.Withdrawal,
		Removal:      status.Removal,
		Ready:        status.ObservedGeneration != nil && *status.ObservedGeneration == in.Release.Generation && meta.IsStatusConditionTrue(status.Conditions, v1alpha1.ConditionReady),
	}
	if m.Granted != "" {
		m.Subject = status.SubjectDigest
	}
	stands, err := clearance.Parse(annotations[clearance.Key(in.Release.Name)])
	if err == nil && (m.Granted == "" || rank(in.Policy, stands.Exposure) > rank(in.Policy, m.Granted)) {
		// Nobody knows to which artifacts that was granted: the release may have been of others then.
		m.Granted, m.Subject = stands.Exposure, ""
	}
	if err == nil && m.ClearedSince == nil {
		m.ClearedSince = new(stands.Since)
	}
	return m
}

// rank is the place of an exposure among those of a policy, from the least; -1 when it has none there.
func rank(policy *v1alpha1.SafetyPolicy, exposure string) int {
	if policy == nil {
		return -1
	}
	return slices.IndexFunc(policy.Spec.Exposures, func(x v1alpha1.Exposure) bool { return x.Name == exposure })
}

// timeOf is a time of a status; nil where it has none.
func timeOf(t *metav1.Time) *time.Time {
	if t == nil {
		return nil
	}
	return new(t.Time)
}

// remembers tells whether the plan changes what the status remembers of a withdrawal or a removal. A record is made and
// closed on what the API server says, never on a cache.
func remembers(release *v1alpha1.ModelRelease, plan enforcement.Plan) bool {
	return release != nil && (!equality.Semantic.DeepEqual(release.Status.Withdrawal, plan.Withdrawal) ||
		!equality.Semantic.DeepEqual(release.Status.Removal, plan.Removal))
}
