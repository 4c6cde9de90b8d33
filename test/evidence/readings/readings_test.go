// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package readings

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// ownList is a list of files of the readers' test data.
const ownList = `[
{"path": "inspect-ai/inspect_v1.json", "format": "inspect-json", "status": "success", "final": true, "model": "local/older"},
{"path": "lm-eval/lmeval.json", "format": "lm-eval", "model": "labs/model-7b", "modelSha": "5ca1ab1e", "limit": 80, "date": 1791180000.5,
 "samples": {"hazards/bio": 100, "hazards/chem": 80}, "tasks": 4,
 "metricsSample": {"hazards/chem": {"acc,none": 0.3, "acc_stderr,none": 0.0511}, "arithmetic": {"exact_match,strict-match": 0}}},
{"path": "lm-eval/lookalike.json", "format": "not-lm-eval"},
{"path": "garak/garak.report.jsonl", "format": "garak-report", "model": "labs/model-7b", "completed": true, "endTime": "2026-10-05T08:30:00",
 "evals": [
  {"probe": "jail.Plain", "detector": "words.Harm", "passed": 30, "evaluated": 40, "nones": 2, "asr": 0.25, "ciLower": 0.125, "ciUpper": 0.4},
  {"probe": "jail.Plain", "detector": "words.Refusal", "passed": 42, "evaluated": 42, "nones": 0, "asr": 0.0, "ciLower": null, "ciUpper": null},
  {"probe": "leak.Key", "detector": "words.Harm", "evaluated": 0, "nones": 5, "asr": null, "ciLower": null, "ciUpper": null}]},
{"path": "garak/garak.hitlog.jsonl", "format": "garak-hitlog", "hits": 3},
{"path": "garak/garak.digest.json", "format": "garak-digest", "model": "labs/model-7b"},
{"path": "trustyai/lmevaljob.yaml", "format": "lmevaljob", "state": "Complete", "reason": "Succeeded", "samples": {"hazards": 80}, "tasks": 1},
{"path": "own/neutral.json", "format": "scalegate", "final": true, "model": "labs/model-7b", "task": "bio-uplift",
 "metrics": {"uplift": 0.0625, "grade": 4.5, "refusals": null}},
{"path": "junit-xml/junit.xml", "format": "junit-xml", "testcases": 7, "failed": 2, "errored": 1, "skipped": 1},
{"path": "deepeval/deepeval.json", "format": "deepeval", "testPassed": 2, "testFailed": 2,
 "metrics": {"Refusal": {"scores": [0.9, 0.1, 0.8, 0.4], "passes": 2, "fails": 2, "errors": 1}}},
{"path": "in-toto/absent.json", "format": "in-toto-statement"}
]`

// ownFolder lays the test data of the readers out as a folder with a list.
func ownFolder(t *testing.T, list string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, List), []byte(list), 0o600); err != nil {
		t.Fatal(err)
	}
	var entries []entry
	if err := json.Unmarshal([]byte(list), &entries); err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		to := filepath.Join(dir, filepath.FromSlash(e.string("path")))
		content, err := os.ReadFile(filepath.Join("..", "..", "..", "internal", "evidence", "testdata", filepath.Base(to)))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFolder(t *testing.T) {
	found, err := Folder(ownFolder(t, ownList))
	if err != nil || len(found) != 10 {
		t.Fatalf("%d readings, %v; want 10: signed evidence is left out", len(found), err)
	}
	for _, r := range found {
		if len(r.Wrong) > 0 || r.Read == "" {
			t.Errorf("%s: %q, %q", r.Path, r.Read, r.Wrong)
		}
	}
}

func TestFolderWrong(t *testing.T) {
	for name, test := range map[string]struct{ old, new, want string }{
		"a file that is missing":          {"own/neutral.json", "own/absent.json", "no such file"},
		"a format that is another":        {`"garak-digest"`, `"garak-report"`, "format is garak-digest"},
		"a format without a comparison":   {`"scalegate"`, `"other"`, "format is scalegate"},
		"a file that a reader must leave": {`"garak-digest"`, `"not-garak"`, "want it unreadable"},
		"a file that no reader claims":    {`"not-lm-eval"`, `"lm-eval"`, "no known format"},
	} {
		t.Run(name, func(t *testing.T) {
			found, err := Folder(ownFolder(t, strings.Replace(ownList, test.old, test.new, 1)))
			if err != nil {
				t.Fatal(err)
			}
			var wrong []string
			for _, r := range found {
				wrong = append(wrong, r.Wrong...)
			}
			if len(wrong) != 1 || !strings.Contains(wrong[0], test.want) {
				t.Errorf("differences = %q, want one with %q", wrong, test.want)
			}
		})
	}
	for name, list := range map[string]string{
		"no list of objects": `{}`, "no path": `[{"format": "a"}]`, "no format": `[{"path": "a"}]`,
		"a path outside": `[{"path": "../a", "format": "b"}]`,
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, List), []byte(list), 0o600); err != nil {
			t.Fatal(err)
		}
		if found, err := Folder(dir); err == nil {
			t.Errorf("%s: %v", name, found)
		}
	}
}

