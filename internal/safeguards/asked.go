// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package safeguards

import (
	"slices"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// Asked is a check that a policy asks for.
type Asked struct {
	// Requirement of the policy.
	Requirement string
	Check       v1alpha1.SafeguardCheck
	// NeededFrom is the lowest exposure that needs it; empty for every one.
	NeededFrom string
	// exposures of the policy, from the least.
	exposures []string
}

// AskedBy are the checks that the policies ask for, in their order. A nil policy asks for none.
func AskedBy(policies ...*v1alpha1.SafetyPolicy) []Asked {
	var all []Asked
	for _, p := range policies {
		if p == nil {
			continue
		}
		for i := range p.Spec.Requirements {
			if r := &p.Spec.Requirements[i]; r.Check != nil {
				all = append(all, Asked{Requirement: r.Name, Check: *r.Check, NeededFrom: r.NeededFrom, exposures: exposures(p)})
			}
		}
	}
	return all
}

func exposures(p *v1alpha1.SafetyPolicy) []string {
	all := make([]string, len(p.Spec.Exposures))
	for i, x := range p.Spec.Exposures {
		all[i] = x.Name
	}
	return all
}

// Needed tells whether what claims an exposure needs the check. An exposure that the policy does not have needs all.
func (a Asked) Needed(exposure string) bool {
	at := slices.Index(a.exposures, exposure)
	return at < 0 || at >= slices.Index(a.exposures, a.NeededFrom)
}

// AboutWorkloads tells whether the check is about pods, so that one that waits is judged by itself.
func (a Asked) AboutWorkloads() bool {
	row, known := rowOf(a.Check.Type)
	return known && row.workload != nil
}

// Answer is a check and its answer.
type Answer struct {
	Asked
	Result
}

// Answers judges every check that the policies ask for. Where several ask for a check of one requirement and one type, the
// worst answer is that to all; of those as bad the first. They are in the order in which they are asked for.
func Answers(s Scene, policies ...*v1alpha1.SafetyPolicy) []Answer {
	var all []Answer
	for _, a := range AskedBy(policies...) {
		answer := Answer{a, Judge(a, s)}
		at := slices.IndexFunc(all, func(b Answer) bool { return b.Requirement == a.Requirement && b.Check.Type == a.Check.Type })
		switch {
		case at < 0:
			all = append(all, answer)
		case severity(answer.State) > severity(all[at].State):
			all[at] = answer
		default:
			all[at].Replaceable = all[at].Replaceable && (answer.Replaceable || answer.State == v1alpha1.SafeguardInPlace)
		}
	}
	return all
}
