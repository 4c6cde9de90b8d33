// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package kinds is the table of workload kinds: where each keeps its pod templates, its claims, its replicas and
// what else names a model, which hold its parent has, and which of its pods serve as one.
//
// It is data and small pure functions over objects decoded into maps, as the API server holds them. Nothing
// here reads a cluster, and a kind whose CRD is not installed costs nothing. The admission policies of the custom
// kinds are generated from the same table by hack/kinds, so that controller and API server cannot disagree.
//
// A path is field names between points; [] after a name stands for every item of that list:
// "spec.workerGroupSpecs[].template". A path that leads nowhere yields nothing.
//
// Where the pods get their labels from was read in the sources of the operators: see the rows.
package kinds

import (
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Hold is how the parent keeps a new template from rolling out while the old one keeps serving, healing and
// scaling. Only a hold that loses nothing is one.
type Hold string

const (
	// HoldNone says that the kind has no lossless hold. An update to something uncleared is refused; pods are held one by one.
	HoldNone Hold = ""
	// HoldPause is a boolean at HoldPath that stops the rollout and nothing else.
	HoldPause Hold = "Pause"
	// HoldPartition is an integer at HoldPath; ordinals below it keep the old revision. It holds updates, not a
	// first rollout, whose pods are held one by one.
	HoldPartition Hold = "Partition"
	// HoldSuspend is a boolean at HoldPath that keeps a run from starting. It is set at CREATE alone: suspending
	// what runs deletes its pods.
	HoldSuspend Hold = "Suspend"
)

// Form is what stands at the path of a Template.
type Form string

const (
	// PodTemplateSpec is metadata and spec.
	PodTemplateSpec Form = "PodTemplateSpec"
	// PodSpec is the spec alone, or inlined among other fields. The labels come from elsewhere.
	PodSpec Form = "PodSpec"
	// Built says that the operator builds the pods from fields of its own, and only the labels are known before they exist.
	Built Form = "Built"
	// Whole says that the object is the pod.
	Whole Form = "Whole"
)

// Template is one place of a kind that pods are made from.
type Template struct {
	// Path leads to it. Empty is the object itself.
	Path string
	Form Form
	// Labels are paths of label maps that reach the pods besides a PodTemplateSpec's own, later ones over earlier ones.
	// A path that starts with a point starts at the template, not at the object.
	Labels []string
	// Containers are fields of an inlined or Built template that become containers: "model". The empty one says that the
	// node itself has a container's resources and environment.
	Containers []string
	// Free are fields beside an inlined PodSpec that change no pod: bounds of an autoscaler, shares of traffic.
	Free []string
}

// Kind is one row of the table.
type Kind struct {
	Group string
	// Versions are all versions, the preferred one first.
	Versions []string
	Kind     string
	// Resource is the plural that requests name.
	Resource string
	// Scale says that there is a scale subresource.
	Scale bool
	// Replicas are the paths of the counts that people and autoscalers set, in the kind's own measure: pods, groups or
	// role sets. Their sum is what the object asks for.
	Replicas []string
	// DefaultReplicas is what it asks for when none of them is there.
	DefaultReplicas int64
	// Templates are the places that pods are made from. Empty only where another object has them (References).
	Templates []Template
	// Images are paths of image references outside of templates. Only how the value ends counts.
	Images []string
	// Identity are the paths of what names a model besides templates and images.
	Identity []string
	// Accelerators are CEL expressions over the object, called o, that say that fields outside of templates ask for an accelerator.
	Accelerators []string
	// References is the path of a reference to an object that has the template instead: apiVersion, kind and name.
	References string
	Hold       Hold
	// HoldPath is where the hold is written; empty with HoldNone.
	HoldPath string
	// RefuseCreate says that pods held for long fail the object for good, so that an uncleared CREATE is refused too.
	RefuseCreate bool
	// Unit are the pod labels that together name one serving unit; empty when each pod is one. They count only on a pod
	// that names an object of this kind as what controls it. Whoever makes a pod may type both: what hides in a unit is
	// bounded by UnitSize alone.
	Unit []string
	// UnitSize is the path of how many pods a unit has; empty where the object does not say.
	UnitSize string
	// Pods says that the kind's own controller makes pods. Otherwise it makes objects of other kinds of this table.
	Pods bool
}

// GroupKind is the kind without its version.
func (k Kind) GroupKind() schema.GroupKind {
	return schema.GroupKind{Group: k.Group, Kind: k.Kind}
}

// GVKs are the kind in each of its versions, the preferred one first.
func (k Kind) GVKs() []schema.GroupVersionKind {
	gvks := make([]schema.GroupVersionKind, len(k.Versions))
	for i, version := range k.Versions {
		gvks[i] = k.GroupKind().WithVersion(version)
	}
	return gvks
}

// GroupResource is the resource without its version.
func (k Kind) GroupResource() schema.GroupResource {
	return schema.GroupResource{Group: k.Group, Resource: k.Resource}
}

// Custom tells whether the kind comes with a CRD, and so may not be installed.
func (k Kind) Custom() bool {
	return !slices.Contains([]string{"", "apps", "batch"}, k.Group)
}

// Claimable tells whether something written in an object of this kind reaches the labels of its pods. Where nothing does, the
// parent says nothing about releases.
func (k Kind) Claimable() bool {
	return slices.ContainsFunc(k.Templates, func(t Template) bool {
		return t.Form == PodTemplateSpec || t.Form == Whole || len(t.Labels) > 0
	})
}

// For is the row of a kind; false when the table has none.
func For(gk schema.GroupKind) (Kind, bool) {
	for _, part := range parts() {
		rows := part()
		if i := slices.IndexFunc(rows, func(k Kind) bool { return k.GroupKind() == gk }); i >= 0 {
			return rows[i], true
		}
	}
	return Kind{}, false
}

// parts make the table, the built-in kinds first: most look-ups are of these, and make no more.
func parts() []func() []Kind {
	return []func() []Kind{builtin, groups, kserve, ray, servers}
}

// All is every row of the table, built-in kinds first. The slice is the caller's.
func All() []Kind {
	var all []Kind
	for _, part := range parts() {
		all = append(all, part()...)
	}
	return all
}
