// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"fmt"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// inspectJSON reads the .json logs of Inspect AI.
type inspectJSON struct{}

func (inspectJSON) name() Format { return InspectJSON }

func (inspectJSON) sections() []string {
	return []string{"version", "status", "eval", "results", "stats", "invalidated", "log_updates", "config_updates"}
}

func (inspectJSON) claims(f *file) bool { return f.document != nil && isInspectLog(f.document) }

func (inspectJSON) measure(f *file) (Measurement, error) { return measureInspect(f.document) }

// isInspectLog asks for the marks of a log: what ran, how it stands, and by which plan.
func isInspectLog(doc *document) bool {
	return isInspectStart(doc) && doc.is("status", '"')
}

// isInspectStart asks for the marks of a log's beginning, which has no status yet.
func isInspectStart(doc *document) bool {
	if !doc.is("eval", '{') || !doc.is("plan", '{') {
		return false
	}
	marks := 0
	err := eachMember("eval", doc.sections["eval"], func(name string, value jsontext.Value) error {
		if (name == "task" || name == "model") && value.Kind() == '"' {
			marks++
		}
		return nil
	})
	return err == nil && marks == 2
}

type inspectEval struct {
	EvalID      string `json:"eval_id"`
	RunID       string `json:"run_id"`
	TaskID      string `json:"task_id"`
	Created     string `json:"created"`
	Task        string `json:"task"`
	TaskVersion word   `json:"task_version"`
	Model       string `json:"model"`
	Config      struct {
		Limit    jsontext.Value `json:"limit"`
		SampleID jsontext.Value `json:"sample_id"`
		Epochs   count          `json:"epochs"`
	} `json:"config"`
	Revision struct {
		Dirty bool `json:"dirty"`
	} `json:"revision"`
	Packages struct {
		Inspect string `json:"inspect_ai"`
	} `json:"packages"`
}

type inspectStats struct {
	StartedAt   string `json:"started_at"`
	CompletedAt string `json:"completed_at"`
}

// measureInspect reads a whole log, without its samples.
func measureInspect(doc *document) (Measurement, error) {
	var eval inspectEval
	var stats inspectStats
	var status string
	var invalidated bool
	if err := readSections(doc, map[string]any{
		"eval": &eval, "stats": &stats, "status": &status, "invalidated": &invalidated,
	}); err != nil {
		return Measurement{}, err
	}
	m, err := inspectIdentity(doc, eval)
	if err != nil {
		return Measurement{}, err
	}
	if err := inspectTimes(&m, eval, stats); err != nil {
		return Measurement{}, err
	}
	m.Unfinished = inspectUnfinished(status, invalidated, doc.has("error"))
	if m.Unfinished == "" {
		m.Finished, m.EndMarker = true, `status is "success"`
	}
	var grouped bool
	m.Results, grouped, err = inspectResults(doc, eval)
	if err != nil {
		return Measurement{}, err
	}
	if grouped {
		m.Warnings = append(m.Warnings, "the log does not count the samples of a group: grouped metrics have no counts")
	}
	m.Warnings = append(m.Warnings, inspectWarnings(doc, eval)...)
	return m, nil
}

func readSections(doc *document, targets map[string]any) error {
	for _, name := range (inspectJSON{}).sections() {
		target, ok := targets[name]
		if !ok {
			continue
		}
		if err := doc.decode(name, target); err != nil {
			return err
		}
	}
	return nil
}

// inspectIdentity reads what a log states at its beginning.
func inspectIdentity(doc *document, eval inspectEval) (Measurement, error) {
	if version := string(doc.sections["version"]); doc.has("version") && version != "1" && version != "2" {
		return Measurement{}, unreadable("\"version\" of the log is neither 1 nor 2: this format is not known")
	}
	m := Measurement{Tool: "inspect_ai", RunID: eval.EvalID}
	if m.RunID == "" && eval.RunID != "" {
		// Logs before eval_id: a run may hold several tasks, each with a log of its own.
		m.RunID = eval.RunID + "/" + eval.TaskID
	}
	m.ToolVersion, m.Task, m.Model = eval.Packages.Inspect, eval.Task, eval.Model
	for _, field := range []struct{ path, value string }{
		{"eval.eval_id", m.RunID}, {"eval.packages.inspect_ai", m.ToolVersion}, {"eval.task", m.Task},
		{"eval.task_version", string(eval.TaskVersion)}, {"eval.model", m.Model},
	} {
		if err := checkName(field.path, field.value); err != nil {
			return Measurement{}, err
		}
	}
	limit := eval.Config.Limit
	if len(limit) > 64 {
		return Measurement{}, unreadable("\"eval.config.limit\" is not of the type the format gives it")
	}
	if len(limit) > 0 && limit.Kind() != 'n' {
		m.Limit = string(limit)
	}
	return m, nil
}

func inspectTimes(m *Measurement, eval inspectEval, stats inspectStats) error {
	started, path := stats.StartedAt, "stats.started_at"
	if started == "" {
		started, path = eval.Created, "eval.created"
	}
	var err error
	var localStart, localEnd bool
	if m.Started, localStart, err = claimedTime(path, started); err != nil {
		return err
	}
	if m.Ended, localEnd, err = claimedTime("stats.completed_at", stats.CompletedAt); err != nil {
		return err
	}
	if localStart || localEnd {
		m.Warnings = append(m.Warnings, "the log states times without a zone; they are read as UTC, as Inspect does")
	}
	if m.Started != nil && m.Ended != nil && m.Ended.Before(*m.Started) {
		m.Warnings = append(m.Warnings, "the log says that the run ended before it started")
	}
	return nil
}

// claimedTime reads a time of the file; empty is none. The logs of version 1 have local times without a zone.
func claimedTime(path, text string) (at *time.Time, local bool, err error) {
	if text == "" {
		return nil, false, nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return new(t.UTC()), false, nil
	}
	t, err := time.Parse("2006-01-02T15:04:05", text)
	if err != nil {
		return nil, false, unreadable("%q is not an RFC 3339 time", path)
	}
	return &t, true, nil
}

// inspectUnfinished says why a log is not that of a run that ended well, or nothing.
func inspectUnfinished(status string, invalidated, failed bool) string {
	switch status {
	case "success":
	case "started":
		return `status is "started": the run is still going, or it was killed`
	case "cancelled":
		return `status is "cancelled": somebody stopped the run`
	case "error":
		return `status is "error": the run broke off`
	default:
		return "status is none of success, started, cancelled and error"
	}
	switch {
	case invalidated:
		return "the log is invalidated: samples were declared invalid after the run"
	case failed:
		return `status is "success", but the log holds an error`
	}
	return ""
}

func inspectWarnings(doc *document, eval inspectEval) []string {
	var warnings []string
	if doc.filled("log_updates") {
		warnings = append(warnings, "the log was edited after the run (log_updates)")
	}
	if doc.filled("config_updates") {
		warnings = append(warnings, "the configuration was changed while the run went on (config_updates)")
	}
	if eval.Revision.Dirty {
		warnings = append(warnings, "the evaluation's source tree had uncommitted changes (eval.revision.dirty)")
	}
	if limit := eval.Config.Limit; len(limit) > 0 && limit.Kind() != 'n' {
		warnings = append(warnings, fmt.Sprintf("only a part of the data set was run (eval.config.limit %s)", limit))
	}
	if id := eval.Config.SampleID; len(id) > 0 && id.Kind() != 'n' {
		warnings = append(warnings, "only chosen samples were run (eval.config.sample_id)")
	}
	return warnings
}
