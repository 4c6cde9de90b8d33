// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import "github.com/go-json-experiment/json/jsontext"

// deepEvalCase is one test case, of one turn or of a conversation.
type deepEvalCase struct {
	Success jsontext.Value   `json:"success"`
	Metrics []deepEvalMetric `json:"metricsData"`
	// Before version 1 metrics had this name.
	Metadata []deepEvalMetric `json:"metricsMetadata"`
	// Conversations of some versions have metrics for each turn.
	Turns    []deepEvalTurn `json:"turns"`
	Messages []deepEvalTurn `json:"messages"`
}

type deepEvalTurn struct {
	Metrics  []deepEvalMetric `json:"metricsData"`
	Metadata []deepEvalMetric `json:"metricsMetadata"`
}

// deepEvalMetric is what one metric found in one test case. A flaky one decides nothing.
type deepEvalMetric struct {
	Name      string         `json:"name"`
	Metric    string         `json:"metric"`
	Score     decimal        `json:"score"`
	Threshold decimal        `json:"threshold"`
	Minimum   decimal        `json:"minimumScore"`
	Success   jsontext.Value `json:"success"`
	Flaky     jsontext.Value `json:"flaky"`
}

// deepEvalRun adds up the test cases.
type deepEvalRun struct {
	limits  Limits
	cases   tally
	metrics map[string]*deepEvalTally
	// inverted counts cases that are a success against a metric of theirs.
	inverted int64
}

// deepEvalTally is one metric in all test cases; deciding leaves out where it was flaky.
type deepEvalTally struct {
	tally
	deciding tally
	scores   mean
	// inUnjudged counts the cases that have the metric and were not judged themselves.
	inUnjudged int64
}

// read takes one test case in.
func (r *deepEvalRun) read(value jsontext.Value) error {
	var c deepEvalCase
	if err := decodeValue("testCases", value, &c); err != nil {
		return err
	}
	own := append(c.Metrics, c.Metadata...)
	outcome := c.verdict(own)
	r.cases.add(outcome)
	if outcome == verdictPassed && decided(own, verdictFailed) {
		r.inverted++
	}
	for _, turn := range append(c.Turns, c.Messages...) {
		own = append(own, append(turn.Metrics, turn.Metadata...)...)
	}
	seen := map[string]bool{}
	for _, metric := range own {
		name := metric.name()
		if err := checkName("testCases.metricsData.name", name); err != nil {
			return err
		}
		t, ok := r.metrics[name]
		if !ok {
			if len(r.metrics) == r.limits.Results {
				return tooManyResults(r.limits)
			}
			t = &deepEvalTally{}
			r.metrics[name] = t
		}
		t.take(metric)
		if outcome == verdictUnjudged && !seen[name] {
			t.inUnjudged++
		}
		seen[name] = true
	}
	return nil
}

func (t *deepEvalTally) take(metric deepEvalMetric) {
	outcome := metric.verdict()
	t.add(outcome)
	if metric.Flaky.Kind() != 't' {
		t.deciding.add(outcome)
	}
	if outcome == verdictPassed || outcome == verdictFailed {
		t.scores.add(metric.Score)
	}
}

func (m deepEvalMetric) name() string {
	if m.Name != "" {
		return m.Name
	}
	return m.Metric
}

// verdict follows the tool: without a score or a verdict the metric ended in an error. The first versions
// left the verdict to the reader.
func (m deepEvalMetric) verdict() verdict {
	score, ok := m.Score.float()
	if !ok {
		return verdictErrored
	}
	switch m.Success.Kind() {
	case 't':
		return verdictPassed
	case 'f':
		return verdictFailed
	}
	threshold := m.Threshold
	if threshold == "" {
		threshold = m.Minimum
	}
	least, ok := threshold.float()
	switch {
	case len(m.Success) > 0 || !ok:
		return verdictErrored
	case score >= least:
		return verdictPassed
	}
	return verdictFailed
}

// verdict is the case's own. One that failed because a metric broke down, and no metric judged it badly,
// ended in an error.
func (c deepEvalCase) verdict(metrics []deepEvalMetric) verdict {
	switch c.Success.Kind() {
	case 't':
		return verdictPassed
	case 'f':
		if !decided(metrics, verdictFailed) && decided(metrics, verdictErrored) {
			return verdictErrored
		}
		return verdictFailed
	}
	return verdictUnjudged
}

// decided reports whether a metric that is not flaky has the verdict.
func decided(metrics []deepEvalMetric, v verdict) bool {
	for _, m := range metrics {
		if m.Flaky.Kind() != 't' && m.verdict() == v {
			return true
		}
	}
	return false
}
