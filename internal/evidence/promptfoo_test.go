// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const promptfooMarker = "stats: the tool writes the file once, after the run"

func TestPromptfoo(t *testing.T) {
	raw := testFile(t, "promptfoo.json")
	rate := func(selector, value string, planned, judged, errored int64, aliases ...string) Result {
		return Result{
			Selector: selector, Aliases: aliases, Value: value, Scale: "0..1",
			Planned: &planned, Judged: &judged, Unjudged: new(int64(0)), Errored: &errored,
		}
	}
	want := Measurement{
		Format: Promptfoo, Tool: "promptfoo", ToolVersion: "0.119.0", RunID: "eval-abc-2026-10-01T10:00:00",
		Started: at("2026-10-01T10:00:00.25Z"), Ended: at("2026-10-01T10:00:01.75Z"),
		Finished: true, EndMarker: promptfooMarker, SHA256: digestOf(raw),
		Results: []Result{
			rate("candidate/asr", "1", 2, 2, 0, "asr", "http:target/asr"),
			{
				Selector: "candidate/namedScore/tone", Aliases: []string{"namedScore/tone", "http:target/namedScore/tone"},
				Value: "0.75", Planned: new(int64(1)), Judged: new(int64(1)),
			},
			rate("candidate/passRate", "0", 2, 2, 0, "passRate", "http:target/passRate"),
			rate("candidate/plugin/harmful:cyber/asr", "1", 1, 1, 0,
				"plugin/harmful:cyber/asr", "http:target/plugin/harmful:cyber/asr"),
			rate("candidate/plugin/harmful:cyber/passRate", "0", 1, 1, 0,
				"plugin/harmful:cyber/passRate", "http:target/plugin/harmful:cyber/passRate"),
			rate("candidate/plugin/harmful:privacy/asr", "1", 1, 1, 0,
				"plugin/harmful:privacy/asr", "http:target/plugin/harmful:privacy/asr"),
			rate("candidate/plugin/harmful:privacy/passRate", "0", 1, 1, 0,
				"plugin/harmful:privacy/passRate", "http:target/plugin/harmful:privacy/passRate"),
			rate("candidate/strategy/roleplay/asr", "1", 1, 1, 0, "strategy/roleplay/asr", "http:target/strategy/roleplay/asr"),
			rate("candidate/strategy/roleplay/passRate", "0", 1, 1, 0,
				"strategy/roleplay/passRate", "http:target/strategy/roleplay/passRate"),
			rate("openai:small/0/passRate", "0.66666666666666667", 4, 3, 1, "openai:small/plain/passRate"),
			rate("openai:small/1/passRate", "1", 1, 1, 0),
			{
				Selector: "openai:small/namedScore/kind", Aliases: []string{"namedScore/kind"},
				Value: "0.75", Planned: new(int64(2)), Judged: new(int64(2)),
			},
			rate("openai:small/passRate", "0.75", 5, 4, 1, "passRate"),
		},
	}
	if diff := cmp.Diff(want, mustRead(t, raw)); diff != "" {
		t.Errorf("measurement (-want +got):\n%s", diff)
	}
}

// TestPromptfooShapes reads the same rows out of each shape that the tool gave its files over time.
func TestPromptfooShapes(t *testing.T) {
	v2 := string(testFile(t, "promptfoo_v2.json"))
	bare := strings.TrimSuffix(strings.TrimSpace(strings.Replace(strings.Replace(v2, `"results": {`, "", 1), `"config": {}`, "", 1)), "}")
	bare = strings.TrimSuffix(strings.TrimRight(bare, " \n\t"), ",")
	for name, text := range map[string]string{
		"version 2 within its configuration": v2,
		"version 2 bare":                     bare,
		"a prompt that does not name its provider": "results:\n  version: 2\n  timestamp: \"2025-02-01T10:00:00.000Z\"\n  stats: {successes: 1, failures: 2}\n" +
			"  table: {head: {prompts: [{raw: q, display: q, metrics: {testPassCount: 1, testFailCount: 2}}], vars: [q]}, body: []}\n  results:\n" +
			"    - {provider: {id: 'local:one'}, success: true, gradingResult: {pass: true}}\n" +
			"    - {provider: {id: 'local:one'}, success: false, error: no, gradingResult: {pass: false}}\n" +
			"    - {provider: 'local:one', success: false, error: none came}\n",
		"as YAML": "results:\n  version: 2\n  timestamp: \"2025-02-01T10:00:00.000Z\"\n  stats: {successes: 1, failures: 2}\n" +
			"  table: {head: {prompts: [{raw: q, display: short, provider: 'local:one'}], vars: [q]}, body: []}\n  results:\n" +
			"    - {provider: {id: 'local:one'}, success: true, gradingResult: {pass: true}}\n" +
			"    - {provider: {id: 'local:one'}, success: false, error: no, gradingResult: {pass: false}}\n" +
			"    - {provider: 'local:one', success: false, error: none came}\n",
	} {
		t.Run(name, func(t *testing.T) {
			m, err := readText(text)
			if err != nil {
				t.Fatal(err)
			}
			want := Measurement{
				Format: Promptfoo, Tool: "promptfoo", Model: "local:one", Started: at("2025-02-01T10:00:00Z"),
				Finished: true, EndMarker: promptfooMarker,
				Results: []Result{{
					Selector: "local:one/passRate", Aliases: []string{"passRate"}, Value: "0.5", Scale: "0..1",
					Planned: new(int64(3)), Judged: new(int64(2)), Unjudged: new(int64(0)), Errored: new(int64(1)),
				}},
			}
			if diff := cmp.Diff(want, m, cmpopts.IgnoreFields(Measurement{}, "SHA256")); diff != "" {
				t.Errorf("measurement (-want +got):\n%s", diff)
			}
		})
	}
}

