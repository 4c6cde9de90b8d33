// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package report makes a report about releases for people who were not there: auditors, and readers of a model card. It is
// pure: objects and decisions come in, a [Report] comes out, and its renderers write it as HTML, Markdown or JSON.
//
// Invariants: the same input gives the same bytes, in whatever order its lists come. The HTML is one file that loads nothing,
// and runs no script. Whatever a user can write is text in each form, and never markup, a link or a mention; the one
// exception is the address of a policy's source, which is a link where it is an http or https one. What could not be read is
// said in the report, and never left out in silence.
package report
