// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package localcluster

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// Annotations of a pod that tell the simulated kubelet how the pod ends. They
// are read when the pod runs and may be added then.
const (
	// ExitCodeAnnotation ends the pod with this exit code: 0 is Succeeded,
	// anything else Failed.
	ExitCodeAnnotation = "simulation.example.com/exit-code"
	// TerminationMessageAnnotation is the termination message of the pod's first
	// container; as with a real kubelet, only its last 4,096 bytes are kept. By
	// itself it does not end the pod.
	TerminationMessageAnnotation = "simulation.example.com/termination-message"
	// CompleteAnnotation ends the pod when it is "true", as the pods of Jobs do
	// without it. With any other value the pod runs until that is changed,
	// whatever ExitCodeAnnotation says.
	CompleteAnnotation = "simulation.example.com/complete"
)

// maxNodes is how many ranges of pod addresses there are.
const maxNodes = 1<<15 - 1

// NodeCapacity is what a node with eight accelerators offers. The map is the
// caller's to change.
func NodeCapacity() corev1.ResourceList {
	return corev1.ResourceList{
		corev1.ResourceCPU:              resource.MustParse("128"),
		corev1.ResourceMemory:           resource.MustParse("2Ti"),
		corev1.ResourceEphemeralStorage: resource.MustParse("8Ti"),
		corev1.ResourcePods:             resource.MustParse("250"),
		"nvidia.com/gpu":                resource.MustParse("8"),
	}
}

// AddNodes adds n simulated nodes of the given capacity (nil: NodeCapacity) and
// returns once pods can be scheduled to them. Names count up from node-1 over
// the life of the cluster, to at most node-32767. It returns ErrExternal on an external cluster, where
// nothing would run their pods.
func (c *Cluster) AddNodes(ctx context.Context, n int, capacity corev1.ResourceList) error {
	if c.external {
		return fmt.Errorf("adding nodes: %w", ErrExternal)
	}
	if capacity == nil {
		capacity = NodeCapacity()
	}
	client, err := kubernetes.NewForConfig(c.admin)
	if err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	if n < 0 {
		return fmt.Errorf("adding %d nodes: the number is negative", n)
	}
	last := int(c.nodes.Add(int64(n)))
	if last > maxNodes {
		return fmt.Errorf("adding %d nodes: a cluster has at most %d over its life", n, maxNodes)
	}
	names := make([]string, n)
	for i := range names {
		node := newNode(last-n+1+i, capacity)
		names[i] = node.Name
		if _, err := client.CoreV1().Nodes().Create(ctx, node, metav1.CreateOptions{}); err != nil {
			return fmt.Errorf("adding the node %s: %w", node.Name, err)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for _, name := range names {
		err := poll(ctx, "the node "+name, func(ctx context.Context) error {
			node, err := client.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
			if err != nil {
				return err
			}
			return schedulable(node)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// newNode describes the node of the given number, counted from 1. Each has an
// address and a range of pod addresses of its own, none of which leads anywhere.
func newNode(number int, capacity corev1.ResourceList) *corev1.Node {
	name := fmt.Sprintf("node-%d", number)
	high, low := number/256, number%256
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{
			Name: name,
			Labels: map[string]string{
				corev1.LabelHostname:   name,
				corev1.LabelOSStable:   "linux",
				corev1.LabelArchStable: "amd64",
			},
		},
		Spec: corev1.NodeSpec{PodCIDRs: []string{fmt.Sprintf("10.%d.%d.0/24", 128+high, low)}},
		Status: corev1.NodeStatus{
			Capacity:    capacity,
			Allocatable: capacity.DeepCopy(),
			Addresses: []corev1.NodeAddress{
				{Type: corev1.NodeInternalIP, Address: fmt.Sprintf("10.0.%d.%d", high, low)},
				{Type: corev1.NodeHostName, Address: name},
			},
		},
	}
}

// schedulable returns what keeps pods from the node: the API server taints a
// new one, and the controller manager lifts that once the node is Ready.
func schedulable(node *corev1.Node) error {
	if len(node.Spec.Taints) > 0 {
		return fmt.Errorf("it has the taint %s", node.Spec.Taints[0].Key)
	}
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady && condition.Status == corev1.ConditionTrue {
			return nil
		}
	}
	return fmt.Errorf("it is not Ready")
}
