// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package readings

import "github.com/scalegate/scalegate/internal/evidence"

// nemoBundle compares a bundle of NeMo Evaluator. The interval of the list is that of its only metric.
func nemoBundle(c *check) {
	c.identity()
	c.text("benchmark", c.m.Task)
	found := c.metrics("metrics")
	for _, r := range found {
		c.statedCount(r, "samples", r.Judged)
	}
	var interval [2]*float64
	if c.want.into("ci", &interval) && len(found) == 1 {
		c.interval(found[0], interval[0], interval[1])
	}
}

// nemoLegacy compares a results.yml of the containers before the bundles.
func nemoLegacy(c *check) {
	c.identity()
	for _, r := range c.metrics("metrics") {
		c.statedCount(r, "samples", r.Judged)
	}
}

// helm compares a run of HELM. The list names statistics without their split; meant is the one that is
// evaluated on, test, where there are several.
func helm(c *check) {
	c.identity()
	c.text("run", c.m.Task)
	var metrics map[string]*float64
	c.want.into("metrics", &metrics)
	for _, name := range sorted(metrics) {
		selector := name
		if _, err := c.m.Select(selector); err != nil {
			selector += "/test"
		}
		r := c.result(selector)
		c.value(r, metrics[name])
		c.statedCount(r, "samples", judgedOf(r))
	}
}

// openAIEvals compares a log of OpenAI evals. Several events may be of one sample, so that they bound the
// number of samples and do not give it.
func openAIEvals(c *check) {
	c.identity()
	c.text("eval", c.m.Task)
	if c.want.has("final") {
		c.finished(!c.want.null("final"))
	}
	events, counted := c.want.count("events")
	for _, r := range c.metrics("final") {
		if counted && (r.Judged == nil || *r.Judged > events || events > 0 && *r.Judged == 0) {
			c.wrongf("judged of %s is %s, with %d events", r.Selector, showCount(r.Judged), events)
		}
	}
}

// simpleEvals compares a file of simple-evals, which states no count.
func simpleEvals(c *check) {
	c.identity()
	for _, r := range c.metrics("metrics") {
		c.count(r, "judged", r.Judged, nil)
	}
}

// jailbreakArtifact compares an artifact of JailbreakBench with its rows; what its parameters claim is not
// carried.
func jailbreakArtifact(c *check) {
	c.identity()
	r := c.result("asr")
	c.statedRate(r, "recomputedASR")
	if r != nil {
		c.statedCount(r, "rows", r.Judged)
	}
	c.statedValue("jailbroken", "jailbroken")
	c.statedValue("withPrompt", "rowsWithPrompt")
}

// statedValue compares a result with a field, if the list has it.
func (c *check) statedValue(selector, field string) {
	if c.want.has(field) {
		c.statedRate(c.result(selector), field)
	}
}

// jailbreakEvaluation compares an evaluation of several models.
func jailbreakEvaluation(c *check) {
	c.identity()
	var models map[string]struct {
		Rows, Jailbroken *int64
		ASR              *float64 `json:"recomputedASR"`
	}
	c.want.into("models", &models)
	for _, model := range sorted(models) {
		want := models[model]
		r := c.result(model + "/asr")
		if want.ASR != nil {
			c.value(r, want.ASR)
		}
		if r != nil && want.Rows != nil {
			c.count(r, "judged", r.Judged, want.Rows)
		}
		if want.Jailbroken != nil {
			c.value(c.result(model+"/jailbroken"), new(float64(*want.Jailbroken)))
		}
	}
	for _, r := range c.metrics("metrics") {
		c.statedCount(r, "rows", r.Judged)
	}
}

// harmBench compares labels of HarmBench: the mean over behaviours, and over rows.
func harmBench(c *check) {
	c.identity()
	for _, mean := range []struct{ selector, rate, n string }{
		{"asr/macro", "asrMacro", "behaviors"}, {"asr/micro", "asrMicro", "rows"},
	} {
		if !c.want.has(mean.rate) && !c.want.has(mean.n) {
			continue
		}
		r := c.result(mean.selector)
		c.statedRate(r, mean.rate)
		c.statedCount(r, mean.n, judgedOf(r))
	}
}

// strongReject compares a table of StrongREJECT.
func strongReject(c *check) {
	c.identity()
	r := c.result("score")
	if r == nil {
		return
	}
	c.statedRate(r, "meanScored")
	c.statedCount(r, "scored", r.Judged)
	c.statedCount(r, "rows", r.Planned)
}

func judgedOf(r *evidence.Result) *int64 {
	if r == nil {
		return nil
	}
	return r.Judged
}
