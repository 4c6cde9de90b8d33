// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package policylint

import (
	"slices"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// validity is the shortest and the longest time that evidence of people or evaluations counts, in days; 0 without any.
func (p *policy) validity() (shortest, longest int32) {
	for i := range p.Requirements {
		if days := p.Requirements[i].ValidForDays; days > 0 {
			if shortest == 0 || days < shortest {
				shortest = days
			}
			longest = max(longest, days)
		}
	}
	return shortest, longest
}

func waiverOutlives(p *policy) []Problem {
	_, longest := p.validity()
	if p.Waivers == nil || longest == 0 || p.Waivers.MaxDays <= longest {
		return nil
	}
	return []Problem{problem("spec.waivers.maxDays", "let waivers end before evidence would",
		"a waiver may last %d days, and no evidence counts for more than %d", p.Waivers.MaxDays, longest)}
}

func graceOutlives(p *policy) []Problem {
	shortest, _ := p.validity()
	if p.Lapse == nil || p.Lapse.GraceDays == nil || shortest == 0 || *p.Lapse.GraceDays <= shortest {
		return nil
	}
	return []Problem{problem("spec.lapse.graceDays", "let the grace be shorter than the shortest validForDays",
		"what serves is kept for %d days after its evidence ended, and some evidence counts for %d days alone", *p.Lapse.GraceDays, shortest)}
}

// The bounds of what a clearance may live without being taken for a slip, in seconds: what an upgrade of the manager takes at
// worst, and a fortnight.
const shortClearance, longClearance = 600, 14 * 24 * 3600

func clearanceExtreme(p *policy) []Problem {
	const field = "spec.clearanceSeconds"
	switch seconds := p.ClearanceSeconds; {
	case seconds == nil:
		return nil
	case *seconds < shortClearance:
		return []Problem{problem(field, "write 3600 or more", "clearances live for %d seconds: a manager that is away for as long stops new pods of every release", *seconds)}
	case *seconds > longClearance:
		return []Problem{problem(field, "write 604800 or less", "clearances live for %d days: while no manager runs, new pods of a revoked release start for as long", *seconds/86400)}
	}
	return nil
}

// longEvidence is how long evidence counts without being taken for never ending, in days.
const longEvidence = 731

func neverRenewed(p *policy) []Problem {
	var all []Problem
	for i := range p.Requirements {
		if r := &p.Requirements[i]; r.ValidForDays > longEvidence {
			all = append(all, problem(requirementField(i, "validForDays"), "write 365 or less", "what meets %s counts for %d days: the model and those who attack it do not stay the same for that long", r.Name, r.ValidForDays))
		}
	}
	return all
}

func alertWithoutEffect(p *policy) []Problem {
	var all []Problem
	for i := range p.Requirements {
		r := &p.Requirements[i]
		if r.Evaluation == nil || r.Evaluation.AlertValidForDays == nil || *r.Evaluation.AlertValidForDays < r.ValidForDays {
			continue
		}
		all = append(all, problem(requirementField(i, "evaluation.alertValidForDays"), "write less than validForDays, or leave it out",
			"a result of %s with an alert counts for %d days, and others for %d", r.Name, *r.Evaluation.AlertValidForDays, r.ValidForDays))
	}
	return all
}

func oneSample(p *policy) []Problem {
	var all []Problem
	for i := range p.Requirements {
		r := &p.Requirements[i]
		if e := r.Evaluation; e != nil && e.Bound == v1alpha1.BoundPoint && e.MinSamples <= 1 {
			all = append(all, problem(requirementField(i, "evaluation.minSamples"), "ask for as many samples as the evaluation has, or judge an interval by bound", "one sample is enough to meet %s, and chance is not looked at", r.Name))
		}
	}
	return all
}

func suiteMissing(p *policy) []Problem {
	if len(p.suites) == 0 {
		return nil
	}
	var all []Problem
	for i := range p.Requirements {
		name := p.Requirements[i].Suite()
		given := func(s *v1alpha1.EvaluationSuite) bool { return s.Name == name }
		if name != "" && !slices.ContainsFunc(p.suites, given) {
			all = append(all, problem(requirementField(i, "evaluation.suite"), "give the suite as well, or correct the name",
				"%s is evaluated by EvaluationSuite %s, which is not among those given", p.Requirements[i].Name, name))
		}
	}
	return all
}
