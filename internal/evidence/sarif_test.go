// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSARIF(t *testing.T) {
	raw := testFile(t, "sarif.json")
	row := func(selector, value string) Result {
		return Result{Selector: selector, Value: value, Scale: "count", Errored: new(int64(1))}
	}
	want := Measurement{
		Format: SARIF, Tool: "Prober", ToolVersion: "1.2.3", RunID: "11111111-2222-4333-8444-555555555555",
		Model: "lab/model-7b", ModelPin: "sha256:feed",
		Started: at("2026-10-01T10:00:00Z"), Ended: at("2026-10-01T10:05:00.5Z"),
		Finished: true, EndMarker: "results is an array, and no invocation says that it failed", SHA256: digestOf(raw),
		Warnings: []string{"the tool reported 1 errors of its own"},
		Results: []Result{
			row("findings", "9"), row("findings/error", "1"), row("findings/none", "1"), row("findings/note", "2"),
			row("findings/warning", "5"), row("results", "12"), row("rule/ext-1", "1"), row("rule/leveled", "0"),
			row("rule/prompt-leak", "2"), row("rule/prompt-leak/part", "1"), row("rule/unlisted", "5"), row("rule/weak", "1"),
			row("suppressed", "1"), row("withSuppressions", "3"),
		},
	}
	if diff := cmp.Diff(want, mustRead(t, raw)); diff != "" {
		t.Errorf("measurement (-want +got):\n%s", diff)
	}
}

// TestSARIFLevels reads the level of one result out of all the places where it may stand.
func TestSARIFLevels(t *testing.T) {
	for name, test := range map[string]struct{ result, level string }{
		"its own":                                {`{"ruleId": "a", "level": "note"}`, "note"},
		"none, if nothing failed":                {`{"ruleId": "a", "kind": "open"}`, "none"},
		"its own with a capital":                 {`{"ruleId": "a", "level": "Warning"}`, "warning"},
		"one that nobody knows, the worst":       {`{"ruleId": "a", "level": "fatal"}`, "error"},
		"its own, even so":                       {`{"ruleId": "a", "kind": "open", "level": "error"}`, "error"},
		"that of its rule by id":                 {`{"ruleId": "a"}`, "error"},
		"that of its rule by index":              {`{"ruleIndex": 0}`, "error"},
		"that of its rule by a part of the id":   {`{"ruleId": "a/1/2"}`, "error"},
		"that of a rule object":                  {`{"rule": {"id": "a"}}`, "error"},
		"that of a rule in an extension by name": {`{"rule": {"index": 0, "toolComponent": {"name": "x"}}}`, "note"},
		"that of a rule in an extension by id":   {`{"ruleId": "e"}`, "note"},
		"warning for a rule without one":         {`{"ruleId": "plain"}`, "warning"},
		"warning for an unknown rule":            {`{"ruleId": "other"}`, "warning"},
		"warning without a rule":                 {`{}`, "warning"},
		"warning for an index that points out":   {`{"ruleIndex": 99}`, "warning"},
		"warning for an index of nothing":        {`{"ruleIndex": -1}`, "warning"},
		"what an invocation raised it to":        {`{"ruleId": "raised"}`, "error"},
		"not what an invocation lowered it to":   {`{"ruleId": "lowered"}`, "error"},
	} {
		t.Run(name, func(t *testing.T) {
			m := mustRead(t, []byte(`{"version": "2.1.0", "runs": [{"results": [`+test.result+`], "invocations": [{
				"ruleConfigurationOverrides": [{"descriptor": {"index": 2}, "configuration": {"level": "error"}},
					{"descriptor": {"id": "lowered"}, "configuration": {"level": "note"}}]}],
				"tool": {"driver": {"name": "T", "rules": [{"id": "a", "defaultConfiguration": {"level": "error"}}, {"id": "plain"},
					{"id": "raised"}, {"id": "lowered", "defaultConfiguration": {"level": "error"}}]},
					"extensions": [{"name": "x", "rules": [{"id": "e", "defaultConfiguration": {"level": "note"}}]}]}}]}`))
			for _, level := range sarifLevels() {
				want := "0"
				if level == test.level {
					want = "1"
				}
				if r, err := m.Select("findings/" + level); err != nil || r.Value != want {
					t.Errorf("findings/%s = %q, %v; want %s", level, r.Value, err, want)
				}
			}
		})
	}
}

// TestSARIFWarnings reads files that leave the standard where nothing depends on it.
func TestSARIFWarnings(t *testing.T) {
	for name, test := range map[string]struct{ run, warning string }{
		"a level nobody knows":     {`"results": [{"level": "fatal"}]`, "1 findings have a level that SARIF does not know; they count as errors"},
		"a time that is none":      {`"results": [], "invocations": [{"endTimeUtc": "soon"}]`, "an invocation states its time in a form that is not read"},
		"a time without a zone":    {`"results": [], "invocations": [{"endTimeUtc": "2026-10-01 10:00:00"}]`, localTimes},
		"a notification of level":  {`"results": [], "invocations": [{"toolExecutionNotifications": [{"level": "error"}]}]`, "1 errors of its own"},
		"one of a described level": {`"results": [], "invocations": [{"toolExecutionNotifications": [{"descriptor": {"index": 1}}]}]`, "1 errors of its own"},
		"one described by its id":  {`"results": [], "invocations": [{"toolConfigurationNotifications": [{"descriptor": {"id": "bad"}}]}]`, "1 errors of its own"},
		"one that is a warning":    {`"results": [], "invocations": [{"toolExecutionNotifications": [{"descriptor": {"index": 0}}, {"descriptor": {"index": 7}}, {}]}]`, ""},
		"one of nowhere":           {`"results": [], "invocations": [{"toolExecutionNotifications": [{"descriptor": {"id": "bad", "toolComponent": {"index": 4}}}]}]`, ""},
	} {
		m := mustRead(t, []byte(`{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "T", "notifications": [{"id": "odd"},
			{"id": "bad", "defaultConfiguration": {"level": "error"}}]}}, `+test.run+`}]}`))
		got := strings.Join(m.Warnings, "; ")
		if !m.Finished || !strings.Contains(got, test.warning) || test.warning == "" && got != "" {
			t.Errorf("%s: finished %v, warnings %q; want %q", name, m.Finished, got, test.warning)
		}
	}
}

