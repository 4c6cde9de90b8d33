// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package marks_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/scalegate/scalegate/test/policies/marks"
)

const sample = `# A policy.
#
# SOURCES
#   RSP 2.2 | Responsible Scaling Policy | 2025-05-14
apiVersion: scalegate.dev/v1alpha1
kind: SafetyPolicy
metadata:
  name: rsp # OURS a name
spec:
  levels:
  - name: ASL-2 # STATED RSP 2.2, Appendix B, 2025-05-14
    requires: [a, b] # OURS what can be shown
  requirements:
  - name: a # STATED(card) RSP 2.2, card, 2025-05-14
    evaluation:
      clearAt: "2.8" # OURS a number of ours
`

func TestEveryValueNeedsAMark(t *testing.T) {
	if m, err := marks.Read([]byte(sample)); err != nil || len(m.Problems) > 0 || len(m.All) != 5 {
		t.Fatalf("%d marks, %v, %v", len(m.All), m.Problems, err)
	}
	for name, test := range map[string]struct{ from, to, want string }{
		"a number without a mark":                {` # OURS a number of ours`, ``, "line 16: it states a value and has no mark"},
		"a list without a mark":                  {` # OURS what can be shown`, ``, "line 12: it states a value and has no mark"},
		"a comment that is no mark":              {`# OURS a number of ours`, `# ours`, "line 16: it states a value and has no mark"},
		"a mark that gives no reason":            {`# OURS a number of ours`, `# OURS`, "line 16: it states a value and has no mark"},
		"a document that is not listed":          {`# STATED RSP 2.2, Appendix B`, `# STATED RSP 9, Appendix B`, `line 11: the document "RSP 9" is not among the sources`},
		"another date than the list has":         {`Appendix B, 2025-05-14`, `Appendix B, 2025-05-15`, "of 2025-05-14 by the list of sources, and of 2025-05-15"},
		"a document without a place in it":       {`RSP 2.2, Appendix B, 2025`, `RSP 2.2, 2025`, "where in"},
		"a value that an alias hides":            {`"2.8" # OURS`, "&x \"2.8\" # OURS again\n      tripAt: *x # OURS", "an alias has no mark of its own"},
		"a mark of a block without a date":       {`    evaluation:`, `    evaluation: # STATED RSP 2.2, s3`, "line 15: the mark cannot be read"},
		"a mark in another case":                 {`    evaluation:`, `    evaluation: # Stated RSP 2.2, s3, 2025-05-14`, "line 15: the mark cannot be read"},
		"a source that is not written as one is": {`#   RSP 2.2 | Responsible Scaling Policy | 2025-05-14`, `#   RSP 2.2`, "a source is written"},
	} {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(sample, test.from) {
				t.Fatalf("the sample does not have %q", test.from)
			}
			m, err := marks.Read([]byte(strings.Replace(sample, test.from, test.to, 1)))
			if err != nil {
				t.Fatal(err)
			}
			if all := strings.Join(m.Problems, "\n"); !strings.Contains(all, test.want) {
				t.Errorf("want %q among the problems:\n%s", test.want, all)
			}
		})
	}
}

func TestTheShippedPoliciesAreMarked(t *testing.T) {
	files, err := filepath.Glob("../../../policies/*/policy.yaml")
	if err != nil || len(files) < 4 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		m, err := marks.Read(data)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		stated := 0
		for _, mark := range m.All {
			if mark.Stated {
				stated++
			}
		}
		t.Logf("%s: %d stated, %d ours", file, stated, len(m.All)-stated)
		for _, problem := range m.Problems {
			t.Errorf("%s: %s", file, problem)
		}
	}
}

// A suite is illustrative as a whole, and says so in its first line.
func TestTheShippedSuitesAreMarked(t *testing.T) {
	files, err := filepath.Glob("../../../policies/*/suites/*.yaml")
	if err != nil || len(files) < 4 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		first, _, _ := strings.Cut(string(data), "\n")
		if !strings.HasPrefix(first, "# ") || !strings.Contains(first, "OURS: ") {
			t.Errorf("%s: the first line must say what is ours: %q", file, first)
		}
	}
}
