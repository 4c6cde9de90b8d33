// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import "time"

// Format names the reader that claimed a file.
type Format string

// The formats that can be read.
const (
	InspectJSON  Format = "inspect-json"
	InspectEval  Format = "inspect-eval-zip"
	LMEval       Format = "lm-eval"
	LMEvalLegacy Format = "lm-eval-legacy"
	LMEvalJob    Format = "lmevaljob"
	GarakReport  Format = "garak-report"
	GarakHitlog  Format = "garak-hitlog"
	GarakDigest  Format = "garak-digest"
	Neutral      Format = "scalegate"

	Promptfoo Format = "promptfoo"
	JUnitXML  Format = "junit-xml"
	SARIF     Format = "sarif"
	HELM      Format = "helm"

	JailbreakBenchArtifact   Format = "jailbreakbench-artifact"
	JailbreakBenchEvaluation Format = "jailbreakbench-evaluation"
	DeepEval                 Format = "deepeval"
	HarmBench                Format = "harmbench"
	StrongREJECT             Format = "strongreject"

	OpenAIEvals Format = "openai-evals"
	PyRIT       Format = "pyrit"
	ModelBench  Format = "modelbench"
	NeMoBundle  Format = "nemo-bundle"
	NeMoLegacy  Format = "nemo-legacy"
	NeMoRows    Format = "nemo-rows"
	SimpleEvals Format = "simple-evals"
)

// Measurement is what one result file states about one run. Everything in it is the file's claim, except
// Format, SHA256 and the judgement Finished.
type Measurement struct {
	Format Format
	// Tool is the tool's name; ToolVersion is empty where the file does not say.
	Tool, ToolVersion string
	// Task is the one task of the file, empty where it holds several; see Result.Task.
	Task string
	// RunID identifies the run among all runs, empty where the format has no such thing.
	RunID string
	// Model is the name the client gave the model: good to contradict an identity, not to prove one.
	Model string
	// ModelPin is the content revision the tool loaded (a Hugging Face commit), empty in most files.
	ModelPin string
	// Started and Ended are the times the file claims, in UTC; nil where it claims none.
	Started, Ended *time.Time
	// Finished is true only where the format's positive end marker was found and nothing takes it back.
	// EndMarker then says which; otherwise Unfinished says what is missing, and the results are those
	// of a part of the run.
	Finished              bool
	EndMarker, Unfinished string
	// Limit is the restriction to a part of the data set as the file writes it ("10", "[0,20]", "0.1").
	Limit string
	// Warnings are sentences for a person, about what the reader saw and cannot judge.
	Warnings []string
	// SHA256 is the hex digest of the file as stored, an archive's compressed bytes included.
	SHA256 string
	// Results are sorted by selector. Empty is not a pass: nothing was measured.
	Results []Result
}

// Result is one metric of one run.
type Result struct {
	// Selector is the full key in the file; see [Measurement.Select].
	Selector string
	// Aliases are shorter keys that select this result where they match no other.
	Aliases []string
	// Task and TaskVersion say what was run; the version is empty where the file does not say.
	Task, TaskVersion string
	// Value is a finite decimal without exponent, digit for digit as the file has it, at most 70 bytes
	// long; or empty: no data (absent, null, NaN, infinite, beyond that length, or over no samples). Of a
	// number below 1 it has 64 decimals at most, the last of them rounded away from zero.
	Value string
	// StandardError is that of Value, in the form of Value, where the file pairs the two. Tools report
	// 0 at a single sample and at 0 % or 100 %.
	StandardError string
	// Low and High are the 95 % interval of Value in the form of Value, where the file states one:
	// both or neither.
	Low, High string
	// Scale is what the file says of the numbers that Value can be: "0..1", "0..100", "1..5", "count" (a
	// number of things), or empty where it says nothing. The policy judges by its own word, not by this.
	Scale string
	// Planned, Judged, Unjudged and Errored count independent samples, epochs and repeats folded into
	// one. Nil is unknown, which is not zero and is below every minimum. They are as stated: an errored
	// sample may have been judged too. A sample that its scorer passed over is unjudged.
	Planned, Judged, Unjudged, Errored *int64
	// HigherIsBetter is the tool's word on direction, nil where it says nothing. Better is not safer.
	HigherIsBetter *bool
}

// HasData reports whether there is a value to compare.
func (r Result) HasData() bool { return r.Value != "" }
