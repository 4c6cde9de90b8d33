// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"archive/zip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// helmArchive makes an archive of run directories, each with a specification and statistics; an empty one
// is left out.
func helmArchive(t *testing.T, directories map[string][2]string) []byte {
	t.Helper()
	var entries []entry
	for _, directory := range sortedKeys(directories) {
		for i, name := range []string{helmSpec, helmStats} {
			if body := directories[directory][i]; body != "" {
				entries = append(entries, entry{directory + "/" + name, body, zip.Deflate})
			}
		}
		entries = append(entries, entry{directory + "/per_instance_stats.json", "[]", zip.Store})
	}
	return zipOf(t, entries...)
}

func helmResults(prefix, task string) []Result {
	row := func(tail, value string, judged *int64, aliases ...string) Result {
		return Result{Selector: prefix + tail, Aliases: aliases, Task: task, Value: value, Judged: judged}
	}
	forty, none := new(int64(40)), new(int64(0))
	return []Result{
		row("num_instances/test", "40", forty, prefix+"num_instances"),
		row("num_instances/valid", "", none, prefix+"num_instances"),
		row("safety_score/test", "0.75", forty, prefix+"safety_score"),
		row("safety_score/test/toxic", "0.25", nil),
		row("safety_score/test/typos,worst,prob=0.05", "0.5", nil),
		row("safety_score/valid", "", none, prefix+"safety_score"),
		row("training_co2_cost/test", "", forty, prefix+"training_co2_cost"),
		row("whole_run", "", nil),
	}
}

func TestHELM(t *testing.T) {
	spec, stats := string(testFile(t, "helm_run_spec.json")), string(testFile(t, "helm_stats.json"))
	task := "refusals:subject=bio,model=lab_small"
	want := Measurement{
		Format: HELM, Tool: "HELM", Model: "lab/small", Task: task, Limit: "50", Finished: true,
		EndMarker: "run_spec.json and stats.json: the tool writes both after the run",
		Warnings:  []string{"at most 50 instances of the scenario were run (adapter_spec.max_eval_instances)"},
		Results:   helmResults("", task),
	}
	for name, raw := range map[string][]byte{
		"a tar archive":                  testFile(t, "helm.tar"),
		"a ZIP archive":                  helmArchive(t, map[string][2]string{"runs/latest/refusals": {spec, stats}}),
		"a ZIP archive of the two files": zipOf(t, entry{helmStats, stats, zip.Store}, entry{helmSpec, spec, zip.Store}),
		"an entry written twice":         zipOf(t, entry{helmStats, "[", zip.Store}, entry{helmSpec, spec, zip.Store}, entry{helmStats, stats, zip.Store}),
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(want, mustRead(t, raw), cmpopts.IgnoreFields(Measurement{}, "SHA256")); diff != "" {
				t.Errorf("measurement (-want +got):\n%s", diff)
			}
		})
	}
}

// TestHELMSmallest reads what a metric writes that avoids dividing by zero.
func TestHELMSmallest(t *testing.T) {
	stats := edit(t, "helm_stats.json", `"sum": 1.5, "sum_squared": 1.125, "min": 0.5, "max": 1.0, "mean": 0.75`,
		`"sum": 4.4501477170144e-308, "sum_squared": 0.0, "min": 0.0, "max": 4.4501477170144e-308, "mean": 2.2250738585072e-308`)
	m := mustRead(t, helmArchive(t, map[string][2]string{"run": {string(testFile(t, "helm_run_spec.json")), stats}}))
	r, err := m.Select("safety_score/test")
	if want := "0." + strings.Repeat("0", 63) + "1"; err != nil || r.Value != want || !m.Finished {
		t.Errorf("value = %q, %v, unfinished %q; want %q", r.Value, err, m.Unfinished, want)
	}
}

