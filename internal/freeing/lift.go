// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package freeing

import (
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/enforcement"
	"github.com/scalegate/scalegate/internal/workload/kinds"
)

// Parents are the kinds of the table that are held at the parent. Replicas are set of these alone.
func Parents() []kinds.Kind {
	var all []kinds.Kind
	for _, kind := range kinds.All() {
		if kind.Hold != kinds.HoldNone {
			all = append(all, kind)
		}
	}
	return all
}

// Scales tells whether Scalegate ever sets replicas of a kind: one number says how many, and what is taken away when it falls
// is known.
func Scales(kind kinds.Kind) bool {
	return kind.Scale && kind.Hold != kinds.HoldNone && len(kind.Replicas) == 1
}

// Marked tells whether something of a parent is to be put back: its hold, or its replicas.
func Marked(o metav1.Object) bool {
	_, held := o.GetAnnotations()[v1alpha1.AnnotationHeld]
	_, scaled := o.GetAnnotations()[v1alpha1.AnnotationScaledReplicas]
	return held || scaled
}

// Unheld is the merge patch that takes the mark of a hold off a parent and lets it go on as its author had it. Where the
// hold itself is not there, whatever stands in its place stays. The patch is for the object as it was read, and no later one.
func Unheld(kind kinds.Kind, live *unstructured.Unstructured) map[string]any {
	mark, held := live.GetAnnotations()[v1alpha1.AnnotationHeld]
	patch := map[string]any{"metadata": map[string]any{
		"uid": live.GetUID(), "resourceVersion": live.GetResourceVersion(),
		"annotations": map[string]any{v1alpha1.AnnotationHeld: nil, v1alpha1.AnnotationClearedTemplate: nil},
	}}
	path := strings.Split(kind.HoldPath, ".")
	is, found, err := unstructured.NestedFieldNoCopy(live.Object, path...)
	if err != nil || !found || !held {
		return patch
	}
	var value any
	switch kind.Hold {
	case kinds.HoldPause, kinds.HoldSuspend:
		if is != true || mark == v1alpha1.HeldPaused {
			return patch
		}
		value = false
	case kinds.HoldPartition:
		if is != int64(v1alpha1.HeldPartition) {
			return patch
		}
		// A mark that somebody spoiled leaves the default, under which everything rolls out.
		n, err := strconv.ParseInt(strings.TrimPrefix(mark, v1alpha1.HeldPartitionPrefix), 10, 32)
		if err != nil || n < 0 {
			n = 0
		}
		value = n
	case kinds.HoldNone:
		return patch
	}
	return Merged(patch, path, value)
}

// Unscaled adds to a patch of [Unheld] that a parent gets the replicas back that its author wants, and says how many. Where
// they are not as Scalegate set them, somebody scaled it since: they stay, and false is returned.
func Unscaled(kind kinds.Kind, live *unstructured.Unstructured, patch map[string]any) (replicas int64, set bool) {
	text, present := live.GetAnnotations()[v1alpha1.AnnotationScaledReplicas]
	if !present {
		return 0, false
	}
	// It fails only where an annotation of the patch is no map.
	_ = unstructured.SetNestedField(patch, nil, "metadata", "annotations", v1alpha1.AnnotationScaledReplicas)
	wish, ok := wished(kind, live, text)
	if !ok {
		return 0, false
	}
	_ = unstructured.SetNestedField(patch, wish, strings.Split(kind.Replicas[0], ".")...)
	return wish, true
}

// wished are the replicas that the annotation remembers, where they are to be given back.
func wished(kind kinds.Kind, live *unstructured.Unstructured, text string) (int64, bool) {
	scaled, ok := enforcement.ParseScaled(text)
	if !ok || !Scales(kind) || kind.ReplicasOf(live.Object) != int64(scaled.Ours) {
		return 0, false
	}
	return int64(scaled.Wish), true
}

// Merged puts a value at a path into a patch that has nothing on its way, and returns the patch.
func Merged(patch map[string]any, path []string, value any) map[string]any {
	for i := len(path) - 1; i > 0; i-- {
		value = map[string]any{path[i]: value}
	}
	patch[path[0]] = value
	return patch
}
