// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/clearance"
	"github.com/scalegate/scalegate/internal/gate"
	"github.com/scalegate/scalegate/internal/gathering"
)

// finder finds the releases that an object concerns.
type finder = func(context.Context, client.Object) ([]types.NamespacedName, error)

// gathers is how long what concerns many releases waits for more of the kind: a change of a policy, its record, and that it
// comes into force are decided about once.
const gathers = 250 * time.Millisecond

// gathered is as handler, for what concerns many releases at once: each of several changes in a row is not looked at by
// itself, and of an object that changed only what it concerns now is asked, since that follows from its name.
func (w wakes) gathered(find finder) handler.EventHandler {
	enqueue := func(ctx context.Context, o client.Object, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) {
		names, err := find(ctx, o)
		if err != nil {
			log.FromContext(ctx).Error(err, "Finding what an object concerns", "object", client.ObjectKeyFromObject(o))
		}
		for _, name := range names {
			queue.AddAfter(reconcile.Request{NamespacedName: name}, gathers)
		}
	}
	return handler.Funcs{
		CreateFunc: func(ctx context.Context, e event.CreateEvent, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			enqueue(ctx, e.Object, queue)
		},
		UpdateFunc: func(ctx context.Context, e event.UpdateEvent, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			enqueue(ctx, e.ObjectNew, queue)
		},
		DeleteFunc: func(ctx context.Context, e event.DeleteEvent, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			enqueue(ctx, e.Object, queue)
		},
	}
}

// losing are those found that lose something by a change, as far as the caches show. now is the clock.
func (w wakes) losing(find finder, now func() metav1.Time) finder {
	return func(ctx context.Context, o client.Object) ([]types.NamespacedName, error) {
		all, err := find(ctx, o)
		if err != nil {
			return nil, err
		}
		var less []types.NamespacedName
		for _, key := range all {
			if w.loses(ctx, key, now().Time) {
				less = append(less, key)
			}
		}
		return less, nil
	}
}

// loses tells whether the decision about a release grants less than its status says, or finds something. What cannot be
// decided here may be, also where that panics: it would end the process here, and on a lane it is an error of one release.
func (w wakes) loses(ctx context.Context, key types.NamespacedName, now time.Time) (may bool) {
	defer func() {
		if recover() != nil {
			may = true
		}
	}()
	release := &v1alpha1.ModelRelease{}
	if err := w.reader.Get(ctx, key, release); err != nil {
		return client.IgnoreNotFound(err) != nil
	}
	granted, withdrawal := release.Status.GrantedExposure, release.Status.Withdrawal
	if granted == "" && (withdrawal == nil || withdrawal.EnforcedTime != nil) {
		return false
	}
	in, err := gathering.Source{Reader: w.reader, Cache: w.reader}.Input(ctx, key, now)
	if err != nil {
		return true
	}
	d := gate.Decide(in)
	return len(d.NewFindings) > 0 ||
		granted != "" && (d.GrantedExposure == "" || rank(in.Policy, d.GrantedExposure) < rank(in.Policy, granted))
}

// ofClearances wakes the releases whose clearances in a namespace were changed, and those that wait there for room where
// some became free.
func (w wakes) ofClearances() handler.EventHandler {
	return handler.Funcs{UpdateFunc: func(ctx context.Context, e event.UpdateEvent, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) {
		before, after := e.ObjectOld.GetAnnotations(), e.ObjectNew.GetAnnotations()
		for _, name := range clearedOtherwise(before, after) {
			queue.Add(reconcile.Request{NamespacedName: types.NamespacedName{Namespace: e.ObjectNew.GetName(), Name: name}})
		}
		if clearance.Size(after) >= clearance.Size(before) {
			return
		}
		waiting, err := w.releases(ctx, client.InNamespace(e.ObjectNew.GetName()), client.MatchingFields{indexReleaseSpace: waitsForSpace})
		if err != nil {
			log.FromContext(ctx).Error(err, "Finding what waits for room in a namespace", "namespace", e.ObjectNew.GetName())
		}
		for _, name := range waiting {
			queue.Add(reconcile.Request{NamespacedName: name})
		}
	}}
}

// clearedOtherwise are the releases of which the clearance differs.
func clearedOtherwise(before, after map[string]string) []string {
	var names []string
	for key, value := range after {
		if name, is := clearance.Release(key); is && before[key] != value {
			names = append(names, name)
		}
	}
	for key := range before {
		if name, is := clearance.Release(key); is {
			if _, still := after[key]; !still {
				names = append(names, name)
			}
		}
	}
	return names
}

// waitsForSpace is the key in the index of releases whose clearance has no room in their namespace.
const waitsForSpace = "waits"

// releaseSpace indexes the releases that wait for room among the clearances of their namespace.
func releaseSpace(r *v1alpha1.ModelRelease) []string {
	if reasonOf(r.Status, v1alpha1.ConditionEnforced) != v1alpha1.ReasonClearanceSpaceExhausted {
		return nil
	}
	return []string{waitsForSpace}
}
