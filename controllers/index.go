// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gathering"
)

// Names of the field indexes.
const (
	indexEvaluationRelease = gathering.ByRelease
	indexEvaluationReport  = "report"
	indexEvaluationFile    = gathering.ByFile
	indexEvaluationSuite   = "suite"
	indexEvaluationLMEval  = "lmEvalJob"
	indexReleasePolicy     = "policy"
	indexReleaseArtifact   = "artifact"
	indexReleaseParent     = "parent"
	indexReleaseRevocation = gathering.ByRevocation
	indexReleaseFallback   = "fallback"
	indexReleaseSpace      = "space"
	indexPolicyFallback    = "fallback"
	indexRecordRelease     = gathering.ByNamed
	indexRevisionPolicy    = gathering.ByPolicy
	indexClaim             = "claim"
	indexOwner             = "owner"
)

// Index adds the field indexes that the reconcilers read by.
func Index(ctx context.Context, indexer client.FieldIndexer) error {
	for _, index := range []struct {
		object client.Object
		name   string
		keys   client.IndexerFunc
	}{
		{&v1alpha1.SafetyEvaluation{}, indexEvaluationRelease, by(gathering.Release)},
		{&v1alpha1.SafetyEvaluation{}, indexEvaluationReport, by(evaluationReport)},
		{&v1alpha1.SafetyEvaluation{}, indexEvaluationFile, by(gathering.Files)},
		{&v1alpha1.SafetyEvaluation{}, indexEvaluationSuite, by(evaluationSuite)},
		{&v1alpha1.SafetyEvaluation{}, indexEvaluationLMEval, by(evaluationLMEvalJob)},
		{&v1alpha1.ModelRelease{}, indexReleasePolicy, by(releasePolicy)},
		{&v1alpha1.ModelRelease{}, indexReleaseArtifact, by(releaseArtifacts)},
		{&v1alpha1.ModelRelease{}, indexReleaseParent, by(releaseParent)},
		{&v1alpha1.ModelRelease{}, indexReleaseRevocation, by(gathering.Revocation)},
		{&v1alpha1.ModelRelease{}, indexReleaseFallback, by(releaseFallback)},
		{&v1alpha1.ModelRelease{}, indexReleaseSpace, by(releaseSpace)},
		{&v1alpha1.SafetyPolicy{}, indexPolicyFallback, by(policyFallback)},
		{&v1alpha1.ReleaseApproval{}, indexRecordRelease, by(gathering.ApprovalRelease)},
		{&v1alpha1.ReleaseWaiver{}, indexRecordRelease, by(gathering.WaiverRelease)},
		{&v1alpha1.ReleaseDetermination{}, indexRecordRelease, by(gathering.DeterminationRelease)},
		{&v1alpha1.PolicyRevision{}, indexRevisionPolicy, by(gathering.RevisionPolicy)},
		{&v1alpha1.PolicyApproval{}, indexRevisionPolicy, by(gathering.ApprovalPolicy)},
		{&appsv1.Deployment{}, indexClaim, claim},
		{&appsv1.ReplicaSet{}, indexClaim, claim},
		{&appsv1.StatefulSet{}, indexClaim, claim},
		{&batchv1.Job{}, indexClaim, claim},
		{&corev1.Pod{}, indexClaim, claim},
		{&corev1.Pod{}, indexOwner, owner},
	} {
		if err := indexer.IndexField(ctx, index.object, index.name, index.keys); err != nil {
			return fmt.Errorf("indexing %T by %s: %w", index.object, index.name, err)
		}
	}
	return nil
}

// by makes an index function for one kind.
func by[T client.Object](keys func(T) []string) client.IndexerFunc {
	return func(o client.Object) []string {
		if typed, ok := o.(T); ok {
			return keys(typed)
		}
		return nil
	}
}

func evaluationReport(e *v1alpha1.SafetyEvaluation) []string {
	if e.Spec.Report == nil || e.Spec.Report.ConfigMap == nil {
		return nil
	}
	return []string{e.Spec.Report.ConfigMap.Name}
}

func evaluationSuite(e *v1alpha1.SafetyEvaluation) []string {
	if e.Spec.Job == nil {
		return nil
	}
	return []string{e.Spec.Job.Suite}
}

func evaluationLMEvalJob(e *v1alpha1.SafetyEvaluation) []string {
	if e.Spec.Report == nil || e.Spec.Report.LMEvalJob == nil {
		return nil
	}
	return []string{e.Spec.Report.LMEvalJob.Name}
}

func releasePolicy(r *v1alpha1.ModelRelease) []string {
	return []string{r.Spec.Policy}
}

func releaseArtifacts(r *v1alpha1.ModelRelease) []string {
	var digests []string
	for _, a := range r.Spec.Artifacts {
		digests = append(digests, string(a.Digest))
	}
	return digests
}

// releaseParent is the release that one was made from.
func releaseParent(r *v1alpha1.ModelRelease) []string {
	if r.Spec.DerivedFrom == nil {
		return nil
	}
	return []string{r.Spec.DerivedFrom.Release}
}

// claim indexes pods, and what makes them, by the release that they claim.
func claim(o client.Object) []string {
	if release := claimed(o); release != "" {
		return []string{release}
	}
	return nil
}

// claimed is the release that a pod or a pod template claims; empty for none.
func claimed(o client.Object) string {
	return podLabels(o)[v1alpha1.LabelRelease]
}

// owner indexes pods by the UID of what controls them.
func owner(o client.Object) []string {
	if ref := metav1.GetControllerOf(o); ref != nil {
		return []string{string(ref.UID)}
	}
	return nil
}

func podLabels(o client.Object) map[string]string {
	switch o := o.(type) {
	case *appsv1.Deployment:
		return o.Spec.Template.Labels
	case *appsv1.ReplicaSet:
		return o.Spec.Template.Labels
	case *appsv1.StatefulSet:
		return o.Spec.Template.Labels
	case *batchv1.Job:
		return o.Spec.Template.Labels
	default:
		return o.GetLabels()
	}
}
