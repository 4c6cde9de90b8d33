// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// ceiling sets how many may serve what the releases ask for.
func ceiling(n int32) func(*v1alpha1.SafetyPolicy) {
	return func(p *v1alpha1.SafetyPolicy) { p.Spec.Exposures[1].MaxReplicas = &n }
}

// With the default strategy, a Deployment that has all places replaces its pods, and no more than its surge serve beside.
func TestARolloutAtTheCeilingFinishes(t *testing.T) {
	t.Parallel()
	s := begin(t, ceiling(3))
	s.release("m1")
	s.evaluate("good", "m1", 0.01, anHourAgo())
	s.deployment("web", "m1", 3)
	s.serving("web", 3)
	s.update(func(d *appsv1.Deployment) { d.Spec.Template.Labels["build"] = "2" })
	s.eventually(func(ctx context.Context) error {
		pods, err := s.pods(ctx, "web")
		if err != nil {
			return err
		}
		if serving := slices.DeleteFunc(slices.Clone(pods), gated); len(serving) > 4 {
			t.Errorf("%d pods serve, of a ceiling of 3 and a surge of 1", len(serving))
		}
		for i := range pods {
			if pods[i].Labels["build"] != "2" {
				return fmt.Errorf("%s is of the template before, one of %d pods", pods[i].Name, len(pods))
			}
		}
		return nil
	})
	s.serving("web", 3)
}

// gated tells whether a pod serves no more, or not yet.
func gated(pod corev1.Pod) bool {
	return len(pod.Spec.SchedulingGates) > 0 || pod.DeletionTimestamp != nil
}

// Lowering a ceiling takes the difference, and raising it gives the difference back.
func TestACeilingThatIsLoweredTakesTheDifference(t *testing.T) {
	t.Parallel()
	s := begin(t)
	s.release("m1")
	s.evaluate("good", "m1", 0.01, anHourAgo())
	s.deployment("lab", "m1", 5)
	s.serving("lab", 5)
	change := func(n int32) {
		policy := &v1alpha1.SafetyPolicy{}
		s.must(s.Get(t.Context(), client.ObjectKey{Name: s.policy}, policy))
		before := policy.DeepCopy()
		ceiling(n)(policy)
		s.must(s.Patch(t.Context(), policy, client.MergeFrom(before)))
	}
	change(2)
	s.eventually(s.held("lab", 3))
	s.serving("lab", 2)
	before, err := s.pods(t.Context(), "lab")
	s.must(err)
	change(4)
	s.eventually(s.held("lab", 1))
	s.serving("lab", 4)
	for i := range before {
		if err := s.Get(t.Context(), client.ObjectKeyFromObject(&before[i]), &corev1.Pod{}); err != nil {
			t.Errorf("raising the ceiling took pod %s: %v", before[i].Name, err)
		}
	}
}
