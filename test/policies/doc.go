// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package policies runs the cases of the shipped policies against a real API server: the policies and suites are read
// strictly, what people do is done as them, so that every stamp and every guard of the admission policies acts, and the gate
// decides about what was read back. The manager does not run; what it would write is written as its service account.
package policies
