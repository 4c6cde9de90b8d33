// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package freeing

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/workload/kinds"
)

// Hold is what of Scalegate's keeps an object back.
type Hold struct {
	// Kind of the object, and its Resource with the group, as kubectl names it: deployments.apps.
	Kind     string `json:"kind"`
	Resource string `json:"resource"`
	// Namespace and Name of the object.
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// HeldBy are the holds on it, in words: "scheduling gate", "paused", "suspended", "partition", "not active",
	// "admission check NAME", "replicas 2 of 8", "mark".
	HeldBy []string `json:"heldBy"`
	// Releases are the names of the releases that it claims, sorted.
	Releases []string `json:"releases,omitempty"`
	// Since is when it came to be held, as well as the object says; nil where it does not.
	Since *metav1.Time `json:"since,omitempty"`
	// Why it is held, as the object itself says; empty where it does not.
	Why string `json:"why,omitempty"`
	// Then is what becomes of it when it is released, in words.
	Then string `json:"then"`
}

// String names the object as kubectl does: deployments.apps/chat.
func (h Hold) String() string { return h.Resource + "/" + h.Name }

// CheckController is what an AdmissionCheck of Kueue names in spec.controllerName for Scalegate to answer it.
const CheckController = "scalegate.dev/release"

// kueueGroup is that of Kueue, whose Workloads are held by its own means.
const kueueGroup = "kueue.x-k8s.io"

// checkMessage begins the answer to an admission check of Kueue that Scalegate does not give any more.
const checkMessage = "Released by hand: Scalegate does not answer this check any more"

// Subjects are all kinds of which an object may be held: the parents of [Parents], Workloads of Kueue, and pods last, since
// parents that go on make pods of their own.
func Subjects() []kinds.Kind {
	pod, _ := kinds.For(schema.GroupKind{Kind: "Pod"})
	return append(Parents(), kueueWorkload(), pod)
}

// kueueWorkload is where a Workload of Kueue has its templates.
func kueueWorkload() kinds.Kind {
	return kinds.Kind{
		Group: kueueGroup, Versions: []string{"v1beta2", "v1beta1"}, Kind: "Workload", Resource: "workloads",
		Templates: []kinds.Template{{Path: "spec.podSets[].template", Form: kinds.PodTemplateSpec}},
	}
}

// Of is the hold on an object of one of the [Subjects]; false when it has none. checks are the names of Kueue's admission
// checks that Scalegate answers.
func Of(kind kinds.Kind, o *unstructured.Unstructured, checks []string) (Hold, bool) {
	h := Hold{
		Kind: kind.Kind, Resource: kind.GroupResource().String(), Namespace: o.GetNamespace(), Name: o.GetName(),
		Releases: kind.Claims(o.Object), Why: o.GetAnnotations()[v1alpha1.AnnotationHoldReason],
	}
	switch {
	case kind.Kind == "Pod":
		h.ofPod(o)
	case kind.Group == kueueGroup:
		h.ofWorkload(o, checks)
	default:
		h.ofParent(kind, o)
	}
	return h, len(h.HeldBy) > 0
}

func (h *Hold) ofPod(o *unstructured.Unstructured) {
	for _, gate := range kinds.Values(o.Object, "spec.schedulingGates[]") {
		fields, _ := gate.(map[string]any)
		name, _ := fields["name"].(string)
		if name == v1alpha1.SchedulingGate {
			h.HeldBy = append(h.HeldBy, "scheduling gate")
		}
	}
	// A gate is set when a pod is made, and at no other time.
	if made := o.GetCreationTimestamp(); !made.IsZero() {
		h.Since = &made
	}
	h.Then = "is scheduled"
}

func (h *Hold) ofParent(kind kinds.Kind, o *unstructured.Unstructured) {
	var then []string
	if mark, held := o.GetAnnotations()[v1alpha1.AnnotationHeld]; held {
		h.Since = markedSince(o)
		spec, _ := Unheld(kind, o)["spec"].(map[string]any)
		switch {
		case spec == nil && mark == v1alpha1.HeldPaused:
			h.HeldBy, then = append(h.HeldBy, "mark"), append(then, "stays as its author had it, "+waiting(kind))
		case spec == nil:
			h.HeldBy, then = append(h.HeldBy, "mark"), append(then, "stays as it is")
		default:
			h.HeldBy = append(h.HeldBy, waiting(kind))
			then = append(then, goesOn(kind, spec))
		}
	}
	if text, scaled := o.GetAnnotations()[v1alpha1.AnnotationScaledReplicas]; scaled {
		now := kind.ReplicasOf(o.Object)
		if wish, ok := wished(kind, o, text); ok {
			h.HeldBy = append(h.HeldBy, fmt.Sprintf("replicas %d of %d", now, wish))
			then = append(then, fmt.Sprintf("has %d replicas again", wish))
		} else {
			h.HeldBy = append(h.HeldBy, "mark")
			then = append(then, fmt.Sprintf("keeps its %d replicas: somebody set them since", now))
		}
	}
	h.HeldBy = slices.Compact(h.HeldBy)
	h.Then = strings.Join(then, ", ")
}

// waiting is how an object of a kind waits.
func waiting(kind kinds.Kind) string {
	return map[kinds.Hold]string{kinds.HoldPause: "paused", kinds.HoldSuspend: "suspended", kinds.HoldPartition: "partition"}[kind.Hold]
}

