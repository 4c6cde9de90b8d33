// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package chaos

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/scalegate/scalegate/hack/localcluster"
	"github.com/scalegate/scalegate/test/chaos/plan"
	"github.com/scalegate/scalegate/test/chaos/watcher"
)

// The short run: the plan is always the same, what comes of it is not.
func TestAShortRun(t *testing.T) {
	if os.Getenv(localcluster.ExternalEnv) != "" {
		t.Skip("the processes of an existing cluster are not ours to kill")
	}
	const kills = 15
	report, err := Run(t.Context(), Options{Options: plan.Options{Seed: 1, Kills: kills, Short: true}, Out: t.Output()})
	if err != nil {
		t.Error(err)
	}
	report.Print(t.Output())
	if !report.OK() || report.Kills != kills || report.Transitions == 0 {
		t.Errorf("%d kills, %d transitions, %d violations", report.Kills, report.Transitions, len(report.Violations))
	}
}

func TestAReportEndsWithOneLineThatCounts(t *testing.T) {
	for name, row := range map[string]struct {
		report Report
		want   []string
	}{
		"nothing was seen": {Report{Seed: 7, Kills: 200, Transitions: 900}, []string{
			"chaos: 200 kills, 900 transitions, 0 violations",
		}},
		"something was seen": {
			Report{Seed: 7, Kills: 20, Transitions: 90, Dir: "/tmp/x", Violations: []watcher.Violation{{
				Invariant: watcher.FailedServes, Time: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), Object: "modelreleases lab/m1",
				Seen: "2 pods serve", Evidence: "it is Adverse",
			}}}, []string{
				"chaos: VIOLATION what failed is gone: modelreleases lab/m1: 2 pods serve at 12:00:00.000; evidence: it is Adverse",
				"chaos: seed 7; journal and logs are in /tmp/x",
				"chaos: 20 kills, 90 transitions, 1 violations",
			},
		},
		"more was seen than is shown": {Report{Violations: make([]watcher.Violation, shown+2)}, []string{
			"chaos: and 2 more", "chaos: seed 0; journal and logs are in ", "chaos: 0 kills, 0 transitions, 42 violations",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			var text strings.Builder
			row.report.Print(&text)
			if want := strings.Join(row.want, "\n") + "\n"; !strings.HasSuffix(text.String(), want) {
				t.Errorf("got:\n%s\nwant at its end:\n%s", text.String(), want)
			}
		})
	}
}

func TestWhatGoesWrongIsTriedAgain(t *testing.T) {
	tries := 0
	err := again(t.Context(), time.Minute, "trying", func(context.Context) error {
		if tries++; tries < 3 {
			return errors.New("not yet")
		}
		return nil
	})
	if err != nil || tries != 3 {
		t.Errorf("%d tries: %v", tries, err)
	}
	err = again(t.Context(), time.Millisecond, "trying", func(context.Context) error { return errors.New("never") })
	if err == nil || !strings.Contains(err.Error(), "trying, tried for 1ms: never") {
		t.Errorf("the error is %v", err)
	}
}
