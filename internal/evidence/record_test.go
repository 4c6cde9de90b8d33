// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

func TestRecordKeepsWhatTheAPIHolds(t *testing.T) {
	ended := time.Date(2026, 1, 5, 10, 30, 0, 999, time.UTC)
	m := Measurement{
		Format: LMEval, Tool: "lm_eval", ToolVersion: "0.4.10", RunID: strings.Repeat("ä", 200), SHA256: strings.Repeat("a", 64),
		Ended: &ended, Unfinished: "it stopped", Warnings: make([]string, 20),
	}
	got := m.Record(Result{Value: "0.5", Task: "bio", Judged: new(int64(9))}, "bio/acc,none")
	want := &v1alpha1.Measurement{
		Metric: "bio/acc,none", Value: "0.5", Judged: new(int64(9)), Format: "lm-eval", Tool: "lm_eval 0.4.10", Task: "bio",
		RunID: strings.Repeat("ä", 125) + "...", SHA256: m.SHA256, Problem: "it stopped", EndTime: got.EndTime, Warnings: got.Warnings,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !got.EndTime.Time.Equal(ended.Truncate(time.Second)) {
		t.Errorf("ended %s", got.EndTime)
	}
	if len(got.Warnings) != 16 || got.Warnings[15] != "and 5 more warnings" {
		t.Errorf("warnings %q", got.Warnings)
	}
}
