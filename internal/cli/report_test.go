// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/scalegate/scalegate/internal/evidence"
)

// noise is text that gzip makes no smaller than three quarters.
func noise(bytes int) string {
	raw := make([]byte, bytes)
	source := rand.NewChaCha8([32]byte{1})
	if _, err := source.Read(raw); err != nil {
		panic(err)
	}
	return base64.StdEncoding.EncodeToString(raw)
}

func TestImportRefusesWhatDoesNotFit(t *testing.T) {
	c := cluster(t, nil, world()...)
	content := inspectLog("success", "bio", "0.1", noise(2<<20))
	got := run(t, c, importing(written(t, "bio.json", content))...)
	if got.code != 1 || got.out != "" {
		t.Errorf("code %d: %s", got.code, got.out)
	}
	contains(t, got.errors, []string{
		"bio.json does not fit", fmt.Sprintf("it has %d bytes", len(content)), "compressed with gzip", "holds 1048576", "--no-log-samples",
	})
	nothingStored(t, c)
	// What is shown as compressed is what it would have taken, although it was not kept.
	var path, compressed string
	if _, err := fmt.Sscanf(got.errors[strings.Index(got.errors, "bytes, ")+len("bytes, "):], "%s", &compressed); err != nil {
		t.Fatal(err)
	}
	var n int
	if _, err := fmt.Sscan(compressed, &n); err != nil || n < 2<<20 || n > len(content) {
		t.Errorf("%s is said to have %q bytes compressed", path, compressed)
	}
}

func TestRemedyForWhatDoesNotFitIsThatOfTheTool(t *testing.T) {
	for format, want := range map[evidence.Format]string{
		evidence.InspectJSON: "--no-log-samples", evidence.InspectEval: "--no-log-samples",
		evidence.LMEval: "results_*.json", evidence.LMEvalLegacy: "results_*.json",
	} {
		if text := (&tooLargeError{path: "f", size: 3, compressed: 2, format: format}).Error(); !strings.Contains(text, want) {
			t.Errorf("%s: %s", format, text)
		}
	}
}

func TestALargeFileIsCompressedInLittleMemory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "large.json")
	const size = 128 << 20
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(file.Truncate(size), file.Close()); err != nil {
		t.Fatal(err)
	}
	// The SHA-256 of 128 MiB of zeros.
	r := &report{path: path, size: size, measurement: evidence.Measurement{
		SHA256: "254bcc3fc4f27172636df4bf32de9f107f620d559b20d760197e452b97453917",
	}}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := r.compress(); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 8<<20 {
		t.Errorf("it took %d bytes of memory", used)
	}
	if len(r.stored) == 0 || len(r.stored) > maxStoredBytes {
		t.Errorf("%d bytes stored", len(r.stored))
	}
}

func TestAFileThatChangesMeanwhileIsRefused(t *testing.T) {
	path := written(t, "bio.json", inspectLog("success", "bio", "0.1", "?"))
	r, err := readReport(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(inspectLog("success", "bio", "0.9", "?")), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := r.compress(); err == nil || !strings.Contains(err.Error(), "changed while it was read") {
		t.Errorf("got %v", err)
	}
}

func TestBoundedKeepsExactlyTheLimit(t *testing.T) {
	b := &bounded{limit: 4}
	for _, part := range []string{"ab", "cd"} {
		if n, err := b.Write([]byte(part)); n != 2 || err != nil {
			t.Fatal(n, err)
		}
	}
	if b.total != 4 || b.String() != "abcd" {
		t.Errorf("kept %q of %d", b.String(), b.total)
	}
	if n, err := b.Write([]byte("e")); n != 1 || err != nil || b.total != 5 || b.Len() != 4 {
		t.Errorf("past the limit: %d, %v, kept %d of %d", n, err, b.Len(), b.total)
	}
}
