// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"slices"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/policylint"
	"github.com/scalegate/scalegate/internal/verdict"
)

// Lint says of the policies and suites of a set whether they are valid, and what in them is probably not meant. A case with a
// problem of severity least or worse is Blocked.
func (s *Set) Lint(least verdict.Severity) verdict.Report {
	// What is no manifest may well stand beside policies, as their cases do.
	unread := slices.DeleteFunc(slices.Clone(s.unread), func(c verdict.Case) bool { return c.Findings[0].Rule == ruleNoManifest })
	report := verdict.Report{Command: "lint", Cases: unread}
	for _, e := range s.entries {
		kind := e.GVK().Kind
		if e.GVK().Group != v1alpha1.Group || kind != "SafetyPolicy" && kind != "EvaluationSuite" {
			continue
		}
		report.Cases = append(report.Cases, s.lint(e, least))
	}
	return report
}

func (s *Set) lint(e *entry, least verdict.Severity) verdict.Case {
	c := verdict.Case{Suite: e.File, Name: e.title(), Outcome: verdict.Pass, Summary: "nothing is wrong with it", File: e.File, Line: e.Line}
	if len(e.problems) > 0 {
		c.Outcome, c.Summary, c.Findings = verdict.Error, "it is not valid, and the API server would refuse it", e.problems
		return c
	}
	switch typed := e.typed.(type) {
	case *v1alpha1.EvaluationSuite:
		suite(e, typed, &c)
	case *v1alpha1.SafetyPolicy:
		for _, p := range policylint.Lint(typed, objectsOf[*v1alpha1.EvaluationSuite](s)) {
			c.Findings = append(c.Findings, e.finding(p.Severity, p.Lint, p.Field, p.Message, p.Remedy))
			if weighs(p.Severity) >= weighs(least) {
				c.Outcome, c.Summary = verdict.Blocked, "it says what is probably not meant"
			}
		}
	}
	return c
}

// weighs orders severities.
func weighs(s verdict.Severity) int {
	return slices.Index([]verdict.Severity{verdict.SeverityNote, verdict.SeverityWarning, verdict.SeverityError}, s)
}
