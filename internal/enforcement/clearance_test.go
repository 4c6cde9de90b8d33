// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package enforcement_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/clearance"
	"github.com/scalegate/scalegate/internal/enforcement"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
)

// writes is the change that puts a clearance in place.
func writes(c clearance.Clearance) enforcement.ClearanceChange {
	return enforcement.ClearanceChange{Write: c.String(), End: &c.End}
}

// cuts writes less than what stands, over that.
func cuts(stands, c clearance.Clearance) enforcement.ClearanceChange {
	return enforcement.ClearanceChange{Write: c.String(), Over: stands.String(), End: &c.End}
}

// keeps is the change that leaves a clearance in place, which ends then.
func keeps(end time.Time) enforcement.ClearanceChange {
	return enforcement.ClearanceChange{End: &end}
}

func withdraws() enforcement.ClearanceChange { return enforcement.ClearanceChange{Withdraw: true} }

// ending is the clearance with another end.
func ending(end time.Time, c clearance.Clearance) clearance.Clearance {
	c.End = end
	return c
}

// crowded fills the namespace with the clearance of another release until room bytes are left.
func crowded(room int) func(*enforcement.Scene) {
	key := clearance.Key("other")
	return annotated(key, strings.Repeat("x", clearance.NamespaceBudget-len(key)-room))
}

// size is what a clearance of the release takes in the namespace.
func size(c clearance.Clearance) int { return len(clearance.Key("m1")) + len(c.String()) }

// change is what becomes of the clearance of a scene.
type change struct {
	scene    enforcement.Scene
	decision gate.Decision
	want     enforcement.ClearanceChange
}

func (c change) check(t *testing.T) {
	t.Helper()
	plan := enforcement.For(c.scene, c.decision)
	if diff := cmp.Diff(c.want, plan.Clearance); diff != "" {
		t.Errorf("the clearance (-want +got):\n%s", diff)
	}
	if more := c.want.Write != ""; plan.GivesMore() != more || plan.Takes() != c.want.Withdraw {
		t.Errorf("gives more: %v, takes: %v", plan.GivesMore(), plan.Takes())
	}
}

func TestOwners(t *testing.T) {
	uid := fixture.UID
	for sentence, test := range map[string]change{
		"matching owners of an exposure without a ceiling are born free": {
			scene(replicaSet("a", "General", matching), replicaSet("b", "General", matching)), granting("General"),
			writes(free(uid("a"), uid("b"))),
		},
		"an owner of no replicas is cleared too, so that a rollback needs no controller": {
			scene(replicaSet("a", "General", matching, replicas(0))), granting("General"), writes(free(uid("a"))),
		},
		"an owner that differs is not in it": {
			scene(replicaSet("a", "General", matching), replicaSet("b", "General", differing)), granting("General"),
			writes(free(uid("a"))),
		},
		"an owner is not in it while one of its pods differs: the next is to be born held": {
			scene(replicaSet("a", "General", matching), replicaSet("b", "General", matching),
				pod("p", "General", differing, held, owned("ReplicaSet", "b"))), granting("General"),
			writes(free(uid("a"))),
		},
		"an owner is in it again when the pod that differed is gone": {
			scene(replicaSet("a", "General", matching), pod("p", "General", differing, gone, owned("ReplicaSet", "a"))), granting("General"),
			writes(free(uid("a"))),
		},
		"an owner that was not examined is not in it": {
			scene(replicaSet("a", "General", matching), replicaSet("b", "General", unexamined)), granting("General"),
			writes(free(uid("a"))),
		},
		"an owner of an exposure with a ceiling is not in it: its pods are counted": {
			scene(replicaSet("a", "General", matching), replicaSet("b", "Internal", matching)), granting("General"),
			writes(free(uid("a"))),
		},
		"an owner of an exposure that is not granted is not in it": {
			scene(replicaSet("a", "General", matching)), granting("Internal"), writes(counted("Internal")),
		},
		"an owner of an exposure that the policy does not have is not in it": {
			scene(replicaSet("a", "Genreal", matching)), granting("General"), writes(counted("General")),
		},
		"without an owner it is counted": {
			scene(), granting("General"), writes(counted("General")),
		},
		"where something else may change pods none is born free": {
			scene(replicaSet("a", "General", matching), mutatedBy("injector")), granting("General"),
			writes(counted("General")),
		},
	} {
		t.Run(sentence, test.check)
	}
}

