// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/test/installation"
)

// TestAutoscalers has the autoscaler of Kubernetes itself, with metrics that a test chooses.
func TestAutoscalers(t *testing.T) {
	t.Parallel()
	onOurs(t)
	m := newMeter(t)
	t.Run("HPA", func(t *testing.T) { horizontalPodAutoscaler(t, m) })
	t.Run("KEDA", func(t *testing.T) { keda(t, m) })
}

// An autoscaler asks for more than the ceiling allows: what is above it is held, the autoscaler keeps working, and nothing
// of ours sets the replicas that it sets. With less load it asks for less, and what serves goes last.
func horizontalPodAutoscaler(t *testing.T, m *meter) {
	t.Helper()
	s := begin(t, ceiling(2))
	s.release("m1", limitedByReplicas)
	s.evaluate("good", "m1", 0.01, anHourAgo())
	m.load(s.ns, 100)
	web := s.deployment("web", "m1", 1)
	s.serving("web", 1)
	memory := resource.MustParse("100Mi")
	s.must(s.Create(t.Context(), &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: s.named("web"),
		Spec: scaling(web, autoscalingv2.MetricSpec{Type: autoscalingv2.ResourceMetricSourceType, Resource: &autoscalingv2.ResourceMetricSource{
			Name: corev1.ResourceMemory, Target: autoscalingv2.MetricTarget{Type: autoscalingv2.AverageValueMetricType, AverageValue: &memory},
		}}),
	}))
	s.autoscales("web", 1)

	m.load(s.ns, 300)
	s.atTheCeilingOf(web, 6, 2)
	s.workload("m1", "web", v1alpha1.ReasonAboveCeiling)
	s.autoscales("web", 6)
	s.allow(4)
	s.atTheCeilingOf(web, 6, 4)

	m.load(s.ns, 20)
	s.asks(web, 1, "")
	s.serving("web", 1)
	s.eventually(s.held("web", 0))
	s.autoscales("web", 1)
	s.neverScaled()
}

// scaling is an autoscaler from 1 to 6 replicas that waits for nothing.
func scaling(d *appsv1.Deployment, metric autoscalingv2.MetricSpec) autoscalingv2.HorizontalPodAutoscalerSpec {
	return autoscalingv2.HorizontalPodAutoscalerSpec{
		ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: d.Name},
		MinReplicas:    new(int32(1)), MaxReplicas: 6, Metrics: []autoscalingv2.MetricSpec{metric},
		Behavior: &autoscalingv2.HorizontalPodAutoscalerBehavior{
			ScaleDown: &autoscalingv2.HPAScalingRules{StabilizationWindowSeconds: new(int32(0))},
			ScaleUp: &autoscalingv2.HPAScalingRules{StabilizationWindowSeconds: new(int32(0)), Policies: []autoscalingv2.HPAScalingPolicy{
				{Type: autoscalingv2.PodsScalingPolicy, Value: 10, PeriodSeconds: 1},
			}},
		},
	}
}

// atTheCeilingOf waits until a Deployment asks for so many replicas, of which so many serve and the others are held.
func (s *scenario) atTheCeilingOf(d *appsv1.Deployment, replicas int32, serving int) {
	s.t.Helper()
	s.asks(d, replicas, "")
	s.serving(d.Name, serving)
	s.eventually(s.held(d.Name, int(replicas)-serving))
}

// autoscales waits until an autoscaler is able to scale, has read its metrics, and asks for so many.
func (s *scenario) autoscales(name string, replicas int32) {
	s.t.Helper()
	s.eventually(func(ctx context.Context) error {
		hpa := object(&autoscalingv2.HorizontalPodAutoscaler{}, s.ns, name)
		if err := s.Get(ctx, client.ObjectKeyFromObject(hpa), hpa); err != nil {
			return err
		}
		active := 0
		for _, c := range hpa.Status.Conditions {
			if c.Type != autoscalingv2.ScalingLimited && c.Status == corev1.ConditionTrue {
				active++
			}
		}
		if active != 2 || hpa.Status.DesiredReplicas != replicas {
			return fmt.Errorf("the autoscaler asks for %d, want %d: %+v", hpa.Status.DesiredReplicas, replicas, hpa.Status.Conditions)
		}
		return nil
	})
}

