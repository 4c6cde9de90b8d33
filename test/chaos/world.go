// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package chaos

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/test/chaos/plan"
)

const (
	// nodes have 8 accelerators each, which is enough for all workloads at their largest, and for rollouts.
	nodes = 16
	// requirement of every policy: an attack success rate, lower is safer.
	requirement = "attack-success"
	exposure    = "General"
	validDays   = 30
	// graceSeconds of every pod, so that it is seen to end.
	graceSeconds = 1
	serverImage  = "registry.example/server"
)

func digest(text string) v1alpha1.Digest {
	sum := sha256.Sum256([]byte(text))
	return v1alpha1.Digest("sha256:" + hex.EncodeToString(sum[:]))
}

func weights(namespace, release string) v1alpha1.Digest {
	return digest(namespace + " weights " + release)
}

// makeWorld makes the namespaces with their policies, releases and workloads. No evidence is there.
func (r *run) makeWorld(ctx context.Context) error {
	return each(append(plan.Governed(), plan.Ungoverned), func(namespace string) error {
		if namespace == plan.Ungoverned {
			ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
			return r.make(ctx, append([]client.Object{ns}, workloads(namespace)...))
		}
		if err := r.Govern(ctx, namespace); err != nil {
			return fmt.Errorf("making namespace %s: %w", namespace, err)
		}
		objects := []client.Object{policy(namespace)}
		for _, name := range plan.Releases() {
			objects = append(objects, release(namespace, name))
		}
		return r.make(ctx, append(objects, workloads(namespace)...))
	})
}

func (r *run) make(ctx context.Context, objects []client.Object) error {
	for _, o := range objects {
		if err := r.Client.Create(ctx, o); err != nil {
			return fmt.Errorf("making %T %s/%s: %w", o, o.GetNamespace(), o.GetName(), err)
		}
	}
	return nil
}

// policy is that of a namespace. What becomes of what serves when evidence ends differs: it stays through the grace, is
// evicted at once, or stays for ever.
func policy(namespace string) *v1alpha1.SafetyPolicy {
	p := &v1alpha1.SafetyPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: namespace},
		Spec: v1alpha1.SafetyPolicySpec{
			Exposures: []v1alpha1.Exposure{{Name: exposure}},
			Levels:    []v1alpha1.Level{{Name: "L1", Requires: []string{requirement}}},
			Requirements: []v1alpha1.Requirement{{
				Name: requirement,
				Evaluation: &v1alpha1.EvaluationCriterion{
					Metric: "attack/accuracy", Direction: v1alpha1.LowerIsSafer, ClearAt: "0.05", TripAt: "0.2",
					Bound: v1alpha1.BoundWilson95, MinSamples: 100, MaxUnjudgedPercent: new(int32(1)),
				},
				Scope:        []v1alpha1.ArtifactType{v1alpha1.ArtifactWeights},
				ValidForDays: validDays,
			}},
			Removals: &v1alpha1.Removals{MaxUnavailablePercent: new(int32(50)), EvictSeconds: new(int32(3))},
		},
	}
	governed := plan.Governed()
	switch namespace {
	case governed[1]:
		p.Spec.Lapse = &v1alpha1.Lapse{GraceDays: new(int32(0)), AdvisoryGraceSeconds: new(int32(5)), Then: v1alpha1.LapseEvict}
	case governed[2]:
		p.Spec.Lapse = &v1alpha1.Lapse{AdvisoryGraceSeconds: new(int32(5)), Then: v1alpha1.LapseKeep}
	}
	return p
}

// release has weights of its own and the server of all.
func release(namespace, name string) *v1alpha1.ModelRelease {
	return &v1alpha1.ModelRelease{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: v1alpha1.ModelReleaseSpec{
			Policy: namespace,
			Model:  v1alpha1.Model{Name: name},
			Artifacts: []v1alpha1.Artifact{
				{Name: "weights", Type: v1alpha1.ArtifactWeights, Digest: weights(namespace, name)},
				{Name: "server", Type: v1alpha1.ArtifactServer, Digest: digest("server")},
			},
			Serving: []v1alpha1.ServingContainer{{
				Container: "server", Artifact: "server", Args: []string{"--model=/models"},
			}},
			Level: "L1", Exposure: exposure,
		},
	}
}

func workloads(namespace string) []client.Object {
	var all []client.Object
	for _, w := range plan.Workloads() {
		meta := metav1.ObjectMeta{Namespace: namespace, Name: w.Name}
		selector := &metav1.LabelSelector{MatchLabels: map[string]string{"app": w.Name}}
		if w.Stateful {
			all = append(all, &appsv1.StatefulSet{ObjectMeta: meta, Spec: appsv1.StatefulSetSpec{
				Replicas: new(int32(plan.Replicas)), Selector: selector, ServiceName: w.Name, Template: template(namespace, w),
			}})
			continue
		}
		all = append(all, &appsv1.Deployment{ObjectMeta: meta, Spec: appsv1.DeploymentSpec{
			Replicas: new(int32(plan.Replicas)), Selector: selector, Template: template(namespace, w),
			// The watcher counts on this surge.
			Strategy: appsv1.DeploymentStrategy{
				Type: appsv1.RollingUpdateDeploymentStrategyType,
				RollingUpdate: &appsv1.RollingUpdateDeployment{
					MaxSurge: new(intstr.FromInt32(1)), MaxUnavailable: new(intstr.FromInt32(0)),
				},
			},
		}})
	}
	return all
}

// template serves the workload's release as it is declared.
func template(namespace string, w plan.Workload) corev1.PodTemplateSpec {
	return corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{
			"app": w.Name, "build": "0", v1alpha1.LabelRelease: w.Release,
		}},
		Spec: corev1.PodSpec{
			EnableServiceLinks:            new(false),
			AutomountServiceAccountToken:  new(false),
			TerminationGracePeriodSeconds: new(int64(graceSeconds)),
			Containers: []corev1.Container{{
				Name:         "server",
				Image:        serverImage + "@" + string(digest("server")),
				Args:         []string{"--model=/models"},
				VolumeMounts: []corev1.VolumeMount{{Name: "weights", MountPath: "/models", ReadOnly: true}},
				Resources: corev1.ResourceRequirements{Limits: corev1.ResourceList{
					"nvidia.com/gpu": resource.MustParse("1"),
				}},
			}},
			Volumes: []corev1.Volume{{Name: "weights", VolumeSource: corev1.VolumeSource{
				Image: &corev1.ImageVolumeSource{
					Reference: "registry.example/models/" + w.Release + "@" + string(weights(namespace, w.Release)),
				},
			}}},
		},
	}
}
