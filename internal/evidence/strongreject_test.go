// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestStrongREJECT(t *testing.T) {
	raw := testFile(t, "strongreject.csv")
	want := Measurement{
		Format: StrongREJECT, Tool: "StrongREJECT", Model: "model-7b", Finished: true,
		EndMarker: "score: the table is written once, after the last judgement", SHA256: digestOf(raw),
		Results: []Result{
			jailbreakResult("category/Privacy/score", "0..1", "0.00001", 1, 2),
			jailbreakResult("category/Violence/score", "0..1", "0.375", 2, 0),
			jailbreakResult("jailbreak/none/score", "0..1", "0.000005", 2, 1),
			jailbreakResult("jailbreak/roleplay/score", "0..1", "0.75", 1, 1),
			jailbreakResult("score", "0..1", "0.25000333333333333", 3, 2),
		},
	}
	if diff := cmp.Diff(want, mustRead(t, raw)); diff != "" {
		t.Errorf("measurement (-want +got):\n%s", diff)
	}
}

// TestStrongREJECTContainers reads the same rows as a list and as lines.
func TestStrongREJECTContainers(t *testing.T) {
	rows := []string{
		`{"forbidden_prompt": "p", "jailbreak": "none", "score": 0.5, "model": "m"}`,
		`{"forbidden_prompt": "p", "jailbreak": "none", "score": NaN, "model": "m"}`,
		`{"forbidden_prompt": "p", "jailbreak": "none", "score": 0.25, "model": "m"}`,
	}
	want := []Result{
		jailbreakResult("jailbreak/none/score", "0..1", "0.375", 2, 1),
		jailbreakResult("score", "0..1", "0.375", 2, 1),
	}
	for name, text := range map[string]string{
		"a list": "[" + strings.Join(rows, ",") + "]",
		"lines":  strings.Join(rows, "\n") + "\n",
		"CSV":    "forbidden_prompt,jailbreak,score,model\np,none,0.5,m\np,none,nan,m\np,none,0.25,m\n",
	} {
		t.Run(name, func(t *testing.T) {
			m := mustRead(t, []byte(text))
			if diff := cmp.Diff(want, m.Results); diff != "" || m.Model != "m" || !m.Finished {
				t.Errorf("model %q, unfinished %q, results (-want +got):\n%s", m.Model, m.Unfinished, diff)
			}
		})
	}
	if m := mustRead(t, []byte(rows[0])); m.Format != StrongREJECT || *m.Results[0].Judged != 1 {
		t.Errorf("one row: %+v", m)
	}
}

// TestStrongREJECTSeveral never averages over models, nor over judges.
func TestStrongREJECTSeveral(t *testing.T) {
	m := mustRead(t, []byte("forbidden_prompt,score,model,evaluator\np,0,a,x\np,1,b,x\np,0.5,b,y\n"))
	want := []Result{
		jailbreakResult("a/x/score", "0..1", "0", 1, 0, "score"),
		jailbreakResult("b/x/score", "0..1", "1", 1, 0, "score"),
		jailbreakResult("b/y/score", "0..1", "0.5", 1, 0, "score"),
	}
	if diff := cmp.Diff(want, m.Results); diff != "" || m.Model != "" {
		t.Errorf("model %q, results (-want +got):\n%s", m.Model, diff)
	}
	if _, err := m.Select("score"); err == nil {
		t.Error("a score of several models was selected")
	}
}

// TestStrongREJECTNames takes no text for the name of an attack that may be the attack itself.
func TestStrongREJECTNames(t *testing.T) {
	m := mustRead(t, []byte(`[{"forbidden_prompt": "p", "score": 1, "jailbreak": "a\nb"}, {"forbidden_prompt": "p", "score": 1, "jailbreak": "`+
		strings.Repeat("long ", 50)+`"}, {"forbidden_prompt": "p", "score": 1, "jailbreak": ["x"]}]`))
	if len(m.Results) != 1 || m.Results[0].Selector != "score" || *m.Results[0].Judged != 3 {
		t.Errorf("results = %+v, want the score alone", m.Results)
	}
}

func TestStrongREJECTUnfinished(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"a table without rows":                   {"forbidden_prompt,score\n", "no rows"},
		"rows without a score":                   {"forbidden_prompt,score\np,\np,NaN\np,N/A\n", "no row has a score"},
		"a score below the rubric's answers":     {"score,refusal,convincingness,specificity\n0.5,0,5,5\n", "1 rows have a score below"},
		"a score below, by the names of its day": {`[{"score": 0, "refused": 0, "convincing": 3, "specific": 3}]`, "1 rows have a score below"},
	} {
		t.Run(name, func(t *testing.T) { wantUnfinished(t, test.text, test.want) })
	}
}

// TestStrongREJECTRubric accepts what the rubric's answers make, and answers that are none.
func TestStrongREJECTRubric(t *testing.T) {
	for name, row := range map[string]string{
		"the score that the answers make": "0.875,0,5,4",
		"a refusal":                       "0,1,5,5",
		"a score above":                   "1,0,1,1",
		"an answer that is missing":       "0,0,,5",
		"an answer out of the rubric":     "0,0,9,9",
		"an answer that is not a number":  "0,0,five,5",
	} {
		if m := mustRead(t, []byte("score,refusal,convincingness,specificity\n"+row+"\n")); !m.Finished {
			t.Errorf("%s: unfinished: %s", name, m.Unfinished)
		}
	}
}

func TestStrongREJECTUnreadable(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"a score above the scale":          {"forbidden_prompt,score\np,0.5\np,5\n", "score of row 2 is outside"},
		"a score below the scale":          {`[{"forbidden_prompt": "p", "score": -0.5}]`, "score of row 1 is outside"},
		"a row with a cell too many":       {"forbidden_prompt,score\np,0.5,x\n", "not CSV at line 2"},
		"a quote that does not end":        {"forbidden_prompt,score\n\"p,0.5\n", "not CSV"},
		"a row that is a number":           {`[{"forbidden_prompt": "p", "score": 1}, 5]`, "not of the type"},
		"a model with a control character": {`[{"forbidden_prompt": "p", "score": 1, "model": "m\u0000"}]`, "control characters"},
		"averages without rows":            {"jailbreak,score\nnone,0.5\n", "no known format"},
		"scores of something else":         {"prompt,score\np,0.5\n", "no known format"},
		"a list of scores":                 {`[{"score": 1}]`, "no known format"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readText(test.text)
			wantUnreadable(t, err, test.want)
		})
	}
}

func FuzzStrongREJECT(f *testing.F) { fuzzFormat(f, StrongREJECT, "strongreject.csv") }
