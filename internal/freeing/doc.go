// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package freeing knows what Scalegate leaves on objects that it holds, and how each goes on as its author had it: for
// namespaces that nobody governs any more, and for clusters that Scalegate is taken from.
//
// Objects go in as the API server holds them, and patches come out. Nothing here reads or writes a cluster.
package freeing
