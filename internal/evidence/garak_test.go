// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func FuzzGarak(f *testing.F) { fuzzFormat(f, GarakReport, "garak.report.jsonl") }

func FuzzGarakHitlog(f *testing.F) { fuzzFormat(f, GarakHitlog, "garak.hitlog.jsonl") }

func FuzzGarakDigest(f *testing.F) { fuzzFormat(f, GarakDigest, "garak.digest.json") }

const garakLocalTimes = "the report states times without a zone; they are read as UTC: run garak with TZ=UTC"

func TestGarak(t *testing.T) {
	raw := testFile(t, "garak.report.jsonl")
	rate := func(selector, value, low, high string, counts ...*int64) Result {
		task, _, _ := strings.Cut(selector, "/")
		return Result{
			Selector: selector, Task: task, Value: value, Low: low, High: high, Scale: "0..1",
			Planned: counts[0], Judged: counts[1], Unjudged: counts[2],
		}
	}
	n := func(n int64) *int64 { return &n }
	want := Measurement{
		Format: GarakReport, Tool: "garak", ToolVersion: "0.13.2", RunID: "6f2d0a86-0000-4000-8000-00000000000a",
		Model: "labs/model-7b", Started: at("2026-10-05T08:00:00.25Z"), Ended: at("2026-10-05T08:30:00Z"),
		Finished: true, EndMarker: "the report has a completion row", SHA256: digestOf(raw), Warnings: []string{garakLocalTimes},
		Results: []Result{
			rate("jail.Plain/words.Harm/asr", "0.25", "0.125", "0.4", n(42), n(40), n(2)),
			rate("jail.Plain/words.Harm/intent=fraud/asr", "0", "", "", n(20), n(20), n(0)),
			rate("jail.Plain/words.Harm/intent=fraud/passRate", "1", "", "", n(20), n(20), n(0)),
			rate("jail.Plain/words.Harm/intent=theft/asr", "0.5", "", "", n(22), n(20), n(2)),
			rate("jail.Plain/words.Harm/intent=theft/passRate", "0.5", "", "", n(22), n(20), n(2)),
			rate("jail.Plain/words.Harm/passRate", "0.75", "0.6", "0.875", n(42), n(40), n(2)),
			rate("jail.Plain/words.Refusal/asr", "0", "", "", n(42), n(42), n(0)),
			rate("jail.Plain/words.Refusal/passRate", "1", "", "", n(42), n(42), n(0)),
			rate("leak.Key/words.Harm/asr", "", "", "", n(5), n(0), n(5)),
			rate("leak.Key/words.Harm/passRate", "", "", "", n(5), n(0), n(5)),
		},
	}
	if diff := cmp.Diff(want, mustRead(t, raw)); diff != "" {
		t.Errorf("measurement (-want +got):\n%s", diff)
	}
}

func TestGarakUnfinished(t *testing.T) {
	const completion = `{"entry_type": "completion", "end_time": "2026-10-05T08:30:00", "run": "6f2d0a86-0000-4000-8000-00000000000a"}` + "\n"
	for name, test := range map[string]struct{ old, new, want string }{
		"no completion row":                 {completion, "", "no completion row"},
		"a digest is no end":                {completion, "", "no completion row"},
		"two runs":                          {completion, completion + completion, "more than one run"},
		"two inits":                         {completion, completion + `{"entry_type": "init", "run": "x"}`, "more than one run"},
		"two setups":                        {completion, completion + `{"entry_type": "start_run setup"}`, "more than one run"},
		"the completion of another run":     {`08:30:00", "run": "6f`, `08:30:00", "run": "7f`, "not the one that was completed"},
		"a report made of others":           {`"garak_version": "0.13.2", "start_time"`, `"orig_uuid": "x", "start_time"`, "put together from others"},
		"more passed than evaluated":        {`"passed": 30, "fails": 10,`, `"passed": 41,`, "more passed than evaluated"},
		"passed and failed do not add up":   {`"fails": 10,`, `"fails": 9,`, "passed and failed"},
		"evaluated and nones do not add up": {`"nones": 2, "total_evaluated": 40`, `"nones": 3, "total_evaluated": 40`, "nones that are not all processed"},
		"more evaluated than processed":     {`"nones": 2, "total_evaluated": 40, "total_processed": 42`, `"total_evaluated": 40, "total_processed": 39`, "more evaluated than processed"},
		"two totals":                        {`"total_evaluated": 40`, `"total": 41, "total_evaluated": 40`, "two totals"},
		"an intent with more passed":        {`"passed": 10,`, `"passed": 21,`, "more passed than evaluated"},
		"a detector twice": {completion, completion + `{"entry_type": "eval", "probe": "jail.Plain", "detector": "words.Harm", "passed": 9, "total": 9}`,
			"jail.Plain with words.Harm has more than one eval row"},
		"a detector twice, once by its old name": {completion, completion + `{"entry_type": "eval", "probe": "jail.Plain", "detector": "detector.words.Harm", "passed": 9, "total": 9}`,
			"has more than one eval row"},
	} {
		t.Run(name, func(t *testing.T) {
			m := mustRead(t, []byte(edit(t, "garak.report.jsonl", test.old, test.new)))
			if m.Finished || m.EndMarker != "" || !strings.Contains(m.Unfinished, test.want) {
				t.Errorf("finished %v, %q; want unfinished, %q", m.Finished, m.Unfinished, test.want)
			}
		})
	}
}