func TestClearance(t *testing.T) {
	uid := fixture.UID
	for sentence, test := range map[string]change{
		"one that grants the same and has half of its time left stays": {
			scene(replicaSet("a", "General", matching), cleared(ending(fixture.Day(5), free(uid("a"))))), granting("General"),
			keeps(fixture.Day(5)),
		},
		"one that has less than half of its time left is renewed": {
			scene(replicaSet("a", "General", matching), cleared(ending(fixture.Day(4), free(uid("a"))))), granting("General"),
			writes(free(uid("a"))),
		},
		"one that ends later than decided now is shortened": {
			scene(replicaSet("a", "General", matching), cleared(ending(fixture.Day(9), free(uid("a"))))), granting("General"),
			cuts(ending(fixture.Day(9), free(uid("a"))), free(uid("a"))),
		},
		"one that names an owner which is gone is written anew": {
			scene(replicaSet("a", "General", matching), cleared(free(uid("a"), uid("b")))), granting("General"),
			cuts(free(uid("a"), uid("b")), free(uid("a"))),
		},
		"one that loses an owner keeps its end": {
			scene(replicaSet("a", "General", matching), cleared(ending(fixture.Day(5), free(uid("a"), uid("b"))))), granting("General"),
			cuts(ending(fixture.Day(5), free(uid("a"), uid("b"))), ending(fixture.Day(5), free(uid("a")))),
		},
		"and is written anew where it ended": {
			scene(replicaSet("a", "General", matching), cleared(ending(fixture.Day(1), free(uid("a"), uid("b"))))), granting("General"),
			writes(free(uid("a"))),
		},
		"one that loses an owner and gets another is written anew": {
			scene(replicaSet("a", "General", matching), cleared(ending(fixture.Day(5), free(uid("b"))))), granting("General"),
			writes(free(uid("a"))),
		},
		"one of another exposure is written anew": {
			scene(cleared(counted("Internal"))), granting("General"), writes(counted("General")),
		},
		"one that cannot be read is written anew": {
			scene(annotated(clearance.Key("m1"), "yes")), granting("General"), writes(counted("General")),
		},
		"it is withdrawn when nothing is granted": {
			scene(replicaSet("a", "General", matching), cleared(free(uid("a")))), refusing(v1alpha1.ReasonEvidenceExpired), withdraws(),
		},
		"it is withdrawn when the release is gone": {
			enforcement.Scene{Now: now(), ReleaseName: "m1", Namespace: scene(cleared(free(uid("a")))).Namespace}, gate.Decide(gate.Input{Now: now()}),
			withdraws(),
		},
		"one that cannot be read is withdrawn as well": {
			scene(annotated(clearance.Key("m1"), "")), refusing(v1alpha1.ReasonEvidenceMissing), withdraws(),
		},
		"that of another release is not touched": {
			scene(annotated(clearance.Key("m2"), counted("General").String())), refusing(v1alpha1.ReasonEvidenceMissing),
			enforcement.ClearanceChange{},
		},
		"none is written where the namespace is only audited": {
			scene(replicaSet("a", "General", matching), gated(v1alpha1.GateAudited)), granting("General"), enforcement.ClearanceChange{},
		},
		"it is withdrawn where the namespace is only audited": {
			scene(replicaSet("a", "General", matching), gated(v1alpha1.GateAudited), cleared(free(uid("a")))), granting("General"), withdraws(),
		},
		"none is written where the namespace has no gate": {
			scene(replicaSet("a", "General", matching), gated("")), granting("General"), enforcement.ClearanceChange{},
		},
		"it is withdrawn where the namespace lost its gate": {
			scene(replicaSet("a", "General", matching), gated("off"), cleared(free(uid("a")))), granting("General"), withdraws(),
		},
	} {
		t.Run(sentence, test.check)
	}
}

