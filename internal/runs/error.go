// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package runs

import "fmt"

// SuiteError says why a suite cannot be run for an evaluation. Only a change of what it names helps.
type SuiteError struct {
	// Reason is InvalidSuite, SuiteMismatch, SubjectMismatch or CollectorUnknown.
	Reason string
	// Path is the field that is at fault: of the suite, or of the evaluation where Reason is a mismatch.
	Path string
	// Problem and Remedy are for a person.
	Problem, Remedy string
}

// Error names the field, the problem and the remedy.
func (e *SuiteError) Error() string {
	text := e.Problem
	if e.Path != "" {
		text = fmt.Sprintf("%s: %s", e.Path, e.Problem)
	}
	if e.Remedy != "" {
		text += ": " + e.Remedy
	}
	return text
}
