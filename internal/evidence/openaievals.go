// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"github.com/go-json-experiment/json/jsontext"
)

// openAIEvals reads the log that oaieval of OpenAI evals records: JSON Lines.
type openAIEvals struct{}

func (openAIEvals) name() Format { return OpenAIEvals }

func (openAIEvals) sections() []string { return []string{"spec"} }

// claims asks for a first row with the specification of a run, which a Kubernetes object never has.
func (openAIEvals) claims(f *file) bool {
	if f.lines == nil || !f.lines.first.is("spec", '{') || f.lines.first.has("apiVersion") {
		return false
	}
	marks := 0
	for member, kind := range map[string]jsontext.Kind{
		"completion_fns": '[', "model_names": '{', "model_name": '"', "eval_name": '"', "base_eval": '"',
		"split": '"', "run_config": '{', "run_id": '"',
	} {
		if f.lines.first.is("spec."+member, kind) {
			marks++
		}
	}
	return marks >= 2
}

type openAISpec struct {
	CompletionFns []word `json:"completion_fns"`
	// Logs of the first months of 2023 name the models here.
	ModelName  word `json:"model_name"`
	ModelNames struct {
		Completions []word `json:"completions"`
	} `json:"model_names"`
	EvalName  word `json:"eval_name"`
	RunID     word `json:"run_id"`
	CreatedAt word `json:"created_at"`
	RunConfig struct {
		MaxSamples word `json:"max_samples"`
	} `json:"run_config"`
}

func (s openAISpec) models() []word {
	switch {
	case len(s.CompletionFns) > 0:
		return s.CompletionFns
	case len(s.ModelNames.Completions) > 0:
		return s.ModelNames.Completions
	case s.ModelName != "":
		return []word{s.ModelName}
	}
	return nil
}

func (openAIEvals) measure(f *file) (Measurement, error) {
	var spec openAISpec
	if err := f.lines.first.decode("spec", &spec); err != nil {
		return Measurement{}, err
	}
	m := Measurement{
		Tool: "openai/evals", Task: string(spec.EvalName), RunID: string(spec.RunID),
		Limit: string(spec.RunConfig.MaxSamples),
	}
	if models := spec.models(); len(models) > 0 {
		m.Model = string(models[0])
		if len(models) > 1 {
			m.Warnings = append(m.Warnings, "the run used several completion functions; the first is taken for the model, "+
				"the others may be its judges")
		}
	}
	if err := checkNames(
		namedText{"spec.eval_name", m.Task}, namedText{"spec.run_id", m.RunID},
		namedText{"spec.run_config.max_samples", m.Limit}, namedText{"spec.completion_fns", m.Model},
	); err != nil {
		return Measurement{}, err
	}
	if m.Limit != "" {
		m.Warnings = append(m.Warnings, "only a part of the data set was run (spec.run_config.max_samples "+cut(m.Limit)+")")
	}
	log := openAILog{runID: m.RunID}
	if err := f.lines.each(openAIMembers(), log.read); err != nil {
		return Measurement{}, err
	}
	start, end := namedText{"spec.created_at", string(spec.CreatedAt)}, namedText{"created_at", log.lastTime}
	if err := setTimes(&m, start, end); err != nil {
		return Measurement{}, err
	}
	var err error
	if m.Results, err = log.results(f.lines.limits, m.Task); err != nil {
		return Measurement{}, err
	}
	m.finish("the log has a final_report", log.unfinished())
	return m, nil
}
