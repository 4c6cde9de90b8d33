// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package enforcement_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/enforcement"
	"github.com/scalegate/scalegate/internal/fixture"
)

// opening is which pods of a scene are opened; by name.
type opening struct {
	scene enforcement.Scene
	want  []string
}

func (test opening) check(t *testing.T) {
	t.Helper()
	var want []enforcement.PodRef
	for _, name := range test.want {
		want = append(want, ref(name))
	}
	if diff := cmp.Diff(want, enforcement.For(test.scene, granting("General")).Opens); diff != "" {
		t.Errorf("opens (-want +got):\n%s", diff)
	}
}

func TestUnits(t *testing.T) {
	// Evaluation has a ceiling of 2, General none.
	leader := func(name, unit string, modifiers ...func(*enforcement.Pod)) func(*enforcement.Scene) {
		return pod(name, "Evaluation", matching, append(modifiers, inUnit(unit, 4))...)
	}
	worker := func(name, unit string, modifiers ...func(*enforcement.Pod)) func(*enforcement.Scene) {
		return pod(name, "Evaluation", unnaming, append(modifiers, inUnit(unit, 4))...)
	}
	for sentence, test := range map[string]opening{
		"a group counts once below the ceiling": {
			scene(leader("a0", "a", held), worker("a1", "a", held), leader("b0", "b", held), worker("b1", "b", held), leader("c0", "c", held)),
			[]string{"a0", "a1", "b0", "b1"},
		},
		"a group that serves takes one place": {
			scene(leader("a0", "a"), worker("a1", "a"), leader("b0", "b", held), leader("c0", "c", held)), []string{"b0"},
		},
		"a pod that comes to a group that serves takes no place": {
			scene(leader("a0", "a"), leader("b0", "b"), worker("a1", "a", held), worker("b1", "b", held), leader("c0", "c", held)),
			[]string{"a1", "b1"},
		},
		"a pod that comes to a group that serves and differs stays held": {
			scene(leader("a0", "a"), pod("a1", "Evaluation", differing, held, inUnit("a", 4))), nil,
		},
		"one that differs keeps its whole group from starting": {
			scene(leader("a0", "a", held), pod("a1", "Evaluation", differing, held, inUnit("a", 4)), leader("b0", "b", held)), []string{"b0"},
		},
		"one that was not examined keeps its whole group from starting": {
			scene(leader("a0", "a", held), pod("a1", "Evaluation", unexamined, held, inUnit("a", 4))), nil,
		},
		"a worker waits for a leader that names the model": {
			scene(worker("a1", "a", held), worker("a2", "a", held)), nil,
		},
		"a leader that runs names the model for the workers that come": {
			scene(leader("a0", "a"), worker("a1", "a", held)), []string{"a1"},
		},
		"the leader of another group names nothing": {
			scene(leader("a0", "a"), worker("b1", "b", held)), nil,
		},
		"a leader that is gone names nothing": {
			scene(leader("a0", "a", gone), worker("a1", "a", held)), nil,
		},
		"a leader of another exposure is of another group": {
			scene(pod("a0", "General", matching, inUnit("a", 4)), worker("a1", "a", held)), nil,
		},
		"a pod by itself has nobody to name the model for it": {
			scene(pod("a", "Evaluation", unnaming, held), pod("b", "Evaluation", matching, held)), []string{"b"},
		},
		"where nothing is counted, a group has as many as come": {
			scene(pod("a0", "General", matching, inUnit("a", 1)), pod("a1", "General", matching, held, inUnit("a", 1))), []string{"a1"},
		},
		"the group whose first pod is older comes first": {
			scene(leader("a0", "a", held, made(fixture.Day(3))), worker("a1", "a", held, made(fixture.Day(3))),
				leader("b0", "b", held, made(fixture.Day(2))), worker("b1", "b", held, made(fixture.Day(4))), leader("c0", "c")),
			[]string{"b0", "b1"},
		},
	} {
		t.Run(sentence, test.check)
	}
}

// Under a ceiling, no more pods serve as one than the size of their group.
func TestUnitsBySize(t *testing.T) {
	unsized := func(name, unit string, modifiers ...func(*enforcement.Pod)) func(*enforcement.Scene) {
		return pod(name, "Evaluation", matching, append(modifiers, inUnit(unit, 0))...)
	}
	for sentence, test := range map[string]opening{
		"more pods than a group has do not hide in it": {
			scene(pod("a0", "Evaluation", matching, inUnit("a", 2)), pod("a1", "Evaluation", matching, held, inUnit("a", 2)),
				pod("a2", "Evaluation", matching, held, inUnit("a", 2))), []string{"a1"},
		},
		"where nothing says how many pods a group has, each takes a place": {
			scene(unsized("a0", "a"), unsized("b0", "b", held), unsized("b1", "b", held), unsized("c0", "c", held)), []string{"c0"},
		},
		"a group of no known size starts together where all of it has a place": {
			scene(unsized("a0", "a", held), unsized("a1", "a", held), unsized("b0", "b", held)), []string{"a0", "a1"},
		},
		"a pod that comes to a group of no known size takes a place": {
			scene(unsized("a0", "a"), unsized("a1", "a", held), unsized("a2", "a", held)), []string{"a1"},
		},
		"a group of no known size that is more than all places stays held": {
			scene(unsized("a0", "a", held), unsized("a1", "a", held), unsized("a2", "a", held)), nil,
		},
		"where more serve than there are places, none comes": {
			scene(unsized("a0", "a"), unsized("a1", "a"), unsized("a2", "a"), unsized("a3", "a", held), pod("b0", "Evaluation", matching, held)), nil,
		},
	} {
		t.Run(sentence, test.check)
	}
}

