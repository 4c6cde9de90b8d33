// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package suite makes the attempts of package attempts on a real control plane, twice: while
// Scalegate's manager runs, and after it was killed. It compares what came of each with what the
// oracle says.
package suite
