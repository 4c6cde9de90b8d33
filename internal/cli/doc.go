// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package cli is the commands for people and pipelines, as cobra commands: what a release is granted and why, and
// bringing evidence. They act with the caller's own rights and no others, and decide by package gate, as the
// manager does. [New] makes the root command, [Execute] runs it.
package cli