// TestPromptfooFirstVersions reads files of the time before rows had a provider, and prompts an object.
func TestPromptfooFirstVersions(t *testing.T) {
	const rows = `"results": [{"prompt": {"raw": "q", "display": "q"}, "vars": {}, "response": {"output": "o"}, "success": true},
		{"prompt": {"raw": "q", "display": "q"}, "vars": {}, "error": "none came", "success": false}], "stats": {"successes": 1, "failures": 1}`
	for name, text := range map[string]string{
		"a table of lines":          `{` + rows + `, "table": [["RESULT", "q"], ["PASS", "o"]]}`,
		"version 1, prompts a text": `{"version": 1, ` + rows + `, "table": {"head": {"prompts": ["q"], "vars": []}, "body": []}}`,
	} {
		m := mustRead(t, []byte(text))
		if len(m.Results) != 1 || len(m.Warnings) > 0 || !m.Finished {
			t.Errorf("%s: finished %v (%s), warnings %q, results %+v", name, m.Finished, m.Unfinished, m.Warnings, m.Results)
		}
		if r, err := m.Select("passRate"); err != nil || r.Value != "1" || *r.Judged != 1 || *r.Errored != 1 {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
		wantUnfinished(t, strings.Replace(text, `"failures": 1`, `"failures": 0`, 1), "the rows hold 1")
	}
}

// TestPromptfooDerivedMetrics reads a score that the tool computed from others, which no row has.
func TestPromptfooDerivedMetrics(t *testing.T) {
	derived := edit(t, "promptfoo.json", `{"tone": 3}`, `{"tone": 3, "balance": 0.625}`)
	m := mustRead(t, []byte(derived))
	if r, err := m.Select("candidate/namedScore/balance"); err != nil || r.Value != "0.625" || r.Judged != nil || !m.Finished {
		t.Errorf("%+v, %v; finished %v (%s)", r, err, m.Finished, m.Unfinished)
	}
	wantUnfinished(t, strings.Replace(derived, `"namedScoresCount": {"tone": 2}`, `"namedScoresCount": {"tone": 2, "balance": 2}`, 1),
		`named score "balance"`)
}

func TestPromptfooUnfinished(t *testing.T) {
	stats := `"stats": {"successes": 3, "failures": 3, "errors": 1`
	for name, test := range map[string]struct{ old, new, want string }{
		"statistics with more passes than the rows":       {stats, `"stats": {"successes": 4, "failures": 2, "errors": 1`, "the rows hold 3"},
		"statistics with more failures than the rows":     {stats, `"stats": {"successes": 3, "failures": 4, "errors": 1`, "counts 5 failed"},
		"an error in the rows that was counted a failure": {stats, `"stats": {"successes": 3, "failures": 4, "errors": 0`, "counts 4 failed tests, the rows hold 3"},
		"a prompt with more passes than its rows":         {`"testPassCount": 0, "testFailCount": 2`, `"testPassCount": 1, "testFailCount": 1`, "prompts[2].metrics"},
		"a prompt without rows":                           {`"promptIdx": 1`, `"promptIdx": 9`, "prompts[1].metrics"},
		"a named score with another sum than its rows":    {`{"kind": 1.5}`, `{"kind": 0.5}`, `named score "kind"`},
		"a weighted score with another sum than its rows": {`{"tone": 3}`, `{"tone": 1}`, `named score "tone"`},
		"two rows of one id":                              {`"id": "r2"`, `"id": "r1"`, "id of another row"},
		"a row that passed in error":                      {`"failureReason": 0, "namedScores": {"kind": 1}`, `"failureReason": 2, "namedScores": {"kind": 1}`, "the rows hold 2"},
		"a row without a verdict":                         {`"success": true,` + "\n" + `        "score": 1, "failureReason": 0, "namedScores": {"kind": 1}`, `"success": null, "namedScores": {"kind": 1}`, "the rows hold 2"},
	} {
		t.Run(name, func(t *testing.T) {
			wantUnfinished(t, edit(t, "promptfoo.json", test.old, test.new), test.want)
		})
	}
	wantUnfinished(t, `{"evalId": "e", "results": {"version": 3, "results": [], "prompts": [], "stats": {}}}`, "no test was run")
	wantUnfinished(t, `{"evalId": "e", "results": {"version": 3, "prompts": [], "stats": {"successes": 1, "failures": 0},
		"results": [{"provider": {"id": "p"}, "success": true, "gradingResult": {"pass": false}}]}}`, "1 rows that are a success although")
	wantUnfinished(t, `{"promptIdx": 0, "testIdx": 0, "provider": {"id": "p"}, "success": true}`+"\n"+
		`{"promptIdx": 0, "testIdx": 1, "provider": {"id": "p"}, "success": false}`, "let it write JSON")
}

func TestPromptfooUnreadable(t *testing.T) {
	for name, test := range map[string]struct{ old, new, want string }{
		"a count that is a text":       {`"successes": 3`, `"successes": "3"`, "not a count"},
		"a time that is none":          {`2026-10-01T10:00:00.250Z`, `yesterday`, "RFC 3339"},
		"a row that is a number":       {`{"id": "r5"`, `5, {"id": "r5"`, "not of the type"},
		"a provider with a line break": {`"provider": "candidate"`, `"provider": "can\ndidate"`, "control characters"},
		"a member twice":               {`"id": "r5"`, `"id": "r5", "id": "r5"`, "same member twice"},
		"a named score that is a list": {`{"kind": 0.5}`, `[0.5]`, "not of the type"},
		"a plugin with a control sign": {`"harmful:cyber"`, `"harmful\u0007"`, "control characters"},
		"an endless evaluation id":     {`"eval-abc-2026-10-01T10:00:00"`, `"` + strings.Repeat("e", 600) + `"`, "longer than"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readText(edit(t, "promptfoo.json", test.old, test.new))
			wantUnreadable(t, err, test.want)
		})
	}
}

