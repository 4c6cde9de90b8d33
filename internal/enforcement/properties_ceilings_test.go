// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package enforcement_test

import (
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/types"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/enforcement"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
)

// roomAbove is how much the rollouts of an exposure may have above its ceiling, read from what serves before a plan.
func roomAbove(s enforcement.Scene, exposure string, ceiling int) int {
	sum := 0
	for _, d := range s.Parents {
		var sets []enforcement.ReplicaSet
		for _, rs := range s.ReplicaSets {
			if s.Owners[rs.UID].UID == d.UID && rs.Revision > 0 {
				sets = append(sets, rs)
			}
		}
		slices.SortFunc(sets, func(a, b enforcement.ReplicaSet) int { return int(b.Revision - a.Revision) })
		if len(sets) == 0 || len(sets) > 1 && sets[0].Revision == sets[1].Revision {
			continue
		}
		older := 0
		for _, p := range s.Pods {
			if s.Owners[p.Owner.UID].UID == d.UID && p.Owner.UID != sets[0].UID && p.Exposure == exposure && p.Unit.Key == "" && !p.Held && !p.Gone {
				older++
			}
		}
		sum += min(older, int(d.Surge))
	}
	return min(sum, ceiling)
}

// placesOf are the places that serve at an exposure, by what takes them.
func placesOf(s enforcement.Scene, exposure string) map[string]bool {
	all := map[string]bool{}
	for _, p := range s.Pods {
		if p.Exposure == exposure && !p.Held && !p.Gone {
			all[placeOf(p)] = true
		}
	}
	return all
}

// after is the scene once a plan is carried out.
func after(s enforcement.Scene, plan enforcement.Plan) enforcement.Scene {
	s.Pods = slices.Clone(s.Pods)
	for i, p := range s.Pods {
		if slices.Contains(plan.Opens, refOf(p)) {
			s.Pods[i].Held, s.Pods[i].Started = false, s.Now
		}
		s.Pods[i].Gone = p.Gone || slices.ContainsFunc(plan.Removals, func(r enforcement.Removal) bool { return r.PodRef == refOf(p) })
	}
	return s
}

// checkShrunk: a ceiling takes whole units, the newest, and no more than the difference unless every one is larger.
func checkShrunk(t *testing.T, s enforcement.Scene, plan enforcement.Plan) {
	t.Helper()
	for _, x := range fixture.Policy("rsp").Spec.Exposures {
		gone := map[string]bool{}
		for _, r := range plan.Removals {
			if pod := podOf(t, s, r.PodRef); r.Reason == v1alpha1.ReasonAboveCeiling && pod.Exposure == x.Name {
				gone[group(pod)] = true
			}
		}
		if len(gone) == 0 {
			continue
		}
		allowed := int(*x.MaxReplicas) + roomAbove(s, x.Name, int(*x.MaxReplicas))
		left := after(s, plan)
		if s.Policy == nil || s.Withheld.Reason != "" || len(placesOf(s, x.Name)) <= allowed {
			t.Errorf("%v are removed of %v, of which %d may serve", gone, placesOf(s, x.Name), allowed)
		}
		if len(placesOf(left, x.Name)) < allowed && len(gone) > 1 {
			t.Errorf("%v are removed, and %v of %d are left", gone, placesOf(left, x.Name), allowed)
		}
		for _, p := range s.Pods {
			if gone[group(p)] && !p.Held && !p.Gone && !slices.ContainsFunc(plan.Removals, func(r enforcement.Removal) bool { return r.PodRef == refOf(p) }) {
				t.Errorf("%s stays of a group that is removed", p.Name)
			}
		}
	}
}

