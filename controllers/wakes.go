// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/clearance"
	"github.com/scalegate/scalegate/internal/gate"
	"github.com/scalegate/scalegate/internal/gathering"
)

// wakes finds what a changed object concerns.
type wakes struct {
	reader client.Reader
}

// handler turns a way to find concerned objects into an event handler. A list that fails wakes
// nobody now and is logged; it reads the cache, which fails only while it starts or stops.
func (w wakes) handler(concerned func(context.Context, client.Object) ([]types.NamespacedName, error)) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, o client.Object) []reconcile.Request {
		names, err := concerned(ctx, o)
		if err != nil {
			log.FromContext(ctx).Error(err, "Finding what an object concerns", "object", client.ObjectKeyFromObject(o))
			return nil
		}
		requests := make([]reconcile.Request, len(names))
		for i, name := range names {
			requests[i] = reconcile.Request{NamespacedName: name}
		}
		return requests
	})
}

func (w wakes) evaluationsOfRelease(ctx context.Context, o client.Object) ([]types.NamespacedName, error) {
	return w.evaluations(ctx, client.InNamespace(o.GetNamespace()), client.MatchingFields{indexEvaluationRelease: o.GetName()})
}

func (w wakes) evaluationsInConfigMap(ctx context.Context, o client.Object) ([]types.NamespacedName, error) {
	return w.evaluations(ctx, client.InNamespace(o.GetNamespace()), client.MatchingFields{indexEvaluationReport: o.GetName()})
}

// evaluationsOfSuite are those that run a suite, in every namespace.
func (w wakes) evaluationsOfSuite(ctx context.Context, o client.Object) ([]types.NamespacedName, error) {
	return w.evaluations(ctx, client.MatchingFields{indexEvaluationSuite: o.GetName()})
}

// evaluationsOfLMEvalJob are those whose result an LMEvalJob has.
func (w wakes) evaluationsOfLMEvalJob(ctx context.Context, p *parent) []types.NamespacedName {
	names, err := w.evaluations(ctx, client.InNamespace(p.Namespace), client.MatchingFields{indexEvaluationLMEval: p.Name})
	if err != nil {
		log.FromContext(ctx).Error(err, "Finding what an object concerns", "object", client.ObjectKeyFromObject(p))
	}
	return names
}

func (w wakes) evaluationsUnderPolicy(ctx context.Context, o client.Object) ([]types.NamespacedName, error) {
	releases, err := w.releasesUnderPolicy(ctx, o)
	if err != nil {
		return nil, err
	}
	var all []types.NamespacedName
	for _, release := range releases {
		names, err := w.evaluations(ctx, client.InNamespace(release.Namespace), client.MatchingFields{indexEvaluationRelease: release.Name})
		if err != nil {
			return nil, err
		}
		all = append(all, names...)
	}
	return all, nil
}

func (w wakes) releasesUnderPolicy(ctx context.Context, o client.Object) ([]types.NamespacedName, error) {
	return w.releases(ctx, client.MatchingFields{indexReleasePolicy: o.GetName()})
}

// releasesUnderRevision are those under the policy that a PolicyRevision is of.
func (w wakes) releasesUnderRevision(ctx context.Context, o client.Object) ([]types.NamespacedName, error) {
	record, ok := o.(*v1alpha1.PolicyRevision)
	if !ok {
		return nil, fmt.Errorf("%T is not a revision", o)
	}
	return w.releases(ctx, client.MatchingFields{indexReleasePolicy: record.Spec.Policy})
}

// releasesOfFinding are those that have one of the finding's artifacts, in any namespace, and those that were made from
// them: what stands against a release counts for these while they have no result of their own.
func (w wakes) releasesOfFinding(ctx context.Context, o client.Object) ([]types.NamespacedName, error) {
	finding, ok := o.(*v1alpha1.AdverseFinding)
	if !ok {
		return nil, fmt.Errorf("%T is not a finding", o)
	}
	var all []types.NamespacedName
	for _, a := range finding.Spec.Artifacts {
		names, err := w.releases(ctx, client.MatchingFields{indexReleaseArtifact: string(a.Digest)})
		if err != nil {
			return nil, err
		}
		all = append(all, names...)
	}
	return w.withDescendants(ctx, all)
}

