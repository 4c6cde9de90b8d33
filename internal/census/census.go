// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package census counts the pods of a cluster that ask for an accelerator, by whether a gate stands before them. It is
// pure: pods and namespaces come in one after the other, counts go out. So however many pods there are, what it holds
// is a few words for each namespace.
//
// Every such pod is in exactly one state. One that nobody decided about is Ungoverned: absence is never coverage.
package census

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// State says whether a gate stands before a pod that asks for an accelerator.
type State string

const (
	// Governed means that its namespace is enforced.
	Governed State = "governed"
	// Audited means that its namespace is audited, so it is reported and never held.
	Audited State = "audited"
	// Exempt means that its namespace is not governed, and says why that is right.
	Exempt State = "exempt"
	// Ungoverned is none of these; or a static pod in a namespace with a gate, which the kubelet starts from a file and
	// asks nobody.
	Ungoverned State = "ungoverned"
)

// States are all of them, in the order in which they are told.
func States() []State { return []State{Governed, Audited, Exempt, Ungoverned} }

// OfNamespace is the state of what is in a namespace with these labels and annotations. An exemption without a reason
// is none, and one of a namespace with a gate has no effect: the gate stands.
func OfNamespace(labels, annotations map[string]string) State {
	switch {
	case labels[v1alpha1.LabelGate] == v1alpha1.GateEnforced:
		return Governed
	case labels[v1alpha1.LabelGate] == v1alpha1.GateAudited:
		return Audited
	case strings.TrimSpace(annotations[v1alpha1.AnnotationExempt]) != "":
		return Exempt
	}
	return Ungoverned
}

// Static tells whether a pod is the mirror of a static one: the kubelet runs it from a file on the node, and what the
// API server thinks of it changes nothing.
func Static(pod *corev1.Pod) bool {
	_, static := pod.Annotations[corev1.MirrorPodAnnotationKey]
	return static
}

// Ended tells whether a pod has no container any more that could run.
func Ended(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
}

// Tally counts. The zero Tally finds no resource to be an accelerator; name them in Accelerators.
type Tally struct {
	Accelerators Accelerators

	pods map[string]*inNamespace
}

// inNamespace are the accelerator pods of one namespace.
type inNamespace struct {
	count, static int
	// names are the first static pods, by name.
	names []string
}

// Named is how many namespaces, or static pods of one namespace, are named at most; more are only counted.
const Named = 5

// Add counts a pod if it asks for an accelerator and has not ended.
func (t *Tally) Add(pod *corev1.Pod) {
	if Ended(pod) || t.Accelerators.Asked(&pod.Spec) == "" {
		return
	}
	if t.pods == nil {
		t.pods = map[string]*inNamespace{}
	}
	in := t.pods[pod.Namespace]
	if in == nil {
		in = &inNamespace{}
		t.pods[pod.Namespace] = in
	}
	in.count++
	if Static(pod) {
		in.static++
		in.names = append(in.names, pod.Name)
		slices.Sort(in.names)
		in.names = in.names[:min(len(in.names), Named)]
	}
}

// Result is a census.
type Result struct {
	// Pods are the accelerator pods in each of States().
	Pods map[State]int
	// Namespaces are those with ungoverned pods: the most pods first, and then by name.
	Namespaces []Namespace
}

// Namespace is one with ungoverned pods.
type Namespace struct {
	Name string
	// Pods are its ungoverned ones.
	Pods int
	// Static are the names of the first Named static pods among them, where the namespace has a gate: only those are
	// ungoverned there.
	Static []string
}

// Result sums up. state says of a namespace what OfNamespace says, and is false for one that does not exist any
// more: its pods are going, and are not counted. Namespaces have to be read after the pods, so that one made in
// between is known.
func (t *Tally) Result(state func(namespace string) (State, bool)) Result {
	r := Result{Pods: map[State]int{}}
	for _, s := range States() {
		r.Pods[s] = 0
	}
	for name, in := range t.pods {
		s, exists := state(name)
		if !exists {
			continue
		}
		ungoverned := Namespace{Name: name}
		switch s {
		case Ungoverned:
			ungoverned.Pods = in.count
		case Governed, Audited:
			ungoverned.Pods, ungoverned.Static = in.static, in.names
		case Exempt:
		}
		r.Pods[Ungoverned] += ungoverned.Pods
		r.Pods[s] += in.count - ungoverned.Pods
		if ungoverned.Pods > 0 {
			r.Namespaces = append(r.Namespaces, ungoverned)
		}
	}
	slices.SortFunc(r.Namespaces, func(a, b Namespace) int {
		return cmp.Or(cmp.Compare(b.Pods, a.Pods), cmp.Compare(a.Name, b.Name))
	})
	return r
}

// Covered tells whether no accelerator pod is ungoverned.
func (r Result) Covered() bool { return r.Pods[Ungoverned] == 0 }

// Message says how many are ungoverned and where, and the remedy. It does not count the others, so that it stays as it
// is while they come and go.
func (r Result) Message() string {
	if r.Covered() {
		return "every pod that asks for an accelerator is governed, audited or exempt"
	}
	text := fmt.Sprintf("accelerator pods that no gate stands before: %d, in ", r.Pods[Ungoverned])
	var where []string
	for _, ns := range r.Namespaces[:min(len(r.Namespaces), Named)] {
		where = append(where, ns.String())
	}
	text += strings.Join(where, ", ")
	if more := len(r.Namespaces) - len(where); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text + ": " + strings.Join(r.remedies(), "; ")
}

func (ns Namespace) String() string {
	text := fmt.Sprintf("%s (%d", ns.Name, ns.Pods)
	if len(ns.Static) > 0 {
		text += " static: " + strings.Join(ns.Static, ", ")
	}
	return text + ")"
}

func (r Result) remedies() []string {
	var all []string
	if slices.ContainsFunc(r.Namespaces, func(ns Namespace) bool { return len(ns.Static) == 0 }) {
		all = append(all, "label the namespace "+v1alpha1.LabelGate+"="+v1alpha1.GateAudited+", or say in its annotation "+
			v1alpha1.AnnotationExempt+" why it needs no gate")
	}
	if slices.ContainsFunc(r.Namespaces, func(ns Namespace) bool { return len(ns.Static) > 0 }) {
		all = append(all, "take the manifests of static pods off their nodes")
	}
	return all
}

// ByPods are the namespaces of counts: the most first, and then by name.
func ByPods(counts map[string]int) []string {
	return slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
}
