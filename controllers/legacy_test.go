// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"

	admissionv1 "k8s.io/api/admissionregistration/v1"
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
