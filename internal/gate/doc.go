// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package gate decides how far a release may be exposed. [Decide] is one pure function: it is
// total and deterministic, and knows no client, clock, error or log. Controller, webhook and
// command line call it with the same [Input] and project the same [Decision].
//
// Invariants:
//   - Everything starts held. The zero [Decision] grants nothing, and only results that were compared
//     positively grant: NaN, the absent and the unknown never do.
//   - The order of what is listed is irrelevant. Only the policy's own order counts.
//   - Less favourable evidence never grants more, nor does one more adverse result, revocation or ancestor; and no
//     message depends on the time of the decision, so that a decision that is made again writes the same status.
//   - What an API server would not have let through (undefined names, bounds out of range, contradictory
//     criteria) is judged on the safe side and never panics.
//
// Times count in whole seconds, as the API keeps them. Numbers are compared as float64. That is sound
// because reading a decimal is monotone: two that fall on the same float64 are equal, and equal is not
// beyond a bound.
package gate
