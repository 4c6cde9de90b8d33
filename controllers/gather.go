// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
)

// gather reads all that the decision about a release depends on: from the cache, or from the API
// server itself where reader is a live one. An object that does not exist is nil; any other error
// is returned, and then nothing is decided.
func (r *ModelReleaseReconciler) gather(ctx context.Context, reader client.Reader, key types.NamespacedName) (gate.Input, error) {
	in := gate.Input{Now: r.Now().Time}
	release := &v1alpha1.ModelRelease{}
	if err := reader.Get(ctx, key, release); apierrors.IsNotFound(err) {
		return in, nil
	} else if err != nil {
		return in, fmt.Errorf("reading ModelRelease %s: %w", key, err)
	}
	in.Release = release

	policy := &v1alpha1.SafetyPolicy{}
	if err := reader.Get(ctx, types.NamespacedName{Name: release.Spec.Policy}, policy); err == nil {
		in.Policy, in.PolicyRevision = policy, gate.Revision(&policy.Spec)
	} else if !apierrors.IsNotFound(err) {
		return in, fmt.Errorf("reading SafetyPolicy %s: %w", release.Spec.Policy, err)
	}

	evaluations := &v1alpha1.SafetyEvaluationList{}
	if err := reader.List(ctx, evaluations, client.InNamespace(key.Namespace),
		client.MatchingFields{indexEvaluationRelease: key.Name}); err != nil {
		return in, fmt.Errorf("listing evaluations of %s: %w", key, err)
	}
	in.Evaluations = evaluations.Items

	findings := &v1alpha1.AdverseFindingList{}
	if err := reader.List(ctx, findings); err != nil {
		return in, fmt.Errorf("listing findings: %w", err)
	}
	in.Findings = findings.Items

	var err error
	in.Sightings, err = r.sightings(ctx, in.Evaluations)
	return in, err
}

// sightings finds every evaluation in the cluster with one of the result files. It reads the cache:
// a sighting can only make evidence older or refuse it.
func (r *ModelReleaseReconciler) sightings(ctx context.Context, evaluations []v1alpha1.SafetyEvaluation) ([]gate.Sighting, error) {
	seen, listed := map[types.UID]bool{}, map[string]bool{}
	var all []gate.Sighting
	for i := range evaluations {
		for _, key := range evaluationFile(&evaluations[i]) {
			if listed[key] {
				continue
			}
			listed[key] = true
			list := &v1alpha1.SafetyEvaluationList{}
			if err := r.List(ctx, list, client.MatchingFields{indexEvaluationFile: key}); err != nil {
				return nil, fmt.Errorf("listing evaluations of one result file: %w", err)
			}
			for j := range list.Items {
				if e := &list.Items[j]; !seen[e.UID] {
					seen[e.UID] = true
					all = append(all, gate.SightingOf(e))
				}
			}
		}
	}
	return all, nil
}
