// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package enforcement_test

import (
	"strings"
	"testing"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/enforcement"
	"github.com/scalegate/scalegate/internal/gate"
)

func begins(s *enforcement.Scene) { s.Begins = new(end()) }

// TestAuditSaysWhatWouldBeHeld is about namespaces that are only audited: everything is said as if the gate were
// enforced, and nothing is done.
func TestAuditSaysWhatWouldBeHeld(t *testing.T) {
	audited := gated(v1alpha1.GateAudited)
	for sentence, test := range map[string]struct {
		scene    enforcement.Scene
		decision gate.Decision
		// want are "Kind name: Reason" of each workload.
		want    []string
		message string
	}{
		"what matches would run": {
			scene(audited, deployment("d", "General", matching), pod("a", "General", matching)), granting("General"),
			[]string{"Deployment d: ", "Pod a: "}, "of 2 workloads 0 would be held; label it scalegate.dev/gate=enforced",
		},
		"a template that differs, of what is not held": {
			scene(audited, deployment("d", "General", differing), parent("StatefulSet", "s", "General", matching)), granting("General"),
			[]string{"Deployment d: WorkloadMismatch", "StatefulSet s: "}, "of 2 workloads 1 would be held, the first is Deployment d (WorkloadMismatch)",
		},
		"a pod that runs and differs": {
			scene(audited, parent("StatefulSet", "s", "General", matching), pod("s-0", "General", differing, owned("StatefulSet", "s"))), granting("General"),
			[]string{"StatefulSet s: WorkloadMismatch"}, "1 would be held",
		},
		"an exposure that is not granted": {
			scene(audited, deployment("d", "General", unexamined)), granting("Internal"),
			[]string{"Deployment d: ExposureNotGranted"}, "1 would be held",
		},
		"nothing is granted": {
			scene(audited, deployment("d", "General", unexamined)), refusing(v1alpha1.ReasonEvidenceMissing),
			[]string{"Deployment d: EvidenceMissing"}, "the first is Deployment d (EvidenceMissing)",
		},
		"a finding": {
			scene(audited, pod("a", "General", unexamined)), refusing(v1alpha1.ReasonAdverseFinding, adverse("General")),
			[]string{"Pod a: AdverseFinding"}, "1 would be held",
		},
		"more serve than the ceiling lets": {
			scene(audited, pod("a", "Evaluation", matching), pod("b", "Evaluation", matching), pod("c", "Evaluation", matching), pod("d", "General", matching)),
			granting("General"),
			[]string{"Pod a: AboveCeiling", "Pod b: AboveCeiling", "Pod c: AboveCeiling", "Pod d: "}, "of 4 workloads 3 would be held",
		},
		"as many serve as the ceiling lets": {
			scene(audited, pod("a", "Evaluation", matching), pod("b", "Evaluation", matching), pod("c", "Evaluation", matching, gone)), granting("General"),
			[]string{"Pod a: ", "Pod b: "}, "0 would be held",
		},
		"groups count as one each": {
			scene(audited, pod("a", "Evaluation", matching, inUnit("u", 3)), pod("b", "Evaluation", matching, inUnit("u", 3)), pod("c", "Evaluation", matching, inUnit("u", 3))),
			granting("General"), []string{"Pod a: ", "Pod b: ", "Pod c: "}, "0 would be held",
		},
		"the pods of a group of no known size count each": {
			scene(audited, pod("a", "Evaluation", matching, inUnit("u", 0)), pod("b", "Evaluation", matching, inUnit("u", 0)), pod("c", "Evaluation", matching, inUnit("u", 0))),
			granting("General"), []string{"Pod a: AboveCeiling", "Pod b: AboveCeiling", "Pod c: AboveCeiling"}, "3 would be held",
		},
		"the day is said": {
			scene(audited, begins), granting("General"), nil, "of 0 workloads 0 would be held; it will be enforced from 2026-01-09T00:00:00Z",
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			plan := enforcement.For(test.scene, test.decision)
			var got []string
			for _, w := range plan.Workloads {
				got = append(got, w.Kind+" "+w.Name+": "+w.Reason)
			}
			if strings.Join(got, "; ") != strings.Join(test.want, "; ") {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
			if plan.Reason != v1alpha1.ReasonAudited || !strings.Contains(plan.Message, test.message) {
				t.Errorf("got %s: %s, want %q", plan.Reason, plan.Message, test.message)
			}
			if plan.GivesMore() || plan.Takes() {
				t.Errorf("it does something: %+v", plan)
			}
		})
	}
}

func TestOnlyAnAuditLooksAtWhatIsNotHeld(t *testing.T) {
	for _, value := range []string{v1alpha1.GateEnforced, ""} {
		plan := enforcement.For(scene(gated(value), begins, pod("a", "General", differing)), granting("General"))
		if w := plan.Workloads[0]; w.Reason != "" {
			t.Errorf("with the gate %q, a pod that runs is reported as %s", value, w.Reason)
		}
		if strings.Contains(plan.Message, "will be enforced") {
			t.Errorf("with the gate %q, a day is said: %s", value, plan.Message)
		}
	}
}
