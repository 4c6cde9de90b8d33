// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package enforcement_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/enforcement"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
)

func TestLifts(t *testing.T) {
	lift := func(name, mark string) enforcement.Lift {
		return enforcement.Lift{Kind: schema.GroupKind{Group: "apps", Kind: "Deployment"}, Name: name, ResourceVersion: "rv-" + name, Mark: mark}
	}
	for sentence, test := range map[string]struct {
		scene    enforcement.Scene
		decision gate.Decision
		want     []enforcement.Lift
	}{
		"a held Deployment that matches goes on": {
			scene(deployment("a", "General", matching, marked(v1alpha1.HeldResume))), granting("General"), []enforcement.Lift{lift("a", v1alpha1.HeldResume)},
		},
		"one that its author had paused stays paused": {
			scene(deployment("a", "General", matching, marked(v1alpha1.HeldPaused))), granting("General"), []enforcement.Lift{lift("a", v1alpha1.HeldPaused)},
		},
		"one of another kind goes on as its mark says, in the version that was examined": {
			scene(parent("StatefulSet", "a", "General", matching, marked("partition=2"), func(p *enforcement.Parent) { p.Version = "v1" })), granting("General"),
			[]enforcement.Lift{{
				Kind: schema.GroupKind{Group: "apps", Kind: "StatefulSet"}, Version: "v1", Name: "a", ResourceVersion: "rv-a", Mark: "partition=2",
			}},
		},
		"one that does not name an artifact stays held": {
			scene(deployment("a", "General", unnaming, marked(v1alpha1.HeldResume))), granting("General"), nil,
		},
		"one that is not held is left alone": {
			scene(deployment("a", "General", matching)), granting("General"), nil,
		},
		"one that differs stays held": {
			scene(deployment("a", "General", differing, marked(v1alpha1.HeldResume))), granting("General"), nil,
		},
		"one that was not examined stays held": {
			scene(deployment("a", "General", unexamined, marked(v1alpha1.HeldResume))), granting("General"), nil,
		},
		"an examination that did not happen says nothing": {
			scene(deployment("a", "General", unread, marked(v1alpha1.HeldResume))), granting("General"), nil,
		},
		"one whose exposure is not granted stays held": {
			scene(deployment("a", "General", matching, marked(v1alpha1.HeldResume))), granting("Internal"), nil,
		},
		"one of an exposure that the policy does not have stays held": {
			scene(deployment("a", "Genreal", matching, marked(v1alpha1.HeldResume))), granting("General"), nil,
		},
		"one of an exposure with a ceiling goes on: its pods are counted": {
			scene(deployment("a", "Internal", matching, marked(v1alpha1.HeldResume))), granting("General"), []enforcement.Lift{lift("a", v1alpha1.HeldResume)},
		},
		"none goes on where the namespace is only audited": {
			scene(deployment("a", "General", matching, marked(v1alpha1.HeldResume)), gated(v1alpha1.GateAudited)), granting("General"), nil,
		},
		"one goes on where no clearance fits: its pods are opened one by one": {
			scene(deployment("a", "General", matching, marked(v1alpha1.HeldResume)), crowded(0)), granting("General"), []enforcement.Lift{lift("a", v1alpha1.HeldResume)},
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			plan := enforcement.For(test.scene, test.decision)
			if diff := cmp.Diff(test.want, plan.Lifts); diff != "" {
				t.Errorf("lifts (-want +got):\n%s", diff)
			}
			if len(test.want) > 0 && !plan.GivesMore() {
				t.Error("a plan that lifts a hold gives more")
			}
		})
	}
}

