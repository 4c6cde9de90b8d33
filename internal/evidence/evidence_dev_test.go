// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/scalegate/scalegate/test/evidence/readings"
)

// TestDevelopmentSet reads every file of the development set, which lies outside this repository, as its
// list says. `make evidence` does the same and prints a table.
func TestDevelopmentSet(t *testing.T) {
	dir := os.Getenv("SCALEGATE_EVIDENCE_DIR")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "evidence")
	}
	found, err := readings.Folder(dir)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("the development set of result files is not at %s (set SCALEGATE_EVIDENCE_DIR)", dir)
	}
	if err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 {
		t.Errorf("%s lists no file", dir)
	}
	for _, r := range found {
		t.Run(r.Path, func(t *testing.T) {
			for _, difference := range r.Wrong {
				t.Error(difference)
			}
		})
	}
}