// releasesOfRelease are those that another one concerns: those that were made from it, and where it is revoked those with
// the same weights. Both what it was and what it has become are asked about, so that a revocation that is taken back wakes
// them too.
func (w wakes) releasesOfRelease(ctx context.Context, o client.Object) ([]types.NamespacedName, error) {
	release, ok := o.(*v1alpha1.ModelRelease)
	if !ok {
		return nil, fmt.Errorf("%T is not a release", o)
	}
	all, err := w.withDescendants(ctx, []types.NamespacedName{client.ObjectKeyFromObject(release)})
	if err != nil {
		return nil, err
	}
	// The release itself is woken by its own change.
	all = all[1:]
	artifacts := gate.ModelArtifacts(release)
	if release.Spec.Revocation == nil || len(artifacts) == 0 {
		return all, nil
	}
	// Whoever has all of them has the first. Its namespace is not asked about here, since its reach may have changed.
	sharing, err := w.releases(ctx, client.MatchingFields{indexReleaseArtifact: string(artifacts[0].Digest)})
	return append(all, sharing...), err
}

// withDescendants adds those that were made from the releases, those that were made from these, and so on. The names come
// first, as they were given.
func (w wakes) withDescendants(ctx context.Context, names []types.NamespacedName) ([]types.NamespacedName, error) {
	all := slices.Clone(names)
	known := sets.New(names...)
	for next := names; len(next) > 0; {
		var born []types.NamespacedName
		for _, name := range next {
			children, err := w.releases(ctx, client.InNamespace(name.Namespace), client.MatchingFields{indexReleaseParent: name.Name})
			if err != nil {
				return nil, err
			}
			for _, child := range children {
				if !known.Has(child) {
					known.Insert(child)
					born = append(born, child)
				}
			}
		}
		all = append(all, born...)
		next = born
	}
	return all, nil
}

// releasesOfNamespace are those in a Namespace, and those that are not and still have a clearance there or are claimed by pods.
func (w wakes) releasesOfNamespace(ctx context.Context, o client.Object) ([]types.NamespacedName, error) {
	all, err := w.releases(ctx, client.InNamespace(o.GetName()))
	if err != nil {
		return nil, err
	}
	for key := range o.GetAnnotations() {
		if release, ok := clearance.Release(key); ok {
			all = append(all, types.NamespacedName{Namespace: o.GetName(), Name: release})
		}
	}
	known := sets.New(all...)
	var pods corev1.PodList
	// Only labels are looked at.
	if err := w.reader.List(ctx, &pods, client.InNamespace(o.GetName()), client.UnsafeDisableDeepCopy); err != nil {
		return all, err
	}
	for i := range pods.Items {
		name := types.NamespacedName{Namespace: o.GetName(), Name: claimed(&pods.Items[i])}
		if name.Name != "" && !known.Has(name) {
			known.Insert(name)
			all = append(all, name)
		}
	}
	return all, nil
}

func (w wakes) everyRelease(ctx context.Context, _ client.Object) ([]types.NamespacedName, error) {
	return w.releases(ctx)
}

// releasesOfEvaluation are the release that an evaluation is about, and those that have evidence from the same file or
// run: who submitted it first, and for what, counts for all of them.
func (w wakes) releasesOfEvaluation(ctx context.Context, o client.Object) ([]types.NamespacedName, error) {
	e, ok := o.(*v1alpha1.SafetyEvaluation)
	if !ok {
		return nil, fmt.Errorf("%T is not an evaluation", o)
	}
	all := []types.NamespacedName{{Namespace: e.Namespace, Name: e.Spec.Subject.Release}}
	for _, key := range gathering.Files(e) {
		list := &v1alpha1.SafetyEvaluationList{}
		if err := w.reader.List(ctx, list, client.MatchingFields{indexEvaluationFile: key}); err != nil {
			return nil, err
		}
		for i := range list.Items {
			if other := &list.Items[i]; other.UID != e.UID {
				all = append(all, types.NamespacedName{Namespace: other.Namespace, Name: other.Spec.Subject.Release})
			}
		}
	}
	return all, nil
}