func TestOpens(t *testing.T) {
	for sentence, test := range map[string]struct {
		scene    enforcement.Scene
		decision gate.Decision
		want     []string
	}{
		"a held pod that matches is opened, whoever made it": {
			scene(pod("a", "General", matching, held), pod("b", "General", matching, held, owned("StatefulSet", "s"))),
			granting("General"), []string{"a", "b"},
		},
		"the oldest comes first, and the name decides between twins": {
			scene(pod("c", "General", matching, held, made(fixture.Day(2))), pod("b", "General", matching, held),
				pod("a", "General", matching, held, made(fixture.Day(3))), pod("d", "General", matching, held)),
			granting("General"), []string{"b", "d", "c", "a"},
		},
		"one that differs stays held": {
			scene(pod("a", "General", differing, held)), granting("General"), nil,
		},
		"one that was not examined stays held": {
			scene(pod("a", "General", unexamined, held), pod("b", "General", unread, held)), granting("General"), nil,
		},
		"one whose exposure is not granted stays held": {
			scene(pod("a", "General", matching, held)), granting("Internal"), nil,
		},
		"one of an exposure that the policy does not have stays held": {
			scene(pod("a", "Genreal", matching, held)), granting("General"), nil,
		},
		"one that is gone is not opened": {
			scene(pod("a", "General", matching, held, gone)), granting("General"), nil,
		},
		"as many are opened as the ceiling allows": {
			scene(pod("a", "Evaluation", matching, held), pod("b", "Evaluation", matching, held), pod("c", "Evaluation", matching, held)),
			granting("General"), []string{"a", "b"},
		},
		"those that run take their places, however they came to": {
			scene(pod("a", "Evaluation", unexamined), pod("b", "Evaluation", matching, held), pod("c", "Evaluation", matching, held)),
			granting("General"), []string{"b"},
		},
		"those that are gone take none": {
			scene(pod("a", "Evaluation", matching, gone), pod("b", "Evaluation", matching, gone), pod("c", "Evaluation", matching, held)),
			granting("General"), []string{"c"},
		},
		"more than the ceiling allows run, so none is opened": {
			scene(pod("a", "Evaluation", matching), pod("b", "Evaluation", matching), pod("c", "Evaluation", matching),
				pod("d", "Evaluation", matching, held)),
			granting("General"), nil,
		},
		"one that cannot be opened takes no place from one that can": {
			scene(pod("a", "Evaluation", differing, held), pod("b", "Evaluation", matching, held), pod("c", "Evaluation", matching, held)),
			granting("General"), []string{"b", "c"},
		},
		"each exposure has a ceiling of its own": {
			scene(pod("a", "Evaluation", matching), pod("b", "Evaluation", matching), pod("c", "Internal", matching, held),
				pod("d", "Evaluation", matching, held), pod("e", "General", matching, held)),
			granting("General"), []string{"c", "e"},
		},
		"none is opened where the namespace has no gate": {
			scene(pod("a", "General", matching, held), gated("")), granting("General"), nil,
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			plan := enforcement.For(test.scene, test.decision)
			var want []enforcement.PodRef
			for _, name := range test.want {
				want = append(want, ref(name))
			}
			if diff := cmp.Diff(want, plan.Opens); diff != "" {
				t.Errorf("opens (-want +got):\n%s", diff)
			}
			if len(want) > 0 && !plan.GivesMore() {
				t.Error("a plan that opens a pod gives more")
			}
		})
	}
}

// removing is a scene with the pods that are to go.
type removing struct {
	scene    enforcement.Scene
	decision gate.Decision
	want     []enforcement.Removal
}

func (r removing) check(t *testing.T) {
	t.Helper()
	plan := enforcement.For(r.scene, r.decision)
	if diff := cmp.Diff(r.want, plan.Removals); diff != "" {
		t.Errorf("removals (-want +got):\n%s", diff)
	}
	if len(r.want) > 0 && !plan.Takes() {
		t.Error("a plan that removes a pod takes something away")
	}
}

