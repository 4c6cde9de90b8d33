// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// nemoBundle reads the bundle (eval-*.json) that NeMo Evaluator writes for each benchmark.
type nemoBundle struct{}

func (nemoBundle) name() Format { return NeMoBundle }

func (nemoBundle) sections() []string {
	return []string{"run_id", "sdk_version", "timestamp", "config", "benchmark", "n_results", "_container_exit_code", "_resumed"}
}

func (nemoBundle) claims(f *file) bool {
	doc := f.document
	if doc == nil || !doc.is("benchmark.name", '"') {
		return false
	}
	_, resumed := doc.kinds["_resumed"]
	return doc.is("benchmark.scores", '{') || resumed
}

type nemoConfig struct {
	Model       jsontext.Value `json:"model"`
	MaxProblems word           `json:"max_problems"`
	Framework   word           `json:"framework"`
}

// model is a name, or an object that has one.
func (c nemoConfig) model() (string, error) {
	if len(c.Model) == 0 {
		return "", nil
	}
	if c.Model.Kind() == '{' {
		var named struct {
			ID      word `json:"id"`
			ModelID word `json:"model_id"`
			Name    word `json:"name"`
		}
		err := decodeValue("config.model", c.Model, &named)
		return firstOf(named.ModelID, named.ID, named.Name), err
	}
	var name word
	err := decodeValue("config.model", c.Model, &name)
	return string(name), err
}

type nemoBenchmark struct {
	Name       word           `json:"name"`
	Samples    count          `json:"samples"`
	Repeats    count          `json:"repeats"`
	Scores     jsontext.Value `json:"scores"`
	Categories jsontext.Value `json:"categories"`
}

func (nemoBundle) measure(f *file) (Measurement, error) {
	doc := f.document
	var runID, version, timestamp, exitCode word
	var config nemoConfig
	var benchmark nemoBenchmark
	var rows count
	if err := doc.decodeAll(
		field{"run_id", &runID}, field{"sdk_version", &version}, field{"timestamp", &timestamp},
		field{"config", &config}, field{"benchmark", &benchmark}, field{"n_results", &rows},
		field{"_container_exit_code", &exitCode},
	); err != nil {
		return Measurement{}, err
	}
	model, err := config.model()
	if err != nil {
		return Measurement{}, err
	}
	m := Measurement{
		Tool: "nemo-evaluator", ToolVersion: string(version), Task: string(benchmark.Name), RunID: string(runID),
		Model: model, Limit: string(config.MaxProblems),
	}
	if err := checkNames(
		namedText{"sdk_version", m.ToolVersion}, namedText{"benchmark.name", m.Task}, namedText{"run_id", m.RunID},
		namedText{"config.model", m.Model}, namedText{"config.max_problems", m.Limit},
	); err != nil {
		return Measurement{}, err
	}
	if m.Limit != "" {
		m.Warnings = append(m.Warnings, "only a part of the data set was run (config.max_problems "+cut(m.Limit)+")")
	}
	if err := setTimes(&m, namedText{}, namedText{"timestamp", string(timestamp)}); err != nil {
		return Measurement{}, err
	}
	m.finish("the tool writes the bundle once, after the run", nemoUnfinished(doc, exitCode))
	counts, reason := nemoCounts(benchmark, rows, config.Framework == "container")
	if reason != "" {
		m.doubt(reason)
	}
	counts.Task = m.Task
	if m.Results, err = nemoResults(doc.limits, benchmark, counts); err != nil {
		return Measurement{}, err
	}
	for _, r := range m.Results {
		if outsideInterval(r) {
			m.doubt("a value is outside of its own interval")
		}
	}
	return m, nil
}

func nemoUnfinished(doc *document, exitCode word) string {
	switch resumed, ok := doc.sections["_resumed"]; {
	case ok && resumed.Kind() != 'f' && resumed.Kind() != 'n':
		return "the bundle is a stub of a resumed run (_resumed): it has no results of its own"
	case exitCode != "" && exitCode != "0":
		return "the evaluation container ended with an error (_container_exit_code)"
	}
	return ""
}

