// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// Names of the field indexes. The first is a field selector of the API server too, so that live
// reads and cached reads ask the same way.
const (
	indexEvaluationRelease = "spec.subject.release"
	indexEvaluationReport  = "report"
	indexEvaluationFile    = "file"
	indexReleasePolicy     = "policy"
	indexReleaseArtifact   = "artifact"
	indexClaim             = "claim"
)

// Index adds the field indexes that the reconcilers read by.
func Index(ctx context.Context, indexer client.FieldIndexer) error {
	for _, index := range []struct {
		object client.Object
		name   string
		keys   client.IndexerFunc
	}{
		{&v1alpha1.SafetyEvaluation{}, indexEvaluationRelease, by(evaluationRelease)},
		{&v1alpha1.SafetyEvaluation{}, indexEvaluationReport, by(evaluationReport)},
		{&v1alpha1.SafetyEvaluation{}, indexEvaluationFile, by(evaluationFile)},
		{&v1alpha1.ModelRelease{}, indexReleasePolicy, by(releasePolicy)},
		{&v1alpha1.ModelRelease{}, indexReleaseArtifact, by(releaseArtifacts)},
		{&appsv1.Deployment{}, indexClaim, claim},
		{&appsv1.ReplicaSet{}, indexClaim, claim},
		{&corev1.Pod{}, indexClaim, claim},
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

func evaluationRelease(e *v1alpha1.SafetyEvaluation) []string {
	return []string{e.Spec.Subject.Release}
}

func evaluationReport(e *v1alpha1.SafetyEvaluation) []string {
	return []string{e.Spec.Report.ConfigMap.Name}
}

// evaluationFile indexes an evaluation by its result file and by its run, to find the file again.
func evaluationFile(e *v1alpha1.SafetyEvaluation) []string {
	m := e.Status.Measurement
	if m == nil {
		return nil
	}
	keys := []string{fileKey(m.SHA256)}
	if m.RunID != "" {
		keys = append(keys, runKey(m.RunID))
	}
	return keys
}

func fileKey(sha256 string) string { return "sha256:" + sha256 }

func runKey(runID string) string { return "run:" + runID }

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

func podLabels(o client.Object) map[string]string {
	switch o := o.(type) {
	case *appsv1.Deployment:
		return o.Spec.Template.Labels
	case *appsv1.ReplicaSet:
		return o.Spec.Template.Labels
	default:
		return o.GetLabels()
	}
}
