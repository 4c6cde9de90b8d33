// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package installation

import (
	"context"
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// HoldsExplained checks of the held pods among pods that each says why it is held, that its release does, and that an
// event about the release gives a reason that its status gives. Of a release that does not exist, the pod alone can say it.
func HoldsExplained(ctx context.Context, reader client.Reader, pods []corev1.Pod) error {
	var errs []error
	told := map[client.ObjectKey]bool{}
	for i := range pods {
		pod := &pods[i]
		held := slices.ContainsFunc(pod.Spec.SchedulingGates, func(g corev1.PodSchedulingGate) bool { return g.Name == v1alpha1.SchedulingGate })
		if !held || pod.DeletionTimestamp != nil {
			continue
		}
		if pod.Annotations[v1alpha1.AnnotationHoldReason] == "" {
			errs = append(errs, fmt.Errorf("pod %s/%s is held and does not say why", pod.Namespace, pod.Name))
		}
		release := client.ObjectKey{Namespace: pod.Namespace, Name: pod.Labels[v1alpha1.LabelRelease]}
		if release.Name != "" && !told[release] {
			told[release] = true
			errs = append(errs, releaseExplains(ctx, reader, release))
		}
	}
	return errors.Join(errs...)
}

// releaseExplains checks that a release which has held pods says why something is held, in its status and in an event.
func releaseExplains(ctx context.Context, reader client.Reader, key client.ObjectKey) error {
	release := &v1alpha1.ModelRelease{}
	if err := reader.Get(ctx, key, release); apierrors.IsNotFound(err) {
		return nil
	} else if err != nil {
		return err
	}
	reasons := map[string]bool{}
	for _, w := range release.Status.Workloads {
		if w.Reason != "" && w.Message != "" {
			reasons[w.Reason] = true
		}
	}
	if len(reasons) == 0 {
		return fmt.Errorf("release %s has held pods, and no workload in its status says why: %+v", key, release.Status.Workloads)
	}
	var all eventsv1.EventList
	if err := reader.List(ctx, &all, client.InNamespace(key.Namespace)); err != nil {
		return err
	}
	if !slices.ContainsFunc(all.Items, func(e eventsv1.Event) bool {
		return e.Regarding.Kind == "ModelRelease" && e.Regarding.Name == key.Name && reasons[e.Reason]
	}) {
		return fmt.Errorf("release %s has held pods, and no event gives one of the reasons %v", key, reasons)
	}
	return nil
}
