// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package runs

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
)

// measurement is a usable one, of the file of that label.
func measurement(label string, modifiers ...func(*v1alpha1.Measurement)) *v1alpha1.Measurement {
	m := &v1alpha1.Measurement{
		Metric: "scorer/accuracy", Value: "0.25", StandardError: "0.01",
		Planned: new(int64(100)), Judged: new(int64(99)), Unjudged: new(int64(1)), Errored: new(int64(0)),
		EndMarker: `status is "success"`, Format: "inspect-json", Tool: "inspect_ai 0.3.1", RunID: "run-1",
		EndTime: new(metav1.NewTime(fixture.Day(3))), SHA256: fixture.SHA256(label), Warnings: []string{"the log was edited"},
	}
	for _, modify := range modifiers {
		modify(m)
	}
	return m
}

// numbers are what must come through whatever the room.
func numbers(m *v1alpha1.Measurement) v1alpha1.Measurement {
	return v1alpha1.Measurement{
		Value: m.Value, StandardError: m.StandardError, IntervalLow: m.IntervalLow, IntervalHigh: m.IntervalHigh,
		Planned: m.Planned, Judged: m.Judged, Unjudged: m.Unjudged, Errored: m.Errored,
		StartTime: m.StartTime, EndTime: m.EndTime, SHA256: m.SHA256,
	}
}

func TestReportsComeThrough(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]Report{
		"a measurement":  {Measurement: measurement("a")},
		"the least":      {Measurement: &v1alpha1.Measurement{Metric: "m", SHA256: fixture.SHA256("a")}},
		"other letters":  {Measurement: measurement("a", func(m *v1alpha1.Measurement) { m.Metric, m.Model = "trefferquote/größe", `a "quoted" <model> & more` })},
		"a failure":      {Reason: v1alpha1.ReasonResultMissing, Message: "there is no file"},
		"other failures": {Reason: v1alpha1.ReasonMetricNotFound, Message: `metric "x" is not in the result file; name one of: "y"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := DecodeReport(string(want.Encode()))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestTextsAreCutAndNumbersAreNot(t *testing.T) {
	t.Parallel()
	const digits = "1234567890123456789012345678901234567890123456789012345678901234567890"
	huge := func(m *v1alpha1.Measurement) {
		quotes := strings.Repeat(`"\`, 1000)
		m.Metric, m.EndMarker, m.Problem, m.Format, m.Tool, m.Task, m.Model, m.RunID = quotes, quotes, quotes, quotes, quotes, quotes, quotes, quotes
		m.Value, m.StandardError, m.IntervalLow, m.IntervalHigh = "-0."+digits, digits, digits, "-"+digits
		m.Planned, m.Judged, m.Unjudged, m.Errored = new(int64(1)<<62), new(int64(1)<<62), new(int64(1)<<62), new(int64(1)<<62)
		m.StartTime = new(metav1.NewTime(time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)))
		m.Warnings = nil
		for range 40 {
			m.Warnings = append(m.Warnings, quotes)
		}
	}
	want := measurement("a", huge)
	for _, limit := range []int{0, MinMessageBytes, 2048, 3072, MaxMessageBytes, 1 << 20} {
		text := Report{Measurement: want}.EncodeWithin(limit)
		if room := min(max(limit, MinMessageBytes), MaxMessageBytes); len(text) > room {
			t.Errorf("limit %d: %d bytes", limit, len(text))
		}
		got, err := DecodeReport(string(text))
		if err != nil {
			t.Fatalf("limit %d: %v: %s", limit, err, text)
		}
		if diff := cmp.Diff(numbers(want), numbers(got.Measurement)); diff != "" {
			t.Errorf("limit %d: (-want +got):\n%s", limit, diff)
		}
		if got.Measurement.Problem == "" || got.Measurement.EndMarker == "" || len(got.Measurement.RunID) != 253 {
			t.Errorf("limit %d: problem %q, end marker %q, run id %q", limit, got.Measurement.Problem, got.Measurement.EndMarker, got.Measurement.RunID)
		}
	}
}