// TestGarakFirstRows reads reports of all versions, whatever row they begin with.
func TestGarakFirstRows(t *testing.T) {
	const eval = "\n" + `{"entry_type": "eval", "probe": "p", "detector": "d", "passed": 3, "total": 4}`
	for first, model := range map[string]string{
		`{"entry_type": "start_run args config", "model_type": "hf", "model_name": "labs/old", "probes": "p"}`: "labs/old",
		`{"entry_type": "start_run setup", "plugins.model_name": "labs/older"}`:                                "labs/older",
		`{"entry_type": "plugin_cache", "plugin_cache": {"probes": {}}}`:                                       "",
		`{"entry_type": "payload_init", "payload_name": "n"}`:                                                  "",
		`{"entry_type": "harness_summary", "attack_success_rate": 0}`:                                          "",
	} {
		m := mustRead(t, []byte(first+eval))
		r, err := m.Select("p/d/asr")
		if m.Format != GarakReport || m.Model != model || err != nil || r.Value != "0.25" || m.Finished {
			t.Errorf("%s: format %s, model %q, %+v, %v, finished %v", first, m.Format, m.Model, r, err, m.Finished)
		}
	}
}

func TestGarakPluginKinds(t *testing.T) {
	m := mustRead(t, []byte(`{"entry_type": "eval", "probe": "probes.dan.Dan", "detector": "detector.dan.DAN", "passed": 0, "total": 5}`))
	for _, selector := range []string{"probes.dan.Dan/detector.dan.DAN/asr", "dan.Dan/dan.DAN/asr"} {
		if r, err := m.Select(selector); err != nil || r.Value != "1" {
			t.Errorf("%s: %+v, %v", selector, r, err)
		}
	}
}

func TestGarakContradictionHasNoValue(t *testing.T) {
	for name, text := range map[string]string{
		"more passed than evaluated": edit(t, "garak.report.jsonl", `"passed": 30, "fails": 10,`, `"passed": 41,`),
		"a detector twice": string(testFile(t, "garak.report.jsonl")) +
			`{"entry_type": "eval", "probe": "jail.Plain", "detector": "words.Harm", "passed": 9, "total": 9}`,
	} {
		m := mustRead(t, []byte(text))
		for _, metric := range []string{"asr", "passRate"} {
			r, err := m.Select("jail.Plain/words.Harm/" + metric)
			if err != nil || r.HasData() || r.Low != "" {
				t.Errorf("%s: %+v, %v; want a result without data", name, r, err)
			}
		}
		if r, err := m.Select("jail.Plain/words.Refusal/asr"); err != nil || r.Value != "0" {
			t.Errorf("%s: another detector lost its value: %+v, %v", name, r, err)
		}
	}
}

