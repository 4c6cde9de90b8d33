// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package policycase tests a SafetyPolicy by cases: a release, its evidence, what people sign, and what the gate must say
// to it, step by step.
//
// A case is a YAML file. [ReadFolder] reads the cases of a folder beside the policy that they test; an unknown field, a
// wrong type and a step that cannot be taken are errors with the line. [Run] takes the steps against a [Store], which
// is where the objects live: a real API server, with its admission policies, or one that a test makes up. The package
// itself knows no client and no clock.
//
// Time in a case is told, not waited for. A case begins when the store says, each step comes at least a second after the
// one before it, or as much later as it says. The objects that a step makes are taken to be born at its time, whatever the
// store stamped, so that a case of a year takes a moment.
package policycase
