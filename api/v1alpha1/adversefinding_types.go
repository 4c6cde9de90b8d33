// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// AdverseFinding records that a requirement failed for certain artifacts. It outlives the
// evidence, the release and the policy it came from. It ends with other artifacts, or when a
// person who holds the verb resolve names a later passing evaluation and the reason.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,shortName=afind,categories=scalegate
// +kubebuilder:printcolumn:name="Requirement",type=string,JSONPath=`.spec.requirement`
// +kubebuilder:printcolumn:name="Value",type=string,JSONPath=`.spec.evidence.value`
// +kubebuilder:printcolumn:name="Evaluation",type=string,JSONPath=`.spec.evidence.name`
// +kubebuilder:printcolumn:name="Namespace",type=string,JSONPath=`.spec.evidence.namespace`
// +kubebuilder:printcolumn:name="Resolved",type=string,JSONPath=`.status.conditions[?(@.type=="Resolved")].status`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.status) || !has(oldSelf.status.resolvedTime) || (has(self.spec.resolution) && has(oldSelf.spec.resolution) && self.spec.resolution == oldSelf.spec.resolution)",message="a resolution that took effect does not change; a new failing evaluation makes a new finding"
type AdverseFinding struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec is what was found.
	// +required
	Spec AdverseFindingSpec `json:"spec,omitzero"`

	// status says whether the finding is resolved.
	// +optional
	Status AdverseFindingStatus `json:"status,omitzero"`
}

// AdverseFindingList is a list of AdverseFindings.
//
// +kubebuilder:object:root=true
type AdverseFindingList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []AdverseFinding `json:"items"`
}

// AdverseFindingSpec is what was found, and how it was resolved.
//
// +kubebuilder:validation:XValidation:rule="self.requirement == oldSelf.requirement && self.scopeDigest == oldSelf.scopeDigest && self.artifacts == oldSelf.artifacts && self.evidence == oldSelf.evidence",message="a finding does not change; only spec.resolution can be added"
type AdverseFindingSpec struct {
	// requirement that failed.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=48
	Requirement string `json:"requirement,omitempty"`

	// scopeDigest is a digest over the artifacts that the finding is about.
	// +required
	// +kubebuilder:validation:MinLength=71
	// +kubebuilder:validation:MaxLength=71
	ScopeDigest string `json:"scopeDigest,omitempty"`

	// artifacts that the finding is about.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	Artifacts []SubjectArtifact `json:"artifacts,omitempty"`

	// evidence is the evaluation that failed.
	// +required
	Evidence FindingEvidence `json:"evidence,omitzero"`

	// resolution ends the finding once the evaluation it names is found to be later and to meet the
	// requirement. Giving it needs the verb resolve; once it took effect it does not change.
	// +optional
	Resolution *FindingResolution `json:"resolution,omitempty"`
}

// FindingEvidence is the evaluation that failed.
type FindingEvidence struct {
	// namespace of the SafetyEvaluation.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Namespace string `json:"namespace,omitempty"`

	// name of the SafetyEvaluation.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`

	// uid of the SafetyEvaluation.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	UID string `json:"uid,omitempty"`

	// reach is where the finding counts: in the namespace of the evaluation, or in the whole Cluster. Omitted
	// means Cluster, as for findings that were made before it was recorded.
	// +optional
	Reach Reach `json:"reach,omitempty"`

	// policy under which the result failed.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Policy string `json:"policy,omitempty"`

	// policyRevision under which the result failed.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=80
	PolicyRevision string `json:"policyRevision,omitempty"`

	// value that was measured, as a decimal number.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=80
	Value string `json:"value,omitempty"`

	// sha256 of the result file, in lower-case hexadecimal.
	// +required
	// +kubebuilder:validation:MinLength=64
	// +kubebuilder:validation:MaxLength=64
	SHA256 string `json:"sha256,omitempty"`

	// resultTime is the time of the failing result: when it came to be known, or when its run
	// ended by its own claim, whichever is earlier.
	// +required
	ResultTime metav1.Time `json:"resultTime,omitzero"` //nolint:kubeapilinter // omitzero leaves a zero time out, and the schema then refuses the object
}

// FindingResolution says why a finding no longer stands.
type FindingResolution struct {
	// namespace of the SafetyEvaluation that passed.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Namespace string `json:"namespace,omitempty"`

	// evaluation is the name of a SafetyEvaluation, later than the finding, that meets the requirement.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Evaluation string `json:"evaluation,omitempty"`

	// reason in words: what was wrong, and why it no longer is.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	Reason string `json:"reason,omitempty"`

	// resolvedBy is the user who resolved the finding. The API server stamps it; what is typed
	// here is replaced.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	ResolvedBy string `json:"resolvedBy,omitempty"`
}

// AdverseFindingStatus says whether a finding is resolved.
//
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.resolvedTime) || (has(self.resolvedTime) && self.resolvedTime == oldSelf.resolvedTime)",message="a resolution that took effect is not taken back; a new failing evaluation makes a new finding"
// +kubebuilder:validation:MinProperties=1
type AdverseFindingStatus struct {
	// conditions of the finding. Resolved is True when its resolution took effect.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=8
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// observedGeneration is the generation this status describes.
	// +optional
	// +kubebuilder:validation:Minimum=0
	ObservedGeneration *int64 `json:"observedGeneration,omitempty"`

	// resolvedTime is when the passing evaluation that resolved the finding came to be known.
	// Failing results that were known before do not make another finding.
	// +optional
	ResolvedTime *metav1.Time `json:"resolvedTime,omitempty"`
}
