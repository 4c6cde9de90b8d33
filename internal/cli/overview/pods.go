// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package overview

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/guards"
)

// workload names what pods belong to.
type workload struct{ kind, name string }

// groupLabels are the labels by which pods of nested workloads name the outermost one.
func groupLabels() map[string]string {
	return map[string]string{
		"leaderworkerset.sigs.k8s.io/name": "LeaderWorkerSet",
		"jobset.sigs.k8s.io/jobset-name":   "JobSet",
		"ray.io/cluster":                   "RayCluster",
	}
}

// workloads are those of the release's status, and others that its pods belong to.
func (f Facts) workloads(r *v1alpha1.ModelRelease) []Node {
	told := map[workload]*v1alpha1.WorkloadStatus{}
	var order []workload
	for i := range r.Status.Workloads {
		w := workload{r.Status.Workloads[i].Kind, r.Status.Workloads[i].Name}
		told[w] = &r.Status.Workloads[i]
		order = append(order, w)
	}
	pods := map[workload][]*corev1.Pod{}
	for _, pod := range f.Pods {
		if pod.Namespace != r.Namespace || pod.Labels[v1alpha1.LabelRelease] != r.Name || f.shownElsewhere(pod) {
			continue
		}
		w := parent(pod, told)
		if told[w] == nil && len(pods[w]) == 0 {
			order = append(order, w)
		}
		pods[w] = append(pods[w], pod)
	}
	var nodes []Node
	for _, w := range order {
		nodes = append(nodes, f.workload(w, told[w], pods[w]))
	}
	return nodes
}

// shownElsewhere tells whether a pod stands below the evaluation that it is run for.
func (f Facts) shownElsewhere(pod *corev1.Pod) bool {
	name := pod.Labels[v1alpha1.LabelEvaluation]
	return name != "" && slices.ContainsFunc(f.Evaluations, func(e *v1alpha1.SafetyEvaluation) bool {
		state := EvaluationState(e)
		return e.Namespace == pod.Namespace && e.Name == name && (state == EvaluationWaiting || state == EvaluationUnobserved)
	})
}

// parent is the workload that a pod belongs to, by its owner and its labels alone.
func parent(pod *corev1.Pod, told map[workload]*v1alpha1.WorkloadStatus) workload {
	for label, kind := range groupLabels() {
		if w := (workload{kind, pod.Labels[label]}); told[w] != nil {
			return w
		}
	}
	owner := metav1.GetControllerOf(pod)
	if owner == nil {
		return workload{"Pod", pod.Name}
	}
	if hash := pod.Labels["pod-template-hash"]; owner.Kind == "ReplicaSet" && hash != "" {
		if name, ok := strings.CutSuffix(owner.Name, "-"+hash); ok {
			return workload{"Deployment", name}
		}
	}
	return workload{owner.Kind, owner.Name}
}

// released says how many pods of a workload are released. What is held as a whole, as a Deployment is by a pause, has no held pods.
func released(w *v1alpha1.WorkloadStatus) string {
	text := fmt.Sprintf("%d of %d pods released", count(w.Released), count(w.Desired))
	if held := count(w.Held); held > 0 {
		text += fmt.Sprintf(", %d held", held)
	}
	return text + " at " + cmp.Or(w.Exposure, "the exposure asked for")
}

// workload is a node for a workload; status is nil where the release's says nothing of it.
func (f Facts) workload(w workload, status *v1alpha1.WorkloadStatus, pods []*corev1.Pod) Node {
	n := Node{Sign: SignGood, Name: w.kind + " " + w.name, State: string(Released)}
	for _, pod := range pods {
		n.Children = append(n.Children, f.pod(pod))
	}
	if status != nil {
		n.Info = released(status)
		if status.Reason != "" {
			n.Sign, n.State = SignBad, status.Reason
			if count(status.Released) < count(status.Desired) {
				n.State, n.Info = podHeld, status.Reason+", "+n.Info
			}
			n.Info = strings.TrimSuffix(n.Info+": "+status.Message, ": ")
		}
	} else if held := len(slices.DeleteFunc(slices.Clone(n.Children), func(c Node) bool { return c.State != podHeld })); held > 0 {
		n.Sign, n.State, n.Info = SignBad, podHeld, fmt.Sprintf("%d of %d pods held", held, len(pods))
	}
	if w.kind == "Pod" && len(n.Children) == 1 {
		// A pod of its own is one line.
		n.Children[0].Age = cmp.Or(n.Children[0].Age, n.Age)
		return n.Children[0]
	}
	if most := f.MostPods; most > 0 && len(n.Children) > most {
		slices.SortStableFunc(n.Children, func(a, b Node) int { return urgency(a) - urgency(b) })
		rest := n.Children[most:]
		counts := map[string]int{}
		for _, c := range rest {
			counts[c.State]++
		}
		var texts []string
		for _, state := range podStates() {
			if counts[state] > 0 {
				texts = append(texts, fmt.Sprintf("%d %s", counts[state], state))
			}
		}
		n.Children = append(slices.Clip(n.Children[:most]), Node{Sign: SignNeutral, Name: fmt.Sprintf("%d more pods", len(rest)), Info: strings.Join(texts, ", ")})
	}
	return n
}

