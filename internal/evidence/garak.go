// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// garakReport reads the *.report.jsonl files of NVIDIA garak.
type garakReport struct{}

func (garakReport) name() Format { return GarakReport }

func (garakReport) sections() []string { return []string{"entry_type", "meta"} }

// claims asks for a first row of one of the kinds that a report has. Rows may come in any order.
func (garakReport) claims(f *file) bool {
	if f.lines == nil {
		return false
	}
	kind := garakKind(f.lines.first)
	kinds := []string{
		"start_run setup", garakArguments, "plugin_cache", "payload_init", "init", "attempt", "eval", "probe_summary",
		"harness_stub_summary", "harness_summary", "completion", "digest",
	}
	return slices.Contains(kinds, kind) && !isGarakDigest(f)
}

// garakArguments is the kind of the setup row in the first versions, whose runs leave no completion row.
const garakArguments = "start_run args config"

func garakKind(row *document) string {
	if !row.is("entry_type", '"') {
		return ""
	}
	var kind string
	if err := row.decode("entry_type", &kind); err != nil {
		return ""
	}
	return kind
}

// measure reads the rows that a run leaves besides its attempts. The attempts are not read: there may be
// fewer of them than were evaluated.
func (garakReport) measure(f *file) (Measurement, error) {
	run := garakRun{rows: map[garakKey]bool{}, limits: f.lines.limits}
	err := f.lines.each(garakMembers(), func(n int, row *document) error { return inRow(n, run.read(row)) })
	if err != nil {
		return Measurement{}, err
	}
	return run.measurement()
}

// garakMembers are the members of all rows that are read. Those of the setup have dots in their names.
func garakMembers() []string {
	return []string{
		"entry_type", "run", "orig_uuid", "start_time", "end_time", "garak_version", "_config.version",
		"plugins.target_name", "plugins.model_name", "model_name",
		"probe", "detector", "passed", "fails", "nones", "total", "total_evaluated", "total_processed",
		"confidence", "confidence_lower", "confidence_upper", "intents",
	}
}

// garakRun is what the rows of a report say together.
type garakRun struct {
	limits                   Limits
	setup, init, completion  int
	model, version           string
	started, ended           string
	initRun, completionRun   string
	aggregated               bool
	contradiction            string
	rows                     map[garakKey]bool
	results                  []Result
	oddConfidence, oddBounds bool
}

type garakKey struct{ probe, detector string }

func (g *garakRun) read(row *document) error {
	switch garakKind(row) {
	case "":
		return unreadable("a row of the report has no \"entry_type\"")
	case "start_run setup", garakArguments:
		g.setup++
		return g.readSetup(row)
	case "init":
		g.init++
		return g.readInit(row)
	case "completion":
		g.completion++
		if err := row.decodeAll(field{"end_time", &g.ended}, field{"run", &g.completionRun}); err != nil {
			return err
		}
		return checkName("run", g.completionRun)
	case "eval":
		return g.readEval(row)
	}
	return nil
}

func (g *garakRun) readSetup(row *document) error {
	// Before 0.13.1 the target was called the model, and before that it was an argument.
	var target, model, argument, version word
	if err := row.decodeAll(field{"plugins.target_name", &target}, field{"plugins.model_name", &model},
		field{"model_name", &argument}, field{"_config.version", &version}); err != nil {
		return err
	}
	g.model = firstOf(target, model, argument)
	if g.version == "" {
		g.version = string(version)
	}
	if err := checkName("plugins.target_name", g.model); err != nil {
		return err
	}
	return checkName("_config.version", g.version)
}

func (g *garakRun) readInit(row *document) error {
	var version word
	if err := row.decodeAll(field{"garak_version", &version}, field{"start_time", &g.started}, field{"run", &g.initRun}); err != nil {
		return err
	}
	if version != "" {
		g.version = string(version)
	}
	g.aggregated = g.aggregated || row.has("orig_uuid")
	if err := checkName("garak_version", g.version); err != nil {
		return err
	}
	return checkName("run", g.initRun)
}

