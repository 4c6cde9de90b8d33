// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// expected is one reading of the development set of result files, which lies outside this repository.
type expected struct {
	Path, Format, Status, Model, Task, Created, Completed string
	ModelSHA                                              *string
	Final                                                 bool
	Limit                                                 *json.Number
	Date                                                  *float64
	Epochs, TotalSamples, CompletedSamples                *int64
	Scores                                                []expectedScore
	Samples                                               map[string]int64
	Tasks                                                 int
	MetricsSample                                         map[string]map[string]json.Number
}

type expectedScore struct {
	Name, Scorer     string
	Reducer          *string
	Scored, Unscored *int64
	Metrics          map[string]*json.Number
}

// TestDevelopmentSet reads every file of the development set as its EXPECTED.json says.
func TestDevelopmentSet(t *testing.T) {
	dir := os.Getenv("SCALEGATE_EVIDENCE_DIR")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "evidence")
	}
	list, err := os.ReadFile(filepath.Join(dir, "EXPECTED.json"))
	if errors.Is(err, os.ErrNotExist) {
		t.Skipf("the development set of result files is not at %s (set SCALEGATE_EVIDENCE_DIR)", dir)
	}
	if err != nil {
		t.Fatal(err)
	}
	var all []json.RawMessage
	if err := json.Unmarshal(list, &all); err != nil {
		t.Fatal(err)
	}
	read := map[string]bool{}
	for _, raw := range all {
		var path struct{ Path string }
		if err := json.Unmarshal(raw, &path); err != nil {
			t.Fatal(err)
		}
		tool, _, _ := strings.Cut(path.Path, "/")
		if tool != "inspect-ai" && tool != "lm-eval" {
			continue // other tools give the same names to other things
		}
		var want expected
		if err := json.Unmarshal(raw, &want); err != nil {
			t.Fatal(err)
		}
		read[want.Path] = true
		t.Run(want.Path, func(t *testing.T) { checkExpected(t, filepath.Join(dir, want.Path), want) })
	}
	checkAllRead(t, dir, read)
}