func TestEncodeMakesTheUnusableAFailure(t *testing.T) {
	t.Parallel()
	for name, report := range map[string]Report{
		"nothing":               {},
		"an unknown reason":     {Reason: "Fine", Message: "x"},
		"a value that is none":  {Measurement: measurement("a", func(m *v1alpha1.Measurement) { m.Value = "NaN" })},
		"an exponent":           {Measurement: measurement("a", func(m *v1alpha1.Measurement) { m.Value = "1e9" })},
		"a number too long":     {Measurement: measurement("a", func(m *v1alpha1.Measurement) { m.IntervalLow = strings.Repeat("1", 81) })},
		"a negative count":      {Measurement: measurement("a", func(m *v1alpha1.Measurement) { m.Judged = new(int64(-1)) })},
		"no digest":             {Measurement: measurement("a", func(m *v1alpha1.Measurement) { m.SHA256 = "" })},
		"no metric":             {Measurement: measurement("a", func(m *v1alpha1.Measurement) { m.Metric = "" })},
		"a time beyond writing": {Measurement: measurement("a", func(m *v1alpha1.Measurement) { m.EndTime = new(metav1.Unix(1<<40, 0)) })},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := DecodeReport(string(report.Encode()))
			if err != nil || got.Measurement != nil || got.Reason != v1alpha1.ReasonUnreadable {
				t.Errorf("got %+v, %v; want a failure with the reason Unreadable", got, err)
			}
		})
	}
}

func TestDecodeRefusesWhatEncodeDoesNotWrite(t *testing.T) {
	t.Parallel()
	good := string(Report{Measurement: measurement("a")}.Encode())
	failure := string(Report{Reason: v1alpha1.ReasonResultMissing, Message: "gone"}.Encode())
	const secret = "text-of-a-sample"
	for name, message := range map[string]string{
		"nothing":                   "",
		"text":                      "Killed " + secret,
		"null":                      "null",
		"a list":                    `["` + secret + `"]`,
		"cut off":                   good[:len(good)-1],
		"more behind it":            good + good,
		"too long":                  good + strings.Repeat(" ", MaxMessageBytes),
		"another version":           strings.Replace(good, reportVersion, secret, 1),
		"no version":                strings.Replace(good, `"version":"`+reportVersion+`",`, "", 1),
		"a member unknown":          strings.Replace(good, `{`, `{"`+secret+`":1,`, 1),
		"a member twice":            strings.Replace(good, `"value":"0.25"`, `"value":"0.25","value":"0.1"`, 1),
		"a member in another case":  strings.Replace(good, `"value"`, `"Value"`, 1),
		"a number for a text":       strings.Replace(good, `"0.25"`, `0.25`, 1),
		"a value that is none":      strings.Replace(good, `"0.25"`, `"`+secret+`"`, 1),
		"an infinite value":         strings.Replace(good, `"0.25"`, `"Infinity"`, 1),
		"a point without digits":    strings.Replace(good, `"0.25"`, `"0."`, 1),
		"a negative count":          strings.Replace(good, `"judged":99`, `"judged":-99`, 1),
		"a fraction of a count":     strings.Replace(good, `"judged":99`, `"judged":99.5`, 1),
		"a digest in upper case":    strings.Replace(good, fixture.SHA256("a"), strings.ToUpper(fixture.SHA256("a")), 1),
		"no digest":                 strings.Replace(good, fixture.SHA256("a"), "", 1),
		"a time that is none":       strings.Replace(good, "2026-01-04T00:00:00Z", secret, 1),
		"a control character":       strings.Replace(good, "inspect_ai", `\u001b[2J`, 1),
		"a text too long":           strings.Replace(good, "inspect_ai", strings.Repeat("x", 300), 1),
		"an empty warning":          strings.Replace(good, "the log was edited", "", 1),
		"a measurement and failure": strings.Replace(good, `{`, `{"reason":"Unreadable","message":"x",`, 1),
		"neither of them":           `{"version":"` + reportVersion + `"}`,
		"an unknown reason":         strings.Replace(failure, v1alpha1.ReasonResultMissing, "Measured", 1),
		"no message":                strings.Replace(failure, "gone", "", 1),
		"a message with a new line": strings.Replace(failure, "gone", `go\nne`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if message == good || message == failure {
				t.Fatal("the row changes nothing")
			}
			got, err := DecodeReport(message)
			if err == nil {
				t.Fatalf("read as %+v", got)
			}
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the error %q holds text of the message", err)
			}
		})
	}
}

