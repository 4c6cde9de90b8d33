// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// deepEval reads the test runs of DeepEval: the files of its results folder, and .latest_test_run.json, which
// has the run under "testRunData".
type deepEval struct{}

func (deepEval) name() Format { return DeepEval }

func (deepEval) sections() []string { return nil }

func (deepEval) claims(f *file) bool {
	if f.document == nil {
		return false
	}
	_, ok := deepEvalRoot(f.document)
	return ok
}

// deepEvalRoot is the path of the test run with a dot at its end, or "" at the top.
func deepEvalRoot(doc *document) (string, bool) {
	for _, root := range []string{"", "testRunData."} {
		if doc.is(root+"testCases", '[') && (doc.is(root+"metricsScores", '[') || doc.is(root+"metricScores", '[')) {
			return root, true
		}
	}
	return "", false
}

// deepEvalHeader is what stands beside the test cases.
type deepEvalHeader struct {
	root           string
	passed, failed count
	scores         []deepEvalScores
	model, dataset string
}

// deepEvalScores sums one metric up. Scores of the spans inside a test case are among them.
type deepEvalScores struct {
	Metric string    `json:"metric"`
	Scores []decimal `json:"scores"`
	Passes count     `json:"passes"`
	Fails  count     `json:"fails"`
	Errors count     `json:"errors"`
}

func (deepEval) measure(f *file) (Measurement, error) {
	doc := f.document
	header, err := readDeepEvalHeader(doc)
	if err != nil {
		return Measurement{}, err
	}
	run := deepEvalRun{metrics: map[string]*deepEvalTally{}, limits: doc.limits}
	for _, list := range []string{"testCases", "conversationalTestCases"} {
		if err := doc.each(header.root+list, run.read); err != nil {
			return Measurement{}, err
		}
	}
	m := Measurement{Tool: "DeepEval", Model: header.model, Task: header.dataset}
	if m.Results, err = run.results(header); err != nil {
		return Measurement{}, err
	}
	m.finish("testPassed: it is counted after the last test case", run.unfinished(header))
	return m, nil
}

func readDeepEvalHeader(doc *document) (deepEvalHeader, error) {
	var h deepEvalHeader
	h.root, _ = deepEvalRoot(doc)
	parts, err := doc.parts(strings.TrimSuffix(h.root, "."), "testPassed", "testFailed", "metricsScores",
		"hyperparameters", "configurations", "model", "datasetAlias", "testFile")
	if err != nil {
		return h, err
	}
	var model, alias, file word
	for name, target := range map[string]any{
		"testPassed": &h.passed, "testFailed": &h.failed, "metricsScores": &h.scores,
		"model": &model, "datasetAlias": &alias, "testFile": &file,
	} {
		if err := decodeValue(h.root+name, parts[name], target); err != nil {
			return h, err
		}
	}
	h.model = firstOf(hyperparameter(parts["hyperparameters"]), model, hyperparameter(parts["configurations"]))
	h.dataset = firstOf(alias, file)
	if len(h.scores) > doc.limits.Results {
		return h, tooManyResults(doc.limits)
	}
	for _, scores := range h.scores {
		if err := checkName("metricsScores.metric", scores.Metric); err != nil {
			return h, err
		}
	}
	return h, checkNames(namedText{"hyperparameters.model", h.model}, namedText{"datasetAlias", h.dataset})
}

// hyperparameter is the model that the author of the tests named, if any: the tool does not know it.
func hyperparameter(value jsontext.Value) word {
	var named struct {
		Model word `json:"model"`
	}
	if value.Kind() != '{' || decodeValue("hyperparameters", value, &named) != nil {
		return ""
	}
	return named.Model
}

func (r *deepEvalRun) unfinished(h deepEvalHeader) string {
	switch {
	case h.passed.n == nil:
		return h.root + "testPassed is missing: the run is still going, or it broke off"
	case r.cases.planned() == 0:
		return h.root + "testCases is empty: nothing was tested"
	case r.inverted > 0:
		return fmt.Sprintf("%d test cases are a success although a metric that decides failed: the file contradicts itself", r.inverted)
	case *h.passed.n > r.cases.passed:
		return fmt.Sprintf("testPassed is %d, the test cases hold %d: the file contradicts itself", *h.passed.n, r.cases.passed)
	}
	// A case that was not judged was a failure for some versions.
	if n := h.failed.n; n != nil && (*n < r.cases.failed || *n > r.cases.planned()-r.cases.passed) {
		return fmt.Sprintf("testFailed is %d, the test cases hold %d: the file contradicts itself", *n, r.cases.failed)
	}
	for _, scores := range h.scores {
		if reason := r.against(scores); reason != "" {
			return reason
		}
	}
	return ""
}

// against holds the sums of a metric against the test cases, which are among them.
func (r *deepEvalRun) against(s deepEvalScores) string {
	if s.Passes.n == nil || s.Fails.n == nil {
		return ""
	}
	var errors int64
	if s.Errors.n != nil {
		errors = *s.Errors.n
	}
	if *s.Passes.n+*s.Fails.n != int64(len(s.Scores)) {
		return fmt.Sprintf("metricsScores of %q has %d scores and counts %d: the file contradicts itself",
			cut(s.Metric), len(s.Scores), *s.Passes.n+*s.Fails.n)
	}
	rows, ok := r.metrics[s.Metric]
	if ok && (rows.deciding.passed > *s.Passes.n || rows.deciding.failed > *s.Fails.n || rows.deciding.errored > errors) {
		return fmt.Sprintf("metricsScores of %q leaves out test cases: they hold %d passes, %d fails and %d errors",
			cut(s.Metric), rows.deciding.passed, rows.deciding.failed, rows.deciding.errored)
	}
	return ""
}

// results are those of all cases, and of each metric.
func (r *deepEvalRun) results(h deepEvalHeader) ([]Result, error) {
	results := []Result{r.cases.passRate("passRate")}
	stated := map[string]deepEvalScores{}
	for _, s := range h.scores {
		if _, twice := stated[s.Metric]; twice {
			return nil, unreadable("metricsScores has %q twice: which one counts is not known", cut(s.Metric))
		}
		stated[s.Metric] = s
		if _, ok := r.metrics[s.Metric]; !ok {
			r.metrics[s.Metric] = &deepEvalTally{}
		}
	}
	if 2*len(r.metrics)+1 > r.limits.Results {
		return nil, tooManyResults(r.limits)
	}
	for metric, rows := range r.metrics {
		counts, scores := rows.tally, &rows.scores
		if s, ok := stated[metric]; ok && s.Passes.n != nil && s.Fails.n != nil {
			counts, scores = tally{passed: *s.Passes.n, failed: *s.Fails.n}, s.mean()
			if s.Errors.n != nil {
				counts.errored = *s.Errors.n
			}
		}
		// A case that was not judged may have been judged by this metric, which did not decide.
		counts.unjudged += r.cases.unjudged - rows.inUnjudged
		average := counts.counted(metric + "/mean")
		if counts.judged() > 0 {
			average.Value = scores.value()
		}
		results = append(results, counts.passRate(metric+"/passRate"), average)
	}
	slices.SortStableFunc(results, bySelector)
	return results, nil
}

func (s deepEvalScores) mean() *mean {
	var m mean
	for _, score := range s.Scores {
		m.add(score)
	}
	return &m
}
