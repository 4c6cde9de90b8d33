// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package readings says what GitOps tools read of an object: Argo CD by a health script under the Lua interpreter that it
// embeds, Flux and Helm by kstatus, Flux by healthCheckExprs, and kubectl by what its wait command does. Each reader is the
// tool's own library where that can be imported, and otherwise does what the tool documents.
package readings
