// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package failures

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/scalegate/scalegate/test/installation"
)

// testsOf are the names of the tests in a folder of the module.
func testsOf(t *testing.T, folder string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(installation.Root(), folder, "*_test.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no tests in %s: %v", folder, err)
	}
	found := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllStringSubmatch(string(text), -1) {
			found[match[1]] = true
		}
	}
	return found
}

// docs/reference/failures.md names a test for each failure, and each test of this package for some failure.
func TestEveryFailureHasATest(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(installation.Root(), "docs", "reference", "failures.md"))
	if err != nil {
		t.Fatal(err)
	}
	named, rows := map[string]bool{}, 0
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if !strings.HasPrefix(line, "| **") {
			continue
		}
		rows++
		if len(cells) != 4 {
			t.Errorf("want 4 cells: %s", line)
			continue
		}
		tests := regexp.MustCompile("`([\\w/]+) (Test\\w+)`").FindAllStringSubmatch(cells[3], -1)
		if len(tests) == 0 {
			t.Errorf("no test: %s", line)
		}
		for _, test := range tests {
			if !testsOf(t, test[1])[test[2]] {
				t.Errorf("there is no %s in %s: %s", test[2], test[1], line)
			}
			named[test[1]+" "+test[2]] = true
		}
	}
	const least = 13
	if rows < least {
		t.Errorf("%d failures are listed, want %d or more", rows, least)
	}
	for test := range testsOf(t, filepath.Join("test", "failures")) {
		if !named["test/failures "+test] && test != "TestMain" && test != t.Name() {
			t.Errorf("no failure names test/failures %s", test)
		}
	}
}
