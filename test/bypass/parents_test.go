// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package bypass

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// parents are the kinds that make pods from a template.
func parents() map[string]func(string, corev1.PodTemplateSpec) client.Object {
	selector := &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}}
	none := new(int32(0))
	once := func(p corev1.PodTemplateSpec) corev1.PodTemplateSpec {
		p.Spec.RestartPolicy = corev1.RestartPolicyNever
		return p
	}
	meta := func(ns string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: ns, GenerateName: "web-"} }
	return map[string]func(string, corev1.PodTemplateSpec) client.Object{
		"Deployment": func(ns string, p corev1.PodTemplateSpec) client.Object {
			return &appsv1.Deployment{ObjectMeta: meta(ns), Spec: appsv1.DeploymentSpec{Replicas: none, Selector: selector, Template: p}}
		},
		"ReplicaSet": func(ns string, p corev1.PodTemplateSpec) client.Object {
			return &appsv1.ReplicaSet{ObjectMeta: meta(ns), Spec: appsv1.ReplicaSetSpec{Replicas: none, Selector: selector, Template: p}}
		},
		"StatefulSet": func(ns string, p corev1.PodTemplateSpec) client.Object {
			return &appsv1.StatefulSet{ObjectMeta: meta(ns), Spec: appsv1.StatefulSetSpec{Replicas: none, Selector: selector, Template: p}}
		},
		"DaemonSet": func(ns string, p corev1.PodTemplateSpec) client.Object {
			p.Spec.NodeSelector = map[string]string{"no": "node"}
			return &appsv1.DaemonSet{ObjectMeta: meta(ns), Spec: appsv1.DaemonSetSpec{Selector: selector, Template: p}}
		},
		"ReplicationController": func(ns string, p corev1.PodTemplateSpec) client.Object {
			return &corev1.ReplicationController{ObjectMeta: meta(ns), Spec: corev1.ReplicationControllerSpec{Replicas: none, Selector: selector.MatchLabels, Template: &p}}
		},
		"Job": func(ns string, p corev1.PodTemplateSpec) client.Object {
			return &batchv1.Job{ObjectMeta: meta(ns), Spec: batchv1.JobSpec{Suspend: new(true), Template: once(p)}}
		},
		"CronJob": func(ns string, p corev1.PodTemplateSpec) client.Object {
			return &batchv1.CronJob{ObjectMeta: meta(ns), Spec: batchv1.CronJobSpec{
				Schedule: "0 0 1 1 *", JobTemplate: batchv1.JobTemplateSpec{Spec: batchv1.JobSpec{Template: once(p)}},
			}}
		},
	}
}

// templateOf is the template of an object of one of these kinds.
func templateOf(o client.Object) *corev1.PodTemplateSpec {
	switch o := o.(type) {
	case *appsv1.Deployment:
		return &o.Spec.Template
	case *appsv1.ReplicaSet:
		return &o.Spec.Template
	case *appsv1.StatefulSet:
		return &o.Spec.Template
	case *appsv1.DaemonSet:
		return &o.Spec.Template
	case *corev1.ReplicationController:
		return o.Spec.Template
	case *batchv1.Job:
		return &o.Spec.Template
	case *batchv1.CronJob:
		return &o.Spec.JobTemplate.Spec.Template
	}
	return nil
}

func templateChanged(before, after client.Object) bool {
	return !cmp.Equal(templateOf(before), templateOf(after))
}

func scaled(kind string) bool {
	return kind == "Deployment" || kind == "ReplicaSet" || kind == "StatefulSet" || kind == "ReplicationController"
}

// unclaim takes the claim off a template.
func unclaim(p *corev1.PodTemplateSpec) { delete(p.Labels, v1alpha1.LabelRelease) }

func storedParent(parent func(string, corev1.PodTemplateSpec) client.Object, change ...func(*corev1.PodTemplateSpec)) func(*testing.T, string) client.Object {
	return func(t *testing.T, ns string) client.Object {
		t.Helper()
		p := template()
		for _, c := range change {
			c(&p)
		}
		o := parent(ns, p)
		must(t, shared.Client.Create(t.Context(), o))
		return o
	}
}

// A template that exists does not come to an accelerator without a claim either.
func TestATemplateDoesNotComeToAnAcceleratorWithoutAClaim(t *testing.T) {
	t.Parallel()
	ns, other := govern(t), leaveAlone(t)
	gpu := onServer(func(c *corev1.Container) { c.Resources.Limits = amount("nvidia.com/gpu") })
	for kind, parent := range parents() {
		if kind == "Job" {
			continue // its template does not change in any case
		}
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			asking := tampering{
				make: storedParent(parent, unclaim), edit: func(o client.Object) { gpu(templateOf(o)) },
				changed: templateChanged, refusal: accelerator,
			}
			asking.fails(t, shared.Client, ns, attempt{as: shared.Client, ns: other})
			leaving := tampering{
				make: storedParent(parent, gpu), edit: func(o client.Object) { unclaim(templateOf(o)) },
				changed: templateChanged, refusal: "release",
			}
			leaving.fails(t, shared.Client, ns, attempt{as: shared.Client, ns: other})
		})
	}
}
