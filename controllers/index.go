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
	"github.com/scalegate/scalegate/internal/gate"
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
		asked  scope
		keys   client.IndexerFunc
	}{
		{&v1alpha1.SafetyEvaluation{}, indexEvaluationRelease, within, by(gathering.Release)},
		{&v1alpha1.SafetyEvaluation{}, indexEvaluationReport, within, by(evaluationReport)},
		{&v1alpha1.SafetyEvaluation{}, indexEvaluationFile, scattered, by(gathering.Files)},
		{&v1alpha1.SafetyEvaluation{}, indexEvaluationSuite, everywhere, by(evaluationSuite)},
		{&v1alpha1.SafetyEvaluation{}, indexEvaluationLMEval, within, by(evaluationLMEvalJob)},
		{&v1alpha1.ModelRelease{}, indexReleasePolicy, both, by(releasePolicy)},
		{&v1alpha1.ModelRelease{}, indexReleaseArtifact, everywhere, by(releaseArtifacts)},
		{&v1alpha1.ModelRelease{}, indexReleaseParent, within, by(releaseParent)},
		{&v1alpha1.ModelRelease{}, indexReleaseRevocation, everywhere, by(gathering.Revocation)},
		{&v1alpha1.ModelRelease{}, indexReleaseFallback, within, by(releaseFallback)},
		{&v1alpha1.ModelRelease{}, indexReleaseSpace, within, by(releaseSpace)},
		{&v1alpha1.SafetyPolicy{}, indexPolicyFallback, everywhere, by(policyFallback)},
		{&v1alpha1.ReleaseApproval{}, indexRecordRelease, within, by(gathering.ApprovalRelease)},
		{&v1alpha1.ReleaseWaiver{}, indexRecordRelease, within, by(gathering.WaiverRelease)},
		{&v1alpha1.ReleaseDetermination{}, indexRecordRelease, within, by(gathering.DeterminationRelease)},
		{&v1alpha1.PolicyRevision{}, indexRevisionPolicy, everywhere, by(gathering.RevisionPolicy)},
		{&v1alpha1.PolicyApproval{}, indexRevisionPolicy, everywhere, by(gathering.ApprovalPolicy)},
		{&appsv1.Deployment{}, indexClaim, within, claim},
		{&appsv1.ReplicaSet{}, indexClaim, within, claim},
		{&appsv1.StatefulSet{}, indexClaim, within, claim},
		{&batchv1.Job{}, indexClaim, within, claim},
		{&corev1.Pod{}, indexClaim, within, claim},
		{&corev1.Pod{}, indexOwner, within, owner},
	} {
		if err := index.asked.add(ctx, indexer, index.object, index.name, index.keys); err != nil {
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

// evaluationReport is the ConfigMap that an evaluation waits for: of one that ended nothing is read any more.
func evaluationReport(e *v1alpha1.SafetyEvaluation) []string {
	if gate.Ended(e) || e.Spec.Report == nil || e.Spec.Report.ConfigMap == nil {
		return nil
	}
	return []string{e.Spec.Report.ConfigMap.Name}
}

// evaluationSuite is the suite of an evaluation that it may still change.
func evaluationSuite(e *v1alpha1.SafetyEvaluation) []string {
	if gate.Ended(e) || e.Spec.Job == nil {
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
