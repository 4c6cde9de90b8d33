// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestLostSamplesAreDocumented holds the page that says of which formats the share of lost samples is known
// against what the readers make of the test files.
func TestLostSamplesAreDocumented(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "reference", "formats.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "## Samples that were lost\n")
	section, _, _ = strings.Cut(section, "\n## ")
	bounded := map[Format]bool{}
	for line := range strings.Lines(section) {
		cells := strings.Split(line, "|")
		if len(cells) != 5 {
			continue
		}
		for _, name := range regexp.MustCompile("`([a-z-]+)`").FindAllStringSubmatch(cells[1], -1) {
			bounded[Format(name[1])] = !strings.HasPrefix(strings.TrimSpace(cells[3]), "100") && !strings.HasPrefix(strings.TrimSpace(cells[3]), "none")
		}
	}
	known := map[Format]bool{}
	for name, raw := range readableFiles(t) {
		m, err := readBytes(raw)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, r := range m.Results {
			known[m.Format] = known[m.Format] || r.Judged != nil && r.Unjudged != nil && r.Errored != nil
		}
	}
	for _, format := range formats() {
		said, ok := bounded[format.name()]
		switch {
		case !ok && !strings.Contains(section, "`"+string(format.name())+"`"):
			t.Errorf("the page does not speak of %s", format.name())
		case ok && format.name() != InspectEval && said != known[format.name()]:
			t.Errorf("%s: the page says that the share can be known: %v; the readers: %v", format.name(), said, known[format.name()])
		}
	}
}

// readableFiles are the test files but those that no reader claims.
func readableFiles(t *testing.T) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob(filepath.Join("testdata", "*.*"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no test files, %v", err)
	}
	files := map[string][]byte{}
	for _, name := range names {
		if base := filepath.Base(name); !strings.HasPrefix(base, "lookalike") && base != "helm_run_spec.json" {
			files[base] = testFile(t, base)
		}
	}
	return files
}
