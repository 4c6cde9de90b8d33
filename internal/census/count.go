// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package census

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// Count is how many accelerators a pod holds while it runs: those of its containers, or of the init container that asks for the most
// where that is more; and one for each resource claim. A pod that gets devices in another way, by a variable or a runtime
// class, counts as one, since nobody can say how many.
func (a Accelerators) Count(spec *corev1.PodSpec) int64 {
	if a.Asked(spec) == "" {
		return 0
	}
	var together, first int64
	for i := range spec.Containers {
		together += a.countOf(&spec.Containers[i])
	}
	for i := range spec.InitContainers {
		c := &spec.InitContainers[i]
		if c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			together += a.countOf(c)
			continue
		}
		first = max(first, a.countOf(c))
	}
	return max(1, int64(len(spec.ResourceClaims))+max(together, first))
}

// countOf is what a container asks for, of all kinds of accelerator together.
func (a Accelerators) countOf(c *corev1.Container) int64 {
	asked := map[corev1.ResourceName]int64{}
	for _, list := range []corev1.ResourceList{c.Resources.Requests, c.Resources.Limits} {
		for name, quantity := range list {
			if slices.ContainsFunc(a, func(prefix string) bool { return strings.HasPrefix(string(name), prefix) }) {
				asked[name] = max(asked[name], quantity.Value())
			}
		}
	}
	var sum int64
	for _, n := range asked {
		sum += n
	}
	return sum
}
