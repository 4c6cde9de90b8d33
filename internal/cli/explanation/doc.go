// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package explanation says why a release is granted what it is, for a person and for programs. [Explain] is a
// pure function from what was read and decided to an [Explanation], and [Explanation.Text] from that to text:
// the same [Situation] gives the same bytes. It decides nothing; that is package gate's.
package explanation
