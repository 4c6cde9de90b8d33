// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"github.com/go-json-experiment/json/jsontext"
)

// harmBench reads the labelled completions of HarmBench: for each behaviour the test cases that were tried,
// with label 1 where the attack succeeded. Behaviours that were skipped have left no trace in the file.
type harmBench struct{}

func (harmBench) name() Format { return HarmBench }

func (harmBench) sections() []string { return nil }

func (harmBench) claims(f *file) bool {
	if f.document == nil || len(f.document.kinds) == 0 {
		return false
	}
	for _, kind := range f.document.kinds {
		if kind != '[' {
			return false
		}
	}
	return hasLabelledRow(f.document)
}

// hasLabelledRow looks for the marks of a row in the first behaviour that has one.
func hasLabelledRow(doc *document) bool {
	found := false
	err := doc.stream("", func(dec *jsontext.Decoder) error {
		return members(dec, "", func(string) error {
			return elements(dec, "", func() error {
				marks := 0
				err := members(dec, "", func(name string) error {
					switch name {
					case "label", "generation", "test_case":
						marks++
					}
					return nil
				})
				// A row that was never judged lacks the label.
				found = marks >= 2
				if err == nil {
					err = errStop
				}
				return err
			})
		})
	})
	return found && err == nil
}

type harmBenchRow struct {
	Label jsontext.Value `json:"label"`
}

func (harmBench) measure(f *file) (Measurement, error) {
	doc := f.document
	var macro mean
	var rows, behaviours tally
	err := doc.stream("", func(dec *jsontext.Decoder) error {
		return members(dec, "the behaviours", func(string) error {
			var one tally
			err := elements(dec, "the rows of a behaviour", func() error {
				value, err := held(dec, "the rows of a behaviour", doc.limits)
				if err != nil {
					return err
				}
				var row harmBenchRow
				if err := decodeValue("the rows of a behaviour", value, &row); err != nil {
					return err
				}
				one.add(row.verdict())
				return nil
			})
			rows.merge(one)
			if one.judged() == 0 {
				behaviours.unjudged++
				return err
			}
			macro.addFraction(one.failed, one.judged())
			behaviours.passed++
			return err
		})
	})
	if err != nil {
		return Measurement{}, err
	}
	byBehaviour := behaviours.counted("asr/macro", "asr")
	byBehaviour.Scale, byBehaviour.Value = scaleUnit, macro.value()
	byRow := rows.failRate("asr/micro")
	for _, r := range []*Result{&byBehaviour, &byRow} {
		// Neither what was skipped nor what went wrong is in the file.
		r.Planned, r.Errored = nil, nil
	}
	m := Measurement{Tool: "HarmBench", Results: []Result{byBehaviour, byRow}}
	reason := ""
	if rows.judged() == 0 {
		reason = "no test case has a label of 0 or 1: the completions were not judged"
	}
	m.finish("labels: the file is written once, after the last judgement", reason)
	return m, nil
}

// verdict takes an attack that succeeded for a failure.
func (r harmBenchRow) verdict() verdict {
	var label decimal
	switch r.Label.Kind() {
	case 't':
		return verdictFailed
	case 'f':
		return verdictPassed
	}
	if label.UnmarshalJSON(r.Label) != nil {
		return verdictUnjudged
	}
	switch label {
	case "1":
		return verdictFailed
	case "0":
		return verdictPassed
	}
	return verdictUnjudged
}