func TestClearanceSpace(t *testing.T) {
	a, b := fixture.UID("a"), fixture.UID("b")
	two := func(modifiers ...func(*enforcement.Scene)) enforcement.Scene {
		return scene(append(modifiers, replicaSet("a", "General", matching), replicaSet("b", "General", matching))...)
	}
	for sentence, test := range map[string]struct {
		scene     enforcement.Scene
		want      enforcement.ClearanceChange
		exhausted bool
	}{
		"what just fits is written": {
			scene: two(crowded(size(free(a, b)))), want: writes(free(a, b)),
		},
		"what is a byte too long is not, and no owner is half in": {
			scene: two(crowded(size(free(a, b)) - 1)), want: writes(counted("General")), exhausted: true,
		},
		"owners that are cleared already stay cleared": {
			scene: two(crowded(size(free(a, b))-1), cleared(free(a))), want: keeps(end()), exhausted: true,
		},
		"their lease is renewed": {
			scene: two(crowded(size(free(a, b))-1), cleared(ending(fixture.Day(2), free(a)))), want: writes(free(a)), exhausted: true,
		},
		"an owner that is cleared and differs now does not stay": {
			scene: scene(crowded(size(free(a, b))-1), cleared(free(a)),
				replicaSet("a", "General", differing), replicaSet("b", "General", matching), replicaSet("c", "General", matching)),
			want: cuts(free(a), counted("General")), exhausted: true,
		},
		"what is over the budget and does not grow stays": {
			scene: two(crowded(size(free(a))-1), cleared(free(a, b))), want: keeps(end()),
		},
		"what is over the budget and would grow keeps its owners": {
			scene: two(crowded(size(free(a))-1), cleared(free(a))), want: keeps(end()), exhausted: true,
		},
		"where nothing fits and there is none, there stays none": {
			scene: two(crowded(0)), want: enforcement.ClearanceChange{}, exhausted: true,
		},
		"one that cannot be read keeps no owner": {
			scene: two(crowded(size(free(a, b))-1), annotated(clearance.Key("m1"), "v1|a")), want: writes(counted("General")), exhausted: true,
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			plan := enforcement.For(test.scene, granting("General"))
			if diff := cmp.Diff(test.want, plan.Clearance); diff != "" {
				t.Errorf("the clearance (-want +got):\n%s", diff)
			}
			if exhausted := plan.Reason == v1alpha1.ReasonClearanceSpaceExhausted; exhausted != test.exhausted {
				t.Errorf("reason = %s, %s", plan.Reason, plan.Message)
			}
			if test.exhausted && !strings.Contains(plan.Message, "lower revisionHistoryLimit") {
				t.Errorf("the message names no remedy: %s", plan.Message)
			}
		})
	}
}

// A grant without an exposure or an end is not one.
func TestClearanceNeedsAWholeGrant(t *testing.T) {
	for sentence, spoil := range map[string]func(*gate.Decision){
		"no end":      func(d *gate.Decision) { d.ClearedUntil = nil },
		"no exposure": func(d *gate.Decision) { d.GrantedExposure = "" },
	} {
		t.Run(sentence, func(t *testing.T) {
			s := scene(replicaSet("a", "General", matching), cleared(free(types.UID("a"))))
			plan := enforcement.For(s, granting("General", spoil))
			if diff := cmp.Diff(withdraws(), plan.Clearance); diff != "" {
				t.Errorf("the clearance (-want +got):\n%s", diff)
			}
		})
	}
}
