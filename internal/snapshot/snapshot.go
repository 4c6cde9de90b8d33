// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package snapshot holds objects in memory, and gives them to whoever reads a cluster: manifests of a folder, or what a
// cluster had with something changed. It stamps, checks and defaults nothing. It is not safe for use by several at once.
package snapshot

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gathering"
)

// Snapshot is typed objects by kind, namespace and name. It has the field indexes of package gathering.
type Snapshot struct {
	objects map[reflect.Type]map[types.NamespacedName]client.Object
	indexes map[index]func(client.Object) []string
}

type index struct {
	kind  reflect.Type
	field string
}

var _ client.Reader = &Snapshot{}

// Of is a snapshot of some objects. Of two that are the same by kind and name, the later counts.
func Of(objects ...client.Object) *Snapshot {
	s := &Snapshot{objects: map[reflect.Type]map[types.NamespacedName]client.Object{}, indexes: map[index]func(client.Object) []string{}}
	by(s, gathering.ByRelease, gathering.Release)
	by(s, gathering.ByFile, gathering.Files)
	by(s, gathering.ByRevocation, gathering.Revocation)
	by(s, gathering.ByNamed, gathering.ApprovalRelease)
	by(s, gathering.ByNamed, gathering.WaiverRelease)
	by(s, gathering.ByNamed, gathering.DeterminationRelease)
	by(s, gathering.ByPolicy, gathering.RevisionPolicy)
	by(s, gathering.ByPolicy, gathering.ApprovalPolicy)
	for _, o := range objects {
		s.Put(o)
	}
	return s
}

func by[T client.Object](s *Snapshot, field string, keys func(T) []string) {
	s.indexes[index{reflect.TypeFor[T](), field}] = func(o client.Object) []string {
		typed, ok := o.(T)
		if !ok {
			return nil
		}
		return keys(typed)
	}
}

// Put adds an object, or puts it in the place of the one of its name. What is done to it afterwards does not show.
func (s *Snapshot) Put(object client.Object) {
	kind := reflect.TypeOf(object)
	if s.objects[kind] == nil {
		s.objects[kind] = map[types.NamespacedName]client.Object{}
	}
	if own, ok := object.DeepCopyObject().(client.Object); ok {
		s.objects[kind][client.ObjectKeyFromObject(object)] = own
	}
}

// Has tells whether an object of the kind and the name of another is there.
func (s *Snapshot) Has(object client.Object) bool {
	_, there := s.objects[reflect.TypeOf(object)][client.ObjectKeyFromObject(object)]
	return there
}

// Get implements client.Reader.
func (s *Snapshot) Get(_ context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	found, there := s.objects[reflect.TypeOf(into)][key]
	if !there {
		return apierrors.NewNotFound(schema.GroupResource{Group: v1alpha1.Group, Resource: kindName(into)}, key.Name)
	}
	reflect.ValueOf(into).Elem().Set(reflect.ValueOf(found.DeepCopyObject()).Elem())
	return nil
}

func kindName(object any) string { return strings.ToLower(reflect.TypeOf(object).Elem().Name()) }

// List implements client.Reader, with the options for a namespace, for labels, and for one field that there is an index of. The
// objects come by namespace and name.
func (s *Snapshot) List(_ context.Context, list client.ObjectList, options ...client.ListOption) error {
	asked := &client.ListOptions{}
	asked.ApplyOptions(options)
	items := reflect.ValueOf(list).Elem().FieldByName("Items")
	if !items.IsValid() || items.Kind() != reflect.Slice {
		return fmt.Errorf("listing %T: it has no items", list)
	}
	kind := reflect.PointerTo(items.Type().Elem())
	wanted, err := s.fields(kind, asked)
	if err != nil {
		return err
	}
	var keys []types.NamespacedName
	for key, object := range s.objects[kind] {
		inside := asked.Namespace == "" || asked.Namespace == key.Namespace
		labelled := asked.LabelSelector == nil || asked.LabelSelector.Matches(labels.Set(object.GetLabels()))
		if inside && labelled && wanted(object) {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, func(a, b types.NamespacedName) int { return strings.Compare(a.String(), b.String()) })
	found := reflect.MakeSlice(items.Type(), 0, len(keys))
	for _, key := range keys {
		found = reflect.Append(found, reflect.ValueOf(s.objects[kind][key].DeepCopyObject()).Elem())
	}
	items.Set(found)
	return nil
}

// fields is what the field selector of a list asks for.
func (s *Snapshot) fields(kind reflect.Type, asked *client.ListOptions) (func(client.Object) bool, error) {
	if asked.FieldSelector == nil || asked.FieldSelector.Empty() {
		return func(client.Object) bool { return true }, nil
	}
	requirements := asked.FieldSelector.Requirements()
	keys, indexed := s.indexes[index{kind, requirements[0].Field}]
	if len(requirements) != 1 || !indexed {
		return nil, fmt.Errorf("listing %s by %s: there is no such index", kind, asked.FieldSelector)
	}
	return func(o client.Object) bool { return slices.Contains(keys(o), requirements[0].Value) }, nil
}

// Clone is a snapshot of the same objects, which changes by itself from now on.
func (s *Snapshot) Clone() *Snapshot {
	other := Of()
	for kind, objects := range s.objects {
		other.objects[kind] = maps.Clone(objects)
	}
	return other
}
