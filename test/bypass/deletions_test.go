// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package bypass

import (
	"context"
	"errors"
	"fmt"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
)

// deletes are the rights to delete and change objects, as RBAC has them.
func deletes(group, resource string) rbacv1.PolicyRule {
	return rbacv1.PolicyRule{APIGroups: []string{group}, Resources: []string{resource}, Verbs: []string{"delete", "deletecollection", "update", "patch", "get"}}
}

// breaksGlass is the virtual verb beside them.
func breaksGlass(resource string) rbacv1.PolicyRule {
	return rbacv1.PolicyRule{APIGroups: []string{"scalegate.dev"}, Resources: []string{resource}, Verbs: []string{v1alpha1.VerbBreakglass}}
}

// modelRelease is one whose workloads have so many released pods; none for no workload at all.
func modelRelease(t *testing.T, ns, name string, released ...int32) *v1alpha1.ModelRelease {
	t.Helper()
	r := fixture.Release(name)
	r.ObjectMeta = metav1.ObjectMeta{Namespace: ns, Name: name, Labels: map[string]string{"one": name}}
	r.Status = v1alpha1.ModelReleaseStatus{}
	must(t, shared.Client.Create(t.Context(), r))
	for i, n := range released {
		w := v1alpha1.WorkloadStatus{Kind: "Deployment", Name: fmt.Sprintf("web-%d", i), Reason: v1alpha1.ReasonReleased, Released: &n}
		r.Status.Workloads = append(r.Status.Workloads, w)
	}
	if len(released) > 0 {
		r.Status.ObservedGeneration = new(r.Generation)
		must(t, shared.controller.Status().Update(t.Context(), r))
	}
	return r
}

// deletions are the ways to delete one object.
func deletions(ctx context.Context, as client.Client, o client.Object, name string) map[string]func() error {
	selected := []client.DeleteAllOfOption{client.InNamespace(o.GetNamespace()), client.MatchingLabels{"one": name}, client.DryRunAll}
	return map[string]func() error{
		"delete": func() error { return as.Delete(ctx, o, client.DryRunAll) },
		"delete, orphaning": func() error {
			return as.Delete(ctx, o, client.DryRunAll, client.PropagationPolicy(metav1.DeletePropagationOrphan))
		},
		"delete, at once":     func() error { return as.Delete(ctx, o, client.DryRunAll, client.GracePeriodSeconds(0)) },
		"delete a collection": func() error { return as.DeleteAllOf(ctx, o, selected...) },
	}
}

func TestAReleaseThatServesIsNotDeleted(t *testing.T) {
	t.Parallel()
	ns := leaveAlone(t)
	plain := userWith(t, "deleter", deletes("scalegate.dev", "modelreleases"))
	breaker := userWith(t, "breaker", deletes("scalegate.dev", "modelreleases"), breaksGlass("modelreleases"))
	collector := identity(t, "system:serviceaccount:kube-system:generic-garbage-collector")
	serving := modelRelease(t, ns, "serving", 0, 2)
	for way := range deletions(t.Context(), plain, serving, "serving") {
		refused(t, deletions(t.Context(), plain, serving, "serving")[way](), "pods of ModelRelease serving serve")
		must(t, deletions(t.Context(), breaker, serving, "serving")[way]())
	}
	refused(t, collector.Delete(t.Context(), serving), "pods of ModelRelease serving serve")
	for name, r := range map[string]*v1alpha1.ModelRelease{
		"never-seen": modelRelease(t, ns, "never-seen"), "held": modelRelease(t, ns, "held", 0), "held-twice": modelRelease(t, ns, "held-twice", 0, 0),
	} {
		for way, try := range deletions(t.Context(), plain, r, name) {
			if err := try(); err != nil {
				t.Errorf("%s: %s: %v", name, way, err)
			}
		}
	}
	// A right to the one is no right to the other.
	role := breaksGlass("modelreleases")
	role.ResourceNames = []string{"held"}
	refused(t, userWithNames(t, "breaker-of-another", deletes("scalegate.dev", "modelreleases"), role).Delete(t.Context(), serving, client.DryRunAll), "breakglass")
}

// userWithNames is userWith, for rights to named objects, which no review without a name sees.
func userWithNames(t *testing.T, name string, seen, named rbacv1.PolicyRule) client.Client {
	t.Helper()
	as := userWith(t, name, seen)
	user := name + "-" + namespaceName(t, "u")
	role := &rbacv1.ClusterRole{}
	must(t, shared.Client.Get(t.Context(), client.ObjectKey{Name: user}, role))
	role.Rules = append(role.Rules, named)
	must(t, shared.Client.Update(t.Context(), role))
	return as
}

