// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package enforcement_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/enforcement"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
)

// allowing sets the ceiling of Evaluation.
func allowing(n int32) func(*enforcement.Scene) {
	return func(s *enforcement.Scene) { s.Policy.Spec.Exposures[0].MaxReplicas = &n }
}

// started gives a pod its node.
func started(day int) func(*enforcement.Pod) {
	return func(p *enforcement.Pod) { p.Started = fixture.Day(day) }
}

// adrift is a pod of a group of which an owner is not seen.
func adrift(p *enforcement.Pod) { p.Adrift = true }

// several are pods of one owner, named by it and a number, each made a day after the one before.
func several(kind, owner string, n int, modifiers ...func(*enforcement.Pod)) func(*enforcement.Scene) {
	return func(s *enforcement.Scene) {
		for i := range n {
			name := fmt.Sprintf("%s%d", owner, i)
			pod(name, "Evaluation", matching, append([]func(*enforcement.Pod){made(fixture.Day(2 + i)), owned(kind, owner)}, modifiers...)...)(s)
		}
	}
}

// A free place goes to the workload that has the fewest.
func TestPlacesAreSharedFairly(t *testing.T) {
	late := func(p *enforcement.Pod) { p.Created = fixture.Day(20) }
	for sentence, test := range map[string]opening{
		"one that asks for many does not keep a later one waiting": {
			scene(allowing(3), several("StatefulSet", "big", 9, held), several("StatefulSet", "small", 1, held, late)),
			[]string{"big0", "big1", "small0"},
		},
		"three get one each in turn": {
			scene(allowing(4), several("StatefulSet", "a", 3, held), several("Job", "b", 3, held), several("DaemonSet", "c", 3, held)),
			[]string{"a0", "b0", "c0", "a1"},
		},
		"who has fewer comes first": {
			scene(allowing(4), several("StatefulSet", "a", 2), several("StatefulSet", "b", 1), pod("a9", "Evaluation", matching, held, owned("StatefulSet", "a")),
				pod("b9", "Evaluation", matching, held, late, owned("StatefulSet", "b"))), []string{"b9"},
		},
		"who has as many waits its turn by age": {
			scene(allowing(1), several("StatefulSet", "b", 1, held), several("StatefulSet", "a", 1, held, late)), []string{"b0"},
		},
		"what belongs to one workload in the end counts as one": {
			scene(allowing(2), within("j1", "JobSet", "js"), within("j2", "JobSet", "js"), several("Job", "j1", 1, held), several("Job", "j2", 1, held),
				several("StatefulSet", "s", 1, held, late)), []string{"j10", "s0"},
		},
		"one that cannot be opened keeps its workload from nothing": {
			scene(allowing(1), pod("a0", "Evaluation", differing, held, owned("StatefulSet", "a")),
				pod("a1", "Evaluation", matching, held, late, owned("StatefulSet", "a"))), []string{"a1"},
		},
		"groups take their turn as pods do": {
			scene(allowing(2), several("StatefulSet", "a", 3, held, inUnit("", 0)),
				pod("g0", "Evaluation", matching, held, late, inUnit("g", 2), owned("LeaderWorkerSet", "g")),
				pod("g1", "Evaluation", unnaming, held, late, inUnit("g", 2), owned("LeaderWorkerSet", "g"))), []string{"a0", "g0", "g1"},
		},
		"a pod of a group that serves comes though nothing is free": {
			scene(allowing(1), several("StatefulSet", "a", 1, held), pod("g0", "Evaluation", matching, inUnit("g", 2)), pod("g1", "Evaluation", matching, held, late, inUnit("g", 2))),
			[]string{"g1"},
		},
		"a group without a size that serves grows by one in its turn": {
			scene(allowing(4), several("StatefulSet", "s", 2, held, late), pod("g0", "Evaluation", matching, inUnit("g", 0), owned("RayCluster", "g")),
				several("RayCluster", "g", 4, held, inUnit("g", 0)), func(s *enforcement.Scene) {
					s.Pods = slices.DeleteFunc(s.Pods, func(p enforcement.Pod) bool { return p.Name == "g0" && p.Held })
				}),
			[]string{"g1", "s0", "s1"},
		},
		"a larger ceiling opens exactly the difference": {
			scene(allowing(5), several("StatefulSet", "a", 2), several("StatefulSet", "b", 9, held)), []string{"b0", "b1", "b2"},
		},
	} {
		t.Run(sentence, test.check)
	}
}

