// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func deepEvalMeasurement() Measurement {
	row := func(selector, scale, value string, counts ...int64) Result {
		return Result{
			Selector: selector, Scale: scale, Value: value,
			Planned: &counts[0], Judged: &counts[1], Unjudged: &counts[2], Errored: &counts[3],
		}
	}
	return Measurement{
		Format: DeepEval, Tool: "DeepEval", Task: "refusals", Model: "model-7b",
		Finished: true, EndMarker: "testPassed: it is counted after the last test case",
		Results: []Result{
			row("Refusal/mean", "", "0.55", 6, 4, 1, 1),
			row("Refusal/passRate", "0..1", "0.5", 6, 4, 1, 1),
			row("Tone/mean", "", "0.25", 2, 1, 1, 0),
			row("Tone/passRate", "0..1", "0", 2, 1, 1, 0),
			row("passRate", "0..1", "0.66666666666666667", 5, 3, 1, 1),
		},
	}
}

func TestDeepEval(t *testing.T) {
	text := string(testFile(t, "deepeval.json"))
	for name, raw := range map[string]string{
		"a file of the results folder": text,
		"the latest run":               `{"testRunData": ` + text + `, "testRunLink": null}`,
	} {
		t.Run(name, func(t *testing.T) {
			m := mustRead(t, []byte(raw))
			if diff := cmp.Diff(deepEvalMeasurement(), m, cmpopts.IgnoreFields(Measurement{}, "SHA256")); diff != "" {
				t.Errorf("measurement (-want +got):\n%s", diff)
			}
		})
	}
}

// TestDeepEvalEarlyVersions reads files whose metrics have other names, and no counts beside them.
func TestDeepEvalEarlyVersions(t *testing.T) {
	for name, text := range map[string]string{
		"scores without counts": `{"testCases": [
			{"success": true, "metricsMetadata": [{"metric": "Bias", "threshold": 0.5, "success": true, "score": 0.75}]},
			{"success": false, "metricsMetadata": [{"metric": "Bias", "threshold": 0.5, "success": false, "score": 0.25}]}],
			"metricsScores": [{"metric": "Bias", "scores": [0.75, 0.25]}], "testPassed": 1, "testFailed": 1, "model": "m"}`,
		"averages and no verdicts": `{"testCases": [
			{"success": true, "metricsMetadata": [{"metric": "Bias", "minimumScore": 0.5, "score": 0.75}]},
			{"success": false, "metricsMetadata": [{"metric": "Bias", "minimumScore": 0.5, "score": 0.25}]}],
			"metricScores": [{"metric": "Bias", "score": 0.5}], "configurations": {"model": "m"}}`,
		"conversations with metrics at their messages": `{"testCases": [], "conversationalTestCases": [
			{"success": true, "messages": [{"metricsMetadata": [{"metric": "Bias", "success": true, "score": 0.75}]}]},
			{"success": false, "turns": [{"metricsData": [{"name": "Bias", "success": false, "score": 0.25}]}]}],
			"metricsScores": [], "testPassed": 1, "testFailed": 1, "model": "m"}`,
	} {
		t.Run(name, func(t *testing.T) {
			m := mustRead(t, []byte(text))
			for selector, want := range map[string]string{"passRate": "0.5", "Bias/passRate": "0.5", "Bias/mean": "0.5"} {
				if r, err := m.Select(selector); err != nil || r.Value != want || *r.Judged != 2 {
					t.Errorf("%s = %+v, %v; want %s", selector, r, err, want)
				}
			}
			if m.Model != "m" {
				t.Errorf("model = %q", m.Model)
			}
		})
	}
}

