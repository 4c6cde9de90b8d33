// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Collector finds the image of the container that reads the results of runs. It may be asked by several at a time.
type Collector struct {
	// Image is the one to use. Empty means that of the manager's own container.
	Image string
	// Live reads the API server itself.
	Live client.Reader
	// Pod is the manager's own. Without a name nobody knows it.
	Pod types.NamespacedName

	mutex sync.Mutex
	found string
}

// managerContainer is the name of the manager's container, where its pod has several.
const managerContainer = "manager"

// Find returns the image; empty when nobody can know it.
func (c *Collector) Find(ctx context.Context) (string, error) {
	if c == nil || c.Image != "" || c.Pod.Name == "" {
		return c.given(), nil
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.found != "" {
		return c.found, nil
	}
	pod := &corev1.Pod{}
	if err := c.Live.Get(ctx, c.Pod, pod); apierrors.IsNotFound(err) {
		return "", nil
	} else if err != nil {
		return "", fmt.Errorf("reading the manager's own pod %s: %w", c.Pod, err)
	}
	for _, container := range pod.Spec.Containers {
		if container.Name == managerContainer || len(pod.Spec.Containers) == 1 {
			c.found = container.Image
		}
	}
	return c.found, nil
}

func (c *Collector) given() string {
	if c == nil {
		return ""
	}
	return c.Image
}
