// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Condition types. Each is True when all is well, except Reconciling and Stalled, which follow
// the kstatus convention: they are present only while True, and never both.
const (
	// ConditionReady sums a kind up. ModelRelease: the exposure asked for is granted and
	// enforced. SafetyEvaluation: a measurement is recorded. SafetyPolicy: decisions use it.
	ConditionReady = "Ready"

	// ConditionEvidenceComplete on a ModelRelease: every requirement of the exposure asked for is met.
	ConditionEvidenceComplete = "EvidenceComplete"

	// ConditionEnforced on a ModelRelease: what was decided is what holds in the cluster.
	ConditionEnforced = "Enforced"

	// ConditionFresh on a ModelRelease: no evidence that the grant needs has expired.
	ConditionFresh = "Fresh"

	// ConditionReconciling: Scalegate waits for something that may still come.
	ConditionReconciling = "Reconciling"

	// ConditionStalled: only a change of the spec or a person's act helps.
	ConditionStalled = "Stalled"

	// ConditionIdentityDrift on a ModelRelease is present only while True: an object in the cluster makes
	// a pod of the release answer with something else than the release declares.
	ConditionIdentityDrift = "IdentityDrift"

	// ConditionWaived on a ModelRelease is present only while True: a waiver of it counts, and sets a requirement aside.
	ConditionWaived = "Waived"

	// ConditionReviewed on a ReleaseWaiver for an emergency: the review that each of them owes was made.
	ConditionReviewed = "Reviewed"

	// ConditionGuarded on a SafetyPolicy: the admission policies that enforce it are in place and act.
	ConditionGuarded = "Guarded"

	// ConditionCovered on a SafetyPolicy: no accelerator pod in the cluster is ungoverned.
	ConditionCovered = "Covered"

	// ConditionResolved on an AdverseFinding: its resolution took effect.
	ConditionResolved = "Resolved"
)

