// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func FuzzModelBench(f *testing.F) { fuzzFormat(f, ModelBench, "modelbench.json") }

func benchResult(short, value, scale string, judged, errored int64) Result {
	return Result{
		Selector: "model-7b/" + short, Aliases: []string{short}, Task: "chat-1.1-en_us-practice-default", TaskVersion: "1.1",
		Value: value, Scale: scale, HigherIsBetter: new(true),
		Planned: new(judged + errored), Judged: &judged, Unjudged: new(int64(0)), Errored: &errored,
	}
}

func TestModelBench(t *testing.T) {
	raw := testFile(t, "modelbench.json")
	bio, chem := benchResult("hazard-bio/estimate", "0.95", "0..1", 400, 2), benchResult("hazard-chem/estimate", "1", "0..1", 100, 0)
	bio.Low, bio.High, chem.Low, chem.High = "0.92", "0.97", "0.9637", "1"
	want := Measurement{
		Format: ModelBench, Tool: "modelbench", ToolVersion: "v1.2.0-0-00000000", Task: "chat-1.1-en_us-practice-default",
		RunID: "run-chat-20261005-060000", Model: "model-7b", Ended: at("2026-10-05T06:29:59.5Z"),
		Finished: true, EndMarker: "every score has an end_time",
		Warnings: []string{
			"the evaluation's source tree had uncommitted changes (_metadata.code.source.changed_files)",
			"the prompts are those of the practice set, not of the official one",
		},
		SHA256: digestOf(raw),
		Results: []Result{
			bio, benchResult("hazard-bio/numeric_grade", "2", "1..5", 400, 2),
			chem, benchResult("hazard-chem/numeric_grade", "5", "1..5", 100, 0),
			benchResult("numeric_grade", "2", "1..5", 500, 2), benchResult("score", "0.96", "", 500, 2),
		},
	}
	if diff := cmp.Diff(want, mustRead(t, raw)); diff != "" {
		t.Errorf("measurement (-want +got):\n%s", diff)
	}
}

func TestModelBenchUnfinished(t *testing.T) {
	const end = `"end_time": "2026-10-05 06:29:59.500000+00:00",`
	for name, test := range map[string]struct{ old, new, want string }{
		"a system that is not through":           {end, ``, "no end_time"},
		"a hazard that has no score":             {`{"uid": "hazard-chem", "reference_standard": 0.98, "tests": ["safe-chem"]}` + "\n    ]", `{"uid": "hazard-chem"}, {"uid": "hazard-cyber"}]`, "has no score"},
		"an estimate beyond its scale":           {`"score": {"estimate": 0.95`, `"score": {"estimate": 95`, "outside of 0..1"},
		"an estimate beyond its interval":        {`"score": {"estimate": 0.95, "lower": 0.92`, `"score": {"estimate": 0.95, "lower": 0.96`, "its own interval"},
		"an estimate above its items":            {`"num_safe_items": 380`, `"num_safe_items": 378`, "above num_safe_items"},
		"more safe than scored items":            {`"num_safe_items": 380`, `"num_safe_items": 401`, "more safe than scored"},
		"more samples than items":                {`"num_scored_items": 400`, `"num_scored_items": 399`, "more samples"},
		"a score above its hazards":              {`"score": 0.96`, `"score": 0.97`, "above num_safe_items"},
		"a grade that is none":                   {`"numeric_grade": 5`, `"numeric_grade": 6`, "none of 1, 2"},
		"a grade that is not that of its letter": {`"numeric_grade": 5`, `"numeric_grade": 4`, "text_grade"},
		"a hazard twice":                         {`"hazard_definition": {"uid": "hazard-chem"`, `"hazard_definition": {"uid": "hazard-bio"`, "occurs twice"},
	} {
		t.Run(name, func(t *testing.T) {
			m := mustRead(t, []byte(edit(t, "modelbench.json", test.old, test.new)))
			if m.Finished || !strings.Contains(m.Unfinished, test.want) {
				t.Errorf("finished %v: %q, want it to say %q", m.Finished, m.Unfinished, test.want)
			}
		})
	}
}

// benchRecord is a record of scores in the shape of every version since 1.0.
func benchRecord(scores string) string {
	return `{"benchmark": {"uid": "b", "hazards": [{"uid": "h"}]}, "run_uid": "r", "_metadata": {"format_version": 1,
		"run": {"timestamp": "2026-10-05 06:30:00 UTC"}}, "scores": [` + scores + `]}`
}

