// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package bypass

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/scalegate/scalegate/api/v1alpha1"
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

// bloated are so many keys that a rule which looks through them all is over its budget.
func bloated(n int) map[string]string {
	all := make(map[string]string, n)
	for i := range n {
		const digits = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
		all[string([]byte{digits[i/62/62%62], digits[i/62%62], digits[i%62]})] = ""
	}
	return all
}

// unmanaged keeps the API server from noting who wrote each of them, in later requests: in the first it takes the square of their
// number, and more of them than are written here would be more than a busy machine does before the request times out.
func unmanaged() []metav1.ManagedFieldsEntry { return []metav1.ManagedFieldsEntry{{}} }

// What somebody puts on a namespace or a pod by the tens of thousands keeps nobody from writing them: not in a namespace
// without a gate, and in no other the controller.
func TestManyAnnotationsStopNobody(t *testing.T) {
	t.Parallel()
	t.Run("a namespace without a gate", func(t *testing.T) {
		t.Parallel()
		ns := leaveAlone(t)
		must(t, update(t, namespace(ns, nil), func(o *corev1.Namespace) { o.Annotations, o.ManagedFields = bloated(40000), unmanaged() }))
		must(t, shared.Client.Patch(t.Context(), namespace(ns, nil), client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"labels":{"team":"a"}}}`))))
		must(t, shared.Client.Delete(t.Context(), namespace(ns, nil)))
		eventually(t, func(ctx context.Context) error {
			if err := shared.Client.Get(ctx, client.ObjectKey{Name: ns}, namespace(ns, nil)); !apierrors.IsNotFound(err) {
				return errors.Join(errors.New("the namespace is still there"), err)
			}
			return nil
		})
	})
	t.Run("a governed namespace", func(t *testing.T) {
		t.Parallel()
		ns := govern(t)
		writeClearance(t, ns, granted(cleared).String())
		const many = "at most 1000 labels and 1000 annotations"
		refused(t, update(t, namespace(ns, nil), func(o *corev1.Namespace) { o.Labels = merged(o.Labels, bloated(1001)) }), many)
		refused(t, update(t, namespace(ns, nil), func(o *corev1.Namespace) { o.Annotations = merged(o.Annotations, bloated(1001)) }), many)
		must(t, update(t, namespace(ns, nil), func(o *corev1.Namespace) {
			o.Labels, o.Annotations = merged(o.Labels, bloated(900)), merged(o.Annotations, bloated(900))
		}))
		must(t, update(t, namespace(ns, nil), func(o *corev1.Namespace) { delete(o.Annotations, "aab") }))
	})
	t.Run("one that had more before it was governed may have less, and is withdrawn from", func(t *testing.T) {
		t.Parallel()
		ns := leaveAlone(t)
		must(t, update(t, namespace(ns, nil), func(o *corev1.Namespace) { o.Labels = merged(o.Labels, bloated(2000)) }))
		must(t, update(t, namespace(ns, nil), func(o *corev1.Namespace) {
			o.Labels[v1alpha1.LabelGate] = v1alpha1.GateAudited
			delete(o.Labels, "aab")
		}))
		writeClearance(t, ns, granted(cleared).String())
		must(t, update(t, namespace(ns, nil), func(o *corev1.Namespace) { delete(o.Labels, "aac") }))
	})
	t.Run("a pod", func(t *testing.T) {
		t.Parallel()
		ns := govern(t)
		p := pod(ns, func(p *corev1.Pod) { p.Annotations, p.Finalizers = bloated(60000), []string{"example.com/kept"} })
		must(t, shared.Client.Create(t.Context(), p))
		must(t, shared.Client.Patch(t.Context(), p, client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`))))
	})
}

func merged(all ...map[string]string) map[string]string {
	out := map[string]string{}
	for _, m := range all {
		maps.Copy(out, m)
	}
	return out
}
