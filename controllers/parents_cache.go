// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"fmt"
	"maps"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// Cached is what the manager's cache keeps of the kinds that there may be many of.
func Cached() map[client.Object]cache.ByObject {
	kept := many()
	maps.Copy(kept, cachedWorkloads())
	return kept
}

// cachedWorkloads is what it keeps of workloads, of which a cluster may have many: of their templates the
// labels, since a template is read live before it decides anything; and of ReplicaSets that claim a release the whole,
// since their pods are compared with it.
func cachedWorkloads() map[client.Object]cache.ByObject {
	return map[client.Object]cache.ByObject{
		&appsv1.Deployment{}: {Transform: keeping(func(o *appsv1.Deployment) {
			o.Spec = appsv1.DeploymentSpec{
				Replicas: o.Spec.Replicas, Paused: o.Spec.Paused, Strategy: o.Spec.Strategy, Template: labelsAlone(o.Spec.Template),
			}
			o.Status = appsv1.DeploymentStatus{}
		})},
		&appsv1.StatefulSet{}: {Transform: keeping(func(o *appsv1.StatefulSet) {
			o.Spec = appsv1.StatefulSetSpec{
				Replicas: o.Spec.Replicas, UpdateStrategy: o.Spec.UpdateStrategy, Ordinals: o.Spec.Ordinals,
				Template: labelsAlone(o.Spec.Template),
			}
			o.Status = appsv1.StatefulSetStatus{ObservedGeneration: o.Status.ObservedGeneration, UpdateRevision: o.Status.UpdateRevision}
		})},
		&appsv1.ReplicaSet{}: {Transform: keeping(func(o *appsv1.ReplicaSet) {
			if claimed(o) == "" {
				o.Spec = appsv1.ReplicaSetSpec{Replicas: o.Spec.Replicas}
			}
			o.Status = appsv1.ReplicaSetStatus{}
		})},
		&batchv1.Job{}: {Transform: keeping(func(o *batchv1.Job) {
			o.Spec = batchv1.JobSpec{Parallelism: o.Spec.Parallelism, Suspend: o.Spec.Suspend, Template: labelsAlone(o.Spec.Template)}
			o.Status = batchv1.JobStatus{Conditions: o.Status.Conditions}
		})},
	}
}

// keeping strips an object of one kind before a cache keeps it.
func keeping[T client.Object](strip func(T)) toolscache.TransformFunc {
	return func(o any) (any, error) {
		if deleted, ok := o.(toolscache.DeletedFinalStateUnknown); ok {
			return deleted, nil
		}
		object, ok := o.(T)
		if !ok {
			return nil, fmt.Errorf("keeping an object: it is a %T", o)
		}
		object.SetManagedFields(nil)
		if annotations := object.GetAnnotations(); annotations != nil {
			kept := map[string]string{}
			for _, key := range append(ourAnnotations(), annotationRevision) {
				if value, present := annotations[key]; present {
					kept[key] = value
				}
			}
			object.SetAnnotations(kept)
		}
		strip(object)
		return object, nil
	}
}

// ourAnnotations are those of a workload that something is read from.
func ourAnnotations() []string {
	return []string{v1alpha1.AnnotationHeld, v1alpha1.AnnotationScaledReplicas, v1alpha1.AnnotationStandbyReplicas}
}

// labelsAlone is a template without what its pods run.
func labelsAlone(template corev1.PodTemplateSpec) corev1.PodTemplateSpec {
	return corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: template.Labels}}
}
