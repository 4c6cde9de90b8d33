// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
)

// Whatever is missing of an input, or is there where it should not be, there is a decision, and it explains itself. What no
// API server lets through grants nothing by being so.
func FuzzParts(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		w := newWorld(data)
		in := w.input()
		in.Policy, in.Release = in.Policy.DeepCopy(), in.Release.DeepCopy()
		for range 1 + w.below(3) {
			w.maim(&in)
		}
		d := gate.Decide(in)
		checkExplained(t, d)
		if (d.GrantedExposure == "") != (d.ClearedUntil == nil) {
			t.Errorf("%q is granted until %v", d.GrantedExposure, d.ClearedUntil)
		}
		if in.Policy == nil {
			return
		}
		for i := range in.Policy.Spec.Requirements {
			for j := range in.Evaluations {
				gate.Read(gate.Terms{Requirement: &in.Policy.Spec.Requirements[i], Policy: in.Policy, Release: in.Release}, &in.Evaluations[j])
			}
		}
	})
}

// maim takes a part of an input away, or puts one where it does not belong.
func (w *world) maim(in *gate.Input) {
	if in.Policy == nil || in.Release == nil {
		return
	}
	spec := &in.Policy.Spec
	if n := len(spec.Requirements); n > 0 && w.below(2) == 1 {
		w.maimRequirement(&spec.Requirements[w.below(n)])
		return
	}
	switch w.below(16) {
	case 0:
		spec.Exposures = nil
	case 1:
		spec.Levels = nil
	case 2:
		spec.Requirements = nil
	case 3:
		spec.Roles = nil
	case 4:
		spec.IndependentEvaluators = nil
	case 5:
		spec.Waivers = &v1alpha1.WaiverRules{BreakGlass: &v1alpha1.BreakGlassRules{}}
	case 6:
		spec.Determinations = &v1alpha1.DeterminationRules{}
	case 7:
		in.Release.Spec = v1alpha1.ModelReleaseSpec{}
	case 8:
		in.Release.Spec.Artifacts = nil
	case 9:
		in.Policy = nil
	case 10:
		in.Release = nil
	case 11:
		in.Now = time.Time{}
	case 12:
		in.InForce, in.InForceRevision = &v1alpha1.SafetyPolicy{}, ""
	case 13:
		in.Evaluations = append(in.Evaluations, v1alpha1.SafetyEvaluation{ObjectMeta: metav1.ObjectMeta{Namespace: fixture.Namespace}})
	case 14:
		in.Approvals = append(in.Approvals, v1alpha1.ReleaseApproval{ObjectMeta: metav1.ObjectMeta{Namespace: fixture.Namespace}})
		in.Waivers = append(in.Waivers, v1alpha1.ReleaseWaiver{ObjectMeta: metav1.ObjectMeta{Namespace: fixture.Namespace}})
		in.Determinations = append(in.Determinations, v1alpha1.ReleaseDetermination{ObjectMeta: metav1.ObjectMeta{Namespace: fixture.Namespace}})
	case 15:
		in.Safeguards = append(in.Safeguards, gate.SafeguardFact{})
	}
}

func (w *world) maimRequirement(r *v1alpha1.Requirement) {
	switch w.below(8) {
	case 0:
		r.Evaluation = nil
	case 1:
		r.Evaluation, r.Approval, r.Check = nil, nil, nil
	case 2:
		r.Approval = &v1alpha1.ApprovalCriterion{}
	case 3:
		r.Check = &v1alpha1.SafeguardCheck{}
	case 4:
		r.Evaluation = &v1alpha1.EvaluationCriterion{}
	case 5:
		r.Elicitation = &v1alpha1.ElicitationCriterion{}
	case 6:
		r.Approval = &v1alpha1.ApprovalCriterion{
			Quorum: []v1alpha1.RoleQuorum{{}, {Role: "ra", Count: -1}, {Role: "ra", Count: 2}}, NotifyBefore: []string{""}, DifferFrom: []v1alpha1.Party{"typo"},
		}
	case 7:
		r.Name = ""
	}
}

// checkLasts: what is granted is so to the end of its clearance, by time alone. What is to come by the input itself is none of that.
func checkLasts(t *testing.T, in gate.Input, d gate.Decision) {
	t.Helper()
	if d.GrantedExposure == "" || comesLater(in) {
		return
	}
	// A clearance as long as it may be, so that more ends while it lasts.
	in.Policy = in.Policy.DeepCopy()
	in.Policy.Spec.ClearanceSeconds = new(int32(30 * 24 * 60 * 60))
	later := closed(in, d)
	d = gate.Decide(in)
	later.Now = d.ClearedUntil.Add(-time.Second)
	if after := gate.Decide(later); reach(in, after) < reach(in, d) {
		t.Errorf("%s is granted until %v, and a second before then %q: %s", d.GrantedExposure, d.ClearedUntil, after.GrantedExposure, after.Message)
	}
}

// comesLater reports whether something in the input was made later than the decision.
func comesLater(in gate.Input) bool {
	later := func(meta metav1.ObjectMeta) bool { return meta.CreationTimestamp.After(in.Now) }
	return slices.ContainsFunc(in.Evaluations, func(e v1alpha1.SafetyEvaluation) bool { return later(e.ObjectMeta) }) ||
		slices.ContainsFunc(in.Approvals, func(a v1alpha1.ReleaseApproval) bool { return later(a.ObjectMeta) }) ||
		slices.ContainsFunc(in.Waivers, func(x v1alpha1.ReleaseWaiver) bool { return later(x.ObjectMeta) }) ||
		slices.ContainsFunc(in.Determinations, func(r v1alpha1.ReleaseDetermination) bool { return later(r.ObjectMeta) })
}
