// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// simpleEvals reads a metrics file of OpenAI simple-evals (flat), or its _allresults.json.
type simpleEvals struct{}

func (simpleEvals) name() Format { return SimpleEvals }

func (simpleEvals) sections() []string { return []string{"score"} }

// claims asks a flat file for nothing but numbers, a score among them, and the deviation that the tool
// puts beside each mean. The long file has the score and four parts of its own names.
func (simpleEvals) claims(f *file) bool {
	if f.document == nil || f.document.yaml {
		return false
	}
	if f.document.is("metrics", '{') {
		return isAllResults(f.document)
	}
	return isFlatMetrics(f.document)
}

func isAllResults(doc *document) bool {
	score := doc.kinds["score"]
	return (score == '0' || score == 'n') && doc.is("htmls", '[') && doc.is("convos", '[')
}

func isFlatMetrics(doc *document) bool {
	scored, spread := false, false
	for name, kind := range doc.kinds {
		if kind != '0' && kind != 'n' {
			return false
		}
		scored = scored || name == "score" || name == "overall_score"
		spread = spread || isSpread(doc, name)
	}
	return scored && spread
}

// isSpread reports whether a name is that of a mean's companion.
func isSpread(doc *document, name string) bool {
	base, statistic, ok := strings.Cut(name, ":")
	if !ok || statistic != "std" && statistic != "n_samples" && statistic != "bootstrap_std" {
		return false
	}
	_, paired := doc.kinds[base]
	return paired || base == "score"
}

func (simpleEvals) measure(f *file) (Measurement, error) {
	doc := f.document
	m := Measurement{
		Tool: "simple-evals",
		Warnings: []string{"the file states neither evaluation, model, time nor number of samples: evaluation, model and time " +
			"stand in its name only"},
	}
	metrics := simpleMetrics{limits: doc.limits, deviations: map[string]decimal{}}
	read := func(name string, value jsontext.Value) error { return metrics.add(name, value) }
	var err error
	if doc.is("metrics", '{') {
		if err = doc.eachNamed("metrics", read); err == nil && len(doc.sections["score"]) > 0 {
			err = metrics.add("score", doc.sections["score"])
		}
	} else {
		err = doc.eachTop(read)
	}
	if err != nil {
		return Measurement{}, err
	}
	if m.Results, err = metrics.sorted(); err != nil {
		return Measurement{}, err
	}
	m.finish("the tool writes the file once, after the run", "")
	return m, nil
}

// simpleMetrics collects the metrics of a file.
type simpleMetrics struct {
	limits  Limits
	results []Result
	// deviations are the standard errors found by resampling, by metric.
	deviations map[string]decimal
}

func (s *simpleMetrics) add(name string, value jsontext.Value) error {
	if err := checkName("metrics", name); err != nil {
		return err
	}
	if kind := value.Kind(); kind != '0' && kind != 'n' {
		return nil // a remark, not a metric
	}
	var number decimal
	if err := decodeValue("metrics", value, &number); err != nil {
		return err
	}
	if metric, ok := strings.CutSuffix(name, ":bootstrap_std"); ok {
		s.deviations[metric] = number
		return nil
	}
	if len(s.results) == s.limits.Results {
		return tooManyResults(s.limits)
	}
	scale := ""
	if strings.HasSuffix(name, ":n_samples") {
		scale = "count"
	}
	s.results = append(s.results, Result{Selector: name, Value: string(number), Scale: scale})
	return nil
}

// sorted gives the metrics their standard errors. The plain ":std" is the spread of single samples, and
// no standard error.
func (s *simpleMetrics) sorted() ([]Result, error) {
	slices.SortStableFunc(s.results, bySelector)
	merged, err := mergeEqual(s.results)
	if err != nil {
		return nil, err
	}
	for i := range merged {
		deviation := s.deviations[merged[i].Selector]
		if deviation.negative() {
			return nil, unreadable("the standard error of %q is negative", cut(merged[i].Selector))
		}
		if merged[i].HasData() {
			merged[i].StandardError = string(deviation)
		}
	}
	return merged, nil
}
