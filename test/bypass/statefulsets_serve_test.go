// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package bypass

import (
	"context"
	"errors"
	"fmt"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// liftSet ends the hold of a StatefulSet as the controller does.
func liftSet(t *testing.T, s *appsv1.StatefulSet, partition int) {
	t.Helper()
	must(t, ours(t).Patch(t.Context(), s, client.RawPatch(types.MergePatchType, fmt.Appendf(nil,
		`{"metadata":{"annotations":{%q:null,%q:null}},"spec":{"updateStrategy":{"rollingUpdate":{"partition":%d}}}}`,
		v1alpha1.AnnotationHeld, v1alpha1.AnnotationClearedTemplate, partition))))
}

// openAll opens every held pod of the namespace as the controller does.
func openAll(ctx context.Context, ns string) error {
	pods, _, err := livePods(ctx, ns)
	for i := range pods {
		if held(&pods[i]) {
			opened := pods[i].DeepCopy()
			opened.Spec.SchedulingGates = nil
			err = errors.Join(err, client.IgnoreNotFound(shared.controller.Patch(ctx, opened, client.MergeFrom(&pods[i]))))
		}
	}
	return err
}

// imagesAre opens what is held until the pods of the namespace run, with just these images.
func imagesAre(t *testing.T, ns string, want map[string]int) []corev1.Pod {
	t.Helper()
	var pods []corev1.Pod
	eventually(t, func(ctx context.Context) (err error) {
		if err := openAll(ctx, ns); err != nil {
			return err
		}
		if pods, _, err = livePods(ctx, ns); err != nil {
			return err
		}
		got := map[string]int{}
		for i := range pods {
			got[pods[i].Spec.Containers[0].Image]++
			if held(&pods[i]) || pods[i].Status.Phase != corev1.PodRunning {
				return fmt.Errorf("pod %s does not run yet", pods[i].Name)
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			return fmt.Errorf("the pods run %v, want %v", got, want)
		}
		return nil
	})
	return pods
}

// A held update replaces no pod; what is lost or added has the old revision; lifting rolls out.
func TestAHeldStatefulSetServesItsOldRevision(t *testing.T) {
	if shared.External() {
		t.Skip("pods have to run, and the nodes of an external cluster may be anything")
	}
	t.Parallel()
	ns := govern(t)
	old, next := image("server"), image("next")
	s := statefulSet(ns, "web", func(s *appsv1.StatefulSet) { s.Spec.Replicas = new(int32(2)) })
	must(t, shared.Client.Create(t.Context(), s))
	pods := imagesAre(t, ns, map[string]int{old: 2})
	must(t, update(t, s, nextImage))
	wantSet(t, s, heldAt0)
	eventually(t, func(ctx context.Context) error {
		err := shared.Client.Get(ctx, client.ObjectKeyFromObject(s), s)
		if err == nil && s.Status.UpdateRevision == s.Status.CurrentRevision {
			err = errors.New("the new revision is not seen yet")
		}
		return err
	})
	must(t, shared.Client.Delete(t.Context(), &pods[0]))
	scale(t, s, 4)
	for _, p := range imagesAre(t, ns, map[string]int{old: 4}) {
		if p.Name == pods[1].Name && p.UID != pods[1].UID {
			t.Error("a pod that nobody deleted was replaced")
		}
	}
	scale(t, s, 2)
	imagesAre(t, ns, map[string]int{old: 2})
	liftSet(t, s, 0)
	wantSet(t, s, "0, no mark")
	imagesAre(t, ns, map[string]int{next: 2})
}
