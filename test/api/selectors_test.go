// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"slices"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gathering"
)

// What a live read asks the API server for by field selectors, it answers.
func TestRevokedReleasesAreFoundLive(t *testing.T) {
	weights := fixture.Of(fixture.Weights("selected"))
	made := func(name string, modifiers ...func(*v1alpha1.ModelRelease)) *v1alpha1.ModelRelease {
		r := fixture.Release(name, append(modifiers, weights)...)
		r.Namespace, r.UID, r.Generation = namespace, "", 0
		return r
	}
	recalled := func(severity v1alpha1.RevocationSeverity) func(*v1alpha1.ModelRelease) {
		return func(r *v1alpha1.ModelRelease) {
			r.Spec.Revocation = &v1alpha1.Revocation{Severity: severity, Reason: "the weights leaked"}
		}
	}
	for _, r := range []*v1alpha1.ModelRelease{
		made("selected", fixture.DerivedFrom("stands")), made("stands"),
		made("advised", recalled(v1alpha1.RevocationAdvisory)), made("critical", recalled(v1alpha1.RevocationCritical)),
	} {
		if err := shared.Client.Create(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := shared.Client.Delete(context.WithoutCancel(t.Context()), r); err != nil {
				t.Error(err)
			}
		})
	}
	in, err := gathering.Source{Reader: shared.Client, Cache: shared.Client}.
		Input(t.Context(), client.ObjectKey{Namespace: namespace, Name: "selected"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for i := range in.Revoked {
		got = append(got, in.Revoked[i].Name)
	}
	slices.Sort(got)
	if want := []string{"advised", "critical"}; !slices.Equal(got, want) {
		t.Errorf("revoked are %q, want %q", got, want)
	}
	if len(in.Ancestors) != 1 || in.LostAncestor != "" {
		t.Errorf("it has %d ancestors and %q is lost, want one and none", len(in.Ancestors), in.LostAncestor)
	}
}
