// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"fmt"
	"slices"
	"strings"
)

const (
	maxCandidates     = 10
	maxCandidateBytes = 160
)

// SelectionError is a selector that does not name exactly one result.
type SelectionError struct {
	Selector string
	// Matches is the number of results the selector names: zero, or more than one.
	Matches int
	// Candidates are full selectors that would each name one result: those matched, or, where none
	// is, those of the file. At most 10 of at most 160 bytes; More counts the rest.
	Candidates []string
	More       int
}

// Error names the candidates, quoted.
func (e *SelectionError) Error() string {
	var b strings.Builder
	if e.Matches == 0 {
		fmt.Fprintf(&b, "metric %q is not in the result file", cut(e.Selector))
	} else {
		fmt.Fprintf(&b, "metric %q matches %d results of the file", cut(e.Selector), e.Matches)
	}
	if len(e.Candidates) == 0 {
		b.WriteString(", which has no results")
		return b.String()
	}
	b.WriteString("; name one of: ")
	for i, c := range e.Candidates {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%q", c)
	}
	if e.More > 0 {
		fmt.Fprintf(&b, " and %d more", e.More)
	}
	return b.String()
}

// Select finds the one result that a selector names, or returns a [SelectionError]. A result without
// data is found like any other: see [Result.HasData].
//
// Inspect: `scorer/metric/reducer`, and `scorer/metric` where the run named no reducer. Where a score's
// name differs from its scorer's (the keys of a dict-valued score; a scorer used twice) the full selector
// is `scorer/name/metric[/reducer]`. Shorter forms match while only one result has them: without the
// reducer, `name/metric[/reducer]`, and `scorer/metric[/reducer]`. lm-evaluation-harness: `task/metric,filter`,
// and `task/metric` for the files of version 0.3.
//
// garak: `probe/detector/asr` and `probe/detector/passRate`, of one intent `probe/detector/intent=name/asr`; names of
// the first versions also without `probes.` and `detector.`; of a hitlog `probe/detector/hits`. LMEvalJob: as lm-evaluation-harness. Results in Scalegate's own format: the
// metric's name.
//
// NeMo Evaluator: `metric` and `categories/category/mean_reward` of a bundle; `tasks/task/metric/score` or
// `groups/...` of a container, without the first word while only one result has it; `mean_reward` of rows.
// OpenAI evals: the key in the final report. PyRIT: `asr`, `attack/name/asr`, `harm/category/asr`.
// modelbench: `system/hazard/estimate`, `system/hazard/numeric_grade`, `system/numeric_grade`, `system/score`,
// without the system while there is one. simple-evals: the key in the file.
//
// promptfoo: `provider/passRate`, `provider/promptIdx/passRate`, `provider/namedScore/name`, `provider/asr`,
// `provider/plugin/id/asr` and `provider/strategy/id/asr` (also with passRate), without the provider while there is
// one. JUnit XML: `passRate`, `failed`, `errored`, also `suite/passRate` and so on. SARIF: `findings`,
// `findings/level`, `rule/ruleId`, `suppressed`, `results`, `withSuppressions`, below `tool/` where there are several.
// HELM: `metric/split[/sub_split][/perturbation]`, or `metric`, below `directory/` where there are several runs.
// JailbreakBench: `asr`, `category/name/asr`, `jailbroken`, `withPrompt`, below `model/` in an evaluation. DeepEval:
// `passRate`, `metric/passRate`, `metric/mean`. HarmBench: `asr/macro` or `asr`, `asr/micro`. StrongREJECT: `score`,
// `jailbreak/name/score`, `category/name/score`, below `model/evaluator/` where there are several.
//
// Names may contain slashes, so whole selectors are compared and nothing is split. A full selector goes
// before a shorter form that reads the same; there are no wildcards.
func (m Measurement) Select(selector string) (Result, error) {
	full := matching(m.Results, func(r Result) bool { return r.Selector == selector })
	if len(full) == 0 {
		full = matching(m.Results, func(r Result) bool { return slices.Contains(r.Aliases, selector) })
	}
	if len(full) == 1 {
		return full[0], nil
	}
	failure := &SelectionError{Selector: selector, Matches: len(full)}
	offered := full
	if len(full) == 0 {
		offered = m.Results
	}
	for i, r := range offered {
		if i == maxCandidates {
			failure.More = len(offered) - i
			break
		}
		failure.Candidates = append(failure.Candidates, cut(r.Selector))
	}
	return Result{}, failure
}

func matching(results []Result, match func(Result) bool) []Result {
	var found []Result
	for _, r := range results {
		if match(r) {
			found = append(found, r)
		}
	}
	return found
}

// cut shortens a name of the file for a message, between two runes.
func cut(s string) string {
	if len(s) <= maxCandidateBytes {
		return s
	}
	return strings.ToValidUTF8(s[:maxCandidateBytes], "") + "…"
}
