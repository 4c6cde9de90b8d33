// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package canary

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/config"
	"github.com/scalegate/scalegate/internal/guards"
)

// rendered are the objects as they must be with the parameters that stand in the repository.
func rendered(t *testing.T) guards.Set {
	t.Helper()
	manifests, err := config.Admission()
	must(t, err)
	defaults, err := guards.Defaults(manifests)
	must(t, err)
	set, err := guards.Render(manifests, defaults)
	must(t, err)
	return set
}

// admissionObjects are the policies and bindings that a cluster has.
func admissionObjects(ctx context.Context, c client.Client) ([]guards.Object, error) {
	var all []guards.Object
	for _, list := range []client.ObjectList{
		&admissionv1.ValidatingAdmissionPolicyList{}, &admissionv1.ValidatingAdmissionPolicyBindingList{},
		&admissionv1.MutatingAdmissionPolicyList{}, &admissionv1.MutatingAdmissionPolicyBindingList{},
	} {
		if err := c.List(ctx, list); err != nil {
			return nil, err
		}
		err := meta.EachListItem(list, func(o runtime.Object) error {
			object, ok := o.(guards.Object)
			if !ok {
				return fmt.Errorf("%T is no admission object", o)
			}
			all = append(all, object)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// copied is an object as it must be, to be read into.
func copied(t *testing.T, object guards.Object) guards.Object {
	t.Helper()
	c, ok := object.DeepCopyObject().(guards.Object)
	if !ok {
		t.Fatalf("%T is no admission object", object)
	}
	return c
}

// What kustomize and kubectl install is what is rendered, defaults of the API server included.
func TestWhatIsInstalledIsWhatIsRendered(t *testing.T) {
	begin(t)
	differences, err := rendered(t).Compare(shared.installed)
	must(t, err)
	for _, d := range differences {
		t.Error(d)
	}
}

func TestWhatIsDeletedComesBack(t *testing.T) {
	begin(t)
	set := rendered(t)
	objects, err := admissionObjects(t.Context(), shared.Client)
	must(t, err)
	var took []time.Duration
	for _, object := range objects {
		id, _ := guards.IDOf(object)
		if set[id] == nil {
			continue
		}
		start := time.Now()
		must(t, shared.Client.Delete(t.Context(), object))
		again := copied(t, set[id])
		eventually(t, func(ctx context.Context) error {
			if err := shared.Client.Get(ctx, client.ObjectKeyFromObject(object), again); err != nil {
				return err
			}
			if again.GetUID() == object.GetUID() {
				return errors.New("the old object is still there")
			}
			return nil
		})
		took = append(took, time.Since(start))
		if differences, err := (guards.Set{id: set[id]}).Compare([]guards.Object{again}); err != nil || len(differences) > 0 {
			t.Errorf("came back otherwise: %v, %v", differences, err)
		}
	}
	must(t, shared.await(t.Context(), metav1.ConditionTrue, v1alpha1.ReasonGuardsInPlace))
	if len(took) != len(set) {
		t.Errorf("%d of %d objects were deleted", len(took), len(set))
	}
	slices.Sort(took)
	fmt.Printf("restored %d deleted objects: median %s, slowest %s\n", len(took),
		took[len(took)/2].Round(time.Millisecond), took[len(took)-1].Round(time.Millisecond))
}

func TestWhatIsChangedIsPutBack(t *testing.T) {
	begin(t)
	set := rendered(t)
	for _, row := range []struct {
		claim, kind, name, patch string
	}{
		{"an expression", guards.KindValidatingPolicy, "scalegate-admit-pods", `[{"op":"replace","path":"/spec/validations/0/expression","value":"true"}]`},
		{"a validation less", guards.KindValidatingPolicy, "scalegate-guard-pods", `[{"op":"remove","path":"/spec/validations/0"}]`},
		{"the controller's identity", guards.KindValidatingPolicy, "scalegate-guard-status", `[{"op":"replace","path":"/spec/variables/0/expression","value":"'me'"}]`},
		{"a condition that is never met", guards.KindValidatingPolicy, "scalegate-guard-namespaces", `[{"op":"add","path":"/spec/matchConditions","value":[{"name":"never","expression":"false"}]}]`},
		{"failing open", guards.KindMutatingPolicy, "scalegate-hold-statefulsets", `[{"op":"replace","path":"/spec/failurePolicy","value":"Ignore"}]`},
		{"a namespace selector", guards.KindMutatingPolicy, "scalegate-hold-deployments", `[{"op":"replace","path":"/spec/matchConstraints/namespaceSelector","value":{"matchLabels":{"no":"such"}}}]`},
		{"an operation less", guards.KindMutatingPolicy, "scalegate-stamp-identities", `[{"op":"replace","path":"/spec/matchConstraints/resourceRules/0/operations","value":["UPDATE"]}]`},
		{"a binding that only warns", guards.KindValidatingBinding, "scalegate-admit-pods", `[{"op":"replace","path":"/spec/validationActions","value":["Warn"]}]`},
		{"a binding for few namespaces", guards.KindValidatingBinding, "scalegate-guard-pods", `[{"op":"add","path":"/spec/matchResources","value":{"namespaceSelector":{"matchLabels":{"no":"such"}}}}]`},
		{"a binding of another policy", guards.KindMutatingBinding, "scalegate-hold-pods", `[{"op":"replace","path":"/spec/policyName","value":"scalegate-stamp-identities"}]`},
	} {
		t.Run(row.claim, func(t *testing.T) {
			id := guards.ID{Kind: row.kind, Name: row.name}
			object := copied(t, set[id])
			before := value(t, "scalegate_guard_restorations_total", row.kind)
			start := time.Now()
			must(t, shared.Client.Patch(t.Context(), object, client.RawPatch(types.JSONPatchType, []byte(row.patch))))
			eventually(t, func(ctx context.Context) error {
				if err := shared.Client.Get(ctx, client.ObjectKeyFromObject(object), object); err != nil {
					return err
				}
				differences, err := (guards.Set{id: set[id]}).Compare([]guards.Object{object})
				if err == nil && len(differences) > 0 {
					err = errors.New(differences[0].String())
				}
				return err
			})
			fmt.Printf("put back %s: %s\n", row.claim, time.Since(start).Round(time.Millisecond))
			must(t, shared.await(t.Context(), metav1.ConditionTrue, v1alpha1.ReasonGuardsInPlace))
			if after := value(t, "scalegate_guard_restorations_total", row.kind); after <= before {
				t.Errorf("restorations of %s counted: %v, before %v", row.kind, after, before)
			}
		})
	}
}
