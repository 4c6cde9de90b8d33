// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package probes

import (
	"context"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/guards"
)

// Webhook tries whether the webhook answers: a policy that contradicts itself is valid by its definition, and only the webhook
// refuses it. It is a dry run, and needs create on safetypolicies.
func Webhook(ctx context.Context, c client.Client) (guards.Outcome, string) {
	err := c.Create(ctx, contradiction(), client.DryRunAll)
	switch {
	case err == nil:
		return guards.Ineffective, "a policy that contradicts itself was let through: the webhook did not answer, or is not asked"
	case strings.Contains(err.Error(), "lowest level"):
		return guards.Effective, ""
	}
	return guards.Held(false, err)
}

// contradiction is a policy with a threshold that raises to the level which every release has.
func contradiction() *v1alpha1.SafetyPolicy {
	return &v1alpha1.SafetyPolicy{ObjectMeta: metav1.ObjectMeta{GenerateName: Account + "-"}, Spec: v1alpha1.SafetyPolicySpec{
		Exposures:  []v1alpha1.Exposure{{Name: "None", WithoutEvidence: v1alpha1.WithoutEvidenceAllowed}},
		Levels:     []v1alpha1.Level{{Name: "lowest"}},
		Thresholds: []v1alpha1.CapabilityThreshold{{Name: "probe", RaisesTo: "lowest", RuledOutBy: []string{"probe"}}},
		Requirements: []v1alpha1.Requirement{{Name: "probe", ValidForDays: 1, Evaluation: &v1alpha1.EvaluationCriterion{
			Metric: "probe", Direction: v1alpha1.LowerIsSafer, ClearAt: "1", Bound: v1alpha1.BoundPoint, MinSamples: 1, MaxUnjudgedPercent: new(int32(0)),
		}}},
	}}
}
