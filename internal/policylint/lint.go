// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package policylint finds what a SafetyPolicy says that is valid, and probably not meant: what can have no effect, what can
// never be met, and what lets through more than it seems to. It is pure.
//
// In: a policy that its definition lets through, and the suites that are known. Out: problems in a fixed order. Each lint is of
// a kind of problem that is one in every policy: what some may want is none.
package policylint

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/verdict"
)

// Problem is one thing that is wrong with a policy.
type Problem struct {
	// Lint is the name of the lint, which does not change.
	Lint     string
	Severity verdict.Severity
	// Field is its path in the policy, such as spec.levels[1].requires.
	Field   string
	Message string
	Remedy  string
}

// Description is what a lint looks for.
type Description struct {
	Name     string
	Severity verdict.Severity
	// Text says in a sentence what is wrong.
	Text string
}

// lint is a row of the table.
type lint struct {
	Description

	look func(*policy) []Problem
}

// policy is what is looked at.
type policy struct {
	*v1alpha1.SafetyPolicySpec

	suites []*v1alpha1.EvaluationSuite
}

// Lint looks at a policy. suites are those that are known; none means that nothing is known about suites, and nothing is said.
func Lint(object *v1alpha1.SafetyPolicy, suites []*v1alpha1.EvaluationSuite) []Problem {
	p := &policy{SafetyPolicySpec: &object.Spec, suites: suites}
	var all []Problem
	for _, l := range lints() {
		for _, problem := range l.look(p) {
			problem.Lint, problem.Severity = l.Name, cmp.Or(problem.Severity, l.Severity)
			all = append(all, problem)
		}
	}
	return all
}

// Descriptions are all lints, in the order in which their problems are told.
func Descriptions() []Description {
	var all []Description
	for _, l := range lints() {
		all = append(all, l.Description)
	}
	return all
}

func lints() []lint {
	const wrong, odd = verdict.SeverityError, verdict.SeverityWarning
	return []lint{
		{Description{"RaisesToLowestLevel", wrong, "A threshold raises to the lowest level, which every release has."}, raisesToLowest},
		{Description{"ExposureNeverGranted", wrong, "No level requires anything of an exposure, and it is not allowed without evidence, so that it is never granted."}, neverGranted},
		{Description{"ExposureRefusedAtLevel", odd, "At some levels nothing is required of an exposure that is not allowed without evidence, so that releases of these levels are never granted it."}, refusedAtLevel},
		{Description{"LevelAboveUndefined", odd, "A level is defined above one that is not, so that no release reaches it."}, aboveUndefined},
		{Description{"LevelAddsNothing", odd, "A level asks for no more than the one below it."}, addsNothing},
		{Description{"RequirementUnused", verdict.SeverityNote, "Nothing refers to a requirement: its results are recorded, and decide nothing."}, unusedRequirement},
		{Description{"RequirementRulesOutItsLevel", odd, "A threshold is ruled out by what the level requires that it raises to, so that a model which reaches it never meets that level."}, rulesOutItsLevel},
		{Description{"NeededFromWithoutEffect", odd, "A requirement is needed earlier than its neededFrom says, since another one that rules out the same threshold is."}, neededFromWithoutEffect},
		{Description{"ThresholdNeverRuledOut", odd, "A threshold is ruled out by a saturated evaluation, which shows nothing favourable, and the policy allows no determinations."}, neverRuledOut},
		{Description{"NobodyIndependent", odd, "A requirement asks for independent evaluators, and the policy names none."}, nobodyIndependent},
		{Description{"AuthorApproves", odd, "An approval counts the authors of the release."}, authorApproves},
		{Description{"RoleUnused", odd, "Nobody is asked for in a role."}, unusedRole},
		{Description{"QuorumTooLarge", odd, "A quorum asks for more distinct people than a review could gather."}, quorumTooLarge},
		{Description{"WaiverOutlivesEvidence", odd, "A waiver may last longer than any evidence that it stands in for."}, waiverOutlives},
		{Description{"GraceOutlivesEvidence", odd, "What serves is kept longer after its evidence ended than some evidence counts."}, graceOutlives},
		{Description{"ClearanceExtreme", odd, "A clearance lives so short that an outage of the manager stops new pods, or so long that it outlives a revocation."}, clearanceExtreme},
		{Description{"EvidenceNeverRenewed", odd, "Evidence counts for more than two years."}, neverRenewed},
		{Description{"AlertWithoutEffect", odd, "A result with an alert counts as long as others."}, alertWithoutEffect},
		{Description{"OneSampleDecides", odd, "One sample, without an interval, decides."}, oneSample},
		{Description{"RevisionsUnguarded", odd, "The policy asks people to approve releases, and a change that weakens it counts at once."}, revisionsUnguarded},
		{Description{"NamesDifferInCase", odd, "Two names differ in case alone."}, sameButCase},
		{Description{"SuiteMissing", odd, "A requirement names a suite that is not among those given."}, suiteMissing},
	}
}

func problem(field, remedy, format string, args ...any) Problem {
	return Problem{Field: field, Remedy: remedy, Message: fmt.Sprintf(format, args...)}
}

// rank is the place of an exposure; that of the lowest for none.
func (p *policy) rank(exposure string) int {
	return max(0, slices.IndexFunc(p.Exposures, func(x v1alpha1.Exposure) bool { return x.Name == exposure }))
}

// requirement finds one by name, and its place; nil where it is not defined.
func (p *policy) requirement(name string) (*v1alpha1.Requirement, int) {
	for i := range p.Requirements {
		if p.Requirements[i].Name == name {
			return &p.Requirements[i], i
		}
	}
	return nil, -1
}

func requirementField(i int, below string) string {
	if below == "" {
		return fmt.Sprintf("spec.requirements[%d]", i)
	}
	return fmt.Sprintf("spec.requirements[%d].%s", i, below)
}
