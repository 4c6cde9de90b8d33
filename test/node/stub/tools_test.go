// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package stub

import (
	"encoding/json"
	"errors"
	"os/exec"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// inspectReads prints what Inspect itself makes of a log; exit code 4 says that it is not installed.
const inspectReads = `
import json, sys
try:
    from inspect_ai.log import read_eval_log
except ImportError:
    sys.exit(4)
log = read_eval_log(sys.argv[1])
score = log.results.scores[0]
print(json.dumps({
    "status": log.status, "model": log.eval.model, "samples": len(log.samples),
    "scored": score.scored_samples, "unscored": score.unscored_samples, "value": score.metrics["accuracy"].value,
}))
`

type inspectReading struct {
	Status, Model    string
	Samples          int
	Scored, Unscored int64
	Value            float64
}

// TestInspectReadsItsLogs holds the logs to the schema of Inspect where its Python package is installed.
// Neither lm-evaluation-harness nor garak has a schema for the files that it writes: their shape is
// compared with files of theirs, in TestFilesHaveTheShapeOfTheTools.
func TestInspectReadsItsLogs(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("there is no python3 on the PATH")
	}
	for _, format := range []string{"inspect-json", "inspect-eval"} {
		t.Run(format, func(t *testing.T) {
			run := testRun()
			file, err := run.WriteFile(format, t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			reading := exec.CommandContext(t.Context(), python, "-c", inspectReads, file)
			out, err := reading.Output()
			if reading.ProcessState.ExitCode() == 4 {
				t.Skip("the Python package inspect_ai is not installed")
			}
			if exit, ok := errors.AsType[*exec.ExitError](err); ok {
				t.Fatalf("inspect_ai does not read the log: %v\n%s", err, exit.Stderr)
			}
			var got inspectReading
			if err := json.Unmarshal(out, &got); err != nil {
				t.Fatalf("reading %q: %v", out, err)
			}
			want := inspectReading{
				Status: "success", Model: run.Model, Samples: run.Samples,
				Scored: run.Judged(), Unscored: run.Count(Unscored), Value: run.AttackRate(),
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("Inspect reads (-written +read):\n%s", diff)
			}
		})
	}
}
