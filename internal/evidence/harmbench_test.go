// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestHarmBench(t *testing.T) {
	raw := testFile(t, "harmbench.json")
	want := Measurement{
		Format: HarmBench, Tool: "HarmBench", Finished: true,
		EndMarker: "labels: the file is written once, after the last judgement", SHA256: digestOf(raw),
		Results: []Result{
			{
				Selector: "asr/macro", Aliases: []string{"asr"}, Scale: "0..1", Value: "0.66666666666666667",
				Judged: new(int64(2)), Unjudged: new(int64(2)),
			},
			{Selector: "asr/micro", Scale: "0..1", Value: "0.5", Judged: new(int64(4)), Unjudged: new(int64(2))},
		},
	}
	if diff := cmp.Diff(want, mustRead(t, raw)); diff != "" {
		t.Errorf("measurement (-want +got):\n%s", diff)
	}
}

func TestHarmBenchLabels(t *testing.T) {
	for label, want := range map[string]string{
		`1`: "1", `1.0`: "1", `true`: "1", `0`: "0", `0.0`: "0", `false`: "0",
		`null`: "", `-1`: "", `2`: "", `0.5`: "", `"1"`: "", `NaN`: "", `[1]`: "",
	} {
		m := mustRead(t, []byte(`{"b": [{"test_case": "t", "generation": "g", "label": `+label+`}]}`))
		r, err := m.Select("asr")
		if err != nil || r.Value != want || m.Finished != (want != "") || *r.Judged+*r.Unjudged != 1 {
			t.Errorf("label %s: value %q, finished %v (%s), %v; want %q", label, r.Value, m.Finished, m.Unfinished, err, want)
		}
	}
}

func TestHarmBenchUnfinished(t *testing.T) {
	wantUnfinished(t, `{"b": [{"test_case": "t", "generation": "g"}]}`, "were not judged")
	wantUnfinished(t, `{"a": [], "b": [{"test_case": "t", "generation": "g", "label": null}]}`, "were not judged")
}

func TestHarmBenchUnreadable(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"behaviours without rows":  {`{"a": [], "b": []}`, "no known format"},
		"nothing":                  {`{}`, "no known format"},
		"lists of other rows":      {`{"a": [{"label": 1}]}`, "no known format"},
		"lists of texts":           {`{"a": ["label"]}`, "no known format"},
		"a member that is no list": {`{"a": [{"test_case": "t", "generation": "g", "label": 1}], "n": 1}`, "no known format"},
		"a row that is a text":     {`{"a": [{"test_case": "t", "generation": "g", "label": 1}, "x"]}`, "not of the type"},
		"a behaviour twice":        {`{"a": [{"generation": "g", "label": 1}], "a": [{"generation": "g", "label": 0}]}`, "same member twice"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readText(test.text)
			wantUnreadable(t, err, test.want)
		})
	}
}

func FuzzHarmBench(f *testing.F) { fuzzFormat(f, HarmBench, "harmbench.json") }