// Reasons of a ModelRelease's conditions.
const (
	// ReasonReleased, Ready True: the exposure asked for is granted and enforced.
	ReasonReleased = "Released"

	// ReasonEvidenceComplete, EvidenceComplete True: every requirement is met.
	ReasonEvidenceComplete = "EvidenceComplete"

	// ReasonEvidenceMissing, EvidenceComplete and Ready False: a requirement has no result.
	ReasonEvidenceMissing = "EvidenceMissing"

	// ReasonEvidenceIndeterminate, EvidenceComplete and Ready False: a result can neither clear nor fail.
	ReasonEvidenceIndeterminate = "EvidenceIndeterminate"

	// ReasonEvidenceExpired, EvidenceComplete, Fresh and Ready False: a result is too old.
	ReasonEvidenceExpired = "EvidenceExpired"

	// ReasonAdverseFinding, EvidenceComplete and Ready False, Stalled True: a requirement failed.
	ReasonAdverseFinding = "AdverseFinding"

	// ReasonLevelUndefined, EvidenceComplete and Ready False, Stalled True: the level that the
	// release needs has no safeguards defined; only a new policy revision opens it.
	ReasonLevelUndefined = "LevelUndefined"

	// ReasonEvidenceNotRequired, EvidenceComplete and Ready False, Stalled True: the policy
	// requires nothing for the exposure and does not say that this is allowed.
	ReasonEvidenceNotRequired = "EvidenceNotRequired"

	// ReasonPolicyNotFound, EvidenceComplete and Ready False: the policy that governs the release does not exist.
	ReasonPolicyNotFound = "PolicyNotFound"

	// ReasonInvalidSpec, EvidenceComplete and Ready False, Stalled True: the spec names a level or
	// an exposure that the policy does not have.
	ReasonInvalidSpec = "InvalidSpec"

	// ReasonRevoked, EvidenceComplete and Ready False, Stalled True: the release, one with the same weights, or
	// evidence that it needs was revoked.
	ReasonRevoked = "Revoked"

	// ReasonParentNotFound, EvidenceComplete and Ready False: a release that this one was made from does not exist,
	// so that nobody knows what it owes.
	ReasonParentNotFound = "ParentNotFound"

	// ReasonApprovalMissing, EvidenceComplete and Ready False: people whose approval is required have not given it, or
	// have not acknowledged that they were told.
	ReasonApprovalMissing = "ApprovalMissing"

	// ReasonObjected, EvidenceComplete and Ready False, Stalled True: somebody whose approval is required objects.
	ReasonObjected = "Objected"

	// ReasonSafeguardNotInPlace, EvidenceComplete and Ready False, or a workload held: a check of the cluster that the
	// policy asks for does not hold, or could not be made.
	ReasonSafeguardNotInPlace = "SafeguardNotInPlace"

	// ReasonPolicyRevisionPending, EvidenceComplete and Ready False: the policy was changed so that it would grant more, and
	// that is not in force yet.
	ReasonPolicyRevisionPending = "PolicyRevisionPending"

	// ReasonDecisionNotRecorded, Enforced and Ready False: the record of the decision could not be written, so that nothing
	// is given; it is tried again.
	ReasonDecisionNotRecorded = "DecisionNotRecorded"

	// ReasonWaiverInEffect, Waived True: a waiver sets a requirement aside.
	ReasonWaiverInEffect = "WaiverInEffect"

	// ReasonBreakGlassInEffect, Waived True: a waiver for an emergency does.
	ReasonBreakGlassInEffect = "BreakGlassInEffect"

	// ReasonAlertThresholdReached, an event: a result is clear, and beyond the alert bound.
	ReasonAlertThresholdReached = "AlertThresholdReached"

	// ReasonFresh, Fresh True: nothing that counts has expired.
	ReasonFresh = "Fresh"

	// ReasonEvidenceEndsWithin14Days, Fresh True: the first of the evidence that the grant rests on ends soon.
	ReasonEvidenceEndsWithin14Days = "EvidenceEndsWithin14Days"

	// ReasonEvidenceEndsWithin3Days, Fresh True: it ends within three days.
	ReasonEvidenceEndsWithin3Days = "EvidenceEndsWithin3Days"

	// ReasonEvidenceEndsWithin1Day, Fresh True: it ends within a day.
	ReasonEvidenceEndsWithin1Day = "EvidenceEndsWithin1Day"

	// ReasonEnforced, Enforced True: the clearance and every hold are as decided.
	ReasonEnforced = "Enforced"

	// ReasonFrozen, Enforced True: an exposure was lost, what serves it is kept, and nothing of it grows.
	ReasonFrozen = "Frozen"

	// ReasonRemoving, Enforced False: pods that serve more than is granted are on their way out.
	ReasonRemoving = "Removing"

	// ReasonAwaitingFallback, Enforced False: pods that have to go wait until the fallback serves.
	ReasonAwaitingFallback = "AwaitingFallback"

	// ReasonRemovalsLimited, Enforced False: pods that have to go wait, since the policy limits how much is taken
	// away within an hour.
	ReasonRemovalsLimited = "RemovalsLimited"

	// ReasonUntrustedMutator, Enforced True: something that the policy does not trust can change
	// pods here, so none is born free: each is looked at before it starts.
	ReasonUntrustedMutator = "UntrustedMutator"

	// ReasonAudited, Enforced and Ready False: the namespace is only audited, so nothing is held or cleared.
	ReasonAudited = "Audited"

	// ReasonNotGoverned, Enforced and Ready False: the namespace has no gate, so nothing is held or cleared.
	ReasonNotGoverned = "NotGoverned"

	// ReasonWorkloadMismatch, Enforced and Ready False: a workload that claims the release runs
	// something that the release does not declare, and is held.
	ReasonWorkloadMismatch = "WorkloadMismatch"

	// ReasonNotLookedAt, Enforced and Ready False: a workload is held that may be given, and could not be looked at yet.
	ReasonNotLookedAt = "NotLookedAt"

	// ReasonClearanceSpaceExhausted, Enforced and Ready False: the namespace's clearances would
	// not fit into its annotations.
	ReasonClearanceSpaceExhausted = "ClearanceSpaceExhausted"

	// ReasonGuardsNotInPlace, Enforced and Ready False: the admission policies are not known to be in place,
	// so nothing new is cleared or opened. What stands stays.
	ReasonGuardsNotInPlace = "GuardsNotInPlace"

	// ReasonSettling, Enforced and Ready False: the namespace is enforced since a moment ago, and nothing is
	// cleared until every API server can be taken to hold it so.
	ReasonSettling = "Settling"
	// ReasonNamespaceTerminating, Enforced and Ready False: the namespace is being deleted, and nothing starts in it
	// any more.
	ReasonNamespaceTerminating = "NamespaceTerminating"

	// ReasonAdapterAttached, IdentityDrift True and Ready False: an object loads an adapter or another model
	// into running pods.
	ReasonAdapterAttached = "AdapterAttached"

	// ReasonRouteRewritten, IdentityDrift True and Ready False: an object sends requests for one model name to another.
	ReasonRouteRewritten = "RouteRewritten"

	// ReasonServeConfigChanged, IdentityDrift True and Ready False: the models are named in a text that is
	// applied to running pods.
	ReasonServeConfigChanged = "ServeConfigChanged"

	// ReasonEnforcementError, Enforced and Ready False: writing to the cluster went wrong; it is tried again.
	ReasonEnforcementError = "EnforcementError"
)