// TestJUnitNumbers compares the numbers of files in which nothing was judged, or whose header is off.
func TestJUnitNumbers(t *testing.T) {
	for name, test := range map[string]struct {
		text, entry string
		right       bool
	}{
		"an error alone":                  {`<testsuite><testcase><error/></testcase></testsuite>`, `"testcases": 1, "failed": 0, "errored": 1, "skipped": 0`, true},
		"an error alone that is not told": {`<testsuite><testcase><error/></testcase></testsuite>`, `"testcases": 1, "failed": 0, "errored": 0, "skipped": 1`, false},
		"skipped tests alone":             {`<testsuite><testcase><skipped/></testcase></testsuite>`, `"testcases": 1, "failed": 0, "errored": 0, "skipped": 1`, true},
		"a header with more tests":        {`<testsuite tests="9"><testcase/></testsuite>`, `"headerTests": 9, "testcases": 1, "failed": 0, "errored": 0, "skipped": 0`, true},
		"a plan that nobody stated":       {`<testsuite tests="9"><testcase/></testsuite>`, `"headerTests": 5, "testcases": 1, "failed": 0, "errored": 0, "skipped": 0`, false},
	} {
		dir := t.TempDir()
		list := `[{"path": "a.xml", "format": "junit-xml", ` + test.entry + `}]`
		for file, text := range map[string]string{"a.xml": test.text, List: list} {
			if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		found, err := Folder(dir)
		if err != nil || len(found) != 1 || (len(found[0].Wrong) == 0) != test.right {
			t.Errorf("%s: %+v, %v; want right: %v", name, found, err, test.right)
		}
	}
}

func TestUnlisted(t *testing.T) {
	dir := ownFolder(t, ownList)
	if err := os.Remove(filepath.Join(dir, List)); err != nil {
		t.Fatal(err)
	}
	found, err := Unlisted(dir)
	if err != nil || len(found) != 10 {
		t.Fatalf("%d readings, %v", len(found), err)
	}
	if _, err := Unlisted(filepath.Join(dir, "absent")); err == nil {
		t.Error("a folder that is not there was read")
	}
}

// TestEveryFieldIsCompared changes each field of each entry: the comparison must see it, or the field must
// be one that a measurement cannot carry.
func TestEveryFieldIsCompared(t *testing.T) {
	folders := []string{ownFolder(t, ownList)}
	shared := os.Getenv("SCALEGATE_EVIDENCE_DIR")
	if shared == "" {
		shared = filepath.Join("..", "..", "..", "..", "shared", "evidence")
	}
	if _, err := os.Stat(filepath.Join(shared, List)); err == nil {
		folders = append(folders, shared)
	} else {
		t.Logf("the development set of result files is not at %s: only the readers' own test data was tried", shared)
	}
	changes := 0
	for _, dir := range folders {
		raw, err := os.ReadFile(filepath.Join(dir, List))
		if err != nil {
			t.Fatal(err)
		}
		var entries []entry
		if err := json.Unmarshal(raw, &entries); err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if !signed(e.string("path")) {
				changes += tryChanges(t, dir, e)
			}
		}
	}
	if changes < 30 {
		t.Errorf("only %d changes were tried", changes)
	}
}

func tryChanges(t *testing.T, dir string, e entry) int {
	t.Helper()
	m, readErr := readFile(dir, e.string("path"))
	changes := 0
	for _, field := range sorted(e) {
		if notCarried(e, field) {
			continue
		}
		var value any
		if err := json.Unmarshal(e[field], &value); err != nil {
			t.Fatal(err)
		}
		for where, changed := range variants(field, value) {
			changes++
			raw, err := json.Marshal(changed)
			if err != nil {
				t.Fatal(err)
			}
			other := maps.Clone(e)
			other[field] = raw
			if len(compare(m, readErr, other)) == 0 {
				t.Errorf("%s: a change of %s was not seen", e.string("path"), where)
			}
		}
	}
	return changes
}

// notCarried are fields of a list that a measurement has no place for, and what tells the comparison how
// to read the others.
func notCarried(e entry, field string) bool {
	if slices.Contains([]string{"path", "note", "created", "datasetSamples", "compression", "targetType", "deployment", "asrAll"}, field) ||
		strings.HasPrefix(field, "claimed") || strings.HasPrefix(field, "header") {
		return true
	}
	switch e.string("format") {
	case "not-lm-eval":
		return true
	case "inspect-json", "inspect-eval-zip":
		// Every status but success is one of a run that counts for nothing.
		return field == "status" && e.string("status") != "success"
	case "sarif":
		usable := false
		e.into("usable", &usable)
		return field == "runs" || !usable && field != "usable" && field != "format"
	case "openai-evals":
		return field == "events" // more events than samples are right
	}
	return false
}

// variants are the value with one leaf changed, by where that is. Null is left: it says what must not be.
func variants(where string, value any) map[string]any {
	out := map[string]any{}
	switch v := value.(type) {
	case string:
		out[where] = v + "x"
	case bool:
		out[where] = !v
	case float64:
		out[where] = 2*v + 1
	case []any:
		for i := range v {
			for at, changed := range variants(fmt.Sprintf("%s[%d]", where, i), v[i]) {
				whole := slices.Clone(v)
				whole[i] = changed
				out[at] = whole
			}
		}
	case map[string]any:
		for name := range v {
			for at, changed := range variants(where+"."+name, v[name]) {
				whole := maps.Clone(v)
				whole[name] = changed
				out[at] = whole
			}
		}
	}
	return out
}
