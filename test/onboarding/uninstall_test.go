// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package onboarding

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/test/installation"
)

// TestUninstalling runs by itself: it kills the manager, and takes policies and kinds away from under what is held.
func TestUninstalling(t *testing.T) {
	s := begin(t)
	s.hold()
	editor := s.editor()
	s.must(shared.Kill(installation.Manager))
	t.Cleanup(func() {
		s.must(errors.Join(shared.Reinstall(context.Background()), shared.startManager(context.Background())))
	})
	s.holdMore() // with no manager that would think better of it

	for name, tc := range map[string]struct {
		as   *rest.Config
		args []string
		says string
	}{
		"an editor, in a namespace with the gate": {editor, nil, "add --governed"},
		"an editor who insists":                   {editor, []string{"--governed"}, "needs the verb ungate on namespaces in scalegate.dev: you do not have it"},
		"a cluster admin who insists":             {shared.Admin(), []string{"--governed"}, "The API server enforces Scalegate's admission policies"},
	} {
		t.Run("nothing is released to "+name, func(t *testing.T) {
			out, code := scalegate(t, tc.as, append([]string{"release-holds", "--all", "--yes", "-n", s.ns}, tc.args...)...)
			if code != 2 || !strings.Contains(out, tc.says) || strings.Contains(out, "Released") {
				t.Errorf("release-holds ended with %d, want 2 and to be told %q:\n%s", code, tc.says, out)
			}
			s.marked(true)
		})
	}
	s.uninstall()
	out, code := scalegate(t, editor, "release-holds", "-n", s.ns)
	for _, want := range []string{
		"deployments.apps/d", "statefulsets.apps/s", "jobs.batch/j", "pods/p", "replicas 1 of 3", "paused", "suspended", "partition", "scheduling gate",
	} {
		if code != 0 || !strings.Contains(out, want) {
			t.Errorf("release-holds lists with code %d, and lacks %q:\n%s", code, want, out)
		}
	}
	s.marked(true)
	if out, code := scalegate(t, editor, "release-holds", "--all", "--yes", "--governed", "-n", s.ns); code != 0 {
		t.Errorf("release-holds ended with %d:\n%s", code, out)
	}
	s.free()
	s.counts("big", 3, 0)
	if out, code := scalegate(t, shared.Admin(), "release-holds", "--all", "--yes", "--governed", "-n", s.ns); code != 0 {
		t.Errorf("release-holds that finds nothing held ended with %d:\n%s", code, out)
	}
	s.traceless()
	var paused appsv1.Deployment
	s.must(s.Get(t.Context(), client.ObjectKey{Namespace: s.ns, Name: "q"}, &paused))
	if !paused.Spec.Paused {
		t.Error("what its author had paused goes on")
	}
}

// TestReleasingWhereTheGateIsGone runs by itself: it kills the manager. The policies stay, and other namespaces are held.
func TestReleasingWhereTheGateIsGone(t *testing.T) {
	s := begin(t)
	s.hold()
	editor := s.editor()
	s.must(shared.Kill(installation.Manager))
	t.Cleanup(func() { s.must(shared.startManager(context.Background())) })
	s.label("")
	s.ungated()
	if out, code := scalegate(t, editor, "release-holds", "deployment/d", "jobs.batch/j", "--yes", "-n", s.ns); code != 0 {
		t.Fatalf("release-holds ended with %d:\n%s", code, out)
	}
	out, code := scalegate(t, editor, "release-holds", "-o", "name", "-n", s.ns)
	if want := "statefulsets.apps/s\npods/p\n"; code != 0 || out != want {
		t.Errorf("after two were released by name, held are %q (code %d), want %q", out, code, want)
	}
	if out, code := scalegate(t, editor, "release-holds", "--all", "--yes", "-n", s.ns); code != 0 {
		t.Errorf("release-holds ended with %d:\n%s", code, out)
	}
	s.free()
}

// holdMore makes a Deployment that Scalegate scaled from 3 to 1, one that its author had paused, and a clearance.
func (s *scenario) holdMore() {
	s.t.Helper()
	big := s.deployment("big", "gone", 3)
	s.deployment("q", "gone", 1, func(d *appsv1.Deployment) { d.Spec.Paused = true })
	controller, err := shared.ControllerClient(s.t.Context())
	s.must(err)
	s.must(controller.Patch(s.t.Context(), big, client.RawPatch(types.MergePatchType,
		[]byte(`{"metadata":{"annotations":{"`+v1alpha1.AnnotationScaledReplicas+`":"3/1"}},"spec":{"replicas":1}}`))))
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: s.ns}}
	s.must(controller.Patch(s.t.Context(), ns, client.RawPatch(types.MergePatchType,
		[]byte(`{"metadata":{"annotations":{"`+v1alpha1.AnnotationClearancePrefix+`gone":"v1|2026-01-01T00:00:00Z|General|counted||"}}}`))))
}

// editor may do in the namespace what the cluster's role edit says.
func (s *scenario) editor() *rest.Config {
	s.t.Helper()
	name := "editor-of-" + s.ns
	s.must(s.Create(s.t.Context(), &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "editor"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "edit"},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: name}},
	}))
	cfg, err := shared.User(name)
	s.must(err)
	return cfg
}

// uninstall takes policies and kinds away, as cluster admin, and waits until the API server knows.
func (s *scenario) uninstall() {
	s.t.Helper()
	for _, folder := range []string{"admission", "crd"} {
		_, err := shared.Kubectl(s.t.Context(), shared.Admin(), "delete", "--wait=false", "-k", filepath.Join(installation.Root(), "config", folder))
		s.must(err)
	}
	s.ungated()
}

// ungated waits until the API server holds nothing new in the namespace.
func (s *scenario) ungated() {
	s.t.Helper()
	s.eventually(func(ctx context.Context) error {
		t := template("probe", "probe")
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, GenerateName: "probe-", Labels: t.Labels}, Spec: t.Spec}
		err := s.Create(ctx, pod, client.DryRunAll)
		if err == nil && len(pod.Spec.SchedulingGates) > 0 {
			return errors.New("a pod that claims a release is held")
		}
		return err
	})
}

// traceless fails the test where an object of the namespace, or the namespace, has an annotation of Scalegate's.
func (s *scenario) traceless() {
	s.t.Helper()
	trace := func(annotations map[string]string) []string {
		return slices.DeleteFunc(slices.Sorted(maps.Keys(annotations)), func(key string) bool { return !strings.Contains(key, v1alpha1.Group+"/") })
	}
	ns := &corev1.Namespace{}
	s.must(s.Get(s.t.Context(), client.ObjectKey{Name: s.ns}, ns))
	found := trace(ns.Annotations)
	for _, gvk := range []schema.GroupVersionKind{
		corev1.SchemeGroupVersion.WithKind("PodList"), {Group: "batch", Version: "v1", Kind: "JobList"},
		appsv1.SchemeGroupVersion.WithKind("DeploymentList"), appsv1.SchemeGroupVersion.WithKind("StatefulSetList"),
		appsv1.SchemeGroupVersion.WithKind("ReplicaSetList"),
	} {
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(gvk)
		s.must(s.List(s.t.Context(), list, client.InNamespace(s.ns)))
		for i := range list.Items {
			for _, key := range trace(list.Items[i].GetAnnotations()) {
				found = append(found, fmt.Sprintf("%s %s: %s", list.Items[i].GetKind(), list.Items[i].GetName(), key))
			}
		}
	}
	if len(found) > 0 {
		s.t.Errorf("Scalegate is gone and left %q", found)
	}
}
