// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package cost holds the tests of what the admission policies cost an API server, in what does not depend on the machine:
// which policies a request is judged by, how many expressions are evaluated, their CEL cost as the API server counts
// it, and what is allocated to find out that the others are not concerned. The code that judges is the API server's own.
package cost
