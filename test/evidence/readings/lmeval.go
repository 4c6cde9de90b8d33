// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package readings

import (
	"encoding/json"
	"strings"
	"time"
)

// lmEval compares a result file of lm-evaluation-harness.
func lmEval(c *check) {
	c.identity()
	c.finished(true)
	c.raw("limit", c.m.Limit)
	c.text("modelSha", c.m.ModelPin)
	if seconds, ok := c.want.number("date"); ok {
		want := time.UnixMicro(int64(seconds * 1e6))
		if c.m.Started == nil || c.m.Started.Sub(want).Abs() > time.Microsecond {
			c.wrongf("started is %v, want %v", c.m.Started, want.UTC())
		}
	} else if c.want.null("date") && c.m.Started != nil {
		c.wrongf("started is %v, want none", c.m.Started)
	}
	c.lmEvalTasks()
	var sample map[string]map[string]json.RawMessage
	c.want.into("metricsSample", &sample)
	for _, task := range sorted(sample) {
		for _, key := range sorted(sample[task]) {
			c.lmEvalMetric(task, key, sample[task])
		}
	}
}

// lmEvalTasks compares the number of tasks, and of samples of each.
func (c *check) lmEvalTasks() {
	var samples map[string]*int64
	c.want.into("samples", &samples)
	tasks := map[string]bool{}
	for _, r := range c.m.Results {
		tasks[r.Task] = true
		if _, listed := samples[r.Task]; listed || c.want.null("samples") {
			c.count(&r, "judged", r.Judged, samples[r.Task])
		}
	}
	if want, ok := c.want.count("tasks"); ok && int64(len(tasks)) != want {
		c.wrongf("%d tasks, want %d", len(tasks), want)
	}
}

// lmEvalMetric compares one value with its standard error, which the list has beside it.
func (c *check) lmEvalMetric(task, key string, metrics map[string]json.RawMessage) {
	metric, filter, filtered := strings.Cut(key, ",")
	var want *float64
	if strings.HasSuffix(metric, "_stderr") || json.Unmarshal(metrics[key], &want) != nil {
		return
	}
	r := c.result(task + "/" + key)
	c.value(r, want)
	deviation := metric + "_stderr"
	if filtered {
		deviation += "," + filter
	}
	if stated, ok := metrics[deviation]; ok && r != nil {
		var number *float64 // a text is none
		if json.Unmarshal(stated, &number) != nil {
			number = nil
		}
		if !same(r.StandardError, number) {
			c.wrongf("standard error of %s is %q, want %s", r.Selector, r.StandardError, stated)
		}
	}
}

// lmEvalJob compares an LMEvalJob, which may carry the fields of the results in its status.
func lmEvalJob(c *check) {
	c.identity()
	c.text("modelSha", c.m.ModelPin)
	c.time("completeTime", c.m.Ended)
	if c.want.has("state") {
		c.finished(c.want.string("state") == "Complete" && c.want.string("reason") == "Succeeded")
	}
	c.lmEvalTasks()
}
