// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// modelbench reads the benchmark record of MLCommons modelbench (AILuminate).
type modelbench struct{}

func (modelbench) name() Format { return ModelBench }

func (modelbench) sections() []string {
	return []string{"_metadata", "benchmark", "run_uid", "score"}
}

// claims asks for a benchmark with hazards and scores; before version 1.0 a record held one score only.
func (modelbench) claims(f *file) bool {
	doc := f.document
	if doc == nil {
		return false
	}
	if doc.is("scores", '[') {
		return doc.is("benchmark.uid", '"') && doc.is("benchmark.hazards", '[') &&
			(doc.is("run_uid", '"') || doc.is("_metadata.format_version", '0'))
	}
	return doc.is("score.hazard_scores", '[') && doc.is("_metadata.format_version", '0')
}

type modelbenchMetadata struct {
	Run struct {
		Timestamp word `json:"timestamp"`
	} `json:"run"`
	Code struct {
		Source struct {
			Version word             `json:"code_version"`
			Changed []jsontext.Value `json:"changed_files"`
		} `json:"source"`
	} `json:"code"`
}

type modelbenchDefinition struct {
	UID       word               `json:"uid"`
	Version   word               `json:"version"`
	PromptSet word               `json:"prompt_set"`
	Hazards   []modelbenchHazard `json:"hazards"`
}

type modelbenchHazard struct {
	UID word `json:"uid"`
}

func (modelbench) measure(f *file) (Measurement, error) {
	doc := f.document
	var metadata modelbenchMetadata
	var benchmark modelbenchDefinition
	var runUID word
	if err := knownRecord(doc); err != nil {
		return Measurement{}, err
	}
	if err := doc.decodeAll(
		field{"_metadata", &metadata}, field{"benchmark", &benchmark}, field{"run_uid", &runUID},
	); err != nil {
		return Measurement{}, err
	}
	m := Measurement{
		Tool: "modelbench", ToolVersion: string(metadata.Code.Source.Version), Task: string(benchmark.UID), RunID: string(runUID),
	}
	if err := checkNames(
		namedText{"_metadata.code.source.code_version", m.ToolVersion}, namedText{"benchmark.uid", m.Task},
		namedText{"benchmark.version", string(benchmark.Version)}, namedText{"run_uid", m.RunID},
	); err != nil {
		return Measurement{}, err
	}
	if len(metadata.Code.Source.Changed) > 0 {
		m.Warnings = append(m.Warnings, "the evaluation's source tree had uncommitted changes (_metadata.code.source.changed_files)")
	}
	if set := strings.ToLower(string(benchmark.PromptSet)); set == "practice" || set == "demo" {
		m.Warnings = append(m.Warnings, "the prompts are those of the "+set+" set, not of the official one")
	}
	record := modelbenchRecord{limits: doc.limits, version: string(benchmark.Version)}
	record.define(benchmark)
	if err := record.readAll(doc); err != nil {
		return Measurement{}, err
	}
	if err := record.times(&m, metadata.Run.Timestamp); err != nil {
		return Measurement{}, err
	}
	m.Task = record.task
	if len(record.suts) == 1 {
		m.Model = record.suts[0]
	}
	slices.SortStableFunc(record.results, bySelector)
	m.Results = record.results
	m.finish("every score has an end_time", record.unfinished())
	return m, nil
}

// knownRecord refuses a version of the format that may mean other things.
func knownRecord(doc *document) error {
	var head struct {
		Version word `json:"format_version"`
	}
	if err := doc.decode("_metadata", &head); err != nil {
		return err
	}
	if head.Version != "" && head.Version != "1" {
		return unreadable("\"_metadata.format_version\" is not 1: this format is not known")
	}
	return nil
}

// times reads the end: the latest of the systems', else the time the record was written.
func (r *modelbenchRecord) times(m *Measurement, written word) error {
	end := namedText{"_metadata.run.timestamp", string(written)}
	ended := r.endTimes
	if len(ended) == 0 {
		return setTimes(m, namedText{}, end)
	}
	local := false
	for i, text := range ended {
		at, naive, err := pythonTime("scores.end_time", text)
		if err != nil {
			return err
		}
		local = local || naive
		if i == 0 || at.After(*m.Ended) {
			m.Ended = at
		}
	}
	if local {
		m.Warnings = append(m.Warnings, localTimes)
	}
	return nil
}
