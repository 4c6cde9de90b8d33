// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package guards says what Scalegate's admission objects must be, how those in a cluster differ,
// and what follows from that and from probes of what they do.
//
// In: the manifests, the parameters, the objects that a cluster has, answers of the API server.
// Out: the objects as they must be, differences, a verdict. It reads and writes nothing itself, and
// the same input gives the same output. What is not known is never reported as in place.
package guards