func TestDeepEvalUnfinished(t *testing.T) {
	scores := `"passes": 2, "fails": 2, "errors": 1`
	for name, test := range map[string]struct{ old, new, want string }{
		"a run that goes on":                        {`"testPassed": 2,`, ``, "testPassed is missing"},
		"a run that broke off":                      {`"testPassed": 2,`, `"testPassed": null,`, "testPassed is missing"},
		"more passes stated than held":              {`"testPassed": 2`, `"testPassed": 3`, "testPassed is 3"},
		"fewer fails stated than held":              {`"testFailed": 2`, `"testFailed": 0`, "testFailed is 0"},
		"more fails stated than held":               {`"testFailed": 2`, `"testFailed": 9`, "testFailed is 9"},
		"a metric with fewer fails than its cases":  {`[0.9, 0.1, 0.8, 0.4], ` + scores, `[0.9, 0.8], "passes": 2, "fails": 0, "errors": 1`, "leaves out test cases"},
		"a metric with fewer errors than its cases": {scores, `"passes": 2, "fails": 2, "errors": 0`, "leaves out test cases"},
		"a metric with fewer passes than its cases": {scores, `"passes": 1, "fails": 3, "errors": 1`, "leaves out test cases"},
		"a metric that counts more than it has":     {scores, `"passes": 9, "fails": 2, "errors": 1`, "has 4 scores and counts 11"},
		"a success against a metric that decides":   {`, "flaky": true`, ``, "although a metric that decides failed"},
	} {
		t.Run(name, func(t *testing.T) { wantUnfinished(t, edit(t, "deepeval.json", test.old, test.new), test.want) })
	}
	wantUnfinished(t, `{"testCases": [], "metricsScores": [], "testPassed": 0, "testFailed": 0}`, "nothing was tested")
}

func TestDeepEvalNoData(t *testing.T) {
	m := mustRead(t, []byte(`{"testCases": [{"success": false, "metricsData": [{"name": "A", "success": null, "score": NaN}]},
		{"success": null, "metricsData": [{"name": "B", "success": true, "score": 1, "flaky": true}]}],
		"metricsScores": [{"metric": "C", "scores": [], "passes": 0, "fails": 0, "errors": 0}], "testPassed": 0, "testFailed": 1}`))
	if !m.Finished {
		t.Errorf("unfinished: %s", m.Unfinished)
	}
	for selector, want := range map[string]struct {
		value                     string
		judged, unjudged, errored int64
	}{
		"passRate": {"", 0, 1, 1}, "A/passRate": {"", 0, 1, 1}, "A/mean": {"", 0, 1, 1},
		"B/passRate": {"1", 1, 0, 0}, "C/mean": {"", 0, 1, 0},
	} {
		r, err := m.Select(selector)
		if err != nil || r.Value != want.value || *r.Judged != want.judged || *r.Unjudged != want.unjudged || *r.Errored != want.errored {
			t.Errorf("%s = %q, judged %d, unjudged %d, errored %d, %v; want %+v", selector, r.Value, *r.Judged, *r.Unjudged, *r.Errored, err, want)
		}
	}
}

func TestDeepEvalUnreadable(t *testing.T) {
	for name, test := range map[string]struct{ old, new, want string }{
		"a case that is a text":         {`{"name": "four"`, `"four", {"name": "four"`, "not of the type"},
		"metrics that are a text":       {`"metricsData": [{"name": "Refusal", "success": true, "score": 0.8}]`, `"metricsData": "none"`, "not of the type"},
		"a count below zero":            {`"testFailed": 2`, `"testFailed": -2`, "not a count"},
		"a metric with a control":       {`"name": "Tone"`, `"name": "To\u0000ne"`, "control characters"},
		"a metric summed up twice":      {`"metricsScores": [`, `"metricsScores": [{"metric": "Refusal", "scores": []},`, "twice"},
		"a model without end":           {`"model-7b"`, `"` + strings.Repeat("m", 600) + `"`, "longer than"},
		"no scores":                     {`"metricsScores": [`, `"sums": [`, "no known format"},
		"test cases that are an object": {`"testCases": [`, `"testCases": {}, "cases": [`, "no known format"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readText(edit(t, "deepeval.json", test.old, test.new))
			wantUnreadable(t, err, test.want)
		})
	}
}

func FuzzDeepEval(f *testing.F) { fuzzFormat(f, DeepEval, "deepeval.json") }
