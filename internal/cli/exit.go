// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"

	"github.com/scalegate/scalegate/internal/cli/explanation"
)

// The codes that a command ends with. They are API: scripts and pipelines branch on them, and the command's Long text
// says which of them it uses and for what. A command returns exitWith(code) once it has printed what there is to say.
const (
	// codePass means that what was asked holds.
	codePass = 0
	// codeError means that the command was not used rightly or could not do its work, so there is no answer. It comes
	// with a message; a command returns an ordinary error for it.
	codeError = 1
	// codeBlocked means that the answer is no, and that waiting does not change it: somebody has to act.
	codeBlocked = 2
	// codePending means that the answer is not there yet, and may still come: something is missing, or time ran out.
	codePending = 3
	// codeInconclusive means that there are results, and they show neither one nor the other.
	codeInconclusive = 4
)

// exitError ends the program with a code. It is no error of the program: what there is to say was printed.
type exitError struct{ code int }

func (e *exitError) Error() string { return fmt.Sprintf("exit code %d", e.code) }

// exitWith ends the program with a code, and is nil for codePass. What there is to say must have been printed.
func exitWith(code int) error {
	if code == codePass {
		return nil
	}
	return &exitError{code}
}

// codeFor is the code of a command that reports a decision's outcome.
func codeFor(outcome explanation.Outcome) int {
	switch outcome {
	case explanation.Granted:
		return codePass
	case explanation.Pending:
		return codePending
	case explanation.Inconclusive:
		return codeInconclusive
	case explanation.Blocked:
	}
	return codeBlocked
}
