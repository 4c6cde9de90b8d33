// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"slices"
	"testing"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	admissionv1alpha1 "k8s.io/api/admissionregistration/v1alpha1"
	admissionv1beta1 "k8s.io/api/admissionregistration/v1beta1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

func TestMutatingPoliciesAreReadWhereTheyAreServed(t *testing.T) {
	for claim, row := range map[string]struct {
		served schema.GroupVersion
		want   bool
	}{
		"version v1":       {admissionv1.SchemeGroupVersion, false},
		"an older version": {admissionv1beta1.SchemeGroupVersion, true},
	} {
		t.Run(claim, func(t *testing.T) {
			mapper := meta.NewDefaultRESTMapper(nil)
			mapper.Add(row.served.WithKind("MutatingAdmissionPolicy"), meta.RESTScopeRoot)
			if got, err := withoutMutatingPolicies(mapper); err != nil || got != row.want {
				t.Errorf("%v, %v", got, err)
			}
		})
	}
}

// Mutators in a version that is not read here are seen by nobody, and so are trusted by nobody.
func TestMutatorsOfAnotherVersionAreUntrusted(t *testing.T) {
	for claim, row := range map[string]struct {
		served []schema.GroupVersion
		want   []string
	}{
		"version v1":                  {[]schema.GroupVersion{admissionv1.SchemeGroupVersion}, nil},
		"version v1 and an older one": {[]schema.GroupVersion{admissionv1beta1.SchemeGroupVersion, admissionv1.SchemeGroupVersion}, nil},
		"an older version alone":      {[]schema.GroupVersion{admissionv1beta1.SchemeGroupVersion}, []string{"MutatingAdmissionPolicy"}},
		"the oldest alone":            {[]schema.GroupVersion{admissionv1alpha1.SchemeGroupVersion}, []string{"MutatingAdmissionPolicy"}},
		"none at all":                 {nil, nil},
	} {
		t.Run(claim, func(t *testing.T) {
			mapper := meta.NewDefaultRESTMapper(row.served)
			for _, version := range row.served {
				mapper.Add(version.WithKind("MutatingAdmissionPolicy"), meta.RESTScopeRoot)
			}
			if got, err := unreadMutators(mapper); err != nil || !slices.Equal(got, row.want) {
				t.Errorf("%q, %v, want %q", got, err, row.want)
			}
		})
	}
}
