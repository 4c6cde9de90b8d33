// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/scalegate/scalegate/internal/evidence"
)

// TestAResultThatIsADirectory: some tools leave one. It is packed, and the same files give the same evidence.
func TestAResultThatIsADirectory(t *testing.T) {
	testdata := filepath.Join("..", "evidence", "testdata")
	var digests []string
	for range 2 {
		dir := t.TempDir()
		for from, to := range map[string]string{"helm_run_spec.json": "run_spec.json", "helm_stats.json": "stats.json"} {
			content, err := os.ReadFile(filepath.Join(testdata, from))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, to), content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		r, err := readReport(dir)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.compress(); err != nil {
			t.Fatal(err)
		}
		kept, err := evidence.Decompress(r.stored, evidence.StoredBytes)
		if err != nil || digestOf(string(kept)) != r.measurement.SHA256 || r.measurement.Format != evidence.HELM {
			t.Errorf("format %s, digest %s of %d stored bytes: %v", r.measurement.Format, r.measurement.SHA256, len(kept), err)
		}
		digests = append(digests, r.measurement.SHA256)
	}
	if digests[0] != digests[1] {
		t.Errorf("the same files have the digests %v", digests)
	}
}

func TestADirectoryWithoutAResult(t *testing.T) {
	if _, err := readReport(t.TempDir()); err == nil || !strings.Contains(err.Error(), "nothing was imported") {
		t.Errorf("error = %v", err)
	}
}
