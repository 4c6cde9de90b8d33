// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package monitoring tests config/prometheus with the library of Prometheus: every alert fires when it should and not when it
// should not, every query of the dashboard runs on what a real manager tells, and what is documented is what there is.
package monitoring
