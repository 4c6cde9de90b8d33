// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package watcher

import (
	"context"
	"fmt"
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// Live reads what there is.
type Live struct {
	Client dynamic.Interface
}

// watched are the resources that the watcher knows, in the order in which they depend on each other.
func watched() []schema.GroupVersionResource {
	return []schema.GroupVersionResource{
		v1alpha1.SchemeGroupVersion.WithResource("safetypolicies"),
		core("configmaps"),
		v1alpha1.SchemeGroupVersion.WithResource("modelreleases"),
		v1alpha1.SchemeGroupVersion.WithResource("safetyevaluations"),
		v1alpha1.SchemeGroupVersion.WithResource("adversefindings"),
		core("namespaces"),
		core("pods"),
	}
}

func core(resource string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Version: "v1", Resource: resource}
}

// Read reads everything that the watcher knows, for what the audit log has lost: a write that was stored while the API
// server was killed.
func (l Live) Read(ctx context.Context, w Options) ([]Event, error) {
	var all []Event
	for _, resource := range watched() {
		list, err := l.list(ctx, resource, "")
		if err != nil {
			return nil, err
		}
		uids, now := map[string]bool{}, time.Now()
		for i := range list.Items {
			o := &list.Items[i]
			uids[string(o.GetUID())] = true
			raw, err := o.MarshalJSON()
			if err != nil {
				return nil, fmt.Errorf("encoding %s %s/%s: %w", resource.Resource, o.GetNamespace(), o.GetName(), err)
			}
			e := Event{Answered: now, Verb: VerbRead, Resource: resource.Resource, Namespace: o.GetNamespace(), Name: o.GetName()}
			e.take(raw)
			all = append(all, e)
		}
		if resource != core("pods") {
			continue
		}
		at, err := strconv.ParseUint(list.GetResourceVersion(), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("reading the resourceVersion of a list of pods: %w", err)
		}
		for _, namespace := range w.Governed {
			all = append(all, Event{Answered: now, Verb: VerbList, Resource: "pods", Namespace: namespace, RV: at, UIDs: uids})
		}
	}
	return all, nil
}

// list reads a resource, in one namespace or in all.
func (l Live) list(ctx context.Context, resource schema.GroupVersionResource, namespace string) (*unstructured.UnstructuredList, error) {
	list, err := l.Client.Resource(resource).Namespace(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("listing %s: %w", resource.Resource, err)
	}
	return list, nil
}
