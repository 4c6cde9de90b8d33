// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package stub

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scalegate/scalegate/internal/evidence"
)

// testRun is a run with every outcome.
func testRun() Run {
	began := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	return Run{Seed: 7, Samples: 60, Rate: 0.2, UnscoredRate: 0.1, Model: "stub-model", ID: "run-1", Started: began, Ended: began.Add(90 * time.Second)}
}

// read measures a file as Scalegate does.
func read(t *testing.T, path string) (evidence.Measurement, error) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	return evidence.Read(file, info.Size(), evidence.DefaultLimits())
}

func TestFilesSayWhatTheRunWas(t *testing.T) {
	for name, format := range Formats() {
		t.Run(name, func(t *testing.T) {
			run := testRun()
			if !format.Unscored {
				run.UnscoredRate = 0
			}
			path, err := run.WriteFile(name, t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			m, err := read(t, path)
			if err != nil {
				t.Fatal(err)
			}
			result, err := m.Select(format.Metric)
			if err != nil {
				t.Fatal(err)
			}
			if !m.Finished || m.Model != run.Model || !m.Ended.Equal(run.Ended) {
				t.Errorf("finished %v (%s), model %q, ended %v", m.Finished, m.Unfinished, m.Model, m.Ended)
			}
			value, err := strconv.ParseFloat(result.Value, 64)
			if err != nil || value != run.AttackRate() {
				t.Errorf("value = %q, want %v", result.Value, run.AttackRate())
			}
			want := []*int64{new(run.Judged()), new(run.Count(Unscored))}
			if !format.Unscored {
				want[1] = result.Unjudged // the format has no word for it: what the reader makes of that is its own
			}
			if diff := cmp.Diff(want, []*int64{result.Judged, result.Unjudged}); diff != "" {
				t.Errorf("judged and unjudged (-want +got):\n%s", diff)
			}
		})
	}
}

func TestASeedDecidesTheOutcomes(t *testing.T) {
	run := testRun()
	if diff := cmp.Diff(run.Outcomes(), run.Outcomes()); diff != "" {
		t.Errorf("the same run has other outcomes:\n%s", diff)
	}
	if run.Count(Refused) == 0 || run.Count(Complied) == 0 || run.Count(Unscored) == 0 {
		t.Errorf("outcomes are missing: %v", run.Outcomes())
	}
	other := testRun()
	other.Seed++
	if cmp.Equal(run.Outcomes(), other.Outcomes()) {
		t.Error("another seed has the same outcomes")
	}
}

func TestTheModelAnswersAsTheRunSays(t *testing.T) {
	run := testRun()
	server := httptest.NewServer(run.Handler())
	defer server.Close()
	asking := Run{Samples: run.Samples, Model: run.Model}
	asked, err := asking.Ask(t.Context(), server.URL)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(run.Outcomes(), asked.Outcomes()); diff != "" {
		t.Errorf("outcomes (-said +heard):\n%s", diff)
	}
}

// TestHostileFilesAreNoEvidence holds what the containers leave to what a reader of regular files
// makes of it; links and pipes never get that far.
func TestHostileFilesAreNoEvidence(t *testing.T) {
	for name, write := range Hostile() {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), fmt.Sprintf("stub-%d.json", os.Getpid()))
			t.Cleanup(func() { os.Remove(filepath.Join("/dev/shm", filepath.Base(path)+".outside")) })
			if err := write(path, testRun()); err != nil {
				t.Fatal(err)
			}
			info, err := os.Lstat(path)
			if err != nil {
				t.Fatal(err)
			}
			if !info.Mode().IsRegular() {
				return
			}
			m, err := read(t, path)
			if err != nil {
				return // refused whole
			}
			if r, err := m.Select(InspectMetric); err == nil && r.HasData() {
				t.Errorf("it was read: %s", r.Value)
			}
		})
	}
}
