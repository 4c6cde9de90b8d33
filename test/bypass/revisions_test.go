// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package bypass

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

const (
	claimingRevision = `{"spec":{"template":{"$patch":"replace","metadata":{"labels":{"app":"web","scalegate.dev/release":"m1"}}}}}`
	ordinaryRevision = `{"spec":{"template":{"$patch":"replace","metadata":{"labels":{"app":"web"}}}}}`
)

// revision has a name of its own and this data; none for the empty text.
func revision(ns, data string) *appsv1.ControllerRevision {
	r := &appsv1.ControllerRevision{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, GenerateName: "web-", Labels: map[string]string{"app": "web"}}, Revision: 1,
	}
	if data != "" {
		r.Data = runtime.RawExtension{Raw: []byte(data)}
	}
	return r
}

const byControllersAlone = "is written by the workload controllers alone"

func TestWhoMakesARevision(t *testing.T) {
	t.Parallel()
	ns, other := govern(t), leaveAlone(t)
	for name, row := range map[string]struct{ data, as, refusal string }{
		"of a template that claims":                   {data: claimingRevision, refusal: byControllersAlone},
		"that claims the empty release":               {data: `{"spec":{"template":{"$patch":"replace","metadata":{"labels":{"scalegate.dev/release":""}}}}}`, refusal: byControllersAlone},
		"that is merged with the template that runs":  {data: `{"spec":{"template":{"spec":{"containers":[{"name":"server","image":"other"}]}}}}`, refusal: byControllersAlone},
		"that is merged in so many words":             {data: `{"spec":{"template":{"$patch":"merge"}}}`, refusal: byControllersAlone},
		"of a template that claims nothing":           {data: ordinaryRevision},
		"of another kind, with another template":      {data: `{"spec":{"leaderWorkerTemplate":{"workerTemplate":{"metadata":{"labels":{"scalegate.dev/release":"m1"}}}}}}`},
		"without a template":                          {data: `{"spec":{"template":{}}}`},
		"without data":                                {data: `{}`},
		"by the StatefulSet controller":               {data: claimingRevision, as: "system:serviceaccount:kube-system:statefulset-controller"},
		"by the DaemonSet controller":                 {data: claimingRevision, as: "system:serviceaccount:kube-system:daemon-set-controller"},
		"by a controller manager with one credential": {data: claimingRevision, as: "system:kube-controller-manager"},
		"by the Deployment controller":                {data: claimingRevision, as: "system:serviceaccount:kube-system:deployment-controller", refusal: byControllersAlone},
		"by Scalegate itself":                         {data: claimingRevision, as: "system:serviceaccount:scalegate-system:scalegate-controller-manager", refusal: byControllersAlone},
	} {
		t.Run(name, func(t *testing.T) {
			as := shared.Client
			if row.as != "" {
				as = identity(t, row.as, "system:masters")
			}
			err := as.Create(t.Context(), revision(ns, row.data))
			if row.refusal != "" {
				refused(t, err, row.refusal)
			} else {
				must(t, err)
			}
			must(t, as.Create(t.Context(), revision(other, row.data)))
		})
	}
}

