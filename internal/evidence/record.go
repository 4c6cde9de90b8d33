// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// Record is the measurement that the API keeps of one result, found by the selector metric. Texts
// are cut to what the API holds; numbers never are. Times are cut to whole seconds, which makes
// evidence older and never newer.
func (m Measurement) Record(result Result, metric string) *v1alpha1.Measurement {
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
		Tool:          shorten(versioned(m.Tool, m.ToolVersion), 253),
		Task:          shorten(versioned(result.Task, result.TaskVersion), 512),
		RunID:         shorten(m.RunID, 253),
		Model:         shorten(m.Model, 512),
		StartTime:     wholeSeconds(m.Started),
		EndTime:       wholeSeconds(m.Ended),
		SHA256:        m.SHA256,
		Warnings:      fewWarnings(m.Warnings),
	}
	if m.Finished {
		out.EndMarker = shorten(m.EndMarker, 253)
	} else {
		out.Problem = shorten(m.Unfinished, 1024)
	}
	return out
}

func versioned(name, version string) string {
	if name == "" || version == "" {
		return name
	}
	return name + " " + version
}

func wholeSeconds(t *time.Time) *metav1.Time {
	if t == nil {
		return nil
	}
	return new(metav1.NewTime(t.Truncate(time.Second)))
}

func fewWarnings(all []string) []string {
	const most = 16
	var out []string
	for _, w := range all {
		if len(out) == most {
			out[most-1] = fmt.Sprintf("and %d more warnings", len(all)-most+1)
			break
		}
		out = append(out, shorten(w, 512))
	}
	return out
}

// shorten cuts text to at most limit bytes of whole characters.
func shorten(text string, limit int) string {
	const more = "..."
	if len(text) <= limit {
		return text
	}
	return strings.ToValidUTF8(text[:limit-len(more)], "") + more
}
