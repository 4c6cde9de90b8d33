// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"time"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// Decision says how far a release may be exposed, and why. The zero Decision grants nothing and removes
// nothing. Times are in UTC and whole seconds; every message has at most 1024 bytes and none depends on
// the time of the decision.
type Decision struct {
	// PolicyRevision is the revision that was decided under; empty without a policy.
	PolicyRevision string `json:"policyRevision,omitempty"`
	// SubjectDigest is the digest over all artifacts of the release.
	SubjectDigest string `json:"subjectDigest,omitempty"`
	// RequiredLevel is the level that the exposure asked for needs; empty when the spec is invalid.
	RequiredLevel string `json:"requiredLevel,omitempty"`
	// GrantedExposure is the exposure that the evidence reaches, at most the one asked for; empty for none.
	GrantedExposure string `json:"grantedExposure,omitempty"`
	// ReplicaCeiling is the most pods that may serve the granted exposure; nil for no ceiling.
	ReplicaCeiling *int32 `json:"replicaCeiling,omitempty"`
	// ClearedUntil is when the grant ends unless it is renewed. It is after Input.Now, and set exactly
	// when something is granted.
	ClearedUntil *time.Time `json:"clearedUntil,omitempty"`
	// EvidenceEnds is when the first of the evidence ends that the grant rests on; nil when nothing is granted, or it
	// rests on none.
	EvidenceEnds *time.Time `json:"evidenceEnds,omitempty"`
	// Reason is EvidenceComplete when the exposure asked for is granted, and otherwise the first that
	// applies of InvalidSpec or PolicyNotFound, AdverseFinding, Revoked (the release, or one with the same weights),
	// ParentNotFound, LevelUndefined, Revoked (a result), Objected, EvidenceExpired, EvidenceIndeterminate, EvidenceMissing,
	// SafeguardNotInPlace, ApprovalMissing and EvidenceNotRequired (see api/v1alpha1): what people sign comes last, since
	// they sign for what is there. PolicyRevisionPending when only the revision in force refuses it, for another
	// reason than the first three.
	Reason string `json:"reason,omitempty"`
	// Message says what is held or granted, why, and what would change it.
	Message string `json:"message,omitempty"`
	// Adverse: the exposure asked for is refused by an adverse finding, not merely by what is absent
	// or old. What runs above the granted exposure has to go. See [ExposureResult.Adverse].
	Adverse bool `json:"adverse,omitempty"`
	// Thresholds in the policy's order.
	Thresholds []ThresholdResult `json:"thresholds,omitempty"`
	// Requirements in the policy's order, then names that it uses and does not define.
	Requirements []RequirementResult `json:"requirements,omitempty"`
	// Exposures in the policy's order, those above the one asked for included.
	Exposures []ExposureResult `json:"exposures,omitempty"`
	// NewFindings are complete objects to create, at most one a requirement. Their names are the same
	// whenever the same results are decided about again.
	NewFindings []v1alpha1.AdverseFinding `json:"newFindings,omitempty"`
	// Resolutions are the answers to the resolutions of findings that no status records yet, by finding name.
	Resolutions []Resolution `json:"resolutions,omitempty"`
	// Records are the answers to the approvals, waivers and determinations that name the release, by kind and name.
	Records []RecordResult `json:"records,omitempty"`
	// PendingPolicyRevision is the revision of the input's policy while it is not in force: what is granted, the revision in
	// force grants as well. Empty otherwise.
	PendingPolicyRevision string `json:"pendingPolicyRevision,omitempty"`
	// RecheckAfter is when the same input would first be decided otherwise, or the grant should be
	// renewed; at least a second. Zero when time alone changes nothing.
	RecheckAfter time.Duration `json:"recheckAfter,omitempty"`
}

// ThresholdResult is the answer to one capability threshold.
type ThresholdResult struct {
	Name  string                  `json:"name"`
	State v1alpha1.ThresholdState `json:"state"`
	// RaisesTo is the level that the threshold raises to while it counts.
	RaisesTo string `json:"raisesTo"`
	// Unmet are the requirements that keep the threshold from being ruled out.
	Unmet   []string `json:"unmet,omitempty"`
	Message string   `json:"message"`
}

// RequirementResult is the answer to one requirement. What people answer may differ from exposure to exposure: it is the answer
// at the one asked for.
type RequirementResult struct {
	Name  string                    `json:"name"`
	State v1alpha1.RequirementState `json:"state"`
	// Evidence is the name of the SafetyEvaluation, or when State is Failed of the AdverseFinding, that
	// decided the state. The finding may be one of Decision.NewFindings, or be about a release that this one was made
	// from. When State is Revoked it is the evaluation that was revoked. When State is Waived it is the ReleaseWaiver; when
	// Objected the ReleaseApproval that objects; and of an approval that is Met or Expired the one that ends, or ended, first.
	Evidence string `json:"evidence,omitempty"`
	// Expires is when the evidence stops counting: of a Met requirement to come, of an Expired one past.
	Expires *time.Time `json:"expires,omitempty"`
	Message string     `json:"message"`
	// Alert: the requirement is met, and the result lies beyond the bound at which the policy wants an alert.
	Alert bool `json:"alert,omitempty"`
	// Change is what would change the state, or keep it when it is Met.
	Change Change `json:"change"`
}

