// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package policies

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
	"github.com/scalegate/scalegate/internal/gathering"
	"github.com/scalegate/scalegate/internal/policycase"
)

// store is the API server, as the people of one policy and Scalegate see it.
type store struct {
	// people are clients by the name of the person, controller acts as Scalegate.
	people     map[string]client.Client
	controller client.Client
	namespace  string
}

var _ policycase.Store = (*store)(nil)

func (s *store) as(person policycase.Person) (client.Client, error) {
	c, known := s.people[person.Name]
	if !known {
		return nil, fmt.Errorf("nobody is called %q", person.Name)
	}
	return c, nil
}

// Create makes an object as a person.
func (s *store) Create(ctx context.Context, as policycase.Person, object policycase.Object) error {
	c, err := s.as(as)
	if err != nil {
		return err
	}
	return known(ctx, func() error { return c.Create(ctx, object, client.FieldValidation("Strict")) })
}

// Update changes an object as a person.
func (s *store) Update(ctx context.Context, as policycase.Person, object policycase.Object) error {
	c, err := s.as(as)
	if err != nil {
		return err
	}
	return known(ctx, func() error { return c.Update(ctx, object, client.FieldValidation("Strict")) })
}

// Make makes an object as Scalegate.
func (s *store) Make(ctx context.Context, object policycase.Object) error {
	return known(ctx, func() error { return s.controller.Create(ctx, object) })
}

// Record writes the status of an object as Scalegate.
func (s *store) Record(ctx context.Context, object policycase.Object) error {
	return known(ctx, func() error { return s.controller.Status().Update(ctx, object) })
}

// Read reads an object.
func (s *store) Read(ctx context.Context, key types.NamespacedName, into policycase.Object) error {
	return s.controller.Get(ctx, key, into)
}

// Input reads what a decision depends on, all of it live.
func (s *store) Input(ctx context.Context, release types.NamespacedName, now time.Time) (gate.Input, error) {
	return gathering.Source{Reader: s.controller, Cache: files{s.controller, s.namespace}}.Input(ctx, release, now)
}

// known repeats what the API server refuses since it does not know a new kind everywhere yet: it looks for schemas every five
// seconds.
func known(ctx context.Context, try func() error) error {
	var last error
	err := wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, time.Minute, true, func(context.Context) (bool, error) {
		last = try()
		return last == nil || !strings.Contains(last.Error(), "There can be a delay"), nil
	})
	if last != nil {
		return last
	}
	return err
}

// files finds evaluations by their result file, which the API server cannot select by, among those of the case.
type files struct {
	client.Reader
	namespace string
}

// List lists as the API server does; evaluations by the field [gathering.ByFile] it sorts out itself.
func (f files) List(ctx context.Context, list client.ObjectList, options ...client.ListOption) error {
	asked := &client.ListOptions{}
	asked.ApplyOptions(options)
	evaluations, ok := list.(*v1alpha1.SafetyEvaluationList)
	if !ok || asked.FieldSelector == nil {
		return f.Reader.List(ctx, list, options...)
	}
	file, found := asked.FieldSelector.RequiresExactMatch(gathering.ByFile)
	if !found {
		return f.Reader.List(ctx, list, options...)
	}
	if err := f.Reader.List(ctx, evaluations, client.InNamespace(f.namespace)); err != nil {
		return err
	}
	evaluations.Items = slices.DeleteFunc(evaluations.Items, func(e v1alpha1.SafetyEvaluation) bool {
		return !slices.Contains(gathering.Files(&e), file)
	})
	return nil
}