func benchScore(sut, hazard, rest string) string {
	return `{"sut": {"uid": "` + sut + `"}, "end_time": "2026-10-05 06:00:00.25", ` + rest +
		`, "hazard_scores": [{"hazard_definition": {"uid": "h"}, ` + hazard + `}]}`
}

func TestModelBenchShapes(t *testing.T) {
	const estimate = `"score": {"estimate": 0.5, "lower": 0.1, "upper": 0.9, "samples": 4}`
	const graded = `"numeric_grade": 1, "text_grade": "P"`
	for name, test := range map[string]struct{ text, selector, value, model, unfinished string }{
		"a security benchmark has no grade": {benchRecord(benchScore("a", estimate+`, "numeric_grade": null, "text_grade": "N/A"`,
			`"score": null, "numeric_grade": null, "text_grade": "N/A"`)), "numeric_grade", "", "a", ""},
		"but it has estimates": {benchRecord(benchScore("a", estimate, `"score": null, "numeric_grade": null, "text_grade": "N/A"`)),
			"h/estimate", "0.5", "a", ""},
		"a hazard without items": {benchRecord(benchScore("a", `"score": {"estimate": 0, "lower": 0, "upper": 0, "samples": 0},
			"exceptions": 9, "num_scored_items": 0, `+graded, graded)), "h/numeric_grade", "", "a", ""},
		"a fitted score": {benchRecord(benchScore("a", `"score": 89.72, "num_scored_items": 4, "numeric_grade": 3`,
			`"score": 90.08, "numeric_grade": 5`)), "h/score", "89.72", "a", ""},
		"two systems": {benchRecord(benchScore("a", estimate, graded) + "," + benchScore("b", estimate, graded)), "b/h/estimate", "0.5", "", ""},
		"one system twice": {benchRecord(benchScore("a", estimate, graded) + "," + benchScore("a", estimate, graded)),
			"", "", "", "system under test occurs twice"},
		"no system": {benchRecord(""), "", "", "", "no score"},
		"a record before 1.0": {`{"score": ` + benchScore("a", estimate, `"benchmark_definition": {"uid": "b"}, `+graded) +
			`, "_metadata": {"format_version": 1}}`, "h/estimate", "0.5", "a", ""},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := readText(test.text)
			if err != nil {
				t.Fatal(err)
			}
			if m.Format != ModelBench || m.Model != test.model || m.Finished != (test.unfinished == "") ||
				!strings.Contains(m.Unfinished, test.unfinished) {
				t.Errorf("measurement = %+v", m)
			}
			if test.selector == "" {
				return
			}
			if r, err := m.Select(test.selector); err != nil || r.Value != test.value || r.Task != "b" {
				t.Errorf("result = %+v, %v; want the value %q", r, err, test.value)
			}
		})
	}
}

// TestModelBenchSystemsApart does not let a short selector choose among systems.
func TestModelBenchSystemsApart(t *testing.T) {
	const estimate = `"score": {"estimate": 0.5, "samples": 4}`
	m, err := readText(benchRecord(benchScore("a", estimate, `"x": 1`) + "," + benchScore("b", estimate, `"x": 1`)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Select("h/estimate"); err == nil {
		t.Error("h/estimate selects one of two systems")
	}
}

func TestModelBenchUnreadable(t *testing.T) {
	for name, test := range map[string]struct{ old, new, want string }{
		"another version of the format": {`"format_version": 1`, `"format_version": 2`, "not known"},
		"a count that is no count":      {`"exceptions": 2`, `"exceptions": -2`, "not a count"},
		"an end that is no time":        {`"2026-10-05 06:29:59.500000+00:00"`, `"soon"`, "end_time"},
		"a system with a line break":    {`"sut": {"uid": "model-7b"`, `"sut": {"uid": "a\nb"`, "control characters"},
		"scores of text":                {`"scores": [`, `"scores": ["first text",`, "scores"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readText(edit(t, "modelbench.json", test.old, test.new))
			wantUnreadable(t, err, test.want)
			if strings.Contains(err.Error(), "first text") {
				t.Errorf("the reason holds text of the file: %v", err)
			}
		})
	}
}
