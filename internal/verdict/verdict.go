// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package verdict is what commands say about manifests, policies and cases, and the forms in which pipelines take it: text,
// JSON, JUnit, SARIF, and the commands of GitHub's workflows. It is pure: a report goes in, bytes come out, the same each time.
package verdict

import (
	"slices"
	"strings"
)

// Outcome sums up what is known about one thing. The zero value is none of them.
type Outcome string

const (
	// Pass means that all is as it should be.
	Pass Outcome = "Pass"
	// Pending means that something is missing, or cannot be known here, and may still come.
	Pending Outcome = "Pending"
	// Inconclusive means that there are results, and they show neither one nor the other.
	Inconclusive Outcome = "Inconclusive"
	// Blocked means that only a change helps.
	Blocked Outcome = "Blocked"
	// Error means that it cannot be judged: it cannot be read, or is not valid.
	Error Outcome = "Error"
)

// Outcomes are all, from the best to the worst.
func Outcomes() []Outcome { return []Outcome{Pass, Pending, Inconclusive, Blocked, Error} }

// ExitCode is the code that a command ends with whose worst outcome this is: 0, 1 for an error, 2 blocked, 3 pending, 4
// inconclusive. What is no outcome is an error.
func (o Outcome) ExitCode() int {
	switch o {
	case Pass:
		return 0
	case Blocked:
		return 2
	case Pending:
		return 3
	case Inconclusive:
		return 4
	case Error:
	}
	return 1
}

// worse tells whether an outcome is worse than another. What is no outcome is worse than all.
func (o Outcome) worse(than Outcome) bool {
	rank := func(x Outcome) int {
		if i := slices.Index(Outcomes(), x); i >= 0 {
			return i
		}
		return len(Outcomes())
	}
	return rank(o) > rank(than)
}

// Severity says how much a finding weighs.
type Severity string

const (
	// SeverityError is for what is wrong.
	SeverityError Severity = "error"
	// SeverityWarning is for what somebody should look at.
	SeverityWarning Severity = "warning"
	// SeverityNote is for what is worth knowing.
	SeverityNote Severity = "note"
)

// Finding is one thing to be told about an object, at its place.
type Finding struct {
	// Rule is the reason, or the name of the lint: a word that does not change.
	Rule     string   `json:"rule"`
	Severity Severity `json:"severity"`
	// Field is the path of the field that it is about; empty for the whole object.
	Field string `json:"field,omitempty"`
	// Message says what is the matter, and Remedy what to do; either may be empty.
	Message string `json:"message"`
	Remedy  string `json:"remedy,omitempty"`
	// File and Line are where; Line counts from 1, and 0 means that it is not known.
	File string `json:"file,omitempty"`
	Line int    `json:"line,omitempty"`
}

// Case is one object, or one case of a suite, and what is known about it.
type Case struct {
	// Suite groups cases: a file, or a policy.
	Suite string `json:"suite"`
	// Name is unique within its suite wherever the input allows.
	Name    string  `json:"name"`
	Outcome Outcome `json:"outcome"`
	// Summary says in a sentence what is known.
	Summary string `json:"summary,omitempty"`
	// File and Line are where it begins.
	File     string    `json:"file,omitempty"`
	Line     int       `json:"line,omitempty"`
	Findings []Finding `json:"findings,omitempty"`
}

// Report is all that a command found, in the order in which it is told.
type Report struct {
	// Command is what made it, such as check.
	Command string `json:"command"`
	Cases   []Case `json:"cases"`
}

// Worst is the worst outcome of all cases; Pass where there are none.
func (r *Report) Worst() Outcome {
	worst := Pass
	for i := range r.Cases {
		if r.Cases[i].Outcome.worse(worst) {
			worst = r.Cases[i].Outcome
		}
	}
	return worst
}

// WorstOf is the worst outcome among those that count; errors always do. Pass where there are none.
func (r *Report) WorstOf(counting []Outcome) Outcome {
	worst := Pass
	for i := range r.Cases {
		o := r.Cases[i].Outcome
		known := slices.Contains(Outcomes(), o)
		if (slices.Contains(counting, o) || o == Error || !known) && o.worse(worst) {
			worst = o
		}
	}
	return worst
}

// Count is how many cases have the outcome.
func (r *Report) Count(o Outcome) int {
	n := 0
	for i := range r.Cases {
		if r.Cases[i].Outcome == o {
			n++
		}
	}
	return n
}

// suites are the names of all suites, in the order of their first case.
func (r *Report) suites() []string {
	var all []string
	for i := range r.Cases {
		if !slices.Contains(all, r.Cases[i].Suite) {
			all = append(all, r.Cases[i].Suite)
		}
	}
	return all
}

// text is a finding's sentence with its remedy.
func (f *Finding) text() string {
	text := f.Message
	if f.Field != "" {
		text = f.Field + ": " + text
	}
	switch {
	case f.Remedy == "":
		return text
	case strings.HasSuffix(text, "."):
		return text + " " + strings.ToUpper(f.Remedy[:1]) + f.Remedy[1:] + "."
	}
	return text + "; " + f.Remedy
}
