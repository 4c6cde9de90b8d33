// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package readings

import (
	"math"
	"strconv"

	"github.com/scalegate/scalegate/internal/evidence"
)

// whole is a value that is a whole number.
func whole(value string) (int64, bool) {
	n, err := strconv.ParseInt(value, 10, 64)
	return n, err == nil
}

// outcomes compares a rate of successes over the decided ones.
func (c *check) outcomes(r *evidence.Result, successes, failures, errored int64) {
	if r == nil {
		return
	}
	judged := successes + failures
	var rate *float64
	if judged > 0 {
		rate = new(float64(successes) / float64(judged))
	}
	c.value(r, rate)
	c.count(r, "judged", r.Judged, &judged)
	c.count(r, "errored", r.Errored, &errored)
}

// promptfoo compares an export of promptfoo: each provider, and all together.
func promptfoo(c *check) {
	c.identity()
	c.text("evalId", c.m.RunID)
	c.time("timestamp", c.m.Started, c.m.Ended)
	var providers map[string]struct{ Passed, Failed, Errored int64 }
	if !c.want.into("providers", &providers) {
		return
	}
	var passed, failed float64
	var errored int64
	for _, name := range sorted(providers) {
		p := providers[name]
		r := c.result(name + "/passRate")
		c.outcomes(r, p.Passed, p.Failed, p.Errored)
		if r == nil || r.Judged == nil || r.Errored == nil {
			continue
		}
		rate, _ := strconv.ParseFloat(r.Value, 64)
		passed += math.Round(rate * float64(*r.Judged))
		failed += float64(*r.Judged) - math.Round(rate*float64(*r.Judged))
		errored += *r.Errored
	}
	var stats struct{ Successes, Failures, Errors *float64 }
	c.want.into("stats", &stats)
	for what, pair := range map[string][2]*float64{
		"successes": {&passed, stats.Successes}, "failures": {&failed, stats.Failures}, "errors": {new(float64(errored)), stats.Errors},
	} {
		if pair[1] != nil && *pair[0] != *pair[1] {
			c.wrongf("%s of all providers are %s, want %s", what, show(pair[0]), show(pair[1]))
		}
	}
	if rate, ok := c.want.number("passRate"); ok && passed+failed > 0 && !same(strconv.FormatFloat(passed/(passed+failed), 'g', -1, 64), &rate) {
		// promptfoo's own rate has the errors in its denominator.
		if all := passed + failed + float64(errored); !same(strconv.FormatFloat(passed/all, 'g', -1, 64), &rate) {
			c.wrongf("pass rate of all providers is %v, want %v", passed/(passed+failed), rate)
		}
	}
}

// deepEval compares a test run of DeepEval.
func deepEval(c *check) {
	c.identity()
	passed, hasPassed := c.want.count("testPassed")
	failed, hasFailed := c.want.count("testFailed")
	if hasPassed && hasFailed {
		if r := c.result("passRate"); r != nil && r.Errored != nil {
			// A test case whose metric broke down is a failure for the tool, and was not judged.
			judged := passed + failed - *r.Errored
			c.count(r, "judged", r.Judged, &judged)
			if judged > 0 {
				c.value(r, new(float64(passed)/float64(judged)))
			}
		}
	}
	var metrics map[string]struct {
		Scores                []float64
		Passes, Fails, Errors int64
	}
	c.want.into("metrics", &metrics)
	for _, name := range sorted(metrics) {
		want := metrics[name]
		c.outcomes(c.result(name+"/passRate"), want.Passes, want.Fails, want.Errors)
		if len(want.Scores) == 0 {
			continue
		}
		sum := 0.0
		for _, score := range want.Scores {
			sum += score
		}
		c.value(c.result(name+"/mean"), new(sum/float64(len(want.Scores))))
	}
}

// pyrit compares a scenario of PyRIT. Success is the attacker's.
func pyrit(c *check) {
	c.identity()
	if c.want.has("state") {
		c.finished(c.want.string("state") == "COMPLETED")
	}
	var outcomes map[string]int64
	if !c.want.into("outcomes", &outcomes) {
		return
	}
	r := c.result("asr")
	c.outcomes(r, outcomes["success"], outcomes["failure"], outcomes["error"])
	c.statedRate(r, "asrDecided")
	if r != nil {
		c.count(r, "unjudged", r.Unjudged, new(outcomes["undetermined"]))
	}
}

// modelBench compares a benchmark record of MLCommons.
func modelBench(c *check) {
	c.identity()
	c.text("benchmark", c.m.Task)
	c.text("sut", c.m.Model)
	sut := c.want.string("sut")
	var hazards map[string]struct {
		Estimate, Lower, Upper *float64
		Samples                *int64
	}
	c.want.into("hazards", &hazards)
	exceptions := int64(0)
	for _, name := range sorted(hazards) {
		want := hazards[name]
		r := c.result(sut + "/" + name + "/estimate")
		c.value(r, want.Estimate)
		c.interval(r, want.Lower, want.Upper)
		if r != nil {
			c.count(r, "judged", r.Judged, want.Samples)
		}
		if r != nil && r.Errored != nil {
			exceptions += *r.Errored
		}
	}
	if want, ok := c.want.count("exceptions"); ok && exceptions != want {
		c.wrongf("%d exceptions, want %d", exceptions, want)
	}
	if c.want.has("grade") {
		c.statedRate(c.result(sut+"/numeric_grade"), "grade")
	}
}
