// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

const (
	helmSpec  = "run_spec.json"
	helmStats = "stats.json"
)

// helm reads the run directories of HELM, as an archive: run_spec.json says what was run, stats.json how it
// went. Either of them alone is the half of a run.
type helm struct{}

func (helm) name() Format { return HELM }

func (helm) sections() []string { return []string{"name", "adapter_spec", "scenario_spec"} }

func (helm) claims(f *file) bool {
	switch {
	case f.archive != nil:
		return slices.ContainsFunc(f.archive.names(), func(name string) bool { return path.Base(name) == helmSpec }) ||
			helmStatsIn(f.archive)
	case f.list != nil:
		return isHELMStat(f.list.first)
	case f.document != nil:
		return isHELMSpec(f.document)
	}
	return false
}

// helmStatsIn reports whether an archive has statistics without a specification.
func helmStatsIn(a *archive) bool {
	for _, name := range a.names() {
		if path.Base(name) != helmStats {
			continue
		}
		if stats, err := a.list(name); err == nil && isHELMStat(stats.first) {
			return true
		}
	}
	return false
}

func isHELMSpec(doc *document) bool {
	return doc.is("adapter_spec", '{') && doc.is("scenario_spec", '{') && doc.is("name", '"')
}

// helmRun is one run directory.
type helmRun struct {
	name, model, limit string
	results            []Result
	unfinished         string
}

func (h helm) measure(f *file) (Measurement, error) {
	runs, err := h.runs(f)
	if err != nil {
		return Measurement{}, err
	}
	m := Measurement{Tool: "HELM", Model: runs[0].model, Limit: runs[0].limit}
	var unfinished string
	for _, run := range runs {
		if run.model != m.Model {
			return Measurement{}, unreadable("the archive holds runs of more than one model: make an archive for each")
		}
		if run.limit != m.Limit {
			m.Limit = ""
		}
		if unfinished == "" {
			unfinished = run.unfinished
		}
		if m.Results = append(m.Results, run.results...); len(m.Results) > h.limits(f).Results {
			return Measurement{}, tooManyResults(h.limits(f))
		}
	}
	slices.SortStableFunc(m.Results, bySelector)
	if m.Results, err = mergeEqual(m.Results); err != nil {
		return Measurement{}, err
	}
	m.Task = onlyTask(m.Results)
	if m.Limit != "" {
		m.Warnings = append(m.Warnings, "at most "+m.Limit+" instances of the scenario were run (adapter_spec.max_eval_instances)")
	}
	m.finish("run_spec.json and stats.json: the tool writes both after the run", unfinished)
	return m, nil
}

func (helm) limits(f *file) Limits {
	switch {
	case f.archive != nil:
		return f.archive.limits
	case f.list != nil:
		return f.list.limits
	}
	return f.document.limits
}

// runs are those of the file, at least one.
func (h helm) runs(f *file) ([]helmRun, error) {
	var run helmRun
	switch {
	case f.list != nil:
		run.unfinished = helmSpec + " is missing: nothing says which model was run; give an archive of the run directory"
		return []helmRun{run}, run.readStats("", f.list)
	case f.document != nil:
		run.unfinished = helmStats + " is missing: nothing was measured; give an archive of the run directory"
		return []helmRun{run}, run.readSpec(f.document)
	}
	directories := map[string]bool{}
	for _, name := range f.archive.names() {
		if base := path.Base(name); base == helmSpec || base == helmStats {
			directories[strings.TrimSuffix(name, base)] = true
		}
	}
	if len(directories) > f.archive.limits.Results {
		return nil, tooManyResults(f.archive.limits)
	}
	var runs []helmRun
	for _, directory := range slices.Sorted(maps.Keys(directories)) {
		prefix := ""
		if len(directories) > 1 {
			prefix = path.Base("/"+directory) + "/"
		}
		run, err := h.read(f.archive, directory, prefix)
		if err != nil {
			return nil, err
		}
		runs = append(runs, run)
	}
	return runs, nil
}

// read reads one directory of an archive. The prefix goes before the selectors of its results.
func (helm) read(a *archive, directory, prefix string) (helmRun, error) {
	var run helmRun
	if err := checkName("the name of a run directory", directory); err != nil {
		return run, err
	}
	if a.has(directory + helmSpec) {
		doc, err := a.document(directory + helmSpec)
		if err != nil {
			return run, err
		}
		if !isHELMSpec(doc) {
			return run, unreadable("the entry %s is not the specification of a HELM run", cut(directory+helmSpec))
		}
		if err := run.readSpec(doc); err != nil {
			return run, err
		}
	} else {
		run.unfinished = fmt.Sprintf("%s%s is missing: nothing says which model was run", cut(directory), helmSpec)
	}
	if !a.has(directory + helmStats) {
		run.unfinished = fmt.Sprintf("%s%s is missing: the run is still going, or it broke off", cut(directory), helmStats)
		return run, nil
	}
	stats, err := a.list(directory + helmStats)
	if err != nil {
		return run, err
	}
	return run, run.readStats(prefix, stats)
}

func (r *helmRun) readSpec(doc *document) error {
	var adapter struct {
		Model      word `json:"model"`
		Deployment word `json:"model_deployment"`
		Limit      word `json:"max_eval_instances"`
	}
	var name word
	if err := doc.decode("adapter_spec", &adapter); err != nil {
		return err
	}
	if err := doc.decode("name", &name); err != nil {
		return err
	}
	r.name, r.model, r.limit = string(name), string(adapter.Model), string(adapter.Limit)
	if r.model == "" {
		r.model = string(adapter.Deployment)
	}
	return checkNames(
		namedText{"name", r.name}, namedText{"adapter_spec.model", r.model},
		namedText{"adapter_spec.max_eval_instances", r.limit},
	)
}