// shrunk is an eviction of what is above the ceiling of Evaluation.
func shrunk(name string, ceiling int) enforcement.Removal {
	return enforcement.Removal{PodRef: ref(name), Reason: v1alpha1.ReasonAboveCeiling, Evict: true, Message: fmt.Sprintf(
		"exposure Evaluation allows %d of one release to serve, and more do: the newest goes, and what replaces it is held", ceiling)}
}

// A ceiling that was lowered takes the difference, the newest first.
func TestRemovalsAboveTheCeiling(t *testing.T) {
	// The release was cleared on Day(1).
	stands := cleared(counted("General"))
	group := func(name, unit string, size int32, day int) func(*enforcement.Scene) {
		return pod(name, "Evaluation", matching, made(fixture.Day(day)), inUnit(unit, size), owned("LeaderWorkerSet", "set"))
	}
	for sentence, test := range map[string]removing{
		"the newest goes, and of four one at a time": {
			scene(stands, allowing(2), several("StatefulSet", "a", 4)), granting("General"), []enforcement.Removal{shrunk("a3", 2)},
		},
		"of five two at a time, of whatever workload": {
			scene(stands, allowing(2), several("StatefulSet", "a", 3), several("Job", "b", 2)), granting("General"),
			[]enforcement.Removal{shrunk("a2", 2), shrunk("b1", 2)},
		},
		"of eight of one workload two at a time": {
			scene(stands, allowing(2), several("StatefulSet", "a", 8)), granting("General"), []enforcement.Removal{shrunk("a7", 2), shrunk("a6", 2)},
		},
		"no more than the difference": {
			scene(stands, allowing(4), several("StatefulSet", "a", 3), several("Job", "b", 2)), granting("General"), []enforcement.Removal{shrunk("a2", 4)},
		},
		"a group goes whole": {
			scene(stands, allowing(1), group("a0", "a", 2, 2), group("a1", "a", 2, 2), group("b0", "b", 2, 3), group("b1", "b", 2, 3)), granting("General"),
			[]enforcement.Removal{shrunk("b0", 1), shrunk("b1", 1)},
		},
		"a group is as old as its first pod": {
			scene(stands, allowing(1), group("a0", "a", 2, 2), group("a1", "a", 2, 9), group("b0", "b", 2, 3)), granting("General"),
			[]enforcement.Removal{shrunk("b0", 1)},
		},
		"one that takes more than the difference stays where another fits": {
			scene(stands, allowing(3), pod("a", "Evaluation", matching), group("b0", "b", 0, 3), group("b1", "b", 0, 3), group("b2", "b", 0, 3)), granting("General"),
			[]enforcement.Removal{shrunk("a", 3)},
		},
		"one that takes more goes whole where none fits": {
			scene(stands, allowing(2), group("b0", "b", 0, 3), group("b1", "b", 0, 3), group("b2", "b", 0, 3)), granting("General"),
			[]enforcement.Removal{shrunk("b0", 2), shrunk("b1", 2), shrunk("b2", 2)},
		},
		"what is held stays, however much there is": {
			scene(stands, allowing(2), several("StatefulSet", "a", 2), several("StatefulSet", "b", 5, held)), granting("General"), nil,
		},
		"what is gone does not count": {
			scene(stands, allowing(2), several("StatefulSet", "a", 2), several("StatefulSet", "b", 1, gone)), granting("General"), nil,
		},
		"what got its node before the release was cleared stays": {
			scene(stands, allowing(2), several("StatefulSet", "a", 4, started(0))), granting("General"), nil,
		},
		"what waited longer than that and then got its node goes": {
			scene(stands, allowing(1), pod("a", "Evaluation", matching, made(fixture.Day(0)), started(2)), pod("b", "Evaluation", matching, made(fixture.Day(-1)), started(2))),
			granting("General"), []enforcement.Removal{shrunk("a", 1)},
		},
		"what names an owner that is not seen is not counted, and stays": {
			scene(stands, allowing(2), several("StatefulSet", "a", 2), several("StatefulSet", "w", 3, adrift)), granting("General"), nil,
		},
		"and keeps nothing else that is too much": {
			scene(stands, allowing(2), several("StatefulSet", "a", 3), several("StatefulSet", "w", 3, adrift)), granting("General"),
			[]enforcement.Removal{shrunk("a2", 2)},
		},
		"nothing without a clearance":         {scene(allowing(2), several("StatefulSet", "a", 4)), granting("General"), nil},
		"nothing where no ceiling is":         {scene(stands, pod("a", "General", matching), pod("b", "General", matching)), granting("General"), nil},
		"nothing where the policy is gone":    {scene(stands, several("StatefulSet", "a", 4), func(s *enforcement.Scene) { s.Policy = nil }), granting("General"), nil},
		"nothing where it is not granted":     {scene(stands, allowing(2), several("StatefulSet", "a", 4)), refusing(v1alpha1.ReasonEvidenceExpired), nil},
		"nothing where nothing was decided":   {scene(stands, allowing(2), several("StatefulSet", "a", 4)), gate.Decision{}, nil},
		"nothing where it is only audited":    {scene(stands, allowing(2), several("StatefulSet", "a", 4), gated(v1alpha1.GateAudited)), granting("General"), nil},
		"nothing while the guards are absent": {scene(stands, allowing(2), several("StatefulSet", "a", 4), withheld), granting("General"), nil},
	} {
		t.Run(sentence, test.check)
	}
}

