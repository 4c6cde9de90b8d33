// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
	"github.com/scalegate/scalegate/internal/safeguards"
)

// polls keep what is read on a period, for all releases that need it. The zero value has read nothing, and several may use
// it at a time.
type polls struct {
	rights       shelf[safeguards.Rights]
	inhabitants  shelf[safeguards.Inhabitants]
	claims       shelf[map[string]corev1.PersistentVolumeClaim]
	classes      shelf[sets.Set[string]]
	clusterRoles shelf[safeguards.Rights]
}

// shelf keeps what was read last, by namespace; empty for the cluster.
type shelf[T any] struct {
	mutex sync.Mutex
	kept  map[string]*kept[T]
}

type kept[T any] struct {
	mutex sync.Mutex
	value T
	at    time.Time
}

// asking is what is asked of a shelf.
type asking struct {
	key string
	now time.Time
	// age is how old an answer may be.
	age time.Duration
	// kept: what is kept has to do. Nothing is read, and nothing waited for.
	kept bool
}

// get gives what was read last, where that is not too old, or reads it now; others that ask for the same wait for it. Where
// it cannot be read, it is what was read last for a while, and stale; nil when nothing is known.
func (s *shelf[T]) get(ctx context.Context, a asking, read func(context.Context) (T, error)) (value *T, stale bool) {
	k := s.of(a)
	if a.kept {
		return k.last(a.now)
	}
	k.mutex.Lock()
	defer k.mutex.Unlock()
	if age := a.now.Sub(k.at); !k.at.IsZero() && age < a.age {
		return new(k.value), false
	}
	v, err := read(ctx)
	if err == nil {
		k.value, k.at = v, a.now
		return new(v), false
	}
	log.FromContext(ctx).Error(err, "Looking at a safeguard", "namespace", a.key)
	if k.at.IsZero() || a.now.Sub(k.at) >= staleTime {
		return nil, true
	}
	return new(k.value), true
}

// last is what was read last, as long as it means something; nil and stale where there is none, or it is being read.
func (k *kept[T]) last(now time.Time) (value *T, stale bool) {
	if !k.mutex.TryLock() {
		return nil, true
	}
	defer k.mutex.Unlock()
	if k.at.IsZero() || now.Sub(k.at) >= staleTime {
		return nil, true
	}
	return new(k.value), false
}

// of finds the place of a key, and forgets what nobody asked for in a long time.
func (s *shelf[T]) of(a asking) *kept[T] {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if k := s.kept[a.key]; k != nil {
		return k
	}
	if s.kept == nil {
		s.kept = map[string]*kept[T]{}
	}
	for key, k := range s.kept {
		if k.mutex.TryLock() {
			if a.now.Sub(k.at) > 2*staleTime {
				delete(s.kept, key)
			}
			k.mutex.Unlock()
		}
	}
	s.kept[a.key] = &kept[T]{}
	return s.kept[a.key]
}

// poll reads what no event tells, as far as it is asked for, in the namespace that is asked about and, of what belongs to
// none, everywhere.
func (r *ModelReleaseReconciler) poll(ctx context.Context, o *observation, wants func(v1alpha1.SafeguardType) bool, here asking) {
	everywhere := here
	everywhere.key = ""
	if wants(v1alpha1.SafeguardNoTenantExec) {
		cluster, old := r.polls.clusterRoles.get(ctx, everywhere, r.readClusterRights)
		rights, older := r.polls.rights.get(ctx, here, func(ctx context.Context) (safeguards.Rights, error) { return r.readRights(ctx, here.key) })
		if o.stale = o.stale || old || older; cluster != nil && rights != nil {
			rights.ClusterRoles, rights.ClusterRoleBindings = cluster.ClusterRoles, cluster.ClusterRoleBindings
			o.scene.Rights = rights
		}
	}
	if wants(v1alpha1.SafeguardDedicatedNamespace) {
		var stale bool
		o.scene.Inhabitants, stale = r.polls.inhabitants.get(ctx, here, func(ctx context.Context) (safeguards.Inhabitants, error) { return r.readInhabitants(ctx, here.key) })
		o.stale = o.stale || stale
	}
	if wants(v1alpha1.SafeguardEncryptedStorage) {
		classes, old := r.polls.classes.get(ctx, everywhere, r.readClasses)
		claims, older := r.polls.claims.get(ctx, here, func(ctx context.Context) (map[string]corev1.PersistentVolumeClaim, error) {
			return r.readClaims(ctx, here.key)
		})
		if o.stale = o.stale || old || older; classes != nil && claims != nil {
			o.scene.Storage = &safeguards.Storage{Claims: *claims, Classes: *classes}
		}
	}
}

