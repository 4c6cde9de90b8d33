// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// jailbreakResult is a result without errors, over samples of which some were not judged.
func jailbreakResult(selector, scale, value string, judged, rest int64, aliases ...string) Result {
	return Result{
		Selector: selector, Aliases: aliases, Scale: scale, Value: value,
		Planned: new(judged + rest), Judged: &judged, Unjudged: &rest, Errored: new(int64(0)),
	}
}

func TestJailbreakBenchArtifact(t *testing.T) {
	raw := testFile(t, "jailbreakbench.json")
	want := Measurement{
		Format: JailbreakBenchArtifact, Tool: "JailbreakBench", Task: "ROLEPLAY", Model: "model-7b",
		Ended:    at("2026-10-01T00:00:00Z"),
		Finished: true, EndMarker: "jailbreaks: the file is written once, after the attack", SHA256: digestOf(raw),
		Results: []Result{
			jailbreakResult("asr", "0..1", "0.33333333333333333", 3, 97),
			jailbreakResult("category/Malware/asr", "0..1", "0.5", 2, 0),
			jailbreakResult("category/Privacy/asr", "0..1", "0", 1, 0),
			jailbreakResult("jailbroken", "count", "1", 3, 97),
			jailbreakResult("withPrompt", "count", "2", 3, 97),
		},
	}
	for i := range want.Results {
		want.Results[i].Task = "ROLEPLAY"
	}
	if diff := cmp.Diff(want, mustRead(t, raw)); diff != "" {
		t.Errorf("measurement (-want +got):\n%s", diff)
	}
}

func TestJailbreakBenchEvaluation(t *testing.T) {
	raw := testFile(t, "jailbreakbench_evaluation.json")
	want := Measurement{
		Format: JailbreakBenchEvaluation, Tool: "JailbreakBench", Ended: at("2026-10-02T00:00:00Z"),
		Finished: true, EndMarker: "the models' behaviours: the file is written once, after the evaluation", SHA256: digestOf(raw),
		Results: []Result{
			jailbreakResult("model-a/asr", "0..1", "0.5", 2, 98, "asr"),
			jailbreakResult("model-a/jailbroken", "count", "1", 2, 98, "jailbroken"),
			jailbreakResult("model-a/withPrompt", "count", "2", 2, 98, "withPrompt"),
			jailbreakResult("model-b/asr", "0..1", "", 0, 100, "asr"),
			jailbreakResult("model-b/jailbroken", "count", "", 0, 100, "jailbroken"),
			jailbreakResult("model-b/withPrompt", "count", "", 0, 100, "withPrompt"),
		},
	}
	if diff := cmp.Diff(want, mustRead(t, raw)); diff != "" {
		t.Errorf("measurement (-want +got):\n%s", diff)
	}
}

