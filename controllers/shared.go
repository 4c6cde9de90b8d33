// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// sharedFor is how long a list of revoked releases serves every release that is looked at. It counts as part of the time that
// something may be given in, so that what is given rests on nothing older than before.
const sharedFor = time.Second

// sharing reads live, and lists revoked releases, for which the API server goes through all that there are, once for several
// releases that are looked at in a short time. What was listed serves only where the cache shows the same: a change that the
// cache tells of, and that may be why a release is looked at, is read anew. The cache alone never serves. Findings are not
// shared: whoever lists them after the evaluations misses none that an evaluation left which is gone by then.
type sharing struct {
	client.Reader
	cache client.Reader
	now   func() time.Time

	mutex sync.Mutex
	// kept are lists by severity.
	kept map[v1alpha1.RevocationSeverity]keptList
	// advised is when the last list of Advisory revocations came.
	advised time.Time
}

type keptList struct {
	list *v1alpha1.ModelReleaseList
	// began is when it was asked for.
	began time.Time
}

// newSharing shares what live lists.
func newSharing(live, cache client.Reader) *sharing {
	return &sharing{Reader: live, cache: cache, now: time.Now, kept: map[v1alpha1.RevocationSeverity]keptList{}}
}

// List implements client.Reader.
func (s *sharing) List(ctx context.Context, list client.ObjectList, opts ...client.ListOption) error {
	revoked, ok := list.(*v1alpha1.ModelReleaseList)
	severity := severityOf(opts)
	if !ok || severity == "" {
		return s.Reader.List(ctx, list, opts...)
	}
	var shown v1alpha1.ModelReleaseList
	// It is only compared.
	if err := s.cache.List(ctx, &shown, append(slices.Clone(opts), client.UnsafeDisableDeepCopy)...); err != nil {
		return err
	}
	if kept := s.serve(severity); kept != nil && maps.Equal(generations(kept.Items), generations(shown.Items)) {
		kept.DeepCopyInto(revoked)
		return nil
	}
	began := s.now()
	if err := s.Reader.List(ctx, list, opts...); err != nil {
		return err
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if came := s.now(); severity == v1alpha1.RevocationAdvisory && came.After(s.advised) {
		s.advised = came
	}
	if began.After(s.kept[severity].began) {
		s.kept[severity] = keptList{list: revoked.DeepCopy(), began: began}
	}
	return nil
}

// serve is what was listed a moment ago; nil for nothing. What became Critical after the Advisory ones were listed is in a later
// list of the Critical ones, and in no earlier one.
func (s *sharing) serve(severity v1alpha1.RevocationSeverity) *v1alpha1.ModelReleaseList {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	kept, known := s.kept[severity]
	if !known || s.now().Sub(kept.began) >= sharedFor || severity == v1alpha1.RevocationCritical && kept.began.Before(s.advised) {
		return nil
	}
	return kept.list
}

// severityOf is of which revocations a list of releases asks for, and for no more than that; empty for another list.
func severityOf(opts []client.ListOption) v1alpha1.RevocationSeverity {
	options := (&client.ListOptions{}).ApplyOptions(opts)
	if options.Namespace != "" || options.LabelSelector != nil || options.Limit != 0 || options.Continue != "" ||
		options.FieldSelector == nil || len(options.FieldSelector.Requirements()) != 1 {
		return ""
	}
	severity, _ := options.FieldSelector.RequiresExactMatch(indexReleaseRevocation)
	return v1alpha1.RevocationSeverity(severity)
}

// generations leave the status out, which says nothing about a revocation.
func generations(releases []v1alpha1.ModelRelease) map[types.UID]int64 {
	all := make(map[types.UID]int64, len(releases))
	for i := range releases {
		all[releases[i].UID] = releases[i].Generation
	}
	return all
}
