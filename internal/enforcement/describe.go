// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package enforcement

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// maxWorkloads is how many workloads a status holds.
const maxWorkloads = 64

// notLookedAt is said of what is held and could not be looked at.
const notLookedAt = "it changed while it was looked at, or could not be read, and is looked at again; if this stays, see the manager's log"

// describe sums the workloads up, and says where what was decided is not what holds.
func (e enforcement) describe(plan *Plan) {
	opened := map[string]bool{}
	for _, ref := range plan.Opens {
		opened[ref.Name] = true
	}
	accounts := e.accounts(opened)
	for _, key := range slices.Sorted(maps.Keys(accounts)) {
		if len(plan.Workloads) < maxWorkloads {
			w := e.workload(accounts[key])
			e.tellScaled(&w, accounts[key], plan)
			plan.Workloads = append(plan.Workloads, w)
		}
	}
	e.judge(plan, accounts)
}

func (e enforcement) workload(a *account) v1alpha1.WorkloadStatus {
	w := v1alpha1.WorkloadStatus{
		Kind: a.kind, Name: a.name, Exposure: a.exposure,
		Desired: new(a.pods()), Released: new(a.released), Held: new(a.held),
	}
	if a.held > 0 || a.waiting || !e.governed() {
		w.Reason, w.Message = e.heldBecause(a)
	}
	return w
}

// heldBecause says why something of the workload is held, or would be if the namespace were governed; both are empty
// where the plan opens it.
func (e enforcement) heldBecause(a *account) (reason, message string) {
	if reason, message := e.lostBecause(a); reason != "" {
		return reason, message
	}
	switch {
	case !e.granted(a.exposure) && e.decision.GrantedExposure != "":
		return v1alpha1.ReasonExposureNotGranted, fmt.Sprintf(
			"it claims exposure %s and %s is granted: lower its label scalegate.dev/exposure, or see the release's conditions for what %s needs",
			a.exposure, e.decision.GrantedExposure, a.exposure)
	case !e.granted(a.exposure):
		return e.decision.Reason, e.decision.Message
	case a.mismatch != "":
		return v1alpha1.ReasonWorkloadMismatch, a.mismatch
	case a.unguarded != "":
		return v1alpha1.ReasonSafeguardNotInPlace, a.unguarded
	case e.withheld() && (a.held > 0 || a.waiting):
		return e.scene.Withheld.Reason, e.scene.Withheld.Message
	case a.unexamined:
		return v1alpha1.ReasonNotLookedAt, notLookedAt
	}
	return e.aboveCeiling(a)
}

// aboveCeiling says that there is no place; empty where there is.
func (e enforcement) aboveCeiling(a *account) (reason, message string) {
	switch ceiling, counted := e.ceilings[a.exposure]; {
	case e.audited() && e.crowded(a.exposure):
		return v1alpha1.ReasonAboveCeiling, fmt.Sprintf(
			"exposure %s allows %d, and more serve at it now, counted in pods or groups of pods: new ones would be held", a.exposure, ceiling)
	case a.held > 0 && counted && a.grouped:
		return v1alpha1.ReasonAboveCeiling, fmt.Sprintf(
			"exposure %s allows %d groups of pods of one release: ask for less, or for an exposure that allows more", a.exposure, ceiling)
	case a.held > 0 && counted:
		return v1alpha1.ReasonAboveCeiling, fmt.Sprintf(
			"exposure %s allows %d pods of one release: ask for less, or for an exposure that allows more", a.exposure, ceiling)
	}
	return "", ""
}

// lostBecause is why something of a workload is held whose exposure was lost, where that is not a finding or a Critical
// revocation; empty where it is, or nothing was lost.
func (e enforcement) lostBecause(a *account) (reason, message string) {
	served, lost := e.servedOf(a.exposure)
	if !lost || e.lossOf(a.exposure).final() {
		return "", ""
	}
	if reason, message := e.expels(a.exposure); reason != "" {
		return reason, message
	}
	switch due := e.replaced(a.exposure) && e.serving(a.exposure) < served; {
	case due && a.mismatch != "":
		return v1alpha1.ReasonWorkloadMismatch, a.mismatch
	case (due || e.mends(a.exposure)) && a.unguarded != "":
		return v1alpha1.ReasonSafeguardNotInPlace, a.unguarded
	case due && e.withheld():
		return e.scene.Withheld.Reason, e.scene.Withheld.Message
	}
	return v1alpha1.ReasonFrozen, e.frozen(a.exposure)
}

// judge finds the reason that sums up why what was decided is not what holds.
func (e enforcement) judge(plan *Plan, accounts map[string]*account) {
	switch gate := e.scene.Namespace.Gate; {
	case gate == v1alpha1.GateAudited:
		plan.Reason, plan.Message = v1alpha1.ReasonAudited, e.audit(accounts)
		return
	case gate != v1alpha1.GateEnforced:
		plan.Reason, plan.Message = v1alpha1.ReasonNotGoverned,
			"the namespace has no gate: label it scalegate.dev/gate=enforced to hold and clear its workloads"
		return
	case e.withheld() && e.decision.GrantedExposure != "":
		plan.Reason, plan.Message = e.scene.Withheld.Reason, e.scene.Withheld.Message
		return
	case plan.Reason != v1alpha1.ReasonEnforced:
		return
	}
	if reason, message := e.sumUp(plan, accounts); reason != "" {
		plan.Reason, plan.Message = reason, message
	}
}

// sumUp says what of all that became of the decision weighs most; empty where all is as decided.
func (e enforcement) sumUp(plan *Plan, accounts map[string]*account) (reason, message string) {
	departing, why := e.departing(plan)
	if departing != "" && departing != v1alpha1.ReasonFrozen {
		return departing, why
	}
	if reason, message := e.heldBack(plan, accounts); reason != "" {
		return reason, message
	}
	if departing == "" && len(e.scene.UntrustedMutators) > 0 && e.decision.GrantedExposure != "" {
		return v1alpha1.ReasonUntrustedMutator, fmt.Sprintf(
			"each pod is looked at before it starts, because %s may change pods here: name it in the policy's trustedMutators if it may",
			strings.Join(e.scene.UntrustedMutators, ", "))
	}
	return departing, why
}

// heldBack says which workload is held that may be given, and why; empty where none is. Of one that could not be looked at nothing is
// said where the release was ready: a new workload takes nothing from what serves.
func (e enforcement) heldBack(plan *Plan, accounts map[string]*account) (reason, message string) {
	for _, key := range slices.Sorted(maps.Keys(accounts)) {
		a := accounts[key]
		if !e.granted(a.exposure) || a.held == 0 && !a.waiting {
			continue
		}
		switch {
		case a.mismatch != "":
			return v1alpha1.ReasonWorkloadMismatch, fmt.Sprintf("%s %s is held: %s", a.kind, a.name, a.mismatch)
		case a.unguarded != "":
			return v1alpha1.ReasonSafeguardNotInPlace, fmt.Sprintf("%s %s is held: %s", a.kind, a.name, a.unguarded)
		case a.unexamined:
			plan.Unexamined = true
			if reason == "" && !e.scene.Memory.Ready {
				reason, message = v1alpha1.ReasonNotLookedAt, fmt.Sprintf("%s %s is held: %s", a.kind, a.name, notLookedAt)
			}
		}
	}
	return reason, message
}
