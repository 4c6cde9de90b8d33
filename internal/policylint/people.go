// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package policylint

import (
	"fmt"
	"slices"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

func nobodyIndependent(p *policy) []Problem {
	if e := p.IndependentEvaluators; e != nil && len(e.Users)+len(e.Groups) > 0 {
		return nil
	}
	var all []Problem
	for i := range p.Requirements {
		if r := &p.Requirements[i]; r.Independence == v1alpha1.IndependenceIndependent {
			all = append(all, problem(requirementField(i, "independence"), "name users or groups in spec.independentEvaluators",
				"%s asks for independent evaluators, and the policy names none: it is never met", r.Name))
		}
	}
	return all
}

func authorApproves(p *policy) []Problem {
	var all []Problem
	for i := range p.Requirements {
		r := &p.Requirements[i]
		if r.Approval != nil && len(r.Approval.Quorum) > 0 && !slices.Contains(r.Approval.DifferFrom, v1alpha1.PartyAuthor) {
			all = append(all, problem(requirementField(i, "approval"), "write differFrom: [Author]",
				"%s counts whoever wrote the release, who then approves what is their own", r.Name))
		}
	}
	return all
}

// quorum is a quorum with its place.
type quorum struct {
	field string
	parts []v1alpha1.RoleQuorum
}

func (p *policy) quorums() []quorum {
	var all []quorum
	for i := range p.Requirements {
		if a := p.Requirements[i].Approval; a != nil {
			all = append(all, quorum{requirementField(i, "approval.quorum"), a.Quorum})
		}
	}
	if p.Waivers != nil {
		all = append(all, quorum{"spec.waivers.quorum", p.Waivers.Quorum})
		if p.Waivers.BreakGlass != nil {
			all = append(all, quorum{"spec.waivers.breakGlass.quorum", p.Waivers.BreakGlass.Quorum})
		}
	}
	if p.Determinations != nil {
		all = append(all, quorum{"spec.determinations.quorum", p.Determinations.Quorum})
	}
	if p.Revisions != nil {
		all = append(all, quorum{"spec.revisions.quorum", p.Revisions.Quorum})
	}
	return all
}

func unusedRole(p *policy) []Problem {
	used := map[string]bool{}
	for _, q := range p.quorums() {
		for _, part := range q.parts {
			used[part.Role] = true
		}
	}
	for i := range p.Requirements {
		if a := p.Requirements[i].Approval; a != nil {
			for _, role := range a.NotifyBefore {
				used[role] = true
			}
		}
	}
	if p.Waivers != nil && p.Waivers.BreakGlass != nil {
		used[p.Waivers.BreakGlass.ReviewRole] = true
	}
	var all []Problem
	for i := range p.Roles {
		if name := p.Roles[i].Name; !used[name] {
			all = append(all, problem(fmt.Sprintf("spec.roles[%d]", i), "ask for it in a quorum or in notifyBefore, or take it away", "nobody is asked for in role %s", name))
		}
	}
	return all
}

// mostPeople is how many distinct people a quorum can ask for without being taken for a slip.
const mostPeople = 12

func quorumTooLarge(p *policy) []Problem {
	var all []Problem
	for _, q := range p.quorums() {
		sum := 0
		for _, part := range q.parts {
			sum += int(part.Count)
		}
		if sum > mostPeople {
			all = append(all, problem(q.field, "lower the counts: nobody is counted twice", "it asks for %d distinct people", sum))
		}
	}
	return all
}

func revisionsUnguarded(p *policy) []Problem {
	asks := func(r v1alpha1.Requirement) bool { return r.Approval != nil && len(r.Approval.Quorum) > 0 }
	if p.Revisions != nil || !slices.ContainsFunc(p.Requirements, asks) {
		return nil
	}
	return []Problem{problem("spec", "say in spec.revisions who approves such a change",
		"releases need approval, and a change that takes this away needs none: it counts at once")}
}
