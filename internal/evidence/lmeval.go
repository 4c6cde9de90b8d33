// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// lmEval reads the results_*.json files of lm-evaluation-harness 0.4.
type lmEval struct{}

func (lmEval) name() Format { return LMEval }

func (lmEval) sections() []string {
	return []string{
		"results", "groups", "group_subtasks", "versions", "n-samples", "higher_is_better", "config",
		"model_name", "lm_eval_version", "date", "total_evaluation_time_seconds",
	}
}

func (lmEval) claims(f *file) bool {
	return f.document != nil && f.document.is("results", '{') && f.document.is("versions", '{') && f.document.is("n-samples", '{')
}

func (lmEval) measure(f *file) (Measurement, error) { return measureLMEval(f.document) }

// lmEvalLegacy reads the files of lm-evaluation-harness before sample counts: 0.3, and the first of 0.4.
type lmEvalLegacy struct{}

func (lmEvalLegacy) name() Format { return LMEvalLegacy }

func (lmEvalLegacy) sections() []string { return lmEval{}.sections() }

func (lmEvalLegacy) claims(f *file) bool {
	if f.document == nil {
		return false
	}
	_, counted := f.document.kinds["n-samples"]
	return !counted && f.document.is("results", '{') && f.document.is("versions", '{') && f.document.is("config", '{')
}

func (lmEvalLegacy) measure(f *file) (Measurement, error) { return measureLMEval(f.document) }

type lmEvalConfig struct {
	ModelArgs jsontext.Value `json:"model_args"`
	ModelSHA  string         `json:"model_sha"`
	Limit     word           `json:"limit"`
}

func measureLMEval(doc *document) (Measurement, error) {
	var config lmEvalConfig
	var model, version string
	for _, section := range []struct {
		name   string
		target any
	}{{"config", &config}, {"model_name", &model}, {"lm_eval_version", &version}} {
		if err := doc.decode(section.name, section.target); err != nil {
			return Measurement{}, err
		}
	}
	if model == "" {
		model = modelArgument(config.ModelArgs)
	}
	m := Measurement{
		Tool: "lm-evaluation-harness", ToolVersion: version, Model: model, ModelPin: config.ModelSHA,
		Limit: string(config.Limit), Finished: true, EndMarker: "the tool writes the file once, after the run",
	}
	for _, field := range []struct{ path, value string }{
		{"model_name", m.Model}, {"lm_eval_version", m.ToolVersion}, {"config.model_sha", m.ModelPin},
		{"config.limit", m.Limit},
	} {
		if err := checkName(field.path, field.value); err != nil {
			return Measurement{}, err
		}
	}
	if m.Limit != "" {
		m.Warnings = append(m.Warnings, "only a part of each data set was run (config.limit "+cut(m.Limit)+")")
	}
	if err := lmEvalTimes(&m, doc); err != nil {
		return Measurement{}, err
	}
	var err error
	if m.Results, err = lmEvalResults(doc); err != nil {
		return Measurement{}, err
	}
	m.Task = onlyTask(m.Results)
	return m, nil
}

func onlyTask(results []Result) string {
	if len(results) == 0 {
		return ""
	}
	for _, r := range results {
		if r.Task != results[0].Task {
			return ""
		}
	}
	return results[0].Task
}

// modelArgument finds the model in the arguments of a run, which are "key=value,..." or an object.
func modelArgument(args jsontext.Value) string {
	if len(args) == 0 {
		return ""
	}
	switch args.Kind() {
	case '{':
		var named struct {
			Pretrained word `json:"pretrained"`
			Model      word `json:"model"`
		}
		if decodeValue("config.model_args", args, &named) != nil {
			return ""
		}
		if named.Pretrained != "" {
			return string(named.Pretrained)
		}
		return string(named.Model)
	case '"':
		var text word
		if decodeValue("config.model_args", args, &text) != nil {
			return ""
		}
		for _, key := range []string{"pretrained", "model"} {
			for argument := range strings.SplitSeq(string(text), ",") {
				if value, ok := strings.CutPrefix(argument, key+"="); ok {
					return value
				}
			}
		}
	}
	return ""
}

// lmEvalTimes reads the start, and the end as start and duration: the file's own end_time is the reading
// of a clock that has no date.
func lmEvalTimes(m *Measurement, doc *document) error {
	var date, duration word
	if err := doc.decode("date", &date); err != nil {
		return err
	}
	if err := doc.decode("total_evaluation_time_seconds", &duration); err != nil {
		return err
	}
	if date == "" {
		return nil
	}
	const lastSecond = 253402300799 // of the year 9999
	start, ok := seconds(date, lastSecond)
	if !ok {
		return unreadable("\"date\" is not a number of seconds since 1970")
	}
	whole, fraction := math.Modf(start)
	m.Started = new(time.Unix(int64(whole), int64(fraction*1e9)).UTC())
	if duration == "" {
		return nil
	}
	const longest = 10 * 365 * 24 * 3600
	took, ok := seconds(duration, longest)
	if !ok {
		return unreadable("\"total_evaluation_time_seconds\" is not a number of seconds")
	}
	m.Ended = new(m.Started.Add(time.Duration(took * float64(time.Second))))
	return nil
}

func seconds(text word, largest float64) (float64, bool) {
	value, err := strconv.ParseFloat(string(text), 64)
	// NaN is in no range.
	return value, err == nil && value >= 0 && value <= largest
}
