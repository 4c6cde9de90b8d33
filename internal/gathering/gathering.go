// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package gathering reads all that the decision about a release depends on, for the controllers and
// for the webhook alike, so that both decide about the same. It decides nothing.
package gathering

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
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
	// ByRevocation is the field index of ModelReleases by what [Revocation] says. It is a field selector of the API
	// server too: a live read asks the API server itself which releases are revoked, so that no index, and no cache that
	// lags, keeps a revocation from being seen.
	ByRevocation = "spec.revocation.severity"
)

// Source is where is read.
type Source struct {
	// Reader gives all but sightings: a cache, or the API server itself. A cache has the field indexes [ByRelease],
	// [ByRevocation] and [ByNamed].
	Reader client.Reader
	// Cache has the field indexes [ByFile] and [ByPolicy]. Sightings are always read there: one can only make evidence
	// older or refuse it. So are the revisions of a policy, of which what may have changed is read again.
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
	in.Release, in.Safeguards = release, Safeguards(release)

	var records Records
	err := together(
		func() error { return s.governed(ctx, &in) },
		func() error { return s.results(ctx, key, &in) },
		func() (err error) {
			in.Ancestors, in.LostAncestor, err = Ancestors(ctx, s.Reader, release)
			return err
		},
		func() (err error) {
			in.Revoked, err = s.revoked(ctx, release)
			return err
		},
		func() (err error) {
			records, err = RecordsOf(ctx, s.Reader, release)
			return err
		})
	in.Approvals, in.Waivers, in.Determinations = records.Approvals, records.Waivers, records.Determinations
	return in, err
}

// together reads what does not depend on each other at the same time, since an answer of the API server is waited for longer
// than it takes to make. It returns the first error, in the order of the arguments.
func together(reads ...func() error) error {
	errs := make([]error, len(reads))
	var all sync.WaitGroup
	for i, read := range reads {
		all.Go(func() { errs[i] = Contained(read) })
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// Contained calls read, and makes an error of its panic. In a goroutine of its own a panic would end the process, and with it
// what is done for all others; where it was begun it is an error of one reconciliation or request.
func Contained(read func() error) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("reading panicked: %v\n%s", cause, debug.Stack())
		}
	}()
	return read()
}

// governed reads the policy of the input's release, and what the records of its revisions say.
func (s Source) governed(ctx context.Context, in *gate.Input) error {
	policy := &v1alpha1.SafetyPolicy{}
	if err := s.Reader.Get(ctx, types.NamespacedName{Name: in.Release.Spec.Policy}, policy); apierrors.IsNotFound(err) {
		return nil
	} else if err != nil {
		return fmt.Errorf("reading SafetyPolicy %s: %w", in.Release.Spec.Policy, err)
	}
	in.Policy = policy
	records, err := s.standing(ctx, policy.Name)
	if err != nil {
		return err
	}
	return Governed(in, records)
}

// results reads the evaluations of a release, and then the findings: an evaluation that is gone by then left its finding before
// it went. The other way round both could be missed.
func (s Source) results(ctx context.Context, key types.NamespacedName, in *gate.Input) (err error) {
	evaluations := &v1alpha1.SafetyEvaluationList{}
	if err := s.Reader.List(ctx, evaluations, client.InNamespace(key.Namespace), client.MatchingFields{ByRelease: key.Name}); err != nil {
		return fmt.Errorf("listing evaluations of %s: %w", key, err)
	}
	findings := &v1alpha1.AdverseFindingList{}
	if err := s.Reader.List(ctx, findings); err != nil {
		return fmt.Errorf("listing findings: %w", err)
	}
	in.Evaluations, in.Findings = evaluations.Items, findings.Items
	in.Sightings, err = s.sightings(ctx, in.Evaluations)
	return err
}

// Ancestors reads what a release was made from, its parent first, and names the first that cannot be followed: it does
// not exist, comes round again, or is further away than [gate.MaxAncestors]. Any other error is returned.
func Ancestors(ctx context.Context, reader client.Reader, release *v1alpha1.ModelRelease) (all []v1alpha1.ModelRelease, lost string, err error) {
	seen := map[string]bool{release.Name: true}
	for from := release.Spec.DerivedFrom; from != nil; from = all[len(all)-1].Spec.DerivedFrom {
		if seen[from.Release] || len(all) == gate.MaxAncestors {
			return all, from.Release, nil
		}
		seen[from.Release] = true
		key, parent := types.NamespacedName{Namespace: release.Namespace, Name: from.Release}, &v1alpha1.ModelRelease{}
		if err := reader.Get(ctx, key, parent); apierrors.IsNotFound(err) {
			return all, from.Release, nil
		} else if err != nil {
			return all, "", fmt.Errorf("reading ModelRelease %s, which %s was made from: %w", key, release.Name, err)
		}
		all = append(all, *parent)
	}
	return all, "", nil
}

// revoked finds every revoked release in the cluster that has an artifact of this one. There are few that are revoked.
func (s Source) revoked(ctx context.Context, release *v1alpha1.ModelRelease) ([]v1alpha1.ModelRelease, error) {
	var all []v1alpha1.ModelRelease
	// One that becomes graver meanwhile is in one of the lists.
	for _, severity := range []v1alpha1.RevocationSeverity{v1alpha1.RevocationAdvisory, v1alpha1.RevocationCritical} {
		list := &v1alpha1.ModelReleaseList{}
		if err := s.Reader.List(ctx, list, client.MatchingFields{ByRevocation: string(severity)}); err != nil {
			return nil, fmt.Errorf("listing revoked releases: %w", err)
		}
		all = append(all, Sharing(release, list.Items)...)
	}
	return all, nil
}

// Sharing are those of the releases that are revoked and have an artifact of this one.
func Sharing(release *v1alpha1.ModelRelease, releases []v1alpha1.ModelRelease) []v1alpha1.ModelRelease {
	digests := map[v1alpha1.Digest]bool{}
	for i := range release.Spec.Artifacts {
		digests[release.Spec.Artifacts[i].Digest] = true
	}
	var all []v1alpha1.ModelRelease
	for i := range releases {
		if releases[i].Spec.Revocation != nil && slices.ContainsFunc(releases[i].Spec.Artifacts, func(a v1alpha1.Artifact) bool { return digests[a.Digest] }) {
			all = append(all, releases[i])
		}
	}
	return all
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

// Revocation is the key of a release in the index [ByRevocation]: the severity of its revocation. None without one.
func Revocation(r *v1alpha1.ModelRelease) []string {
	if r.Spec.Revocation == nil {
		return nil
	}
	return []string{string(r.Spec.Revocation.Severity)}
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
