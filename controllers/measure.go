// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/evidence"
)

// maxReportBytes bounds a result file once it is decompressed.
const maxReportBytes = 256 << 20

// reading is what became of a result file: a measurement, or the reason why there is none.
type reading struct {
	measurement *v1alpha1.Measurement
	summary     summary
}

// measure reads the file and records the one result that metric selects. wantSHA256 is the digest
// that the file must have; empty accepts any.
func measure(stored []byte, metric, wantSHA256 string) (reading, error) {
	file, err := evidence.Decompress(stored, maxReportBytes)
	if err != nil {
		return unreadable(err)
	}
	m, err := evidence.Read(bytes.NewReader(file), int64(len(file)), evidence.DefaultLimits())
	if err != nil {
		return unreadable(err)
	}
	if wantSHA256 != "" && wantSHA256 != m.SHA256 {
		return reading{summary: stuck(v1alpha1.ReasonDigestMismatch, fmt.Sprintf(
			"the file's SHA-256 is %s and spec.report.sha256 says %s: put the file there that was named, or create another SafetyEvaluation",
			m.SHA256, wantSHA256))}, nil
	}
	result, err := m.Select(metric)
	if _, ok := errors.AsType[*evidence.SelectionError](err); ok {
		return reading{summary: stuck(v1alpha1.ReasonMetricNotFound, err.Error())}, nil
	}
	if err != nil {
		return reading{}, err
	}
	return recorded(measurement(m, result, metric)), nil
}

// recorded is the reading of a measurement that is, or is to be, in the status.
func recorded(m *v1alpha1.Measurement) reading {
	switch {
	case m.Problem != "":
		return reading{measurement: m, summary: stuck(v1alpha1.ReasonUnusable, "the result cannot be used: "+m.Problem)}
	case m.Value == "":
		return reading{measurement: m, summary: stuck(v1alpha1.ReasonUnusable, "the result cannot be used: the file holds no value for "+m.Metric)}
	default:
		return reading{measurement: m, summary: ready(v1alpha1.ReasonMeasured, fmt.Sprintf("%s is %s", m.Metric, m.Value))}
	}
}

func unreadable(err error) (reading, error) {
	if _, ok := errors.AsType[*evidence.Unreadable](err); !ok {
		return reading{}, err
	}
	return reading{summary: stuck(v1alpha1.ReasonUnreadable, err.Error()+"; create another SafetyEvaluation with a whole file")}, nil
}

// measurement projects what the file says about one result into the API. Texts are cut to what the
// API holds; numbers never are.
func measurement(m evidence.Measurement, result evidence.Result, metric string) *v1alpha1.Measurement {
	out := &v1alpha1.Measurement{
		Metric:        metric,
		Value:         result.Value,
		StandardError: result.StandardError,
		IntervalLow:   result.Low,
		IntervalHigh:  result.High,
		Planned:       result.Planned,
		Judged:        result.Judged,
		Unjudged:      result.Unjudged,
		Errored:       result.Errored,
		Format:        string(m.Format),
		Tool:          cut(versioned(m.Tool, m.ToolVersion), 253),
		Task:          cut(versioned(result.Task, result.TaskVersion), 512),
		RunID:         cut(m.RunID, 253),
		Model:         cut(m.Model, 512),
		StartTime:     timestamp(m.Started),
		EndTime:       timestamp(m.Ended),
		SHA256:        m.SHA256,
		Warnings:      warnings(m.Warnings),
	}
	if m.Finished {
		out.EndMarker = cut(m.EndMarker, 253)
	} else {
		out.Problem = cut(m.Unfinished, 1024)
	}
	return out
}

func versioned(name, version string) string {
	if name == "" || version == "" {
		return name
	}
	return name + " " + version
}

func timestamp(t *time.Time) *metav1.Time {
	if t == nil {
		return nil
	}
	// The API stores whole seconds; cutting makes evidence older, never newer.
	return new(metav1.NewTime(t.Truncate(time.Second)))
}

func warnings(all []string) []string {
	const most = 16
	var out []string
	for _, w := range all {
		if len(out) == most {
			out[most-1] = fmt.Sprintf("and %d more warnings", len(all)-most+1)
			break
		}
		out = append(out, cut(w, 512))
	}
	return out
}
