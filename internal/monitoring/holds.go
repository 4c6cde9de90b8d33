// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"cmp"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/guards"
	"github.com/scalegate/scalegate/internal/workload/kinds"
)

// Gated is the mechanism of a hold on pods, and not on what makes them.
const Gated = "SchedulingGate"

// podsNamed is how many held pods are told by name, the longest held first. All are counted.
const podsNamed = 1000

// holds tells what is held.
type holds struct {
	pods, pod, workload *prometheus.Desc
	kinds               heldKinds
}

func newHolds() holds {
	return holds{
		kinds: newHeldKinds(),
		pods:  gauge("scalegate_held_pods", "Pods that are held by their scheduling gate, by the kind of what owns them and why.", "namespace", "kind", "reason"),
		pod: gauge("scalegate_pod_held_since_timestamp_seconds",
			"Since when a pod is held, in seconds since 1970; of the 1000 that are held longest.", "namespace", "pod", "release", "kind", "reason"),
		workload: gauge("scalegate_workload_held_since_timestamp_seconds",
			"Since when something of a workload is held, as far as is known, in seconds since 1970.",
			"namespace", "kind", "workload", "release", "mechanism", "reason"),
	}
}

func (m holds) describe(descriptions chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.pods, m.pod, m.workload} {
		descriptions <- d
	}
}

func (m holds) collect(all *snapshot, metrics chan<- prometheus.Metric) {
	held := heldPods(all)
	type group struct{ namespace, kind, reason string }
	counts := map[group]int{}
	oldest := map[types.NamespacedName]metav1.Time{}
	for _, pod := range held {
		if pod.Namespace == guards.Canary {
			continue
		}
		counts[group{pod.Namespace, m.ownerKind(pod), holdReason(pod)}]++
		release := types.NamespacedName{Namespace: pod.Namespace, Name: pod.Labels[v1alpha1.LabelRelease]}
		if since, known := oldest[release]; !known || pod.CreationTimestamp.Before(&since) {
			oldest[release] = pod.CreationTimestamp
		}
	}
	for g, n := range counts {
		set(metrics, m.pods, float64(n), g.namespace, g.kind, g.reason)
	}
	for _, pod := range held[:min(len(held), podsNamed)] {
		set(metrics, m.pod, seconds(pod.CreationTimestamp), pod.Namespace, pod.Name, pod.Labels[v1alpha1.LabelRelease], m.ownerKind(pod), holdReason(pod))
	}
	m.workloads(all, oldest, metrics)
}

// workloads tells of each workload that a release says is held. oldest is since when the first pod of each release is held.
func (m holds) workloads(all *snapshot, oldest map[types.NamespacedName]metav1.Time, metrics chan<- prometheus.Metric) {
	marks := marksOf(all)
	for i := range all.releases.Items {
		r := &all.releases.Items[i]
		if !enforces(r) {
			continue
		}
		for _, w := range r.Status.Workloads {
			// A kind that is none of ours has no name here: two of them would be one metric.
			if w.Reason == "" || m.kinds.named(w.Kind) == Other {
				continue
			}
			mark := marks[workloadKey{r.Namespace, w.Kind, w.Name}]
			set(metrics, m.workload, seconds(firstKnown(mark.since, standing(r).since, oldest[client.ObjectKeyFromObject(r)], r.CreationTimestamp)),
				r.Namespace, w.Kind, w.Name, r.Name, m.mechanism(w, mark), Reason(w.Reason))
		}
	}
}

// enforces tells whether anything is held for a release: where its namespace is not enforced, nothing is.
func enforces(r *v1alpha1.ModelRelease) bool {
	c := meta.FindStatusCondition(r.Status.Conditions, v1alpha1.ConditionEnforced)
	return c != nil && c.Reason != v1alpha1.ReasonAudited && c.Reason != v1alpha1.ReasonNotGoverned
}

// heldPods are the pods that are held, the longest held first.
func heldPods(all *snapshot) []*corev1.Pod {
	var held []*corev1.Pod
	for i := range all.pods.Items {
		pod := &all.pods.Items[i]
		if pod.DeletionTimestamp == nil && slices.ContainsFunc(pod.Spec.SchedulingGates, func(g corev1.PodSchedulingGate) bool { return g.Name == v1alpha1.SchedulingGate }) {
			held = append(held, pod)
		}
	}
	slices.SortFunc(held, func(a, b *corev1.Pod) int {
		return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	return held
}

func (m holds) ownerKind(pod *corev1.Pod) string {
	if owner := metav1.GetControllerOf(pod); owner != nil {
		return m.kinds.named(owner.Kind)
	}
	return m.kinds.named("")
}

// holdReason is why a pod is held, as the note on it says.
func holdReason(pod *corev1.Pod) string {
	if pod.Namespace == guards.Canary {
		return Canary
	}
	reason, _, _ := strings.Cut(pod.Annotations[v1alpha1.AnnotationHoldReason], ":")
	return Reason(cmp.Or(reason, v1alpha1.ReasonNotLookedAt))
}

type workloadKey struct{ namespace, kind, name string }

// mark is that the parent itself is held, and since when if that is known.
type mark struct {
	held  bool
	since metav1.Time
}

// marksOf are the marks of parents. Those of custom kinds are in no cache that is read here.
func marksOf(all *snapshot) map[workloadKey]mark {
	marks := map[workloadKey]mark{}
	add := func(kind string, o metav1.Object, since metav1.Time) {
		if _, held := o.GetAnnotations()[v1alpha1.AnnotationHeld]; held {
			marks[workloadKey{o.GetNamespace(), kind, o.GetName()}] = mark{true, since}
		}
	}
	for i := range all.deployments.Items {
		d := &all.deployments.Items[i]
		add("Deployment", d, pausedSince(d))
	}
	for i := range all.statefulSets.Items {
		add("StatefulSet", &all.statefulSets.Items[i], metav1.Time{})
	}
	for i := range all.jobs.Items {
		j := &all.jobs.Items[i]
		add("Job", j, suspendedSince(j))
	}
	return marks
}

func pausedSince(d *appsv1.Deployment) metav1.Time {
	for _, c := range d.Status.Conditions {
		if c.Type == appsv1.DeploymentProgressing && c.Reason == "DeploymentPaused" {
			return c.LastTransitionTime
		}
	}
	return metav1.Time{}
}

func suspendedSince(j *batchv1.Job) metav1.Time {
	for _, c := range j.Status.Conditions {
		if c.Type == batchv1.JobSuspended && c.Status == corev1.ConditionTrue {
			return c.LastTransitionTime
		}
	}
	return metav1.Time{}
}

// mechanism is how a workload is held: by its parent, or pod by pod.
func (m holds) mechanism(w v1alpha1.WorkloadStatus, of mark) string {
	held, known := m.kinds[w.Kind]
	custom := w.Kind != "Deployment" && w.Kind != "StatefulSet" && w.Kind != "Job"
	byPods := w.Held != nil && *w.Held > 0
	if !known || held == kinds.HoldNone || !of.held && (!custom || byPods) {
		return Gated
	}
	return string(held)
}

// firstKnown is the first of several times that is one; the zero time where none is.
func firstKnown(times ...metav1.Time) metav1.Time {
	i := slices.IndexFunc(times, func(t metav1.Time) bool { return !t.IsZero() })
	if i < 0 {
		return metav1.Time{}
	}
	return times[i]
}