// RecordResult is the answer to one approval, waiver or determination.
type RecordResult struct {
	// Kind is ReleaseApproval, ReleaseWaiver or ReleaseDetermination.
	Kind string `json:"kind"`
	Name string `json:"name"`
	// Counts: decisions take it into account, as long as nothing changes until End.
	Counts bool `json:"counts,omitempty"`
	// Reason is a reason of these kinds (see api/v1alpha1).
	Reason  string `json:"reason"`
	Message string `json:"message"`
	// End is when it stops to count by itself; nil for never, and for what does not count.
	End *time.Time `json:"end,omitempty"`
}

// Act is what somebody can do about a requirement.
type Act string

const (
	// ActEvaluate is to run or import an evaluation that is clear.
	ActEvaluate Act = "Evaluate"
	// ActRenew is to run or import another evaluation, since what there is ends or has ended.
	ActRenew Act = "Renew"
	// ActResolve is to name a later evaluation that meets the requirement in the finding's spec.resolution.
	// Other artifacts help as well.
	ActResolve Act = "Resolve"
	// ActReviseRelease is to revise the release, which lacks the artifacts that the requirement is about.
	ActReviseRelease Act = "ReviseRelease"
	// ActRevisePolicy is to revise the policy, which cannot be applied as it is written, or asks for an evaluation that
	// shows nothing favourable any more.
	ActRevisePolicy Act = "RevisePolicy"
	// ActApprove is to have people approve, or acknowledge, who have not, or whose word ends.
	ActApprove Act = "Approve"
	// ActWithdraw is to have whoever objects take that back by approving, or to serve other artifacts.
	ActWithdraw Act = "Withdraw"
	// ActRestore is to put a safeguard of the cluster in place.
	ActRestore Act = "Restore"
)

// Change is what would change the state of a requirement.
type Change struct {
	Act Act `json:"act"`
	// Object is the name of the AdverseFinding when Act is Resolve, of the ReleaseApproval when it is Withdraw, and empty
	// otherwise.
	Object string `json:"object,omitempty"`
	// By is when it must have happened for a Met requirement to stay so, or for a Waived one to be no obstacle afterwards; nil
	// when it is due now.
	By *time.Time `json:"by,omitempty"`
}

// ExposureResult is the answer to one exposure.
type ExposureResult struct {
	Name string `json:"name"`
	// RequiredLevel is the level that a release needs for this exposure; empty when its own is unknown.
	RequiredLevel string `json:"requiredLevel,omitempty"`
	// Granted: a workload may claim this exposure.
	Granted bool `json:"granted,omitempty"`
	// Adverse: the exposure is refused, and an adverse finding is a cause on its own. Either a requirement
	// of the exposure failed; or a threshold is reached, and of what the level that it raises to adds to
	// the declared one something is undefined, missing or indeterminate. Where all of that was once shown
	// and only expired or was revoked, it is not adverse. What had expired before it was brought was never shown. Nor is it
	// adverse where people merely say that the threshold is reached, before the policy's quorum approves that; where a
	// safeguard of the cluster is not in place; or where people who knew the evidence had approved, and their word ended, was
	// objected to, or was outdated by a new text of the policy.
	// The level of a release that this one was made from is declared as well.
	Adverse bool `json:"adverse,omitempty"`
	// Lapsed is when the first of the evidence ended without which the exposure is refused; nil unless all of what is
	// not met would be met if evidence did not grow old. It is never set with Adverse or Revoked. Exposures above the
	// one asked for have it too.
	Lapsed *time.Time `json:"lapsed,omitempty"`
	// Revoked is the gravest severity of the revocations that refuse the exposure: of the release, or of one with the same
	// weights; Critical of a result that would meet one of Blocking; or Advisory of such a result, where the exposure
	// would be granted if nothing had been revoked and evidence did not grow old. Empty when there is none. It may be set
	// with Adverse, which is another cause beside it.
	Revoked v1alpha1.RevocationSeverity `json:"revoked,omitempty"`
	// Reason is as in Decision.Reason; ExposureNotGranted where only asking is missing.
	Reason string `json:"reason"`
	// Blocking are the requirements that keep the exposure from being granted, in the policy's order: those
	// that its levels require, and those that would rule out a threshold which raises the level to them.
	Blocking []string `json:"blocking,omitempty"`
	Message  string   `json:"message"`
}

// Resolution is the answer to the resolution of one finding.
type Resolution struct {
	// Finding is the name of the AdverseFinding.
	Finding string `json:"finding"`
	// Effective: the finding no longer stands, in this decision already.
	Effective bool `json:"effective"`
	// ResolvedTime is when the evaluation that resolves it came to be known; nil when it is not effective.
	ResolvedTime *time.Time `json:"resolvedTime,omitempty"`
	// Message says which evaluation resolves the finding, or why it does not.
	Message string `json:"message"`
}
