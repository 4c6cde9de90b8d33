// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package offline

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/verdict"
)

// Rules of what cannot be known here.
const (
	ruleIdentity  = "IdentityUnknown"
	ruleMadeByUs  = "WrittenByScalegate"
	ruleNotJudged = "NotJudged"
)

// unknown stands for whoever will send an object. Nobody is called so, and nobody's word counts for it.
const unknown = "(whoever applies it)"

// strip takes away what an API server or Scalegate writes, as an API server does when an object is made, and says what is
// not known for that. What would stand against a release stays.
func (e *entry) strip(object client.Object) {
	object.SetUID(types.UID("offline/" + e.GVK().Kind + "/" + e.namespace + "/" + e.name))
	object.SetCreationTimestamp(metav1.Time{})
	switch o := object.(type) {
	case *v1alpha1.SafetyPolicy:
		o.Status = v1alpha1.SafetyPolicyStatus{}
	case *v1alpha1.EvaluationSuite:
		o.Status = v1alpha1.EvaluationSuiteStatus{}
	case *v1alpha1.ModelRelease:
		o.Spec.Authors, o.Status = nil, v1alpha1.ModelReleaseStatus{}
	case *v1alpha1.SafetyEvaluation:
		o.Spec.Evaluator, o.Spec.EvaluatorGroups, o.Status = "", nil, v1alpha1.SafetyEvaluationStatus{}
	case *v1alpha1.AdverseFinding:
		o.Status = v1alpha1.AdverseFindingStatus{}
		e.note(verdict.SeverityWarning, ruleMadeByUs, "", "only Scalegate makes an AdverseFinding, and the API server refuses it from anybody else; here it counts against the release",
			"take it out of the manifests")
	case *v1alpha1.ReleaseApproval:
		o.Spec.Approver, o.Spec.ApproverGroups, o.Status = "", nil, v1alpha1.RecordStatus{}
		e.note(verdict.SeverityNote, ruleIdentity, "spec.role", "whoever applies it signs it: whether they hold role "+o.Spec.Role+" is not known here, so it does not count here", "")
	case *v1alpha1.ReleaseWaiver:
		o.Spec.Requester, o.Status = unknown, v1alpha1.RecordStatus{}
		e.note(verdict.SeverityNote, ruleIdentity, "spec.requirements", "who approves it is not known here, so it does not count here", "")
	case *v1alpha1.ReleaseDetermination:
		o.Spec.Author, o.Status = unknown, v1alpha1.RecordStatus{}
		e.note(verdict.SeverityNote, ruleIdentity, "spec.thresholds", "who approves it is not known here: that a threshold is reached counts, and that one is ruled out does not", "")
	}
}

// date gives an object without one the time at which it would be stored.
func date(object client.Object, now metav1.Time) {
	if at := object.GetCreationTimestamp(); at.IsZero() {
		object.SetCreationTimestamp(now)
	}
}
