// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package readings

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/scalegate/scalegate/internal/evidence"
)

// entry is one object of the list.
type entry map[string]json.RawMessage

// has reports whether the entry speaks of a field, be it to say that there is none.
func (e entry) has(field string) bool { return len(e[field]) > 0 }

// null reports whether the entry says that there is no such thing.
func (e entry) null(field string) bool { return string(e[field]) == "null" }

// string is a field that is a text; empty for any other.
func (e entry) string(field string) string {
	var text string
	if json.Unmarshal(e[field], &text) != nil {
		return ""
	}
	return text
}

// into decodes a field, and leaves the target as it is where the field is absent, null or of another type.
func (e entry) into(field string, target any) bool {
	return e.has(field) && !e.null(field) && json.Unmarshal(e[field], target) == nil
}

// number is a field that is a number.
func (e entry) number(field string) (float64, bool) {
	var number float64
	ok := e.into(field, &number)
	return number, ok
}

// count is a field that is a whole number.
func (e entry) count(field string) (int64, bool) {
	number, ok := e.number(field)
	return int64(number), ok && number == math.Trunc(number)
}

// check collects how a measurement differs from an entry.
type check struct {
	m     evidence.Measurement
	want  entry
	wrong []string
}

func (c *check) wrongf(format string, args ...any) {
	c.wrong = append(c.wrong, fmt.Sprintf(format, args...))
}

// text compares a field that is a text, or null for none.
func (c *check) text(field, got string) {
	if c.want.has(field) && got != c.want.string(field) {
		c.wrongf("%s is %q, want %s", field, got, c.want[field])
	}
}

// raw compares a field with the JSON that the measurement carries as text.
func (c *check) raw(field, got string) {
	if !c.want.has(field) {
		return
	}
	want := ""
	if !c.want.null(field) {
		want = compact(c.want[field])
	}
	if compact([]byte(got)) != want {
		c.wrongf("%s is %q, want %s", field, got, c.want[field])
	}
}

func compact(raw []byte) string {
	var out bytes.Buffer
	if json.Compact(&out, raw) != nil {
		return string(raw)
	}
	var number float64
	if json.Unmarshal(out.Bytes(), &number) == nil {
		return strconv.FormatFloat(number, 'g', -1, 64) // 80 and 80.0 are the same limit
	}
	return out.String()
}

// finished compares the judgement on the end of the run.
func (c *check) finished(want bool) {
	if c.m.Finished != want {
		c.wrongf("finished is %v (%s), want %v", c.m.Finished, c.m.EndMarker+c.m.Unfinished, want)
	}
}

// time compares a field with one of the times; a local one is taken as UTC.
func (c *check) time(field string, got ...*time.Time) {
	if !c.want.has(field) {
		return
	}
	text := c.want.string(field)
	want, err := time.Parse(time.RFC3339, text)
	if err != nil {
		want, err = time.Parse("2006-01-02T15:04:05", text)
	}
	for _, at := range got {
		if text == "" && at == nil || err == nil && at != nil && at.Equal(want) {
			return
		}
	}
	c.wrongf("%s is %v, want %s", field, got[0], c.want[field])
}

// result finds one result; nil, and a difference, where it is not there.
func (c *check) result(selector string) *evidence.Result {
	r, err := c.m.Select(selector)
	if err != nil {
		c.wrongf("%v", err)
		return nil
	}
	return &r
}

// value compares the value of a result with a number of the list, exactly but for the last digit of a
// float; nil is no data.
func (c *check) value(r *evidence.Result, want *float64) {
	if r != nil && !same(r.Value, want) {
		c.wrongf("%s is %q, want %s", r.Selector, r.Value, show(want))
	}
}

// interval compares the stated interval; nil is none.
func (c *check) interval(r *evidence.Result, low, high *float64) {
	if r != nil && (!same(r.Low, low) || !same(r.High, high)) {
		c.wrongf("interval of %s is [%s, %s], want [%s, %s]", r.Selector, r.Low, r.High, show(low), show(high))
	}
}

// same compares a decimal with a number. What is computed from counts and what was computed in floating
// point may differ in the last digits.
func same(got string, want *float64) bool {
	if got == "" || want == nil {
		return (got == "") == (want == nil)
	}
	number, err := strconv.ParseFloat(got, 64)
	return err == nil && math.Abs(number-*want) <= 1e-12*max(1, math.Abs(*want))
}

func show(number *float64) string {
	if number == nil {
		return "none"
	}
	return strconv.FormatFloat(*number, 'g', -1, 64)
}

// count compares a count; want is nil where it must be unknown.
func (c *check) count(r *evidence.Result, what string, got, want *int64) {
	if r == nil || got == nil && want == nil || got != nil && want != nil && *got == *want {
		return
	}
	c.wrongf("%s of %s is %s, want %s", what, r.Selector, showCount(got), showCount(want))
}

func showCount(n *int64) string {
	if n == nil {
		return "unknown"
	}
	return strconv.FormatInt(*n, 10)
}

// statedCount compares a count with a field, if the list has it.
func (c *check) statedCount(r *evidence.Result, field string, got *int64) {
	if want, ok := c.want.count(field); ok && r != nil {
		c.count(r, field, got, &want)
	}
}

// statedRate compares a value with a field, if the list has it.
func (c *check) statedRate(r *evidence.Result, field string) {
	if want, ok := c.want.number(field); ok {
		c.value(r, &want)
	} else if c.want.null(field) {
		c.value(r, nil)
	}
}

// metrics compares the values of a field that maps selectors to numbers, or to null for no data.
func (c *check) metrics(field string) []*evidence.Result {
	var metrics map[string]*float64
	if c.want.has(field) && !c.want.into(field, &metrics) {
		c.wrongf("%s of the list maps no selectors to numbers", field)
	}
	var found []*evidence.Result
	for _, selector := range sorted(metrics) {
		r := c.result(selector)
		c.value(r, metrics[selector])
		if r != nil {
			found = append(found, r)
		}
	}
	return found
}

func sorted[V any](table map[string]V) []string {
	names := make([]string, 0, len(table))
	for name := range table {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// identity compares what any entry may say of the run as a whole.
func (c *check) identity() {
	c.text("model", c.m.Model)
	c.text("task", c.m.Task)
	c.text("toolVersion", c.m.ToolVersion)
	c.text("runID", c.m.RunID)
	if final := false; c.want.into("final", &final) || c.want.into("finished", &final) {
		c.finished(final)
	}
}

// stated compares an entry that gives values under their selectors.
func stated(c *check) {
	c.identity()
	for _, r := range c.metrics("metrics") {
		c.statedCount(r, "samples", r.Judged)
	}
}
