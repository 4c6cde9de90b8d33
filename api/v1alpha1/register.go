// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Group is the API group of every kind in this package.
const Group = "scalegate.dev"

// SchemeGroupVersion identifies the kinds of this package.
var SchemeGroupVersion = schema.GroupVersion{Group: Group, Version: "v1alpha1"}

// AddToScheme registers the kinds of this package.
func AddToScheme(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(SchemeGroupVersion,
		&SafetyPolicy{}, &SafetyPolicyList{},
		&ModelRelease{}, &ModelReleaseList{},
		&SafetyEvaluation{}, &SafetyEvaluationList{},
		&EvaluationSuite{}, &EvaluationSuiteList{},
		&AdverseFinding{}, &AdverseFindingList{},
		&ReleaseApproval{}, &ReleaseApprovalList{},
		&ReleaseWaiver{}, &ReleaseWaiverList{},
		&ReleaseDetermination{}, &ReleaseDeterminationList{},
		&PolicyApproval{}, &PolicyApprovalList{},
		&PolicyRevision{}, &PolicyRevisionList{},
		&GateDecision{}, &GateDecisionList{},
	)
	metav1.AddToGroupVersion(scheme, SchemeGroupVersion)
	return nil
}
