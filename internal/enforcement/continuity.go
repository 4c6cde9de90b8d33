// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package enforcement

import (
	"slices"
	"time"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
)

// Continued are the exposures, sorted, that are not granted and whose pods may be replaced now: those that were lost, not by a
// finding or a Critical revocation, while the grace lasts. How many may serve depends on the scene. Held pods of these
// exposures have to be examined as those of granted ones are.
func Continued(memory Memory, d gate.Decision, policy *v1alpha1.SafetyPolicy, now time.Time) []string {
	e := enforcementOf(Scene{Now: now, Policy: policy, Memory: memory, Namespace: Namespace{Gate: v1alpha1.GateEnforced}}, d)
	if e.record == nil {
		return nil
	}
	var all []string
	for _, s := range e.record.Serving {
		if e.replaced(s.Exposure) {
			all = append(all, s.Exposure)
		}
	}
	slices.Sort(all)
	return all
}

// replaced tells whether what ends of a lost exposure may be replaced now. Who asks for less has no use for it. And what
// was granted was granted to those artifacts: a release that is of others by now has nothing to be continued.
func (e enforcement) replaced(exposure string) bool {
	_, lost := e.servedOf(exposure)
	if !lost || e.satisfied() || e.record.SubjectDigest == "" || e.record.SubjectDigest != e.decision.SubjectDigest {
		return false
	}
	end := e.graceOf(exposure)
	return end != nil && e.scene.Now.Before(end.Time)
}

// mends tells whether what serves an exposure may roll out though it is not granted: nothing refuses it but pods that serve
// and break a safeguard, and what is opened in their place does not. It grows by no more than a rollout does.
func (e enforcement) mends(exposure string) bool {
	return e.scene.Mended[exposure] && e.replaced(exposure)
}

// servedOf are the units that served an exposure when it was lost; false where it was not granted before.
func (e enforcement) servedOf(exposure string) (units int32, lost bool) {
	if e.record == nil || e.granted(exposure) {
		return 0, false
	}
	for _, s := range e.record.Serving {
		if s.Exposure == exposure {
			return or(s.Units, 0), true
		}
	}
	return 0, false
}

// admits tells whether held pods of an exposure may be opened, as far as there are places.
func (e enforcement) admits(exposure string) bool {
	if e.granted(exposure) {
		return true
	}
	served, _ := e.servedOf(exposure)
	return served > 0 && e.replaced(exposure)
}

// bound is how many units of an exposure may serve: its ceiling, and of a lost one no more than served; false when
// nothing bounds it.
func (e enforcement) bound(exposure string) (int32, bool) {
	ceiling, counted := e.ceilings[exposure]
	if e.granted(exposure) {
		return ceiling, counted
	}
	served, _ := e.servedOf(exposure)
	served = max(served-e.moved(exposure), 0)
	if counted {
		return min(served, ceiling), true
	}
	return served, true
}

// moved are the units that serve the other exposures that were lost, beyond as many as served these. A pod that names no
// exposure serves the one that its release asks for: one that moves on as that changes leaves no place behind.
func (e enforcement) moved(exposure string) int32 {
	var all int32
	for _, s := range e.record.Serving {
		if s.Exposure != exposure && e.replaced(s.Exposure) {
			all += max(e.serving(s.Exposure)-e.adrift(s.Exposure)-or(s.Units, 0), 0)
		}
	}
	return all
}
