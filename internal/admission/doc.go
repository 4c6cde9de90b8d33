// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package admission is the webhook: it explains. What is held and what is refused for safety is for the
// admission policies inside the API server to say, which need no webhook. The webhook says at once, in
// sentences, what is missing; rejects what a policy with onUncleared: Deny does not want to see held;
// checks our own kinds across objects; and, for API servers without mutating admission policies, adds the
// holds in their place.
//
// Handlers read the manager's cache and nothing else. Invariants:
//   - What only reduces a workload is let through without a look at anything.
//   - What the gate does not govern is let through without a word.
//   - A read that fails lets nothing through that the handler of our own kinds would reject, and keeps no
//     workload out that the admission policies would hold.
//
// Package serving beside it serves the handlers: certificates, readiness and the way down.
package admission
