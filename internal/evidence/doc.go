// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package evidence turns the bytes of an evaluation tool's result file into a [Measurement]: what was
// run, on which model, how many samples were judged, what came out, and whether the run ended well.
//
// It never decides. Thresholds, directions and minimum counts belong to the policy; every doubt about a
// file is an [UnreadableError] error, an unknown count (nil) or a value without data (""), and never a zero.
//
// A format is recognised by its content, never by a file name, and is read only when exactly one reader
// claims it. Files are hostile until read: bytes, nesting, strings, names, archive entries and results
// are bounded by [Limits], a JSON document is scanned to its end so that a late duplicate member is
// seen, and no text of a sample reaches a Measurement or an error.
//
// Formats: Inspect AI logs (.json and .eval) and lm-evaluation-harness results (0.4 and 0.3). A further
// format is one file with a type that satisfies the format interface, and one line in [Read].
package evidence
