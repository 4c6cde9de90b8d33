// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func FuzzSimpleEvals(f *testing.F) {
	fuzzFormat(f, SimpleEvals, "simple_evals.json", "simple_evals_allresults.json")
}

func TestSimpleEvals(t *testing.T) {
	for file, want := range map[string][]Result{
		"simple_evals.json": {
			{Selector: "chars", Value: "812.5"}, {Selector: "chars:std", Value: "40.25"},
			{Selector: "refused", Value: "0.875", StandardError: "0.03125"},
			{Selector: "refused:n_samples", Value: "112", Scale: "count"},
			{Selector: "score", Value: "0.875"}, {Selector: "score:std", Value: "0.33"}, {Selector: "spread"},
		},
		"simple_evals_allresults.json": {
			{Selector: "chars", Value: "10"}, {Selector: "chars:std", Value: "1.5"},
			{Selector: "score", Value: "0.5"}, {Selector: "score:std", Value: "0.5"},
		},
	} {
		t.Run(file, func(t *testing.T) {
			m := mustRead(t, testFile(t, file))
			if diff := cmp.Diff(want, m.Results); diff != "" {
				t.Errorf("results (-want +got):\n%s", diff)
			}
			if m.Format != SimpleEvals || !m.Finished || len(m.Warnings) != 1 || m.Model != "" || m.Started != nil {
				t.Errorf("measurement = %+v", m)
			}
		})
	}
}

func TestSimpleEvalsUnreadable(t *testing.T) {
	for name, test := range map[string]struct{ file, old, new, want string }{
		"a negative standard error": {"simple_evals.json", `"refused:bootstrap_std": 0.03125`, `"refused:bootstrap_std": -1`, "negative"},
		"two scores":                {"simple_evals_allresults.json", `"metrics": {"chars": 10, "chars:std": 1.5, "score": 0.5`, `"metrics": {"score": 0.75`, "two values"},
		"a metric twice":            {"simple_evals.json", `"spread": NaN`, `"score": 1`, "same member twice"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readText(edit(t, test.file, test.old, test.new))
			wantUnreadable(t, err, test.want)
		})
	}
}

// TestSimpleEvalsClaimsNarrowly leaves other flat files of numbers alone.
func TestSimpleEvalsClaimsNarrowly(t *testing.T) {
	for name, text := range map[string]string{
		"scores only":              `{"score": 0.5, "accuracy": 0.75}`,
		"deviations without score": `{"chars": 1, "chars:std": 2}`,
		"a text among them":        `{"score": 0.5, "score:std": 0.5, "model": "m"}`,
		"a list among them":        `{"score": 0.5, "score:std": 0.5, "scores": [1]}`,
		"metrics and a score":      `{"score": 0.5, "metrics": {"chars": 1, "chars:std": 2}}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readText(text)
			wantUnreadable(t, err, "no known format")
		})
	}
}
