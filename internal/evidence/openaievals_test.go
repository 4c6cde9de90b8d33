// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func FuzzOpenAIEvals(f *testing.F) { fuzzFormat(f, OpenAIEvals, "openai_evals.jsonl") }

func TestOpenAIEvals(t *testing.T) {
	raw := testFile(t, "openai_evals.jsonl")
	row := func(selector, value, deviation string) Result {
		return Result{
			Selector: selector, Task: "refusals.test.v1", Value: value, StandardError: deviation,
			Judged: new(int64(4)), Unjudged: new(int64(1)), Errored: new(int64(1)),
		}
	}
	want := Measurement{
		Format: OpenAIEvals, Tool: "openai/evals", Task: "refusals.test.v1", RunID: "261005060000AAAA", Model: "labs/model-7b",
		Started: at("2026-10-05T06:00:00.5Z"), Ended: at("2026-10-05T06:00:07.25Z"),
		Finished: true, EndMarker: "the log has a final_report", Limit: "4",
		Warnings: []string{
			"the run used several completion functions; the first is taken for the model, the others may be its judges",
			"only a part of the data set was run (spec.run_config.max_samples 4)", localTimes,
		},
		SHA256: digestOf(raw),
		Results: []Result{
			row("accuracy", "0.75", "0.125"), row("boostrap_std", "0.125", ""), row("by_kind/bio", "0.5", ""),
			row("by_kind/chem", "", ""), row("counts/choice/A", "3", ""),
		},
	}
	if diff := cmp.Diff(want, mustRead(t, raw)); diff != "" {
		t.Errorf("measurement (-want +got):\n%s", diff)
	}
}

func TestOpenAIEvalsUnfinished(t *testing.T) {
	report := `{"final_report": {"accuracy": 0.75, "boostrap_std": 0.125, "counts/choice/A": 3, "by_kind": {"bio": 0.5, "chem": NaN}, "remark": "none"}}`
	for name, test := range map[string]struct{ old, new, want string }{
		"no report: the run broke off":         {report + "\n", "", "no final_report"},
		"two reports":                          {report, report + report, "several final reports"},
		"a second spec":                        {report, `{"spec": {"run_id": "261005060000AAAA"}}` + report, "specs of several runs"},
		"rows of another run":                  {`{"run_id": "261005060000AAAA", "event_id": 6`, `{"run_id": "other", "event_id": 6`, "several run ids"},
		"a report of another run":              {`"remark": "none"}}`, `"remark": "none"}, "run_id": "other"}`, "several run ids"},
		"an event twice":                       {`"event_id": 6`, `"event_id": 5`, "occurs twice"},
		"an event id beyond all files":         {`"event_id": 6`, `"event_id": 99999999`, "event ids above"},
		"an accuracy above that of its events": {`"accuracy": 0.75`, `"accuracy": 0.76`, "not that of the events"},
		"an accuracy below that of its events": {`"accuracy": 0.75`, `"accuracy": 0`, "not that of the events"},
	} {
		t.Run(name, func(t *testing.T) {
			m := mustRead(t, []byte(edit(t, "openai_evals.jsonl", test.old, test.new)))
			if m.Finished || !strings.Contains(m.Unfinished, test.want) {
				t.Errorf("finished %v: %q, want it to say %q", m.Finished, m.Unfinished, test.want)
			}
		})
	}
}

// TestOpenAIEvalsShapes reads the logs of other versions and kinds of evaluation.
func TestOpenAIEvalsShapes(t *testing.T) {
	const spec = `{"spec": {"eval_name": "e.test.v0", "base_eval": "e", "run_id": "r", "completion_fns": ["m"]}}`
	for name, test := range map[string]struct {
		text, model, value string
		judged             *int64
		finished           bool
	}{
		"the report is last": {
			spec + `{"run_id":"r","event_id":0,"sample_id":"s","type":"match","data":{"correct":true}}{"final_report":{"accuracy":1}}`,
			"m", "1", new(int64(1)), true,
		},
		"the models of early logs": {
			`{"spec": {"model_names": {"completions": ["early"]}, "eval_name": "e"}}` +
				`{"sample_id":"s","type":"match","data":{"correct":false}}{"final_report":{"accuracy":0}}`,
			"early", "0", new(int64(1)), true,
		},
		"the model of the first logs": {
			`{"spec": {"model_name": "first", "eval_name": "e"}}{"sample_id":"s","type":"match","data":{}}{"final_report":{"accuracy":0.0}}`,
			"first", "0", new(int64(1)), true,
		},
		"a sample with two verdicts counts once": {
			spec + `{"sample_id":"s","type":"match","data":{"correct":true}}{"sample_id":"s","type":"metrics","data":{"accuracy":1.0}}` +
				`{"final_report":{"accuracy":1}}`,
			"m", "1", new(int64(1)), true,
		},
		"the accuracy is that of the metrics": {
			spec + `{"sample_id":"s","type":"match","data":{"correct":false}}{"sample_id":"s","type":"metrics","data":{"accuracy":true}}` +
				`{"final_report":{"accuracy":1}}`,
			"m", "1", new(int64(1)), true,
		},
		"no verdict among the events": {
			spec + `{"sample_id":"s","type":"raw_sample","data":{}}{"final_report":{"accuracy":0.5}}`,
			"m", "0.5", nil, true,
		},
		"no event at all":        {spec + `{"final_report":{"accuracy":1}}`, "m", "1", nil, false},
		"only the spec":          {spec, "m", "", nil, false},
		"a report of no numbers": {spec + `{"sample_id":"s","type":"match","data":{}}{"final_report":{}}`, "m", "", nil, true},
		"a report that is null":  {spec + `{"sample_id":"s","type":"match","data":{}}{"final_report":null}`, "m", "", nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := readText(test.text)
			if err != nil {
				t.Fatal(err)
			}
			r, _ := m.Select("accuracy")
			if m.Format != OpenAIEvals || m.Model != test.model || m.Finished != test.finished || r.Value != test.value {
				t.Errorf("measurement = %+v", m)
			}
			if diff := cmp.Diff(test.judged, r.Judged); diff != "" {
				t.Errorf("judged (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOpenAIEvalsUnreadable(t *testing.T) {
	for name, test := range map[string]struct{ old, new, want string }{
		"a negative standard error": {`"boostrap_std": 0.125`, `"boostrap_std": -0.125`, "negative"},
		"a report that is a text":   {`{"final_report": {"accuracy"`, `{"final_report": "first text", "x": {"accuracy"`, "final_report"},
		"an event id of text":       {`"event_id": 6`, `"event_id": "6"`, "in row 9"},
		"a row cut off":             {`"created_at": "2026-10-05 06:00:07.250000+00:00"}`, ``, "truncated"},
		"a member twice":            {`"event_id": 6`, `"event_id": 6, "event_id": 7`, "same member twice"},
		"a time without a day":      {`"2026-10-05 06:00:07.250000+00:00"`, `"06:00"`, "created_at"},
		"a name with a line break":  {`"eval_name": "refusals.test.v1"`, `"eval_name": "a\nb"`, "control characters"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readText(edit(t, "openai_evals.jsonl", test.old, test.new))
			wantUnreadable(t, err, test.want)
			if strings.Contains(err.Error(), "first text") {
				t.Errorf("the reason holds text of a sample: %v", err)
			}
		})
	}
}
