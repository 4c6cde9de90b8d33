// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"context"
	"errors"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/clearance"
)

func TestHoldWarns(t *testing.T) {
	s := begin(t)
	ok, shown := s.apply(deployment(s.ns, "m1", "General"))
	s.taken(ok, shown, "Warning: Deployment web is not cleared: ModelRelease m1 is not granted the exposure General; "+
		"run: scalegate explain modelrelease m1 -n "+s.ns, "Warning: requirement uplift is Missing")
	d := &appsv1.Deployment{}
	s.must(s.client.Get(t.Context(), client.ObjectKey{Namespace: s.ns, Name: "web"}, d))
	if !d.Spec.Paused || d.Annotations[v1alpha1.AnnotationHeld] == "" {
		t.Errorf("it is not held: %v %v", d.Spec.Paused, d.Annotations)
	}
	trial := deployment(s.ns, "m1", "Trial")
	ok, shown = s.apply(trial)
	s.taken(ok, shown)
	s.silent(shown)
	trial.Spec.Template.Spec.Containers[0].Args = []string{"--model=/tmp"}
	ok, shown = s.apply(trial)
	s.taken(ok, shown, "Warning: Deployment web is not cleared: it does not match ModelRelease m1", "spec.containers[server].args")
}

func TestDenyRejects(t *testing.T) {
	s := begin(t)
	rs := &appsv1.ReplicaSet{
		TypeMeta:   metav1.TypeMeta{APIVersion: "apps/v1", Kind: "ReplicaSet"},
		ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "old"},
		Spec:       appsv1.ReplicaSetSpec{Replicas: new(int32(2)), Selector: selector(), Template: template("m1", "General")},
	}
	ok, shown := s.apply(rs)
	s.taken(ok, shown, "ReplicaSet old is not cleared")
	s.must(s.client.Patch(t.Context(), policy(s.ns), client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"onUncleared":"Deny"}}`))))

	denied := []string{
		`admission webhook "workloads.scalegate.dev" denied the request`,
		"is not cleared: ModelRelease m1 is not granted the exposure General.",
		"SafetyPolicy " + s.ns + " says onUncleared: Deny, so it is rejected and not held.",
		"Requirement uplift is Missing: No result counts.", "To see all of it, run: scalegate explain modelrelease m1 -n " + s.ns + ".",
	}
	s.must(poll(t.Context(), func(context.Context) error {
		for range 4 {
			if ok, shown = s.apply(deployment(s.ns, "m1", "General"), "--dry-run=server"); ok {
				return errors.New("the webhook does not see the policy's change yet")
			}
		}
		return nil
	}))
	ok, shown = s.apply(deployment(s.ns, "m1", "General"))
	s.refused(ok, shown, denied...)
	err := s.client.Get(t.Context(), client.ObjectKey{Namespace: s.ns, Name: "web"}, &appsv1.Deployment{})
	if !apierrors.IsNotFound(err) {
		t.Errorf("the Deployment was made: %v", err)
	}
	bare := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "bare"}, TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"}}
	bare.Labels, bare.Spec = template("m1", "General").Labels, template("m1", "General").Spec
	ok, shown = s.apply(bare)
	s.refused(ok, shown, "Pod bare is not cleared", "onUncleared: Deny")
	ok, shown = s.apply(deployment(s.ns, "m1", "Trial"))
	s.taken(ok, shown)
	s.silent(shown)

	scale := func(n string) (bool, string) {
		return s.kubectl(nil, "scale", "replicaset/old", "-n", s.ns, "--replicas="+n)
	}
	ok, shown = scale("3")
	s.refused(ok, shown, "ReplicaSet old is not cleared", "onUncleared: Deny")
	ok, shown = scale("1")
	s.taken(ok, shown)
	s.silent(shown)
	ok, shown = s.kubectl(nil, "label", "replicaset/old", "-n", s.ns, "team=red")
	s.taken(ok, shown)
	ok, shown = s.kubectl(nil, "delete", "replicaset/old", "-n", s.ns)
	s.taken(ok, shown)
	s.silent(shown)
}

// The guards inside the API server see clearance and images of a DaemonSet. The webhook compares the whole template.
func TestADaemonSetIsNotTakenDown(t *testing.T) {
	s := begin(t)
	daemons := func(args ...string) *appsv1.DaemonSet {
		d := &appsv1.DaemonSet{
			TypeMeta:   metav1.TypeMeta{APIVersion: "apps/v1", Kind: "DaemonSet"},
			ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "web"},
			Spec:       appsv1.DaemonSetSpec{Selector: selector(), Template: template("m1", "Trial")},
		}
		d.Spec.Template.Spec.Containers[0].Args = args
		return d
	}
	ok, shown := s.apply(daemons())
	s.taken(ok, shown)
	s.silent(shown)
	s.must(poll(t.Context(), func(ctx context.Context) error {
		ns := &corev1.Namespace{}
		if err := s.client.Get(ctx, client.ObjectKey{Name: s.ns}, ns); err != nil || ns.Annotations[clearance.Key("m1")] == "" {
			return errors.Join(err, errors.New("the release is not cleared yet"))
		}
		return nil
	}))
	ok, shown = s.apply(daemons("--model=/tmp"))
	s.refused(ok, shown, "DaemonSet web is not cleared", "What runs of a DaemonSet cannot be kept while another template waits",
		"In the pod template, spec.containers[server].args")
	ok, shown = s.kubectl(nil, "delete", "daemonset/web", "-n", s.ns)
	s.taken(ok, shown)
}

func TestUngovernedNamespacesAreUntouched(t *testing.T) {
	s := begin(t, denies)
	free := s.ns + "-free"
	s.must(s.client.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: free}}))
	s.must(s.client.Create(t.Context(), release(free, "m1", s.ns)))
	ok, shown := s.apply(deployment(free, "m1", "General"))
	s.taken(ok, shown)
	s.silent(shown)
	if strings.Contains(shown, "Warning") {
		t.Errorf("a warning in a namespace without a gate:\n%s", shown)
	}
	d := &appsv1.Deployment{}
	s.must(s.client.Get(t.Context(), client.ObjectKey{Namespace: free, Name: "web"}, d))
	if d.Spec.Paused || len(d.Annotations[v1alpha1.AnnotationHeld]) > 0 {
		t.Errorf("it is held: %+v", d.Annotations)
	}
}

func TestOurKinds(t *testing.T) {
	s := begin(t)
	ok, shown := s.apply(typed("SafetyPolicy", policy("pointless", pointless)))
	s.refused(ok, shown, `The SafetyPolicy "pointless" is invalid`, "spec.thresholds[0].raisesTo", "it is the lowest level")
	lost := release(s.ns, "m2", s.ns)
	lost.Spec.Level = "L9"
	ok, shown = s.apply(typed("ModelRelease", lost))
	s.refused(ok, shown, "spec.level", "SafetyPolicy "+s.ns+" has no such name", `"L1"`)
	ok, shown = s.apply(typed("ModelRelease", release(s.ns, "m3", "later")))
	s.taken(ok, shown, "Warning: SafetyPolicy later does not exist yet")
	less := policy(s.ns, func(p *v1alpha1.SafetyPolicy) {
		p.Spec.Exposures[1].Name, p.Spec.Requirements[0].NeededFrom = "Public", "Public"
	})
	manifest, err := yaml.Marshal(typed("SafetyPolicy", less))
	s.must(err)
	ok, shown = s.kubectl(manifest, "replace", "--dry-run=server", "-f", "-")
	s.taken(ok, shown, "Warning: exposure General is removed, and used by 1 releases: "+s.ns+"/m1")
}

// typed says what an object is, for kubectl.
func typed(kind string, object client.Object) client.Object {
	object.GetObjectKind().SetGroupVersionKind(v1alpha1.SchemeGroupVersion.WithKind(kind))
	return object
}

// What the webhook does not see is held all the same, and nothing waits for it. The last test of the package: it leaves a
// lease that nobody gave back.
func TestWithoutTheWebhookEverythingIsHeld(t *testing.T) {
	s := begin(t, denies)
	shared.scaleDown()
	t.Cleanup(func() {
		if err := shared.scaleUp(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	ok, shown := s.apply(deployment(s.ns, "m1", "General"))
	s.taken(ok, shown)
	d := &appsv1.Deployment{}
	s.must(s.client.Get(t.Context(), client.ObjectKey{Namespace: s.ns, Name: "web"}, d))
	if !d.Spec.Paused || d.Annotations[v1alpha1.AnnotationHeld] == "" {
		t.Errorf("the Deployment is not held: %v %v", d.Spec.Paused, d.Annotations)
	}
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "bare"}}
	pod.Labels, pod.Spec = template("m1", "General").Labels, template("m1", "General").Spec
	s.must(s.client.Create(t.Context(), pod))
	if len(pod.Spec.SchedulingGates) == 0 {
		t.Error("the pod is not held")
	}
	ok, shown = s.kubectl(nil, "scale", "deployment/web", "-n", s.ns, "--replicas=0")
	s.taken(ok, shown)
	s.must(s.client.Create(t.Context(), release(s.ns, "m2", s.ns)))
}
