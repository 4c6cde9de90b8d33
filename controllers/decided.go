// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"cmp"
	"context"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
)

// logDecision logs a decision that differs from the one before about its release: what is granted of what was asked for, why,
// since when it is so, and what would change it. Which release it is the logger says.
func logDecision(ctx context.Context, release *v1alpha1.ModelRelease, d gate.Decision, status v1alpha1.ModelReleaseStatus) {
	values := []any{
		"policy", release.Spec.Policy, "policyRevision", d.PolicyRevision, "requiredLevel", d.RequiredLevel,
		"exposure", release.Spec.Exposure, "granted", cmp.Or(d.GrantedExposure, nothing), "reason", d.Reason,
	}
	if c := meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionReady); c != nil {
		values = append(values, "ready", string(c.Status), "readyReason", c.Reason, "since", c.LastTransitionTime.UTC().Format(time.RFC3339))
	}
	if status.Decision != nil {
		values = append(values, "record", status.Decision.Sequence)
	}
	log.FromContext(ctx).Info("Decided", append(values, "message", cut(d.Message, maxMessage))...)
}
