// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"archive/zip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
)

func TestInspectLog(t *testing.T) {
	raw := testFile(t, "inspect.json")
	got := mustRead(t, raw)
	score := func(selector string, aliases []string, value string, judged, unjudged int64) Result {
		return Result{
			Selector: selector, Aliases: aliases, Task: "scalegate/uplift", TaskVersion: "2-b", Value: value,
			Planned: new(int64(10)), Judged: &judged, Unjudged: &unjudged, Errored: new(int64(1)),
		}
	}
	rubric := func(name, value string) Result {
		metric := "labs/mean_grade"
		return score("labs/rubric/"+name+"/"+metric+"/mean", []string{
			name + "/" + metric + "/mean", "labs/rubric/" + metric + "/mean",
			"labs/rubric/" + name + "/" + metric, name + "/" + metric, "labs/rubric/" + metric,
		}, value, 10, 0)
	}
	accuracy := score("judge/accuracy/mean", []string{"judge/accuracy"}, "0.25", 9, 1)
	accuracy.StandardError = "0.1443375672974064"
	want := Measurement{
		Format: InspectJSON, Tool: "inspect_ai", ToolVersion: "0.3.211", Task: "scalegate/uplift",
		RunID: "eval-6Qm2", Model: "local/model-under-test",
		Started: at("2026-10-05T07:00:01Z"), Ended: at("2026-10-05T08:30:00.25Z"),
		Finished: true, EndMarker: `status is "success"`, Limit: "[0,10]",
		Warnings: []string{
			"the log was edited after the run (log_updates)",
			"the evaluation's source tree had uncommitted changes (eval.revision.dirty)",
			"only a part of the data set was run (eval.config.limit [0,10])",
		},
		SHA256: digestOf(raw),
		Results: []Result{
			accuracy,
			score("judge/accuracy/pass_at_2", []string{"judge/accuracy"}, "0.5", 9, 1),
			score("judge/std/mean", []string{"judge/std"}, "0.4330127018922193", 9, 1),
			score("judge/stderr/mean", []string{"judge/stderr"}, "0.1443375672974064", 9, 1),
			score("judge/stderr/pass_at_2", []string{"judge/stderr"}, "", 9, 1),
			rubric("harmful", "1"),
			rubric("helpful", "3.75"),
			score("manual/accuracy/mean", []string{"manual/accuracy"}, "", 0, 10),
			score("manual/max/mean", []string{"manual/max"}, "", 0, 10),
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("measurement (-want +got):\n%s", diff)
	}
}

func TestInspectVersion1(t *testing.T) {
	m := mustRead(t, testFile(t, "inspect_v1.json"))
	want := []Result{
		{Selector: "model_graded_fact/accuracy", Aliases: []string{}, Task: "theory_of_mind", TaskVersion: "0", Value: "0.75"},
		{Selector: "model_graded_fact/bootstrap_std", Aliases: []string{}, Task: "theory_of_mind", TaskVersion: "0", Value: "0.15"},
	}
	if diff := cmp.Diff(want, m.Results); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
	if !m.Finished || m.Ended != nil || m.RunID != "run-1/task-1" {
		t.Errorf("finished %v, ended %v, run %q", m.Finished, m.Ended, m.RunID)
	}
}

// edit replaces the one occurrence of a text in a test file.
func edit(t *testing.T, file, old, replacement string) string {
	t.Helper()
	text := string(testFile(t, file))
	if strings.Count(text, old) != 1 {
		t.Fatalf("%s has %q %d times, want once", file, old, strings.Count(text, old))
	}
	return strings.Replace(text, old, replacement, 1)
}

func TestInspectUnfinished(t *testing.T) {
	for name, test := range map[string]struct{ old, new, want string }{
		"a cancelled run with full results":     {`"success"`, `"cancelled"`, "cancelled"},
		"a run that broke off":                  {`"success"`, `"error"`, "broke off"},
		"a run that goes on":                    {`"success"`, `"started"`, "still going"},
		"a status nobody knows":                 {`"success"`, `"Success"`, "none of"},
		"a log that was invalidated":            {`"invalidated": false`, `"invalidated": true`, "invalidated"},
		"a success that holds an error":         {`"invalidated": false`, `"error": {"message": "x"}`, "holds an error"},
		"a success that holds an error as text": {`"invalidated": false`, `"error": "x"`, "holds an error"},
	} {
		t.Run(name, func(t *testing.T) {
			m := mustRead(t, []byte(edit(t, "inspect.json", test.old, test.new)))
			if m.Finished || m.EndMarker != "" || !strings.Contains(m.Unfinished, test.want) {
				t.Errorf("finished %v by %q, unfinished %q; want unfinished by %q", m.Finished, m.EndMarker, m.Unfinished, test.want)
			}
			if len(m.Results) == 0 {
				t.Error("the results of the part that ran are not reported")
			}
		})
	}
}

func TestInspectCounts(t *testing.T) {
	type counts struct{ planned, judged, unjudged, errored int64 }
	const unknown = -1
	const base = `"total_samples": 40,
    "completed_samples": 37,`
	const scored = `"reducer": "pass_at_2", "scored_samples": 9, "unscored_samples": 1,`
	for name, test := range map[string]struct {
		old, new string
		want     counts
	}{
		"errored samples of a run that goes on after errors": {base, `"total_samples": 40, "completed_samples": 30,`, counts{10, 9, 1, 3}},
		"an error in one epoch counts as a sample":           {base, `"total_samples": 40, "completed_samples": 39,`, counts{10, 9, 1, 1}},
		"early stopping makes the gap unknown": {base,
			`"total_samples": 40, "completed_samples": 20, "early_stopping": {"manager": "x"},`, counts{10, 9, 1, unknown}},
		"an old log counts completed samples": {scored, `"reducer": "pass_at_2",`, counts{10, 9, unknown, 1}},
		"scored over the epochs is folded":    {scored, `"reducer": "pass_at_2", "scored_samples": 37, "unscored_samples": 3,`, counts{10, 9, 1, 1}},
		"samples that the scorer passed over were not judged": {scored,
			`"reducer": "pass_at_2", "scored_samples": 6, "unscored_samples": 1,`, counts{10, 6, 3, 1}},
		"no total": {base, `"completed_samples": 37,`, counts{unknown, 9, 1, unknown}},
		"a whole count with a fraction of zero is whole": {base, `"total_samples": 40.0, "completed_samples": 37.0,`, counts{10, 9, 1, 1}},
		"a value over a group of the samples has no counts": {`"value": 0.5, "params": {}}`,
			`"value": 0.5, "params": {}, "group": "grouped"}`, counts{unknown, unknown, unknown, unknown}},
		"a group that is null is none":   {`"value": 0.5, "params": {}}`, `"value": 0.5, "params": {}, "group": null}`, counts{10, 9, 1, 1}},
		"a count that is NaN is unknown": {base, `"total_samples": NaN, "completed_samples": 37,`, counts{unknown, 9, 1, unknown}},
	} {
		t.Run(name, func(t *testing.T) {
			m := mustRead(t, []byte(edit(t, "inspect.json", test.old, test.new)))
			r, err := m.Select("judge/accuracy/pass_at_2")
			if err != nil {
				t.Fatal(err)
			}
			number := func(n *int64) int64 {
				if n == nil {
					return unknown
				}
				return *n
			}
			got := counts{number(r.Planned), number(r.Judged), number(r.Unjudged), number(r.Errored)}
			if got != test.want {
				t.Errorf("counts = %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestInspectUnreadable(t *testing.T) {
	for name, test := range map[string]struct{ old, new, want string }{
		"more completed than planned":         {`"completed_samples": 37`, `"completed_samples": 41`, "more than total_samples"},
		"more scored than planned":            {`"pass_at_2", "scored_samples": 9`, `"pass_at_2", "scored_samples": 99`, "more than total_samples"},
		"a negative count":                    {`"completed_samples": 37`, `"completed_samples": -1`, "not a count"},
		"a fractional count":                  {`"completed_samples": 37`, `"completed_samples": 36.5`, "not a count"},
		"a count beyond exact integers":       {`"completed_samples": 37`, `"completed_samples": 9007199254740993`, "not a count"},
		"a count that is a text":              {`"completed_samples": 37`, `"completed_samples": "37"`, "not a count"},
		"no epochs":                           {`"epochs": 4`, `"epochs": 0`, "eval.config.epochs"},
		"a negative standard error":           {`0.1443375672974064`, `-0.1443375672974064`, "negative"},
		"a version nobody knows":              {`"version": 2`, `"version": 3`, "version"},
		"an end that is no time":              {`10:30:00.25+02:00`, `half past ten`, "stats.completed_at"},
		"invalidated is not a boolean":        {`"invalidated": false`, `"invalidated": "no"`, "invalidated"},
		"scorers of two versions":             {`"total_samples": 40`, `"scorer": "x", "total_samples": 40`, "two versions"},
		"a model name with a line break":      {`local/model-under-test`, `a\nb`, "control characters"},
		"a member twice at the top":           {`"invalidated": false`, `"status": "error"`, "same member twice"},
		"a member twice in the results":       {`"total_samples": 40`, `"total_samples": 50, "total_samples": 40`, "same member twice"},
		"a member twice among the metrics":    {`"std": {`, `"accuracy": {`, "same member twice"},
		"a member twice by an escape":         {`"std": {`, `"\u0061ccuracy": {`, "same member twice"},
		"a member twice in a sample":          {`"epoch": 1`, `"id": 1`, "same member twice"},
		"the results again after the samples": {`"reductions"`, `"results"`, "same member twice"},
		"scores that are a number":            {`"scores": [`, `"scores": 1, "other": [`, "results.scores"},
		"a bracket too many":                  {`"scores": [`, `"scores": [[`, "not JSON"},
		"results that are an array":           {`"results": {`, `"results": [], "other": {`, "results"},
		"an infinity where a name belongs":    {`"invalidated": false`, `NaN: false`, "not JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readText(edit(t, "inspect.json", test.old, test.new))
			wantUnreadable(t, err, test.want)
		})
	}
}

// The logs of version 1 state local times.
func TestInspectTimesWithoutAZone(t *testing.T) {
	m := mustRead(t, []byte(edit(t, "inspect.json", `10:30:00.25+02:00`, `10:30:00`)))
	if want := time.Date(2026, 10, 5, 10, 30, 0, 0, time.UTC); m.Ended == nil || !m.Ended.Equal(want) {
		t.Errorf("ended %v, want %v", m.Ended, want)
	}
	if !slices.ContainsFunc(m.Warnings, func(w string) bool { return strings.Contains(w, "without a zone") }) {
		t.Errorf("no warning says so: %q", m.Warnings)
	}
}

func TestInspectWarnings(t *testing.T) {
	for name, test := range map[string]struct{ old, new, want string }{
		"a configuration changed in flight": {`"config_updates": []`, `"config_updates": [{"limit": 5}]`, "config_updates"},
		"chosen samples":                    {`"epochs": 4`, `"sample_id": ["a"], "epochs": 4`, "sample_id"},
		"a metric over groups": {`"value": 0.5, "params": {}}`, `"value": 0.5, "params": {}, "group": "grouped"}`,
			"grouped metrics have no counts"},
		"an end before the start": {`10:30:00.25+02:00`, `08:59:59+02:00`, "ended before it started"},
		"edits too large to keep": {`{"author": "evals", "reason": "tagging"}`,
			`"` + strings.Repeat("x", 9<<20) + `"`, "log_updates"},
	} {
		t.Run(name, func(t *testing.T) {
			m := mustRead(t, []byte(edit(t, "inspect.json", test.old, test.new)))
			if all := strings.Join(m.Warnings, "\n"); !strings.Contains(all, test.want) || len(all) > 1000 {
				t.Errorf("warnings = %q, want one about %s", m.Warnings, test.want)
			}
		})
	}
}

func TestStandardErrorIsPairedOnlyWhereItIsKnown(t *testing.T) {
	for name, test := range map[string]struct {
		metrics map[string]decimal
		want    decimal
	}{
		"one":            {map[string]decimal{"mean": "1", "stderr": "0.5"}, "0.5"},
		"none":           {map[string]decimal{"mean": "1", "bootstrap_stderr": "0.5"}, ""},
		"two":            {map[string]decimal{"mean": "1", "stderr": "0.5", "stderr2": "0.1"}, ""},
		"another's name": {map[string]decimal{"mean": "1", "stderr": "0.5", "stderr_x": "0.1"}, "0.5"},
	} {
		if got := standardErrorOfMean(test.metrics); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

func TestInspectVersion1ScorerAsText(t *testing.T) {
	scorer := `{"name": "model_graded_fact", "params": {}}`
	m := mustRead(t, []byte(edit(t, "inspect_v1.json", scorer, `"includes"`)))
	if r, err := m.Select("includes/accuracy"); err != nil || r.Value != "0.75" {
		t.Errorf("Select = %+v, %v", r, err)
	}
}

func TestInspectArchive(t *testing.T) {
	header := string(testFile(t, "inspect.json"))
	header = header[:strings.Index(header, `,
  "samples"`)] + "}"
	start := header[:strings.Index(header, `,
  "results"`)] + "}"
	start = strings.Replace(start, `  "status": "success",`, "", 1)
	stale := strings.Replace(header, `"value": 0.5`, `"value": 0.1`, 1)
	plain := mustRead(t, []byte(header))
	for name, entries := range map[string][]entry{
		"stored":     {{inspectJournal, start, zip.Store}, {inspectHeader, header, zip.Store}},
		"deflated":   {{inspectJournal, start, zip.Deflate}, {inspectHeader, header, zip.Deflate}},
		"zstandard":  {{inspectJournal, start, zstd.ZipMethodWinZip}, {inspectHeader, header, zstd.ZipMethodWinZip}},
		"rewritten":  {{inspectHeader, stale, zip.Deflate}, {inspectHeader, header, zip.Deflate}},
		"no journal": {{inspectHeader, header, zip.Deflate}, {"samples/a/b_epoch_1.json", "{", zip.Deflate}},
	} {
		t.Run(name, func(t *testing.T) {
			raw := zipOf(t, entries...)
			want := plain
			want.Format, want.SHA256 = InspectEval, digestOf(raw)
			if diff := cmp.Diff(want, mustRead(t, raw)); diff != "" {
				t.Errorf("measurement (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("a journal rewritten", func(t *testing.T) {
		old := strings.Replace(start, "local/model-under-test", "local/other", 1)
		m := mustRead(t, zipOf(t, entry{inspectJournal, old, zip.Deflate}, entry{inspectJournal, start, zip.Deflate}))
		if m.Model != plain.Model {
			t.Errorf("model = %q, want that of the last entry", m.Model)
		}
	})
	t.Run("killed before the header", func(t *testing.T) {
		m := mustRead(t, zipOf(t, entry{inspectJournal, start, zip.Deflate}))
		if m.Finished || !strings.Contains(m.Unfinished, "header.json is missing") || len(m.Results) != 0 {
			t.Errorf("finished %v, unfinished %q, %d results", m.Finished, m.Unfinished, len(m.Results))
		}
		if m.Task != plain.Task || m.Model != plain.Model || m.RunID != plain.RunID || m.Limit != plain.Limit {
			t.Errorf("identity = %q, %q, %q, %q", m.Task, m.Model, m.RunID, m.Limit)
		}
	})
}

// TestZstandardFrames reads an entry that was written in several frames, as the tool does with large ones.
func TestZstandardFrames(t *testing.T) {
	header := testFile(t, "inspect.json")
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	var frames []byte
	for part := range len(header)/1000 + 1 {
		frames = enc.EncodeAll(header[part*1000:min(len(header), part*1000+1000)], frames)
	}
	m := mustRead(t, rawEntry(t, inspectHeader, frames, header))
	if !m.Finished || len(m.Results) != 9 {
		t.Errorf("finished %v, %d results; want 9", m.Finished, len(m.Results))
	}
}
