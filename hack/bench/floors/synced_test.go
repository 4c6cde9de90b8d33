// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package floors

import (
	"os"
	"path/filepath"
	"testing"
)

func TestReady(t *testing.T) {
	for sentence, test := range map[string]struct {
		before, after string
		want          bool
	}{
		"a floor that has printed nothing is not":                  {"", "", false},
		"one that is synced is":                                    {"", "starting\n" + Synced + "\n", true},
		"what an earlier one printed does not count":               {Synced + "\n", "starting\n", false},
		"one that is synced behind the lines of an earlier one is": {Synced + "\n", Synced + "\n", true},
	} {
		t.Run(sentence, func(t *testing.T) {
			log := filepath.Join(t.TempDir(), "floor.log")
			if test.before != "" {
				if err := os.WriteFile(log, []byte(test.before), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			ready := Ready(log)
			if err := os.WriteFile(log, []byte(test.before+test.after), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := ready(t.Context()); (err == nil) != test.want {
				t.Errorf("ready: %v", err)
			}
		})
	}
}
