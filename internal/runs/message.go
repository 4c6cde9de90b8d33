// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package runs

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	strictjson "sigs.k8s.io/json"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

const (
	// MaxMessageBytes is the longest termination message that a kubelet keeps of a container.
	MaxMessageBytes = 4096
	// MinMessageBytes is the least room that every report fits into.
	MinMessageBytes = 1700
	// podMessageBytes is what a kubelet keeps of all containers of a pod, in equal parts.
	podMessageBytes = 12 << 10

	reportVersion = "scalegate-report/v1"

	longestMetric   = 253
	longestMessage  = 1024
	longestDecimal  = 80
	mostWarnings    = 16
	shortestCut     = 16
	digestHexDigits = 64
)

// Report is what collect says about the result of an evaluation: a measurement, or why there is none.
type Report struct {
	// Measurement that was read; nil where Reason is set. Its Metric may be cut: whoever started the run knows it.
	Measurement *v1alpha1.Measurement
	// Reason is one of Unreadable, MetricNotFound, ResultMissing and ResultAmbiguous; empty where there is a measurement.
	Reason string
	// Message says the same in words for a person, in at most 1024 bytes; empty where there is a measurement.
	Message string
}

// envelope is a report as JSON.
type envelope struct {
	Version     string                `json:"version"`
	Measurement *v1alpha1.Measurement `json:"measurement,omitempty"`
	Reason      string                `json:"reason,omitempty"`
	Message     string                `json:"message,omitempty"`
}

// reportReasons are the reasons that a report may have.
func reportReasons() []string {
	return []string{v1alpha1.ReasonUnreadable, v1alpha1.ReasonMetricNotFound, v1alpha1.ReasonResultMissing, v1alpha1.ReasonResultAmbiguous}
}

// Encode is the report as a termination message, of at most 4096 bytes. Texts are cut to fit; numbers, digests and the
// run's identifier never are. A report that the API could not hold becomes one with the reason Unreadable.
func (r Report) Encode() []byte { return r.EncodeWithin(MaxMessageBytes) }

// EncodeWithin is Encode for less room: a kubelet keeps 12 KiB of all containers of a pod, in equal parts. A limit
// outside MinMessageBytes and MaxMessageBytes is taken as the nearer of the two.
func (r Report) EncodeWithin(limit int) []byte {
	limit = min(max(limit, MinMessageBytes), MaxMessageBytes)
	r = r.presentable()
	var out []byte
	for longest := longestMessage; longest >= shortestCut; longest /= 2 {
		if out = r.cut(longest).marshal(); len(out) <= limit {
			break
		}
	}
	return out
}

// presentable is a report within the bounds of the API, without control characters, that owns its measurement.
func (r Report) presentable() Report {
	if r.Measurement == nil {
		if !slices.Contains(reportReasons(), r.Reason) {
			r.Reason = v1alpha1.ReasonUnreadable
		}
		r.Message = tidy(r.Message)
		if r.Message == "" {
			r.Message = "nothing more is known"
		}
		return r
	}
	m := r.Measurement.DeepCopy()
	m.Metric = tidy(m.Metric)
	for _, text := range append(texts(m), &m.RunID) {
		*text = tidy(*text)
	}
	m.RunID = shorten(m.RunID, 253)
	kept := m.Warnings[:0]
	for _, w := range m.Warnings {
		if w = tidy(w); w != "" {
			kept = append(kept, w)
		}
	}
	m.Warnings = kept
	if err := checkNumbers(m); err != nil {
		return Report{Reason: v1alpha1.ReasonUnreadable, Message: "the result cannot be recorded: " + err.Error()}
	}
	return Report{Measurement: m}
}

// texts are those of a measurement that may be cut.
func texts(m *v1alpha1.Measurement) []*string {
	return []*string{&m.EndMarker, &m.Problem, &m.Format, &m.Tool, &m.Task, &m.Model}
}

// textLimits are the bounds that the API has for texts, in their order.
func textLimits() []int { return []int{253, 1024, 63, 253, 512, 512} }

// cut shortens every text to at most longest bytes.
func (r Report) cut(longest int) Report {
	if r.Measurement == nil {
		r.Message = shorten(r.Message, longest)
		return r
	}
	m := r.Measurement.DeepCopy()
	limits := textLimits()
	for i, text := range texts(m) {
		*text = shorten(*text, min(longest, limits[i]))
	}
	m.Metric = shorten(m.Metric, min(4*longest, longestMetric))
	// Warnings inform and decide nothing, so they go first.
	m.Warnings = fewer(m.Warnings, min(mostWarnings, longest/(2*shortestCut)), min(longest, 512))
	return Report{Measurement: m}
}

