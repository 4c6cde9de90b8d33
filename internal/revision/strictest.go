// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package revision

import (
	"cmp"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// Enforced is the policy that is enforced while one is pending: current where inForce is nil, and else current with what
// [Strictest] makes of both. It is nil where current is. Neither is changed.
func Enforced(current, inForce *v1alpha1.SafetyPolicy) *v1alpha1.SafetyPolicy {
	if current == nil || inForce == nil {
		return current
	}
	both := current.DeepCopy()
	both.Spec = *Strictest(&current.Spec, &inForce.Spec)
	return both
}

// Strictest is a copy of a in which everything that is enforced beside decisions is the stricter of a and b:
//
//   - exposures[].maxReplicas: the lesser, by name. The list itself stays that of a: what b does not have b does not grant.
//   - companions and trustedMutators: those that both have; a companion of two images is none.
//   - onUncleared: Deny where one says so. enforceAfter: the earlier day.
//   - clearanceSeconds, lapse.graceDays, lapse.advisoryGraceSeconds, removals.evictSeconds and fallback.waitSeconds: the lesser.
//   - removals.maxUnavailablePercent and maxPercentPerHour: the greater, and no limit where one has none.
//   - lapse.then: Evict where one says so. fallback.release: none where they name different ones.
//
// What a leaves to its preset and b does not lower stays left out. Everything else is a's: decisions are made under both
// texts, and need no third one.
func Strictest(a, b *v1alpha1.SafetyPolicySpec) *v1alpha1.SafetyPolicySpec {
	s := a.DeepCopy()
	for i := range s.Exposures {
		x := &s.Exposures[i]
		if other := named(b.Exposures, x.Name, exposureName); other != nil {
			x.MaxReplicas = lesser(x.MaxReplicas, other.MaxReplicas, boundless)
		}
	}
	s.Companions = slices.DeleteFunc(s.Companions, func(c v1alpha1.Companion) bool { return !slices.Contains(b.Companions, c) })
	s.TrustedMutators = slices.DeleteFunc(s.TrustedMutators, func(name string) bool { return !slices.Contains(b.TrustedMutators, name) })
	if b.OnUncleared == v1alpha1.DenyUncleared {
		s.OnUncleared = b.OnUncleared
	}
	s.EnforceAfter = earlier(a.EnforceAfter, b.EnforceAfter)
	s.ClearanceSeconds = lesser(a.ClearanceSeconds, b.ClearanceSeconds, defaultClearanceSeconds)
	s.Lapse, s.Removals, s.Fallback = strictestLapse(lapseOf(a), lapseOf(b)), strictestRemovals(removalsOf(a), removalsOf(b)),
		strictestFallback(fallbackOf(a), fallbackOf(b))
	return s
}

func strictestLapse(a, b v1alpha1.Lapse) *v1alpha1.Lapse {
	evict := v1alpha1.LapseEvict
	return &v1alpha1.Lapse{
		GraceDays:            lesser(a.GraceDays, b.GraceDays, defaultGraceDays),
		AdvisoryGraceSeconds: lesser(a.AdvisoryGraceSeconds, b.AdvisoryGraceSeconds, defaultAdvisorySeconds),
		Then:                 map[bool]v1alpha1.LapseAction{true: v1alpha1.LapseKeep, false: evict}[cmp.Or(a.Then, evict) != evict && cmp.Or(b.Then, evict) != evict],
	}
}

func strictestRemovals(a, b v1alpha1.Removals) *v1alpha1.Removals {
	return &v1alpha1.Removals{
		MaxUnavailablePercent: greater(a.MaxUnavailablePercent, b.MaxUnavailablePercent, defaultUnavailable),
		EvictSeconds:          lesser(a.EvictSeconds, b.EvictSeconds, defaultEvictSeconds),
		MaxPercentPerHour:     greater(a.MaxPercentPerHour, b.MaxPercentPerHour, boundless),
	}
}

func strictestFallback(a, b v1alpha1.PolicyFallback) *v1alpha1.PolicyFallback {
	f := &v1alpha1.PolicyFallback{Release: a.Release, WaitSeconds: lesser(a.WaitSeconds, b.WaitSeconds, defaultFallbackWait)}
	if a.Release != b.Release {
		f.Release = ""
	}
	return f
}

// lesser is the lesser of two numbers of which nil means preset.
func lesser(a, b *int32, preset int64) *int32 {
	if valued(b, preset) < valued(a, preset) {
		return copied(b)
	}
	return copied(a)
}

func greater(a, b *int32, preset int64) *int32 {
	if valued(b, preset) > valued(a, preset) {
		return copied(b)
	}
	return copied(a)
}

func copied(n *int32) *int32 {
	if n == nil {
		return nil
	}
	return new(*n)
}

// earlier is the earlier of two days of which nil is never.
func earlier(a, b *metav1.Time) *metav1.Time {
	if a == nil || b != nil && b.Before(a) {
		return b.DeepCopy()
	}
	return a.DeepCopy()
}
