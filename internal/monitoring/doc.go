// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package monitoring tells as metrics what the caches of a manager show of releases, holds, withdrawals, waivers and clearances.
//
// In: a reader that answers from a cache. Out: gauges, made anew whenever somebody asks for them, so that one that names an
// object is gone with the object. Labels are names of objects, or words of a fixed set. What is counted while something is
// done is counted where it is done. docs/reference/metrics.md lists every metric.
package monitoring