// nemoCounts are the counts of distinct problems, and what is wrong with them.
func nemoCounts(benchmark nemoBenchmark, rows count, container bool) (Result, string) {
	samples := benchmark.Samples.n
	if samples == nil || container && *samples == 0 {
		return Result{}, "" // a container that states no number is written down as 0
	}
	counts := Result{Planned: samples, Judged: samples}
	repeats := int64(1)
	if benchmark.Repeats.n != nil {
		repeats = *benchmark.Repeats.n
	}
	if rows.n == nil || repeats == 0 || *samples > maxCount/repeats {
		return counts, ""
	}
	whole := *samples * repeats
	if *rows.n > whole {
		return counts, "n_results is more than benchmark.samples times benchmark.repeats: the counts contradict each other"
	}
	missing := (whole - *rows.n + repeats - 1) / repeats
	counts.Judged, counts.Unjudged = new(*samples-missing), &missing
	return counts, ""
}

// nemoScore is one score of a bundle or of a container's results; older writers give the bare number.
type nemoScore struct {
	Value decimal `json:"value"`
	Low   decimal `json:"ci_lower"`
	High  decimal `json:"ci_upper"`
	// Scores without an interval over samples may have one over resampled problems.
	BootstrapLow  decimal `json:"bootstrap_ci_lower"`
	BootstrapHigh decimal `json:"bootstrap_ci_upper"`
	Stats         struct {
		Count  count   `json:"count"`
		Stderr decimal `json:"stderr"`
	} `json:"stats"`
}

// read reads a score into a result, whose counts are those of the whole benchmark.
func (s *nemoScore) read(path string, value jsontext.Value, r *Result) error {
	switch value.Kind() {
	case '{':
		if err := decodeValue(path, value, s); err != nil {
			return err
		}
	default:
		if err := decodeValue(path, value, &s.Value); err != nil {
			return err
		}
	}
	if s.Stats.Stderr.negative() {
		return unreadable("the standard error of %q is negative", cut(r.Selector))
	}
	if n := s.Stats.Count.n; n != nil {
		r.Judged, r.Planned = n, n
		r.Unjudged = nil
	}
	if r.Judged != nil && *r.Judged == 0 {
		return nil
	}
	r.Value = string(s.Value)
	if !r.HasData() {
		return nil
	}
	r.StandardError = string(s.Stats.Stderr)
	switch {
	case s.Low != "" && s.High != "":
		r.Low, r.High = string(s.Low), string(s.High)
	case s.BootstrapLow != "" && s.BootstrapHigh != "":
		r.Low, r.High = string(s.BootstrapLow), string(s.BootstrapHigh)
	}
	return nil
}

func nemoResults(limits Limits, benchmark nemoBenchmark, counts Result) ([]Result, error) {
	var results []Result
	add := func(r Result) error {
		if len(results) == limits.Results {
			return tooManyResults(limits)
		}
		results = append(results, r)
		return nil
	}
	err := eachMember("benchmark.scores", benchmark.Scores, func(metric string, value jsontext.Value) error {
		if err := checkName("benchmark.scores", metric); err != nil {
			return err
		}
		if kind := value.Kind(); kind != '{' && kind != '0' && kind != 'n' {
			return nil // a remark, not a score
		}
		r := counts
		r.Selector, r.Aliases = metric, []string{counts.Task + "/" + metric}
		var score nemoScore
		if err := score.read("benchmark.scores", value, &r); err != nil {
			return err
		}
		return add(r)
	})
	if err != nil {
		return nil, err
	}
	err = eachMember("benchmark.categories", benchmark.Categories, func(category string, value jsontext.Value) error {
		if err := checkName("benchmark.categories", category); err != nil {
			return err
		}
		var row struct {
			Mean decimal `json:"mean_reward"`
			N    count   `json:"n"`
		}
		if err := decodeValue("benchmark.categories", value, &row); err != nil {
			return err
		}
		r := Result{
			Selector: "categories/" + category + "/mean_reward", Aliases: []string{category + "/mean_reward"},
			Task: counts.Task, Planned: row.N.n, Judged: row.N.n,
		}
		if r.Judged == nil || *r.Judged > 0 {
			r.Value = string(row.Mean)
		}
		return add(r)
	})
	slices.SortStableFunc(results, bySelector)
	return results, err
}

// outsideInterval reports whether a value contradicts its interval, with room for the rounding of either.
func outsideInterval(r Result) bool {
	const rounding = 1e-3
	value, ok := decimal(r.Value).float()
	low, hasLow := decimal(r.Low).float()
	high, hasHigh := decimal(r.High).float()
	return ok && hasLow && hasHigh && !(low-rounding <= value && value <= high+rounding)
}
