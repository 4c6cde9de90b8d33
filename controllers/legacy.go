// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"fmt"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// withoutMutatingPolicies reports whether the API server has no mutating admission policies of the version that
// is read here: those before Kubernetes 1.36. A watch of a kind that is not served would never have synced.
func withoutMutatingPolicies(mapper meta.RESTMapper) (bool, error) {
	kind := schema.GroupKind{Group: admissionv1.GroupName, Kind: "MutatingAdmissionPolicy"}
	_, err := mapper.RESTMapping(kind, admissionv1.SchemeGroupVersion.Version)
	switch {
	case meta.IsNoMatchError(err):
		return true, nil
	case err != nil:
		return false, fmt.Errorf("asking for mutating admission policies: %w", err)
	default:
		return false, nil
	}
}

// unreadMutators are the kinds of mutators that the API server has in other versions than are read here. Nobody sees
// what objects of them change, so that they are to count among the untrusted.
func unreadMutators(mapper meta.RESTMapper) ([]string, error) {
	if without, err := withoutMutatingPolicies(mapper); err != nil || !without {
		return nil, err
	}
	kind := schema.GroupKind{Group: admissionv1.GroupName, Kind: "MutatingAdmissionPolicy"}
	_, err := mapper.RESTMapping(kind)
	switch {
	case meta.IsNoMatchError(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("asking for mutating admission policies: %w", err)
	default:
		return []string{kind.Kind}, nil
	}
}
