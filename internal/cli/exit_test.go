// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scalegate/scalegate/internal/cli/explanation"
)

func TestEveryOutcomeHasItsExitCode(t *testing.T) {
	got := map[explanation.Outcome]int{}
	for _, outcome := range []explanation.Outcome{
		explanation.Granted, explanation.Blocked, explanation.Pending, explanation.Inconclusive, "of another version", "",
	} {
		got[outcome] = codeFor(outcome)
	}
	want := map[explanation.Outcome]int{
		explanation.Granted: 0, explanation.Blocked: 2, explanation.Pending: 3, explanation.Inconclusive: 4,
		"of another version": 2, "": 2,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestOnlyACodeOtherThanPassIsAnError(t *testing.T) {
	if err := exitWith(codePass); err != nil {
		t.Errorf("pass is the error %v", err)
	}
	ended, ok := errors.AsType[*exitError](exitWith(codePending))
	if !ok || ended.code != 3 {
		t.Errorf("pending ends with %+v, want code 3", ended)
	}
}