// An owner that is gone makes the garbage collector delete a release: not one that serves, and for
// any other absence closes.
func TestAForgedOwnerDeletesNoReleaseThatServes(t *testing.T) {
	t.Parallel()
	ns := leaveAlone(t)
	serving, idle := modelRelease(t, ns, "serving", 1), modelRelease(t, ns, "idle", 0)
	gone := []byte(`{"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"gone","uid":"00000000-0000-0000-0000-000000000000"}]}}`)
	must(t, shared.Client.Patch(t.Context(), serving, client.RawPatch(types.MergePatchType, gone)))
	must(t, shared.Client.Patch(t.Context(), idle, client.RawPatch(types.MergePatchType, gone)))
	eventually(t, func(ctx context.Context) error {
		if err := shared.Client.Get(ctx, client.ObjectKeyFromObject(idle), idle); !apierrors.IsNotFound(err) {
			return errors.Join(errors.New("the idle one is still there"), err)
		}
		return nil
	})
	must(t, shared.Client.Get(t.Context(), client.ObjectKeyFromObject(serving), serving))
	if serving.DeletionTimestamp != nil {
		t.Error("the release that serves is going")
	}
}

func TestAPolicyInUseIsNotDeleted(t *testing.T) {
	t.Parallel()
	plain := userWith(t, "deleter", deletes("scalegate.dev", "safetypolicies"))
	breaker := userWith(t, "breaker", deletes("scalegate.dev", "safetypolicies"), breaksGlass("safetypolicies"))
	for name, row := range map[string]struct {
		releases *int32
		inUse    bool
	}{
		"in use": {releases: new(int32(3)), inUse: true}, "of no release": {releases: new(int32(0))}, "not looked at yet": {},
	} {
		t.Run(name, func(t *testing.T) {
			id := "deletions-" + fixture.SHA256(name)[:8]
			p := fixture.Policy(id)
			p.ObjectMeta = metav1.ObjectMeta{Name: id, Labels: map[string]string{"one": id}}
			p.Status = v1alpha1.SafetyPolicyStatus{}
			must(t, shared.Client.Create(t.Context(), p))
			p.Status = v1alpha1.SafetyPolicyStatus{ObservedGeneration: new(p.Generation), Releases: row.releases}
			must(t, shared.controller.Status().Update(t.Context(), p))
			for way := range deletions(t.Context(), plain, p, id) {
				err := deletions(t.Context(), plain, p, id)[way]()
				if row.inUse {
					refused(t, err, "3 releases name SafetyPolicy "+id)
				} else if err != nil {
					t.Errorf("%s: %v", way, err)
				}
				must(t, deletions(t.Context(), breaker, p, id)[way]())
			}
			must(t, shared.Client.Delete(t.Context(), p))
		})
	}
}

// definition is a kind as the API server has it.
func definition(t *testing.T, name string) *unstructured.Unstructured {
	t.Helper()
	crd := &unstructured.Unstructured{}
	crd.SetAPIVersion("apiextensions.k8s.io/v1")
	crd.SetKind("CustomResourceDefinition")
	must(t, shared.Client.Get(t.Context(), client.ObjectKey{Name: name}, crd))
	return crd
}

