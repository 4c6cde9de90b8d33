// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

const (
	// readOneByOne is how many held pods are read each by itself. More of them are read in one list, or to read them
	// would take longer than to open them.
	readOneByOne = 4
	// aheadPage is how many pods a page of such a list has.
	aheadPage = 500
)

// beginAhead begins to read the held pods while the rest is examined. What it returns waits for them, and may be called
// again.
func (x examination) beginAhead(ctx context.Context, pods []corev1.Pod) func() (map[types.UID]*unstructured.Unstructured, error) {
	var read map[types.UID]*unstructured.Unstructured
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		read, err = x.ahead(ctx, pods)
	}()
	return func() (map[types.UID]*unstructured.Unstructured, error) {
		<-done
		return read, err
	}
}

// ahead reads the held pods live, whole and in one list, where many are to be examined; nil where they are few.
func (x examination) ahead(ctx context.Context, pods []corev1.Pod) (map[types.UID]*unstructured.Unstructured, error) {
	unread := 0
	for i := range pods {
		pod := &pods[i]
		if !held(pod) || gone(pod, x.now) || !x.opened.Has(x.exposure(pod.Labels)) {
			continue
		}
		if _, known := x.verdicts.Get(seen{pod.UID, pod.ResourceVersion, x.basis}); !known {
			unread++
		}
	}
	if unread <= readOneByOne {
		return nil, nil
	}
	read := map[types.UID]*unstructured.Unstructured{}
	for next := ""; ; {
		var list unstructured.UnstructuredList
		list.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("PodList"))
		err := x.live.List(ctx, &list, client.InNamespace(pods[0].Namespace), client.MatchingLabels{v1alpha1.LabelRelease: x.release.Name},
			client.Limit(aheadPage), client.Continue(next))
		if err != nil {
			return nil, fmt.Errorf("reading the held pods of %s live: %w", x.release.Name, err)
		}
		for i := range list.Items {
			read[list.Items[i].GetUID()] = &list.Items[i]
		}
		if next = list.GetContinue(); next == "" {
			return read, nil
		}
	}
}

// heldPod reads a held pod live and whole, or takes it from what was read ahead; nil as read says.
func (x examination) heldPod(ctx context.Context, pod *corev1.Pod) (*unstructured.Unstructured, error) {
	if x.listed == nil {
		return x.read(ctx, pod, corev1.SchemeGroupVersion.WithKind("Pod"))
	}
	if live := x.listed[pod.UID]; live != nil && live.GetResourceVersion() == pod.ResourceVersion {
		return live, nil
	}
	return nil, nil //nolint:nilnil // gone, or another by now, is an answer, and not an error
}
