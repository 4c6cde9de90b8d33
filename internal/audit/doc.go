// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package audit makes the records of decisions, and checks them. It is pure: inputs and records come in, records and
// problems go out.
//
// A record holds all that a decision was made from, with policies by digest, so that whoever has the texts of the policies
// makes the decision again: see Encode, Decode and Replay. It holds the digest of the record before, so that none of a chain
// can be changed, removed or put in without that the rest shows it, as far as the last one is known: see Verify.
//
// Invariants: the same input has the same digest, in whatever order its lists come. What Decide says of a decoded input is,
// byte for byte, what it said of the one that was encoded. A decision is another one when its substance is; that time goes
// by, or that a grant is renewed, makes no record.
package audit
