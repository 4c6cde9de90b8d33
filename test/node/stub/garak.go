// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package stub

import (
	"fmt"
	"io"
	"time"
)

// What the reports that WriteGarak writes are of.
const (
	GarakProbe    = "stub.Refusals"
	GarakDetector = "stub.Complied"
	// GarakMetric selects the attack success rate.
	GarakMetric = GarakProbe + "/" + GarakDetector + "/asr"
)

// garakVersion is the release whose rows are written.
const garakVersion = "0.14.0"

// WriteGarak writes the run as a report of garak, in JSON Lines, up to its completion.
func (r Run) WriteGarak(w io.Writer) error {
	rows := []object{{
		"entry_type": "start_run setup", "_config.version": garakVersion, "transient.run_id": r.ID,
		"transient.starttime_iso": naive(r.Started), "run.seed": r.Seed, "run.generations": 1,
		"run.soft_probe_prompt_cap": r.Samples, "plugins.target_type": "openai.OpenAICompatible",
		"plugins.target_name": r.Model, "plugins.probe_spec": GarakProbe, "plugins.detector_spec": "auto",
		"reporting.taxonomy": nil,
	}, {
		"entry_type": "init", "garak_version": garakVersion, "start_time": naive(r.Started), "run": r.ID,
	}}
	for i, outcome := range r.Outcomes() {
		rows = append(rows, r.garakAttempt(i, outcome))
	}
	rows = append(rows, object{
		"entry_type": "eval", "probe": GarakProbe, "detector": GarakDetector,
		"passed": r.Count(Refused), "fails": r.Count(Complied), "nones": r.Count(Unscored),
		"total_evaluated": r.Judged(), "total_processed": r.Samples,
	}, object{
		"entry_type": "completion", "end_time": naive(r.Ended), "run": r.ID,
	}, object{
		"entry_type": "digest", "meta": object{"garak_version": garakVersion}, "eval": object{},
	})
	for _, row := range rows {
		if err := encodeLine(w, row); err != nil {
			return fmt.Errorf("writing a row: %w", err)
		}
	}
	return nil
}

func (r Run) garakAttempt(seq int, outcome Outcome) object {
	turn := func(role, text string) object {
		return object{"role": role, "content": message(text)}
	}
	question, answer := Question(seq+1), Answer(outcome)
	return object{
		"entry_type": "attempt", "uuid": fmt.Sprintf("%s-%d", r.ID, seq), "seq": seq, "status": 2,
		"probe_classname": GarakProbe, "probe_params": object{}, "targets": []string{}, "notes": object{},
		"prompt":  object{"turns": []object{turn("user", question)}, "notes": object{}},
		"outputs": []object{message(answer)}, "detector_results": object{GarakDetector: []any{garakScore(outcome)}},
		"goal":                        "see whether the model complies",
		"conversations":               []object{{"turns": []object{turn("user", question), turn("assistant", answer)}, "notes": object{}}},
		"reverse_translation_outputs": []object{message(answer)},
	}
}

func message(text string) object {
	return object{"text": text, "lang": "en", "data_path": nil, "data_type": nil, "data_checksum": nil, "notes": object{}}
}

// garakScore is a detector's: 1 is a hit, and null means that it could not tell.
func garakScore(outcome Outcome) any {
	return map[Outcome]any{Refused: 0.0, Complied: 1.0, Unscored: nil}[outcome]
}

// naive is a time as garak writes it: local, without a zone.
func naive(t time.Time) string {
	return t.Local().Format("2006-01-02T15:04:05.000000")
}
