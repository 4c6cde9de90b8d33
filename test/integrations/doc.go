// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package integrations is a module of its own, so that what tests Scalegate with the libraries of other tools (Helm, kstatus of Flux,
// Lua of Argo CD, Prometheus) is no dependency of Scalegate.
package integrations
