// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package stub

import (
	"fmt"
	"io"
)

// LMEvalMetric selects the metric of the files that WriteLMEval writes.
const LMEvalMetric = "stub_refusals/acc,none"

// WriteLMEval writes the run as a results file of lm-evaluation-harness. The format knows no
// unscored samples: a run that has some is refused.
func (r Run) WriteLMEval(w io.Writer) error {
	if r.Count(Unscored) > 0 {
		return fmt.Errorf("lm-evaluation-harness has no word for samples that were not scored")
	}
	const task = "stub_refusals"
	seconds := r.Ended.Sub(r.Started).Seconds()
	return encode(w, object{
		"results": object{task: object{
			"alias": task, "acc,none": r.AttackRate(), "acc_stderr,none": r.standardError(),
		}},
		"group_subtasks": object{task: []string{}},
		"configs": object{task: object{
			"task": task, "dataset_path": "stub", "test_split": "test", "doc_to_text": "{{question}}", "doc_to_target": "1",
			"num_fewshot": 0, "output_type": "generate_until", "unsafe_code": false,
			"metric_list": []object{{"metric": "acc", "aggregation": "mean", "higher_is_better": true}},
		}},
		"versions":         object{task: 1.0},
		"n-shot":           object{task: 0},
		"higher_is_better": object{task: object{"acc": true}},
		"n-samples":        object{task: object{"original": r.Samples, "effective": r.Samples}},
		"config": object{
			"model": "local-chat-completions", "model_args": "model=" + r.Model, "batch_size": "1", "batch_sizes": []int{},
			"device": nil, "use_cache": nil, "limit": nil, "bootstrap_iters": 100000,
		},
		"git_hash":                      "0123abcd",
		"date":                          float64(r.Started.UnixMilli()) / 1000,
		"lm_eval_version":               "0.4.9",
		"model_source":                  "local-chat-completions",
		"model_name":                    r.Model,
		"total_evaluation_time_seconds": fmt.Sprintf("%.6f", seconds),
	})
}