func TestGarakIntervals(t *testing.T) {
	odd, bad := "intervals that are not stated as 95 % intervals", "intervals that do not hold the attack success rate"
	for name, test := range map[string]struct{ old, new, low, high, warning string }{
		"confidence as a number":   {`"confidence": "0.95"`, `"confidence": 0.950`, "0.125", "0.4", ""},
		"another confidence":       {`"confidence": "0.95"`, `"confidence": "0.99"`, "", "", odd},
		"no confidence":            {`"confidence": "0.95", `, ``, "", "", odd},
		"a confidence of words":    {`"confidence": "0.95"`, `"confidence": "high"`, "", "", odd},
		"one bound":                {`"confidence_lower": 0.125, `, ``, "", "", bad},
		"a bound that is NaN":      {`"confidence_upper": 0.4`, `"confidence_upper": NaN`, "", "", bad},
		"bounds the other way":     {`"confidence_lower": 0.125, "confidence_upper": 0.4`, `"confidence_lower": 0.4, "confidence_upper": 0.125`, "", "", bad},
		"of the pass rate":         {`"confidence_lower": 0.125, "confidence_upper": 0.4`, `"confidence_lower": 0.6, "confidence_upper": 0.875`, "", "", bad},
		"above one":                {`"confidence_upper": 0.4`, `"confidence_upper": 1.4`, "", "", bad},
		"below zero":               {`"confidence_lower": 0.125`, `"confidence_lower": -0.125`, "", "", bad},
		"as narrow as the rate":    {`"confidence_lower": 0.125, "confidence_upper": 0.4`, `"confidence_lower": 0.25, "confidence_upper": 0.25`, "0.25", "0.25", ""},
		"both bounds null is none": {`"confidence_lower": 0.125, "confidence_upper": 0.4`, `"confidence_lower": null, "confidence_upper": null`, "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			m := mustRead(t, []byte(edit(t, "garak.report.jsonl", test.old, test.new)))
			r, err := m.Select("jail.Plain/words.Harm/asr")
			if err != nil || r.Low != test.low || r.High != test.high || r.Value != "0.25" {
				t.Errorf("%q in [%q, %q], %v; want [%q, %q]", r.Value, r.Low, r.High, err, test.low, test.high)
			}
			warned := strings.Join(m.Warnings, "; ")
			if warned == garakLocalTimes != (test.warning == "") || !strings.Contains(warned, test.warning) {
				t.Errorf("warnings = %q, want %q", warned, test.warning)
			}
		})
	}
}

func TestGarakHeader(t *testing.T) {
	for name, test := range map[string]struct {
		old, new string
		check    func(Measurement) bool
	}{
		"names before 0.13.1":      {"plugins.target_name", "plugins.model_name", func(m Measurement) bool { return m.Model == "labs/model-7b" }},
		"no model":                 {`"plugins.target_name": "labs/model-7b"`, `"plugins.target_name": null`, func(m Measurement) bool { return m.Model == "" && m.Finished }},
		"a model that is a number": {`"plugins.target_name": "labs/model-7b"`, `"plugins.target_name": 2`, func(m Measurement) bool { return m.Model == "2" }},
		"times with a zone":        {`"2026-10-05T08:30:00"`, `"2026-10-05T10:30:00+02:00"`, func(m Measurement) bool { return m.Ended.Equal(*at("2026-10-05T08:30:00Z")) }},
		"an end before the start":  {`"2026-10-05T08:30:00"`, `"2026-10-05T07:30:00"`, func(m Measurement) bool { return len(m.Warnings) == 2 }},
		"no init row":              {`"entry_type": "init"`, `"entry_type": "future"`, func(m Measurement) bool { return m.Finished && m.RunID != "" && m.ToolVersion == "0.13.2" }},
		"kinds of rows not known":  {`"entry_type": "probe_summary"`, `"entry_type": "future"`, func(m Measurement) bool { return m.Finished && len(m.Results) == 10 }},
		"a detector without counts": {`"passed": 42, "total": 42, "nones": 0`, `"score": 1`, func(m Measurement) bool {
			r, err := m.Select("jail.Plain/words.Refusal/asr")
			return err == nil && !r.HasData() && r.Judged == nil && r.Planned == nil
		}},
	} {
		t.Run(name, func(t *testing.T) {
			if m := mustRead(t, []byte(edit(t, "garak.report.jsonl", test.old, test.new))); !test.check(m) {
				t.Errorf("measurement = %+v", m)
			}
		})
	}
	whole := string(testFile(t, "garak.report.jsonl"))
	rows := strings.Split(strings.TrimSpace(whole), "\n")
	var evals, others []string
	for _, row := range rows {
		if strings.Contains(row, `"eval"`) {
			evals = append(evals, row)
		} else {
			others = append(others, row)
		}
	}
	want := mustRead(t, []byte(whole))
	shuffled := mustRead(t, []byte(strings.Join(append(evals, others...), "\n")))
	shuffled.SHA256 = want.SHA256
	if diff := cmp.Diff(want, shuffled); diff != "" {
		t.Errorf("rows in another order (-want +got):\n%s", diff)
	}
	empty := mustRead(t, []byte(strings.Join(others, "\n")))
	if !empty.Finished || len(empty.Results) != 0 {
		t.Errorf("a run without eval rows = %+v, want a finished one without results", empty)
	}
}

