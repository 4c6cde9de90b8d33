// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package enforcement

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// What a status holds: so many workloads, with kinds and names of at most so many bytes.
const (
	maxWorkloads = 64
	maxKind      = 63
	maxName      = 253
)

// account is one workload while its pods are counted.
type account struct {
	kind, name, exposure string
	desired              int32
	released, held       int32
	// waiting: a rollout of it is held at the parent.
	waiting bool
	// mismatch is the first that was found of its template or its held pods.
	mismatch string
}

// ask adds to what the workload desires. Owner references may say anything, so the sum may not fit.
func (a *account) ask(replicas int32) {
	a.desired = int32(min(int64(a.desired)+int64(replicas), math.MaxInt32))
}

// describe sums the workloads up, and says where what was decided is not what holds.
func (e enforcement) describe(plan *Plan) {
	opened := map[string]bool{}
	for _, ref := range plan.Opens {
		opened[ref.Name] = true
	}
	accounts := e.accounts(opened)
	for _, key := range slices.Sorted(maps.Keys(accounts)) {
		if len(plan.Workloads) < maxWorkloads {
			plan.Workloads = append(plan.Workloads, e.workload(accounts[key]))
		}
	}
	e.judge(plan, accounts)
}

func (e enforcement) accounts(opened map[string]bool) map[string]*account {
	all := map[string]*account{}
	of := func(kind, name, exposure string) *account {
		key := kind + "/" + name
		if all[key] == nil {
			all[key] = &account{kind: kind, name: name, exposure: exposure}
		}
		return all[key]
	}
	parents := map[string]string{}
	for _, rs := range e.scene.ReplicaSets {
		if rs.Deployment != "" {
			parents[string(rs.UID)] = rs.Deployment
			if rs.Replicas > 0 {
				// What the Deployment asks for of this release while its template already claims another.
				of("Deployment", rs.Deployment, rs.Exposure).ask(rs.Replicas)
			}
			continue
		}
		a := of("ReplicaSet", rs.Name, rs.Exposure)
		a.desired, a.mismatch = rs.Replicas, rs.Verdict.Mismatch
	}
	for _, dep := range e.scene.Deployments {
		a := of("Deployment", dep.Name, dep.Exposure)
		a.desired, a.waiting, a.mismatch = dep.Replicas, dep.Mark != "", dep.Verdict.Mismatch
	}
	for _, pod := range e.scene.Pods {
		if pod.Gone {
			continue
		}
		kind, name := cmp.Or(pod.Owner.Kind, "Pod"), cmp.Or(pod.Owner.Name, pod.Name)
		if len(kind) > maxKind || len(name) > maxName {
			// An owner reference may say anything; a status that holds it would be refused.
			kind, name = "Pod", pod.Name
		}
		if parent, ok := parents[string(pod.Owner.UID)]; ok {
			kind, name = "Deployment", parent
		}
		a := of(kind, name, pod.Exposure)
		if pod.Held && !opened[pod.Name] {
			a.held++
			a.mismatch = cmp.Or(a.mismatch, pod.Verdict.Mismatch)
		} else {
			a.released++
		}
		if kind != "Deployment" && kind != "ReplicaSet" {
			a.ask(1)
		}
	}
	return all
}

func (e enforcement) workload(a *account) v1alpha1.WorkloadStatus {
	w := v1alpha1.WorkloadStatus{
		Kind: a.kind, Name: a.name, Exposure: a.exposure,
		Desired: new(a.desired), Released: new(a.released), Held: new(a.held),
	}
	if a.held > 0 || a.waiting || !e.governed() {
		w.Reason, w.Message = e.heldBecause(a)
	}
	return w
}

// heldBecause says why something of the workload is held, or would be if the namespace were governed; both are empty
// where the plan opens it.
func (e enforcement) heldBecause(a *account) (reason, message string) {
	switch ceiling, counted := e.ceilings[a.exposure]; {
	case !e.granted(a.exposure) && e.decision.GrantedExposure != "":
		return v1alpha1.ReasonExposureNotGranted, fmt.Sprintf(
			"it claims exposure %s and %s is granted: lower its label scalegate.dev/exposure, or see the release's conditions for what %s needs",
			a.exposure, e.decision.GrantedExposure, a.exposure)
	case !e.granted(a.exposure):
		return e.decision.Reason, e.decision.Message
	case a.mismatch != "":
		return v1alpha1.ReasonWorkloadMismatch, a.mismatch
	case a.held > 0 && counted:
		return v1alpha1.ReasonAboveCeiling, fmt.Sprintf(
			"exposure %s allows %d pods of one release: ask for less, or for an exposure that allows more", a.exposure, ceiling)
	}
	return "", ""
}

// judge finds the reason that sums up why what was decided is not what holds.
func (e enforcement) judge(plan *Plan, accounts map[string]*account) {
	switch gate := e.scene.Namespace.Gate; {
	case gate == v1alpha1.GateAudited:
		plan.Reason, plan.Message = v1alpha1.ReasonAudited,
			"the namespace is only audited: label it scalegate.dev/gate=enforced to hold and clear its workloads"
		return
	case gate != v1alpha1.GateEnforced:
		plan.Reason, plan.Message = v1alpha1.ReasonNotGoverned,
			"the namespace has no gate: label it scalegate.dev/gate=enforced to hold and clear its workloads"
		return
	case plan.Reason != v1alpha1.ReasonEnforced:
		return
	}
	for _, key := range slices.Sorted(maps.Keys(accounts)) {
		a := accounts[key]
		if a.mismatch != "" && e.granted(a.exposure) && (a.held > 0 || a.waiting) {
			plan.Reason, plan.Message = v1alpha1.ReasonWorkloadMismatch,
				fmt.Sprintf("%s %s is held: %s", a.kind, a.name, a.mismatch)
			return
		}
	}
	if len(e.scene.UntrustedMutators) > 0 && e.decision.GrantedExposure != "" {
		plan.Reason, plan.Message = v1alpha1.ReasonUntrustedMutator, fmt.Sprintf(
			"each pod is looked at before it starts, because %s may change pods here: name it in the policy's trustedMutators if it may",
			strings.Join(e.scene.UntrustedMutators, ", "))
	}
}
