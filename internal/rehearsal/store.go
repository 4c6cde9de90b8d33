// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package rehearsal runs the cases of a policy without an API server. It plays what an API server with Scalegate does to what
// people send: it gives them the rights that people.yaml says, validates against the definitions of the kinds, and stamps who
// they are. What admission policies refuse beyond that it does not know; an API server does.
package rehearsal

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	runtimeschema "k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
	"github.com/scalegate/scalegate/internal/gathering"
	"github.com/scalegate/scalegate/internal/policycase"
	"github.com/scalegate/scalegate/internal/schema"
	"github.com/scalegate/scalegate/internal/snapshot"
)

// Store is where the objects of one case live.
type Store struct {
	kinds *schema.Kinds
	start time.Time
	world *snapshot.Snapshot
	made  int
}

var _ policycase.Store = &Store{}

// NewStore is an empty store that validates by the definitions of the kinds, and stamps what is made with a time.
func NewStore(known *schema.Kinds, start time.Time) *Store {
	return &Store{kinds: known, start: start, world: snapshot.Of()}
}

// Create makes an object as a person.
func (s *Store) Create(ctx context.Context, as policycase.Person, object policycase.Object) error {
	if err := allowed(as, "create", object); err != nil {
		return err
	}
	stamp(as, nil, object)
	if err := s.validate(ctx, object, nil); err != nil {
		return err
	}
	if err := signs(as, object); err != nil {
		return err
	}
	return s.Make(ctx, object)
}

// Update changes an object as a person. Its status stays as it was.
func (s *Store) Update(ctx context.Context, as policycase.Person, object policycase.Object) error {
	if err := allowed(as, "update", object); err != nil {
		return err
	}
	old, err := s.stored(ctx, object)
	if err != nil {
		return err
	}
	stamp(as, old, object)
	if err := s.validate(ctx, object, old); err != nil {
		return err
	}
	if status := reflect.ValueOf(object).Elem().FieldByName("Status"); status.IsValid() {
		status.Set(reflect.ValueOf(old).Elem().FieldByName("Status"))
	}
	object.SetGeneration(old.GetGeneration() + 1)
	return s.put(object)
}

// Make makes an object as Scalegate.
func (s *Store) Make(_ context.Context, object policycase.Object) error {
	typed, err := clientObject(object)
	if err != nil {
		return err
	}
	if s.world.Has(typed) {
		return apierrors.NewAlreadyExists(resourceOf(object), object.GetName())
	}
	s.made++
	object.SetUID(types.UID(fmt.Sprintf("rehearsal-%d", s.made)))
	object.SetCreationTimestamp(metav1.NewTime(s.start))
	object.SetGeneration(1)
	return s.put(object)
}

// Record writes the status of an object as Scalegate.
func (s *Store) Record(ctx context.Context, object policycase.Object) error {
	old, err := s.stored(ctx, object)
	if err != nil {
		return err
	}
	status := reflect.ValueOf(object).Elem().FieldByName("Status")
	if !status.IsValid() {
		return fmt.Errorf("recording the status of %s: it has none", object.GetName())
	}
	reflect.ValueOf(old).Elem().FieldByName("Status").Set(status)
	return s.put(old)
}

// Read reads an object.
func (s *Store) Read(ctx context.Context, key types.NamespacedName, into policycase.Object) error {
	typed, err := clientObject(into)
	if err != nil {
		return err
	}
	return s.world.Get(ctx, key, typed)
}

// Input reads what a decision depends on.
func (s *Store) Input(ctx context.Context, release types.NamespacedName, now time.Time) (gate.Input, error) {
	return gathering.Source{Reader: s.world, Cache: s.world}.Input(ctx, release, now)
}

// stored is the object of the same name as it is stored.
func (s *Store) stored(ctx context.Context, object policycase.Object) (policycase.Object, error) {
	old, ok := reflect.TypeAssert[policycase.Object](reflect.New(reflect.TypeOf(object).Elem()))
	if !ok {
		return nil, fmt.Errorf("%T is no object", object)
	}
	return old, s.Read(ctx, types.NamespacedName{Namespace: object.GetNamespace(), Name: object.GetName()}, old)
}

func (s *Store) put(object policycase.Object) error {
	typed, err := clientObject(object)
	if err == nil {
		s.world.Put(typed)
	}
	return err
}

func clientObject(object policycase.Object) (client.Object, error) {
	typed, ok := object.(client.Object)
	if !ok {
		return nil, fmt.Errorf("%T is no object of the API", object)
	}
	return typed, nil
}

