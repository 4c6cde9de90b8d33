// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package enforcement_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/enforcement"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
)

// status is a workload of the exposure General.
func status(kind, name string, desired, released, held int32) v1alpha1.WorkloadStatus {
	return v1alpha1.WorkloadStatus{
		Kind: kind, Name: name, Exposure: "General", Desired: &desired, Released: &released, Held: &held,
	}
}

// because gives a status a reason and a message.
func because(w v1alpha1.WorkloadStatus, reason, message string) v1alpha1.WorkloadStatus {
	w.Reason, w.Message = reason, message
	return w
}

// claiming gives a status another exposure.
func claiming(exposure string, w v1alpha1.WorkloadStatus) v1alpha1.WorkloadStatus {
	w.Exposure = exposure
	return w
}

// described is a scene with its workloads.
type described struct {
	scene    enforcement.Scene
	decision gate.Decision
	want     []v1alpha1.WorkloadStatus
}

func (d described) check(t *testing.T) {
	t.Helper()
	if diff := cmp.Diff(d.want, enforcement.For(d.scene, d.decision).Workloads); diff != "" {
		t.Errorf("workloads (-want +got):\n%s", diff)
	}
}

func TestWorkloads(t *testing.T) {
	for sentence, test := range map[string]described{
		"the pods of a Deployment's ReplicaSets are its pods": {
			scene(deployment("d", "General", matching), replicaSet("d-1", "General", matching), replicaSet("d-2", "General", differing),
				within("d-1", "Deployment", "d"), within("d-2", "Deployment", "d"),
				pod("a", "General", matching, owned("ReplicaSet", "d-1")), pod("b", "General", differing, held, owned("ReplicaSet", "d-2"))),
			granting("General"),
			[]v1alpha1.WorkloadStatus{because(status("Deployment", "d", 3, 1, 1), v1alpha1.ReasonWorkloadMismatch, differing.Mismatch)},
		},
		"a Deployment that claims another release by now asks for what its ReplicaSets here ask for": {
			scene(replicaSet("d-1", "General", matching, replicas(2)), within("d-1", "Deployment", "d"), pod("a", "General", matching, owned("ReplicaSet", "d-1"))),
			granting("General"), []v1alpha1.WorkloadStatus{status("Deployment", "d", 2, 1, 0)},
		},
		"a ReplicaSet of nobody stands for itself": {
			scene(replicaSet("r", "General", matching, replicas(2)), pod("a", "General", matching, owned("ReplicaSet", "r"))), granting("General"),
			[]v1alpha1.WorkloadStatus{status("ReplicaSet", "r", 2, 1, 0)},
		},
		"other owners ask for as many pods as they have": {
			scene(pod("a", "General", matching, owned("StatefulSet", "s")), pod("b", "General", differing, held, owned("StatefulSet", "s"))),
			granting("General"),
			[]v1alpha1.WorkloadStatus{because(status("StatefulSet", "s", 2, 1, 1), v1alpha1.ReasonWorkloadMismatch, differing.Mismatch)},
		},
		"a StatefulSet asks for what its spec says, and has what there is": {
			scene(parent("StatefulSet", "s", "General", matching), pod("a", "General", matching, owned("StatefulSet", "s"))), granting("General"),
			[]v1alpha1.WorkloadStatus{status("StatefulSet", "s", 3, 1, 0)},
		},
		"pods are told under the highest owner that is known": {
			scene(within("rs", "Deployment", "d"), within("d", "LLMInferenceService", "llm"), pod("a", "General", matching, owned("ReplicaSet", "rs"))),
			granting("General"), []v1alpha1.WorkloadStatus{status("LLMInferenceService", "llm", 0, 1, 0)},
		},
		"what belongs to one workload is summed up, and counted once": {
			scene(parent("Service", "top", "General", unexamined, uncounted),
				deployment("d", "General", matching), within("d", "Service", "top"),
				replicaSet("d-1", "General", matching), within("d-1", "Deployment", "d"), pod("a", "General", matching, owned("ReplicaSet", "d-1")),
				parent("StatefulSet", "s", "General", matching), within("s", "Service", "top"), pod("b", "General", matching, owned("StatefulSet", "s"))),
			granting("General"), []v1alpha1.WorkloadStatus{status("Service", "top", 6, 2, 0)},
		},
		"a kind that does not say how many pods it has has those that there are": {
			scene(parent("RayCluster", "r", "General", unexamined, uncounted), pod("a", "General", matching, owned("RayCluster", "r")),
				pod("b", "General", matching, owned("RayCluster", "r"))),
			granting("General"), []v1alpha1.WorkloadStatus{status("RayCluster", "r", 2, 2, 0)},
		},
		"owners that run in a circle end somewhere": {
			scene(within("a", "Job", "b"), within("b", "Job", "a"), pod("p", "General", matching, owned("Job", "a"))), granting("General"),
			[]v1alpha1.WorkloadStatus{status("Job", "a", 1, 1, 0)},
		},
		"a pod of nobody stands for itself": {
			scene(pod("a", "General", matching)), granting("General"), []v1alpha1.WorkloadStatus{status("Pod", "a", 1, 1, 0)},
		},
		"pods that are gone do not count": {
			scene(pod("a", "General", matching, gone), pod("b", "General", matching, held, gone)), granting("General"), nil,
		},
		"a pod that is opened counts as released": {
			scene(pod("a", "General", matching, held)), granting("General"), []v1alpha1.WorkloadStatus{status("Pod", "a", 1, 1, 0)},
		},
		"they are sorted by kind and name": {
			scene(pod("b", "General", matching), deployment("z", "General", matching), pod("a", "General", matching)), granting("General"),
			[]v1alpha1.WorkloadStatus{
				status("Deployment", "z", 3, 0, 0), status("Pod", "a", 1, 1, 0), status("Pod", "b", 1, 1, 0),
			},
		},
	} {
		t.Run(sentence, test.check)
	}
}