// measurement puts together what was read.
func (g *garakRun) measurement() (Measurement, error) {
	m := Measurement{Tool: "garak", ToolVersion: g.version, Model: g.model, RunID: g.initRun}
	if m.RunID == "" {
		m.RunID = g.completionRun
	}
	if err := garakTimes(&m, g.started, g.ended); err != nil {
		return Measurement{}, err
	}
	if m.Unfinished = g.unfinished(); m.Unfinished == "" {
		m.Finished, m.EndMarker = true, "the report has a completion row"
	}
	if g.oddConfidence {
		m.Warnings = append(m.Warnings, "intervals that are not stated as 95 % intervals are left out")
	}
	if g.oddBounds {
		m.Warnings = append(m.Warnings, "intervals that do not hold the attack success rate, or lack a bound, are left out")
	}
	m.Results = g.results
	slices.SortStableFunc(m.Results, bySelector)
	m.Task = onlyTask(m.Results)
	return m, nil
}

// unfinished says why the report is not that of one run that ended well, or nothing.
func (g *garakRun) unfinished() string {
	switch {
	case g.aggregated:
		return "the report was put together from others (orig_uuid): import the reports it was made of"
	case g.init > 1 || g.setup > 1 || g.completion > 1:
		return "the report holds more than one run: import one report a run"
	case g.completion == 0:
		return "the report has no completion row: the run is still going, or it was killed"
	case g.init == 1 && g.initRun != g.completionRun:
		return "the run that was started (init) is not the one that was completed (completion)"
	}
	return g.contradiction
}

// garakTimes reads times of garak, which are those of its machine's clock and have no zone.
func garakTimes(m *Measurement, started, ended string) error {
	var err error
	var localStart, localEnd bool
	if m.Started, localStart, err = claimedTime("start_time", started); err != nil {
		return err
	}
	if m.Ended, localEnd, err = claimedTime("end_time", ended); err != nil {
		return err
	}
	if localStart || localEnd {
		m.Warnings = append(m.Warnings, "the report states times without a zone; they are read as UTC: run garak with TZ=UTC")
	}
	if m.Started != nil && m.Ended != nil && m.Ended.Before(*m.Started) {
		m.Warnings = append(m.Warnings, "the report says that the run ended before it started")
	}
	return nil
}

// garakHitlog reads the *.hitlog.jsonl files of garak. They hold what got through and nothing else, so no
// rate and no end can be read out of them.
type garakHitlog struct{}

func (garakHitlog) name() Format { return GarakHitlog }

func (garakHitlog) sections() []string { return nil }

func (garakHitlog) claims(f *file) bool {
	if f.lines == nil {
		return false
	}
	row := f.lines.first
	return row.is("probe", '"') && row.is("detector", '"') && row.is("attempt_id", '"') && !row.has("entry_type")
}

func (garakHitlog) measure(f *file) (Measurement, error) {
	m := Measurement{
		Tool:       "garak",
		Unfinished: "the file is a hitlog: it holds hits and not how many attempts were made; import the report (*.report.jsonl)",
	}
	hits := map[garakKey]int64{}
	members := []string{"probe", "detector", "run_id", "generator"}
	err := f.lines.each(members, func(n int, row *document) error {
		var key garakKey
		var run, generator string
		if err := row.decodeAll(field{"probe", &key.probe}, field{"detector", &key.detector}, field{"run_id", &run},
			field{"generator", &generator}); err != nil {
			return inRow(n, err)
		}
		if err := key.check(); err != nil {
			return inRow(n, err)
		}
		if n == 1 {
			m.RunID = run
			// The generator's class, then the model's name.
			_, m.Model, _ = strings.Cut(generator, " ")
		} else if m.RunID != run {
			m.RunID, m.Model = "", ""
		}
		if hits[key]++; 3*len(hits) > f.lines.limits.Results {
			return tooManyResults(f.lines.limits)
		}
		return nil
	})
	if err != nil {
		return Measurement{}, err
	}
	if err := checkName("run_id", m.RunID); err != nil {
		return Measurement{}, err
	}
	if err := checkName("generator", m.Model); err != nil {
		return Measurement{}, err
	}
	for key, n := range hits {
		none := garakRates(key, "", Result{})
		count := Result{Selector: key.selector("", "hits"), Task: key.probe, Scale: "count", Value: ratio(n, 1)}
		m.Results = append(m.Results, append(none, count)...)
	}
	slices.SortStableFunc(m.Results, bySelector)
	m.Task = onlyTask(m.Results)
	return m, nil
}

