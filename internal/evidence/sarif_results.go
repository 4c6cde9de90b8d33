// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

type sarifResult struct {
	RuleID       word           `json:"ruleId"`
	RuleIndex    sarifRef       `json:"ruleIndex"`
	Rule         sarifReference `json:"rule"`
	Level        word           `json:"level"`
	Kind         word           `json:"kind"`
	Baseline     word           `json:"baselineState"`
	Suppressions []struct {
		Status word `json:"status"`
	} `json:"suppressions"`
}

// count takes one result in. A result is a finding unless it says that all is well or that the rule does not
// apply, that it is gone since the baseline, or that it is suppressed. What awaits a person's review is a
// finding.
func (l *sarifLog) count(run *sarifRun, value jsontext.Value) error {
	var result sarifResult
	if err := decodeValue("runs.results", value, &result); err != nil {
		return err
	}
	counts := l.tools[run.tool]
	counts.objects++
	if len(result.Suppressions) > 0 {
		counts.marked++
	}
	switch result.Kind {
	case "pass", "notApplicable", "informational":
		return nil
	}
	if result.Baseline == "absent" {
		return nil
	}
	if result.suppressed() {
		counts.dismissed++
		return nil
	}
	counts.findings++
	reference := result.reference()
	rule := run.find(reference)
	level := word(strings.ToLower(string(result.level(rule)))) // some tools capitalise it
	if severity(level) < 0 {
		l.oddLevels++
		level = "error"
	}
	counts.levels[string(level)]++
	ids := map[string]bool{}
	if id := string(reference.ID); id != "" {
		ids[id] = true
	}
	// A result may name a part of a rule, as "rule/part"; it counts for both.
	if rule != nil && rule.ID != "" {
		ids[string(rule.ID)] = true
	}
	for id := range ids {
		if err := checkName("runs.results.ruleId", id); err != nil {
			return err
		}
		counts.rules[id]++
	}
	if len(counts.rules) > l.limits.Results {
		return tooManyResults(l.limits)
	}
	return nil
}

// suppressed follows the standard: at least one suppression, and none that is under review or rejected.
func (r sarifResult) suppressed() bool {
	for _, s := range r.Suppressions {
		if s.Status != "" && s.Status != "accepted" {
			return false
		}
	}
	return len(r.Suppressions) > 0
}

// reference is the rule as either of the two ways to state it has it.
func (r sarifResult) reference() sarifReference {
	reference := r.Rule
	if r.RuleID != "" {
		reference.ID = r.RuleID
	}
	if reference.Index.at == nil {
		reference.Index = r.RuleIndex
	}
	return reference
}

// level is the result's own, else its rule's. Only a failed check has a level of its rule.
func (r sarifResult) level(rule *sarifRule) word {
	switch {
	case r.Level != "":
		return r.Level
	case r.Kind != "" && r.Kind != "fail":
		return "none"
	case rule != nil:
		return rule.level()
	}
	return "warning"
}
