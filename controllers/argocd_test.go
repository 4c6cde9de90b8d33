// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/argocd"
	"github.com/scalegate/scalegate/internal/fixture"
)

// readyRelease is "m1", which became ready at the time.
func readyRelease(at time.Time, modifiers ...func(*v1alpha1.ModelRelease)) *v1alpha1.ModelRelease {
	r := release()
	r.Status.Conditions = []metav1.Condition{{
		Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, ObservedGeneration: r.Generation, LastTransitionTime: metav1.NewTime(at),
	}}
	for _, modify := range modifiers {
		modify(r)
	}
	return r
}

func TestReleasedSince(t *testing.T) {
	for sentence, test := range map[string]struct {
		release *v1alpha1.ModelRelease
		want    time.Time
	}{
		"a release that is ready is released since then": {readyRelease(fixture.Day(2)), fixture.Day(2)},
		"or since it was cleared, where that was later": {
			readyRelease(fixture.Day(2), func(r *v1alpha1.ModelRelease) { r.Status.ClearedSinceTime = new(day(3)) }), fixture.Day(3),
		},
		"an earlier clearance changes nothing": {
			readyRelease(fixture.Day(2), func(r *v1alpha1.ModelRelease) { r.Status.ClearedSinceTime = new(day(1)) }), fixture.Day(2),
		},
		"one that is not ready is not": {
			readyRelease(fixture.Day(2), func(r *v1alpha1.ModelRelease) { r.Status.Conditions[0].Status = metav1.ConditionFalse }), time.Time{},
		},
		"one with another spec is not":     {readyRelease(fixture.Day(2), func(r *v1alpha1.ModelRelease) { r.Generation++ }), time.Time{}},
		"one that nobody looked at is not": {release(), time.Time{}},
	} {
		t.Run(sentence, func(t *testing.T) {
			if got, ok := releasedSince(test.release); !got.Equal(test.want) || ok == test.want.IsZero() {
				t.Errorf("it is released since %v: %v, want %v", got, ok, test.want)
			}
		})
	}
}

func TestReleasedAnew(t *testing.T) {
	ready := readyRelease(fixture.Day(2))
	cleared := readyRelease(fixture.Day(2), func(r *v1alpha1.ModelRelease) { r.Status.ClearedSinceTime = new(day(3)) })
	told := readyRelease(fixture.Day(2), func(r *v1alpha1.ModelRelease) { r.Status.Decision = &v1alpha1.DecisionReference{} })
	for sentence, test := range map[string]struct {
		before, now *v1alpha1.ModelRelease
		want        bool
	}{
		"one that becomes ready":                    {release(), ready, true},
		"one that is cleared for the first time":    {ready, cleared, true},
		"one of which something else is told":       {ready, told, false},
		"one that is ready no more":                 {ready, release(), false},
		"one that became ready again meanwhile":     {ready, readyRelease(fixture.Day(4)), true},
		"one that is looked at and still not ready": {release(), release(), false},
	} {
		t.Run(sentence, func(t *testing.T) {
			if got := releasedAnew(event.UpdateEvent{ObjectOld: test.before, ObjectNew: test.now}); got != test.want {
				t.Errorf("it is released anew: %t, want %t", got, test.want)
			}
		})
	}
}

// refusedApplication is one that waits for "m1", and whose sync Scalegate refused on Day(1).
func refusedApplication(name string) *unstructured.Unstructured {
	u := &unstructured.Unstructured{Object: map[string]any{
		"spec": map[string]any{"syncPolicy": map[string]any{"automated": map[string]any{}}},
		"status": map[string]any{
			"sync": map[string]any{"status": "OutOfSync", "revision": "abc"},
			"operationState": map[string]any{
				"phase": "Failed", "startedAt": fixture.Day(1).Format(time.RFC3339),
				"syncResult": map[string]any{"revision": "abc", "resources": []any{map[string]any{
					"status": "SyncFailed", "message": "ValidatingAdmissionPolicy 'scalegate-guard-updates' denied request: no",
				}}},
			},
		},
	}}
	u.SetGroupVersionKind(argocd.Kind())
	u.SetName(name)
	u.SetNamespace("argocd")
	u.SetAnnotations(map[string]string{argocd.Annotation: fixture.Namespace + "/m1"})
	return u
}

// wokenOf reconciles a released "m1" with these Applications, and returns those that have an operation.
func wokenOf(t *testing.T, calls interceptor.Funcs, apps ...*unstructured.Unstructured) (names []string, events []string, err error) {
	t.Helper()
	scheme := runtime.NewScheme()
	scheme.AddKnownTypeWithName(argocd.Kind(), &unstructured.Unstructured{})
	scheme.AddKnownTypeWithName(argocd.Kind().GroupVersion().WithKind("ApplicationList"), &unstructured.UnstructuredList{})
	b := fake.NewClientBuilder().WithScheme(scheme).WithInterceptorFuncs(calls)
	for _, app := range apps {
		b.WithObjects(app)
	}
	api := b.Build()
	c := newCluster(t)
	r := &ArgoCDReconciler{Client: api, Live: api, Events: c, Namespaces: []string{"argocd"}}
	_, err = r.Reconcile(t.Context(), readyRelease(fixture.Day(2)))
	for _, app := range apps {
		is := app.DeepCopy()
		if readErr := api.Get(t.Context(), client.ObjectKeyFromObject(app), is); readErr != nil {
			t.Fatal(readErr)
		}
		if is.Object["operation"] != nil {
			names = append(names, is.GetName())
		}
	}
	return names, c.log, err
}

func TestReconcileWakesApplications(t *testing.T) {
	names, events, err := wokenOf(t, interceptor.Funcs{}, refusedApplication("a"), refusedApplication("b"))
	if err != nil || len(names) != 2 || len(events) != 2 || events[0] != "event SyncRetried ModelRelease m1" {
		t.Errorf("woken are %v, told is %v (%v)", names, events, err)
	}
}

// One that cannot be written keeps no other from being woken, and is tried again.
func TestReconcileWakesTheOthersToo(t *testing.T) {
	names, events, err := wokenOf(t, interceptor.Funcs{
		Patch: func(ctx context.Context, api client.WithWatch, o client.Object, patch client.Patch, opts ...client.PatchOption) error {
			if o.GetName() == "a" {
				return errBroken
			}
			return api.Patch(ctx, o, patch, opts...)
		},
	}, refusedApplication("a"), refusedApplication("b"))
	if !errors.Is(err, errBroken) || len(names) != 1 || names[0] != "b" || len(events) != 1 {
		t.Errorf("woken are %v, told is %v (%v)", names, events, err)
	}
}

func TestReconcileWakesNobodyWhereApplicationsCannotBeRead(t *testing.T) {
	for sentence, test := range map[string]struct{ fault, want error }{
		"Argo CD is not installed":     {&meta.NoKindMatchError{GroupKind: schema.GroupKind{Kind: "Application"}}, nil},
		"its namespace does not exist": {missing(), nil},
		"the API server is gone":       {errBroken, errBroken},
	} {
		t.Run(sentence, func(t *testing.T) {
			_, events, err := wokenOf(t, interceptor.Funcs{
				List: func(context.Context, client.WithWatch, client.ObjectList, ...client.ListOption) error {
					return test.fault
				},
			})
			if !errors.Is(err, test.want) || len(events) > 0 {
				t.Errorf("told is %v (%v)", events, err)
			}
		})
	}
}