// releaseClaimed is the release that a pod, or what makes pods, claims.
func (w wakes) releaseClaimed(_ context.Context, o client.Object) ([]types.NamespacedName, error) {
	if release := claimed(o); release != "" {
		return []types.NamespacedName{{Namespace: o.GetNamespace(), Name: release}}, nil
	}
	return nil, nil
}

// releasesOfStatefulSet are those that a StatefulSet serves, and those that its pods claim: a pod of an older revision may
// stand in the way of the next.
func (w wakes) releasesOfStatefulSet(ctx context.Context, o client.Object) ([]types.NamespacedName, error) {
	all, err := w.releasesServed(ctx, o)
	if err != nil {
		return nil, err
	}
	var pods corev1.PodList
	if err := w.reader.List(ctx, &pods, client.InNamespace(o.GetNamespace()), client.MatchingFields{indexOwner: string(o.GetUID())}); err != nil {
		return nil, err
	}
	for i := range pods.Items {
		name := types.NamespacedName{Namespace: o.GetNamespace(), Name: claimed(&pods.Items[i])}
		if name.Name != "" && !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all, nil
}

// releasesOfCustom are the releases that an object of a custom kind serves; where it changes what running pods answer
// with, those of such pods too. A pod that comes later wakes its release itself.
func (w wakes) releasesOfCustom(ctx context.Context, p *parent) []types.NamespacedName {
	all, claimedErr := w.withFallingBack(ctx, p.Namespace, p.releases...)
	names, err := w.releasesReached(ctx, p)
	if err := errors.Join(claimedErr, err); err != nil {
		log.FromContext(ctx).Error(err, "Finding what an object concerns", "object", client.ObjectKeyFromObject(p))
	}
	return append(all, names...)
}

// releasesReached are those of the pods that an object selects, or all that may have such pods where it does not say
// which: it cannot be read, or names an InferencePool.
func (w wakes) releasesReached(ctx context.Context, p *parent) ([]types.NamespacedName, error) {
	where := []client.ListOption{client.InNamespace(p.Namespace)}
	selector := p.pool
	if d := p.drift; d != nil {
		if d.everywhere {
			where = nil
		}
		if d.unreadable != "" || d.targets.Pool != "" {
			return w.releases(ctx, where...)
		}
		selector = d.targets.Selector
	}
	if selector == nil {
		return nil, nil
	}
	var pods corev1.PodList
	if err := w.reader.List(ctx, &pods, append(where, client.MatchingLabelsSelector{Selector: selector})...); err != nil {
		return nil, err
	}
	found := sets.New[types.NamespacedName]()
	for i := range pods.Items {
		if release := claimed(&pods.Items[i]); release != "" {
			found.Insert(types.NamespacedName{Namespace: pods.Items[i].Namespace, Name: release})
		}
	}
	return found.UnsortedList(), nil
}

// evaluations lists those about which something may still change; what was measured, or is over, does not.
func (w wakes) evaluations(ctx context.Context, opts ...client.ListOption) ([]types.NamespacedName, error) {
	list := &v1alpha1.SafetyEvaluationList{}
	// They are only looked at.
	if err := w.reader.List(ctx, list, append(opts, client.UnsafeDisableDeepCopy)...); err != nil {
		return nil, err
	}
	var names []types.NamespacedName
	for i := range list.Items {
		if !gate.Ended(&list.Items[i]) {
			names = append(names, client.ObjectKeyFromObject(&list.Items[i]))
		}
	}
	return names, nil
}

func (w wakes) releases(ctx context.Context, opts ...client.ListOption) ([]types.NamespacedName, error) {
	list := &v1alpha1.ModelReleaseList{}
	// Only names are taken from them.
	if err := w.reader.List(ctx, list, append(opts, client.UnsafeDisableDeepCopy)...); err != nil {
		return nil, err
	}
	names := make([]types.NamespacedName, len(list.Items))
	for i := range list.Items {
		names[i] = client.ObjectKeyFromObject(&list.Items[i])
	}
	return names, nil
}