// Reasons of a ModelRelease's events, beside those of its conditions.
const (
	// ReasonExposureChanged: another exposure is granted than before.
	ReasonExposureChanged = "ExposureChanged"

	// ReasonEvaluationMade: a suite is run for a requirement, since the release asks for automatic evaluations.
	ReasonEvaluationMade = "EvaluationMade"

	// ReasonEvaluationNotMade: a suite should be run for a requirement, and cannot be.
	ReasonEvaluationNotMade = "EvaluationNotMade"

	// ReasonEvaluationExpended: an evaluation was deleted that nothing needs any more.
	ReasonEvaluationExpended = "EvaluationExpended"

	// ReasonEnforcementBegan: the day came that the policy sets, and the namespace became enforced.
	ReasonEnforcementBegan = "EnforcementBegan"

	// ReasonWithdrawalEnforced: nothing serves any more above what is granted.
	ReasonWithdrawalEnforced = "WithdrawalEnforced"

	// ReasonScaled, on a workload: its replicas were set, to what is granted, to take over, or back.
	ReasonScaled = "Scaled"

	// ReasonSyncRetried, on a release: Argo CD tries a sync again that Scalegate had refused. In events only.
	ReasonSyncRetried = "SyncRetried"

	// ReasonFreed, on a workload: its namespace is not enforced any more, so its hold was lifted.
	ReasonFreed = "Freed"

	// ReasonSuperseded, on a pod: it was held, never ran, and its StatefulSet waited for it before rolling
	// the next revision out, so it was removed.
	ReasonSuperseded = "Superseded"
)

// Reasons in a ModelRelease's status.workloads, beside those of its conditions.
const (
	// ReasonExposureNotGranted: the workload claims an exposure above the granted one.
	ReasonExposureNotGranted = "ExposureNotGranted"
	// ReasonAboveCeiling: as many pods run as the exposure allows.
	ReasonAboveCeiling = "AboveCeiling"
)

// Reasons of a SafetyEvaluation's conditions.
const (
	// ReasonMeasured, Ready True: a usable measurement is recorded.
	ReasonMeasured = "Measured"
	// ReasonUnusable, Ready False, Stalled True: the file was read and its result cannot be used.
	ReasonUnusable = "Unusable"
	// ReasonUnreadable, Ready False, Stalled True: the file cannot be read.
	ReasonUnreadable = "Unreadable"
	// ReasonMetricNotFound, Ready False, Stalled True: not exactly one result in the file is the
	// one that the requirement asks for. It is read again when the policy changes.
	ReasonMetricNotFound = "MetricNotFound"
	// ReasonReportNotFound, Ready False, Reconciling True: the ConfigMap or its key does not exist.
	ReasonReportNotFound = "ReportNotFound"
	// ReasonDigestMismatch, Ready False, Stalled True: the file is not the one that spec.report.sha256 names.
	ReasonDigestMismatch = "DigestMismatch"
	// ReasonReleaseNotFound, Ready False, Reconciling True: the release does not exist.
	ReasonReleaseNotFound = "ReleaseNotFound"
	// ReasonRequirementNotFound, Ready False, Reconciling True: the policy has no such requirement.
	ReasonRequirementNotFound = "RequirementNotFound"
	// ReasonRequirementNotEvaluated, Ready False, Stalled True: the requirement asks for people who approve, or for a check of
	// the cluster, and for no evaluation. It is looked at again when the policy changes.
	ReasonRequirementNotEvaluated = "RequirementNotEvaluated"
	// ReasonLMEvalJobNotFound, Ready False, Reconciling True: the LMEvalJob, or the kind, does not exist.
	ReasonLMEvalJobNotFound = "LMEvalJobNotFound"
)

