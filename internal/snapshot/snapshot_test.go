// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package snapshot_test

import (
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gathering"
	"github.com/scalegate/scalegate/internal/snapshot"
)

func evaluation(namespace, name, release string) *v1alpha1.SafetyEvaluation {
	e := &v1alpha1.SafetyEvaluation{}
	e.Namespace, e.Name, e.Spec.Subject.Release = namespace, name, release
	e.Labels = map[string]string{"of": release}
	return e
}

func TestListsAsAClusterDoes(t *testing.T) {
	s := snapshot.Of(evaluation("b", "1", "m1"), evaluation("a", "2", "m1"), evaluation("a", "1", "m2"), fixture.Policy("rsp"))
	for name, test := range map[string]struct {
		options []client.ListOption
		want    []string
	}{
		"all":                      {nil, []string{"a/1", "a/2", "b/1"}},
		"of a namespace":           {[]client.ListOption{client.InNamespace("a")}, []string{"a/1", "a/2"}},
		"of a release":             {[]client.ListOption{client.MatchingFields{gathering.ByRelease: "m1"}}, []string{"a/2", "b/1"}},
		"of a label":               {[]client.ListOption{client.MatchingLabels{"of": "m2"}}, []string{"a/1"}},
		"of both":                  {[]client.ListOption{client.InNamespace("b"), client.MatchingFields{gathering.ByRelease: "m2"}}, nil},
		"of a file that nobody is": {[]client.ListOption{client.MatchingFields{gathering.ByFile: "sha256:"}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			list := &v1alpha1.SafetyEvaluationList{}
			if err := s.List(t.Context(), list, test.options...); err != nil {
				t.Fatal(err)
			}
			var got []string
			for i := range list.Items {
				got = append(got, list.Items[i].Namespace+"/"+list.Items[i].Name)
			}
			if len(got) != len(test.want) {
				t.Fatalf("got %v, want %v", got, test.want)
			}
			for i := range got {
				if got[i] != test.want[i] {
					t.Errorf("got %v, want %v", got, test.want)
				}
			}
		})
	}
	if err := s.List(t.Context(), &v1alpha1.SafetyEvaluationList{}, client.MatchingFields{"spec.nothing": "x"}); err == nil {
		t.Error("a field without an index is selected by")
	}
}

func TestWhatIsGivenIsACopy(t *testing.T) {
	policy := fixture.Policy("rsp")
	s := snapshot.Of(policy)
	policy.Spec.Levels = nil
	got := &v1alpha1.SafetyPolicy{}
	if err := s.Get(t.Context(), client.ObjectKey{Name: "rsp"}, got); err != nil || len(got.Spec.Levels) == 0 {
		t.Fatalf("%v, %+v", err, got.Spec)
	}
	got.Spec.Levels[0].Name = "another"
	again := &v1alpha1.SafetyPolicy{}
	if err := s.Get(t.Context(), client.ObjectKey{Name: "rsp"}, again); err != nil || again.Spec.Levels[0].Name == "another" {
		t.Errorf("%v, %+v", err, again.Spec)
	}
	if err := s.Get(t.Context(), client.ObjectKey{Name: "other"}, got); !apierrors.IsNotFound(err) {
		t.Errorf("%v", err)
	}
	other := s.Clone()
	other.Put(fixture.Policy("other"))
	if s.Has(fixture.Policy("other")) || !other.Has(fixture.Policy("rsp")) {
		t.Error("a clone is no copy")
	}
}
