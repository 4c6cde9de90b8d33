// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/cli/doctor"
	"github.com/scalegate/scalegate/internal/freeing"
	"github.com/scalegate/scalegate/internal/workload/kinds"
)

// holdsPage is how many objects are listed at a time.
const holdsPage = 500

// outcome is what became of a hold.
type outcome string

const (
	outcomeHeld     outcome = "Held"
	outcomeReleased outcome = "Released"
	// outcomeGoverned is that of what was left alone, since its namespace has the gate.
	outcomeGoverned outcome = "Governed"
	// outcomeRefused: the API server refused the write.
	outcomeRefused outcome = "Refused"
	// outcomePutBack: the API server took the write, and the object was held all the same.
	outcomePutBack outcome = "PutBack"
	outcomeFailed  outcome = "Failed"
)

// hold is one object that is held, as it was read last.
type hold struct {
	freeing.Hold

	kind    kinds.Kind
	object  *unstructured.Unstructured
	outcome outcome
	message string
}

// leftovers are annotations that Scalegate wrote and that hold nothing.
type leftovers struct {
	// Notes are pods that were held once and still say why.
	Notes int `json:"notesOnPods"`
	// Clearances are the namespaces that have some.
	Clearances []string `json:"clearancesOfNamespaces,omitempty"`
	// Kept are those that could not be removed, with the reason.
	Kept []string `json:"kept,omitempty"`

	pods []client.ObjectKey
}

func (l *leftovers) any() bool { return l.Notes > 0 || len(l.Clearances) > 0 }

// holding is what is held in a namespace, or in all of them.
type holding struct {
	connection
	now time.Time

	holds []*hold
	// gates tells of each namespace that could be read whether it has the gate enforced.
	gates map[string]bool
	// checks are Kueue's admission checks that Scalegate answers.
	checks []string
	// whys are what releases say of their workloads, by namespace, kind and name.
	whys map[[3]string]string
	// notes say what could not be looked at.
	notes []string
	left  leftovers
	// managed says that a manager holds its lease.
	managed bool
}

func newHolding(c connection, now time.Time) *holding { return &holding{connection: c, now: now} }

// read looks for everything that is held. What the caller may not list is noted; any other fault is an error, since what
// is not seen would be taken for free.
func (r *holding) read(ctx context.Context) error {
	r.holds, r.notes, r.checks, r.left = nil, nil, nil, leftovers{}
	r.gates, r.whys = map[string]bool{}, map[[3]string]string{}
	for _, step := range []func(context.Context) error{r.readChecks, r.readReleases, r.readNamespaces} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	for _, kind := range freeing.Subjects() {
		err := r.each(ctx, kind, r.namespace, func(o *unstructured.Unstructured) {
			if kind.Kind == "Pod" {
				r.noteLeft(o)
			}
			h, held := freeing.Of(kind, o, r.checks)
			if !held {
				return
			}
			if h.Why == "" {
				h.Why = r.whys[[3]string{h.Namespace, h.Kind, h.Name}]
			}
			r.holds = append(r.holds, &hold{Hold: h, kind: kind, object: o, outcome: outcomeHeld})
		})
		if err != nil {
			return err
		}
	}
	r.readLease(ctx)
	return nil
}

// each calls do for every object of a kind, page by page. Of a kind that the cluster does not have there is none.
func (r *holding) each(ctx context.Context, kind kinds.Kind, namespace string, do func(*unstructured.Unstructured)) error {
	mapping, err := r.RESTMapper().RESTMapping(kind.GroupKind(), kind.Versions...)
	if meta.IsNoMatchError(err) {
		return nil
	} else if err != nil {
		return fmt.Errorf("looking up %s: %w", kind.GroupResource(), err)
	}
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(mapping.GroupVersionKind.GroupVersion().WithKind(kind.Kind + "List"))
	for next := ""; ; {
		err := r.List(ctx, list, client.InNamespace(namespace), client.Limit(holdsPage), client.Continue(next))
		switch {
		case apierrors.IsForbidden(err):
			r.notes = append(r.notes, fmt.Sprintf("not looked at: you may not list %s", kind.GroupResource()))
			return nil
		case meta.IsNoMatchError(err), apierrors.IsNotFound(err):
			return nil
		case err != nil:
			return fmt.Errorf("listing %s: %w", kind.GroupResource(), err)
		}
		for i := range list.Items {
			do(&list.Items[i])
		}
		if next = list.GetContinue(); next == "" {
			return nil
		}
	}
}