func FuzzDecodeReport(f *testing.F) {
	f.Add(string(Report{Measurement: measurement("a")}.Encode()))
	f.Add(string(Report{Reason: v1alpha1.ReasonResultMissing, Message: "gone"}.Encode()))
	f.Add(`{"version":"scalegate-report/v1","measurement":{"metric":"m","endTime":"9999-12-31T23:59:59-23:59"}}`)
	f.Add(`{"version":1}`)
	f.Fuzz(func(t *testing.T, message string) {
		report, err := DecodeReport(message)
		if err != nil {
			return
		}
		again, err := DecodeReport(string(report.Encode()))
		if err != nil {
			t.Fatalf("what was decoded cannot be encoded: %v: %s", err, report.Encode())
		}
		if report.Measurement == nil {
			if diff := cmp.Diff(report, again); diff != "" {
				t.Errorf("(-first +again):\n%s", diff)
			}
			return
		}
		if diff := cmp.Diff(numbers(report.Measurement), numbers(again.Measurement)); diff != "" {
			t.Errorf("(-first +again):\n%s", diff)
		}
	})
}

func FuzzEncodeReport(f *testing.F) {
	f.Add("scorer/accuracy", "0.25", "a problem", "run-1", "tool", int64(5), int64(1767225600), 4096)
	f.Add("\x00\xff", "-0.5", "\x1b[2J", strings.Repeat("\"", 900), strings.Repeat("\u2028", 500), int64(-1), int64(1)<<50, 0)
	f.Fuzz(func(t *testing.T, metric, value, problem, run, text string, count, seconds int64, limit int) {
		in := &v1alpha1.Measurement{
			Metric: metric, Value: value, StandardError: value, IntervalLow: value, IntervalHigh: value, Problem: problem, RunID: run,
			EndMarker: text, Format: text, Tool: text, Task: text, Model: text, Judged: new(count), Planned: new(count),
			EndTime: new(metav1.Unix(seconds, 0).Rfc3339Copy()), SHA256: fixture.SHA256(value), Warnings: []string{text, problem, text},
		}
		before := in.DeepCopy()
		message := Report{Measurement: in}.EncodeWithin(limit)
		if diff := cmp.Diff(before, in); diff != "" {
			t.Errorf("the measurement was changed:\n%s", diff)
		}
		if len(message) > min(max(limit, MinMessageBytes), MaxMessageBytes) {
			t.Errorf("%d bytes for the limit %d", len(message), limit)
		}
		got, err := DecodeReport(string(message))
		if err != nil {
			t.Fatalf("%v: %s", err, message)
		}
		if got.Measurement == nil {
			if checkNumbers(&v1alpha1.Measurement{Metric: "m", SHA256: in.SHA256, Value: value, Judged: in.Judged, EndTime: in.EndTime}) == nil && metric != "" {
				t.Errorf("a measurement became %s: %s", got.Reason, got.Message)
			}
			return
		}
		in.EndTime = new(metav1.NewTime(in.EndTime.UTC()))
		if diff := cmp.Diff(numbers(in), numbers(got.Measurement)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if (problem == "") != (got.Measurement.Problem == "") || (text == "") != (got.Measurement.EndMarker == "") {
			t.Errorf("problem %q became %q, end marker %q became %q", problem, got.Measurement.Problem, text, got.Measurement.EndMarker)
		}
	})
}
