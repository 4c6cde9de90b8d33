// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/evidence"
)

// reading is what became of a result file: a measurement, or the reason why there is none.
type reading struct {
	measurement *v1alpha1.Measurement
	summary     summary
}

// measure reads the file and records the one result that metric selects. wantSHA256 is the digest
// that the file must have; empty accepts any.
func measure(stored []byte, metric, wantSHA256 string) (reading, error) {
	file, err := evidence.Decompress(stored, evidence.StoredBytes)
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
	return recorded(m.Record(result, metric)), nil
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
	if _, ok := errors.AsType[*evidence.UnreadableError](err); !ok {
		return reading{}, err
	}
	return reading{summary: stuck(v1alpha1.ReasonUnreadable, err.Error()+"; create another SafetyEvaluation with a whole file")}, nil
}
