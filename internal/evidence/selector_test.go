// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestSelect(t *testing.T) {
	inspect := mustRead(t, testFile(t, "inspect.json"))
	// The scorer "judge" used a second time: the tool numbers the name and keeps the scorer.
	twice := mustRead(t, []byte(edit(t, "inspect.json", `{"name": "judge", "scorer": "judge", "reducer": "pass_at_2"`,
		`{"name": "judge1", "scorer": "judge", "reducer": "mean"`)))
	// Two keys of the file read the same when they are joined.
	same := Measurement{Results: []Result{{Selector: "a/b/c"}, {Selector: "a/b/c"}}}
	lm := mustRead(t, testFile(t, "lmeval.json"))
	for name, test := range map[string]struct {
		m              Measurement
		selector, want string // want is a selector, or what the error says
	}{
		"the full key":                           {inspect, "judge/accuracy/pass_at_2", "judge/accuracy/pass_at_2"},
		"no reducer, where two reduced":          {inspect, "judge/accuracy", `matches 2 results of the file; name one of: "judge/accuracy/mean", "judge/accuracy/pass_at_2"`},
		"no reducer, where one did":              {inspect, "judge/std", "judge/std/mean"},
		"a key of a dict-valued score":           {inspect, "harmful/labs/mean_grade", "labs/rubric/harmful/labs/mean_grade/mean"},
		"scorer and key":                         {inspect, "labs/rubric/harmful/labs/mean_grade", "labs/rubric/harmful/labs/mean_grade/mean"},
		"the scorer of several keys":             {inspect, "labs/rubric/labs/mean_grade", "matches 2 results"},
		"a name in another case":                 {inspect, "Judge/std", "is not in the result file; name one of"},
		"a part of a key":                        {inspect, "judge", "is not in the result file"},
		"nothing":                                {inspect, "", "is not in the result file"},
		"a wildcard":                             {inspect, "judge/*", "is not in the result file"},
		"a full key before another's short form": {twice, "judge/accuracy/mean", "judge/accuracy/mean"},
		"the second use of a scorer":             {twice, "judge1/accuracy", "judge/judge1/accuracy/mean"},
		"keys that read the same":                {same, "a/b/c", "matches 2 results"},
		"a file without results":                 {Measurement{}, "a/b", "which has no results"},
		"a task with a slash":                    {lm, "hazards/bio/acc,none", "hazards/bio/acc,none"},
		"a filter is never guessed":              {lm, "hazards/bio/acc", "is not in the result file"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := test.m.Select(test.selector)
			if err == nil {
				if r.Selector != test.want {
					t.Errorf("selected %q, want %q", r.Selector, test.want)
				}
				return
			}
			if _, ok := errors.AsType[*SelectionError](err); !ok || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error = %v, want a SelectionError with %q", err, test.want)
			}
		})
	}
}

func TestSelectFindsWhatHasNoData(t *testing.T) {
	m := mustRead(t, testFile(t, "inspect.json"))
	r, err := m.Select("manual/accuracy")
	if err != nil || r.HasData() || r.Judged == nil || *r.Judged != 0 {
		t.Errorf("Select = %+v, %v; want a result without data", r, err)
	}
}

func TestSelectionErrorIsBounded(t *testing.T) {
	var m Measurement
	for i := range 1000 {
		m.Results = append(m.Results, Result{Selector: fmt.Sprint(i, strings.Repeat("é", 5000))})
	}
	_, err := m.Select(strings.Repeat("x", 1<<20))
	if len(err.Error()) > 2500 || !strings.Contains(err.Error(), "and 990 more") || !utf8.ValidString(err.Error()) {
		t.Errorf("error of %d bytes: %.300s", len(err.Error()), err)
	}
}

func FuzzSelect(f *testing.F) {
	for _, name := range []string{"inspect.json", "lmeval.json", "lmeval_legacy.json"} {
		f.Add(testFile(f, name), "judge/accuracy")
	}
	f.Add([]byte(`{"results":{"a":{"b,c":1},"a/b":{"c":1}},"versions":{},"configs":{},"n-samples":{}}`), "a/b,c")
	f.Fuzz(func(t *testing.T, file []byte, selector string) {
		m, err := readBytes(file)
		if err != nil {
			return
		}
		selectors := []string{selector}
		for _, r := range m.Results {
			selectors = append(append(selectors, r.Selector), r.Aliases...)
		}
		if len(selectors) > 500 {
			selectors = selectors[:500]
		}
		for _, s := range selectors {
			checkSelection(t, m, s)
		}
	})
}

// checkSelection holds Select to its promise: the one full match, else the one short match, else an error.
func checkSelection(t *testing.T, m Measurement, selector string) {
	t.Helper()
	var full, short []Result
	for _, r := range m.Results {
		if r.Selector == selector {
			full = append(full, r)
		} else if slices.Contains(r.Aliases, selector) {
			short = append(short, r)
		}
	}
	want := full
	if len(full) == 0 {
		want = short
	}
	r, err := m.Select(selector)
	if len(want) == 1 {
		if err != nil || r.Selector != want[0].Selector {
			t.Fatalf("Select(%q) = %q, %v; want %q", selector, r.Selector, err, want[0].Selector)
		}
		return
	}
	failure, ok := errors.AsType[*SelectionError](err)
	if !ok || failure.Matches != len(want) || len(failure.Candidates) > maxCandidates || len(err.Error()) > 16<<10 {
		t.Fatalf("Select(%q) = %v, %v; want an error for %d matches", selector, r, err, len(want))
	}
}
