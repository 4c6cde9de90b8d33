// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package v1alpha1 is the API of Scalegate: a safety policy as machine-readable text,
// the releases it governs, the evidence about them, and what that evidence found.
//
// Invariants that hold for every kind: no floating-point number (measured values are
// decimal strings), no boolean where a third state may come, every list and string is
// bounded, and a fresh object is never ready (its status starts with the observed
// generation -1).
//
// +kubebuilder:object:generate=true
// +kubebuilder:ac:generate=true
// +kubebuilder:ac:output:package=../applyconfiguration
// +groupName=scalegate.dev
package v1alpha1
