// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/clearance"
	"github.com/scalegate/scalegate/test/installation"
)

// What must hold while the manager is dead: the law is in the API server.
func TestWithTheManagerKilled(t *testing.T) {
	s := begin(t)
	s.release("good")
	s.release("bad")
	s.evaluate("good", "good", 0.01, anHourAgo())
	cleared := s.deployment("web", "good", 2)
	s.serving("web", 2)
	s.ready("good", v1alpha1.ReasonReleased)

	s.must(shared.Kill(installation.Manager))
	t.Cleanup(func() {
		if err := shared.Restart(context.Background(), installation.Manager); err != nil {
			t.Error(err)
		}
	})

	t.Run("an uncleared Deployment stays held", func(t *testing.T) {
		s := s.in(t)
		d := s.deployment("uncleared", "bad", 2)
		if !d.Spec.Paused || d.Annotations[v1alpha1.AnnotationHeld] == "" {
			t.Errorf("paused %v, annotations %v", d.Spec.Paused, d.Annotations)
		}
	})
	t.Run("an uncleared pod stays held", func(t *testing.T) {
		s := s.in(t)
		template := s.template("bad", "bare")
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "bare", Labels: template.Labels}, Spec: template.Spec}
		s.must(s.Create(t.Context(), pod))
		s.heldPods("bare", 1)
	})
	t.Run("a cleared pod that is deleted comes back and runs", func(t *testing.T) {
		s := s.in(t)
		pods, err := s.pods(t.Context(), "web")
		s.must(err)
		s.must(s.Delete(t.Context(), &pods[0]))
		s.eventually(s.gone(&pods[0]))
		s.serving("web", 2)
	})
	t.Run("a cleared Deployment scales", func(t *testing.T) {
		s := s.in(t)
		s.update("web", func(d *appsv1.Deployment) { d.Spec.Replicas = new(int32(4)) })
		s.serving("web", 4)
		s.update("web", func(d *appsv1.Deployment) { d.Spec.Replicas = new(int32(2)) })
		s.serving("web", 2)
	})
	t.Run("a Git revert to the cleared template resumes", func(t *testing.T) {
		s := s.in(t)
		d := s.update("web", func(d *appsv1.Deployment) { d.Spec.Template = s.template("bad", "web") })
		if !d.Spec.Paused {
			t.Error("the update to an uncleared release is not held")
		}
		d = s.update("web", func(d *appsv1.Deployment) { d.Spec.Template = cleared.Spec.Template })
		if d.Spec.Paused || d.Annotations[v1alpha1.AnnotationHeld] != "" || d.Annotations[v1alpha1.AnnotationClearedTemplate] != "" {
			t.Errorf("paused %v, annotations %v", d.Spec.Paused, d.Annotations)
		}
		s.serving("web", 2)
	})
	t.Run("a cluster admin cannot lift a hold", func(t *testing.T) {
		s := s.in(t)
		pod := object(&corev1.Pod{}, s.ns, "bare")
		err := shared.owner.Patch(t.Context(), pod, client.RawPatch(types.MergePatchType, []byte(`{"spec":{"schedulingGates":null}}`)))
		forbidden(t, err)
	})
	t.Run("a cluster admin cannot write a clearance", func(t *testing.T) {
		s := s.in(t)
		value := clearance.Clearance{End: time.Now().Add(time.Hour), Exposure: "General", Mode: clearance.Free}.String()
		forbidden(t, shared.owner.Patch(t.Context(), s.namespace(), annotate(clearance.Key("bad"), value)))
	})
	t.Run("a namespace without the label is untouched", func(t *testing.T) {
		s := s.in(t)
		pod := &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: "default", GenerateName: "free-", Labels: map[string]string{v1alpha1.LabelRelease: "bad"}},
			Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "any", Resources: corev1.ResourceRequirements{
				Limits: corev1.ResourceList{"nvidia.com/gpu": resource.MustParse("1")},
			}}}},
		}
		s.must(s.Create(t.Context(), pod))
		if len(pod.Spec.SchedulingGates) > 0 {
			t.Error("the pod is held")
		}
	})
	t.Run("a clearance that ends refuses the next pod", func(t *testing.T) {
		s := s.in(t)
		s.shorten("good", 2*time.Second)
		pods, err := s.pods(t.Context(), "web")
		s.must(err)
		s.eventually(func(ctx context.Context) error {
			// Each pod that is deleted before the end comes back; the first after it does not.
			if err := client.IgnoreNotFound(s.Delete(ctx, &pods[0])); err != nil {
				return err
			}
			rs := &appsv1.ReplicaSetList{}
			if err := s.List(ctx, rs, client.InNamespace(s.ns), client.MatchingLabels{"app": "web"}); err != nil {
				return err
			}
			for _, set := range rs.Items {
				for _, c := range set.Status.Conditions {
					if c.Type == appsv1.ReplicaSetReplicaFailure && c.Status == corev1.ConditionTrue {
						return nil
					}
				}
			}
			if pods, err = s.pods(ctx, "web"); err != nil {
				return err
			}
			return fmt.Errorf("no pod was refused yet")
		})
	})
}
