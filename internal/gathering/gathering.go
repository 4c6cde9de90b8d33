// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package gathering reads all that the decision about a release depends on, for the controllers and
// for the webhook alike, so that both decide about the same. It decides nothing.
package gathering

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
)

const (
	// ByRelease is the field index of SafetyEvaluations by the release that they are about. It is a
	// field selector of the API server too, so that live reads and cached reads ask the same way.
	ByRelease = "spec.subject.release"
	// ByFile is the field index of SafetyEvaluations by what [Files] says.
	ByFile = "file"
)

// Source is where is read.
type Source struct {
	// Reader gives release, policy, evaluations and findings: a cache, or the API server itself.
	Reader client.Reader
	// Cache has the field index [ByFile]. Sightings are always read there: one can only make evidence
	// older or refuse it.
	Cache client.Reader
}

// Input reads what the decision about a release depends on. An object that does not exist is nil; any
// other error is returned, and then nothing can be decided.
func (s Source) Input(ctx context.Context, key types.NamespacedName, now time.Time) (gate.Input, error) {
	in := gate.Input{Now: now}
	release := &v1alpha1.ModelRelease{}
	if err := s.Reader.Get(ctx, key, release); apierrors.IsNotFound(err) {
		return in, nil
	} else if err != nil {
		return in, fmt.Errorf("reading ModelRelease %s: %w", key, err)
	}
	in.Release = release

	policy := &v1alpha1.SafetyPolicy{}
	if err := s.Reader.Get(ctx, types.NamespacedName{Name: release.Spec.Policy}, policy); err == nil {
		in.Policy, in.PolicyRevision = policy, gate.Revision(&policy.Spec)
	} else if !apierrors.IsNotFound(err) {
		return in, fmt.Errorf("reading SafetyPolicy %s: %w", release.Spec.Policy, err)
	}

	evaluations := &v1alpha1.SafetyEvaluationList{}
	if err := s.Reader.List(ctx, evaluations, client.InNamespace(key.Namespace),
		client.MatchingFields{ByRelease: key.Name}); err != nil {
		return in, fmt.Errorf("listing evaluations of %s: %w", key, err)
	}
	in.Evaluations = evaluations.Items

	findings := &v1alpha1.AdverseFindingList{}
	if err := s.Reader.List(ctx, findings); err != nil {
		return in, fmt.Errorf("listing findings: %w", err)
	}
	in.Findings = findings.Items

	var err error
	in.Sightings, err = s.sightings(ctx, in.Evaluations)
	return in, err
}

// sightings finds every evaluation in the cluster with one of the result files.
func (s Source) sightings(ctx context.Context, evaluations []v1alpha1.SafetyEvaluation) ([]gate.Sighting, error) {
	seen, listed := map[types.UID]bool{}, map[string]bool{}
	var all []gate.Sighting
	for i := range evaluations {
		for _, key := range Files(&evaluations[i]) {
			if listed[key] {
				continue
			}
			listed[key] = true
			list := &v1alpha1.SafetyEvaluationList{}
			if err := s.Cache.List(ctx, list, client.MatchingFields{ByFile: key}); err != nil {
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

// Release is the key of an evaluation in the index [ByRelease].
func Release(e *v1alpha1.SafetyEvaluation) []string {
	return []string{e.Spec.Subject.Release}
}

// Files are the keys of an evaluation in the index [ByFile]: its result file and its run. None before
// a measurement is recorded.
func Files(e *v1alpha1.SafetyEvaluation) []string {
	m := e.Status.Measurement
	if m == nil {
		return nil
	}
	keys := []string{"sha256:" + m.SHA256}
	if m.RunID != "" {
		keys = append(keys, "run:"+m.RunID)
	}
	return keys
}
