// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package objects makes what is measured with: a policy, releases, their evidence and what serves them.
package objects

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// Requirement is the one of every release that is measured.
const Requirement = "attack-success"

// Digest is the digest of an artifact that is named by a text.
func Digest(text string) v1alpha1.Digest {
	sum := sha256.Sum256([]byte(text))
	return v1alpha1.Digest("sha256:" + hex.EncodeToString(sum[:]))
}

// Policy is a policy of one exposure and one level, with one requirement.
func Policy(name string) *v1alpha1.SafetyPolicy {
	return &v1alpha1.SafetyPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: v1alpha1.SafetyPolicySpec{
			Exposures: []v1alpha1.Exposure{{Name: "Internal"}},
			Levels:    []v1alpha1.Level{{Name: "L1", Requires: []string{Requirement}}},
			Requirements: []v1alpha1.Requirement{{
				Name: Requirement,
				Evaluation: &v1alpha1.EvaluationCriterion{
					Metric: "attack/accuracy", Direction: v1alpha1.LowerIsSafer, ClearAt: "0.05",
					Bound: v1alpha1.BoundWilson95, MinSamples: 100, MaxUnjudgedPercent: new(int32(1)),
				},
				Scope: []v1alpha1.ArtifactType{v1alpha1.ArtifactWeights}, ValidForDays: 30,
			}},
			Lapse: &v1alpha1.Lapse{GraceDays: new(int32(0)), Then: v1alpha1.LapseKeep},
		},
	}
}

// Release is a release under the policy of its namespace's name.
func Release(namespace, name string) *v1alpha1.ModelRelease {
	return &v1alpha1.ModelRelease{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: v1alpha1.ModelReleaseSpec{
			Policy: namespace, Model: v1alpha1.Model{Name: name}, Level: "L1", Exposure: "Internal",
			Artifacts: []v1alpha1.Artifact{
				{Name: "weights", Type: v1alpha1.ArtifactWeights, Digest: Digest(namespace + "/" + name)},
				{Name: "server", Type: v1alpha1.ArtifactServer, Digest: Digest("server")},
			},
			Serving: []v1alpha1.ServingContainer{{Container: "server", Artifact: "server", Args: []string{"--model=/models"}}},
		},
	}
}

// File is the result file of a release, of an hour ago.
func File(namespace, release string) *corev1.ConfigMap {
	return FileOf(namespace, release, time.Now().Add(-time.Hour))
}

// FileOf is the result file of a release, of an evaluation that ended then.
func FileOf(namespace, release string, ended time.Time) *corev1.ConfigMap {
	return &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: release},
		Data:       map[string]string{"report.json": inspectLog(namespace+"/"+release, ended)},
	}
}

// Evaluation brings the result file.
func Evaluation(namespace, name string) *v1alpha1.SafetyEvaluation {
	return &v1alpha1.SafetyEvaluation{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: v1alpha1.SafetyEvaluationSpec{
			Subject: v1alpha1.EvaluationSubject{
				Release:   name,
				Artifacts: []v1alpha1.SubjectArtifact{{Type: v1alpha1.ArtifactWeights, Digest: Digest(namespace + "/" + name)}},
			},
			Requirement: Requirement,
			Report:      &v1alpha1.Report{ConfigMap: &v1alpha1.ConfigMapKey{Name: name, Key: "report.json"}},
		},
	}
}

// Template is a pod template that serves the release as it is declared.
func Template(name string, labels map[string]string) corev1.PodTemplateSpec {
	all := map[string]string{"app": name}
	maps.Copy(all, labels)
	return corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: all},
		Spec: corev1.PodSpec{
			EnableServiceLinks:           new(false),
			AutomountServiceAccountToken: new(false),
			Containers: []corev1.Container{{
				Name: "server", Image: "registry.example/server@" + string(Digest("server")), Args: []string{"--model=/models"},
				VolumeMounts: []corev1.VolumeMount{{Name: "model", MountPath: "/models", ReadOnly: true}},
			}},
			Volumes: []corev1.Volume{{Name: "model", VolumeSource: corev1.VolumeSource{
				Image: &corev1.ImageVolumeSource{Reference: "registry.example/weights@" + string(Digest(name+"/"+name))},
			}}},
		},
	}
}

func inspectLog(id string, ended time.Time) string {
	end := ended.UTC().Format(time.RFC3339)
	return fmt.Sprintf(`{"version": 2, "status": "success",
 "eval": {"eval_id": %q, "run_id": %q, "created": %q, "task": "attack", "model": "example/model", "dataset": {"samples": 1000},
  "config": {"epochs": 1}, "packages": {"inspect_ai": "0.3.140"}},
 "plan": {"steps": []},
 "results": {"total_samples": 1000, "completed_samples": 1000, "scores": [
  {"name": "attack", "scorer": "attack", "reducer": null, "scored_samples": 1000, "unscored_samples": 0, "params": {},
   "metrics": {"accuracy": {"name": "accuracy", "value": 0.01}}}]},
 "stats": {"started_at": %q, "completed_at": %q}}`, id, id, end, end, end)
}