func TestWorkloadsThatAreHeld(t *testing.T) {
	const lower = "it claims exposure General and Internal is granted: lower its label scalegate.dev/exposure, " +
		"or see the release's conditions for what General needs"
	for sentence, test := range map[string]described{
		"held above what is granted": {
			scene(deployment("d", "General", unexamined, marked(v1alpha1.HeldResume))), granting("Internal"),
			[]v1alpha1.WorkloadStatus{because(status("Deployment", "d", 3, 0, 0), v1alpha1.ReasonExposureNotGranted, lower)},
		},
		"held while nothing is granted, for the decision's reason": {
			scene(pod("a", "General", unexamined, held)), refusing(v1alpha1.ReasonEvidenceMissing),
			[]v1alpha1.WorkloadStatus{because(status("Pod", "a", 1, 0, 1), v1alpha1.ReasonEvidenceMissing, "nothing is granted")},
		},
		"held for its template, though no pod is": {
			scene(deployment("d", "General", differing, marked(v1alpha1.HeldResume))), granting("General"),
			[]v1alpha1.WorkloadStatus{because(status("Deployment", "d", 3, 0, 0), v1alpha1.ReasonWorkloadMismatch, differing.Mismatch)},
		},
		"held for the template of what belongs to it": {
			scene(parent("StatefulSet", "s", "General", differing, marked("partition=0")), within("s", "LeaderWorkerSet", "set")), granting("General"),
			[]v1alpha1.WorkloadStatus{because(status("LeaderWorkerSet", "set", 3, 0, 0), v1alpha1.ReasonWorkloadMismatch,
				"its StatefulSet s: "+differing.Mismatch)},
		},
		"held at the ceiling": {
			scene(pod("a", "Evaluation", matching), pod("b", "Evaluation", matching), pod("c", "Evaluation", matching, held)), granting("General"),
			[]v1alpha1.WorkloadStatus{
				claiming("Evaluation", status("Pod", "a", 1, 1, 0)), claiming("Evaluation", status("Pod", "b", 1, 1, 0)),
				claiming("Evaluation", because(status("Pod", "c", 1, 0, 1), v1alpha1.ReasonAboveCeiling,
					"exposure Evaluation allows 2 pods of one release: ask for less, or for an exposure that allows more")),
			},
		},
		"what differs and is not held has no reason": {
			scene(pod("a", "General", differing), deployment("d", "General", differing)), granting("General"),
			[]v1alpha1.WorkloadStatus{status("Deployment", "d", 3, 0, 0), status("Pod", "a", 1, 1, 0)},
		},
		"a hold that is lifted now has no reason": {
			scene(deployment("d", "General", matching, marked(v1alpha1.HeldResume)), deployment("e", "Internal", matching, marked(v1alpha1.HeldResume))),
			granting("General"),
			[]v1alpha1.WorkloadStatus{status("Deployment", "d", 3, 0, 0), claiming("Internal", status("Deployment", "e", 3, 0, 0))},
		},
		"an owner whose kind no status holds is left out for its pod": {
			scene(pod("a", "General", matching, owned(strings.Repeat("K", 64), "x")), pod("b", "General", matching, owned("Kind", strings.Repeat("x", 254)))),
			granting("General"),
			[]v1alpha1.WorkloadStatus{status("Pod", "a", 1, 1, 0), status("Pod", "b", 1, 1, 0)},
		},
	} {
		t.Run(sentence, test.check)
	}
}