// TestJailbreakBenchVerdict tells an attack that gave up from a row that does not say what became of it.
func TestJailbreakBenchVerdict(t *testing.T) {
	for row, want := range map[string]verdict{
		`"prompt": null`:                        verdictPassed,
		`"prompt": null, "jailbroken": null`:    verdictPassed,
		`"prompt": null, "jailbroken": false`:   verdictPassed,
		`"prompt": null, "jailbroken": true`:    verdictFailed,
		`"prompt": null, "jailbroken": "true"`:  verdictUnjudged,
		`"prompt": "p", "jailbroken": null`:     verdictUnjudged,
		`"prompt": ["p", "q"], "jailbroken": 1`: verdictFailed,
		`"prompt": "p", "response": null`:       verdictUnjudged,
	} {
		rows := newJailbreakRows(DefaultLimits())
		if err := rows.readRow([]byte(`{"index": 1, ` + row + `}`)); err != nil {
			t.Fatal(err)
		}
		var one tally
		one.add(want)
		if diff := cmp.Diff(one, rows.tally, cmp.AllowUnexported(tally{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row, diff)
		}
	}
}

// TestJailbreakBenchPlan knows that the benchmark has 100 behaviours.
func TestJailbreakBenchPlan(t *testing.T) {
	for rows, unjudged := range map[int]int64{1: 99, 100: 0, 120: 0} {
		var list []string
		for i := range rows {
			list = append(list, fmt.Sprintf(`{"index": %d, "prompt": "p", "jailbroken": false}`, i))
		}
		r, err := mustRead(t, []byte(`{"parameters": {"method": "M"}, "jailbreaks": [`+strings.Join(list, ",")+`]}`)).Select("asr")
		if err != nil || *r.Judged != int64(rows) || *r.Unjudged != unjudged || r.Value != "0" {
			t.Errorf("%d rows: judged %d, unjudged %d, value %q, %v", rows, *r.Judged, *r.Unjudged, r.Value, err)
		}
	}
}

// TestJailbreakBenchShapes reads the names and shapes that the files had over time.
func TestJailbreakBenchShapes(t *testing.T) {
	for name, text := range map[string]string{
		"an artifact with its first names": `{"parameters": {"method": "M", "model name": "m", "run_date": "2026-10-01T00:00:00-04:56", "success rate": 0.5},
			"jailbreaks": [{"Index": "0", "Identifier": "First", "Prompt": "p", "Jailbroken": true}, {"Index": "1", "Prompt": "p", "Jailbroken": false}]}`,
		"an artifact with its second names": `{"parameters": {"method": "M", "model_name": "m", "run_date": "2026-10-01T00:00:00-04:56"},
			"jailbreaks": [{"index": "0", "identifier": "First", "prompt": "p", "jailbroken": 1}, {"index": "1", "prompt": "p", "jailbroken": 0}]}`,
		"a submission": `{"summaries": {"m": {"model_summary": {"attack_success_rate": 0.9}, "jailbreaks": [
			{"index": 0, "prompt": "p", "jailbroken": true}, {"index": 1, "prompt": "p", "jailbroken": false}]}}, "queries": {"m": {}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			m := mustRead(t, []byte(text))
			r, err := m.Select("asr")
			if err != nil || r.Value != "0.5" || *r.Judged != 2 || m.Model != "m" || !m.Finished {
				t.Errorf("measurement = %+v, %v", m, err)
			}
		})
	}
}

func TestJailbreakBenchUnfinished(t *testing.T) {
	for name, test := range map[string]struct{ old, new, want string }{
		"a higher rate than the rows have": {`"attack_success_rate": 0.333`, `"attack_success_rate": 0.9`, "above that of the rows"},
		"an index twice":                   {`"index": 1`, `"index": 0`, "index or behaviour of another row"},
		"a behaviour twice":                {`"Second"`, `"first"`, "1 rows with the index or behaviour of another row"},
		"a behaviour without a name":       {`"index": 1, "goal": "g1", "behavior": "Second"`, `"goal": "g1"`, "neither an index nor a behaviour"},
	} {
		t.Run(name, func(t *testing.T) { wantUnfinished(t, edit(t, "jailbreakbench.json", test.old, test.new), test.want) })
	}
	wantUnfinished(t, `{"parameters": {"method": "M"}, "jailbreaks": []}`, "has no rows")
	wantUnfinished(t, `{"m": {}, "details": {"llm_provider": "x"}}`, "has no rows")
	wantUnfinished(t, edit(t, "jailbreakbench_evaluation.json", `"Second"`, `"FIRST"`), "index or behaviour of another row")
}

func TestJailbreakBenchWarnings(t *testing.T) {
	for name, test := range map[string]struct{ old, new, want string }{
		"another number of jailbreaks":          {`"total_number_of_jailbreaks": 1`, `"total_number_of_jailbreaks": 4`, "states 4 jailbreaks, the rows hold 1"},
		"more prompts than the rows have":       {`"number_of_submitted_prompts": 2`, `"number_of_submitted_prompts": 9`, "states 9 submitted prompts, the rows hold 2"},
		"a lower rate than the rows have":       {`"attack_success_rate": 0.333`, `"attack_success_rate": 0`, ""},
		"a rate of the prompts that were tried": {`"attack_success_rate": 0.333`, `"attack_success_rate": 0.5`, ""},
		"a rate that is not a number":           {`"attack_success_rate": 0.333`, `"attack_success_rate": NaN`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			m := mustRead(t, []byte(edit(t, "jailbreakbench.json", test.old, test.new)))
			if got := strings.Join(m.Warnings, "; "); !m.Finished || test.want == "" && got != "" || !strings.Contains(got, test.want) {
				t.Errorf("finished %v (%s), warnings %q; want %q", m.Finished, m.Unfinished, got, test.want)
			}
		})
	}
}

func TestJailbreakBenchUnreadable(t *testing.T) {
	for name, test := range map[string]struct{ old, new, want string }{
		"a row that is a text":    {`{"index": 2`, `"two", {"index": 2`, "not of the type"},
		"a number that is a text": {`"total_number_of_jailbreaks": 1`, `"total_number_of_jailbreaks": "1"`, "not a count"},
		"a date that is none":     {`"2026-10-01"`, `"last week"`, "RFC 3339"},
		"a model with a control":  {`"model-7b"`, `"model\u0001"`, "control characters"},
		"a category too long":     {`"Privacy"`, `"` + strings.Repeat("c", 600) + `"`, "longer than"},
		"no method":               {`"method": "ROLEPLAY", `, ``, "no known format"},
		"no rows":                 {`"jailbreaks": [`, `"rows": [`, "no known format"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readText(edit(t, "jailbreakbench.json", test.old, test.new))
			wantUnreadable(t, err, test.want)
		})
	}
	for name, text := range map[string]string{
		"details of nothing":           `{"details": {"evaluation_date": "2026-10-01"}}`,
		"details beside other members": `{"m": {}, "n": 1, "details": {"evaluation_date": "2026-10-01"}}`,
		"summaries of another tool":    `{"summaries": {"m": {"jailbreaks": []}}}`,
		"summaries that are texts":     `{"summaries": {"m": "s"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readText(text)
			wantUnreadable(t, err, "no known format")
		})
	}
}

func FuzzJailbreakBenchArtifact(f *testing.F) {
	fuzzFormat(f, JailbreakBenchArtifact, "jailbreakbench.json")
}

func FuzzJailbreakBenchEvaluation(f *testing.F) {
	fuzzFormat(f, JailbreakBenchEvaluation, "jailbreakbench_evaluation.json")
}
