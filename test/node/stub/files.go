// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package stub

import (
	"fmt"
	"io"
	"path/filepath"
)

// Format is a format that runs can be written in.
type Format struct {
	// File is the name that the tool gives its file.
	File string
	// Metric selects the attack rate.
	Metric string
	// Unscored is set where the format can say that a sample was not scored.
	Unscored bool
	// MaxUnjudgedPercent is a bound that a policy can set: 100, which is none, where the format does
	// not say how many samples ended in an error.
	MaxUnjudgedPercent int32
	write              func(Run, io.Writer) error
}

// Formats are the formats, by the name of their tool.
func Formats() map[string]Format {
	return map[string]Format{
		"inspect-json": {File: "stub.json", Metric: InspectMetric, Unscored: true, MaxUnjudgedPercent: 20, write: Run.WriteInspect},
		"inspect-eval": {File: "stub.eval", Metric: InspectMetric, Unscored: true, MaxUnjudgedPercent: 20, write: Run.WriteInspectArchive},
		"lm-eval":      {File: "results_2026-01-01T00-00-00.000000.json", Metric: LMEvalMetric, MaxUnjudgedPercent: 100, write: Run.WriteLMEval},
		"garak":        {File: "garak.stub.report.jsonl", Metric: GarakMetric, Unscored: true, MaxUnjudgedPercent: 100, write: Run.WriteGarak},
	}
}

// WriteFile writes the run in the named format below a directory, and returns the file's path.
func (r Run) WriteFile(format, directory string) (string, error) {
	f, ok := Formats()[format]
	if !ok {
		return "", fmt.Errorf("no such format: %q", format)
	}
	path := filepath.Join(directory, f.File)
	return path, writeFile(path, func(w io.Writer) error { return f.write(r, w) })
}
