// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package measured is what part a makes: the pod of a Deployment that serves a model, and the clearances of its namespace.
package measured

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/hack/bench/objects"
)

// Release is what the measured pods claim.
const Release = "opus-4"

// images of the measured pod, by what they are.
func image(of string) string { return "registry.example/" + of + "@" + string(objects.Digest(of)) }

// Pod is a pod as the replicaset controller makes it for a Deployment that serves a model with vLLM behind a
// classifier, with an init container that warms the cache up.
func Pod(owner types.UID) *corev1.Pod {
	template := Template()
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			GenerateName: "opus-4-7d9c5b8f6d-",
			Labels:       template.Labels,
			Annotations:  template.Annotations,
			OwnerReferences: []metav1.OwnerReference{{
				APIVersion: "apps/v1", Kind: "ReplicaSet", Name: "opus-4-7d9c5b8f6d", UID: owner,
				Controller: new(true), BlockOwnerDeletion: new(true),
			}},
		},
		Spec: template.Spec,
	}
}

// Template is its template.
func Template() corev1.PodTemplateSpec {
	return corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{
			Labels: map[string]string{
				"app": "opus-4", "app.kubernetes.io/name": "vllm", "app.kubernetes.io/part-of": "serving",
				"pod-template-hash": "7d9c5b8f6d", v1alpha1.LabelRelease: Release, v1alpha1.LabelExposure: "Internal",
			},
			Annotations: map[string]string{"prometheus.io/scrape": "true", "prometheus.io/port": "8000"},
		},
		Spec: corev1.PodSpec{
			EnableServiceLinks:            new(false),
			AutomountServiceAccountToken:  new(false),
			TerminationGracePeriodSeconds: new(int64(120)),
			NodeSelector:                  map[string]string{"accelerator": "h100"},
			Tolerations:                   []corev1.Toleration{{Key: "nvidia.com/gpu", Operator: corev1.TolerationOpExists}},
			InitContainers:                []corev1.Container{warmer()},
			Containers:                    []corev1.Container{server(), classifier()},
			Volumes: []corev1.Volume{
				{Name: "model", VolumeSource: corev1.VolumeSource{
					Image: &corev1.ImageVolumeSource{Reference: image("weights"), PullPolicy: corev1.PullIfNotPresent},
				}},
				{Name: "shm", VolumeSource: corev1.VolumeSource{
					EmptyDir: &corev1.EmptyDirVolumeSource{Medium: corev1.StorageMediumMemory, SizeLimit: new(resource.MustParse("32Gi"))},
				}},
				{Name: "cache", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}},
			},
		},
	}
}

func warmer() corev1.Container {
	return corev1.Container{
		Name: "warm", Image: image("server"), Command: []string{"/bin/warm"}, Args: []string{"--model=/models", "--cache=/cache"},
		VolumeMounts: []corev1.VolumeMount{
			{Name: "model", MountPath: "/models", ReadOnly: true}, {Name: "cache", MountPath: "/cache"},
		},
	}
}

func server() corev1.Container {
	amounts := corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("16"), corev1.ResourceMemory: resource.MustParse("256Gi"),
		"nvidia.com/gpu": resource.MustParse("8"),
	}
	return corev1.Container{
		Name: "server", Image: image("server"),
		Args: []string{
			"--model=/models", "--served-model-name=opus-4", "--tensor-parallel-size=8", "--max-model-len=200000",
			"--gpu-memory-utilization=0.92", "--port=8000",
		},
		Env: []corev1.EnvVar{
			{Name: "VLLM_ALLOW_RUNTIME_LORA_UPDATING", Value: "False"}, {Name: "HF_HUB_OFFLINE", Value: "1"},
			{Name: "VLLM_CACHE_ROOT", Value: "/cache"}, {Name: "NCCL_DEBUG", Value: "WARN"},
		},
		Ports:          []corev1.ContainerPort{{Name: "http", ContainerPort: 8000}},
		Resources:      corev1.ResourceRequirements{Requests: amounts, Limits: amounts},
		ReadinessProbe: probe(8000), LivenessProbe: probe(8000), StartupProbe: probe(8000),
		VolumeMounts: []corev1.VolumeMount{
			{Name: "model", MountPath: "/models", ReadOnly: true}, {Name: "shm", MountPath: "/dev/shm"}, {Name: "cache", MountPath: "/cache"},
		},
		SecurityContext: &corev1.SecurityContext{AllowPrivilegeEscalation: new(false), RunAsNonRoot: new(true)},
	}
}

func classifier() corev1.Container {
	amounts := corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("4"), corev1.ResourceMemory: resource.MustParse("16Gi")}
	return corev1.Container{
		Name: "guard", Image: image("guard"), Args: []string{"--upstream=http://127.0.0.1:8000", "--listen=:8080"},
		Env:            []corev1.EnvVar{{Name: "GUARD_MODE", Value: "block"}},
		Ports:          []corev1.ContainerPort{{Name: "guarded", ContainerPort: 8080}},
		Resources:      corev1.ResourceRequirements{Requests: amounts, Limits: amounts},
		ReadinessProbe: probe(8080),
	}
}

func probe(port int32) *corev1.Probe {
	return &corev1.Probe{
		ProbeHandler:  corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/health", Port: intstr.FromInt32(port)}},
		PeriodSeconds: 5, FailureThreshold: 3,
	}
}

// Unclaimed is the same pod without its claim.
func Unclaimed(pod *corev1.Pod) *corev1.Pod {
	pod = pod.DeepCopy()
	delete(pod.Labels, v1alpha1.LabelRelease)
	delete(pod.Labels, v1alpha1.LabelExposure)
	return pod
}
