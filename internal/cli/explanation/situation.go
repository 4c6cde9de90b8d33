// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package explanation

import (
	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
)

// Situation is what an explanation is made of. It is read and not changed.
type Situation struct {
	// Input is what was decided about. Its Release must be set.
	Input gate.Input
	// OtherTime: Input.Now is not when the cluster was read. What stands there is then not compared with the decision.
	OtherTime bool
	// Decision is that of [gate.Decide] about Input.
	Decision gate.Decision
	// Namespace is that of the release.
	Namespace Namespace
	// Unread are sentences about what the caller may not read, and what that means for the answer.
	Unread []string
	// Program is how the caller starts this program: "scalegate", or "kubectl scalegate".
	Program string
}

// Namespace is what matters of a release's namespace.
type Namespace struct {
	// Known is false when the caller may not read the namespace; then nothing else is set.
	Known bool
	// Gate is the value of the label [v1alpha1.LabelGate]; empty without one.
	Gate string
	// Clearance is the value of the release's clearance annotation; empty without one.
	Clearance string
}

// Outcome sums an explanation up in a word.
type Outcome string

const (
	// Granted means that the exposure asked for is granted.
	Granted Outcome = "Granted"
	// Blocked means that only a change of the release, of the policy or of a finding helps.
	Blocked Outcome = "Blocked"
	// Pending means that something is missing or has expired, and may still come.
	Pending Outcome = "Pending"
	// Inconclusive means that there are results, and they show neither one nor the other.
	Inconclusive Outcome = "Inconclusive"
)

// OutcomeOf sums up the reason of a decision, or of an exposure. A reason that this version does not know blocks.
func OutcomeOf(reason string) Outcome {
	switch reason {
	case v1alpha1.ReasonEvidenceComplete:
		return Granted
	case v1alpha1.ReasonEvidenceMissing, v1alpha1.ReasonEvidenceExpired, v1alpha1.ReasonPolicyNotFound,
		v1alpha1.ReasonParentNotFound, v1alpha1.ReasonApprovalMissing, v1alpha1.ReasonSafeguardNotInPlace, v1alpha1.ReasonPolicyRevisionPending:
		return Pending
	case v1alpha1.ReasonEvidenceIndeterminate:
		return Inconclusive
	default:
		return Blocked
	}
}
