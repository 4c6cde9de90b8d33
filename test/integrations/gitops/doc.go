// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package gitops holds Scalegate to what GitOps tools do with it, on a real control plane with the manager running: Argo CD
// and Flux as they compare and apply, Helm as it waits, and the adapters for pipelines. Package readings says what they read.
package gitops