func TestSARIFUnfinished(t *testing.T) {
	run := func(members string) string {
		return `{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "T"}}, ` + members + `}]}`
	}
	for name, test := range map[string]struct{ text, want string }{
		"no array of runs":                   {`{"version": "2.1.0", "runs": null}`, "runs is empty"},
		"no runs":                            {`{"version": "2.1.0", "runs": []}`, "runs is empty"},
		"no results":                         {run(`"columnKind": "utf16CodeUnits"`), "runs[0].results is missing"},
		"results that are null":              {run(`"results": null`), "runs[0].results is missing"},
		"a tool that failed":                 {run(`"results": [], "invocations": [{"executionSuccessful": false}]`), "says that the tool failed"},
		"a tool that says so in a text":      {run(`"results": [], "invocations": [{"executionSuccessful": "false"}]`), "says that the tool failed"},
		"a second invocation that failed":    {run(`"results": [], "invocations": [{"executionSuccessful": true}, {"executionSuccessful": false}]`), "says that the tool failed"},
		"results in another file":            {run(`"externalPropertyFileReferences": {"results": [{"location": {"uri": "r"}}]}`), "in other files"},
		"invocations in another file":        {run(`"results": [], "externalPropertyFileReferences": {"invocations": [{"location": {"uri": "r"}}]}`), "in other files"},
		"results beside the runs":            {`{"version": "2.1.0", "runs": [{"results": []}], "inlineExternalProperties": [{"results": [{}]}]}`, "inlineExternalProperties"},
		"a run twice":                        {`{"version": "2.1.0", "runs": [{"automationDetails": {"guid": "g"}, "results": []}, {"automationDetails": {"guid": "g"}, "results": []}]}`, "same automationDetails.guid"},
		"a run that was not scanned, of two": {`{"version": "2.1.0", "runs": [{"results": []}, {"tool": {"driver": {"name": "B"}}}]}`, "runs[1].results is missing"},
	} {
		t.Run(name, func(t *testing.T) { wantUnfinished(t, test.text, test.want) })
	}
}

func TestSARIFRuns(t *testing.T) {
	m := mustRead(t, []byte("\uFEFF"+`{"$schema": "sarif", "version": "2.1.0", "runs": [
		{"tool": {"driver": {"name": "A"}}, "results": [{"ruleId": "r"}]},
		{"tool": {"driver": {"name": "B", "rules": [{"id": "r"}]}}},
		{"tool": {"driver": {"name": "A"}}, "results": [{"ruleId": "r"}, {"ruleId": "r"}]}]}`))
	got := map[string]string{}
	for _, r := range m.Results {
		if strings.HasSuffix(r.Selector, "findings") || strings.HasSuffix(r.Selector, "rule/r") {
			got[r.Selector] = r.Value
		}
	}
	// What the second tool found is not known, and so neither is the sum.
	want := map[string]string{"findings": "", "rule/r": "", "A/findings": "3", "A/rule/r": "3", "B/findings": "", "B/rule/r": ""}
	if diff := cmp.Diff(want, got); diff != "" || m.Tool != "SARIF" || m.Finished {
		t.Errorf("tool %q, finished %v, findings (-want +got):\n%s", m.Tool, m.Finished, diff)
	}
}

func TestSARIFUnreadable(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"another version":         {`{"$schema": "https://x/sarif-1.0.0.json", "version": "1.0.0", "runs": []}`, "not 2.1.0"},
		"runs without a version":  {`{"runs": []}`, "no known format"},
		"a version without runs":  {`{"version": "2.1.0"}`, "no known format"},
		"runs that are an object": {`{"version": "2.1.0", "runs": {}}`, "not of the type"},
		"a run that is a text":    {`{"version": "2.1.0", "runs": ["r"]}`, "not of the type"},
		"a result that is a text": {`{"version": "2.1.0", "runs": [{"results": ["r"]}]}`, "not of the type"},
		"results in an object":    {`{"version": "2.1.0", "runs": [{"results": {}}]}`, "not of the type"},
		"a rule with a control":   {`{"version": "2.1.0", "runs": [{"results": [{"ruleId": "a\u0001"}]}]}`, "control characters"},
		"a member twice":          {`{"version": "2.1.0", "runs": [{"results": [], "results": []}]}`, "same member twice"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readText(test.text)
			wantUnreadable(t, err, test.want)
		})
	}
}

func FuzzSARIF(f *testing.F) { fuzzFormat(f, SARIF, "sarif.json") }