// noteLeft notes a pod that was held once and still says why.
func (r *holding) noteLeft(o *unstructured.Unstructured) {
	if _, there := o.GetAnnotations()[v1alpha1.AnnotationHoldReason]; !there {
		return
	}
	if _, held := freeing.Of(kinds.Kind{Kind: "Pod"}, o, nil); !held {
		r.left.Notes++
		r.left.pods = append(r.left.pods, client.ObjectKeyFromObject(o))
	}
}

// readChecks reads which of Kueue's admission checks Scalegate answers. They are of the cluster.
func (r *holding) readChecks(ctx context.Context) error {
	checks := kinds.Kind{Group: "kueue.x-k8s.io", Kind: "AdmissionCheck", Resource: "admissionchecks", Versions: []string{"v1beta2", "v1beta1"}}
	return r.each(ctx, checks, "", func(o *unstructured.Unstructured) {
		if name, _, _ := unstructured.NestedString(o.Object, "spec", "controllerName"); name == freeing.CheckController {
			r.checks = append(r.checks, o.GetName())
		}
	})
}

// readReleases reads what releases say of workloads. It is for people, and what cannot be read is left out.
func (r *holding) readReleases(ctx context.Context) error {
	var list v1alpha1.ModelReleaseList
	if err := r.List(ctx, &list, client.InNamespace(r.namespace)); err != nil {
		return nil //nolint:nilerr // where Scalegate is gone, so are its kinds
	}
	for i := range list.Items {
		for _, w := range list.Items[i].Status.Workloads {
			if w.Reason != "" {
				r.whys[[3]string{list.Items[i].Namespace, w.Kind, w.Name}] = w.Reason + ": " + w.Message
			}
		}
	}
	return nil
}

// readNamespaces reads which namespaces have the gate, and which have clearances.
func (r *holding) readNamespaces(ctx context.Context) error {
	namespaces := &corev1.NamespaceList{}
	var err error
	if r.namespace == "" {
		err = r.List(ctx, namespaces)
	} else {
		namespaces.Items = make([]corev1.Namespace, 1)
		err = r.Get(ctx, client.ObjectKey{Name: r.namespace}, &namespaces.Items[0])
	}
	if apierrors.IsForbidden(err) {
		r.notes = append(r.notes, "not looked at: you may not read namespaces, so each is taken to have the gate")
		return nil
	} else if err != nil {
		return fmt.Errorf("reading namespaces: %w", err)
	}
	for i := range namespaces.Items {
		ns := &namespaces.Items[i]
		r.gates[ns.Name] = ns.Labels[v1alpha1.LabelGate] == v1alpha1.GateEnforced
		if len(clearancesOf(ns)) > 0 {
			r.left.Clearances = append(r.left.Clearances, ns.Name)
		}
	}
	return nil
}

// clearancesOf are the keys of the clearances of a namespace.
func clearancesOf(ns *corev1.Namespace) []string {
	return slices.Sorted(func(yield func(string) bool) {
		for key := range maps.Keys(ns.Annotations) {
			if strings.HasPrefix(key, v1alpha1.AnnotationClearancePrefix) && !yield(key) {
				return
			}
		}
	})
}

// readLease notes whether a manager acts.
func (r *holding) readLease(ctx context.Context) {
	var lease coordinationv1.Lease
	if err := r.Get(ctx, client.ObjectKey{Namespace: doctor.SystemNamespace, Name: doctor.LeaseName}, &lease); err != nil {
		return
	}
	spec := lease.Spec
	r.managed = spec.HolderIdentity != nil && *spec.HolderIdentity != "" && spec.RenewTime != nil &&
		r.now.Sub(spec.RenewTime.Time) < time.Minute
}

// advice says what a list of holds means, and how they come to an end.
func (r *holding) advice(program string) []string {
	if len(r.holds) == 0 {
		return nil
	}
	var governed, free []string
	for _, h := range r.holds {
		if r.governed(h.Namespace) {
			governed = append(governed, h.Namespace)
		} else {
			free = append(free, h.Namespace)
		}
	}
	var lines []string
	for _, namespace := range sortedOnce(governed) {
		lines = append(lines, fmt.Sprintf("Namespace %s has the gate: what is held there goes on when evidence releases it; see %s explain.", namespace, program))
	}
	for _, namespace := range sortedOnce(free) {
		line := fmt.Sprintf("Namespace %s has no gate: %s release-holds --all -n %s releases what is held there", namespace, program, namespace)
		if r.managed {
			line += "; a manager runs, and does so by itself within minutes"
		}
		lines = append(lines, line+".")
	}
	return lines
}

func sortedOnce(names []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(names)))
}

// partial is an object of a kind that names it and no more.
func partial(gvk schema.GroupVersionKind, key client.ObjectKey) *metav1.PartialObjectMetadata {
	o := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name}}
	o.SetGroupVersionKind(gvk)
	return o
}
