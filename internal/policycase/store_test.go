// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package policycase_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
	"github.com/scalegate/scalegate/internal/gathering"
	"github.com/scalegate/scalegate/internal/policycase"
)

// memory is a store without an API server. It stamps who does what, and lets everybody do everything, but for nobody.
type memory struct {
	client client.Client
	made   int
}

func index[T client.Object](keys func(T) []string) client.IndexerFunc {
	return func(o client.Object) []string {
		typed, ok := o.(T)
		if !ok {
			return nil
		}
		return keys(typed)
	}
}

func newMemory(t *testing.T) *memory {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	return &memory{client: fake.NewClientBuilder().WithScheme(scheme).
		WithStatusSubresource(&v1alpha1.SafetyEvaluation{}, &v1alpha1.ModelRelease{}, &v1alpha1.AdverseFinding{}, &v1alpha1.PolicyRevision{}).
		WithIndex(&v1alpha1.SafetyEvaluation{}, gathering.ByRelease, index(gathering.Release)).
		WithIndex(&v1alpha1.SafetyEvaluation{}, gathering.ByFile, index(gathering.Files)).
		WithIndex(&v1alpha1.ModelRelease{}, gathering.ByRevocation, index(gathering.Revocation)).
		WithIndex(&v1alpha1.ReleaseApproval{}, gathering.ByNamed, index(gathering.ApprovalRelease)).
		WithIndex(&v1alpha1.PolicyRevision{}, gathering.ByPolicy, index(gathering.RevisionPolicy)).Build()}
}

func (m *memory) Create(ctx context.Context, as policycase.Person, object policycase.Object) error {
	switch o := object.(type) {
	case *v1alpha1.ModelRelease:
		o.Spec.Authors = []string{as.User}
	case *v1alpha1.SafetyEvaluation:
		o.Spec.Evaluator, o.Spec.EvaluatorGroups = as.User, as.Groups
	case *v1alpha1.ReleaseApproval:
		if !slices.Contains(as.Signs, o.Spec.Role) {
			return fmt.Errorf("%s may not approve in role %s", as.User, o.Spec.Role)
		}
		o.Spec.Approver, o.Spec.ApproverGroups = as.User, as.Groups
	case *v1alpha1.ReleaseDetermination:
		o.Spec.Author = as.User
	case *v1alpha1.PolicyApproval:
		o.Spec.Approver, o.Spec.ApproverGroups = as.User, as.Groups
	case *v1alpha1.SafetyPolicy:
		o.Annotations = map[string]string{v1alpha1.AnnotationAuthor: as.User}
	}
	return m.Make(ctx, object)
}

func (m *memory) Update(ctx context.Context, as policycase.Person, object policycase.Object) error {
	if p, ok := object.(*v1alpha1.SafetyPolicy); ok {
		p.Annotations[v1alpha1.AnnotationAuthor] = as.User
	}
	return m.client.Update(ctx, object)
}

func (m *memory) Make(ctx context.Context, object policycase.Object) error {
	m.made++
	object.SetUID(types.UID(fmt.Sprintf("uid-%d", m.made)))
	return m.client.Create(ctx, object)
}

func (m *memory) Record(ctx context.Context, object policycase.Object) error {
	return m.client.Status().Update(ctx, object)
}

func (m *memory) Read(ctx context.Context, key types.NamespacedName, into policycase.Object) error {
	return m.client.Get(ctx, key, into)
}

func (m *memory) Input(ctx context.Context, release types.NamespacedName, now time.Time) (gate.Input, error) {
	return gathering.Source{Reader: m.client, Cache: m.client}.Input(ctx, release, now)
}