// Pass after pass a lowered ceiling is reached and kept, though each pod that is removed is replaced at once.
func TestShrinkingEnds(t *testing.T) {
	s := scene(cleared(counted("General")), allowing(3), several("StatefulSet", "a", 5), several("Job", "b", 4), several("DaemonSet", "c", 1))
	oldest := []string{"a0", "b0", "c0"}
	removed := 0
	for pass := range 20 {
		plan := enforcement.For(s, granting("General"))
		if len(plan.Opens) > 0 {
			t.Fatalf("opened %+v above the ceiling", plan.Opens)
		}
		for _, r := range plan.Removals {
			i := slices.IndexFunc(s.Pods, func(p enforcement.Pod) bool { return p.Name == r.Name })
			if s.Pods[i].Held {
				t.Fatalf("removed %s, which is held", r.Name)
			}
			removed++
			owner := s.Pods[i].Owner
			s.Pods = slices.Delete(s.Pods, i, i+1)
			pod(fmt.Sprintf("new%d-%d", pass, removed), "Evaluation", matching, held, made(fixture.Day(50+pass)), func(p *enforcement.Pod) { p.Owner = owner })(&s)
		}
	}
	var left []string
	for _, p := range s.Pods {
		if !p.Held {
			left = append(left, p.Name)
		}
	}
	slices.Sort(left)
	if diff := cmp.Diff(oldest, left); diff != "" || removed != 7 {
		t.Errorf("removed %d, left (-want +got):\n%s", removed, diff)
	}
}

// A group that is removed gets no more pods on its way.
func TestAGroupThatLeavesIsNotOpened(t *testing.T) {
	group := func(name, unit string, day int, modifiers ...func(*enforcement.Pod)) func(*enforcement.Scene) {
		return pod(name, "Evaluation", matching, append(modifiers, made(fixture.Day(day)), inUnit(unit, 2))...)
	}
	plan := enforcement.For(scene(cleared(counted("General")), allowing(1), group("a0", "a", 2), group("a1", "a", 2, held),
		group("b0", "b", 3), group("b1", "b", 3, held)), granting("General"))
	if diff := cmp.Diff([]enforcement.PodRef{ref("a1")}, plan.Opens); diff != "" {
		t.Errorf("opens (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]enforcement.Removal{shrunk("b0", 1)}, plan.Removals); diff != "" {
		t.Errorf("removals (-want +got):\n%s", diff)
	}
}
