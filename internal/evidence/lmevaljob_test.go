// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

func FuzzLMEvalJob(f *testing.F) { fuzzFormat(f, LMEvalJob, "lmevaljob.yaml") }

func TestLMEvalJob(t *testing.T) {
	raw := testFile(t, "lmevaljob.yaml")
	want := Measurement{
		Format: LMEvalJob, Tool: "lm-evaluation-harness", ToolVersion: "0.4.9", Task: "hazards",
		RunID: "0c7f8a52-0000-4000-8000-00000000000b", Model: "labs/model-7b", ModelPin: "5ca1ab1e", Limit: "80",
		Started: at("2026-10-05T06:00:00.5Z"), Ended: at("2026-10-05T06:02:00Z"),
		Finished: true, EndMarker: `state is "Complete" and reason is "Succeeded"`,
		Warnings: []string{"only a part of each data set was run (spec.limit 80)"}, SHA256: digestOf(raw),
		Results: []Result{{
			Selector: "hazards/acc,none", Task: "hazards", TaskVersion: "1", Value: "0.25",
			Planned: new(int64(80)), Judged: new(int64(80)), HigherIsBetter: new(true),
		}},
	}
	if diff := cmp.Diff(want, mustRead(t, raw)); diff != "" {
		t.Errorf("measurement (-want +got):\n%s", diff)
	}
	live, err := yaml.YAMLToJSON(raw)
	if err != nil {
		t.Fatal(err)
	}
	want.SHA256 = digestOf(live)
	if diff := cmp.Diff(want, mustRead(t, live)); diff != "" {
		t.Errorf("the same object as JSON (-want +got):\n%s", diff)
	}
}

func TestLMEvalJobUnfinished(t *testing.T) {
	results := string(testFile(t, "lmevaljob.yaml"))
	results = results[strings.Index(results, "  results: |-"):]
	for name, test := range map[string]struct{ old, new, want string }{
		"a job that runs":           {"state: Complete", "state: Running", "state is Running"},
		"a job that is suspended":   {"state: Complete", "state: Suspended", "state is Suspended"},
		"a job that was cancelled":  {"state: Complete", "state: Cancelled", "somebody stopped"},
		"complete, and failed":      {"reason: Succeeded", "reason: Failed", "reason is not Succeeded"},
		"complete without a reason": {"reason: Succeeded", "reason: NoReason", "reason is not Succeeded"},
		"a state nobody knows":      {"state: Complete", "state: Done", "none of New"},
		"no state":                  {"  state: Complete\n", "", "none of New"},
		"no results":                {results, "", "status.results is empty"},
		"empty results":             {results, "  results: \" \"\n", "status.results is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			m := mustRead(t, []byte(edit(t, "lmevaljob.yaml", test.old, test.new)))
			if m.Finished || m.EndMarker != "" || !strings.Contains(m.Unfinished, test.want) {
				t.Errorf("finished %v, %q; want unfinished, %q", m.Finished, m.Unfinished, test.want)
			}
		})
	}
}

func TestLMEvalJobDetails(t *testing.T) {
	for name, test := range map[string]struct {
		old, new string
		check    func(Measurement) bool
	}{
		"another model in the results": {"value: labs/model-7b", "value: labs/other", func(m Measurement) bool {
			return m.Model == "labs/other" && strings.Contains(strings.Join(m.Warnings, " "), "different models")
		}},
		"no model arguments":            {"name: pretrained", "name: revision", func(m Measurement) bool { return m.Model == "labs/model-7b" }},
		"a model argument named model":  {"name: pretrained", "name: model", func(m Measurement) bool { return m.Model == "labs/model-7b" && len(m.Warnings) == 1 }},
		"no end of the job":             {`  completeTime: "2026-10-05T06:02:00Z"` + "\n", "", func(m Measurement) bool { return m.Ended == nil && m.Finished }},
		"no id":                         {"  uid: 0c7f8a52-0000-4000-8000-00000000000b\n", "", func(m Measurement) bool { return m.RunID == "" }},
		"the limit of the results":      {`"limit": null`, `"limit": 40`, func(m Measurement) bool { return m.Limit == "40" && len(m.Warnings) == 1 }},
		"results without configs":       {`"configs": {"hazards": {}}, `, ``, func(m Measurement) bool { return len(m.Results) == 1 && *m.Results[0].Judged == 80 }},
		"results without sample counts": {`"n-samples": {"hazards": {"original": 100, "effective": 80}},`, ``, func(m Measurement) bool { return m.Results[0].Judged == nil }},
	} {
		t.Run(name, func(t *testing.T) {
			if m := mustRead(t, []byte(edit(t, "lmevaljob.yaml", test.old, test.new))); !test.check(m) {
				t.Errorf("measurement = %+v", m)
			}
		})
	}
}

func TestLMEvalJobUnreadable(t *testing.T) {
	for name, test := range map[string]struct{ old, new, want string }{
		"results of something else":  {`"versions": {"hazards": 1}, `, ``, "no result file of lm-evaluation-harness"},
		"results that are cut":       {`"model_name": "labs/model-7b"}`, `"model_name": "labs/model-7b"`, `in "status.results": the document is truncated`},
		"a member twice in them":     {`"limit": null`, `"limit": null, "limit": 5`, "same member twice"},
		"a count that is none":       {`"effective": 80`, `"effective": -80`, `in "status.results": "n-samples`},
		"a bad time":                 {`"2026-10-05T06:02:00Z"`, `noon`, `"status.completeTime" is not`},
		"a time without a zone":      {`"2026-10-05T06:02:00Z"`, `"2026-10-05T06:02:00"`, `"status.completeTime" is not`},
		"arguments that are no list": {"  modelArgs:\n", "  modelArgs: {}\n  other:\n", `"spec/modelArgs" is not of the type`},
		"another kind":               {"kind: LMEvalJob", "kind: List", "of no known format"},
		"another group":              {"trustyai.opendatahub.io/", "trustyai.opendatahub.io.example/", "of no known format"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readText(edit(t, "lmevaljob.yaml", test.old, test.new))
			wantUnreadable(t, err, test.want)
		})
	}
}
