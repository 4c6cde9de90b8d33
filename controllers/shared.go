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

// sharedFor is how long what was listed of the whole cluster serves every release that is looked at. It counts as part of the
// time that something may be given in, so that what is given rests on nothing older than before.
const sharedFor = time.Second

// sharing reads live, and lists findings and revoked releases, which are those of the whole cluster whatever the release, once
// for several that are looked at in a short time. Otherwise each of ten thousand releases that are decided in a row would
// have the API server go through all the others. What was listed serves only where the cache shows the same: a change that
// the cache tells of, and that may be why a release is looked at, is read anew. The cache alone never serves.
type sharing struct {
	client.Reader
	cache client.Reader
	now   func() time.Time

	mutex sync.Mutex
	kept  map[string]keptList
}

type keptList struct {
	list client.ObjectList
	at   time.Time
}

// newSharing shares what live lists.
func newSharing(live, cache client.Reader) *sharing {
	return &sharing{Reader: live, cache: cache, now: time.Now, kept: map[string]keptList{}}
}

// List implements client.Reader.
func (s *sharing) List(ctx context.Context, list client.ObjectList, opts ...client.ListOption) error {
	key := clusterWide(list, opts)
	if key == "" {
		return s.Reader.List(ctx, list, opts...)
	}
	shown, ok := list.DeepCopyObject().(client.ObjectList)
	if !ok {
		return s.Reader.List(ctx, list, opts...)
	}
	// It is only compared.
	if err := s.cache.List(ctx, shown, append(slices.Clone(opts), client.UnsafeDisableDeepCopy)...); err != nil {
		return err
	}
	if s.serve(key, list, shown) {
		return nil
	}
	at := s.now()
	if err := s.Reader.List(ctx, list, opts...); err != nil {
		return err
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if at.After(s.kept[key].at) {
		if fresh, ok := list.DeepCopyObject().(client.ObjectList); ok {
			s.kept[key] = keptList{list: fresh, at: at}
		}
	}
	return nil
}

// serve fills a list with what was listed a moment ago, if the cache shows the same.
func (s *sharing) serve(key string, list, shown client.ObjectList) bool {
	s.mutex.Lock()
	kept, known := s.kept[key]
	s.mutex.Unlock()
	if !known || s.now().Sub(kept.at) >= sharedFor {
		return false
	}
	switch from := kept.list.(type) {
	case *v1alpha1.AdverseFindingList:
		to, ok := list.(*v1alpha1.AdverseFindingList)
		is, same := shown.(*v1alpha1.AdverseFindingList)
		if !ok || !same || !maps.Equal(versions(from.Items, findingVersion), versions(is.Items, findingVersion)) {
			return false
		}
		from.DeepCopyInto(to)
	case *v1alpha1.ModelReleaseList:
		to, ok := list.(*v1alpha1.ModelReleaseList)
		is, same := shown.(*v1alpha1.ModelReleaseList)
		if !ok || !same || !maps.Equal(versions(from.Items, releaseVersion), versions(is.Items, releaseVersion)) {
			return false
		}
		from.DeepCopyInto(to)
	default:
		return false
	}
	return true
}

// clusterWide names a list that is the same whatever the release; empty for another.
func clusterWide(list client.ObjectList, opts []client.ListOption) string {
	options := (&client.ListOptions{}).ApplyOptions(opts)
	if options.Namespace != "" || options.LabelSelector != nil || options.Limit != 0 || options.Continue != "" {
		return ""
	}
	switch list.(type) {
	case *v1alpha1.AdverseFindingList:
		if options.FieldSelector == nil {
			return "findings"
		}
	case *v1alpha1.ModelReleaseList:
		if options.FieldSelector == nil {
			return ""
		}
		if severity, exact := options.FieldSelector.RequiresExactMatch(indexReleaseRevocation); exact {
			return "revoked " + severity
		}
	}
	return ""
}

func findingVersion(f *v1alpha1.AdverseFinding) (types.UID, string) { return f.UID, f.ResourceVersion }

// releaseVersion leaves the status out, which says nothing about a revocation.
func releaseVersion(r *v1alpha1.ModelRelease) (types.UID, string) { return r.UID, generation(r) }

func versions[T any](items []T, version func(*T) (types.UID, string)) map[types.UID]string {
	all := make(map[types.UID]string, len(items))
	for i := range items {
		uid, v := version(&items[i])
		all[uid] = v
	}
	return all
}
