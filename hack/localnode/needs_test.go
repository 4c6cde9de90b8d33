// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package localnode

import (
	"strings"
	"testing"
)

func TestWhatIsMissingIsSaid(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	missing := strings.Join(Missing(), "\n")
	for _, want := range []string{"Debian package containerd", "Debian package nftables", "the program runc "} {
		if !strings.Contains(missing, want) {
			t.Errorf("missing = %q, want it to say %q", missing, want)
		}
	}
}
