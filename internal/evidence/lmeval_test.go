// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLMEval(t *testing.T) {
	raw := testFile(t, "lmeval.json")
	got := mustRead(t, raw)
	row := func(task, version, key, value, deviation string, judged int64, better *bool) Result {
		return Result{
			Selector: task + "/" + key, Task: task, TaskVersion: version, Value: value, StandardError: deviation,
			Planned: &judged, Judged: &judged, HigherIsBetter: better,
		}
	}
	want := Measurement{
		Format: LMEval, Tool: "lm-evaluation-harness", ToolVersion: "0.4.10",
		Model: "labs/model-7b", ModelPin: "5ca1ab1e",
		Started: at("2026-10-05T06:00:00.5Z"), Ended: at("2026-10-05T06:01:30.75Z"),
		Finished: true, EndMarker: "the tool writes the file once, after the run", Limit: "80.0",
		Warnings: []string{"only a part of each data set was run (config.limit 80.0)"},
		SHA256:   digestOf(raw),
		Results: []Result{
			row("arithmetic", "3.0", "exact_match,flexible-extract", "0.0125", "", 80, new(true)),
			row("arithmetic", "3.0", "exact_match,strict-match", "0", "0", 80, new(true)),
			row("hazards", "", "acc,none", "0.25", "0.0325", 180, nil),
			row("hazards/bio", "1", "acc,none", "0.2", "0.04", 100, nil),
			row("hazards/chem", "1-dev", "acc,none", "0.3", "0.0511", 80, new(true)),
			row("hazards/chem", "1-dev", "perplexity,none", "", "", 80, new(false)),
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("measurement (-want +got):\n%s", diff)
	}
}

func TestLMEvalLegacy(t *testing.T) {
	got := mustRead(t, testFile(t, "lmeval_legacy.json"))
	if got.Format != LMEvalLegacy || got.Model != "labs/small" || got.Started != nil || !got.Finished {
		t.Errorf("measurement = %+v", got)
	}
	want := []Result{
		{Selector: "crows/likelihood_difference", Task: "crows", TaskVersion: "0", Value: "4.5", StandardError: "0.25"},
		{Selector: "crows/pct_stereotype", Task: "crows", TaskVersion: "0"},
		{Selector: "wikitext/word_perplexity", Task: "wikitext", TaskVersion: "1", Value: "13.1"},
	}
	if diff := cmp.Diff(want, got.Results); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
}

func TestLMEvalUnreadable(t *testing.T) {
	for name, test := range map[string]struct{ old, new, want string }{
		"more effective than original samples": {`"original": 100, "effective": 100`, `"original": 99, "effective": 100`, "more than original"},
		"a negative count":                     {`"effective": 100`, `"effective": -5`, "not a count"},
		"a negative standard error":            {`"acc_stderr,none": 0.0511`, `"acc_stderr,none": -0.0511`, "negative"},
		"a group with two values": {`"groups": {"hazards": {"alias": "hazards", "acc,none": 0.25`,
			`"groups": {"hazards": {"alias": "hazards", "acc,none": 0.05`, "two values"},
		"a date before 1970":     {`1791180000.5`, `-1`, "date"},
		"a date beyond all time": {`1791180000.5`, `1e99`, "date"},
		"a negative duration":    {`"90.25"`, `"-90.25"`, "total_evaluation_time_seconds"},
		"a duration without end": {`"90.25"`, `"inf"`, "total_evaluation_time_seconds"},
		"a task twice":           {`"hazards/bio": {"alias"`, `"hazards/chem": {"alias"`, "same member twice"},
		"a row that is a number": {`"hazards/bio": {"alias": " - bio", "acc,none": 0.2, "acc_stderr,none": 0.04}`, `"hazards/bio": 1`, "results"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readText(edit(t, "lmeval.json", test.old, test.new))
			wantUnreadable(t, err, test.want)
		})
	}
}

func TestLMEvalUnknown(t *testing.T) {
	for name, test := range map[string]struct {
		old, new, selector string
		value              string
		judged             *int64
	}{
		"a group is unknown when a part of it is": {`"effective": 100`, `"effective": null`, "hazards/acc,none", "0.25", nil},
		"groups in a circle have no count": {`["hazards/chem", "hazards/bio"]`, `["hazards", "other"]`,
			"hazards/acc,none", "0.25", nil},
		"a part of two groups counts once": {`["hazards/chem", "hazards/bio"]`,
			`["hazards/bio", "inner"], "inner": ["hazards/bio"]`, "hazards/acc,none", "0.25", new(int64(100))},
		"a sum that is not exact is unknown": {`"original": 100, "effective": 100`,
			`"effective": 9007199254740992`, "hazards/acc,none", "0.25", nil},
		"a value over no samples is none":     {`"effective": 100`, `"effective": 0`, "hazards/bio/acc,none", "", new(int64(0))},
		"a value that is a text is none":      {`"acc,none": 0.2,`, `"acc,none": "N/A",`, "hazards/bio/acc,none", "", new(int64(100))},
		"a number that is a text is a number": {`"acc,none": 0.2,`, `"acc,none": "0.2125",`, "hazards/bio/acc,none", "0.2125", new(int64(100))},
		"no number that is a text is none":    {`"acc,none": 0.2,`, `"acc,none": "nan",`, "hazards/bio/acc,none", "", new(int64(100))},
		"a file without its configurations":   {`"configs": {`, `"settings": {`, "hazards/bio/acc,none", "0.2", new(int64(100))},
		"a value that overflows is none":      {`"acc,none": 0.2,`, `"acc,none": 1e999,`, "hazards/bio/acc,none", "", new(int64(100))},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := mustRead(t, []byte(edit(t, "lmeval.json", test.old, test.new))).Select(test.selector)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.judged, r.Judged); diff != "" || r.Value != test.value {
				t.Errorf("value %q, want %q; judged (-want +got):\n%s", r.Value, test.value, diff)
			}
		})
	}
}

// TestLMEvalRowsWithoutMetrics reads no metric out of the counts and nested values of a row.
func TestLMEvalRowsWithoutMetrics(t *testing.T) {
	m := mustRead(t, []byte(`{"results": {"a": {"alias": "a", " ": " ", "sample_len": 5}, "b": {"acc": {"none": 1}}},
		"versions": {}, "configs": {}, "n-samples": {}}`))
	if len(m.Results) != 0 {
		t.Errorf("results = %+v, want none", m.Results)
	}
}

func TestModelArgument(t *testing.T) {
	for args, want := range map[string]string{
		`"pretrained=a/b,revision=main"`:      "a/b",
		`"model=x,base_url=http://host"`:      "x",
		`"revision=main"`:                     "",
		`{"pretrained": "a/b", "model": "x"}`: "a/b",
		`{"model": "x"}`:                      "x",
		`null`:                                "",
		``:                                    "",
	} {
		if got := modelArgument([]byte(args)); got != want {
			t.Errorf("modelArgument(%s) = %q, want %q", args, got, want)
		}
	}
}
