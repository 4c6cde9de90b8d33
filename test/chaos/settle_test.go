// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package chaos

import (
	"path/filepath"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/scalegate/scalegate/test/installation"
)

func TestPodsThatNothingHappensToAreNudged(t *testing.T) {
	pod := func(name string, change func(*corev1.Pod)) *corev1.Pod {
		p := &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: "west", Name: name, UID: types.UID("uid-" + name)},
			Spec:       corev1.PodSpec{NodeName: "node-1"},
		}
		change(p)
		return p
	}
	ready := func(p *corev1.Pod) {
		p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
	}
	pods := []*corev1.Pod{
		pod("bound", func(*corev1.Pod) {}),
		pod("deleted", func(p *corev1.Pod) {
			ready(p)
			p.DeletionTimestamp, p.Finalizers = new(metav1.Now()), []string{"example.com/wait"}
		}),
		pod("ready", ready),
		pod("unbound", func(p *corev1.Pod) { p.Spec.NodeName = "" }),
		pod("changing", func(*corev1.Pod) {}),
	}
	builder := fake.NewClientBuilder().WithScheme(scheme.Scheme)
	for _, p := range pods {
		builder = builder.WithObjects(p)
	}
	j, err := newJournal(filepath.Join(t.TempDir(), "journal.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer j.file.Close()
	r := &run{Installation: &installation.Installation{Client: builder.Build()}, journal: j}
	look := func(want map[string]bool) {
		t.Helper()
		if err := r.nudge(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, p := range pods {
			now := &corev1.Pod{}
			if err := r.Client.Get(t.Context(), client.ObjectKeyFromObject(p), now); err != nil {
				t.Fatal(err)
			}
			if got := now.Annotations["example.com/nudged"] != ""; got != want[p.Name] {
				t.Errorf("%s: nudged is %t", p.Name, got)
			}
		}
	}
	look(nil)
	changing := &corev1.Pod{}
	if err := r.Client.Get(t.Context(), client.ObjectKeyFromObject(pods[4]), changing); err != nil {
		t.Fatal(err)
	}
	changing.Labels = map[string]string{"changed": "now"}
	if err := r.Client.Update(t.Context(), changing); err != nil {
		t.Fatal(err)
	}
	look(map[string]bool{"bound": true, "deleted": true})
}
