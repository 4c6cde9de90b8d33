// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// jailbreakArtifact reads the attack artifacts of JailbreakBench: one attack on one model. Its header is
// known to disagree with its rows, which are counted.
type jailbreakArtifact struct{}

func (jailbreakArtifact) name() Format { return JailbreakBenchArtifact }

func (jailbreakArtifact) sections() []string { return []string{"parameters"} }

func (jailbreakArtifact) claims(f *file) bool {
	return f.document != nil && f.document.is("jailbreaks", '[') && f.document.is("parameters.method", '"')
}

// jailbreakParameters is the header of an artifact, with the names it had over time.
type jailbreakParameters struct {
	Method    word    `json:"method"`
	Model     word    `json:"model"`
	ModelName word    `json:"model_name"`
	ModelOld  word    `json:"model name"`
	Date      word    `json:"evaluation_date"`
	RunDate   word    `json:"run_date"`
	Rate      decimal `json:"attack_success_rate"`
	RateOld   decimal `json:"success rate"`
	Number    count   `json:"total_number_of_jailbreaks"`
	Submitted count   `json:"number_of_submitted_prompts"`
}

func (jailbreakArtifact) measure(f *file) (Measurement, error) {
	var header jailbreakParameters
	if err := f.document.decode("parameters", &header); err != nil {
		return Measurement{}, err
	}
	rows := newJailbreakRows(f.document.limits)
	if err := f.document.each("jailbreaks", rows.readRow); err != nil {
		return Measurement{}, err
	}
	m := Measurement{Tool: "JailbreakBench", Task: string(header.Method), Model: firstOf(header.Model, header.ModelName, header.ModelOld)}
	if err := checkNames(namedText{"parameters.method", m.Task}, namedText{"parameters.model", m.Model}); err != nil {
		return Measurement{}, err
	}
	if err := jailbreakDate(&m, "parameters.evaluation_date", firstOf(header.Date, header.RunDate)); err != nil {
		return Measurement{}, err
	}
	m.Results = rows.results("", m.Task)
	slices.SortStableFunc(m.Results, bySelector)
	reason := rows.unfinished("jailbreaks")
	if reason == "" {
		reason = header.contradiction(rows)
	}
	m.Warnings = append(m.Warnings, header.warnings(rows)...)
	m.finish("jailbreaks: the file is written once, after the attack", reason)
	return m, nil
}

// jailbreakDate reads the day of an evaluation as its end: the claim can only make a result older.
func jailbreakDate(m *Measurement, path, text string) error {
	if len(text) == len("2006-01-02") {
		text += "T00:00:00Z"
	}
	return setTimes(m, namedText{}, namedText{path, text})
}

// contradiction holds the stated rate of success against the rows: of all behaviours, or of those for which
// an attack was submitted. A rate above both says that jailbreaks are missing.
func (p jailbreakParameters) contradiction(rows *jailbreakRows) string {
	rate := p.Rate
	if rate == "" {
		rate = p.RateOld
	}
	stated, ok := rate.float()
	if !ok || rows.judged() == 0 {
		return ""
	}
	const rounding = 0.005
	held := float64(rows.failed) / float64(rows.judged())
	if rows.prompts > 0 {
		held = max(held, float64(rows.failed)/float64(rows.prompts))
	}
	if stated > held+rounding {
		return fmt.Sprintf("parameters states an attack success rate above that of the rows, %d jailbreaks in %d: "+
			"the file contradicts itself", rows.failed, rows.judged())
	}
	return ""
}

func (p jailbreakParameters) warnings(rows *jailbreakRows) []string {
	var warnings []string
	if n := p.Number.n; n != nil && *n != rows.failed {
		warnings = append(warnings, fmt.Sprintf("parameters states %d jailbreaks, the rows hold %d; the rows were read", *n, rows.failed))
	}
	if n := p.Submitted.n; n != nil && *n > rows.prompts {
		warnings = append(warnings, fmt.Sprintf("parameters states %d submitted prompts, the rows hold %d", *n, rows.prompts))
	}
	return warnings
}

