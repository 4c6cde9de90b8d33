// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package enforcement_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/clearance"
	"github.com/scalegate/scalegate/internal/enforcement"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
)

// While growth is withheld, a clearance shrinks and ends as decided, and nothing is added to it.
func TestWithheldClearance(t *testing.T) {
	a, b := fixture.UID("a"), fixture.UID("b")
	digests := func(c clearance.Clearance, labels ...string) clearance.Clearance {
		c.Digests = nil
		for _, label := range labels {
			c.Digests = append(c.Digests, fixture.SHA256(label))
		}
		return c
	}
	for sentence, test := range map[string]change{
		"none is written": {
			scene(withheld, replicaSet("a", "General", matching)), granting("General"), enforcement.ClearanceChange{},
		},
		"one that stands stays": {
			scene(withheld, replicaSet("a", "General", matching), cleared(free(a))), granting("General"), keeps(end()),
		},
		"its lease is not renewed": {
			scene(withheld, replicaSet("a", "General", matching), cleared(ending(fixture.Day(2), free(a)))), granting("General"), keeps(fixture.Day(2)),
		},
		"one that ended stays as it is": {
			scene(withheld, replicaSet("a", "General", matching), cleared(ending(fixture.Day(0), free(a)))), granting("General"), keeps(fixture.Day(0)),
		},
		"and is cut all the same": {
			scene(withheld, replicaSet("a", "General", matching), cleared(ending(fixture.Day(0), free(a, b)))), granting("General"),
			cuts(ending(fixture.Day(0), free(a, b)), ending(fixture.Day(0), free(a))),
		},
		"it is shortened": {
			scene(withheld, replicaSet("a", "General", matching), cleared(ending(fixture.Day(9), free(a)))), granting("General"), cuts(ending(fixture.Day(9), free(a)), free(a)),
		},
		"no owner joins it": {
			scene(withheld, replicaSet("a", "General", matching), replicaSet("b", "General", matching), cleared(free(a))), granting("General"),
			keeps(end()),
		},
		"an owner that differs leaves it": {
			scene(withheld, replicaSet("a", "General", matching), replicaSet("b", "General", differing), cleared(free(a, b))), granting("General"),
			cuts(free(a, b), free(a)),
		},
		"the last owner leaves it": {
			scene(withheld, replicaSet("b", "General", differing), cleared(free(b))), granting("General"), cuts(free(b), counted("General")),
		},
		"one that is counted stays so": {
			scene(withheld, replicaSet("a", "General", matching), cleared(counted("General"))), granting("General"), keeps(end()),
		},
		"a higher exposure is not written": {
			scene(withheld, cleared(counted("Internal"))), granting("General"), keeps(end()),
		},
		"a lower exposure is": {
			scene(withheld, cleared(counted("General"))), granting("Internal"), cuts(counted("General"), counted("Internal")),
		},
		"a digest leaves it, and none joins it": {
			scene(withheld, cleared(digests(counted("General"), "old", "server"))), granting("General"), cuts(digests(counted("General"), "old", "server"), digests(counted("General"), "server")),
		},
		"one that cannot be read clears nothing, and stays": {
			scene(withheld, annotated(clearance.Key("m1"), "yes")), granting("General"), enforcement.ClearanceChange{},
		},
		"it is withdrawn when nothing is granted": {
			scene(withheld, cleared(free(a))), refusing(v1alpha1.ReasonEvidenceExpired), withdraws(),
		},
	} {
		t.Run(sentence, test.check)
	}
}

// While growth is withheld, nothing is lifted or opened; what closes goes on.
func TestWithheldActs(t *testing.T) {
	s := scene(withheld, deployment("d", "General", matching, marked(v1alpha1.HeldResume)), pod("a", "General", matching, held),
		pod("b", "Internal", matching))
	plan := enforcement.For(s, granting("General"))
	if len(plan.Lifts)+len(plan.Opens) > 0 || plan.GivesMore() {
		t.Errorf("plan = %+v", plan)
	}
	if plan.Reason != v1alpha1.ReasonGuardsNotInPlace || plan.Message != "the guards are not in place" {
		t.Errorf("%s: %s", plan.Reason, plan.Message)
	}
	var reasons []string
	for _, w := range plan.Workloads {
		reasons = append(reasons, w.Name+" "+w.Reason)
	}
	want := []string{"d " + v1alpha1.ReasonGuardsNotInPlace, "a " + v1alpha1.ReasonGuardsNotInPlace, "b "}
	if diff := cmp.Diff(want, reasons); diff != "" {
		t.Errorf("workloads (-want +got):\n%s", diff)
	}
	for sentence, test := range map[string]struct {
		decision gate.Decision
		removed  int
		reason   string
	}{
		"an adverse finding removes what runs":    {refusing(v1alpha1.ReasonAdverseFinding, adverse("Internal")), 1, v1alpha1.ReasonRemoving},
		"where nothing is granted, nothing waits": {refusing(v1alpha1.ReasonEvidenceMissing), 0, v1alpha1.ReasonEnforced},
	} {
		t.Run(sentence, func(t *testing.T) {
			plan := enforcement.For(s, test.decision)
			if len(plan.Removals) != test.removed || plan.Reason != test.reason {
				t.Errorf("plan = %+v", plan)
			}
		})
	}
}
