// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import "time"

// outlast is what outlives a decision, beside its lists of results: times, names and messages are parts of one allocation
// each, as long as what was expected is enough. The zero outlast is ready.
type outlast struct {
	times []time.Time
	names []string
	text  text
}

const (
	// messageBytes are those of most messages, on average.
	messageBytes = 256
	// otherTimes are those of the grant and of what lapsed.
	otherTimes = 4
)

// expect makes room for the results of as many questions, thresholds and exposures.
func (o *outlast) expect(questions, thresholds, exposures int) {
	o.times = make([]time.Time, 0, questions+otherTimes)
	o.names = make([]string, 0, questions)
	o.text.expect((questions + thresholds + exposures + 1) * messageBytes)
}

// time is a moment, given in Unix seconds.
func (o *outlast) time(seconds int64) *time.Time {
	if len(o.times) == cap(o.times) {
		// What points to the earlier ones keeps them.
		o.times = make([]time.Time, 0, otherTimes)
	}
	o.times = append(o.times, time.Unix(seconds, 0).UTC())
	return &o.times[len(o.times)-1]
}

// cut returns the names that were added from one on; nil for none. Nobody may append to them.
func (o *outlast) cut(first int) []string {
	if first == len(o.names) {
		return nil
	}
	return o.names[first:len(o.names):len(o.names)]
}
