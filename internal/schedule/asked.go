// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package schedule

import (
	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
)

// Asked is what a person asks to be run, whatever is due.
type Asked struct {
	Order Order
	// UnderWay is a run of the requirement for the same artifacts that may still come to a result; nil without one.
	UnderWay *v1alpha1.SafetyEvaluation
	// Why says why a favourable result would not count, and what would help; empty where it would.
	Why string
}

// Ask orders a suite for one requirement of the policy. suite, if not empty, stands in for a requirement that names none.
func Ask(in Input, requirement *v1alpha1.Requirement, suite string) Asked {
	r := requirement.DeepCopy()
	if r.Suite() == "" && r.Evaluation != nil {
		r.Evaluation.Suite = suite
	}
	s := scheduler{Input: in, artifacts: gate.Artifacts(in.Gate.Release)}
	h := s.history(r)
	a := Asked{Order: newOrder(in.Gate.Release, r, s.artifacts, h.last)}
	a.Why = s.barred(r, a.Order)
	if !h.unfinished {
		return a
	}
	subject := gate.Digest(s.artifacts, r.Scope)
	for i := range in.Gate.Evaluations {
		e := &in.Gate.Evaluations[i]
		if s.concerns(e) && e.Spec.Requirement == r.Name && !gate.Ended(e) && !s.doomed(e, r) && gate.Digest(e.Spec.Subject.Artifacts, r.Scope) == subject {
			a.UnderWay = e
		}
	}
	return a
}
