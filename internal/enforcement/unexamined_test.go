// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package enforcement_test

import (
	"testing"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/enforcement"
	"github.com/scalegate/scalegate/internal/gate"
)

// What is held, may be given and could not be looked at keeps a release from becoming ready, and its decision from counting as
// enforced; it takes nothing from one that was ready.
func TestWhatCouldNotBeLookedAt(t *testing.T) {
	ready := func(s *enforcement.Scene) { s.Memory.Ready = true }
	held := pod("a", "General", unexamined, held)
	lower := pod("b", "Internal", unexamined, func(p *enforcement.Pod) { p.Held = true })
	frozen := func(more ...func(*enforcement.Scene)) enforcement.Scene {
		return scene(append(more, had("General"), pod("a", "General", matching))...)
	}
	less := granting("Internal", unasked)
	for sentence, test := range map[string]struct {
		scene      enforcement.Scene
		decision   gate.Decision
		reason     string
		unexamined bool
		workload   string
	}{
		"a held pod":                                 {scene(held), granting("General"), v1alpha1.ReasonNotLookedAt, true, v1alpha1.ReasonNotLookedAt},
		"a held pod of a release that was ready":     {scene(held, ready), granting("General"), v1alpha1.ReasonEnforced, true, v1alpha1.ReasonNotLookedAt},
		"one that does not claim what is granted":    {scene(held), granting("Internal"), v1alpha1.ReasonEnforced, false, v1alpha1.ReasonExposureNotGranted},
		"one that serves":                            {scene(pod("a", "General", unexamined)), granting("General"), v1alpha1.ReasonEnforced, false, ""},
		"one that differs, beside one that does not": {scene(pod("b", "General", differing, func(p *enforcement.Pod) { p.Held = true }), held), granting("General"), v1alpha1.ReasonWorkloadMismatch, true, v1alpha1.ReasonNotLookedAt},
		"one beside what is frozen":                  {frozen(lower), less, v1alpha1.ReasonNotLookedAt, true, ""},
		"one beside what is frozen, and was ready":   {frozen(lower, ready), less, v1alpha1.ReasonFrozen, true, ""},
		"one in a namespace that is not governed":    {scene(gated(""), held), granting("General"), v1alpha1.ReasonNotGoverned, false, ""},
	} {
		t.Run(sentence, func(t *testing.T) {
			plan := enforcement.For(test.scene, test.decision)
			if plan.Reason != test.reason || plan.Unexamined != test.unexamined {
				t.Errorf("%s: %s; unexamined %v", plan.Reason, plan.Message, plan.Unexamined)
			}
			if got := plan.Workloads[0].Reason; got != test.workload {
				t.Errorf("the workload says %q, want %q", got, test.workload)
			}
		})
	}
}