// Reasons of the conditions of a SafetyEvaluation that runs a suite, beside those above.
const (
	// ReasonSuiteNotFound, Ready False, Reconciling True: the EvaluationSuite does not exist.
	ReasonSuiteNotFound = "SuiteNotFound"
	// ReasonInvalidSuite, Ready False, Stalled True, also of an EvaluationSuite: the suite cannot be run.
	ReasonInvalidSuite = "InvalidSuite"
	// ReasonSuiteMismatch, Ready False, Stalled True: the requirement is measured by another suite.
	ReasonSuiteMismatch = "SuiteMismatch"
	// ReasonSubjectMismatch, Ready False, Stalled True: the artifacts of the subject are not the release's own.
	ReasonSubjectMismatch = "SubjectMismatch"
	// ReasonCollectorUnknown, Ready False, Stalled True: the manager does not know the image that reads results.
	ReasonCollectorUnknown = "CollectorUnknown"
	// ReasonServerHeld, Ready False, Reconciling True: a pod of the run claims the release and is held like every other.
	ReasonServerHeld = "ServerHeld"
	// ReasonServerStarting, Ready False, Reconciling True: the model under test is not served yet.
	ReasonServerStarting = "ServerStarting"
	// ReasonServerFailed, Ready False, Stalled True: the model under test could not be served.
	ReasonServerFailed = "ServerFailed"
	// ReasonRunRefused, Ready False, Reconciling True: the API server does not let the Job, or a part of the server, be made.
	ReasonRunRefused = "RunRefused"
	// ReasonQueued, Ready False, Reconciling True: the Job is suspended, or its pod does not run yet.
	ReasonQueued = "Queued"
	// ReasonRunning, Ready False, Reconciling True: the evaluation runs.
	ReasonRunning = "Running"
	// ReasonRunFailed, Ready False, Stalled True: the evaluation exited with an error, as often as it may be tried.
	ReasonRunFailed = "RunFailed"
	// ReasonDeadlineExceeded, Ready False, Stalled True: the evaluation took longer than it may.
	ReasonDeadlineExceeded = "DeadlineExceeded"
	// ReasonEvicted, Ready False, Stalled True: the pod of the last attempt was taken away.
	ReasonEvicted = "Evicted"
	// ReasonJobDeleted, Ready False, Stalled True: the Job was deleted before its result was recorded.
	ReasonJobDeleted = "JobDeleted"
	// ReasonResultMissing, Ready False, Stalled True: the evaluation left no result file, or nothing is known of it.
	ReasonResultMissing = "ResultMissing"
	// ReasonResultAmbiguous, Ready False, Stalled True: more than one file is where the result should be.
	ReasonResultAmbiguous = "ResultAmbiguous"
)

// Reasons of a SafetyEvaluation's events, beside those of its conditions.
const (
	// ReasonStarted: the Job of the suite was made.
	ReasonStarted = "Started"
)

// Reasons of the conditions of an EvaluationSuite, beside InvalidSuite.
const (
	// ReasonValid, Ready True: the suite can be run.
	ReasonValid = "Valid"
)

// Reasons of the conditions of SafetyPolicy and AdverseFinding.
const (
	// ReasonInForce, Ready True: decisions use the policy.
	ReasonInForce = "InForce"
	// ReasonAllGoverned, Covered True: every accelerator pod in the cluster is governed, audited or exempt.
	ReasonAllGoverned = "AllGoverned"
	// ReasonUngoverned, Covered False: accelerator pods run where no gate stands and nobody said why that is right.
	ReasonUngoverned = "Ungoverned"
	// ReasonCensusFailed, Covered Unknown: the accelerator pods could not be counted; it is tried again.
	ReasonCensusFailed = "CensusFailed"
	// ReasonResolved, Resolved True: a later evaluation that passed was named.
	ReasonResolved = "Resolved"
	// ReasonStands, Resolved False: nobody resolved the finding.
	ReasonStands = "Stands"
	// ReasonResolutionIneffective, Resolved False: the evaluation that the resolution names is not
	// later, is about something else, or does not meet the requirement.
	ReasonResolutionIneffective = "ResolutionIneffective"
)