func TestWorkloadsAreBounded(t *testing.T) {
	s := scene()
	for i := range 100 {
		pod(fmt.Sprintf("p%03d", i), "General", matching)(&s)
	}
	got := enforcement.For(s, granting("General")).Workloads
	if len(got) != 64 || got[0].Name != "p000" || got[63].Name != "p063" {
		t.Errorf("%d workloads, from %s to %s", len(got), got[0].Name, got[len(got)-1].Name)
	}
}

func TestReasons(t *testing.T) {
	for sentence, test := range map[string]struct {
		scene       enforcement.Scene
		decision    gate.Decision
		wantReason  string
		wantMessage string
	}{
		"all is as decided": {
			scene(deployment("d", "General", matching, marked(v1alpha1.HeldResume)), pod("a", "General", matching, held)), granting("General"),
			v1alpha1.ReasonEnforced, "the clearance and every hold are as decided",
		},
		"nothing is granted, and so is nothing cleared": {
			scene(pod("a", "General", unexamined, held)), refusing(v1alpha1.ReasonEvidenceMissing),
			v1alpha1.ReasonEnforced, "the clearance and every hold are as decided",
		},
		"a namespace that is only audited": {
			scene(pod("a", "General", differing, held), gated(v1alpha1.GateAudited)), granting("General"),
			v1alpha1.ReasonAudited, "label it scalegate.dev/gate=enforced",
		},
		"a namespace without a gate": {
			scene(mutatedBy("injector"), gated("")), granting("General"),
			v1alpha1.ReasonNotGoverned, "label it scalegate.dev/gate=enforced",
		},
		"a gate of another word governs nothing": {
			scene(gated("Enforced")), granting("General"), v1alpha1.ReasonNotGoverned, "label it scalegate.dev/gate=enforced",
		},
		"a namespace that is gone": {
			enforcement.Scene{Now: now(), ReleaseName: "m1", Policy: fixture.Policy("rsp")}, granting("General"),
			v1alpha1.ReasonNotGoverned, "the namespace has no gate",
		},
		"a held pod differs": {
			scene(pod("a", "General", differing, held)), granting("General"),
			v1alpha1.ReasonWorkloadMismatch, "Pod a is held: " + differing.Mismatch,
		},
		"the first of several is named": {
			scene(pod("a", "General", differing, held), deployment("z", "General", differing, marked(v1alpha1.HeldResume))), granting("General"),
			v1alpha1.ReasonWorkloadMismatch, "Deployment z is held: " + differing.Mismatch,
		},
		"what differs and serves already is not held": {
			scene(pod("a", "General", differing), replicaSet("r", "General", differing)), granting("General"),
			v1alpha1.ReasonEnforced, "as decided",
		},
		"what differs and would be held anyhow is no mismatch": {
			scene(pod("a", "General", differing, held)), granting("Internal"), v1alpha1.ReasonEnforced, "as decided",
		},
		"something that is not trusted may change pods": {
			scene(mutatedBy("injector", "rewriter")), granting("General"),
			v1alpha1.ReasonUntrustedMutator, "because injector, rewriter may change pods here: name it in the policy's trustedMutators",
		},
		"who may change pods does not matter where nothing is granted": {
			scene(mutatedBy("injector")), refusing(v1alpha1.ReasonEvidenceMissing), v1alpha1.ReasonEnforced, "as decided",
		},
		"a mismatch weighs more than a mutator": {
			scene(mutatedBy("injector"), pod("a", "General", differing, held)), granting("General"),
			v1alpha1.ReasonWorkloadMismatch, "Pod a is held",
		},
		"want of space weighs more than a mismatch": {
			scene(crowded(0), pod("a", "General", differing, held)), granting("General"),
			v1alpha1.ReasonClearanceSpaceExhausted, "lower revisionHistoryLimit",
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			plan := enforcement.For(test.scene, test.decision)
			if plan.Reason != test.wantReason || !strings.Contains(plan.Message, test.wantMessage) {
				t.Errorf("%s: %s\nwant %s: %s", plan.Reason, plan.Message, test.wantReason, test.wantMessage)
			}
		})
	}
}