func TestPromptfooLookalikes(t *testing.T) {
	for name, text := range map[string]string{
		"statistics alone":           `{"stats": {"successes": 1}}`,
		"results without statistics": `{"results": {"results": []}, "config": {}}`,
		"rows of another tool":       `{"results": [{"success": true}], "stats": {"successes": 1}}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readText(text)
			wantUnreadable(t, err, "no known format")
		})
	}
}

func TestPromptfooNamedScores(t *testing.T) {
	for name, test := range map[string]struct{ old, new, value string }{
		"a score without a count is a derived metric": {`"namedScoresCount": {"tone": 2}, "namedScoreWeights": {"tone": 4}`, `"namedScoresCount": {}`, "3"},
		"a score without any counts is the mean of the rows": {`"namedScores": {"tone": 3}, "namedScoresCount": {"tone": 2}, "namedScoreWeights": {"tone": 4}`,
			`"namedScores": {"tone": 0.75}`, "0.75"},
		"a prompt without metrics leaves the rows": {`"namedScores": {"tone": 3}, "namedScoresCount": {"tone": 2}, "namedScoreWeights": {"tone": 4}`,
			`"score": 0`, "0.75"},
		"a weight of nothing is no data": {`"namedScoresCount": {"tone": 2}, "namedScoreWeights": {"tone": 4}`, `"namedScoreWeights": {"tone": 0}`, ""},
		"a sum that is not a number":     {`{"tone": 3}`, `{"tone": NaN}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			text := edit(t, "promptfoo.json", test.old, test.new)
			text = strings.Replace(text, `"metrics": {"score": 0, "testPassCount": 0, "testFailCount": 2, "testErrorCount": 0,
          "score": 0}`, `"score": 0`, 1)
			r, err := mustRead(t, []byte(text)).Select("namedScore/tone")
			if err != nil || r.Value != test.value {
				t.Errorf("value %q, %v; want %q", r.Value, err, test.value)
			}
		})
	}
}

func FuzzPromptfoo(f *testing.F) { fuzzFormat(f, Promptfoo, "promptfoo.json", "promptfoo_v2.json") }
