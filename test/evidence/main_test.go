// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const result = `{"apiVersion": "results.scalegate.dev/v1", "kind": "EvaluationResult", "tool": {"name": "t"}, "suite": {"name": "s"},
"runID": "r", "status": "running", "metrics": [{"name": "m", "value": 0.5, "judged": 4}]}`

func TestRun(t *testing.T) {
	for name, test := range map[string]struct {
		list, last, in string
		code           int
	}{
		"what is right": {
			`[{"path": "own/a.json", "format": "scalegate", "final": false, "metrics": {"m": 0.5}, "samples": 4}]`,
			"evidence: 1 files, 0 wrong", "right", 0,
		},
		"what is wrong": {
			`[{"path": "own/a.json", "format": "scalegate", "final": true, "metrics": {"m": 0.25}}]`,
			"evidence: 1 files, 1 wrong", `own/a.json: m is "0.5", want 0.25`, 1,
		},
		"a folder without a list": {"", "evidence: 1 files, not compared", "not compared", 0},
		"a list that is damaged":  {`[`, "", "", 2},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "own", "a.json"), result)
			if test.list != "" {
				write(t, filepath.Join(dir, "EXPECTED.json"), test.list)
			}
			var out, problems bytes.Buffer
			code := run(dir, &out, &problems)
			lines := strings.Split(strings.TrimSpace(out.String()), "\n")
			if code != test.code || !strings.HasPrefix(lines[len(lines)-1], test.last) || !strings.Contains(out.String(), test.in) {
				t.Errorf("ends with %d, want %d:\n%s%s", code, test.code, out.String(), problems.String())
			}
			if (code == 2) != (problems.Len() > 0) {
				t.Errorf("problems = %q", problems.String())
			}
		})
	}
	var out, problems bytes.Buffer
	if code := run(filepath.Join(t.TempDir(), "absent"), &out, &problems); code != 2 || !strings.Contains(problems.String(), "there is no folder") {
		t.Errorf("a folder that is not there: %d, %q", code, problems.String())
	}
}

// TestRunSkips says that it skips where no folder is named and none is in its place.
func TestRunSkips(t *testing.T) {
	t.Chdir(t.TempDir())
	var out, problems bytes.Buffer
	if code := run("", &out, &problems); code != 0 || !strings.HasPrefix(out.String(), "evidence: skipped: there is no folder") {
		t.Errorf("ends with %d: %q", code, out.String())
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
