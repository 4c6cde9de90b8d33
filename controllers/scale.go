// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"strings"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/enforcement"
	"github.com/scalegate/scalegate/internal/freeing"
	"github.com/scalegate/scalegate/internal/workload/kinds"
)

// Replicas are set of the kinds whose holds are lifted, and of no others; never of what an autoscaler scales.
//
// +kubebuilder:rbac:groups=autoscaling,resources=horizontalpodautoscalers,verbs=list
// +kubebuilder:rbac:groups=apps,resources=deployments;statefulsets,verbs=patch
// +kubebuilder:rbac:groups=leaderworkerset.x-k8s.io,resources=leaderworkersets,verbs=patch

// autoscaledAgain is when what an autoscaler scales is looked at again: nothing tells that the autoscaler went.
const autoscaledAgain = 5 * time.Minute

// scalable tells whether the replicas of an object may be set. What something controls gets them from there.
func scalable(p *parent) bool {
	return freeing.Scales(p.kind) && metav1.GetControllerOf(p) == nil && p.DeletionTimestamp == nil
}

// scale sets the replicas of a workload as it was examined, in one write with what it is to remember. Of one that an
// autoscaler scales nothing is set, and what it remembers without a way back is forgotten: what its author wants is the
// autoscaler's to say. Where the autoscalers cannot be read nothing is written. left: an autoscaler keeps it from being set.
func (r *ModelReleaseReconciler) scale(ctx context.Context, namespace string, s enforcement.Scale) (left bool, err error) {
	kind, _ := kinds.For(s.Kind)
	if !freeing.Scales(kind) {
		return false, fmt.Errorf("scaling %s %s/%s: replicas of this kind are not set here", s.Kind.Kind, namespace, s.Name)
	}
	autoscaled, err := r.autoscaled(ctx, namespace, s.Kind, s.Name)
	if err != nil || autoscaled && s.Remember != "" {
		return autoscaled, err
	}
	var remember any // null removes the key
	if s.Remember != "" {
		remember = s.Remember
	}
	content := map[string]any{"metadata": map[string]any{
		"resourceVersion": s.ResourceVersion, "annotations": map[string]any{v1alpha1.AnnotationScaledReplicas: remember},
	}}
	if !autoscaled {
		content = freeing.Merged(content, strings.Split(kind.Replicas[0], "."), s.Replicas)
	}
	o := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: s.Name}}
	o.SetGroupVersionKind(s.Kind.WithVersion(s.Version))
	ok, err := effective(r.patch(ctx, o, types.MergePatchType, content))
	if err != nil {
		return false, fmt.Errorf("scaling %s %s/%s: %w", kind.Kind, namespace, s.Name, err)
	}
	if ok && !autoscaled {
		r.Events.Eventf(o, nil, corev1.EventTypeNormal, v1alpha1.ReasonScaled, "Scale", "%s", cut(s.Message, maxMessage))
	}
	return false, nil
}

// autoscaled tells whether a HorizontalPodAutoscaler scales a workload, by a live read. Those that KEDA makes are such.
func (r *ModelReleaseReconciler) autoscaled(ctx context.Context, namespace string, kind schema.GroupKind, name string) (bool, error) {
	var list autoscalingv2.HorizontalPodAutoscalerList
	if err := r.Live.List(ctx, &list, client.InNamespace(namespace)); err != nil {
		return false, fmt.Errorf("listing the autoscalers of namespace %s: %w", namespace, err)
	}
	for i := range list.Items {
		target := list.Items[i].Spec.ScaleTargetRef
		// One that cannot be read is left to the reading that scales less.
		gv, err := schema.ParseGroupVersion(target.APIVersion)
		if target.Kind == kind.Kind && target.Name == name && (err != nil || gv.Group == kind.Group) {
			return true, nil
		}
	}
	return false, nil
}
