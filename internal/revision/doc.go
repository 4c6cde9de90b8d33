// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package revision knows what a SafetyPolicy said at different times: its text, what a change of it does, which text is in
// force, and who has to approve one that is not. It is pure.
//
// What it holds: a change that [Compare] calls neutral or strengthening never lets [gate.Decide] grant more, whatever
// the evidence is. What it cannot know not to grant more it calls a weakening.
package revision
