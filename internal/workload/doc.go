// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package workload decides whether a pod template, or a live pod, runs what a ModelRelease
// declares and nothing else.
//
// Matching is closed and strict. The input is the object as the API server holds it, decoded
// into maps, because typed objects drop the fields they do not know: a field this version
// has no row for in its table (see Fields) is a mismatch, and so is every field whose row
// refuses it. What is left is compared with the release: images by digest, commands,
// arguments and environment by the declared text, volumes by kind and by who mounts them,
// and everything that names a model by a digest among the release's artifacts.
//
// A Secret, a claim or a name chosen by people never identifies a model. The package reads
// nothing: same input, same answer. It neither panics on hostile input nor keeps any of it.
package workload