// checkAllRead fails for a result file that EXPECTED.json does not list.
func checkAllRead(t *testing.T, dir string, read map[string]bool) {
	t.Helper()
	for _, tool := range []string{"inspect-ai", "lm-eval"} {
		err := filepath.WalkDir(filepath.Join(dir, tool), func(path string, entry os.DirEntry, err error) error {
			if err != nil || entry.IsDir() || entry.Name() == "NOTICE" {
				return err
			}
			name, err := filepath.Rel(dir, path)
			if err == nil && !read[filepath.ToSlash(name)] {
				t.Errorf("%s is not in EXPECTED.json", name)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}

func checkExpected(t *testing.T, path string, want expected) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	m, err := readBytes(raw)
	if want.Format == "not-lm-eval" {
		if _, ok := errors.AsType[*UnreadableError](err); !ok {
			t.Fatalf("Read = %+v, %v; want UnreadableError", m, err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if string(m.Format) != want.Format || m.Model != want.Model {
		t.Errorf("format %q, model %q; want %q, %q", m.Format, m.Model, want.Format, want.Model)
	}
	if m.SHA256 != digestOf(raw) {
		t.Errorf("SHA256 = %s", m.SHA256)
	}
	limit := ""
	if want.Limit != nil {
		limit = want.Limit.String()
	}
	// The reading of a log without its end leaves the limit out.
	if m.Limit != limit && want.Status != "started" {
		t.Errorf("limit = %q, want %q", m.Limit, limit)
	}
	if strings.HasPrefix(want.Format, "inspect") {
		checkInspect(t, m, want)
	} else {
		checkLMEval(t, m, want)
	}
}

func checkInspect(t *testing.T, m Measurement, want expected) {
	t.Helper()
	if m.Finished != want.Final || (m.Unfinished == "") != want.Final || (m.EndMarker != "") != want.Final {
		t.Errorf("finished %v (%q, %q), want %v", m.Finished, m.EndMarker, m.Unfinished, want.Final)
	}
	if m.Task != want.Task {
		t.Errorf("task = %q, want %q", m.Task, want.Task)
	}
	checkTime(t, "ended", m.Ended, want.Completed)
	metrics := 0
	for _, score := range want.Scores {
		for name, value := range score.Metrics {
			metrics++
			selector := score.Name + "/" + name
			r, err := m.Select(selector)
			if err != nil {
				t.Error(err)
				continue
			}
			if !sameNumber(r.Value, value) {
				t.Errorf("%s = %q, want %v", selector, r.Value, value)
			}
			checkInspectCounts(t, r, score, want)
		}
	}
	if len(m.Results) != metrics {
		t.Errorf("%d results, want %d", len(m.Results), metrics)
	}
}

func checkInspectCounts(t *testing.T, r Result, score expectedScore, want expected) {
	t.Helper()
	planned := (*want.TotalSamples + *want.Epochs - 1) / *want.Epochs
	judged := *want.CompletedSamples / *want.Epochs
	if score.Scored != nil {
		judged = *score.Scored
	}
	errored := (*want.TotalSamples - *want.CompletedSamples + *want.Epochs - 1) / *want.Epochs
	got := [4]*int64{r.Planned, r.Judged, r.Unjudged, r.Errored}
	if diff := cmp.Diff([4]*int64{&planned, &judged, score.Unscored, &errored}, got); diff != "" {
		t.Errorf("%s: planned, judged, unjudged, errored (-want +got):\n%s", r.Selector, diff)
	}
}

func checkLMEval(t *testing.T, m Measurement, want expected) {
	t.Helper()
	if !m.Finished {
		t.Errorf("unfinished: %s", m.Unfinished)
	}
	pin := ""
	if want.ModelSHA != nil {
		pin = *want.ModelSHA
	}
	if m.ModelPin != pin {
		t.Errorf("model pin = %q, want %q", m.ModelPin, pin)
	}
	if (m.Started != nil) != (want.Date != nil) {
		t.Errorf("started = %v, want %v", m.Started, want.Date)
	} else if want.Date != nil && m.Started.Sub(time.UnixMicro(int64(*want.Date*1e6))).Abs() > time.Microsecond {
		t.Errorf("started = %v, want %v", m.Started, *want.Date)
	}
	tasks := map[string]bool{}
	for _, r := range m.Results {
		tasks[r.Task] = true
		n, known := want.Samples[r.Task]
		if known != (r.Judged != nil) || known && *r.Judged != n {
			t.Errorf("%s: judged = %v, want %d", r.Selector, r.Judged, n)
		}
	}
	if len(tasks) != want.Tasks {
		t.Errorf("%d tasks, want %d", len(tasks), want.Tasks)
	}
	for task, metrics := range want.MetricsSample {
		for key, value := range metrics {
			if strings.Contains(key, "_stderr") {
				continue
			}
			r, err := m.Select(task + "/" + key)
			if err != nil {
				t.Error(err)
				continue
			}
			metric, filter, has := strings.Cut(key, ",")
			deviation := metrics[joinKey(metric+"_stderr", filter, has)]
			if !sameNumber(r.Value, &value) || !sameNumber(r.StandardError, &deviation) {
				t.Errorf("%s = %q ± %q, want %v ± %v", r.Selector, r.Value, r.StandardError, value, deviation)
			}
		}
	}
}

func checkTime(t *testing.T, what string, got *time.Time, want string) {
	t.Helper()
	if want == "" {
		if got != nil {
			t.Errorf("%s = %v, want none", what, got)
		}
		return
	}
	at, err := time.Parse(time.RFC3339, want)
	if err != nil {
		t.Fatal(err)
	}
	if got == nil || !got.Equal(at) {
		t.Errorf("%s = %v, want %v", what, got, at)
	}
}

// sameNumber compares exactly; null is no data.
func sameNumber(got string, want *json.Number) bool {
	if want == nil || got == "" {
		return (want == nil) == (got == "")
	}
	a, errA := strconv.ParseFloat(got, 64)
	b, errB := want.Float64()
	return errA == nil && errB == nil && a == b
}