// checkFair: of two workloads whose pods wait each by itself at one exposure, the one that got a place below the ceiling had no more
// than the one that got none.
func checkFair(t *testing.T, s enforcement.Scene, plan enforcement.Plan) {
	t.Helper()
	workload := func(p enforcement.Pod) types.UID {
		uid := p.Owner.UID
		for range 10 {
			if up, known := s.Owners[uid]; known {
				uid = up.UID
			}
		}
		return uid
	}
	had, got := map[types.UID]map[string]bool{}, map[types.UID]map[string]bool{}
	for _, p := range s.Pods {
		if p.Exposure != "Evaluation" || p.Gone {
			continue
		}
		w := workload(p)
		if had[w] == nil {
			had[w], got[w] = map[string]bool{}, map[string]bool{}
		}
		switch {
		case !p.Held:
			had[w][placeOf(p)] = true
		case slices.Contains(plan.Opens, refOf(p)):
			got[w][placeOf(p)] = true
		}
	}
	if s.Policy == nil || len(placesOf(after(s, plan), "Evaluation")) > 2 {
		return
	}
	for _, p := range s.Pods {
		waits := p.Exposure == "Evaluation" && p.Held && !p.Gone && p.Unit.Key == "" && p.Verdict == matching && !slices.Contains(plan.Opens, refOf(p))
		for w := range got {
			// What got a place had it in its turn: before its last one it had no more than the one that waits has now.
			mine := len(had[workload(p)]) + len(got[workload(p)])
			if waits && len(got[w]) == 1 && w != workload(p) && len(had[w]) > mine && !joins(s, plan, w) {
				t.Errorf("%s with %d got a place, and %s with %d waits", w, len(had[w]), p.Name, mine)
			}
		}
	}
}

// joins tells whether what a workload got came to a group of several.
func joins(s enforcement.Scene, plan enforcement.Plan, workload types.UID) bool {
	return slices.ContainsFunc(s.Pods, func(p enforcement.Pod) bool {
		return p.Unit.Key != "" && slices.Contains(plan.Opens, refOf(p)) && (p.Owner.UID == workload || s.Owners[p.Owner.UID].UID == workload)
	})
}

// checkDone: once a plan is carried out, and again, until nothing is left to do, what it opened is not removed and what
// it removed is not opened; and that comes to an end.
func checkDone(t *testing.T, s enforcement.Scene, d gate.Decision, plan enforcement.Plan) {
	t.Helper()
	opened := map[types.UID]bool{}
	for range 2 * len(s.Pods) {
		for _, r := range plan.Removals {
			if r.Reason == v1alpha1.ReasonAboveCeiling && opened[r.UID] {
				t.Errorf("%s was opened, and is removed for the ceiling", r.Name)
			}
		}
		for _, o := range plan.Opens {
			opened[o.UID] = true
		}
		s = after(s, plan)
		plan = enforcement.For(s, d)
	}
	if slices.ContainsFunc(plan.Removals, func(r enforcement.Removal) bool { return r.Reason == v1alpha1.ReasonAboveCeiling }) {
		t.Errorf("it does not end: %+v", plan.Removals)
	}
}

// checkCeilings: nothing begins to serve above a ceiling and what rollouts have beyond it, and no group begins in part.
func checkCeilings(t *testing.T, s enforcement.Scene, plan enforcement.Plan) {
	t.Helper()
	served, serving, begun := map[string]map[string]bool{}, map[string]map[string]bool{}, map[string]bool{}
	for _, x := range []map[string]map[string]bool{served, serving} {
		for _, pod := range s.Pods {
			if x[pod.Exposure] == nil {
				x[pod.Exposure] = map[string]bool{}
			}
			if !pod.Held && !pod.Gone {
				x[pod.Exposure][placeOf(pod)] = true
				begun[group(pod)] = true
			}
		}
	}
	for _, open := range plan.Opens {
		pod := podOf(t, s, open)
		serving[pod.Exposure][placeOf(pod)] = true
		for _, other := range s.Pods {
			together := group(other) == group(pod) && other.Held && !other.Gone && other.Unit.Size == 0
			if together && !begun[group(pod)] && !slices.Contains(plan.Opens, refOf(other)) {
				t.Errorf("opened %s without %s, which starts together with it", pod.Name, other.Name)
			}
		}
	}
	for _, x := range fixture.Policy("rsp").Spec.Exposures {
		grew := len(serving[x.Name]) > len(served[x.Name])
		if s.Policy != nil && x.MaxReplicas != nil && grew && len(serving[x.Name]) > int(*x.MaxReplicas)+roomAbove(s, x.Name, int(*x.MaxReplicas)) {
			t.Errorf("%d places of %s are taken", len(serving[x.Name]), x.Name)
		}
	}
}