func TestRemovalsByFinding(t *testing.T) {
	finding := func(name string) enforcement.Removal {
		return enforcement.Removal{PodRef: ref(name), Reason: v1alpha1.ReasonAdverseFinding, Message: "attack-success failed"}
	}
	for sentence, test := range map[string]removing{
		"an adverse finding removes what runs": {
			scene(pod("a", "General", unexamined), pod("b", "Internal", unexamined)),
			refusing(v1alpha1.ReasonAdverseFinding, adverse("Internal", "General")), []enforcement.Removal{finding("a"), finding("b")},
		},
		"it leaves the exposures below": {
			scene(pod("a", "General", unexamined), pod("b", "Internal", matching)),
			granting("Internal", adverse("General")), []enforcement.Removal{finding("a")},
		},
		"it leaves an exposure that is refused for what is absent": {
			scene(pod("a", "General", unexamined), pod("b", "Internal", unexamined)),
			refusing(v1alpha1.ReasonAdverseFinding, adverse("General")), []enforcement.Removal{finding("a")},
		},
		"an exposure that the policy does not have, or no longer has, goes when every exposure is refused for it": {
			scene(pod("a", "Genreal", unexamined)),
			refusing(v1alpha1.ReasonAdverseFinding, adverse(exposures()...)), []enforcement.Removal{finding("a")},
		},
		"an exposure that the policy does not have stays while one is refused for another reason": {
			scene(pod("a", "Genreal", unexamined)), refusing(v1alpha1.ReasonAdverseFinding, adverse("Internal", "General")), nil,
		},
		"an exposure that the policy does not have stays while one is granted": {
			scene(pod("a", "Genreal", unexamined)), granting("Internal", adverse("General")), nil,
		},
		"an exposure that is granted stays, whatever else is said of it": {
			scene(pod("a", "General", matching)), granting("General", adverse("General")), nil,
		},
		"a held pod is never removed": {
			scene(pod("a", "General", unexamined, held)), refusing(v1alpha1.ReasonAdverseFinding, adverse("General")), nil,
		},
		"a pod that is gone is not removed again": {
			scene(pod("a", "General", unexamined, gone)), refusing(v1alpha1.ReasonAdverseFinding, adverse("General")), nil,
		},
		"expired evidence removes nothing": {
			scene(pod("a", "General", unexamined)), refusing(v1alpha1.ReasonEvidenceExpired), nil,
		},
		"absent evidence removes nothing": {
			scene(pod("a", "General", unexamined)), refusing(v1alpha1.ReasonEvidenceMissing), nil,
		},
		"a level without safeguards removes nothing": {
			scene(pod("a", "General", unexamined)), refusing(v1alpha1.ReasonLevelUndefined), nil,
		},
		"a missing policy removes nothing": {
			scene(pod("a", "General", unexamined), func(s *enforcement.Scene) { s.Policy = nil }),
			gate.Decide(gate.Input{Now: now(), Release: fixture.Release("m1")}), nil,
		},
		"a finding removes nothing where the namespace is only audited": {
			scene(pod("a", "General", unexamined), gated(v1alpha1.GateAudited)), refusing(v1alpha1.ReasonAdverseFinding, adverse("General")), nil,
		},
	} {
		t.Run(sentence, test.check)
	}
}

func TestRemovalsByIncident(t *testing.T) {
	incident := func(name string) enforcement.Removal {
		return enforcement.Removal{
			PodRef: ref(name), Reason: v1alpha1.ReasonWorkloadMismatch,
			Message: "the pod differs from the cleared owner that it was made from: " + differing.Mismatch,
		}
	}
	owner := replicaSet("rs", "General", matching)
	born := cleared(free(fixture.UID("rs")))
	for sentence, test := range map[string]removing{
		"a pod that differs from its cleared owner is removed": {
			scene(owner, born, pod("a", "General", differing, owned("ReplicaSet", "rs"))), granting("General"), []enforcement.Removal{incident("a")},
		},
		"a pod that differs from an owner whose pods were not born free until now stays": {
			scene(owner, pod("a", "General", differing, owned("ReplicaSet", "rs"))), granting("General"), nil,
		},
		"a pod that is older than the clearance was not born free, so it stays": {
			scene(owner, born, pod("a", "General", differing, made(fixture.Day(0)), owned("ReplicaSet", "rs"))), granting("General"), nil,
		},
		"a pod that differs is removed though its owner is not in the clearance any more": {
			scene(owner, cleared(counted("General")), pod("a", "General", differing, owned("ReplicaSet", "rs"))), granting("General"),
			[]enforcement.Removal{incident("a")},
		},
		"a pod that differs is removed though something else may change pods by now": {
			scene(owner, born, mutatedBy("injector"), pod("a", "General", differing, owned("ReplicaSet", "rs"))), granting("General"),
			[]enforcement.Removal{incident("a")},
		},
		"a pod that matches its cleared owner stays": {
			scene(owner, born, pod("a", "General", matching, owned("ReplicaSet", "rs"))), granting("General"), nil,
		},
		"a pod that was not examined stays": {
			scene(owner, born, pod("a", "General", unexamined, owned("ReplicaSet", "rs")), pod("b", "General", unread, owned("ReplicaSet", "rs"))),
			granting("General"), nil,
		},
		"a held pod that differs from its cleared owner stays held": {
			scene(owner, born, pod("a", "General", differing, held, owned("ReplicaSet", "rs"))), granting("General"), nil,
		},
		"a pod that differs and has no cleared owner stays": {
			scene(owner, born, pod("a", "General", differing), pod("b", "General", differing, owned("ReplicaSet", "other"))),
			granting("General"), nil,
		},
		"a pod whose owner differs as well stays": {
			scene(replicaSet("rs", "General", differing), born, pod("a", "General", differing, owned("ReplicaSet", "rs"))), granting("General"), nil,
		},
		"a pod of an exposure with a ceiling is not born free, so it stays": {
			scene(replicaSet("rs", "Internal", matching), born, pod("a", "Internal", differing, owned("ReplicaSet", "rs"))), granting("General"), nil,
		},
	} {
		t.Run(sentence, test.check)
	}
}
