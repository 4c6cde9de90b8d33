// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"maps"
	"slices"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/census"
	"github.com/scalegate/scalegate/internal/cli/doctor"
	"github.com/scalegate/scalegate/internal/workload/kinds"
)

// contents collects what is in namespaces. Of pods and workloads it keeps a line for each owner, and not the objects.
type contents struct {
	namespaces map[string]doctor.Namespace
	tally      census.Tally
	// parents are what controls an object that has a controller and makes pods, by the object's UID.
	parents map[types.UID]metav1.OwnerReference
	// unclaimed and running are by what names them.
	unclaimed, running map[doctor.Workload]*doctor.Workload
}

// readContents reads workloads and pods. Workloads come first: they say to whom a pod's owner belongs.
func (x *inspection) readContents(ctx context.Context) error {
	accelerators, err := x.accelerators(ctx)
	if err != nil {
		return err
	}
	c := contents{
		namespaces: x.facts.Namespaces, tally: census.Tally{Accelerators: accelerators}, parents: map[types.UID]metav1.OwnerReference{},
		unclaimed: map[doctor.Workload]*doctor.Workload{}, running: map[doctor.Workload]*doctor.Workload{},
	}
	for _, kind := range kinds.All() {
		if kind.Kind == "Pod" || len(kind.Templates) == 0 {
			continue
		}
		if err := x.note(doctor.SourceWorkloads, x.readKind(ctx, kind, &c)); err != nil {
			return err
		}
	}
	pods := &corev1.PodList{}
	if err := x.note(doctor.SourcePods, x.each(ctx, pods, func() {
		for i := range pods.Items {
			c.addPod(&pods.Items[i])
		}
	}, x.where())); err != nil {
		return err
	}
	x.facts.Census = c.tally.Result(func(namespace string) (census.State, bool) {
		ns, exists := x.facts.Namespaces[namespace]
		return ns.State(), exists
	})
	x.facts.Unclaimed, x.facts.Running = values(c.unclaimed), values(c.running)
	return nil
}

func values(of map[doctor.Workload]*doctor.Workload) []doctor.Workload {
	var all []doctor.Workload
	for w := range maps.Values(of) {
		all = append(all, *w)
	}
	return all
}

// accelerators are those of the installation; where they may not be read, those that it is shipped with.
func (x *inspection) accelerators(ctx context.Context) (census.Accelerators, error) {
	policy := &admissionv1.ValidatingAdmissionPolicy{}
	err := x.Get(ctx, client.ObjectKey{Name: census.AcceleratorPolicy}, policy)
	if apierrors.IsNotFound(err) || apierrors.IsForbidden(err) || meta.IsNoMatchError(err) {
		return census.DefaultAccelerators(), nil
	} else if err != nil {
		return nil, err
	}
	return census.AcceleratorsOf(policy)
}

// readKind reads the objects of one kind. One that the cluster does not have has none.
func (x *inspection) readKind(ctx context.Context, kind kinds.Kind, c *contents) error {
	for _, gvk := range kind.GVKs() {
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(gvk.GroupVersion().WithKind(gvk.Kind + "List"))
		err := x.each(ctx, list, func() {
			for i := range list.Items {
				c.addWorkload(kind, &list.Items[i])
			}
		}, x.where())
		if !meta.IsNoMatchError(err) && !apierrors.IsNotFound(err) {
			return err
		}
	}
	return nil
}

// gated tells whether a gate stands in the namespace.
func (c *contents) gated(namespace string) bool {
	ns := c.namespaces[namespace]
	return slices.Contains([]census.State{census.Governed, census.Audited}, ns.State())
}

// addWorkload takes in an object with pod templates. One that has a controller is its controller's: that is looked at.
func (c *contents) addWorkload(kind kinds.Kind, o *unstructured.Unstructured) {
	if !c.gated(o.GetNamespace()) {
		return
	}
	if owner := metav1.GetControllerOf(o); owner != nil {
		c.parents[o.GetUID()] = *owner
		return
	}
	w := doctor.Workload{Namespace: o.GetNamespace(), Kind: kind.Kind, Name: o.GetName()}
	templates, err := kind.TemplatesOf(o.Object)
	if err != nil {
		c.add(c.unclaimed, w, "its pod template cannot be read: "+err.Error(), 0)
		return
	}
	for _, template := range templates {
		if release, _, _ := unstructured.NestedString(template, "metadata", "labels", v1alpha1.LabelRelease); release != "" {
			continue
		}
		if how := c.asked(template); how != "" {
			c.add(c.unclaimed, w, how, 0)
		}
	}
}

// asked is how a template asks for an accelerator. One that the operator builds from other fields does not say.
func (c *contents) asked(template map[string]any) string {
	fields, ok := template["spec"].(map[string]any)
	if !ok {
		return ""
	}
	var spec corev1.PodSpec
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(fields, &spec); err != nil {
		return "its pod template cannot be read: " + err.Error()
	}
	return c.tally.Accelerators.Asked(&spec)
}

func (c *contents) addPod(pod *corev1.Pod) {
	c.tally.Add(pod)
	if !c.gated(pod.Namespace) || census.Ended(pod) {
		return
	}
	w := doctor.Workload{Namespace: pod.Namespace, Kind: "Pod", Name: pod.Name, Release: pod.Labels[v1alpha1.LabelRelease]}
	owner := metav1.GetControllerOf(pod)
	for depth := 0; owner != nil && depth < 8; depth++ {
		w.Kind, w.Name = owner.Kind, owner.Name
		parent, more := c.parents[owner.UID]
		if !more {
			break
		}
		owner = &parent
	}
	switch how := c.tally.Accelerators.Asked(&pod.Spec); {
	case w.Release == "" && how != "":
		c.add(c.unclaimed, w, how, 1)
	case w.Release != "" && !slices.ContainsFunc(pod.Spec.SchedulingGates, func(g corev1.PodSchedulingGate) bool {
		return g.Name == v1alpha1.SchedulingGate
	}):
		c.add(c.running, w, "", 1)
	}
}

func (*contents) add(to map[doctor.Workload]*doctor.Workload, w doctor.Workload, asks string, pods int) {
	if to[w] == nil {
		to[w] = &doctor.Workload{Namespace: w.Namespace, Kind: w.Kind, Name: w.Name, Release: w.Release, Asks: asks}
	}
	to[w].Pods += pods
}
