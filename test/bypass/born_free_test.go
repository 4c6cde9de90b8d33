// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package bypass

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// serve makes a Deployment, takes the controller's place in lifting its hold and in clearing its
// ReplicaSet, and returns both once its pods run.
func serve(t *testing.T, ns string) (*appsv1.Deployment, *appsv1.ReplicaSet) {
	t.Helper()
	d := deployment(ns, "web")
	must(t, shared.Client.Create(t.Context(), d))
	lift(t, d)
	awaitPods(t, ns, 0, 2)
	rs := onlyReplicaSet(t, ns)
	writeClearance(t, ns, granted(rs.UID).String())
	must(t, shared.Client.DeleteAllOf(t.Context(), &corev1.Pod{}, client.InNamespace(ns)))
	awaitPods(t, ns, 2, 0)
	return d, rs
}

// lift ends the hold of a Deployment as the controller does.
func lift(t *testing.T, d *appsv1.Deployment) {
	t.Helper()
	patch := fmt.Sprintf(`{"metadata":{"annotations":{%q:null,%q:null}},"spec":{"paused":false}}`,
		v1alpha1.AnnotationHeld, v1alpha1.AnnotationClearedTemplate)
	must(t, shared.controller.Patch(t.Context(), d, client.RawPatch(types.MergePatchType, []byte(patch))))
	if isHeld(d) || d.Spec.Paused {
		t.Fatalf("the controller's lift is not taken as it is: paused %v, annotations %v", d.Spec.Paused, d.Annotations)
	}
}

func replicaSets(ctx context.Context, ns string) ([]appsv1.ReplicaSet, error) {
	list := &appsv1.ReplicaSetList{}
	err := shared.Client.List(ctx, list, client.InNamespace(ns))
	return list.Items, err
}

func onlyReplicaSet(t *testing.T, ns string) *appsv1.ReplicaSet {
	t.Helper()
	all, err := replicaSets(t.Context(), ns)
	must(t, err)
	if len(all) != 1 {
		t.Fatalf("%d ReplicaSets, want 1", len(all))
	}
	return &all[0]
}

func scale(t *testing.T, o client.Object, replicas int) {
	t.Helper()
	must(t, shared.Client.SubResource("scale").Patch(t.Context(), copyOf(o),
		client.RawPatch(types.MergePatchType, fmt.Appendf(nil, `{"spec":{"replicas":%d}}`, replicas))))
}

func TestAClearedDeploymentHealsAndScalesByItself(t *testing.T) {
	t.Parallel()
	ns := govern(t)
	d, rs := serve(t, ns)
	awaitRunning(t, ns, 2)
	pods, _, err := livePods(t.Context(), ns)
	must(t, err)
	must(t, shared.Client.Delete(t.Context(), &pods[0]))
	awaitPods(t, ns, 2, 0)
	scale(t, d, 4)
	awaitRunning(t, ns, 4)

	// Other objects of the same labels, made by hand, are nobody's children.
	must(t, shared.Client.Create(t.Context(), replicaSet(ns, "bare", func(o *appsv1.ReplicaSet) {
		o.Spec.Replicas = new(int32(1))
		o.Spec.Selector.MatchLabels["app"], o.Spec.Template.Labels["app"] = "bare", "bare"
	})))
	awaitPods(t, ns, 4, 1)

	// What the owner's clearance loses, its next pods lose.
	writeClearance(t, ns, granted("another").String())
	eventually(t, func(ctx context.Context) error {
		probe := pod(ns, ownedBy(rs.UID))
		if err := shared.replicaSets.Create(ctx, probe, client.DryRunAll); err != nil || held(probe) {
			return err
		}
		return errors.New("still born free")
	})
	scale(t, d, 5)
	awaitPods(t, ns, 4, 2)
}

func TestPodsOfOtherKindsAreBornHeld(t *testing.T) {
	t.Parallel()
	ns := govern(t)
	claim := template()
	objects := []client.Object{
		&appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "set"}, Spec: appsv1.StatefulSetSpec{
			Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}}, Template: claim,
		}},
		&appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "daemon"}, Spec: appsv1.DaemonSetSpec{
			Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}}, Template: claim,
		}},
		&corev1.ReplicationController{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "rc"}, Spec: corev1.ReplicationControllerSpec{
			Selector: map[string]string{"app": "web"}, Template: &claim,
		}},
		replicaSet(ns, "bare", func(o *appsv1.ReplicaSet) { o.Spec.Replicas = new(int32(1)) }),
	}
	once := job(ns)
	objects = append(objects, once)
	owners := make([]types.UID, len(objects))
	for i, o := range objects {
		must(t, shared.Client.Create(t.Context(), o))
		owners[i] = o.GetUID()
	}
	liftJob(t, once)
	// All but the ReplicaSet stay held though the clearance names them; the ReplicaSet is not named.
	writeClearance(t, ns, granted(append([]types.UID{"other"}, owners[:3]...)...).String())
	must(t, shared.Client.DeleteAllOf(t.Context(), &corev1.Pod{}, client.InNamespace(ns)))
	eventually(t, func(ctx context.Context) error {
		pods, holds, err := livePods(ctx, ns)
		if err != nil {
			return err
		}
		kinds := map[string]bool{}
		for i := range pods {
			if owner := metav1.GetControllerOf(&pods[i]); owner != nil {
				kinds[owner.Kind] = true
			}
		}
		if holds != len(pods) {
			t.Fatalf("%d of %d pods are held", holds, len(pods))
		}
		for _, want := range []string{"StatefulSet", "DaemonSet", "ReplicationController", "ReplicaSet", "Job"} {
			if !kinds[want] {
				return fmt.Errorf("no pod of a %s yet", want)
			}
		}
		return nil
	})
}

func TestAReplicaSetCannotGrowPastTheEndOfItsClearance(t *testing.T) {
	t.Parallel()
	ns := govern(t)
	d, rs := serve(t, ns)
	short := granted(rs.UID)
	short.End = time.Now().Add(time.Second)
	writeClearance(t, ns, short.String())
	eventually(t, func(ctx context.Context) error {
		return refusal(shared.replicaSets.Create(ctx, pod(ns, ownedBy(rs.UID)), client.DryRunAll), "and was not renewed")
	})
	scale(t, d, 3)
	eventually(t, func(ctx context.Context) error {
		if err := shared.Client.Get(ctx, client.ObjectKeyFromObject(rs), rs); err != nil {
			return err
		}
		for _, c := range rs.Status.Conditions {
			if c.Type == appsv1.ReplicaSetReplicaFailure && strings.Contains(c.Message, "and was not renewed") {
				return nil
			}
		}
		return fmt.Errorf("the ReplicaSet does not say why it lacks a pod: %+v", rs.Status.Conditions)
	})
	awaitPods(t, ns, 2, 0)
	// Once renewed, the controller manager comes to it by itself.
	writeClearance(t, ns, granted(rs.UID).String())
	awaitPods(t, ns, 3, 0)
}

func awaitRunning(t *testing.T, ns string, want int) {
	t.Helper()
	if shared.External() {
		return // its nodes may be anything
	}
	eventually(t, func(ctx context.Context) error {
		pods, _, err := livePods(ctx, ns)
		running := 0
		for i := range pods {
			if pods[i].Status.Phase == corev1.PodRunning {
				running++
			}
		}
		if err == nil && running != want {
			err = fmt.Errorf("%d pods run, want %d", running, want)
		}
		return err
	})
}