// What a StatefulSet goes back to stays, through every door.
func TestARevisionStays(t *testing.T) {
	t.Parallel()
	ns, control := govern(t), attempt{as: shared.Client, ns: leaveAlone(t)}
	keeper := identity(t, "system:serviceaccount:kube-system:statefulset-controller", "system:masters")
	owner := namespace("default", nil)
	must(t, shared.Client.Get(t.Context(), client.ObjectKeyFromObject(owner), owner))
	stored := func(t *testing.T, ns string) client.Object {
		t.Helper()
		r := revision(ns, claimingRevision)
		must(t, keeper.Create(t.Context(), r))
		return r
	}
	for name, edit := range map[string]func(client.Object){
		"another number": func(o client.Object) { as[*appsv1.ControllerRevision](o).Revision = 7 },
		"another label":  label("app", "other"),
		"another owner": func(o client.Object) {
			o.SetOwnerReferences([]metav1.OwnerReference{{APIVersion: "v1", Kind: "Namespace", Name: "default", UID: owner.UID}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tampering{make: stored, keeper: keeper, edit: edit, refusal: byControllersAlone, changed: func(before, after client.Object) bool {
				return before.GetResourceVersion() != after.GetResourceVersion()
			}}.fails(t, shared.Client, ns, control)
		})
	}
	t.Run("deleting it", func(t *testing.T) {
		r := stored(t, ns)
		refused(t, shared.Client.Delete(t.Context(), r), byControllersAlone)
		refused(t, shared.Client.DeleteAllOf(t.Context(), r, client.InNamespace(ns)), byControllersAlone)
		must(t, keeper.Delete(t.Context(), r))
		must(t, shared.Client.Delete(t.Context(), stored(t, control.ns)))
	})
	t.Run("one of a template that claims nothing does not", func(t *testing.T) {
		r := revision(ns, ordinaryRevision)
		must(t, shared.Client.Create(t.Context(), r))
		must(t, update(t, r, func(r *appsv1.ControllerRevision) { r.Revision = 2 }))
		must(t, shared.Client.Delete(t.Context(), r))
	})
}

// The controllers of Kubernetes keep their revisions, and the garbage collector clears them away.
func TestRevisionsComeAndGoWithTheirOwners(t *testing.T) {
	t.Parallel()
	ns := govern(t)
	owners := []client.Object{storedStatefulSet()(t, ns), storedParent(parents()["DaemonSet"])(t, ns)}
	count := func(want int) {
		t.Helper()
		eventually(t, func(ctx context.Context) error {
			list := &appsv1.ControllerRevisionList{}
			if err := shared.Client.List(ctx, list, client.InNamespace(ns)); err != nil {
				return err
			}
			if len(list.Items) != want {
				return fmt.Errorf("%d revisions, want %d", len(list.Items), want)
			}
			return nil
		})
	}
	count(2)
	must(t, update(t, as[*appsv1.StatefulSet](owners[0]), nextImage))
	count(3)
	for _, o := range owners {
		must(t, shared.Client.Delete(t.Context(), o, client.PropagationPolicy(metav1.DeletePropagationBackground)))
	}
	count(0)
}

const byItsControllerAlone = "is written by its controller alone"

// The status of a workload names the revision of its next pods, and is a door to its annotations.
func TestTheStatusOfAWorkloadIsItsControllers(t *testing.T) {
	t.Parallel()
	ns, other := govern(t), leaveAlone(t)
	for kind, row := range map[string]struct {
		controller string
		edit       func(client.Object)
	}{
		"StatefulSet": {controller: "statefulset-controller", edit: onStatefulSet(func(s *appsv1.StatefulSet) { s.Status.CurrentRevision = "forged" })},
		"DaemonSet":   {controller: "daemon-set-controller", edit: func(o client.Object) { as[*appsv1.DaemonSet](o).Status.CollisionCount = new(int32(7)) }},
		"ReplicaSet":  {controller: "replicaset-controller", edit: onReplicaSet(func(rs *appsv1.ReplicaSet) { rs.Status.Replicas = 7 })},
		"Job":         {controller: "job-controller", edit: onJob(func(j *batchv1.Job) { j.Status.Active = 7 })},
	} {
		parent := parents()[kind]
		controller := identity(t, "system:serviceaccount:kube-system:"+row.controller, "system:masters")
		mark := annotate(v1alpha1.AnnotationHeld, "typed")
		t.Run(kind+" by metadata", func(t *testing.T) {
			t.Parallel()
			attack := tampering{make: reported(parent), edit: mark, changed: func(before, after client.Object) bool {
				return before.GetAnnotations()[v1alpha1.AnnotationHeld] != after.GetAnnotations()[v1alpha1.AnnotationHeld]
			}}
			opened := 0
			for _, way := range ways() {
				d := door{way: way, subresource: "status"}
				if open, _ := attack.through(t, d, attempt{as: shared.Client, ns: other}); !open {
					continue
				}
				opened++
				for _, by := range []client.Client{shared.Client, identity(t, "system:serviceaccount:kube-system:deployment-controller", "system:masters")} {
					changed, err := attack.through(t, d, attempt{as: by, ns: ns})
					if changed {
						t.Errorf("%s: it went through", d)
					}
					refused(t, err, byItsControllerAlone)
				}
			}
			if opened == 0 {
				t.Error("there is no such door in the control either: the row shows nothing")
			}
			if changed, err := attack.through(t, door{way: "merge", subresource: "status"}, attempt{as: controller, ns: ns}); !changed {
				t.Errorf("its controller writes no status: %v", err)
			}
			attack.make = reported(parent, unclaim)
			if changed, err := attack.through(t, door{way: "merge", subresource: "status"}, attempt{as: shared.Client, ns: ns}); !changed {
				t.Errorf("the status of one that claims nothing: %v", err)
			}
		})
		t.Run(kind+" by status", func(t *testing.T) {
			t.Parallel()
			o := reported(parent)(t, ns)
			edited := copyOf(o)
			row.edit(edited)
			err := shared.Client.Status().Patch(t.Context(), edited, client.MergeFrom(o))
			refused(t, err, byItsControllerAlone)
			manager := identity(t, "system:kube-controller-manager", "system:masters")
			edited = copyOf(o)
			row.edit(edited)
			must(t, manager.Status().Patch(t.Context(), edited, client.MergeFrom(o)))
		})
	}
}

// reported is storedParent, once the object's controller has written its first status.
func reported(parent func(string, corev1.PodTemplateSpec) client.Object, change ...func(*corev1.PodTemplateSpec)) func(*testing.T, string) client.Object {
	return func(t *testing.T, ns string) client.Object {
		t.Helper()
		o := storedParent(parent, change...)(t, ns)
		eventually(t, func(ctx context.Context) error {
			err := shared.Client.Get(ctx, client.ObjectKeyFromObject(o), o)
			if err == nil && !slices.ContainsFunc(o.GetManagedFields(), func(f metav1.ManagedFieldsEntry) bool { return f.Subresource == "status" }) {
				err = errors.New("its controller has not seen it yet")
			}
			return err
		})
		return o
	}
}

// Whoever owns ReplicaSets whose metadata it keeps, as Argo Rollouts does, may keep it, and nothing
// else of their template.
func TestWhoRewritesTheMetadataOfATemplate(t *testing.T) {
	t.Parallel()
	ns, other := govern(t), leaveAlone(t)
	rollouts := identity(t, "system:serviceaccount:argo-rollouts:argo-rollouts", "system:masters")
	made := storedReplicaSet(func(rs *appsv1.ReplicaSet) {
		rs.Spec.Template.Labels["role"] = "canary"
		rs.Spec.Template.Annotations = map[string]string{"note": "x", "run.oci.handler": "x"}
	})
	for name, row := range map[string]struct {
		edit   func(*appsv1.ReplicaSet)
		passes bool
	}{
		"a label":               {edit: func(rs *appsv1.ReplicaSet) { rs.Spec.Template.Labels["role"] = "stable" }, passes: true},
		"a label less":          {edit: func(rs *appsv1.ReplicaSet) { delete(rs.Spec.Template.Labels, "role") }, passes: true},
		"a label more":          {edit: func(rs *appsv1.ReplicaSet) { rs.Spec.Template.Labels["more"] = "x" }, passes: true},
		"an annotation":         {edit: func(rs *appsv1.ReplicaSet) { rs.Spec.Template.Annotations["note"] = "y" }, passes: true},
		"an annotation more":    {edit: func(rs *appsv1.ReplicaSet) { rs.Spec.Template.Annotations["more"] = "y" }, passes: true},
		"another release":       {edit: func(rs *appsv1.ReplicaSet) { rs.Spec.Template.Labels[v1alpha1.LabelRelease] = "m2" }},
		"no release":            {edit: func(rs *appsv1.ReplicaSet) { unclaim(&rs.Spec.Template) }},
		"an exposure":           {edit: func(rs *appsv1.ReplicaSet) { rs.Spec.Template.Labels[v1alpha1.LabelExposure] = "Public" }},
		"an annotation of ours": {edit: func(rs *appsv1.ReplicaSet) { rs.Spec.Template.Annotations["scalegate.dev/x"] = "y" }},
		"devices":               {edit: func(rs *appsv1.ReplicaSet) { rs.Spec.Template.Annotations["cdi.k8s.io/gpu"] = "nvidia.com/gpu=all" }},
		"a runtime's handler":   {edit: func(rs *appsv1.ReplicaSet) { rs.Spec.Template.Annotations["run.oci.handler"] = "wasm" }},
		"no runtime's handler":  {edit: func(rs *appsv1.ReplicaSet) { delete(rs.Spec.Template.Annotations, "run.oci.handler") }},
		"a finalizer":           {edit: func(rs *appsv1.ReplicaSet) { rs.Spec.Template.Finalizers = []string{"example.com/x"} }},
		"an image":              {edit: func(rs *appsv1.ReplicaSet) { rs.Spec.Template.Spec.Containers[0].Image = image("other") }},
		"an image beside a label": {edit: func(rs *appsv1.ReplicaSet) {
			rs.Spec.Template.Labels["role"], rs.Spec.Template.Spec.Containers[0].Image = "stable", image("other")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			attack := tampering{make: made, edit: onReplicaSet(row.edit), changed: templateChanged}
			by := attempt{as: rollouts, ns: ns}
			if !row.passes {
				attack.refusal = "template of a ReplicaSet that claims a release"
				attack.fails(t, rollouts, ns, attempt{as: rollouts, ns: other})
				return
			}
			if changed, err := attack.through(t, door{way: "update"}, by); !changed {
				t.Errorf("want it to pass: %v", err)
			}
			changed, err := attack.through(t, door{way: "update"}, attempt{as: shared.Client, ns: ns})
			if changed {
				t.Error("others may too")
			}
			refused(t, err, "template of a ReplicaSet that claims a release")
		})
	}
}

// Raising a workload is never refused: what comes is held.
func TestScalingIsNeverRefused(t *testing.T) {
	t.Parallel()
	for kind, parent := range parents() {
		if !scaled(kind) {
			continue
		}
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			ns := govern(t)
			o := storedParent(parent)(t, ns)
			scaler := identity(t, "system:serviceaccount:kube-system:horizontal-pod-autoscaler", "system:masters")
			scaleTo := func(n int) error {
				return scaler.SubResource("scale").Patch(t.Context(), copyOf(o), client.RawPatch(types.MergePatchType, fmt.Appendf(nil, `{"spec":{"replicas":%d}}`, n)))
			}
			must(t, scaleTo(2))
			if kind == "Deployment" { // it is held before it has a ReplicaSet
				awaitPods(t, ns, 0, 0)
			} else {
				eventually(t, func(ctx context.Context) error {
					pods, holds, err := livePods(ctx, ns)
					if err == nil && (holds == 0 || holds != len(pods)) {
						err = errors.New("no pod yet, or one that is not held")
					}
					return err
				})
			}
			must(t, scaleTo(0))
			awaitPods(t, ns, 0, 0)
		})
	}
}
