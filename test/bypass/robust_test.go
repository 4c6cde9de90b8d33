// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package bypass

import (
	"fmt"
	"strconv"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

// What lacks fields meets the API server's own validation, as it does without Scalegate, and never
// an expression that breaks.
func TestIncompleteObjectsAreJustInvalid(t *testing.T) {
	t.Parallel()
	ns, other := govern(t), leaveAlone(t)
	const claim = "{metadata: {labels: {app: web, scalegate.dev/release: m1}}"
	for name, text := range map[string]string{
		"a pod without a spec":                       "{apiVersion: v1, kind: Pod, metadata: {generateName: x-, labels: {scalegate.dev/release: m1}}}",
		"a pod without containers":                   "{apiVersion: v1, kind: Pod, metadata: {generateName: x-, labels: {scalegate.dev/release: m1}}, spec: {containers: null}}",
		"a pod without containers or a claim":        "{apiVersion: v1, kind: Pod, metadata: {generateName: x-}, spec: {}}",
		"a pod with a container without an image":    "{apiVersion: v1, kind: Pod, metadata: {generateName: x-, labels: {scalegate.dev/release: m1}}, spec: {containers: [{name: a}]}}",
		"a Deployment without a spec":                "{apiVersion: apps/v1, kind: Deployment, metadata: {generateName: x-}}",
		"a Deployment without a template":            "{apiVersion: apps/v1, kind: Deployment, metadata: {generateName: x-}, spec: {selector: {matchLabels: {app: web}}}}",
		"a Deployment without template metadata":     "{apiVersion: apps/v1, kind: Deployment, metadata: {generateName: x-}, spec: {selector: {matchLabels: {app: web}}, template: {spec: {containers: [{name: a, image: b}]}}}}",
		"a Deployment without containers":            "{apiVersion: apps/v1, kind: Deployment, metadata: {generateName: x-}, spec: {selector: {matchLabels: {app: web}}, template: " + claim + "}}}",
		"a ReplicaSet without a template":            "{apiVersion: apps/v1, kind: ReplicaSet, metadata: {generateName: x-}, spec: {selector: {matchLabels: {app: web}}}}",
		"a StatefulSet without a template":           "{apiVersion: apps/v1, kind: StatefulSet, metadata: {generateName: x-}, spec: {selector: {matchLabels: {app: web}}}}",
		"a DaemonSet without a spec":                 "{apiVersion: apps/v1, kind: DaemonSet, metadata: {generateName: x-}}",
		"a ReplicationController without a template": "{apiVersion: v1, kind: ReplicationController, metadata: {generateName: x-}, spec: {selector: {app: web}}}",
		"a Job without containers":                   "{apiVersion: batch/v1, kind: Job, metadata: {generateName: x-}, spec: {template: {spec: {restartPolicy: Never, containers: null}}}}",
		"a CronJob without a job template":           "{apiVersion: batch/v1, kind: CronJob, metadata: {generateName: x-}, spec: {schedule: '0 0 1 1 *'}}",
		"a namespace without a name":                 "{apiVersion: v1, kind: Namespace, metadata: {labels: null, annotations: null}}",
	} {
		t.Run(name, func(t *testing.T) {
			for where, ns := range map[string]string{"governed": ns, "not governed": other} {
				err := shared.Client.Create(t.Context(), parse(t, text, ns), client.DryRunAll)
				if !apierrors.IsInvalid(err) || contains(err, "scalegate") {
					t.Errorf("%s: want it invalid for what it lacks, got: %v", where, err)
				}
			}
		})
	}
	for name, text := range map[string]string{
		"labels and annotations that are null": "{apiVersion: v1, kind: Pod, metadata: {generateName: x-, labels: null, annotations: null}, spec: {containers: [{name: a, image: b, env: null, resources: null, securityContext: null}], volumes: null, initContainers: null, schedulingGates: null}}",
		"a template without metadata":          "{apiVersion: batch/v1, kind: Job, metadata: {generateName: x-}, spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: b}]}}}}",
		"an empty host path volume type":       "{apiVersion: v1, kind: Pod, metadata: {generateName: x-}, spec: {containers: [{name: a, image: b}], volumes: [{name: v, hostPath: {path: /data, type: ''}}, {name: w, emptyDir: {}}]}}",
	} {
		t.Run(name+" are no error", func(t *testing.T) {
			must(t, shared.Client.Create(t.Context(), parse(t, text, ns), client.DryRunAll))
		})
	}
}

func parse(t *testing.T, text, ns string) *unstructured.Unstructured {
	t.Helper()
	o := &unstructured.Unstructured{}
	must(t, yaml.Unmarshal([]byte(text), &o.Object))
	if o.GetKind() != "Namespace" {
		o.SetNamespace(ns)
	}
	return o
}

// A pod as large as the API server takes is judged within the budget of an expression.
func TestALargePodIsJudged(t *testing.T) {
	t.Parallel()
	ns := govern(t)
	writeClearance(t, ns, granted(cleared).String())
	large := func(p *corev1.Pod) {
		for i := range 8000 {
			p.Spec.Containers[0].Env = append(p.Spec.Containers[0].Env, corev1.EnvVar{Name: "V" + strconv.Itoa(i), Value: "x"})
		}
		for i := range 200 {
			c := *p.Spec.Containers[0].DeepCopy()
			c.Name, c.Env = fmt.Sprintf("c%d", i), nil
			p.Spec.InitContainers = append(p.Spec.InitContainers, c)
			p.Annotations = map[string]string{"a": "b"}
		}
	}
	held1, free, bare := pod(ns, large), pod(ns, large, ownedBy(cleared)), pod(ns, large, unclaimed)
	must(t, shared.Client.Create(t.Context(), held1, client.DryRunAll))
	must(t, shared.replicaSets.Create(t.Context(), free, client.DryRunAll))
	must(t, shared.Client.Create(t.Context(), bare, client.DryRunAll))
	if !held(held1) || held(free) || held(bare) {
		t.Errorf("held: %v, %v, %v; want the first alone", held(held1), held(free), held(bare))
	}
	refused(t, shared.Client.Create(t.Context(), pod(ns, large, unclaimed, withGPU), client.DryRunAll), accelerator)
}
