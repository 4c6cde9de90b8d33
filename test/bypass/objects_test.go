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
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/clearance"
	"github.com/scalegate/scalegate/internal/fixture"
)

// release is the release that most objects of the suite claim; nothing needs it to exist.
const release = "m1"

// clearanceKey is where its clearance stands.
const clearanceKey = v1alpha1.AnnotationClearancePrefix + release

// govern makes a namespace of the test's own whose gate is enforced.
func govern(t *testing.T) string {
	t.Helper()
	name := namespaceName(t, "g")
	must(t, shared.Govern(t.Context(), name))
	return name
}

// leaveAlone makes a namespace of the test's own without a gate.
func leaveAlone(t *testing.T) string {
	t.Helper()
	name := namespaceName(t, "u")
	must(t, shared.Client.Create(t.Context(), namespace(name, nil)))
	eventually(t, func(ctx context.Context) error {
		return shared.Client.Get(ctx, client.ObjectKey{Namespace: name, Name: "default"}, &corev1.ServiceAccount{})
	})
	return name
}

func namespaceName(t *testing.T, suffix string) string {
	t.Helper()
	sum := fixture.SHA256(t.Name())[:6]
	name := strings.ToLower(strings.NewReplacer("Test", "", "_", "-", "/", "-", ",", "", "'", "", ":", "", ".", "").Replace(t.Name()))
	return strings.Trim(name[:min(len(name), 40)], "-") + "-" + sum + "-" + suffix
}

func namespace(name string, annotations map[string]string) *corev1.Namespace {
	return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: annotations}}
}

func image(label string) string {
	return "registry.example/" + label + "@sha256:" + fixture.SHA256(label)
}

// claiming is the metadata of what claims the release.
func claiming(ns string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: ns, GenerateName: "pod-", Labels: map[string]string{"app": "web", v1alpha1.LabelRelease: release}}
}

// pod claims the release and runs its server.
func pod(ns string, change ...func(*corev1.Pod)) *corev1.Pod {
	p := &corev1.Pod{
		ObjectMeta: claiming(ns),
		Spec: corev1.PodSpec{
			TerminationGracePeriodSeconds: new(int64(0)),
			Containers:                    []corev1.Container{{Name: "server", Image: image("server")}},
		},
	}
	for _, c := range change {
		c(p)
	}
	return p
}

// unclaimed takes the claim off.
func unclaimed(p *corev1.Pod) { delete(p.Labels, v1alpha1.LabelRelease) }

// withGPU asks for an accelerator in the plainest way.
func withGPU(p *corev1.Pod) {
	p.Spec.Containers[0].Resources.Limits = corev1.ResourceList{"nvidia.com/gpu": resource.MustParse("1")}
}

// ownedBy names a controlling ReplicaSet.
func ownedBy(uid types.UID) func(*corev1.Pod) { return ownedByKind("apps/v1", "ReplicaSet", uid) }

func ownedByKind(version, kind string, uid types.UID) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.OwnerReferences = []metav1.OwnerReference{{
			APIVersion: version, Kind: kind, Name: "web-1", UID: uid, Controller: new(true), BlockOwnerDeletion: new(true),
		}}
	}
}

// template claims the release.
func template() corev1.PodTemplateSpec {
	p := pod("")
	return corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: p.Labels}, Spec: p.Spec}
}

// deployment claims the release with two replicas.
func deployment(ns, name string, change ...func(*appsv1.Deployment)) *appsv1.Deployment {
	d := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name},
		Spec: appsv1.DeploymentSpec{
			Replicas: new(int32(2)),
			Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}},
			Template: template(),
		},
	}
	for _, c := range change {
		c(d)
	}
	return d
}

// replicaSet claims the release and, unless a change says otherwise, makes no pod.
func replicaSet(ns, name string, change ...func(*appsv1.ReplicaSet)) *appsv1.ReplicaSet {
	rs := &appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name},
		Spec: appsv1.ReplicaSetSpec{
			Replicas: new(int32(0)),
			Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}},
			Template: template(),
		},
	}
	for _, c := range change {
		c(rs)
	}
	return rs
}

// granted is a clearance for the suite's server image, by owner.
func granted(owners ...types.UID) clearance.Clearance {
	return clearance.Clearance{
		End: time.Now().Add(time.Hour), Exposure: "General", Mode: clearance.Free,
		Owners: owners, Digests: []string{fixture.SHA256("server")},
	}
}