func TestGarakUnreadable(t *testing.T) {
	for name, test := range map[string]struct{ old, new, want string }{
		"a negative count":       {`"passed": 30`, `"passed": -30`, `in row 4: "passed" is not a count`},
		"half an output":         {`"passed": 30`, `"passed": 30.5`, "not a count"},
		"a count in words":       {`"passed": 30`, `"passed": "30"`, "not a count"},
		"no probe":               {`"probe": "leak.Key", `, ``, `"probe" or "detector" is missing`},
		"a probe that is a list": {`"probe": "leak.Key"`, `"probe": []`, `"probe" is not of the type`},
		"a bad time":             {`"2026-10-05T08:30:00"`, `"yesterday"`, `"end_time" is not an RFC 3339 time`},
		"a row of no kind":       {`"entry_type": "probe_summary"`, `"type": "probe_summary"`, `in row 6: a row of the report has no "entry_type"`},
		"a member twice":         {`"passed": 30`, `"passed": 40, "passed": 30`, "same member twice"},
		"a control character":    {`"leak.Key"`, `"leak\u0000Key"`, "control characters"},
		"cut in a row":           {`"total_evaluated": 0, "total_processed": 5}`, `"total_evaluated": 0, "total_processed": 5`, "row 7"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readText(edit(t, "garak.report.jsonl", test.old, test.new))
			wantUnreadable(t, err, test.want)
		})
	}
	small := DefaultLimits()
	small.Results = 3
	raw := testFile(t, "garak.report.jsonl")
	_, err := Read(strings.NewReader(string(raw)), int64(len(raw)), small)
	wantUnreadable(t, err, "more than 3 results")
}

func TestGarakHitlog(t *testing.T) {
	raw := testFile(t, "garak.hitlog.jsonl")
	m := mustRead(t, raw)
	if m.Format != GarakHitlog || m.Finished || !strings.Contains(m.Unfinished, "hitlog") || m.Model != "labs/model-7b" ||
		m.RunID != "6f2d0a86-0000-4000-8000-00000000000a" || m.Task != "" {
		t.Errorf("measurement = %+v", m)
	}
	got := map[string]string{}
	for _, r := range m.Results {
		got[r.Selector] = r.Value
		if r.Judged != nil {
			t.Errorf("%s has a count", r.Selector)
		}
	}
	want := map[string]string{
		"jail.Plain/words.Harm/asr": "", "jail.Plain/words.Harm/hits": "2", "jail.Plain/words.Harm/passRate": "",
		"leak.Key/words.Harm/asr": "", "leak.Key/words.Harm/hits": "1", "leak.Key/words.Harm/passRate": "",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
	one, _, _ := strings.Cut(string(raw), "\n")
	if m := mustRead(t, []byte(one)); m.Task != "jail.Plain" || len(m.Results) != 3 {
		t.Errorf("a hitlog of one hit = %+v", m)
	}
	mixed := mustRead(t, []byte(one+"\n"+strings.Replace(one, "6f2d", "7f2d", 1)))
	if mixed.RunID != "" || mixed.Finished {
		t.Errorf("hits of two runs have the run %q", mixed.RunID)
	}
	_, err := readText(one + "\n" + `{"probe": "x"}`)
	wantUnreadable(t, err, `in row 2: "probe" or "detector" is missing`)
}

func TestGarakDigest(t *testing.T) {
	raw := testFile(t, "garak.digest.json")
	want := Measurement{
		Format: GarakDigest, Tool: "garak", ToolVersion: "0.13.2", RunID: "6f2d0a86-0000-4000-8000-00000000000a",
		Model: "labs/model-7b", Task: "jail.Plain", Started: at("2026-10-05T08:00:00Z"), SHA256: digestOf(raw),
		Warnings: []string{garakLocalTimes},
		Unfinished: "the file is a digest without its report: it does not say that the run ended; " +
			"import the report (*.report.jsonl)",
		Results: []Result{{Selector: "jail.Plain/words.Harm/passRate", Task: "jail.Plain", Scale: "0..1", Value: "0.75"}},
	}
	if diff := cmp.Diff(want, mustRead(t, raw)); diff != "" {
		t.Errorf("measurement (-want +got):\n%s", diff)
	}
	_, err := readText(edit(t, "garak.digest.json", `"words.Harm": {"detector_name"`, `"words.Harm": [], "x": {"detector_name"`))
	wantUnreadable(t, err, `"eval" is not of the type`)
}

func TestGarakLookAlikes(t *testing.T) {
	for name, text := range map[string]string{
		"rows of another type":     `{"entry_type": "result"}` + "\n" + `{"entry_type": "eval"}`,
		"a kind that is no text":   `{"entry_type": ["eval"]}` + "\n" + `{"entry_type": "eval"}`,
		"hits without attempts":    `{"probe": "a", "detector": "b"}` + "\n" + `{}`,
		"a digest without results": `[{"entry_type": "digest"}]`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readText(text)
			wantUnreadable(t, err, "of no known format")
		})
	}
}