// period is how often is looked at what no event tells.
func (r *ModelReleaseReconciler) period() time.Duration {
	if r.SafeguardPeriod > 0 {
		return r.SafeguardPeriod
	}
	return DefaultSafeguardPeriod
}

// pollAge is how old may be what is polled. It is less than the time after which is looked again, so that then it is read.
func (r *ModelReleaseReconciler) pollAge(reader client.Reader, in *gate.Input) time.Duration {
	age := r.period()
	for _, s := range in.Release.Status.Safeguards {
		if polled(s.Type) && s.State != v1alpha1.SafeguardInPlace {
			age = r.period() / brokenPart
		}
	}
	for _, w := range in.Release.Status.Workloads {
		if w.Reason == v1alpha1.ReasonSafeguardNotInPlace {
			age = r.period() / brokenPart
		}
	}
	age = age * 9 / 10
	if reader == r.Live {
		return min(age, openingAge)
	}
	return age
}

// pollAgain is when to look again at what no event tells; 0 where there is nothing of that kind.
func (r *ModelReleaseReconciler) pollAgain(o observation, d gate.Decision) time.Duration {
	var again time.Duration
	if o.stale || o.sentry != nil && o.sentry.waits {
		again = r.period() / brokenPart
	}
	for _, a := range o.answers {
		switch {
		case !polled(a.Check.Type):
		case a.State == v1alpha1.SafeguardInPlace || !o.needs(d, a.Requirement):
			again = sooner(again, r.period())
		default:
			again = sooner(again, r.period()/brokenPart)
		}
	}
	return again
}

// pageSize is how many objects a page of a list has.
const pageSize = 500

// everyPage lists page by page, and tells of each.
func everyPage[L client.ObjectList](ctx context.Context, reader client.Reader, list L, each func(L), opts ...client.ListOption) error {
	for next := ""; ; {
		if err := reader.List(ctx, list, append([]client.ListOption{client.Limit(pageSize), client.Continue(next)}, opts...)...); err != nil {
			return err
		}
		each(list)
		if next = list.GetContinue(); next == "" {
			return nil
		}
	}
}

func (r *ModelReleaseReconciler) readClusterRights(ctx context.Context) (all safeguards.Rights, err error) {
	err = everyPage(ctx, r.Live, &rbacv1.ClusterRoleList{}, func(l *rbacv1.ClusterRoleList) {
		all.ClusterRoles = append(all.ClusterRoles, l.Items...)
	})
	if err != nil {
		return all, err
	}
	return all, everyPage(ctx, r.Live, &rbacv1.ClusterRoleBindingList{}, func(l *rbacv1.ClusterRoleBindingList) {
		all.ClusterRoleBindings = append(all.ClusterRoleBindings, l.Items...)
	})
}

func (r *ModelReleaseReconciler) readRights(ctx context.Context, namespace string) (all safeguards.Rights, err error) {
	err = everyPage(ctx, r.Live, &rbacv1.RoleList{}, func(l *rbacv1.RoleList) {
		all.Roles = append(all.Roles, l.Items...)
	}, client.InNamespace(namespace))
	if err != nil {
		return all, err
	}
	return all, everyPage(ctx, r.Live, &rbacv1.RoleBindingList{}, func(l *rbacv1.RoleBindingList) {
		all.RoleBindings = append(all.RoleBindings, l.Items...)
	}, client.InNamespace(namespace))
}

// readInhabitants lists the pods that have not ended.
func (r *ModelReleaseReconciler) readInhabitants(ctx context.Context, namespace string) (safeguards.Inhabitants, error) {
	all := safeguards.Inhabitants{}
	return all, everyPage(ctx, r.Live, &corev1.PodList{}, func(l *corev1.PodList) {
		for i := range l.Items {
			if pod := &l.Items[i]; !over(pod) {
				all[pod.Name] = pod.Labels[v1alpha1.LabelRelease]
			}
		}
	}, client.InNamespace(namespace))
}

func (r *ModelReleaseReconciler) readClaims(ctx context.Context, namespace string) (map[string]corev1.PersistentVolumeClaim, error) {
	all := map[string]corev1.PersistentVolumeClaim{}
	return all, everyPage(ctx, r.Live, &corev1.PersistentVolumeClaimList{}, func(l *corev1.PersistentVolumeClaimList) {
		for i := range l.Items {
			all[l.Items[i].Name] = l.Items[i]
		}
	}, client.InNamespace(namespace))
}

func (r *ModelReleaseReconciler) readClasses(ctx context.Context) (sets.Set[string], error) {
	all := sets.New[string]()
	return all, everyPage(ctx, r.Live, &storagev1.StorageClassList{}, func(l *storagev1.StorageClassList) {
		for i := range l.Items {
			all.Insert(l.Items[i].Name)
		}
	})
}
