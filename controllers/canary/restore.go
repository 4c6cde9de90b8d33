// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package canary

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/scalegate/scalegate/internal/guards"
)

// lists are the lists of the kinds that are guarded, by kind.
func lists() map[string]client.ObjectList {
	return map[string]client.ObjectList{
		guards.KindValidatingPolicy:  &admissionv1.ValidatingAdmissionPolicyList{},
		guards.KindValidatingBinding: &admissionv1.ValidatingAdmissionPolicyBindingList{},
		guards.KindMutatingPolicy:    &admissionv1.MutatingAdmissionPolicyList{},
		guards.KindMutatingBinding:   &admissionv1.MutatingAdmissionPolicyBindingList{},
	}
}

// kinds are those that are guarded, without what the API server does not have. Where that is not known,
// the kind is in. Each that is not there costs a call to the API server: ask once in a round.
func (c *Canary) kinds() map[string]bool {
	served := map[string]bool{}
	for kind := range lists() {
		gk := admissionv1.SchemeGroupVersion.WithKind(kind).GroupKind()
		_, err := c.RESTMapper().RESTMapping(gk, admissionv1.SchemeGroupVersion.Version)
		served[kind] = !meta.IsNoMatchError(err)
	}
	return served
}

// expect brings what the objects must be up to date with the parameters. When these cannot be read
// or used, the objects are held to what they were before.
func (c *Canary) expect(ctx context.Context, served map[string]bool) error {
	cm := &corev1.ConfigMap{}
	if err := c.Live.Get(ctx, c.Parameters, cm); err != nil {
		if apierrors.IsNotFound(err) {
			return fmt.Errorf("ConfigMap %s, which the policies were installed with, does not exist: apply config/admission", c.Parameters)
		}
		return fmt.Errorf("ConfigMap %s could not be read", c.Parameters)
	}
	// First: another version's parameters may be none that this one can use, and its objects are left alone all the same.
	if err := c.declare(cm); err != nil {
		return err
	}
	parameters := guards.Parameters(cm.Data)
	set, err := c.render(parameters)
	if err != nil {
		return err
	}
	identity, err := c.Identity(ctx)
	if err != nil {
		return fmt.Errorf("the API server did not say who the manager is")
	}
	if named := parameters.Controller(); named != identity {
		return fmt.Errorf("ConfigMap %s names %q as the controller, and the manager is %q: correct data.controller, or run the manager as the account it names", c.Parameters, named, identity)
	}
	c.set, c.with = set.Only(func(kind string) bool { return served[kind] }), parameters
	return nil
}

// rendering is what the manifests are with parameters. The manifests of a program do not change.
type rendering struct {
	with guards.Parameters
	set  guards.Set
}

// render renders the manifests, where the parameters are others than the last time: to read them takes longer than all else
// that a round does in this process. Nobody changes what is in the set.
func (c *Canary) render(with guards.Parameters) (guards.Set, error) {
	if c.rendered.set != nil && maps.Equal(c.rendered.with, with) {
		return c.rendered.set, nil
	}
	set, err := guards.Render(c.Manifests, with)
	if err != nil {
		return nil, err
	}
	set.ParametersIn(c.Parameters.Namespace)
	c.rendered = rendering{maps.Clone(with), set}
	return set, nil
}

// differences reads all objects of the kinds that are served live: their versions, and where one is another than when nothing
// differed, all of them whole.
func (c *Canary) differences(ctx context.Context, served map[string]bool) ([]guards.Difference, error) {
	if c.unchanged(ctx, served) {
		return nil, nil
	}
	var found []guards.Object
	for kind, list := range lists() {
		if !served[kind] {
			continue
		}
		if err := c.Live.List(ctx, list); err != nil {
			log.FromContext(ctx).Error(err, "Listing", "kind", kind)
			return nil, fmt.Errorf("objects of kind %s could not be listed", kind)
		}
		err := meta.EachListItem(list, func(o runtime.Object) error {
			object, ok := o.(guards.Object)
			if !ok {
				return fmt.Errorf("%T is no admission object", o)
			}
			found = append(found, object)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	different, err := c.set.Compare(found)
	if c.good = (good{}); err == nil && len(different) == 0 {
		c.remember(found)
	}
	return different, err
}

// repairable are the differences of objects that are ours.
func repairable(all []guards.Difference) []guards.Difference {
	return slices.DeleteFunc(slices.Clone(all), func(d guards.Difference) bool { return d.Fault == guards.Unexpected })
}

// restore puts objects back as they were installed. It says how that went, and when to look again: at once
// after a success, and after a failure no sooner than when nothing had happened.
func (c *Canary) restore(ctx context.Context, faults []guards.Difference) (string, time.Duration) {
	failed := 0
	for _, d := range faults {
		if err := c.putBack(ctx, d); err != nil {
			failed++
			log.FromContext(ctx).Error(err, "Restoring", "kind", d.Kind, "name", d.Name)
			continue
		}
		c.Metrics.restored(d.Kind)
		log.FromContext(ctx).Info("Restored an admission object", "kind", d.Kind, "name", d.Name, "was", string(d.Fault), "field", d.Field)
	}
	c.known.settle(c.Now().Add(settling))
	if failed > 0 {
		return fmt.Sprintf("%d of %d could not be put back, see the manager's log: is config/canary applied?", failed, len(faults)), c.Interval
	}
	return "put back", restoringRound
}

func (c *Canary) putBack(ctx context.Context, d guards.Difference) error {
	want, ok := c.set[d.ID]
	if !ok {
		return fmt.Errorf("restoring %s: it is none of ours", d.ID)
	}
	if d.Fault == guards.Changed {
		// The whole spec is replaced: an apply would leave what others added.
		spec, err := guards.Spec(want)
		if err != nil {
			return err
		}
		patch, err := json.Marshal([]map[string]any{{"op": "replace", "path": "/spec", "value": spec}})
		if err != nil {
			return fmt.Errorf("encoding %s: %w", d.ID, err)
		}
		object := &unstructured.Unstructured{}
		object.SetGroupVersionKind(admissionv1.SchemeGroupVersion.WithKind(d.Kind))
		object.SetName(d.Name)
		return c.Patch(ctx, object, client.RawPatch(types.JSONPatchType, patch), client.FieldOwner(Owner))
	}
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(want)
	if err != nil {
		return fmt.Errorf("encoding %s: %w", d.ID, err)
	}
	object := &unstructured.Unstructured{Object: content}
	object.SetGroupVersionKind(admissionv1.SchemeGroupVersion.WithKind(d.Kind))
	unstructured.RemoveNestedField(object.Object, "status")
	unstructured.RemoveNestedField(object.Object, "metadata", "creationTimestamp")
	// An apply that creates asks for the right to create this name; a create could not be limited to it.
	return c.Apply(ctx, client.ApplyConfigurationFromUnstructured(object), client.FieldOwner(Owner), client.ForceOwnership)
}
