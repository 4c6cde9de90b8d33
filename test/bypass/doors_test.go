// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package bypass

import (
	"context"
	"errors"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// withCPU asks for processors, in an amount that may be resized.
func withCPU(cores string) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Spec.Containers[0].Resources.Requests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cores)}
	}
}

// No policy looks at /resize: the API server takes nothing but processors and memory there.
func TestResizingIsNoDoor(t *testing.T) {
	t.Parallel()
	ns, other := govern(t), leaveAlone(t)
	cores := func(o client.Object) string {
		return as[*corev1.Pod](o).Spec.Containers[0].Resources.Requests.Cpu().String()
	}
	resizes := tampering{make: storedPod(withCPU("1")), edit: onPod(withCPU("2")), changed: func(before, after client.Object) bool {
		return cores(before) != cores(after)
	}}
	for _, ns := range []string{ns, other} {
		if changed, err := resizes.through(t, door{way: "merge", subresource: "resize"}, attempt{as: shared.Client, ns: ns}); !changed {
			t.Errorf("a pod is not resized: %v", err)
		}
	}
	accelerators := func(o client.Object) bool {
		_, asks := as[*corev1.Pod](o).Spec.Containers[0].Resources.Limits["nvidia.com/gpu"]
		return asks
	}
	rows := map[string]tampering{
		"an accelerator": {edit: onPod(withGPU), changed: func(_, after client.Object) bool { return accelerators(after) }},
		"a claim":        {edit: onPod(labelled(v1alpha1.LabelRelease, "m2")), changed: labelsChanged},
		"an image":       {edit: onPod(serverImage(image("other"))), changed: imagesChanged},
		"devices": {edit: onPod(annotated("cdi.k8s.io/gpu", "nvidia.com/gpu=all")), changed: func(_, after client.Object) bool {
			return len(after.GetAnnotations()) > 0
		}},
		"no hold": {edit: onPod(func(p *corev1.Pod) { p.Spec.SchedulingGates = nil }), changed: holdChanged},
	}
	for name, row := range rows {
		row.make = storedPod(withCPU("1"), gated(v1alpha1.SchedulingGate))
		resize := row.edit
		row.edit = func(o client.Object) {
			resize(o)
			withCPU("2")(as[*corev1.Pod](o))
		}
		for _, way := range ways() {
			if changed, _ := row.through(t, door{way: way, subresource: "resize"}, attempt{as: shared.Client, ns: other}); changed {
				t.Errorf("%s: resizing brings %s now: scalegate-guard-pods has to look at pods/resize", way, name)
			}
		}
	}
}

// A kubelet reports on the pods of a governed namespace as on any other.
func TestAKubeletReports(t *testing.T) {
	t.Parallel()
	if shared.External() {
		t.Skip("the nodes of an external cluster have kubelets of their own")
	}
	ns := govern(t)
	kubelet := identity(t, "system:node:node-1", "system:nodes", "system:masters")
	for name, change := range map[string]func(*corev1.Pod){"claiming": func(*corev1.Pod) {}, "unclaimed": unclaimed} {
		p := as[*corev1.Pod](storedPod(change)(t, ns))
		must(t, openAll(t.Context(), ns))
		must(t, shared.Client.SubResource("binding").Create(t.Context(), p, &corev1.Binding{Target: corev1.ObjectReference{Kind: "Node", Name: "node-1"}}))
		err := kubelet.Status().Patch(t.Context(), p, client.RawPatch(types.StrategicMergePatchType,
			[]byte(`{"status":{"conditions":[{"type":"example.com/seen","status":"True"}]}}`)))
		seen := slices.ContainsFunc(p.Status.Conditions, func(c corev1.PodCondition) bool { return c.Type == "example.com/seen" })
		if err != nil || !seen {
			t.Errorf("%s: conditions %v: %v", name, p.Status.Conditions, err)
		}
	}
}

// The template of a ReplicationController changes, and what it makes then is held as before.
func TestAReplicationControllerMakesHeldPods(t *testing.T) {
	t.Parallel()
	ns := govern(t)
	rc := as[*corev1.ReplicationController](storedParent(parents()["ReplicationController"])(t, ns))
	writeClearance(t, ns, granted(rc.UID).String())
	must(t, update(t, rc, func(rc *corev1.ReplicationController) {
		rc.Spec.Replicas, rc.Spec.Template.Spec.Containers[0].Args = new(int32(1)), []string{"--other"}
	}))
	for _, p := range awaitPods(t, ns, 0, 1) {
		if owner := metav1.GetControllerOf(&p); owner == nil || owner.UID != rc.UID || len(p.Spec.Containers[0].Args) == 0 {
			t.Errorf("pod %s is not of the changed template: %+v", p.Name, owner)
		}
	}
	must(t, update(t, rc, func(rc *corev1.ReplicationController) { unclaim(rc.Spec.Template) }))
	must(t, shared.Client.DeleteAllOf(t.Context(), &corev1.Pod{}, client.InNamespace(ns)))
	eventually(t, func(ctx context.Context) error {
		pods, holds, err := livePods(ctx, ns)
		if err == nil && (len(pods) != 1 || holds != 0) {
			err = errors.New("no pod without a claim yet")
		}
		return err
	})
}
