// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gathering_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
	"github.com/scalegate/scalegate/internal/gathering"
)

// index makes an index function for one kind.
func index[T client.Object](keys func(T) []string) client.IndexerFunc {
	return func(o client.Object) []string {
		typed, ok := o.(T)
		if !ok {
			return nil
		}
		return keys(typed)
	}
}

// store is a fake API server with the indexes that are read by.
func store(t *testing.T, calls interceptor.Funcs, objects ...client.Object) client.WithWatch {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	return fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).WithInterceptorFuncs(calls).
		WithIndex(&v1alpha1.SafetyEvaluation{}, gathering.ByRelease, index(gathering.Release)).
		WithIndex(&v1alpha1.SafetyEvaluation{}, gathering.ByFile, index(gathering.Files)).
		WithIndex(&v1alpha1.ReleaseApproval{}, gathering.ByNamed, index(gathering.ApprovalRelease)).
		WithIndex(&v1alpha1.PolicyRevision{}, gathering.ByPolicy, index(gathering.RevisionPolicy)).
		WithIndex(&v1alpha1.ModelRelease{}, gathering.ByRevocation, index(gathering.Revocation)).Build()
}

var m1 = types.NamespacedName{Namespace: fixture.Namespace, Name: "m1"}

func elsewhere(r *v1alpha1.ModelRelease) { r.Namespace = "elsewhere" }

func releaseNames(all []v1alpha1.ModelRelease) []string {
	var names []string
	for i := range all {
		names = append(names, all[i].Namespace+"/"+all[i].Name)
	}
	return names
}

func TestAncestors(t *testing.T) {
	from := fixture.DerivedFrom
	long := []client.Object{fixture.Release("m1", from("a0"))}
	for i := range gate.MaxAncestors + 2 {
		long = append(long, fixture.Release("a"+strconv.Itoa(i), from("a"+strconv.Itoa(i+1))))
	}
	for name, test := range map[string]struct {
		objects []client.Object
		want    []string
		lost    string
	}{
		"a release that was made from nothing has none": {objects: []client.Object{fixture.Release("m1"), fixture.Release("m0")}},
		"the parent comes first": {
			objects: []client.Object{fixture.Release("m1", from("m0")), fixture.Release("m0", from("base")), fixture.Release("base")},
			want:    []string{"serving/m0", "serving/base"},
		},
		"one that does not exist is lost": {objects: []client.Object{fixture.Release("m1", from("m0"))}, lost: "m0"},
		"one that does not exist further back is lost": {
			objects: []client.Object{fixture.Release("m1", from("m0")), fixture.Release("m0", from("base"))}, want: []string{"serving/m0"}, lost: "base",
		},
		"one of another namespace is lost":            {objects: []client.Object{fixture.Release("m1", from("m0")), fixture.Release("m0", elsewhere)}, lost: "m0"},
		"a release that was made from itself is lost": {objects: []client.Object{fixture.Release("m1", from("m1"))}, lost: "m1"},
		"a ring is lost where it closes": {
			objects: []client.Object{fixture.Release("m1", from("m0")), fixture.Release("m0", from("a")), fixture.Release("a", from("m0"))},
			want:    []string{"serving/m0", "serving/a"}, lost: "m0",
		},
		"no more are followed than the gate follows": {
			objects: long, lost: "a8",
			want: []string{"serving/a0", "serving/a1", "serving/a2", "serving/a3", "serving/a4", "serving/a5", "serving/a6", "serving/a7"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := store(t, interceptor.Funcs{}, test.objects...)
			in, err := gathering.Source{Reader: c, Cache: c}.Input(t.Context(), m1, fixture.Day(1))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, releaseNames(in.Ancestors)); diff != "" || in.LostAncestor != test.lost {
				t.Errorf("%q is lost, want %q (-want +got)\n%s", in.LostAncestor, test.lost, diff)
			}
			// What is gathered and what the gate follows are the same: it finds nothing lost that was not said to be.
			in.Policy = fixture.Policy("rsp")
			if d := gate.Decide(in); (d.Reason == v1alpha1.ReasonParentNotFound) != (test.lost != "") {
				t.Errorf("the gate decides for %s: %s", d.Reason, d.Message)
			}
		})
	}
}

func TestRevokedReleases(t *testing.T) {
	weights := fixture.Of(fixture.Weights("m1"))
	critical := fixture.Recalled(v1alpha1.RevocationCritical, v1alpha1.ReachCluster)
	advisory := fixture.Recalled(v1alpha1.RevocationAdvisory, v1alpha1.ReachNamespace)
	stale := []client.Object{fixture.Release("m1"), fixture.Release("m2", weights)}
	objects := []client.Object{
		fixture.Release("m1"), fixture.Release("m2", weights, advisory), fixture.Release("m3", critical),
		fixture.Release("m4", weights), fixture.Release("m5", weights, critical, elsewhere), fixture.Release("m6", fixture.Of(fixture.Server("m1")), advisory),
	}
	cache, live := store(t, interceptor.Funcs{}, stale...), store(t, interceptor.Funcs{}, objects...)
	in, err := gathering.Source{Reader: live, Cache: cache}.Input(t.Context(), m1, fixture.Day(1))
	if err != nil {
		t.Fatal(err)
	}
	got := releaseNames(in.Revoked)
	slices.Sort(got)
	if diff := cmp.Diff([]string{"elsewhere/m5", "serving/m2", "serving/m6"}, got); diff != "" {
		t.Errorf("a live read finds those that are revoked and share an artifact, whatever the cache has (-want +got)\n%s", diff)
	}
	if in, err = (gathering.Source{Reader: cache, Cache: cache}).Input(t.Context(), m1, fixture.Day(1)); err != nil || len(in.Revoked) != 0 {
		t.Errorf("the cache has %v, %v", releaseNames(in.Revoked), err)
	}
}

// What cannot be read is an error: then nothing is decided, and nothing is granted or lost for it.
func TestWhatCannotBeRead(t *testing.T) {
	broken := errors.New("broken")
	for name, calls := range map[string]interceptor.Funcs{
		"an ancestor": {Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
			if key.Name == "m0" {
				return broken
			}
			return c.Get(ctx, key, o, opts...)
		}},
		"the revoked releases": {List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
			if _, ok := list.(*v1alpha1.ModelReleaseList); ok {
				return broken
			}
			return c.List(ctx, list, opts...)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			c := store(t, calls, fixture.Release("m1", fixture.DerivedFrom("m0")), fixture.Release("m0"))
			if _, err := (gathering.Source{Reader: c, Cache: c}).Input(t.Context(), m1, fixture.Day(1)); !errors.Is(err, broken) {
				t.Errorf("the error is %v", err)
			}
		})
	}
}
