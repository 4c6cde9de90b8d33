// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package readings

import (
	"strings"

	"github.com/scalegate/scalegate/internal/evidence"
)

type inspectScore struct {
	Name     string              `json:"name"`
	Scorer   string              `json:"scorer"`
	Reducer  *string             `json:"reducer"`
	Scored   *int64              `json:"scored"`
	Unscored *int64              `json:"unscored"`
	Metrics  map[string]*float64 `json:"metrics"`
}

// inspect compares a log of Inspect AI.
func inspect(c *check) {
	c.identity()
	c.raw("limit", c.m.Limit)
	c.time("completed", c.m.Ended)
	if status := c.want.string("status"); status != "" && status != "success" {
		c.finished(false)
	}
	var scores []inspectScore
	if !c.want.into("scores", &scores) {
		return
	}
	metrics := 0
	for _, score := range scores {
		for _, name := range sorted(score.Metrics) {
			metrics++
			r := c.result(score.selector(name))
			c.value(r, score.Metrics[name])
			if r != nil {
				c.inspectCounts(r, score)
			}
		}
	}
	if len(c.m.Results) != metrics {
		c.wrongf("%d results, want %d", len(c.m.Results), metrics)
	}
}

func (s inspectScore) selector(metric string) string {
	selector := s.Scorer
	switch {
	case s.Scorer == "":
		selector = s.Name
	case s.Name != s.Scorer:
		selector += "/" + s.Name
	}
	selector += "/" + metric
	if s.Reducer != nil {
		selector += "/" + *s.Reducer
	}
	return selector
}

// inspectCounts converts the counts of the list, which count every epoch, into samples.
func (c *check) inspectCounts(r *evidence.Result, score inspectScore) {
	epochs, ok := c.want.count("epochs")
	if !ok || epochs < 1 {
		epochs = 1
	}
	total, hasTotal := c.want.count("totalSamples")
	completed, hasCompleted := c.want.count("completedSamples")
	if !hasTotal || !hasCompleted {
		return
	}
	if r.Planned == nil && r.Judged == nil && strings.Contains(strings.Join(c.m.Warnings, " "), "grouped metrics") {
		return // a metric over a group, which the list does not tell; the reader says that it cannot count it
	}
	planned, errored := roundedUp(total, epochs), roundedUp(total-completed, epochs)
	c.count(r, "planned", r.Planned, &planned)
	if r.Errored != nil { // with early stopping it is not known, which the list does not tell
		c.count(r, "errored", r.Errored, &errored)
	}
	judged, unjudged := completed/epochs, score.Unscored
	if score.Scored != nil {
		judged = *score.Scored
	}
	if score.Scored != nil && score.Unscored != nil && *score.Scored+*score.Unscored > planned {
		// A metric over the epochs that were not reduced.
		judged, unjudged = judged/epochs, new(roundedUp(*score.Unscored, epochs))
	}
	if unjudged != nil && r.Errored != nil { // what the scorer passed over was not judged
		unjudged = new(max(*unjudged, planned-judged-errored))
	}
	c.count(r, "judged", r.Judged, &judged)
	c.count(r, "unjudged", r.Unjudged, unjudged)
}

func roundedUp(n, by int64) int64 { return (n + by - 1) / by }
