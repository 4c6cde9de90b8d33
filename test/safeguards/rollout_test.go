// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package safeguards

import (
	"context"
	"fmt"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

func deploymentOf(ns, name string) *appsv1.Deployment {
	return &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name}}
}

// A policy that is made stricter breaks what serves, which stays; and a rollout of what the policy wants mends it, though
// the release is granted nothing meanwhile.
func TestAStricterListIsMendedByARollout(t *testing.T) {
	t.Parallel()
	s := begin(t, v1alpha1.SafeguardCheck{Type: v1alpha1.SafeguardRuntimeClass, RuntimeClasses: []string{"isolated", "sandboxed"}})
	s.deployment(web, 1, func(t *corev1.PodTemplateSpec) { t.Spec.RuntimeClassName = nil })
	s.held(web, "spec.runtimeClassName is not set", "set it to one of isolated, sandboxed")
	s.updateTemplate(func(t *corev1.PodTemplateSpec) { t.Spec.RuntimeClassName = new("sandboxed") })
	s.pods(1, 0)

	update(s, &v1alpha1.SafetyPolicy{ObjectMeta: metav1.ObjectMeta{Name: s.ns}}, func(p *v1alpha1.SafetyPolicy) {
		p.Spec.Requirements[0].Check.RuntimeClasses = []string{"isolated"}
	})
	s.broken("spec.runtimeClassName is sandboxed", "isolated")
	s.scale(2)
	s.pods(1, 1)
	s.scale(1)
	s.pods(1, 0)

	s.updateTemplate(func(t *corev1.PodTemplateSpec) { t.Spec.RuntimeClassName = new("isolated") })
	s.eventually(func(ctx context.Context) error {
		var pods corev1.PodList
		if err := s.List(ctx, &pods, client.InNamespace(s.ns), client.MatchingLabels{"app": web}); err != nil {
			return err
		}
		if len(pods.Items) != 1 || *pods.Items[0].Spec.RuntimeClassName != "isolated" || pods.Items[0].Status.Phase != corev1.PodRunning {
			return fmt.Errorf("the rollout is not over: %d pods", len(pods.Items))
		}
		return nil
	})
	s.ready(v1alpha1.ReasonReleased)
	s.inPlace()
}

// A release without a safeguard has none to run: it is held until it has one, by digest, and what serves without is found.
func TestASafeguardContainer(t *testing.T) {
	t.Parallel()
	s := begin(t, v1alpha1.SafeguardCheck{Type: v1alpha1.SafeguardSafeguardContainer})
	guarded := func(t *corev1.PodTemplateSpec) {
		t.Spec.Containers = append(t.Spec.Containers, corev1.Container{Name: "guard", Image: image("guard"), SecurityContext: restrictedContext()})
	}
	s.deployment(web, 2, nil)
	s.broken("the release has no artifact of type Safeguard", "add it to spec.artifacts")
	s.held(web)

	update(s, &v1alpha1.ModelRelease{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: releaseName}}, func(r *v1alpha1.ModelRelease) {
		r.Spec.Artifacts = append(r.Spec.Artifacts, v1alpha1.Artifact{Name: "guard", Type: v1alpha1.ArtifactSafeguard, Digest: digest("guard")})
	})
	s.updateTemplate(guarded)
	s.pods(2, 0)
	s.ready(v1alpha1.ReasonReleased)

	s.smuggle(func(*corev1.Pod) {})
	s.broken("Pod before: no container that stays runs the safeguard guard")
	s.scale(3)
	s.pods(2, 1)
	s.expel()
	s.pods(3, 0)
	s.ready(v1alpha1.ReasonReleased)
}
