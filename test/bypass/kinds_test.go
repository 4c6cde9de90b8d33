// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package bypass

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
)

// finding is an AdverseFinding as the controller makes it.
func finding(name string) *v1alpha1.AdverseFinding {
	f := fixture.Finding(name, "bio-uplift", string(fixture.Digest("scope")))
	f.ObjectMeta = metav1.ObjectMeta{Name: name}
	return &f
}

// evaluation is one that says nothing of who brought it.
func evaluation(ns, name string) *v1alpha1.SafetyEvaluation {
	e := fixture.Evaluation(name, "bio-uplift", "0.1")
	e.ObjectMeta = metav1.ObjectMeta{Namespace: ns, Name: name}
	e.Spec.Evaluator = ""
	e.Status = v1alpha1.SafetyEvaluationStatus{}
	return &e
}