// Reasons of the condition Guarded of a SafetyPolicy, and of the events that tell of it.
const (
	// ReasonGuardsInPlace, Guarded True: every admission object is as installed, and was seen to act.
	ReasonGuardsInPlace = "GuardsInPlace"
	// ReasonGuardMissing, Guarded False: an admission policy or binding was not there.
	ReasonGuardMissing = "GuardMissing"
	// ReasonGuardChanged, Guarded False: an admission policy or binding was not as installed.
	ReasonGuardChanged = "GuardChanged"
	// ReasonGuardIneffective, Guarded False: every object is as installed, and what one is for did not happen.
	ReasonGuardIneffective = "GuardIneffective"
	// ReasonGuardsUnknown, Guarded Unknown: the objects could not be read, or not be probed.
	ReasonGuardsUnknown = "GuardsUnknown"
	// ReasonGuardsNotWatched, Guarded Unknown: the manager runs with --guards=off.
	ReasonGuardsNotWatched = "GuardsNotWatched"
	// ReasonGuardUnexpected, an event: an admission object bears Scalegate's prefix or binds one of its
	// policies, and was not installed with it.
	ReasonGuardUnexpected = "GuardUnexpected"
)

// Reasons of the condition Ready of ReleaseApproval, ReleaseWaiver, ReleaseDetermination and PolicyApproval, beside
// ReleaseNotFound, PolicyNotFound, Objected, ApprovalMissing, and InvalidSpec where the policy has no such exposure.
const (
	// ReasonCounts, Ready True: decisions take it into account.
	ReasonCounts = "Counts"
	// ReasonNotYet, Ready False, Reconciling True: it was made later than Scalegate's clock says, and counts from then on.
	ReasonNotYet = "NotYet"
	// ReasonOtherArtifacts, Ready False, Stalled True: it was given for other artifacts than the release has.
	ReasonOtherArtifacts = "OtherArtifacts"
	// ReasonWeakerEvidence, Ready False, Stalled True: evidence became weaker after it was given.
	ReasonWeakerEvidence = "WeakerEvidence"
	// ReasonPolicyChanged, Ready False, Stalled True: the policy revision that it names is not known, or was weakened since.
	ReasonPolicyChanged = "PolicyChanged"
	// ReasonEnded, Ready False, Stalled True: its time is over.
	ReasonEnded = "Ended"
	// ReasonTooLong, Ready False, Stalled True: its end is later than the policy lets it be.
	ReasonTooLong = "TooLong"
	// ReasonNotInRole, Ready False, Stalled True: the policy has no such role, asks nothing of it here, or its groups do
	// not have the person.
	ReasonNotInRole = "NotInRole"
	// ReasonNotSeparate, Ready False, Stalled True: the person has another part in it: author, evaluator or requester.
	ReasonNotSeparate = "NotSeparate"
	// ReasonReplaced, Ready False, Stalled True: the same person said something later, or a later revision came into force.
	ReasonReplaced = "Replaced"
	// ReasonNotAllowed, Ready False, Stalled True: the policy does not allow it: no waivers or determinations, an undefined
	// level, a failed requirement, a threshold that is reached or about which too little is known.
	ReasonNotAllowed = "NotAllowed"
	// ReasonNoNewEvidence, Ready False, Stalled True: an earlier waiver set the same aside, and nothing new was shown since.
	ReasonNoNewEvidence = "NoNewEvidence"
	// ReasonReviewOverdue, Ready False, Stalled True: the review of an earlier waiver for an emergency is owed, and late. Of that
	// waiver itself, Reviewed False. Also an event of the release.
	ReasonReviewOverdue = "ReviewOverdue"
	// ReasonReviewOwed, Reviewed False: the waiver was for an emergency, and nobody reviewed it yet.
	ReasonReviewOwed = "ReviewOwed"
	// ReasonReviewMade, Reviewed True: somebody in the role that the policy names reviewed it.
	ReasonReviewMade = "ReviewMade"
	// ReasonRecordNotFound, Ready False, Reconciling True: the waiver or determination that it regards does not exist, or is
	// a later one of that name.
	ReasonRecordNotFound = "RecordNotFound"
)

// Reasons of the condition Ready of a PolicyRevision, beside InForce, Replaced and Objected.
const (
	// ReasonAwaitingQuorum, Ready False, Reconciling True: it weakens the policy, and people whose approval is required have
	// not given it.
	ReasonAwaitingQuorum = "AwaitingQuorum"
	// ReasonCoolingOff, Ready False, Reconciling True: it weakens the policy, is approved, and has to wait.
	ReasonCoolingOff = "CoolingOff"
	// ReasonPolicyWeakened, an event of the policy: a revision weakens it.
	ReasonPolicyWeakened = "PolicyWeakened"
)
