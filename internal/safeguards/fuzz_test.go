// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package safeguards

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// source picks from the bytes of a fuzz input; when they are over, the first of each.
type source struct{ bytes []byte }

func pick[T any](s *source, all ...T) T {
	if len(s.bytes) == 0 {
		return all[0]
	}
	b := s.bytes[0]
	s.bytes = s.bytes[1:]
	return all[int(b)%len(all)]
}

func (s *source) text() string {
	return pick(s, "", "web", "0.0.0.0/0", "128.0.0.0/1", "::/0", "10.0.0.0/8", "*", "encrypted", "m1", "10M", "\xff", "system:serviceaccount:a:b",
		"registry.example/a@sha256:0000000000000000000000000000000000000000000000000000000000000000")
}

func (s *source) maybe(do func()) {
	if pick(s, false, true) {
		do()
	}
}

func (s *source) selector() *metav1.LabelSelector {
	return pick(s, nil, &metav1.LabelSelector{}, labelled("app", s.text()), labelled(s.text(), "web"),
		&metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: s.text(), Operator: metav1.LabelSelectorOperator(s.text())}}})
}

func (s *source) pod(name string) Workload {
	w := soundPod(name)
	w.Exposure = pick(s, "General", "Internal", "", "other")
	s.maybe(func() { w.Spec.RuntimeClassName = new(s.text()) })
	s.maybe(func() { w.Spec.Containers[0].Image = s.text() })
	s.maybe(func() { w.Annotations = map[string]string{annotationEgressBandwidth: s.text()} })
	s.maybe(func() { w.Labels = map[string]string{"app": s.text()} })
	s.maybe(func() { w.Spec.HostNetwork = true })
	s.maybe(func() { w.Spec.Volumes = append(w.Spec.Volumes, s.volume()) })
	s.maybe(func() {
		w.Spec.InitContainers = []corev1.Container{{Name: s.text(), Image: s.text(), VolumeMounts: []corev1.VolumeMount{{Name: s.text()}}}}
	})
	s.maybe(func() { w.Template, w.Spec.AutomountServiceAccountToken = true, nil })
	s.maybe(func() { w.Spec.Containers = nil })
	s.maybe(func() { w.Spec = nil })
	return w
}

func (s *source) volume() corev1.Volume {
	v := corev1.Volume{Name: s.text()}
	s.maybe(func() { v.PersistentVolumeClaim = &corev1.PersistentVolumeClaimVolumeSource{ClaimName: s.text()} })
	s.maybe(func() { v.Ephemeral = &corev1.EphemeralVolumeSource{} })
	s.maybe(func() { v.Image = &corev1.ImageVolumeSource{Reference: s.text()} })
	s.maybe(func() { v.Projected = &corev1.ProjectedVolumeSource{Sources: make([]corev1.VolumeProjection, 2)} })
	return v
}

func (s *source) policy() networkingv1.NetworkPolicy {
	p := networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Name: s.text()}}
	if selector := s.selector(); selector != nil {
		p.Spec.PodSelector = *selector
	}
	s.maybe(func() { p.Spec.PolicyTypes = []networkingv1.PolicyType{networkingv1.PolicyTypeEgress} })
	s.maybe(func() {
		peer := networkingv1.NetworkPolicyPeer{NamespaceSelector: s.selector(), PodSelector: s.selector()}
		s.maybe(func() { peer.IPBlock = &networkingv1.IPBlock{CIDR: s.text(), Except: []string{s.text()}} })
		p.Spec.Egress = []networkingv1.NetworkPolicyEgressRule{{To: []networkingv1.NetworkPolicyPeer{peer}}}
	})
	return p
}

func (s *source) scene() Scene {
	scene := sound()
	scene.Serving = nil
	for range pick(s, 0, 1, 2, 3) {
		scene.Serving = append(scene.Serving, s.pod(s.text()))
	}
	for range pick(s, 0, 1, 2) {
		scene.Network.Policies = append(scene.Network.Policies, s.policy())
	}
	for range pick(s, 0, 1, 2) {
		subject := rbacv1.Subject{Kind: pick(s, "User", "Group", "ServiceAccount", ""), Name: s.text(), Namespace: s.text()}
		granting(s.text(), subject, rule(pick(s, "", "*", "scalegate.dev"), pick(s, "pods", "pods/exec", "*"), pick(s, "connect", "get", "*")))(&scene)
	}
	s.maybe(func() { scene.Storage.Claims[s.text()] = corev1.PersistentVolumeClaim{} })
	s.maybe(func() { scene.Network = nil })
	s.maybe(func() { scene.Storage = nil })
	s.maybe(func() { scene.Rights = nil })
	s.maybe(func() { scene.Inhabitants = nil })
	s.maybe(func() { scene.Labels = nil })
	s.maybe(func() { scene.Release = nil })
	return scene
}

// FuzzJudge holds what the package promises: one more pod never makes what is broken in place, nor what is unknown, order
// decides nothing, and what is said fits a status.
func FuzzJudge(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("\x03 some bytes that pick this and that"))
	f.Add([]byte{2, 1, 1, 3, 1, 2, 1, 5, 1, 0, 1, 7, 1, 4, 2, 9, 1, 1, 2, 1, 6, 1, 8, 1, 1, 3, 2, 1})
	f.Fuzz(func(t *testing.T, bytes []byte) {
		s := &source{bytes}
		scene := s.scene()
		more := scene
		more.Serving = append(slices.Clone(scene.Serving), s.pod(s.text()))
		turned := scene
		turned.Serving = slices.Clone(scene.Serving)
		slices.Reverse(turned.Serving)
		for _, c := range checks() {
			asked := asking(c.Type)
			was, is := Judge(asked, scene), Judge(asked, more)
			if severity(is.State) < severity(was.State) {
				t.Errorf("%s: one more pod makes it %s, before %s: %s", c.Type, is.State, was.State, was.Message)
			}
			if got := Judge(asked, turned); got.State != was.State || got.Replaceable != was.Replaceable {
				t.Errorf("%s: in another order %s, before %s", c.Type, got.State, was.State)
			}
			waits := Of(asked, more.Serving[len(more.Serving)-1], scene)
			if severity(waits.State) > severity(is.State) {
				t.Errorf("%s: a pod is %s by itself, and %s when it serves", c.Type, waits.State, is.State)
			}
			if len(is.Message) > MaxMessage || is.Message == "" || is.State == "" {
				t.Errorf("%s: %d bytes: %+v", c.Type, len(is.Message), is)
			}
		}
	})
}
