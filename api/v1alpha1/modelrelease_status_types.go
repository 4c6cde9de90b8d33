// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ModelReleaseStatus is what Scalegate decided about a release.
//
// +kubebuilder:validation:MinProperties=1
type ModelReleaseStatus struct {
	// conditions of the release: Ready, EvidenceComplete, Enforced and Fresh; Reconciling or
	// Stalled only while True.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=8
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// observedGeneration is the generation this status describes, or -1 when none was seen.
	// +optional
	// +kubebuilder:validation:Minimum=-1
	ObservedGeneration *int64 `json:"observedGeneration,omitempty"`

	// subjectDigest is a digest over the release's artifacts, sha256: and 64 hexadecimal digits.
	// +optional
	// +kubebuilder:validation:MinLength=71
	// +kubebuilder:validation:MaxLength=71
	SubjectDigest string `json:"subjectDigest,omitempty"`

	// policyRevision is the revision of the policy that the decision was made under.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=80
	PolicyRevision string `json:"policyRevision,omitempty"`

	// requiredLevel is the level that the release needs for the exposure it asks for: the declared
	// level, or the highest that a threshold which is not ruled out raises it to.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	RequiredLevel string `json:"requiredLevel,omitempty"`

	// grantedExposure is the exposure that the evidence reaches. Absent means none.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	GrantedExposure string `json:"grantedExposure,omitempty"`

	// replicaCeiling is the most pods that may serve the granted exposure. Absent means no ceiling.
	// +optional
	// +kubebuilder:validation:Minimum=1
	ReplicaCeiling *int32 `json:"replicaCeiling,omitempty"`

	// clearedUntil is when the clearance ends unless it is renewed.
	// +optional
	ClearedUntil *metav1.Time `json:"clearedUntil,omitempty"`

	// clearedSinceTime is when the release was first cleared here, since its namespace is enforced.
	// +optional
	ClearedSinceTime *metav1.Time `json:"clearedSinceTime,omitempty"`

	// evidenceEndTime is when the first of the evidence ends that the grant rests on; while nothing is granted, of
	// the last grant. Deleting evidence does not put it off.
	// +optional
	EvidenceEndTime *metav1.Time `json:"evidenceEndTime,omitempty"`

	// withdrawal is what became of an exposure that was granted and no longer is. Absent means that none was lost.
	// +optional
	Withdrawal *Withdrawal `json:"withdrawal,omitempty"`

	// removal is how pods that serve more than is granted are taken away. Absent means that none is.
	// +optional
	Removal *RemovalStatus `json:"removal,omitempty"`

	// thresholds are the policy's capability thresholds as the evidence answers them.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=32
	Thresholds []ThresholdStatus `json:"thresholds,omitempty"`

	// requirements are the policy's requirements as the evidence answers them.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=128
	Requirements []RequirementStatus `json:"requirements,omitempty"`

	// pendingPolicyRevision is the revision of the policy that is not in force yet, while there is one: what is granted is
	// granted by the one in force as well.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=80
	PendingPolicyRevision string `json:"pendingPolicyRevision,omitempty"`

	// safeguards are what Scalegate saw of the checks that the policy asks for.
	// +optional
	// +listType=map
	// +listMapKey=requirement
	// +kubebuilder:validation:MaxItems=64
	Safeguards []SafeguardStatus `json:"safeguards,omitempty"`

	// decision is the last GateDecision about the release.
	// +optional
	Decision *DecisionReference `json:"decision,omitempty"`

	// workloads are the workloads that claim the release; the first 64 by kind and name.
	// +optional
	// +listType=map
	// +listMapKey=kind
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=64
	Workloads []WorkloadStatus `json:"workloads,omitempty"`
}

// ThresholdState is the answer of the evidence to a capability threshold.
//
// +kubebuilder:validation:Enum=RuledOut;Reached;Open
type ThresholdState string

const (
	// ThresholdRuledOut means that every requirement that rules the capability out is met by evidence.
	ThresholdRuledOut ThresholdState = "RuledOut"
	// ThresholdReached means that a requirement failed, so the model has the capability.
	ThresholdReached ThresholdState = "Reached"
	// ThresholdOpen means that neither is shown.
	ThresholdOpen ThresholdState = "Open"
)

// ThresholdStatus is the answer to one capability threshold.
type ThresholdStatus struct {
	// name of the threshold.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name,omitempty"`

	// state of the threshold.
	// +required
	State ThresholdState `json:"state,omitempty"`

	// message says what decided the state, and what would change it.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`
}

// RequirementState is the answer of the evidence to a requirement.
//
// +kubebuilder:validation:Enum=Met;Failed;Missing;Indeterminate;Expired;Revoked;Waived;Objected;Broken
type RequirementState string

const (
	// RequirementMet means that the latest result is clear.
	RequirementMet RequirementState = "Met"
	// RequirementFailed means that a result tripped, and its finding stands.
	RequirementFailed RequirementState = "Failed"
	// RequirementMissing means that no result is about this release.
	RequirementMissing RequirementState = "Missing"
	// RequirementIndeterminate means that the latest result is neither clear nor tripped, or cannot be judged.
	RequirementIndeterminate RequirementState = "Indeterminate"
	// RequirementExpired means that the latest result is clear, and too old.
	RequirementExpired RequirementState = "Expired"
	// RequirementRevoked means that the latest result is clear, and was revoked.
	RequirementRevoked RequirementState = "Revoked"
	// RequirementWaived means that it is not met, and that a waiver sets it aside for the exposure asked for.
	RequirementWaived RequirementState = "Waived"
	// RequirementObjected means that somebody whose approval is asked for objects.
	RequirementObjected RequirementState = "Objected"
	// RequirementBroken means that a safeguard is not in place.
	RequirementBroken RequirementState = "Broken"
)

// RequirementStatus is the answer to one requirement.
type RequirementStatus struct {
	// name of the requirement.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=48
	Name string `json:"name,omitempty"`

	// state of the requirement.
	// +required
	State RequirementState `json:"state,omitempty"`

	// evidence is the name of what decided the state: a SafetyEvaluation, an AdverseFinding, a ReleaseApproval or a
	// ReleaseWaiver.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Evidence string `json:"evidence,omitempty"`

	// expiresTime is when the evidence stops counting.
	// +optional
	ExpiresTime *metav1.Time `json:"expiresTime,omitempty"`

	// message says what decided the state, and what would change it.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`

	// alert says that the requirement is met, and that the result lies beyond the bound at which the policy wants an alert.
	// Absent where it does not.
	// +optional
	Alert RequirementAlert `json:"alert,omitempty"`
}

// RequirementAlert says that a policy wants an alert about a result that is met.
//
// +kubebuilder:validation:Enum=Reached
type RequirementAlert string

// AlertReached means that the result lies beyond the policy's alert bound.
const AlertReached RequirementAlert = "Reached"

// WorkloadStatus is what became of one workload that claims the release.
type WorkloadStatus struct {
	// kind of the workload, such as Deployment.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Kind string `json:"kind,omitempty"`

	// name of the workload.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`

	// exposure that the workload claims.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Exposure string `json:"exposure,omitempty"`

	// desired is the number of pods that the workload asks for.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Desired *int32 `json:"desired,omitempty"`

	// released is the number of its pods that are not held.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Released *int32 `json:"released,omitempty"`

	// held is the number of its pods that are held.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Held *int32 `json:"held,omitempty"`

	// reason says in a word why something of it is held. Absent means that nothing is.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Reason string `json:"reason,omitempty"`

	// message says what is held, and what would release it.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`
}