// KEDA writes a ScaledObject's autoscaler, and scales from nothing to one and back through the scale subresource. What is
// held stays held through that door, and nothing of ours is in KEDA's way.
func keda(t *testing.T, m *meter) {
	t.Helper()
	s := begin(t, ceiling(2))
	_, err := shared.Kubectl(t.Context(), shared.Admin(), "apply", "-f", filepath.Join(installation.Root(), "test", "e2e", "testdata", "keda.yaml"))
	s.must(err)
	s.release("m1", limitedByReplicas)
	web := s.deployment("web", "m1", 0)
	scaled := s.custom("keda.sh/v1alpha1", "ScaledObject", "web", map[string]any{
		"scaleTargetRef": map[string]any{"name": "web"}, "minReplicaCount": int64(0), "maxReplicaCount": int64(6),
		"triggers": []any{map[string]any{"type": "prometheus", "metadata": map[string]any{"query": "queue", "threshold": "1"}}},
	})
	s.make(scaled)
	one := resource.MustParse("1")
	s.must(s.Create(t.Context(), &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: s.ns, Name: "keda-hpa-web", Labels: map[string]string{"scaledobject.keda.sh/name": "web"},
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(scaled, scaled.GroupVersionKind())},
		},
		Spec: scaling(web, autoscalingv2.MetricSpec{Type: autoscalingv2.ExternalMetricSourceType, External: &autoscalingv2.ExternalMetricSource{
			Metric: autoscalingv2.MetricIdentifier{Name: "s0-prometheus", Selector: &metav1.LabelSelector{
				MatchLabels: map[string]string{"scaledobject.keda.sh/name": "web"},
			}},
			Target: autoscalingv2.MetricTarget{Type: autoscalingv2.AverageValueMetricType, AverageValue: &one},
		}}),
	}))

	m.load(s.ns, 1)
	s.activate(web, 1)
	s.asks(web, 1, "")
	s.workload("m1", "web", v1alpha1.ReasonEvidenceMissing)
	s.serving("web", 0)
	s.evaluate("good", "m1", 0.01, anHourAgo())
	s.serving("web", 1)
	m.load(s.ns, 5)
	s.atTheCeilingOf(web, 5, 2)
	s.autoscales("keda-hpa-web", 5)
	m.load(s.ns, 0)
	s.activate(web, 0)
	s.asks(web, 0, "")
	s.serving("web", 0)
	s.eventually(s.held("web", 0))
	s.neverScaled()
}

// neverScaled checks that no event tells of replicas that Scalegate set.
func (s *scenario) neverScaled() {
	s.t.Helper()
	var events corev1.EventList
	s.must(s.List(s.t.Context(), &events, client.InNamespace(s.ns)))
	for _, e := range events.Items {
		if e.Reason == v1alpha1.ReasonScaled {
			s.t.Errorf("%s %s: %s", e.InvolvedObject.Kind, e.InvolvedObject.Name, e.Message)
		}
	}
}

// activate scales as KEDA does where its autoscaler cannot: an update of the scale subresource.
func (s *scenario) activate(d *appsv1.Deployment, replicas int32) {
	s.t.Helper()
	s.eventually(func(ctx context.Context) error {
		scale := &autoscalingv1.Scale{}
		if err := s.SubResource("scale").Get(ctx, d.DeepCopy(), scale); err != nil {
			return err
		}
		scale.Spec.Replicas = replicas
		return s.SubResource("scale").Update(ctx, d.DeepCopy(), client.WithSubResourceBody(scale))
	})
}
