// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func FuzzPyRIT(f *testing.F) { fuzzFormat(f, PyRIT, "pyrit.json", "pyrit_list.json") }

func asr(selector, alias, value string, judged, unjudged, errored int64) Result {
	return Result{
		Selector: selector, Aliases: []string{alias}, Task: "Harms", TaskVersion: "2", Value: value, Scale: "0..1",
		Planned: new(judged + unjudged + errored), Judged: &judged, Unjudged: &unjudged, Errored: &errored,
	}
}

func TestPyRIT(t *testing.T) {
	raw := testFile(t, "pyrit.json")
	want := Measurement{
		Format: PyRIT, Tool: "PyRIT", ToolVersion: "1.2.0", Task: "Harms", RunID: "00000000-0000-4000-8000-000000000001",
		Model: "labs/model-7b", Started: at("2026-10-05T06:00:00Z"), Ended: at("2026-10-05T06:10:00.5Z"),
		Finished: true, EndMarker: `scenario_run_state is "COMPLETED"`, SHA256: digestOf(raw),
		Results: []Result{
			asr("asr", "asrDecided", "0.33333333333333333", 3, 1, 1),
			asr("attack/crescendo/asr", "crescendo/asr", "0.33333333333333333", 3, 0, 0),
			asr("attack/prompt.sending/asr", "prompt.sending/asr", "", 0, 1, 1),
			asr("harm/bio/asr", "bio/asr", "0.5", 2, 0, 0),
			asr("harm/chem/asr", "chem/asr", "0.5", 2, 0, 0),
		},
	}
	if diff := cmp.Diff(want, mustRead(t, raw)); diff != "" {
		t.Errorf("measurement (-want +got):\n%s", diff)
	}
}

func TestPyRITUnfinished(t *testing.T) {
	for name, test := range map[string]struct{ old, new, want string }{
		"created only":                  {`"COMPLETED"`, `"CREATED"`, "has not begun"},
		"still going":                   {`"COMPLETED"`, `"IN_PROGRESS"`, "still going"},
		"broken off":                    {`"COMPLETED"`, `"FAILED"`, "broke off"},
		"cancelled":                     {`"COMPLETED"`, `"CANCELLED"`, "stopped the scenario"},
		"a state of another time":       {`"COMPLETED"`, `"PAUSED"`, "none of CREATED"},
		"completed with an error":       {`"error_type": null`, `"error_type": "ValueError"`, "holds an error"},
		"a result twice":                {`"attack_result_id": "a3"`, `"attack_result_id": "a1"`, "occurs twice"},
		"an outcome of another time":    {`"attack_result_id": "a3", "outcome": "failure"`, `"attack_result_id": "a3", "outcome": "partial"`, "none of success"},
		"an error counted as a refusal": {`["a4"]`, `["a4", "a3"]`, "listed among the errors"},
	} {
		t.Run(name, func(t *testing.T) {
			m := mustRead(t, []byte(edit(t, "pyrit.json", test.old, test.new)))
			if m.Finished || !strings.Contains(m.Unfinished, test.want) {
				t.Errorf("finished %v: %q, want it to say %q", m.Finished, m.Unfinished, test.want)
			}
		})
	}
}

// TestPyRITErrorsDoNotDilute reads a run in which everything went wrong as no data, and not as 0 %.
func TestPyRITErrorsDoNotDilute(t *testing.T) {
	m, err := readText(`{"scenario_identifier": {"name": "S", "scenario_version": 1}, "scenario_run_state": "COMPLETED", "attack_results":
		{"a": [{"attack_result_id": "1", "outcome": "error"}, {"attack_result_id": "2"}], "b": [], "c": null}}`)
	if err != nil {
		t.Fatal(err)
	}
	r, err := m.Select("asr")
	if err != nil || r.HasData() || *r.Errored != 1 || *r.Unjudged != 1 || *r.Judged != 0 {
		t.Errorf("result = %+v, %v", r, err)
	}
	if m.Task != "S" || !m.Finished || len(m.Results) != 4 {
		t.Errorf("measurement = %+v", m)
	}
}

// TestPyRITUnfinishedHasNoEnd ignores the completion time that the tool makes up for a run that goes on.
func TestPyRITUnfinishedHasNoEnd(t *testing.T) {
	if m := mustRead(t, []byte(edit(t, "pyrit.json", `"COMPLETED"`, `"IN_PROGRESS"`))); m.Ended != nil {
		t.Errorf("ended = %v", m.Ended)
	}
}

// TestPyRITLists reads results without a scenario, which say nothing about the run.
func TestPyRITLists(t *testing.T) {
	row := `{"conversation_id": "c", "objective": "first text", "attack_result_id": "1", "outcome": "success"}`
	other := strings.Replace(row, `"1"`, `"2"`, 1)
	for name, text := range map[string]string{
		"a list": "[" + row + "," + other + "]", "lines": row + "\n" + other + "\n", "one result": row,
	} {
		t.Run(name, func(t *testing.T) {
			m, err := readText(text)
			if err != nil {
				t.Fatal(err)
			}
			r, err := m.Select("asr")
			if err != nil || r.Value != "1" || m.Format != PyRIT || m.Finished || !strings.Contains(m.Unfinished, "scenario") {
				t.Errorf("measurement = %+v, %v", m, err)
			}
		})
	}
}

// TestPyRITListTwice names a repetition before the missing end.
func TestPyRITListTwice(t *testing.T) {
	row := `{"conversation_id": "c", "objective": "first text", "id": "1", "outcome": "failure"}`
	m, err := readText("[" + row + "," + row + "]")
	if err != nil || m.Finished || !strings.Contains(m.Unfinished, "occurs twice") {
		t.Errorf("measurement = %+v, %v", m, err)
	}
}

func TestPyRITUnreadable(t *testing.T) {
	for name, test := range map[string]struct{ old, new, want string }{
		"attack results that are no list": {`"crescendo": [`, `"x": "first text", "crescendo": [`, "not of the type"},
		"a result that is a text":         {`"crescendo": [`, `"crescendo": ["first text",`, "not of the type"},
		"a time that is none":             {`"creation_time": "2026-10-05T06:00:00Z"`, `"creation_time": "today"`, "creation_time"},
		"a name with a line break":        {`"crescendo"`, `"cres\ncendo"`, "control characters"},
		"a category that is too long":     {`["bio"]`, `["` + strings.Repeat("x", 600) + `"]`, "longer than"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readText(edit(t, "pyrit.json", test.old, test.new))
			wantUnreadable(t, err, test.want)
			if strings.Contains(err.Error(), "first text") {
				t.Errorf("the reason holds text of a sample: %v", err)
			}
		})
	}
}

// TestPyRITModels finds the model in the identifiers of all versions.
func TestPyRITModels(t *testing.T) {
	for name, test := range map[string]struct{ target, want string }{
		"flat":       {`{"model_name": "m", "underlying_model_name": "u"}`, "m"},
		"underlying": {`{"underlying_model_name": "u"}`, "u"},
		"parameters": {`{"class_name": "T", "params": {"model_name": "p"}}`, "p"},
		"nothing":    {`{"class_name": "T"}`, ""},
		"null":       {`null`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := readText(`{"scenario_identifier": {}, "attack_results": {}, "objective_target_identifier": ` + test.target + `}`)
			if err != nil || m.Model != test.want {
				t.Errorf("model = %q, %v; want %q", m.Model, err, test.want)
			}
		})
	}
}
