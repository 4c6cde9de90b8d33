// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// GateDecision is the record of one change of the decision about a release, with the digests of all that it was made from,
// and the digest of the record before. Scalegate alone writes it, and nobody changes it.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,shortName=gdec,categories=scalegate
// +kubebuilder:selectablefield:JSONPath=`.spec.release`
// +kubebuilder:printcolumn:name="Release",type=string,JSONPath=`.spec.release`
// +kubebuilder:printcolumn:name="Sequence",type=integer,JSONPath=`.spec.sequence`
// +kubebuilder:printcolumn:name="Granted",type=string,JSONPath=`.spec.grantedExposure`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.spec.reason`
// +kubebuilder:printcolumn:name="Decided",type=date,JSONPath=`.spec.decidedTime`
// +kubebuilder:printcolumn:name="Enforced",type=date,JSONPath=`.status.enforcedTime`
// +kubebuilder:printcolumn:name="Cause",type=string,priority=1,JSONPath=`.spec.causes`
// +kubebuilder:printcolumn:name="Digest",type=string,priority=1,JSONPath=`.spec.digest`
type GateDecision struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata. The name is the release's, a dash, and the sequence.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec is the record. It does not change.
	// +required
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="a GateDecision does not change once it is made"
	Spec GateDecisionSpec `json:"spec,omitzero"`

	// status says when the decision was enforced.
	// +optional
	Status GateDecisionStatus `json:"status,omitzero"`
}

// GateDecisionList is a list of GateDecisions.
//
// +kubebuilder:object:root=true
type GateDecisionList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []GateDecision `json:"items"`
}

// GateDecisionSpec is the record of a decision.
type GateDecisionSpec struct {
	// release is the name of the ModelRelease in the same namespace. The chain of a name goes on when the release is made anew.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Release string `json:"release,omitempty"`

	// releaseUID is the UID of the release.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	ReleaseUID string `json:"releaseUID,omitempty"`

	// sequence is 1 for the first record of a release, and one more for each that follows.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000000
	Sequence int64 `json:"sequence,omitempty"`

	// previous is the digest of the record before, in lower-case hexadecimal. Absent in the first.
	// +optional
	// +kubebuilder:validation:MinLength=64
	// +kubebuilder:validation:MaxLength=64
	Previous string `json:"previous,omitempty"`

	// previousEnforcedTime is when the decision of the record before was enforced. Absent where it was not.
	// +optional
	PreviousEnforcedTime *metav1.Time `json:"previousEnforcedTime,omitempty"`

	// decidedTime is the time of the decision.
	// +required
	DecidedTime metav1.Time `json:"decidedTime,omitzero"` //nolint:kubeapilinter // omitzero leaves a zero time out, and the schema then refuses the object

	// causes are what changed since the record before, in words.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=512
	Causes []string `json:"causes,omitempty"`

	// policy is the name of the SafetyPolicy that was decided under.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Policy string `json:"policy,omitempty"`

	// policyRevision that was decided under.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=80
	PolicyRevision string `json:"policyRevision,omitempty"`

	// subjectDigest is the digest over the release's artifacts.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=71
	SubjectDigest string `json:"subjectDigest,omitempty"`

	// requiredLevel is the level that the release needed. Absent where none could be told.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	RequiredLevel string `json:"requiredLevel,omitempty"`

	// grantedExposure is the exposure that was granted. Absent means none.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	GrantedExposure string `json:"grantedExposure,omitempty"`

	// replicaCeiling is the most pods that may serve it. Absent means no ceiling.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100000
	ReplicaCeiling *int32 `json:"replicaCeiling,omitempty"`

	// reason of the decision.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Reason string `json:"reason,omitempty"`

	// message of the decision.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`

	// inputs are the digests of all that the decision was made from.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=512
	Inputs []DecisionInput `json:"inputs,omitempty"`

	// input is all that the decision was made from, as JSON with sorted keys, compressed with gzip, in base64. Policies stand in
	// it by the digest of their PolicyRevision. Absent where it would be larger than 262144 bytes when it is compressed.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=349528
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9+/]+={0,2}$`
	Input string `json:"input,omitempty"`

	// inputDigest is the SHA-256 of the input before compression, in lower-case hexadecimal.
	// +required
	// +kubebuilder:validation:MinLength=64
	// +kubebuilder:validation:MaxLength=64
	InputDigest string `json:"inputDigest,omitempty"`

	// decisionDigest is the SHA-256 of the whole decision as JSON with sorted keys, in lower-case hexadecimal.
	// +required
	// +kubebuilder:validation:MinLength=64
	// +kubebuilder:validation:MaxLength=64
	DecisionDigest string `json:"decisionDigest,omitempty"`

	// engine is the version of Scalegate that decided.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Engine string `json:"engine,omitempty"`

	// digest is the SHA-256 of this spec without this field, as JSON with sorted keys, in lower-case hexadecimal.
	// +required
	// +kubebuilder:validation:MinLength=64
	// +kubebuilder:validation:MaxLength=64
	Digest string `json:"digest,omitempty"`
}

// DecisionInput is one object that a decision was made from.
type DecisionInput struct {
	// kind of the object.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Kind string `json:"kind,omitempty"`

	// name of the object, with its namespace and a slash before it where that is another one.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=320
	Name string `json:"name,omitempty"`

	// digest is the SHA-256 of what of it the decision depends on, in lower-case hexadecimal.
	// +required
	// +kubebuilder:validation:MinLength=64
	// +kubebuilder:validation:MaxLength=64
	Digest string `json:"digest,omitempty"`
}

// GateDecisionStatus says when a decision was enforced.
//
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.enforcedTime) || (has(self.enforcedTime) && self.enforcedTime == oldSelf.enforcedTime)",message="when a decision was enforced does not change"
// +kubebuilder:validation:MinProperties=1
type GateDecisionStatus struct {
	// enforcedTime is when what was decided held in the cluster: all that it gives was given, and nothing served any more
	// above it. Absent means that it does not, or that another decision came before it did.
	// +optional
	EnforcedTime *metav1.Time `json:"enforcedTime,omitempty"`
}

// DecisionReference names the last record of a chain.
type DecisionReference struct {
	// sequence of the record.
	// +required
	// +kubebuilder:validation:Minimum=1
	Sequence int64 `json:"sequence,omitempty"`

	// digest of the record, in lower-case hexadecimal.
	// +required
	// +kubebuilder:validation:MinLength=64
	// +kubebuilder:validation:MaxLength=64
	Digest string `json:"digest,omitempty"`

	// substance tells apart the decisions that have records of their own: the SHA-256 of what is granted, why, and by which
	// evidence, in lower-case hexadecimal, without times and texts. A manager that starts compares with it, and need not
	// read the record. Absent where the record could not be read, or another version wrote the status.
	// +optional
	// +kubebuilder:validation:MinLength=64
	// +kubebuilder:validation:MaxLength=64
	Substance string `json:"substance,omitempty"`
}