// urgency orders pods by who has to look at them, those that serve last.
func urgency(n Node) int { return slices.Index(podStates(), n.State) }

// What a pod does, in a word.
const (
	podHeld     = "Held"
	podFailed   = "Failed"
	podEnding   = "Ending"
	podPending  = "Unscheduled"
	podStarting = "Starting"
	podServing  = "Serving"
	podDone     = "Done"
)

// podStates are all of them, by urgency.
func podStates() []string {
	return []string{podFailed, podHeld, podPending, podStarting, podEnding, podServing, podDone}
}

func (f Facts) pod(pod *corev1.Pod) Node {
	n := Node{Sign: SignGood, Name: "Pod " + pod.Name, State: podServing, Age: f.age(pod), Info: pod.Spec.NodeName}
	held := slices.ContainsFunc(pod.Spec.SchedulingGates, func(g corev1.PodSchedulingGate) bool { return g.Name == v1alpha1.SchedulingGate })
	switch {
	case pod.DeletionTimestamp != nil:
		n.Sign, n.State = SignTime, podEnding
	case held:
		n.Sign, n.State, n.Info = SignBad, podHeld, pod.Annotations[v1alpha1.AnnotationHoldReason]
	case pod.Status.Phase == corev1.PodFailed:
		n.Sign, n.State, n.Info = SignBad, podFailed, cmp.Or(pod.Status.Message, pod.Status.Reason, pod.Spec.NodeName)
	case pod.Status.Phase == corev1.PodSucceeded:
		n.Sign, n.State = SignNeutral, podDone
	case pod.Spec.NodeName == "":
		n.Sign, n.State, n.Info = SignMissing, podPending, unscheduled(pod)
	case !isReady(pod):
		n.Sign, n.State, n.Info = SignMissing, podStarting, cmp.Or(waitingFor(pod), pod.Spec.NodeName)
	}
	return n
}

func isReady(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// unscheduled says what the scheduler says.
func unscheduled(pod *corev1.Pod) string {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse {
			return c.Message
		}
	}
	return ""
}

// waitingFor says what the kubelet says of the first container that waits.
func waitingFor(pod *corev1.Pod) string {
	for _, s := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
		if s.State.Waiting != nil && s.State.Waiting.Reason != "" {
			return s.Name + ": " + s.State.Waiting.Reason
		}
	}
	return ""
}

// orphans are pods that claim releases which do not exist, by release.
func (f Facts) orphans() []Node {
	exists := map[workload]bool{}
	for _, r := range f.Releases {
		exists[workload{r.Namespace, r.Name}] = true
	}
	var nodes []Node
	at := map[workload]int{}
	for _, pod := range f.Pods {
		of := workload{pod.Namespace, pod.Labels[v1alpha1.LabelRelease]}
		// Scalegate keeps a pod of its own held, to see that holding works: nobody has to look at it.
		if of.name == "" || exists[of] || pod.Namespace == guards.Canary {
			continue
		}
		i, seen := at[of]
		if !seen {
			i = len(nodes)
			at[of] = i
			nodes = append(nodes, Node{Sign: SignBad, Name: "ModelRelease " + of.kind + "/" + of.name, State: "Absent", Info: "it does not exist, so what claims it is held"})
		}
		nodes[i].Children = append(nodes[i].Children, f.pod(pod))
	}
	return nodes
}