// What is told of groups: why their pods wait.
func TestUnitsTell(t *testing.T) {
	group := func(name, unit string, v enforcement.Verdict) func(*enforcement.Scene) {
		return pod(name, "Evaluation", v, held, inUnit(unit, 2), owned("LeaderWorkerSet", "set"))
	}
	for sentence, test := range map[string]struct {
		scene               enforcement.Scene
		wantReason, wantMsg string
	}{
		"no place for another group": {
			scene(group("a", "a", matching), group("b", "b", matching), group("c", "c", matching)), v1alpha1.ReasonAboveCeiling,
			"exposure Evaluation allows 2 groups of pods of one release: ask for less, or for an exposure that allows more",
		},
		"no place for all of a group that says no size": {
			scene(pod("a", "Evaluation", matching, owned("RayCluster", "set")),
				pod("b", "Evaluation", matching, held, inUnit("b", 0), owned("RayCluster", "set")),
				pod("c", "Evaluation", matching, held, inUnit("b", 0), owned("RayCluster", "set"))), v1alpha1.ReasonAboveCeiling,
			"exposure Evaluation allows 2 pods of one release: ask for less, or for an exposure that allows more",
		},
		"nobody names the model": {
			scene(group("a", "a", unnaming)), v1alpha1.ReasonWorkloadMismatch, unnaming.Unnamed,
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			got := enforcement.For(test.scene, granting("General")).Workloads
			if len(got) != 1 || got[0].Reason != test.wantReason || got[0].Message != test.wantMsg {
				t.Errorf("workloads = %+v", got)
			}
		})
	}
}

func TestRemovalsOfSuperseded(t *testing.T) {
	next := enforcement.Rollout{Revision: "s-2"}
	superseded := func(name string) enforcement.Removal {
		return enforcement.Removal{PodRef: ref(name), Reason: v1alpha1.ReasonSuperseded, Unlimited: true,
			Message: "the pod never ran, and its StatefulSet waits for it before it rolls the next revision out"}
	}
	for sentence, test := range map[string]removing{
		"a held pod of an older revision stands in the way": {
			scene(rolling(next), pod("a", "General", differing, held, ofRevision("s", "s-1", 0))), granting("General"),
			[]enforcement.Removal{superseded("a")},
		},
		"also where nothing is granted": {
			scene(rolling(next), pod("a", "General", unexamined, held, ofRevision("s", "s-1", 0))), refusing(v1alpha1.ReasonEvidenceMissing),
			[]enforcement.Removal{superseded("a")},
		},
		"also where the release is gone": {
			enforcement.Scene{Now: now(), ReleaseName: "m1", Namespace: scene().Namespace, Rollouts: scene(rolling(next)).Rollouts,
				Pods: scene(pod("a", "", unexamined, held, ofRevision("s", "s-1", 0))).Pods},
			refusing(v1alpha1.ReasonEvidenceMissing), []enforcement.Removal{superseded("a")},
		},
		"one that is opened now will be ready": {
			scene(rolling(next), pod("a", "General", matching, held, ofRevision("s", "s-1", 0))), granting("General"), nil,
		},
		"one that runs is the StatefulSet's to replace": {
			scene(rolling(next), pod("a", "General", differing, ofRevision("s", "s-1", 0))), granting("General"), nil,
		},
		"one of the present revision waits": {
			scene(rolling(next), pod("a", "General", differing, held, ofRevision("s", "s-2", 0))), granting("General"), nil,
		},
		"one below the partition is to be of the older revision": {
			scene(rolling(enforcement.Rollout{Revision: "s-2", Partition: 2}), pod("a", "General", differing, held, ofRevision("s", "s-1", 1)),
				pod("b", "General", differing, held, ofRevision("s", "s-1", 2))), granting("General"),
			[]enforcement.Removal{superseded("b")},
		},
		"while the StatefulSet is held, the older revision is the one that may run": {
			scene(rolling(enforcement.Rollout{Revision: "s-2", Held: true}), pod("a", "General", differing, held, ofRevision("s", "s-1", 0))),
			granting("General"), nil,
		},
		"a StatefulSet that does not say its revision yet": {
			scene(rolling(enforcement.Rollout{}), pod("a", "General", differing, held, ofRevision("s", "s-1", 0))), granting("General"), nil,
		},
		"a pod of no revision": {
			scene(rolling(next), pod("a", "General", differing, held, ofRevision("s", "", 0))), granting("General"), nil,
		},
		"a pod of another StatefulSet": {
			scene(rolling(next), pod("a", "General", differing, held, ofRevision("x", "x-1", 0))), granting("General"), nil,
		},
		"a pod that is gone": {
			scene(rolling(next), pod("a", "General", differing, held, gone, ofRevision("s", "s-1", 0))), granting("General"), nil,
		},
		"where the namespace is only audited": {
			scene(rolling(next), gated(v1alpha1.GateAudited), pod("a", "General", differing, held, ofRevision("s", "s-1", 0))), granting("General"), nil,
		},
	} {
		t.Run(sentence, test.check)
	}
}