func TestTheKindsOfScalegateStay(t *testing.T) {
	t.Parallel()
	rights := deletes("apiextensions.k8s.io", "customresourcedefinitions")
	plain := userWith(t, "deleter", rights)
	breaker := userWith(t, "breaker", rights, breaksGlass("customresourcedefinitions"))
	collector := identity(t, "system:serviceaccount:kube-system:generic-garbage-collector")
	const needs = "needs the verb breakglass on customresourcedefinitions"
	for _, kind := range []string{"adversefindings", "modelreleases", "safetyevaluations", "safetypolicies"} {
		crd := definition(t, kind+".scalegate.dev")
		for way, sends := range map[string]func(as client.Client) error{
			"delete": func(as client.Client) error { return as.Delete(t.Context(), crd, client.DryRunAll) },
			"no longer served": func(as client.Client) error {
				return as.Patch(t.Context(), crd.DeepCopy(), client.RawPatch(types.JSONPatchType, []byte(`[{"op":"replace","path":"/spec/versions/0/served","value":false}]`)), client.DryRunAll)
			},
			"without a status": func(as client.Client) error {
				return as.Patch(t.Context(), crd.DeepCopy(), client.RawPatch(types.JSONPatchType, []byte(`[{"op":"remove","path":"/spec/versions/0/subresources"}]`)), client.DryRunAll)
			},
			"with a looser schema": func(as client.Client) error {
				return as.Patch(t.Context(), crd.DeepCopy(), client.RawPatch(types.JSONPatchType, []byte(`[{"op":"add","path":"/spec/versions/0/schema/openAPIV3Schema/x-kubernetes-preserve-unknown-fields","value":true}]`)), client.DryRunAll)
			},
			"with another version": func(as client.Client) error {
				o := crd.DeepCopy()
				versions, _, err := unstructured.NestedSlice(o.Object, "spec", "versions")
				if err != nil {
					return err
				}
				more := runtimeCopy(versions[0])
				more["name"], more["storage"] = "v1", false
				if err := unstructured.SetNestedSlice(o.Object, append(versions, more), "spec", "versions"); err != nil {
					return err
				}
				return as.Update(t.Context(), o, client.DryRunAll)
			},
		} {
			t.Run(kind+" "+way, func(t *testing.T) {
				refused(t, sends(plain), needs)
				must(t, sends(breaker))
			})
		}
		note := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"annotations":{"note":"x"}}}`))
		must(t, plain.Patch(t.Context(), crd.DeepCopy(), note, client.DryRunAll))
		refused(t, collector.Delete(t.Context(), crd, client.DryRunAll), needs)
	}
	collection := &unstructured.Unstructured{}
	collection.SetAPIVersion("apiextensions.k8s.io/v1")
	collection.SetKind("CustomResourceDefinition")
	err := plain.DeleteAllOf(t.Context(), collection, client.MatchingFields{"metadata.name": "modelreleases.scalegate.dev"}, client.DryRunAll)
	refused(t, err, needs)
	must(t, breaker.DeleteAllOf(t.Context(), collection, client.MatchingFields{"metadata.name": "modelreleases.scalegate.dev"}, client.DryRunAll))
}

func runtimeCopy(v any) map[string]any {
	m, ok := v.(map[string]any)
	if !ok {
		panic(fmt.Sprintf("%T is no object", v))
	}
	return (&unstructured.Unstructured{Object: m}).DeepCopy().Object
}

func TestTheKindsOfOthersAreTheirs(t *testing.T) {
	t.Parallel()
	crd := parse(t, `{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: widgets.example.com},
		spec: {group: example.com, scope: Namespaced, names: {plural: widgets, singular: widget, kind: Widget, listKind: WidgetList},
		versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]}}`, "")
	must(t, shared.Client.Create(t.Context(), crd))
	plain := userWith(t, "deleter", deletes("apiextensions.k8s.io", "customresourcedefinitions"))
	must(t, plain.Patch(t.Context(), crd, client.RawPatch(types.JSONPatchType, []byte(`[{"op":"replace","path":"/spec/versions/0/served","value":false}]`))))
	must(t, plain.Delete(t.Context(), crd))
}

// Whoever serves an API group answers whatever he likes about it.
func TestTheGroupIsServedByTheAPIServerItself(t *testing.T) {
	t.Parallel()
	right := deletes("apiregistration.k8s.io", "apiservices")
	right.Verbs = append(right.Verbs, "create")
	plain, breaker := userWith(t, "plain", right), userWith(t, "breaker", right, breaksGlass("customresourcedefinitions"))
	service := func(group string, elsewhere bool) *unstructured.Unstructured {
		version := "v9" // nobody serves it
		spec := map[string]any{"group": group, "version": version, "groupPriorityMinimum": int64(1000), "versionPriority": int64(100)}
		if elsewhere {
			spec["service"], spec["insecureSkipTLSVerify"] = map[string]any{"namespace": "default", "name": "evil"}, true
		}
		return &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": map[string]any{"name": version + "." + group}, "spec": spec,
		}}
	}
	const served = "is served by the API server itself"
	refused(t, plain.Create(t.Context(), service("scalegate.dev", true), client.DryRunAll), served)
	must(t, plain.Create(t.Context(), service("scalegate.dev", false), client.DryRunAll))
	must(t, plain.Create(t.Context(), service("example.com", true), client.DryRunAll))
	must(t, breaker.Create(t.Context(), service("scalegate.dev", true), client.DryRunAll))
	ours := &unstructured.Unstructured{}
	ours.SetAPIVersion("apiregistration.k8s.io/v1")
	ours.SetKind("APIService")
	ours.SetName("v1alpha1.scalegate.dev")
	takeOver := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"labels":null},"spec":{"service":{"namespace":"default","name":"evil"},"insecureSkipTLSVerify":true}}`))
	refused(t, plain.Patch(t.Context(), ours, takeOver, client.DryRunAll), served)
}
