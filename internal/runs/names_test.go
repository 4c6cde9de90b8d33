// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package runs

import (
	"strings"
	"testing"
)

func TestLabelsThatMayBeShortened(t *testing.T) {
	for name, want := range map[string]bool{
		"an evaluation":   false,
		"e1":              false,
		"bio-0123456789":  true,
		"bio-012345678g":  false,
		"bio-01234567890": false,
		EvaluationLabel(strings.Repeat("e", 253)): true,
		EvaluationLabel(strings.Repeat("e", 63)):  false,
	} {
		if got := Shortened(name); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
