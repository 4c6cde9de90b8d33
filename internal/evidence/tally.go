// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import "strconv"

// verdict is what became of one sample.
type verdict int

const (
	verdictPassed verdict = iota
	verdictFailed
	verdictUnjudged
	verdictErrored
)

// tally counts the samples of one group by verdict.
type tally struct {
	passed, failed, unjudged, errored int64
	// stated is the plan where the file states one; the samples may be more.
	stated int64
}

func (t *tally) add(v verdict) {
	switch v {
	case verdictPassed:
		t.passed++
	case verdictFailed:
		t.failed++
	case verdictErrored:
		t.errored++
	case verdictUnjudged:
		t.unjudged++
	}
}

func (t *tally) merge(other tally) {
	t.passed += other.passed
	t.failed += other.failed
	t.unjudged += other.unjudged
	t.errored += other.errored
}

func (t *tally) judged() int64 { return t.passed + t.failed }

func (t *tally) planned() int64 { return max(t.stated, t.judged()+t.unjudged+t.errored) }

// counted is a result with the counts of the group and no value.
func (t *tally) counted(selector string, aliases ...string) Result {
	return Result{
		Selector: selector, Aliases: aliases,
		Planned: new(t.planned()), Judged: new(t.judged()), Unjudged: new(t.unjudged), Errored: new(t.errored),
	}
}

// passRate is the share of the judged samples that passed.
func (t *tally) passRate(selector string, aliases ...string) Result {
	r := t.counted(selector, aliases...)
	r.Value, r.Scale = ratio(t.passed, t.judged()), scaleUnit
	return r
}

// failRate is the share of the judged samples that failed: of attacks, those that got through.
func (t *tally) failRate(selector string, aliases ...string) Result {
	r := t.counted(selector, aliases...)
	r.Value, r.Scale = ratio(t.failed, t.judged()), scaleUnit
	return r
}

// The scales of computed values; see [Result.Scale].
const (
	scaleUnit  = "0..1"
	scaleCount = "count"
)

func decimalOf(n int64) string { return strconv.FormatInt(n, 10) }

// countIn counts a sample in the group of a key, and returns the number of groups that are new: 1 or 0.
func countIn[K comparable](table map[K]*tally, key K, v verdict) int {
	t, ok := table[key]
	if !ok {
		t = &tally{}
		table[key] = t
	}
	t.add(v)
	if ok {
		return 0
	}
	return 1
}