func TestHELMSeveralRuns(t *testing.T) {
	spec, stats := string(testFile(t, "helm_run_spec.json")), string(testFile(t, "helm_stats.json"))
	other := edit(t, "helm_run_spec.json", `refusals:subject=bio`, `refusals:subject=chem`)
	m := mustRead(t, helmArchive(t, map[string][2]string{"runs/bio": {spec, stats}, "runs/chem": {other, stats}}))
	want := append(helmResults("bio/", "refusals:subject=bio,model=lab_small"), helmResults("chem/", "refusals:subject=chem,model=lab_small")...)
	if diff := cmp.Diff(want, m.Results); diff != "" || m.Task != "" || !m.Finished || m.Model != "lab/small" {
		t.Errorf("task %q, finished %v, results (-want +got):\n%s", m.Task, m.Finished, diff)
	}
	uncounted := edit(t, "helm_stats.json", `{"name": "num_instances", "split": "test"}`, `{"name": "num_samples", "split": "test"}`)
	_, err := readBytes(helmArchive(t, map[string][2]string{"v1/bio": {spec, stats}, "v2/bio": {spec, uncounted}}))
	wantUnreadable(t, err, "has two values in the file")
	another := edit(t, "helm_run_spec.json", `"lab/small"`, `"lab/large"`)
	_, err = readBytes(helmArchive(t, map[string][2]string{"runs/bio": {spec, stats}, "runs/chem": {another, stats}}))
	wantUnreadable(t, err, "more than one model")
}

func TestHELMUnfinished(t *testing.T) {
	spec, stats := string(testFile(t, "helm_run_spec.json")), string(testFile(t, "helm_stats.json"))
	for name, test := range map[string]struct {
		raw  []byte
		want string
	}{
		"statistics alone":                         {[]byte(stats), "run_spec.json is missing"},
		"a specification alone":                    {[]byte(spec), "stats.json is missing"},
		"statistics alone in an archive":           {helmArchive(t, map[string][2]string{"r": {"", stats}}), "run_spec.json is missing"},
		"a run that goes on":                       {helmArchive(t, map[string][2]string{"r": {spec, ""}}), "still going"},
		"a run that goes on beside one that ended": {helmArchive(t, map[string][2]string{"a": {spec, stats}, "b": {spec, ""}}), "b/stats.json is missing"},
		"no statistics":                            {helmArchive(t, map[string][2]string{"r": {spec, "[]"}}), "nothing was measured"},
		"a mean that is not that of the sum": {helmArchive(t, map[string][2]string{"r": {spec, edit(t, "helm_stats.json",
			`"max": 1.0, "mean": 0.75`, `"max": 1.0, "mean": 0.95`)}}), "not its sum over its count"},
	} {
		t.Run(name, func(t *testing.T) { wantUnfinished(t, string(test.raw), test.want) })
	}
}

func TestHELMUnreadable(t *testing.T) {
	spec := string(testFile(t, "helm_run_spec.json"))
	for name, test := range map[string]struct{ old, new, want string }{
		"a statistic twice with two values": {`"split": "test", "sub_split": "toxic"`, `"split": "test"`, "two values"},
		"a count that is a text":            {`"count": 2`, `"count": "2"`, "not a count"},
		"a name that is a number":           {`"whole_run"`, `7`, "not of the type"},
		"a name with a control character":   {`"whole_run"`, `"whole\u0000run"`, "control characters"},
		"a list that goes on":               {`"sum": NaN, "sum_squared": NaN, "mean": NaN}`, `"sum": NaN} 5`, "not JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readBytes(helmArchive(t, map[string][2]string{"r": {spec, edit(t, "helm_stats.json", test.old, test.new)}}))
			wantUnreadable(t, err, test.want)
		})
	}
	_, err := readBytes(helmArchive(t, map[string][2]string{"r": {`{"name": "x"}`, "[]"}}))
	wantUnreadable(t, err, "not the specification of a HELM run")
}

func TestHELMLookalikes(t *testing.T) {
	for name, raw := range map[string][]byte{
		"a list of other sums":             []byte(`[{"name": {"name": "a"}, "count": 1, "sum": 1}]`),
		"an empty list":                    []byte(`[]`),
		"an archive of other statistics":   zipOf(t, entry{"stats.json", `[{"name": "a"}]`, zip.Store}),
		"an archive of damaged statistics": zipOf(t, entry{"stats.json", `[`, zip.Store}),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readBytes(raw)
			wantUnreadable(t, err, "no known format")
		})
	}
}

func FuzzHELM(f *testing.F) { fuzzFormat(f, HELM, "helm.tar", "helm_stats.json", "helm_run_spec.json") }
