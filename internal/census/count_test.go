// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package census

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// holding is a container with so many of a resource.
func holding(name string, count int64) corev1.Container {
	return corev1.Container{Resources: corev1.ResourceRequirements{Limits: corev1.ResourceList{
		corev1.ResourceName(name): *resource.NewQuantity(count, resource.DecimalSI), "cpu": one(),
	}}}
}

func TestCount(t *testing.T) {
	sidecar := holding("nvidia.com/gpu", 1)
	sidecar.RestartPolicy = new(corev1.ContainerRestartPolicyAlways)
	both := holding("nvidia.com/gpu", 4)
	both.Resources.Requests = corev1.ResourceList{"nvidia.com/gpu": *resource.NewQuantity(4, resource.DecimalSI)}
	for name, test := range map[string]struct {
		spec corev1.PodSpec
		want int64
	}{
		"none":                                  {corev1.PodSpec{Containers: []corev1.Container{holding("example.com/nic", 3)}}, 0},
		"of two containers":                     {corev1.PodSpec{Containers: []corev1.Container{holding("nvidia.com/gpu", 8), holding("amd.com/gpu", 2)}}, 10},
		"asked for as request and as limit":     {corev1.PodSpec{Containers: []corev1.Container{both}}, 4},
		"of an init container that asks less":   {corev1.PodSpec{Containers: []corev1.Container{holding("nvidia.com/gpu", 8)}, InitContainers: []corev1.Container{holding("nvidia.com/gpu", 4)}}, 8},
		"of an init container that asks more":   {corev1.PodSpec{Containers: []corev1.Container{holding("nvidia.com/gpu", 1)}, InitContainers: []corev1.Container{holding("nvidia.com/gpu", 4)}}, 4},
		"of a sidecar":                          {corev1.PodSpec{Containers: []corev1.Container{holding("nvidia.com/gpu", 1)}, InitContainers: []corev1.Container{sidecar}}, 2},
		"claims":                                {corev1.PodSpec{ResourceClaims: []corev1.PodResourceClaim{{Name: "a"}, {Name: "b"}}}, 2},
		"a variable, of which nobody says more": {variable("NVIDIA_VISIBLE_DEVICES", "all"), 1},
	} {
		t.Run(name, func(t *testing.T) {
			if got := DefaultAccelerators().Count(&test.spec); got != test.want {
				t.Errorf("got %d, want %d", got, test.want)
			}
		})
	}
}
