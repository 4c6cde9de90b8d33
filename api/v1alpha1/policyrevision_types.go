// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// PolicyRevision is the record of one change of a SafetyPolicy: its whole text, what changed, and whether that weakens the
// policy. Scalegate alone writes it. It outlives the policy, so that deleting and making it again is a change like others.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,shortName=prev,categories=scalegate
// +kubebuilder:selectablefield:JSONPath=`.spec.policy`
// +kubebuilder:printcolumn:name="Policy",type=string,JSONPath=`.spec.policy`
// +kubebuilder:printcolumn:name="Sequence",type=integer,JSONPath=`.spec.sequence`
// +kubebuilder:printcolumn:name="Revision",type=string,JSONPath=`.spec.revision`
// +kubebuilder:printcolumn:name="Effect",type=string,JSONPath=`.spec.effect`
// +kubebuilder:printcolumn:name="Author",type=string,JSONPath=`.spec.author`
// +kubebuilder:printcolumn:name="InForce",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
type PolicyRevision struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata. The name is the policy's, a dash, and the sequence.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec is the revision. It does not change.
	// +required
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="a PolicyRevision does not change once it is made"
	Spec PolicyRevisionSpec `json:"spec,omitzero"`

	// status says whether the revision is in force.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status PolicyRevisionStatus `json:"status,omitzero"`
}

// PolicyRevisionList is a list of PolicyRevisions.
//
// +kubebuilder:object:root=true
type PolicyRevisionList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []PolicyRevision `json:"items"`
}

// PolicyRevisionSpec is one revision of a policy.
type PolicyRevisionSpec struct {
	// policy is the name of the SafetyPolicy.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=240
	Policy string `json:"policy,omitempty"`

	// sequence is 1 for the first revision of a policy of this name, and one more for each that follows.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000000
	Sequence int64 `json:"sequence,omitempty"`

	// revision is the digest of the text, as decisions name it: sha256: and the first 16 hexadecimal digits.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=80
	Revision string `json:"revision,omitempty"`

	// digest is the SHA-256 of the text, in lower-case hexadecimal.
	// +required
	// +kubebuilder:validation:MinLength=64
	// +kubebuilder:validation:MaxLength=64
	Digest string `json:"digest,omitempty"`

	// comparedWith is the sequence of the revision that was in force when this one was recorded, with which it is
	// compared. Absent for the first.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000000
	ComparedWith *int64 `json:"comparedWith,omitempty"`

	// effect of all changes together.
	// +required
	Effect RevisionEffect `json:"effect,omitempty"`

	// changes are the items that changed, one by one; the first 256.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=256
	Changes []PolicyChange `json:"changes,omitempty"`

	// author is the user who changed the policy, as the API server stamped it. Absent where that is not known.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Author string `json:"author,omitempty"`

	// text is the spec of the policy as JSON with sorted keys: what digest and revision are of.
	// +required
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=524288
	Text string `json:"text,omitempty"`
}

// RevisionEffect is what a change does to a policy.
//
// +kubebuilder:validation:Enum=Initial;Neutral;Strengthening;Weakening
type RevisionEffect string

const (
	// EffectInitial is the first revision of a policy.
	EffectInitial RevisionEffect = "Initial"
	// EffectNeutral grants as much as before.
	EffectNeutral RevisionEffect = "Neutral"
	// EffectStrengthening grants less or as much, and never more.
	EffectStrengthening RevisionEffect = "Strengthening"
	// EffectWeakening may grant more, or cannot be known not to.
	EffectWeakening RevisionEffect = "Weakening"
)

// PolicyChange is one item that changed.
type PolicyChange struct {
	// item that changed, such as spec.requirements[bio-uplift].evaluation.clearAt.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Item string `json:"item,omitempty"`

	// effect of this item by itself.
	// +required
	Effect RevisionEffect `json:"effect,omitempty"`

	// before is what it was, as JSON; absent where it was not there.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Before string `json:"before,omitempty"`

	// after is what it is, as JSON; absent where it is not there any more.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	After string `json:"after,omitempty"`

	// message says why it has this effect.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Message string `json:"message,omitempty"`
}

// PolicyRevisionStatus says whether a revision is in force.
//
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.inForceTime) || (has(self.inForceTime) && self.inForceTime == oldSelf.inForceTime)",message="a revision that came into force stays on record as such"
// +kubebuilder:validation:MinProperties=1
type PolicyRevisionStatus struct {
	// conditions of the revision. Ready is True while it is in force.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=8
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// observedGeneration is the generation this status describes, or -1 when none was seen.
	// +optional
	// +kubebuilder:validation:Minimum=-1
	ObservedGeneration *int64 `json:"observedGeneration,omitempty"`

	// inForceTime is when it came into force. Absent means that it never did.
	// +optional
	InForceTime *metav1.Time `json:"inForceTime,omitempty"`

	// earliestTime is when a weakening may come into force at the earliest, by its cool-off.
	// +optional
	EarliestTime *metav1.Time `json:"earliestTime,omitempty"`
}
