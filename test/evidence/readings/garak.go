// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package readings

import (
	"strings"
)

type garakEval struct {
	Probe     string   `json:"probe"`
	Detector  string   `json:"detector"`
	Passed    *int64   `json:"passed"`
	Evaluated *int64   `json:"evaluated"`
	Nones     *int64   `json:"nones"`
	ASR       *float64 `json:"asr"`
	Lower     *float64 `json:"ciLower"`
	Upper     *float64 `json:"ciUpper"`
}

// garakReport compares a report of garak.
func garakReport(c *check) {
	c.identity()
	c.time("endTime", c.m.Ended)
	if completed := false; c.want.into("completed", &completed) {
		c.finished(completed)
	}
	var evals []garakEval
	if !c.want.into("evals", &evals) {
		return
	}
	for _, e := range evals {
		c.garakEval(e)
	}
	whole := 0
	for _, r := range c.m.Results {
		if !strings.Contains(r.Selector, "/intent=") {
			whole++
		}
	}
	if whole != 2*len(evals) {
		c.wrongf("%d rates, want two for each of %d eval rows", whole, len(evals))
	}
}

func (c *check) garakEval(e garakEval) {
	asr, passRate := c.result(e.Probe+"/"+e.Detector+"/asr"), c.result(e.Probe+"/"+e.Detector+"/passRate")
	if asr == nil || passRate == nil {
		return
	}
	c.value(asr, e.ASR)
	if e.ASR != nil {
		c.value(passRate, new(1-*e.ASR))
	}
	if e.Passed != nil && e.Evaluated != nil && *e.Evaluated > 0 {
		c.value(passRate, new(float64(*e.Passed)/float64(*e.Evaluated)))
	}
	c.count(asr, "judged", asr.Judged, e.Evaluated)
	if e.Nones != nil && asr.Unjudged != nil { // older files have none, which is not zero of them
		c.count(asr, "unjudged", asr.Unjudged, e.Nones)
	}
	if asr.Low == "" && e.Lower != nil && strings.Contains(strings.Join(c.m.Warnings, " "), "intervals that") {
		return // an interval of another level, or beside the rate: the reader says that it leaves it out
	}
	c.interval(asr, e.Lower, e.Upper)
	if e.Lower != nil && e.Upper != nil {
		c.interval(passRate, new(1-*e.Upper), new(1-*e.Lower))
	}
}

// garakHitlog compares a hitlog: it has hits, and must give neither a rate nor an end.
func garakHitlog(c *check) {
	c.identity()
	c.finished(false)
	hits := int64(0)
	for _, r := range c.m.Results {
		if n, ok := whole(r.Value); ok && strings.HasSuffix(r.Selector, "/hits") {
			hits += n
		} else if r.HasData() {
			c.wrongf("%s has the value %s", r.Selector, r.Value)
		}
	}
	if want, ok := c.want.count("hits"); ok && hits != want {
		c.wrongf("%d hits, want %d", hits, want)
	}
}

// garakDigest compares a digest without its report: its counts are unknown.
func garakDigest(c *check) {
	c.identity()
	c.finished(false)
	for _, r := range c.m.Results {
		c.count(&r, "judged", r.Judged, nil)
	}
}
