// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package bypass

import (
	"context"
	"errors"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

func onReplicaSet(change func(*appsv1.ReplicaSet)) func(client.Object) {
	return func(o client.Object) { change(as[*appsv1.ReplicaSet](o)) }
}

func storedReplicaSet(change ...func(*appsv1.ReplicaSet)) func(*testing.T, string) client.Object {
	return func(t *testing.T, ns string) client.Object {
		t.Helper()
		rs := replicaSet(ns, "", append(change, func(rs *appsv1.ReplicaSet) { rs.GenerateName = "web-" })...)
		must(t, shared.Client.Create(t.Context(), rs))
		return rs
	}
}

// The controller clears a ReplicaSet by its UID after reading its template once.
func TestTheTemplateOfAReplicaSetStays(t *testing.T) {
	t.Parallel()
	ns, control := govern(t), attempt{as: shared.Client, ns: leaveAlone(t)}
	for name, edit := range map[string]func(*appsv1.ReplicaSet){
		"another image":       func(rs *appsv1.ReplicaSet) { rs.Spec.Template.Spec.Containers[0].Image = image("other") },
		"other arguments":     func(rs *appsv1.ReplicaSet) { rs.Spec.Template.Spec.Containers[0].Args = []string{"--model=/other"} },
		"an annotation":       func(rs *appsv1.ReplicaSet) { rs.Spec.Template.Annotations = map[string]string{"a": "b"} },
		"another release":     func(rs *appsv1.ReplicaSet) { rs.Spec.Template.Labels[v1alpha1.LabelRelease] = "m2" },
		"no release any more": func(rs *appsv1.ReplicaSet) { unclaim(&rs.Spec.Template) },
		"another exposure":    func(rs *appsv1.ReplicaSet) { rs.Spec.Template.Labels[v1alpha1.LabelExposure] = "Internal" },
		"another container": func(rs *appsv1.ReplicaSet) {
			rs.Spec.Template.Spec.Containers = append(rs.Spec.Template.Spec.Containers, corev1.Container{
				Name: "more", Image: image("server"), ImagePullPolicy: corev1.PullIfNotPresent,
				TerminationMessagePath: "/dev/termination-log", TerminationMessagePolicy: corev1.TerminationMessageReadFile,
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tampering{
				make: storedReplicaSet(), edit: onReplicaSet(edit), changed: templateChanged,
				subresources: []string{"status"}, refusal: "template of a ReplicaSet that claims a release",
			}.fails(t, shared.Client, ns, control)
		})
	}
	t.Run("one without a claim does not come to one", func(t *testing.T) {
		t.Parallel()
		tampering{
			make: storedReplicaSet(func(rs *appsv1.ReplicaSet) { unclaim(&rs.Spec.Template) }), changed: templateChanged,
			edit:    onReplicaSet(func(rs *appsv1.ReplicaSet) { rs.Spec.Template.Labels[v1alpha1.LabelRelease] = release }),
			refusal: "template of a ReplicaSet that claims a release",
		}.fails(t, shared.Client, ns, control)
	})
	t.Run("not even the controller of Scalegate or of Kubernetes changes it", func(t *testing.T) {
		t.Parallel()
		row := tampering{make: storedReplicaSet(), changed: templateChanged, edit: onReplicaSet(func(rs *appsv1.ReplicaSet) {
			rs.Spec.Template.Spec.Containers[0].Image = image("other")
		})}
		for _, user := range []string{"system:serviceaccount:scalegate-system:scalegate-controller-manager", "system:serviceaccount:kube-system:deployment-controller"} {
			changed, err := row.through(t, door{way: "update"}, attempt{as: identity(t, user, "system:masters"), ns: ns})
			if changed {
				t.Errorf("%s changed it", user)
			}
			refused(t, err, "template of a ReplicaSet that claims a release")
		}
	})
}

func TestWhatIsNotItsTemplateIsFree(t *testing.T) {
	t.Parallel()
	ns := govern(t)
	rs := as[*appsv1.ReplicaSet](storedReplicaSet()(t, ns))
	for name, patch := range map[string]string{
		"replicas": `{"spec":{"replicas":1}}`, "fewer": `{"spec":{"replicas":0}}`, "a label": `{"metadata":{"labels":{"a":"b"}}}`,
		"when it is available": `{"spec":{"minReadySeconds":1}}`,
	} {
		if err := shared.Client.Patch(t.Context(), rs, client.RawPatch(types.MergePatchType, []byte(patch))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	scale(t, rs, 2)
	bare := as[*appsv1.ReplicaSet](storedReplicaSet(func(rs *appsv1.ReplicaSet) { unclaim(&rs.Spec.Template) })(t, ns))
	must(t, update(t, bare, func(rs *appsv1.ReplicaSet) { rs.Spec.Template.Spec.Containers[0].Image = image("other") }))
}

// Whoever owns a ReplicaSet, its pods come from the template that was read.
func TestOrphaningAndAdoptingChangeNothing(t *testing.T) {
	t.Parallel()
	ns := govern(t)
	d, rs := serve(t, ns)
	must(t, shared.Client.Delete(t.Context(), d, client.PropagationPolicy(metav1.DeletePropagationOrphan)))
	eventually(t, func(ctx context.Context) error {
		if err := shared.Client.Get(ctx, client.ObjectKeyFromObject(rs), rs); err != nil {
			return err
		}
		if len(rs.OwnerReferences) > 0 {
			return errors.New("the ReplicaSet is not orphaned yet")
		}
		return nil
	})
	scale(t, rs, 3)
	awaitPods(t, ns, 3, 0)
	swap := func(rs *appsv1.ReplicaSet) { rs.Spec.Template.Spec.Containers[0].Image = image("other") }
	refused(t, update(t, rs, swap), "template of a ReplicaSet that claims a release")

	// A Deployment with another template adopts it, and its own pods are held.
	next := deployment(ns, "web", func(d *appsv1.Deployment) {
		d.Spec.Replicas, d.Spec.Template.Spec.Containers[0].Image = new(int32(4)), image("next")
	})
	eventually(t, func(ctx context.Context) error { return shared.Client.Create(ctx, next) }) // the first one is still going
	wantHeld(t, next, v1alpha1.HeldResume)
	lift(t, next)
	eventually(t, func(ctx context.Context) error {
		pods, holds, err := livePods(ctx, ns)
		if err == nil && (holds == 0 || len(pods)-holds < 2) {
			err = errors.New("no held pod of the next template yet")
		}
		for i := range pods {
			if pods[i].Spec.Containers[0].Image == image("next") && !held(&pods[i]) {
				t.Fatal("a pod of the next template is born free")
			}
		}
		return err
	})
	if ours, err := replicaSets(t.Context(), ns); err != nil || len(ours) != 2 {
		t.Errorf("%d ReplicaSets, want the adopted one and the new one: %v", len(ours), err)
	}
}

// A ReplicaSet made beforehand under the name that the deployment controller is going to use has
// another UID than the one it would make, and another template than the Deployment.
func TestAReplicaSetMadeBeforehandIsNotCleared(t *testing.T) {
	t.Parallel()
	ns := govern(t)
	_, rs := serve(t, ns)
	must(t, shared.Client.Delete(t.Context(), rs))
	forged := replicaSet(ns, rs.Name, func(o *appsv1.ReplicaSet) {
		o.Spec.Replicas, o.Labels, o.OwnerReferences = new(int32(2)), rs.Labels, rs.OwnerReferences
		o.Spec.Selector, o.Spec.Template = rs.Spec.Selector, *rs.Spec.Template.DeepCopy()
		o.Spec.Template.Spec.Containers[0].Args = []string{"--model=/other"}
	})
	eventually(t, func(ctx context.Context) error {
		forged.ResourceVersion = ""
		err := shared.Client.Create(ctx, forged)
		if client.IgnoreAlreadyExists(err) == nil && err != nil {
			return client.IgnoreNotFound(shared.Client.Delete(ctx, &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: rs.Name}}))
		}
		return err
	})
	must(t, shared.Client.DeleteAllOf(t.Context(), &corev1.Pod{}, client.InNamespace(ns)))
	eventually(t, func(ctx context.Context) error {
		pods, holds, err := livePods(ctx, ns)
		if err == nil && (len(pods) == 0 || holds != len(pods)) {
			err = errors.New("pods that are not held, or none")
		}
		return err
	})
}