// validate holds an object against its definition, and gives it its defaults.
func (s *Store) validate(ctx context.Context, object, old policycase.Object) error {
	content, err := contentOf(object)
	if err != nil {
		return err
	}
	var before map[string]any
	if old != nil {
		if before, err = contentOf(old); err != nil {
			return err
		}
	}
	whole, errs := s.kinds.ValidateUpdate(ctx, content, before)
	if len(errs) > 0 {
		gk := runtimeschema.GroupKind{Group: v1alpha1.Group, Kind: kindOf(object)}
		return apierrors.NewInvalid(gk, object.GetName(), errs)
	}
	return runtime.DefaultUnstructuredConverter.FromUnstructured(whole, object)
}

// contentOf is an object as decoded JSON, without its status, which people do not write.
func contentOf(object policycase.Object) (map[string]any, error) {
	data, err := json.Marshal(object)
	if err != nil {
		return nil, fmt.Errorf("encoding %s: %w", object.GetName(), err)
	}
	content := map[string]any{}
	if err := json.Unmarshal(data, &content); err != nil {
		return nil, fmt.Errorf("decoding %s: %w", object.GetName(), err)
	}
	integers(content)
	delete(content, "status")
	content["apiVersion"], content["kind"] = v1alpha1.SchemeGroupVersion.String(), kindOf(object)
	return content, nil
}

// integers makes whole numbers integers, as an API server reads them.
func integers(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for key, each := range v {
			v[key] = integers(each)
		}
	case []any:
		for i, each := range v {
			v[i] = integers(each)
		}
	case float64:
		if whole := int64(v); float64(whole) == v {
			return whole
		}
	}
	return value
}

func kindOf(object policycase.Object) string { return reflect.TypeOf(object).Elem().Name() }

// resources are the plural names of the kinds that people write.
func resources() map[string]string {
	return map[string]string{
		"ModelRelease": "modelreleases", "SafetyEvaluation": "safetyevaluations", "ReleaseApproval": "releaseapprovals",
		"ReleaseWaiver": "releasewaivers", "ReleaseDetermination": "releasedeterminations", "SafetyPolicy": "safetypolicies",
		"PolicyApproval": "policyapprovals", "AdverseFinding": "adversefindings", "PolicyRevision": "policyrevisions",
	}
}

func resourceOf(object policycase.Object) runtimeschema.GroupResource {
	return runtimeschema.GroupResource{Group: v1alpha1.Group, Resource: resources()[kindOf(object)]}
}

// allowed says what RBAC says to what a person does, by the rights of people.yaml.
func allowed(as policycase.Person, verb string, object policycase.Object) error {
	may := func(right policycase.Right) bool { return slices.Contains(as.May, right) }
	ok := false
	switch object.(type) {
	case *v1alpha1.ModelRelease:
		ok = may(policycase.MayRelease)
	case *v1alpha1.SafetyEvaluation:
		ok = may(policycase.MayEvaluate)
	case *v1alpha1.ReleaseWaiver, *v1alpha1.ReleaseDetermination:
		ok = may(policycase.MayAsk)
	case *v1alpha1.SafetyPolicy:
		ok = may(policycase.MayRevise)
	case *v1alpha1.AdverseFinding:
		ok = may(policycase.MayResolve) && verb == "update"
	case *v1alpha1.ReleaseApproval, *v1alpha1.PolicyApproval:
		ok = len(as.Signs) > 0 && verb == "create"
	}
	if ok {
		return nil
	}
	resource := resourceOf(object)
	where := "at the cluster scope"
	if object.GetNamespace() != "" {
		where = fmt.Sprintf("in the namespace %q", object.GetNamespace())
	}
	return apierrors.NewForbidden(resource, object.GetName(),
		fmt.Errorf("User %q cannot %s resource %q in API group %q %s", as.User, verb, resource.Resource, resource.Group, where)) //nolint:staticcheck // the API server's own words
}

// signs says whether a person holds the role that an approval is signed in.
func signs(as policycase.Person, object policycase.Object) error {
	var role string
	switch o := object.(type) {
	case *v1alpha1.ReleaseApproval:
		role = o.Spec.Role
	case *v1alpha1.PolicyApproval:
		role = o.Spec.Role
	default:
		return nil
	}
	if slices.Contains(as.Signs, role) {
		return nil
	}
	resource := resourceOf(object)
	return apierrors.NewForbidden(resource, object.GetName(), fmt.Errorf(
		"signing in the role %s needs the verb approve on %s in the API group %s, with the resource name %s", role, resource.Resource, resource.Group, role))
}
