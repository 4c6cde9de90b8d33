// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/enforcement"
	"github.com/scalegate/scalegate/internal/revision"
)

// bounded tells whether a policy's limit for an hour counts a removal. A held pod serves nothing.
func bounded(removal enforcement.Removal) bool {
	return !removal.Unlimited && removal.Reason != v1alpha1.ReasonSuperseded
}

// limit takes those removals out of the plan that are beyond what the policy lets be taken away within an hour, and
// says when more may go, from now; 0 when nothing waits. Where what serves cannot be counted everything bounded waits,
// and nothing else does.
func (r *ModelReleaseReconciler) limit(ctx context.Context, c *course) (time.Duration, error) {
	policy := revision.Enforced(c.in.Policy, c.in.InForce)
	if policy == nil || policy.Spec.Removals == nil || policy.Spec.Removals.MaxPercentPerHour == nil ||
		!slices.ContainsFunc(c.plan.Removals, bounded) {
		return 0, nil
	}
	a := allowance{policy: policy.Name, percent: *policy.Spec.Removals.MaxPercentPerHour, now: c.in.Now}
	var err error
	if a.serving, err = r.servingUnder(ctx, policy.Name); err != nil {
		c.plan.Removals = slices.DeleteFunc(c.plan.Removals, bounded)
		return 0, fmt.Errorf("counting what serves under SafetyPolicy %s: %w", policy.Name, err)
	}
	units, of := unitsOf(c.scene.Pods, c.plan.Removals)
	may, again := r.ledger.take(a, units)
	waiting := func(removal enforcement.Removal) bool { return bounded(removal) && !may[of[removal.UID]] }
	if !slices.ContainsFunc(c.plan.Removals, waiting) {
		return 0, nil
	}
	c.plan.Removals = slices.DeleteFunc(c.plan.Removals, waiting)
	c.plan.Reason, c.plan.Message = v1alpha1.ReasonRemovalsLimited, fmt.Sprintf(
		"SafetyPolicy %s lets %d%% of what serves under it be taken away within an hour, and as much was: the rest of what has to go waits, the next until %s",
		policy.Name, a.percent, again.UTC().Format(time.RFC3339))
	return max(again.Sub(c.in.Now), time.Second), nil
}

// unitsOf puts the bounded removals together by the units that their pods serve in, in the order of the plan, and tells
// for each pod which unit it is in.
func unitsOf(pods []enforcement.Pod, removals []enforcement.Removal) (units [][]types.UID, of map[types.UID]int) {
	keys := map[types.UID]string{}
	for _, pod := range pods {
		keys[pod.UID] = unitKey(pod.Unit, pod.UID)
	}
	of = map[types.UID]int{}
	first := map[string]int{}
	for _, removal := range removals {
		if !bounded(removal) {
			continue
		}
		key := keys[removal.UID]
		i, known := first[key]
		if !known {
			i = len(units)
			first[key] = i
			units = append(units, nil)
		}
		units[i] = append(units[i], removal.UID)
		of[removal.UID] = i
	}
	return units, of
}

// unitKey is the same for all pods that count as one: those of a group of known size. Every other pod counts itself.
func unitKey(u enforcement.Unit, pod types.UID) string {
	if u.Size > 0 && u.Key != "" {
		return "unit/" + u.Key
	}
	return "pod/" + string(pod)
}

// servingUnder are the units that serve releases under a policy in namespaces that are enforced, as the caches have
// them, each as its pods.
func (r *ModelReleaseReconciler) servingUnder(ctx context.Context, policy string) ([][]types.UID, error) {
	var releases v1alpha1.ModelReleaseList
	if err := r.List(ctx, &releases, client.MatchingFields{indexReleasePolicy: policy}, client.UnsafeDisableDeepCopy); err != nil {
		return nil, err
	}
	var all [][]types.UID
	for i := range releases.Items {
		units, err := r.servingOf(ctx, client.ObjectKeyFromObject(&releases.Items[i]))
		if err != nil {
			return nil, err
		}
		all = append(all, units...)
	}
	return all, nil
}

// servingOf are the units that serve one release; none where its namespace is not enforced.
func (r *ModelReleaseReconciler) servingOf(ctx context.Context, key types.NamespacedName) ([][]types.UID, error) {
	ns := &metav1.PartialObjectMetadata{}
	ns.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Namespace"))
	if err := r.Get(ctx, types.NamespacedName{Name: key.Namespace}, ns); apierrors.IsNotFound(err) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	if ns.Labels[v1alpha1.LabelGate] != v1alpha1.GateEnforced {
		return nil, nil
	}
	var pods corev1.PodList
	if err := r.List(ctx, &pods, client.InNamespace(key.Namespace), client.MatchingFields{indexClaim: key.Name}, client.UnsafeDisableDeepCopy); err != nil {
		return nil, err
	}
	related := newFamily(r.Client, r.kinds, claims{namespace: ns})
	var units [][]types.UID
	first := map[string]int{}
	for i := range pods.Items {
		pod := &pods.Items[i]
		if held(pod) || gone(pod, r.Now().Time) {
			continue
		}
		u, err := related.of(ctx, pod)
		if err != nil {
			return nil, err
		}
		key := unitKey(u, pod.UID)
		at, known := first[key]
		if !known {
			at = len(units)
			first[key] = at
			units = append(units, nil)
		}
		units[at] = append(units[at], pod.UID)
	}
	return units, nil
}