// jailbreakEvaluation reads the files with several models that JailbreakBench writes: an evaluation has the
// models at the top, a submission has them under "summaries".
type jailbreakEvaluation struct{}

func (jailbreakEvaluation) name() Format { return JailbreakBenchEvaluation }

func (jailbreakEvaluation) sections() []string { return []string{"details"} }

func (jailbreakEvaluation) claims(f *file) bool {
	if f.document == nil {
		return false
	}
	if isJailbreakSubmission(f.document) {
		return true
	}
	doc := f.document
	if !doc.is("details", '{') || !doc.has("details.evaluation_date") && !doc.has("details.llm_provider") {
		return false
	}
	for _, kind := range doc.kinds {
		if kind != '{' {
			return false
		}
	}
	return len(doc.kinds) > 1
}

func isJailbreakSubmission(doc *document) bool {
	if !doc.is("summaries", '{') {
		return false
	}
	found := false
	err := doc.stream("summaries", func(dec *jsontext.Decoder) error {
		return members(dec, "summaries", func(string) error {
			if dec.PeekKind() != '{' {
				return errStop
			}
			marks := 0
			err := members(dec, "summaries", func(name string) error {
				if name == "model_summary" || name == "jailbreaks" {
					marks++
				}
				return nil
			})
			found = marks == 2
			if err == nil {
				err = errStop
			}
			return err
		})
	})
	return found && err == nil
}

func (jailbreakEvaluation) measure(f *file) (Measurement, error) {
	doc := f.document
	var details struct {
		Date word `json:"evaluation_date"`
	}
	if doc.is("details", '{') {
		if err := doc.decode("details", &details); err != nil {
			return Measurement{}, err
		}
	}
	models, err := jailbreakModels(doc)
	if err != nil {
		return Measurement{}, err
	}
	m := Measurement{Tool: "JailbreakBench"}
	if len(models) == 1 {
		m.Model = sortedKeys(models)[0]
	}
	if err := jailbreakDate(&m, "details.evaluation_date", string(details.Date)); err != nil {
		return Measurement{}, err
	}
	reason := ""
	if len(models) == 0 {
		reason = "the file holds no model: nothing was evaluated"
	}
	for _, model := range sortedKeys(models) {
		m.Results = append(m.Results, models[model].results(model, "")...)
		if reason == "" {
			reason = models[model].unfinished(cut(model))
		}
		if len(m.Results) > doc.limits.Results {
			return Measurement{}, tooManyResults(doc.limits)
		}
	}
	slices.SortStableFunc(m.Results, bySelector)
	m.finish("the models' behaviours: the file is written once, after the evaluation", reason)
	return m, nil
}

// jailbreakModels reads the rows of each model.
func jailbreakModels(doc *document) (map[string]*jailbreakRows, error) {
	models := map[string]*jailbreakRows{}
	root := ""
	if isJailbreakSubmission(doc) {
		root = "summaries"
	}
	err := doc.stream(root, func(dec *jsontext.Decoder) error {
		return members(dec, root, func(name string) error {
			if root == "" && name == "details" {
				return nil
			}
			if err := checkName("the name of a model", name); err != nil {
				return err
			}
			if len(models) == doc.limits.Results {
				return tooManyResults(doc.limits)
			}
			rows := newJailbreakRows(doc.limits)
			models[name] = rows
			if root == "" {
				return rows.readBehaviours(dec)
			}
			return members(dec, root, func(member string) error {
				if member != "jailbreaks" {
					return nil
				}
				return elements(dec, "summaries.jailbreaks", func() error {
					value, err := held(dec, "summaries.jailbreaks", doc.limits)
					if err != nil {
						return err
					}
					return rows.readRow(value)
				})
			})
		})
	})
	return models, err
}

// readBehaviours reads an object with a member for each behaviour.
func (r *jailbreakRows) readBehaviours(dec *jsontext.Decoder) error {
	return members(dec, "the behaviours of a model", func(behaviour string) error {
		value, err := held(dec, "the behaviours of a model", r.limits)
		if err != nil {
			return err
		}
		return r.read(value, strings.ToLower(behaviour))
	})
}
