// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func FuzzNeMoBundle(f *testing.F) { fuzzFormat(f, NeMoBundle, "nemo_bundle.json") }

func TestNeMoBundle(t *testing.T) {
	raw := testFile(t, "nemo_bundle.json")
	row := func(metric, value, low, high string) Result {
		return Result{
			Selector: metric, Aliases: []string{"refusals/" + metric}, Task: "refusals", Value: value, Low: low, High: high,
			Planned: new(int64(40)), Judged: new(int64(40)), Unjudged: new(int64(0)),
		}
	}
	category := func(name, value string) Result {
		return Result{
			Selector: "categories/" + name + "/mean_reward", Aliases: []string{name + "/mean_reward"}, Task: "refusals", Value: value,
			Planned: new(int64(20)), Judged: new(int64(20)),
		}
	}
	want := Measurement{
		Format: NeMoBundle, Tool: "nemo-evaluator", ToolVersion: "0.4.0", Task: "refusals",
		RunID: "eval-20261005T060000Z-refusals", Model: "labs/model-7b", Ended: at("2026-10-05T06:30:00.25Z"),
		Finished: true, EndMarker: "the tool writes the bundle once, after the run", Limit: "40",
		Warnings: []string{"only a part of the data set was run (config.max_problems 40)"}, SHA256: digestOf(raw),
		Results: []Result{
			category("bio", "0.9"), category("chem", "0.95"),
			row("pass@1", "0.925", "0.85", "0.975"), row("pass@2", "0.95", "0.9", "1"), row("seconds", "", "", ""),
		},
	}
	if diff := cmp.Diff(want, mustRead(t, raw)); diff != "" {
		t.Errorf("measurement (-want +got):\n%s", diff)
	}
}

func TestNeMoBundleUnfinished(t *testing.T) {
	for name, test := range map[string]struct{ old, new, want string }{
		"a stub of a resumed run":        {`"n_results": 80`, `"_resumed": true`, "stub"},
		"a container that failed":        {`"n_results": 80`, `"_container_exit_code": 137`, "ended with an error"},
		"more rows than problems":        {`"n_results": 80`, `"n_results": 81`, "contradict"},
		"a value below its own interval": {`"value": 0.925`, `"value": 0.1`, "outside of its own interval"},
		"a value above its own interval": {`"value": 0.925`, `"value": 0.99`, "outside of its own interval"},
	} {
		t.Run(name, func(t *testing.T) {
			m := mustRead(t, []byte(edit(t, "nemo_bundle.json", test.old, test.new)))
			if m.Finished || !strings.Contains(m.Unfinished, test.want) {
				t.Errorf("finished %v: %q, want it to say %q", m.Finished, m.Unfinished, test.want)
			}
		})
	}
}

func TestNeMoBundleCounts(t *testing.T) {
	const stated = `"samples": 40,
    "repeats": 2,`
	n := func(n int64) *int64 { return &n }
	for name, test := range map[string]struct {
		old, new                  string
		value                     string
		planned, judged, unjudged *int64
	}{
		"rows are missing":                {`"n_results": 80`, `"n_results": 77`, "0.925", n(40), n(38), n(2)},
		"no rows":                         {`"n_results": 80`, `"n_results": 0`, "", n(40), n(0), n(40)},
		"the rows are not counted":        {`"n_results": 80`, `"n_results": null`, "0.925", n(40), n(40), nil},
		"the problems are not counted":    {stated, `"repeats": 2,`, "0.925", nil, nil, nil},
		"no problems":                     {stated, `"samples": 0, "repeats": 80,`, "", n(0), n(0), nil},
		"a score with a count of its own": {`"ci_lower": 0.85`, `"stats": {"count": 7, "stderr": 0.5}, "ci_lower": 0.85`, "0.925", n(7), n(7), nil},
		"a bare number":                   {`{"value": 0.925, "ci_lower": 0.85, "ci_upper": 0.975, "bootstrap_ci_lower": 0.84, "bootstrap_ci_upper": 0.98}`, `0.5`, "0.5", n(40), n(40), n(0)},
		"a value that is not a number":    {`"value": 0.925`, `"value": NaN`, "", n(40), n(40), n(0)},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := mustRead(t, []byte(edit(t, "nemo_bundle.json", test.old, test.new))).Select("refusals/pass@1")
			if err != nil {
				t.Fatal(err)
			}
			got := []*int64{r.Planned, r.Judged, r.Unjudged}
			if diff := cmp.Diff([]*int64{test.planned, test.judged, test.unjudged}, got); diff != "" || r.Value != test.value {
				t.Errorf("value %q, want %q; planned, judged and unjudged (-want +got):\n%s", r.Value, test.value, diff)
			}
		})
	}
}

// TestNeMoContainer does not take the number that a container left out for no samples.
func TestNeMoContainer(t *testing.T) {
	m, err := readText(`{"benchmark": {"name": "c", "samples": 0, "scores": {"t/g/m": {"value": 80.0}}},
		"config": {"framework": "container", "image": "x", "model": {"model_id": "m"}}}`)
	if err != nil {
		t.Fatal(err)
	}
	r, err := m.Select("t/g/m")
	if err != nil || r.Value != "80" || r.Judged != nil || m.Model != "m" || !m.Finished {
		t.Errorf("measurement = %+v, %+v, %v", m, r, err)
	}
}

func TestNeMoBundleUnreadable(t *testing.T) {
	for name, test := range map[string]struct{ old, new, want string }{
		"a count that is no count":               {`"samples": 40`, `"samples": -1`, "not a count"},
		"a score with a negative standard error": {`"ci_lower": 0.85`, `"stats": {"stderr": -1}, "ci_lower": 0.85`, "negative"},
		"a time that is none":                    {`"2026-10-05T06:30:00.250000+00:00"`, `"today"`, "timestamp"},
		"a metric with a line break":             {`"seconds"`, `"sec\nonds"`, "control characters"},
		"a category that is a number":            {`{"mean_reward": 0.9, "n": 20}`, `5`, "categories"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readText(edit(t, "nemo_bundle.json", test.old, test.new))
			wantUnreadable(t, err, test.want)
		})
	}
}