// goesOn says what the spec of a patch lets an object do.
func goesOn(kind kinds.Kind, spec map[string]any) string {
	switch kind.Hold {
	case kinds.HoldPartition:
		for _, partition := range kinds.Values(map[string]any{"spec": spec}, kind.HoldPath) {
			return fmt.Sprintf("rolls out from partition %v", partition)
		}
	case kinds.HoldSuspend:
		return "starts"
	case kinds.HoldPause, kinds.HoldNone:
	}
	return "rolls out"
}

// ofWorkload is about a Workload of Kueue: not active, and waiting for checks that nobody answers any more.
func (h *Hold) ofWorkload(o *unstructured.Unstructured, checks []string) {
	if mark, held := o.GetAnnotations()[v1alpha1.AnnotationHeld]; held {
		h.Since = markedSince(o)
		h.HeldBy, h.Then = append(h.HeldBy, "not active"), "waits in its queue"
		if mark == v1alpha1.HeldPaused {
			h.HeldBy, h.Then = []string{"mark"}, "stays as its author had it, not active"
		}
	}
	h.HeldBy = append(h.HeldBy, heldByChecks(waitingChecks(o, checks))...)
	if h.Then == "" {
		h.Then = "is let in"
	}
}

// heldByChecks are checks in words.
func heldByChecks(names []string) []string {
	var words []string
	for _, name := range names {
		words = append(words, "admission check "+name)
	}
	return words
}

// waitingChecks are those of the named checks that keep a Workload from being admitted.
func waitingChecks(o *unstructured.Unstructured, checks []string) []string {
	var waiting []string
	for _, value := range kinds.Values(o.Object, "status.admissionChecks[]") {
		fields, _ := value.(map[string]any)
		name, _ := fields["name"].(string)
		if state, _ := fields["state"].(string); state != "Ready" && slices.Contains(checks, name) {
			waiting = append(waiting, name)
		}
	}
	return waiting
}

// markedSince is when a parent came to wait, as its conditions have it: when it was suspended, or its rollout paused. Nil
// where none says so.
func markedSince(o *unstructured.Unstructured) *metav1.Time {
	for _, value := range kinds.Values(o.Object, "status.conditions[]") {
		fields, _ := value.(map[string]any)
		field := ""
		switch {
		case fields["type"] == "Suspended" && fields["status"] == "True":
			field = "lastTransitionTime"
		case fields["type"] == "Progressing" && fields["reason"] == "DeploymentPaused":
			field = "lastUpdateTime"
		}
		text, _ := fields[field].(string)
		if since, err := time.Parse(time.RFC3339, text); err == nil {
			return new(metav1.NewTime(since))
		}
	}
	return nil
}

// Write is one patch that releases, for the object as it was read: of one that changed since it is a conflict.
type Write struct {
	Type types.PatchType
	// Subresource is empty for the object itself.
	Subresource string
	Content     map[string]any
	// Leaves is what holds the object after it, as HeldBy of a Hold.
	Leaves []string
}

// Next is the write that releases an object of which [Of] found that it is held: what is Scalegate's is taken off, and it
// goes on as its author had it. A Workload may need two, each for the object as the one before left it.
func Next(kind kinds.Kind, o *unstructured.Unstructured, checks []string) Write {
	switch {
	case kind.Kind == "Pod":
		// Other gates stay.
		return Write{Type: types.StrategicMergePatchType, Content: map[string]any{
			"metadata": metadata(o, v1alpha1.AnnotationHoldReason),
			"spec":     map[string]any{"schedulingGates": []any{map[string]any{"name": v1alpha1.SchedulingGate, "$patch": "delete"}}},
		}}
	case kind.Group == kueueGroup:
		return nextOfWorkload(o, checks)
	}
	patch := Unheld(kind, o)
	Unscaled(kind, o, patch)
	return Write{Type: types.MergePatchType, Content: patch}
}

// metadata says which object a patch is for, as it was read, and takes annotations off.
func metadata(o *unstructured.Unstructured, annotations ...string) map[string]any {
	fields := map[string]any{"uid": o.GetUID(), "resourceVersion": o.GetResourceVersion()}
	removed := map[string]any{}
	for _, name := range annotations {
		removed[name] = nil
	}
	if len(removed) > 0 {
		fields["annotations"] = removed
	}
	return fields
}

func nextOfWorkload(o *unstructured.Unstructured, checks []string) Write {
	waiting := waitingChecks(o, checks)
	if mark, held := o.GetAnnotations()[v1alpha1.AnnotationHeld]; held {
		return Write{Type: types.MergePatchType, Content: map[string]any{
			"metadata": metadata(o, v1alpha1.AnnotationHeld), "spec": map[string]any{"active": mark != v1alpha1.HeldPaused},
		}, Leaves: heldByChecks(waiting)}
	}
	// A merge patch replaces lists, so all of them are written as they were read.
	var states []any
	for _, value := range kinds.Values(o.Object, "status.admissionChecks[]") {
		fields, _ := value.(map[string]any)
		state := maps.Clone(fields)
		if name, _ := fields["name"].(string); slices.Contains(waiting, name) {
			state["state"], state["message"] = "Ready", checkMessage
		}
		states = append(states, state)
	}
	return Write{Type: types.MergePatchType, Subresource: "status", Content: map[string]any{
		"metadata": metadata(o), "status": map[string]any{"admissionChecks": states},
	}}
}
