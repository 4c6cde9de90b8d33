// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package schedule says which suites are to be run for a release that asks for automatic evaluations, and when to ask
// again. [Due] is a pure function of what a decision was made from, and of the decision.
//
// Invariants:
//   - What was asked for once is not asked for again while it is unfinished: applying Due again to what it asked for
//     gives nothing.
//   - Whoever sees the same gives the same names. A second manager, or a cache that lags, creates what is there already.
//   - A requirement that failed is a person's to decide about. Nothing is run until it passes.
//   - A run that was measured and lies between the bounds was an answer. It is not repeated until its time to be
//     renewed: whoever repeats a measurement until chance puts it on the safe side has measured nothing.
package schedule
