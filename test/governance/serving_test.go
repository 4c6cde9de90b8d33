// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package governance

import (
	"context"
	"errors"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// deployment serves m1 as it is declared, at the exposure General.
func (s *scenario) deployment(name string, replicas int32) {
	s.t.Helper()
	d := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: name},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": name}},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": name, v1alpha1.LabelRelease: m1, v1alpha1.LabelExposure: general}},
				Spec: corev1.PodSpec{
					EnableServiceLinks: new(false), AutomountServiceAccountToken: new(false), TerminationGracePeriodSeconds: new(int64(0)),
					Containers: []corev1.Container{{
						Name: "server", Image: "registry.example/server@" + string(s.server()),
						VolumeMounts: []corev1.VolumeMount{{Name: "weights", MountPath: "/models", ReadOnly: true}},
						Resources:    corev1.ResourceRequirements{Limits: corev1.ResourceList{"nvidia.com/gpu": resource.MustParse("1")}},
					}},
					Volumes: []corev1.Volume{{Name: "weights", VolumeSource: corev1.VolumeSource{
						Image: &corev1.ImageVolumeSource{Reference: "registry.example/m1@" + string(s.weights())},
					}}},
				},
			},
		},
	}
	s.must(s.Create(s.t.Context(), d))
}

func (s *scenario) server() v1alpha1.Digest { return digest(s.ns + " server") }

// serving waits until so many pods of an app run, and none is held.
func (s *scenario) serving(app string, running int) {
	s.t.Helper()
	s.eventually(func(ctx context.Context) error {
		var list corev1.PodList
		err := s.List(ctx, &list, client.InNamespace(s.ns), client.MatchingLabels{"app": app})
		r, h := 0, 0
		for i := range list.Items {
			switch p := &list.Items[i]; {
			case p.DeletionTimestamp != nil:
			case len(p.Spec.SchedulingGates) > 0:
				h++
			case p.Status.Phase == corev1.PodRunning:
				r++
			}
		}
		if err != nil || r != running || h != 0 {
			return errors.Join(err, fmt.Errorf("%d pods of %s run and %d are held, want %d and none", r, app, h, running))
		}
		return nil
	})
}