// garakDigest reads a digest on its own: the summary that garak appends to a report.
type garakDigest struct{}

func (garakDigest) name() Format { return GarakDigest }

func (garakDigest) sections() []string { return garakReport{}.sections() }

func (garakDigest) claims(f *file) bool { return isGarakDigest(f) }

func isGarakDigest(f *file) bool {
	return f.document != nil && garakKind(f.document) == "digest" && f.document.is("eval", '{')
}

// measure reads who was tested, and the pass rates without their counts: a digest is written for runs that
// broke off too, and its scores are of unknown numbers of outputs.
func (garakDigest) measure(f *file) (Measurement, error) {
	var meta struct {
		Version string `json:"garak_version"`
		Run     string `json:"run_uuid"`
		Started string `json:"start_time"`
		Setup   struct {
			Target word `json:"plugins.target_name"`
			Model  word `json:"plugins.model_name"`
		} `json:"setup"`
	}
	if err := f.document.decode("meta", &meta); err != nil {
		return Measurement{}, err
	}
	if meta.Setup.Target == "" {
		meta.Setup.Target = meta.Setup.Model
	}
	m := Measurement{
		Tool: "garak", ToolVersion: meta.Version, RunID: meta.Run, Model: string(meta.Setup.Target),
		Unfinished: "the file is a digest without its report: it does not say that the run ended; import the report (*.report.jsonl)",
	}
	for _, field := range []struct{ path, value string }{
		{"meta.garak_version", m.ToolVersion}, {"meta.run_uuid", m.RunID}, {"meta.setup.plugins.target_name", m.Model},
	} {
		if err := checkName(field.path, field.value); err != nil {
			return Measurement{}, err
		}
	}
	if err := garakTimes(&m, meta.Started, ""); err != nil {
		return Measurement{}, err
	}
	err := f.document.eachNamed("eval.*", func(_ string, group jsontext.Value) error {
		return garakDigestGroup(&m, group, f.document.limits)
	})
	slices.SortStableFunc(m.Results, bySelector)
	m.Task = onlyTask(m.Results)
	return m, err
}

// garakDigestGroup reads the scores of the probes of one group.
func garakDigestGroup(m *Measurement, group jsontext.Value, limits Limits) error {
	return eachMember("eval", group, func(probe string, detectors jsontext.Value) error {
		if strings.HasPrefix(probe, "_") {
			return nil // a summary
		}
		return eachMember("eval", detectors, func(detector string, scores jsontext.Value) error {
			if strings.HasPrefix(detector, "_") {
				return nil
			}
			key := garakKey{probe, detector}
			if err := key.check(); err != nil {
				return err
			}
			var score struct {
				Absolute decimal `json:"absolute_score"`
			}
			if err := decodeValue("eval", scores, &score); err != nil {
				return err
			}
			if m.Results = append(m.Results, Result{
				Selector: key.selector("", "passRate"), Task: probe, Scale: "0..1", Value: string(score.Absolute),
			}); len(m.Results) > limits.Results {
				return tooManyResults(limits)
			}
			return nil
		})
	})
}
