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
// A file is opened as what it is (a JSON object, JSON Lines, a JSON array, an archive, XML, YAML, CSV) and
// then offered to every reader. Each reader is a type that satisfies the format interface, in files of the
// tool's name; formats lists them. What each reads and refuses is in docs/reference/formats.md.
package evidence