// fewer keeps at most count warnings, the last of which counts those that were left out.
func fewer(warnings []string, count, longest int) []string {
	count = max(count, 1)
	var out []string
	for i, w := range warnings {
		if i == count-1 && len(warnings) > count {
			return append(out, shorten(fmt.Sprintf("%d more", len(warnings)-i), longest))
		}
		out = append(out, shorten(w, longest))
	}
	return out
}

func (r Report) marshal() []byte {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(envelope{Version: reportVersion, Measurement: r.Measurement, Reason: r.Reason, Message: r.Message}); err != nil {
		// Every member is a string, a whole number or a time of four digits a year: see checkNumbers.
		return []byte(`{"version":"` + reportVersion + `","reason":"` + v1alpha1.ReasonUnreadable + `","message":"the result cannot be written as JSON"}`)
	}
	return bytes.TrimRight(out.Bytes(), "\n")
}

// DecodeReport reads a termination message that Encode wrote. Everything else is an error, which never holds text of
// the message: a member that is unknown or there twice, a number or a text beyond the bounds of the API.
func DecodeReport(message string) (Report, error) {
	if len(message) > MaxMessageBytes {
		return Report{}, fmt.Errorf("it is longer than %d bytes", MaxMessageBytes)
	}
	var e envelope
	strict, err := strictjson.UnmarshalStrict([]byte(message), &e)
	switch {
	case err != nil:
		return Report{}, errors.New("it is not JSON of the form that scalegate collect writes, or it is cut off")
	case len(strict) > 0:
		return Report{}, errors.New("it has members that scalegate collect does not write, or one twice")
	case e.Version != reportVersion:
		return Report{}, fmt.Errorf("its version is not %s: the collector's image and the manager must be of the same release", reportVersion)
	}
	if e.Measurement == nil {
		return decodeFailure(e)
	}
	if e.Reason != "" || e.Message != "" {
		return Report{}, errors.New("it has a measurement and a reason why there is none")
	}
	if err := checkNumbers(e.Measurement); err != nil {
		return Report{}, err
	}
	if err := checkTexts(e.Measurement); err != nil {
		return Report{}, err
	}
	for _, at := range []**metav1.Time{&e.Measurement.StartTime, &e.Measurement.EndTime} {
		if *at != nil {
			*at = new(metav1.NewTime((*at).UTC()))
		}
	}
	return Report{Measurement: e.Measurement}, nil
}

func decodeFailure(e envelope) (Report, error) {
	switch {
	case !slices.Contains(reportReasons(), e.Reason):
		return Report{}, errors.New("it has neither a measurement nor a known reason why there is none")
	case e.Message == "" || !presentable(e.Message, longestMessage):
		return Report{}, fmt.Errorf("its message must have from 1 to %d bytes without control characters", longestMessage)
	}
	return Report{Reason: e.Reason, Message: e.Message}, nil
}

// checkNumbers refuses a measurement whose numbers, digest or times the API does not hold.
func checkNumbers(m *v1alpha1.Measurement) error {
	if m.Metric == "" {
		return errors.New("it names no metric")
	}
	if _, err := hex.DecodeString(m.SHA256); err != nil || len(m.SHA256) != digestHexDigits || m.SHA256 != strings.ToLower(m.SHA256) {
		return errors.New("its sha256 is not 64 lower-case hexadecimal digits")
	}
	for _, number := range []string{m.Value, m.StandardError, m.IntervalLow, m.IntervalHigh} {
		if number != "" && !isDecimal(number) {
			return fmt.Errorf("one of its numbers is not a decimal of at most %d bytes", longestDecimal)
		}
	}
	for _, count := range []*int64{m.Planned, m.Judged, m.Unjudged, m.Errored} {
		if count != nil && *count < 0 {
			return errors.New("one of its counts is negative")
		}
	}
	return checkTimes(m.StartTime, m.EndTime)
}

func checkTimes(times ...*metav1.Time) error {
	for _, at := range times {
		// The zero time would be written as null: a claim that is lost would make the evidence younger.
		if at != nil && (at.IsZero() || at.UTC().Year() < 1 || at.UTC().Year() > 9999) {
			return errors.New("one of its times is not one between the years 1 and 9999")
		}
	}
	return nil
}

// checkTexts refuses texts that the API does not hold, or that would garble a terminal.
func checkTexts(m *v1alpha1.Measurement) error {
	limits := textLimits()
	for i, text := range texts(m) {
		if !presentable(*text, limits[i]) {
			return errors.New("one of its texts is too long or holds control characters")
		}
	}
	if !presentable(m.Metric, longestMetric) || !presentable(m.RunID, 253) {
		return errors.New("its metric or run id is too long or holds control characters")
	}
	if len(m.Warnings) > mostWarnings || slices.ContainsFunc(m.Warnings, func(w string) bool { return w == "" || !presentable(w, 512) }) {
		return errors.New("its warnings are too many, empty, too long or hold control characters")
	}
	return nil
}
