// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// rollCall tells, once, when a process that begins to act has looked at every release that it found. The zero value has not
// begun, and several may use it at a time.
type rollCall struct {
	mutex sync.Mutex
	began time.Time
	// left are those that were not looked at yet. looks counts how often one was.
	left         sets.Set[types.NamespacedName]
	found, looks int
	over         bool
}

// looked notes that a release was decided about, or is gone. last tells, once, that it was the last of those that were found.
func (c *rollCall) looked(ctx context.Context, cache client.Reader, key types.NamespacedName) (last bool) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.over {
		return false
	}
	if c.left == nil {
		var list v1alpha1.ModelReleaseList
		if err := cache.List(ctx, &list, client.UnsafeDisableDeepCopy); err != nil {
			return false
		}
		c.left, c.found, c.began = sets.New[types.NamespacedName](), len(list.Items), time.Now()
		for i := range list.Items {
			c.left.Insert(client.ObjectKeyFromObject(&list.Items[i]))
		}
	}
	c.looks++
	c.left.Delete(key)
	if len(c.left) > 0 {
		return false
	}
	c.left, c.over = nil, true
	log.FromContext(ctx).Info("Looked at every release", "releases", c.found, "looks", c.looks, "took", time.Since(c.began).Round(time.Millisecond).String())
	return true
}
