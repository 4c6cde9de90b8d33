// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"errors"
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
	for _, row := range []struct {
		claim string
		test  func(*scenario)
	}{
		{"an uncleared Deployment stays held", unclearedDeploymentStaysHeld},
		{"an uncleared pod stays held", unclearedPodStaysHeld},
		{"a cleared pod that is deleted comes back and runs", clearedPodComesBack},
		{"a cleared Deployment scales", clearedDeploymentScales},
		{"a Git revert to the cleared template resumes", func(s *scenario) { revertResumes(s, cleared) }},
		{"a cluster admin cannot lift a hold", adminCannotLiftAHold},
		{"a cluster admin cannot write a clearance", adminCannotClear},
		{"a namespace without the label is untouched", ungovernedIsUntouched},
		{"a clearance that ends refuses the next pod", endedClearanceRefuses},
	} {
		t.Run(row.claim, func(t *testing.T) { row.test(s.in(t)) })
	}
}

func unclearedDeploymentStaysHeld(s *scenario) {
	d := s.deployment("uncleared", "bad", 2)
	if !d.Spec.Paused || d.Annotations[v1alpha1.AnnotationHeld] == "" {
		s.t.Errorf("paused %v, annotations %v", d.Spec.Paused, d.Annotations)
	}
}

func unclearedPodStaysHeld(s *scenario) {
	template := s.template("bad", "bare")
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "bare", Labels: template.Labels}, Spec: template.Spec}
	s.must(s.Create(s.t.Context(), pod))
	s.heldPods("bare", 1)
}

func clearedPodComesBack(s *scenario) {
	pods, err := s.pods(s.t.Context(), "web")
	s.must(err)
	s.must(s.Delete(s.t.Context(), &pods[0]))
	s.eventually(s.gone(&pods[0]))
	s.serving("web", 2)
}

func clearedDeploymentScales(s *scenario) {
	s.update(func(d *appsv1.Deployment) { d.Spec.Replicas = new(int32(4)) })
	s.serving("web", 4)
	s.update(func(d *appsv1.Deployment) { d.Spec.Replicas = new(int32(2)) })
	s.serving("web", 2)
}

func revertResumes(s *scenario, cleared *appsv1.Deployment) {
	d := s.update(func(d *appsv1.Deployment) { d.Spec.Template = s.template("bad", "web") })
	if !d.Spec.Paused {
		s.t.Error("the update to an uncleared release is not held")
	}
	d = s.update(func(d *appsv1.Deployment) { d.Spec.Template = cleared.Spec.Template })
	if d.Spec.Paused || d.Annotations[v1alpha1.AnnotationHeld] != "" || d.Annotations[v1alpha1.AnnotationClearedTemplate] != "" {
		s.t.Errorf("paused %v, annotations %v", d.Spec.Paused, d.Annotations)
	}
	s.serving("web", 2)
}

func adminCannotLiftAHold(s *scenario) {
	pod := object(&corev1.Pod{}, s.ns, "bare")
	err := shared.owner.Patch(s.t.Context(), pod, client.RawPatch(types.MergePatchType, []byte(`{"spec":{"schedulingGates":null}}`)))
	forbidden(s.t, err)
}

func adminCannotClear(s *scenario) {
	value := clearance.Clearance{End: time.Now().Add(time.Hour), Exposure: "General", Mode: clearance.Free}.String()
	forbidden(s.t, shared.owner.Patch(s.t.Context(), s.namespace(), annotate(clearance.Key("bad"), value)))
}

func ungovernedIsUntouched(s *scenario) {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", GenerateName: "free-", Labels: map[string]string{v1alpha1.LabelRelease: "bad"}},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "any", Resources: corev1.ResourceRequirements{
			Limits: corev1.ResourceList{"nvidia.com/gpu": resource.MustParse("1")},
		}}}},
	}
	s.must(s.Create(s.t.Context(), pod))
	if len(pod.Spec.SchedulingGates) > 0 {
		s.t.Error("the pod is held")
	}
}

// endedClearanceRefuses deletes a pod again and again: before the end another takes its place, the
// first after it is refused.
func endedClearanceRefuses(s *scenario) {
	s.shorten("good", 2*time.Second)
	s.eventually(func(ctx context.Context) error {
		pods, err := s.pods(ctx, "web")
		if err != nil {
			return err
		}
		if len(pods) > 0 {
			if err := client.IgnoreNotFound(s.Delete(ctx, &pods[0])); err != nil {
				return err
			}
		}
		sets := &appsv1.ReplicaSetList{}
		if err := s.List(ctx, sets, client.InNamespace(s.ns), client.MatchingLabels{"app": "web"}); err != nil {
			return err
		}
		for _, set := range sets.Items {
			for _, c := range set.Status.Conditions {
				if c.Type == appsv1.ReplicaSetReplicaFailure && c.Status == corev1.ConditionTrue {
					return nil
				}
			}
		}
		return errors.New("no pod was refused yet")
	})
}
