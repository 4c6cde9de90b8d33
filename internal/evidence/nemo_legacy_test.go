// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func FuzzNeMoLegacy(f *testing.F) { fuzzFormat(f, NeMoLegacy, "nemo_results.yml") }

func FuzzNeMoRows(f *testing.F) { fuzzFormat(f, NeMoRows, "nemo_rows.jsonl") }

func TestNeMoLegacy(t *testing.T) {
	raw := testFile(t, "nemo_results.yml")
	row := func(table, key, task, value, deviation string, judged *int64) Result {
		return Result{
			Selector: table + "/" + key, Aliases: []string{key}, Task: task, Value: value, StandardError: deviation,
			Planned: judged, Judged: judged,
		}
	}
	want := Measurement{
		Format: NeMoLegacy, Tool: "nemo-evaluator", ToolVersion: "1a2b3c", Task: "safety_set", Model: "labs/model-7b",
		Finished: true, EndMarker: "the tool writes the file once, after the run", Limit: "50",
		Warnings: []string{
			"only a part of the data set was run (config.params.limit_samples 50)",
			"the file does not state the scale of its values; many containers write percentages (0..100)",
		},
		SHA256: digestOf(raw),
		Results: []Result{
			row("groups", "all/bio/pass@1/refused", "all/bio", "90", "", nil),
			row("tasks", "safety_set/pass@1/refused", "safety_set", "92.5", "3.75", new(int64(50))),
			row("tasks", "safety_set/pass@1/seconds", "safety_set", "", "", new(int64(50))),
		},
	}
	repeated := &want.Results[1]
	repeated.Aliases = append(repeated.Aliases, "groups/safety_set/pass@1/refused")
	if diff := cmp.Diff(want, mustRead(t, raw)); diff != "" {
		t.Errorf("measurement (-want +got):\n%s", diff)
	}
}

// TestNeMoLegacyShapes reads the same results as JSON, and as the service returns them.
func TestNeMoLegacyShapes(t *testing.T) {
	const tables = `"tasks": {"t": {"metrics": {"g": {"scores": {"m": {"value": 12.5, "stats": {"count": 8}}}}}}}, "groups": null`
	for name, text := range map[string]string{
		"JSON":                  `{"config": {"type": "t"}, "results": {` + tables + `}}`,
		"without configuration": `{"results": {` + tables + `}}`,
		"YAML after remarks":    "# an exemplar\n# of few samples\n\ncommand: 'run -a\n  -b'\ngit_hash: ''\nresults: {" + tables + "}\n",
		"of the service":        `{"created_at": "2026-10-05T06:00:00.5", "updated_at": "2026-10-05T06:00:00.5", "job": "eval-1", ` + tables + `}`,
	} {
		t.Run(name, func(t *testing.T) {
			m, err := readText(text)
			if err != nil {
				t.Fatal(err)
			}
			r, err := m.Select("t/g/m")
			if err != nil || m.Format != NeMoLegacy || r.Value != "12.5" || *r.Judged != 8 || !m.Finished {
				t.Errorf("measurement = %+v, %+v, %v", m, r, err)
			}
		})
	}
}

// TestNeMoLegacyGroupAndTask keeps a group apart from a task of its name where their values differ.
func TestNeMoLegacyGroupAndTask(t *testing.T) {
	m, err := readText(`{"results": {"tasks": {"t": {"metrics": {"g": {"scores": {"m": {"value": 1}}}}}},
		"groups": {"t": {"metrics": {"g": {"scores": {"m": {"value": 2}}}}}}}}`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Select("t/g/m"); err == nil || !strings.Contains(err.Error(), "matches 2") {
		t.Errorf("error = %v, want that two results match", err)
	}
	if r, err := m.Select("groups/t/g/m"); err != nil || r.Value != "2" {
		t.Errorf("result = %+v, %v", r, err)
	}
}

// TestNeMoLegacyEmpty reads a run without a score as one that measured nothing.
func TestNeMoLegacyEmpty(t *testing.T) {
	m, err := readText("config: {type: t}\ntarget: {api_endpoint: {model_id: m}}\nresults: {tasks: {}, groups: {}}\n")
	if err != nil || m.Format != NeMoLegacy || len(m.Results) != 0 {
		t.Errorf("measurement = %+v, %v", m, err)
	}
}

func TestNeMoLegacyUnreadable(t *testing.T) {
	const refused = `refused: {value: 92.5, stats: {count: 50, stderr: 3.75}}
            seconds`
	for name, test := range map[string]struct{ old, new, want string }{
		"a negative standard error": {refused, `refused: {value: 92.5, stats: {stderr: -1}}
            seconds`, "negative"},
		"a count that is no count": {refused, `refused: {value: 92.5, stats: {count: 1.5}}
            seconds`, "not a count"},
		"a score that is a list": {refused, `refused: [92.5]
            seconds`, "not of the type"},
		"a task twice": {"  groups:\n    safety_set", "  tasks: {}\n  groups:\n    safety_set", "twice"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readText(edit(t, "nemo_results.yml", test.old, test.new))
			wantUnreadable(t, err, test.want)
		})
	}
}

func TestNeMoRows(t *testing.T) {
	m := mustRead(t, testFile(t, "nemo_rows.jsonl"))
	want := []Result{{
		Selector: "mean_reward", Value: "0.75", Planned: new(int64(3)), Judged: new(int64(2)), Unjudged: new(int64(1)),
	}}
	if diff := cmp.Diff(want, m.Results); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
	if m.Format != NeMoRows || m.Finished || !strings.Contains(m.Unfinished, "no end marker") {
		t.Errorf("measurement = %+v", m)
	}
}

func TestNeMoRowsDoubts(t *testing.T) {
	for name, test := range map[string]struct{ text, value, want string }{
		"a repeat twice":   {`{"problem_idx": 1, "reward": 1}{"problem_idx": 1, "reward": 0}`, "0.5", "occurs twice"},
		"nothing judged":   {`{"problem_idx": 1, "reward": null}`, "", "no end marker"},
		"thirds are exact": {`{"problem_idx": 1, "reward": 1}{"problem_idx": 2, "reward": 0}{"problem_idx": 3, "reward": 0}`, "0.33333333333333333", "no end marker"},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := readText(test.text)
			if err != nil {
				t.Fatal(err)
			}
			if m.Results[0].Value != test.value || m.Finished || !strings.Contains(m.Unfinished, test.want) {
				t.Errorf("measurement = %+v", m)
			}
		})
	}
}

func TestNeMoRowsUnreadable(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"a row without a problem": {`{"problem_idx": 1, "reward": 1}{"reward": 1}`, "in row 2"},
		"a problem of text":       {`{"problem_idx": 1, "reward": 1}{"problem_idx": "first text", "reward": 1}`, "in row 2"},
		"a row cut off":           {`{"problem_idx": 1, "reward": 1}{"problem_idx": 2, "rew`, "truncated"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readText(test.text)
			wantUnreadable(t, err, test.want)
		})
	}
}
