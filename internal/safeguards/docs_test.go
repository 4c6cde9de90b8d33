// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package safeguards

import (
	"os"
	"strings"
	"testing"
)

// The reference says of each check what its status says.
func TestTheReferenceSaysTheSame(t *testing.T) {
	content, err := os.ReadFile("../../docs/reference/safeguards.md")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(content), "\n")
	for _, r := range rows() {
		want := "| `" + string(r.kind) + "` | " + r.lookedAt + " | " + r.cannotSee + " | "
		found := false
		for _, line := range lines {
			found = found || strings.HasPrefix(line, want) && len(line) > len(want)+20
		}
		if !found {
			t.Errorf("no line begins with %q and gives a remedy", want)
		}
	}
}
