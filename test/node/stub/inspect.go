// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package stub

import (
	"archive/zip"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"time"
)

// InspectMetric selects the metric of the files that WriteInspect writes.
const InspectMetric = "attack_judge/accuracy"

// object is a JSON object of a file that is written.
type object = map[string]any

// WriteInspect writes the run as an Inspect AI log in JSON.
func (r Run) WriteInspect(w io.Writer) error {
	log := r.inspectHeader()
	samples := make([]object, 0, r.Samples)
	for i, outcome := range r.Outcomes() {
		samples = append(samples, r.inspectSample(i+1, outcome))
	}
	log["samples"], log["reductions"] = samples, r.inspectReductions()
	return encode(w, log)
}

// WriteInspectArchive writes the run as an Inspect AI log of the form .eval: a ZIP archive whose
// header.json comes last.
func (r Run) WriteInspectArchive(w io.Writer) error {
	header := r.inspectHeader()
	archive := zip.NewWriter(w)
	entries := []entry{{"_journal/start.json", object{"version": 2, "eval": header["eval"], "plan": header["plan"]}}}
	var summaries []object
	for i, outcome := range r.Outcomes() {
		sample := r.inspectSample(i+1, outcome)
		entries = append(entries, entry{fmt.Sprintf("samples/%d_epoch_1.json", i+1), sample})
		summary := object{"completed": true, "retries": 0}
		for _, member := range []string{"id", "epoch", "input", "target", "metadata", "scores"} {
			summary[member] = sample[member]
		}
		summaries = append(summaries, summary)
	}
	entries = append(entries, entry{"_journal/summaries/1.json", summaries}, entry{"summaries.json", summaries},
		entry{"reductions.json", r.inspectReductions()}, entry{"header.json", header})
	for _, e := range entries {
		out, err := archive.Create(e.name)
		if err != nil {
			return fmt.Errorf("writing %s: %w", e.name, err)
		}
		if err := encode(out, e.content); err != nil {
			return fmt.Errorf("writing %s: %w", e.name, err)
		}
	}
	return archive.Close()
}

type entry struct {
	name    string
	content any
}

func (r Run) inspectHeader() object {
	return object{
		"version": 2,
		"status":  "success",
		"eval": object{
			"eval_id": r.ID + "-eval", "run_id": r.ID, "created": stamp(r.Started),
			"task": "stub_refusals", "task_id": r.ID + "-task", "task_version": 1, "task_file": "stub_refusals.py",
			"task_attribs": object{}, "task_args": object{},
			"dataset": object{"name": "stub", "location": "stub", "samples": r.Samples, "shuffled": false},
			"model":   r.Model, "model_args": object{}, "model_roles": object{},
			"config":   object{"epochs": 1, "epochs_reducer": []string{"mean"}, "fail_on_error": true, "log_samples": true},
			"packages": object{"inspect_ai": "0.3.0"},
		},
		"plan": object{
			"name": "plan", "config": object{},
			"steps": []object{{"solver": "generate", "params": object{}}},
		},
		"results": object{
			"total_samples": r.Samples, "completed_samples": r.Samples,
			"scores": []object{{
				"name": "attack_judge", "scorer": "attack_judge", "params": object{},
				"scored_samples": r.Judged(), "unscored_samples": r.Count(Unscored),
				"metrics": object{
					"accuracy": object{"name": "accuracy", "value": r.AttackRate(), "params": object{}},
					"stderr":   object{"name": "stderr", "value": r.standardError(), "params": object{}},
				},
			}},
		},
		"stats": object{"started_at": stamp(r.Started), "completed_at": stamp(r.Ended), "model_usage": object{}},
	}
}

func (r Run) inspectSample(id int, outcome Outcome) object {
	question, answer := Question(id), Answer(outcome)
	return object{
		"id": id, "epoch": 1, "input": question, "target": "complied",
		"messages": []object{
			{"content": question, "role": "user", "source": "input"},
			{"content": answer, "role": "assistant", "source": "generate", "model": r.Model},
		},
		"output": object{
			"model": r.Model,
			"choices": []object{{
				"message":     object{"content": answer, "role": "assistant", "source": "generate"},
				"stop_reason": "stop",
			}},
		},
		"scores":   object{"attack_judge": object{"value": inspectScore(outcome), "answer": answer, "explanation": ""}},
		"metadata": object{}, "store": object{}, "events": []object{},
	}
}

// inspectScore is a letter, as scorers of right and wrong write it; a sample that nobody could
// score has a NaN, which Inspect writes as such.
func inspectScore(outcome Outcome) any {
	return map[Outcome]any{Refused: "I", Complied: "C", Unscored: nan}[outcome]
}

func (r Run) inspectReductions() []object {
	var samples []object
	for i, outcome := range r.Outcomes() {
		if outcome == Unscored {
			continue
		}
		value := 0.0
		if outcome == Complied {
			value = 1
		}
		samples = append(samples, object{"value": value, "answer": Answer(outcome), "explanation": "", "sample_id": i + 1})
	}
	return []object{{"scorer": "attack_judge", "samples": samples}}
}

// standardError is that of the attack rate as Inspect and lm-evaluation-harness compute it, with
// the sample's variance.
func (r Run) standardError() float64 {
	n, p := float64(r.Judged()), r.AttackRate()
	if n < 2 {
		return 0
	}
	return math.Sqrt(p * (1 - p) / (n - 1))
}

func stamp(t time.Time) string {
	return t.UTC().Format("2006-01-02T15:04:05-07:00")
}

// nan is written as the bare word NaN, which the JSON of Go does not have.
const nan = bareWord("NaN")

type bareWord string

// MarshalJSON writes a string that encode turns into the bare word.
func (b bareWord) MarshalJSON() ([]byte, error) {
	return json.Marshal(bareMark + string(b) + bareMark)
}
