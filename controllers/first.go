// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/clearance"
	"github.com/scalegate/scalegate/internal/enforcement"
	"github.com/scalegate/scalegate/internal/gate"
)

// A Critical revocation refuses every exposure, whatever else there is: no evidence, approval or change of policy outweighs
// it, and no limit of an hour or fallback is waited for. So what it takes away is decided by it alone, and is taken before the
// rest is read that the decision, its record and the status need: the live reads are of the release, and of the one that is
// revoked if that is another. What else the plan rests on is not stale to anybody's loss. The policy and the gate of the
// namespace say whether there is anything to enforce: the gate is taken from the answer to the write that withdraws the
// clearance. A pod that the cache does not show yet is found by what follows, which is as for every other change.

// early is what a Critical revocation took before the rest was read. The zero value is nothing.
type early struct {
	// withdrew: the clearance is gone; it was the value of the annotation, empty where there was none.
	withdrew bool
	was      string
	// removals are the pods that were taken, and pods how these were.
	removals []enforcement.Removal
	pods     map[types.UID]corev1.Pod
	// release is whose they were.
	release *v1alpha1.ModelRelease
}

// takeEarly takes what a Critical revocation takes. What goes wrong is tried again by what follows.
func (r *ModelReleaseReconciler) takeEarly(ctx context.Context, c *course) early {
	if !revokedCritically(&c.in) || c.decision.GrantedExposure != "" || c.plan.GivesMore() {
		return early{}
	}
	urgent := slices.DeleteFunc(slices.Clone(c.plan.Removals), func(removal enforcement.Removal) bool {
		return !removal.Critical() || removal.Evict
	})
	if len(urgent) == 0 {
		return early{}
	}
	ctx, span := r.Tracer.Start(ctx, "close")
	took, err := r.takeRevoked(ctx, c, urgent)
	span.End(err)
	if err != nil {
		log.FromContext(ctx).Error(err, "Taking what is revoked at once; it is tried again")
	}
	return took
}

func (r *ModelReleaseReconciler) takeRevoked(ctx context.Context, c *course, urgent []enforcement.Removal) (early, error) {
	if still, err := r.stillRevoked(ctx, c); err != nil || !still {
		return early{}, err
	}
	took := early{was: c.present.namespace.Annotations[clearance.Key(c.key.Name)], pods: map[types.UID]corev1.Pod{}, release: c.in.Release}
	governed, err := r.withdraw(ctx, c.key)
	if took.withdrew = err == nil; !took.withdrew {
		err = fmt.Errorf("withdrawing the clearance of %s: %w", c.key, err)
		// The answer would have said what the gate is. A read says so where no write is answered.
		ns, unread := namespaceMetadata(ctx, r.Live, c.key.Namespace)
		if unread != nil || ns == nil {
			return took, errors.Join(err, unread)
		}
		governed = ns.Labels[v1alpha1.LabelGate]
	}
	if governed != v1alpha1.GateEnforced {
		return took, err
	}
	var did done
	err = errors.Join(err, r.removeAll(ctx, c.key.Namespace, urgent, &did))
	took.removals = did.removals
	for _, removal := range took.removals {
		took.pods[removal.UID] = corev1.Pod{}
	}
	for i := range c.present.pods {
		if pod := &c.present.pods[i]; took.took(pod.UID) {
			took.pods[pod.UID] = *pod
		}
	}
	return took, err
}

// stillRevoked tells whether the release is revoked as the cache shows it, or the one of the same artifacts is that is.
func (r *ModelReleaseReconciler) stillRevoked(ctx context.Context, c *course) (bool, error) {
	by := gate.Revoking(c.in.Release, c.in.Revoked)
	if by == nil {
		return false, nil
	}
	for _, shown := range slices.Compact([]*v1alpha1.ModelRelease{c.in.Release, by}) {
		live := &v1alpha1.ModelRelease{}
		if err := r.Live.Get(ctx, client.ObjectKeyFromObject(shown), live); apierrors.IsNotFound(err) {
			return false, nil
		} else if err != nil {
			return false, fmt.Errorf("reading ModelRelease %s live: %w", client.ObjectKeyFromObject(shown), err)
		}
		if live.UID != shown.UID || live.Generation != shown.Generation {
			return false, nil
		}
	}
	return by.Spec.Revocation.Severity == v1alpha1.RevocationCritical, nil
}

// revokedCritically tells whether the release of the input is, or one whose revocation counts for it; false where there is none.
func revokedCritically(in *gate.Input) bool {
	if in.Release == nil {
		return false
	}
	by := gate.Revoking(in.Release, in.Revoked)
	return by != nil && by.Spec.Revocation.Severity == v1alpha1.RevocationCritical
}

// withdraw takes the clearance of a release away, also one that the cache does not show, and tells what the namespace's gate is.
func (r *ModelReleaseReconciler) withdraw(ctx context.Context, key types.NamespacedName) (gate string, err error) {
	ctx, cancel := context.WithTimeout(ctx, rememberTime)
	defer cancel()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: key.Namespace}}
	err = r.patch(ctx, ns, types.MergePatchType, annotated(clearance.Key(key.Name), nil))
	return ns.Labels[v1alpha1.LabelGate], err
}

// restore puts the clearance back into the namespace as it was read since, so that the decision, its record and the status
// tell of what stood. One that is there again is withdrawn again, and where the revocation was taken back since none stands.
func (e *early) restore(ns *metav1.PartialObjectMetadata, release string, revoked bool) {
	key := clearance.Key(release)
	if ns == nil || !e.withdrew {
		return
	}
	if _, again := ns.Annotations[key]; again || !revoked {
		e.withdrew = false
	} else if e.was != "" {
		metav1.SetMetaDataAnnotation(&ns.ObjectMeta, key, e.was)
	}
}

// served are pods that were read since, with those that were taken as they were.
func (e *early) served(pods []corev1.Pod) []corev1.Pod {
	all := slices.DeleteFunc(pods, func(p corev1.Pod) bool { return e.took(p.UID) })
	for _, removal := range e.removals {
		all = append(all, e.pods[removal.UID])
	}
	return all
}

// took tells whether a pod was taken.
func (e *early) took(pod types.UID) bool {
	_, took := e.pods[pod]
	return took
}

// less takes out of a plan what is done already.
func (e *early) less(plan *enforcement.Plan) {
	if e.withdrew && plan.Clearance.Write == "" {
		plan.Clearance.Withdraw = false
	}
	plan.Removals = slices.DeleteFunc(plan.Removals, func(r enforcement.Removal) bool { return e.took(r.UID) })
}

// announceEarly tells of what was taken where nothing follows.
func (r *ModelReleaseReconciler) announceEarly(c *course) {
	if len(c.early.removals) > 0 {
		r.announceDone(c.early.release, done{removals: c.early.removals})
	}
}