// writeClearance writes the release's clearance as the controller does, and returns once it is in force.
func writeClearance(t *testing.T, ns, value string) {
	t.Helper()
	patch := fmt.Sprintf(`{"metadata":{"annotations":{%q:%q}}}`, clearanceKey, value)
	must(t, shared.controller.Patch(t.Context(), namespace(ns, nil), client.RawPatch(types.MergePatchType, []byte(patch))))
	c, err := clearance.Parse(value)
	if err != nil || c.Mode != clearance.Free || len(c.Owners) == 0 || c.End.Before(time.Now().Add(time.Minute)) {
		return
	}
	eventually(t, func(ctx context.Context) error {
		probe := pod(ns, ownedBy(c.Owners[0]))
		if err := shared.replicaSets.Create(ctx, probe, client.DryRunAll); err != nil || len(probe.Spec.SchedulingGates) == 0 {
			return client.IgnoreNotFound(err)
		}
		return errors.New("the clearance is not in force")
	})
}

// held tells whether the pod has Scalegate's gate.
func held(p *corev1.Pod) bool {
	for _, g := range p.Spec.SchedulingGates {
		if g.Name == v1alpha1.SchedulingGate {
			return true
		}
	}
	return false
}

// livePods are the pods of a namespace that are not going, and how many of them are held.
func livePods(ctx context.Context, ns string) (pods []corev1.Pod, holds int, err error) {
	list := &corev1.PodList{}
	if err := shared.Client.List(ctx, list, client.InNamespace(ns)); err != nil {
		return nil, 0, err
	}
	for i := range list.Items {
		if list.Items[i].DeletionTimestamp != nil {
			continue
		}
		pods = append(pods, list.Items[i])
		if held(&list.Items[i]) {
			holds++
		}
	}
	return pods, holds, nil
}

// awaitPods waits until the namespace has just so many free and held pods.
func awaitPods(t *testing.T, ns string, free, holds int) []corev1.Pod {
	t.Helper()
	var pods []corev1.Pod
	eventually(t, func(ctx context.Context) (err error) {
		var n int
		if pods, n, err = livePods(ctx, ns); err == nil && (n != holds || len(pods)-n != free) {
			err = fmt.Errorf("%d pods are held and %d are free, want %d and %d", n, len(pods)-n, holds, free)
		}
		return err
	})
	return pods
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// refusal is nil when err is a refusal by a policy with this text in its message.
func refusal(err error, text string) error {
	if (apierrors.IsForbidden(err) || apierrors.IsInvalid(err)) && strings.Contains(err.Error(), "scalegate-") && strings.Contains(err.Error(), text) {
		return nil
	}
	return fmt.Errorf("want a refusal with %q, got: %v", text, err) //nolint:errorlint // nil is one of its values
}

// refused fails the test unless err is such a refusal.
func refused(t *testing.T, err error, text string) {
	t.Helper()
	if err := refusal(err, text); err != nil {
		t.Error(err)
	}
}

// eventually polls until check returns nil, and fails with its last error.
func eventually(t *testing.T, check func(context.Context) error) {
	t.Helper()
	var last error
	err := wait.PollUntilContextTimeout(t.Context(), 30*time.Millisecond, 30*time.Second, true, func(ctx context.Context) (bool, error) {
		last = check(ctx)
		return last == nil, nil
	})
	if err != nil {
		t.Fatal(errors.Join(err, last))
	}
}

func contains(err error, text string) bool { return strings.Contains(err.Error(), text) }

// update edits the object as it is now and sends it whole, again where somebody was faster.
func update[T client.Object](t *testing.T, o T, edit func(T)) error {
	t.Helper()
	for {
		if err := shared.Client.Get(t.Context(), client.ObjectKeyFromObject(o), o); err != nil {
			return err
		}
		edit(o)
		if err := shared.Client.Update(t.Context(), o); !apierrors.IsConflict(err) {
			return err
		}
	}
}

// as is the object as the kind that it is.
func as[T client.Object](o client.Object) T {
	typed, ok := o.(T)
	if !ok {
		panic(fmt.Sprintf("%T is no %T", o, typed))
	}
	return typed
}

func copyOf(o client.Object) client.Object {
	c, ok := o.DeepCopyObject().(client.Object)
	if !ok {
		panic(fmt.Sprintf("the copy of a %T is no object", o))
	}
	return c
}
