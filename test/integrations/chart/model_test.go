// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// serving is the namespace of the models, and of their policy.
const serving = "serving"

// policy wants one evaluation.
func policy() *v1alpha1.SafetyPolicy {
	return &v1alpha1.SafetyPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: serving},
		Spec: v1alpha1.SafetyPolicySpec{
			Exposures: []v1alpha1.Exposure{{Name: "General"}},
			Levels:    []v1alpha1.Level{{Name: "L1", Requires: []string{"attack"}}},
			Requirements: []v1alpha1.Requirement{{
				Name: "attack", ValidForDays: 30, Scope: []v1alpha1.ArtifactType{v1alpha1.ArtifactWeights},
				Evaluation: &v1alpha1.EvaluationCriterion{
					Metric: "attack/accuracy", Direction: v1alpha1.LowerIsSafer, ClearAt: "0.05", TripAt: "0.2",
					Bound: v1alpha1.BoundWilson95, MinSamples: 100, MaxUnjudgedPercent: new(int32(1)),
				},
			}},
		},
	}
}

func model(name string) *v1alpha1.ModelRelease {
	return &v1alpha1.ModelRelease{
		ObjectMeta: metav1.ObjectMeta{Namespace: serving, Name: name},
		Spec: v1alpha1.ModelReleaseSpec{
			Policy: serving, Model: v1alpha1.Model{Name: name}, Level: "L1", Exposure: "General",
			Artifacts: []v1alpha1.Artifact{
				{Name: "weights", Type: v1alpha1.ArtifactWeights, Digest: fixture.Digest(name)},
				{Name: "server", Type: v1alpha1.ArtifactServer, Digest: fixture.Digest("server")},
			},
		},
	}
}

// deployment serves a model as it is declared.
func deployment(name string) *appsv1.Deployment {
	labels := map[string]string{"app": name, v1alpha1.LabelRelease: name, v1alpha1.LabelExposure: "General"}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: serving, Name: name},
		Spec: appsv1.DeploymentSpec{
			Replicas: new(int32(1)), Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": name}},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{
					EnableServiceLinks: new(false), AutomountServiceAccountToken: new(false), TerminationGracePeriodSeconds: new(int64(0)),
					Containers: []corev1.Container{{
						Name: "server", Image: "registry.example/server@" + string(fixture.Digest("server")),
						VolumeMounts: []corev1.VolumeMount{{Name: "weights", MountPath: "/models", ReadOnly: true}},
					}},
					Volumes: []corev1.Volume{{Name: "weights", VolumeSource: corev1.VolumeSource{
						Image: &corev1.ImageVolumeSource{Reference: "registry.example/models@" + string(fixture.Digest(name))},
					}}},
				},
			},
		},
	}
}

// evaluate brings a favourable result about a model.
func evaluate(t *testing.T, name string) {
	t.Helper()
	at := time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)
	report := fmt.Sprintf(`{"version": 2, "status": "success",
 "eval": {"eval_id": %q, "run_id": %q, "created": %q, "task": "attack", "model": "example/model", "dataset": {"samples": 1000},
  "config": {"epochs": 1}, "packages": {"inspect_ai": "0.3.140"}},
 "plan": {"steps": []},
 "results": {"total_samples": 1000, "completed_samples": 1000, "scores": [
  {"name": "attack", "scorer": "attack", "reducer": null, "scored_samples": 1000, "unscored_samples": 0, "params": {},
   "metrics": {"accuracy": {"name": "accuracy", "value": 0.01}}}]},
 "stats": {"started_at": %q, "completed_at": %q}}`, name, name, at, at, at)
	meta := metav1.ObjectMeta{Namespace: serving, Name: name}
	must(t, shared.Client.Create(t.Context(), &corev1.ConfigMap{ObjectMeta: meta, Data: map[string]string{"report.json": report}}))
	// The policy that stamps the evaluator waits for the schema of the kind where that is new.
	eventually(t, func(ctx context.Context) error {
		return client.IgnoreAlreadyExists(shared.Client.Create(ctx, &v1alpha1.SafetyEvaluation{
			ObjectMeta: meta,
			Spec: v1alpha1.SafetyEvaluationSpec{
				Subject: v1alpha1.EvaluationSubject{
					Release: name, Artifacts: []v1alpha1.SubjectArtifact{{Type: v1alpha1.ArtifactWeights, Digest: fixture.Digest(name)}},
				},
				Requirement: "attack", Report: &v1alpha1.Report{ConfigMap: &v1alpha1.ConfigMapKey{Name: name, Key: "report.json"}},
			},
		}))
	})
}

// isHeld is nil while a Deployment is paused, marked, and has no pod.
func isHeld(ctx context.Context, name string) error {
	d := &appsv1.Deployment{}
	if err := shared.Client.Get(ctx, client.ObjectKey{Namespace: serving, Name: name}, d); err != nil {
		return err
	}
	pods, err := podsOf(ctx, name)
	if err != nil {
		return err
	}
	if !d.Spec.Paused || d.Annotations[v1alpha1.AnnotationHeld] == "" || len(pods) > 0 {
		return fmt.Errorf("paused %v, mark %q, %d pods", d.Spec.Paused, d.Annotations[v1alpha1.AnnotationHeld], len(pods))
	}
	return nil
}

// serves returns the one pod of a Deployment, which runs.
func serves(ctx context.Context, name string) (*corev1.Pod, error) {
	pods, err := podsOf(ctx, name)
	switch {
	case err != nil:
		return nil, err
	case len(pods) != 1:
		return nil, fmt.Errorf("%d pods", len(pods))
	case slices.ContainsFunc(pods[0].Spec.SchedulingGates, isHold):
		return nil, errors.New("the pod is held")
	case pods[0].Status.Phase != corev1.PodRunning:
		return nil, fmt.Errorf("the pod is %s", pods[0].Status.Phase)
	}
	return &pods[0], nil
}

func podsOf(ctx context.Context, name string) ([]corev1.Pod, error) {
	var pods corev1.PodList
	err := shared.Client.List(ctx, &pods, client.InNamespace(serving), client.MatchingLabels{"app": name})
	return pods.Items, err
}
