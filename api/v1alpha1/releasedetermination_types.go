// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ReleaseDetermination is the judgement of capability thresholds as a whole, as a capability report makes it. It may be
// stricter than the evaluations at once. Where they leave a threshold open it may rule it out, once the people approved it
// whom the policy names. It never overrides a threshold that an evaluation shows to be reached.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,shortName=rdet,categories=scalegate
// +kubebuilder:selectablefield:JSONPath=`.spec.release`
// +kubebuilder:printcolumn:name="Release",type=string,JSONPath=`.spec.release`
// +kubebuilder:printcolumn:name="Author",type=string,JSONPath=`.spec.author`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
type ReleaseDetermination struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec is the judgement. It does not change.
	// +required
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="a ReleaseDetermination does not change once it is made; create another one instead: of several about one threshold the strictest counts"
	Spec ReleaseDeterminationSpec `json:"spec,omitzero"`

	// status says whether it counts.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status RecordStatus `json:"status,omitzero"`
}

// ReleaseDeterminationList is a list of ReleaseDeterminations.
//
// +kubebuilder:object:root=true
type ReleaseDeterminationList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []ReleaseDetermination `json:"items"`
}

// ReleaseDeterminationSpec is the judgement of capability thresholds.
//
// +kubebuilder:validation:XValidation:rule="has(self.disclosure) || self.thresholds.all(t, t.conclusion == 'Reached')",message="disclosure must say where it is disclosed that a threshold is ruled out which the evaluations leave open",fieldPath=".disclosure"
// +kubebuilder:validation:XValidation:rule="!has(self.endTime) || self.thresholds.exists(t, t.conclusion == 'RuledOut')",message="endTime is for thresholds that are ruled out: that one is reached does not end",fieldPath=".endTime"
type ReleaseDeterminationSpec struct {
	// release is the name of the ModelRelease in the same namespace.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Release string `json:"release,omitempty"`

	// thresholds that are judged.
	// +required
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	Thresholds []DeterminedThreshold `json:"thresholds,omitempty"`

	// subjectDigest is status.subjectDigest of the release. For other artifacts a threshold that it rules out stays open.
	// +required
	// +kubebuilder:validation:MinLength=71
	// +kubebuilder:validation:MaxLength=71
	// +kubebuilder:validation:Pattern=`^sha256:[a-f0-9]{64}$`
	SubjectDigest string `json:"subjectDigest,omitempty"`

	// policyRevision is status.policyRevision of the release.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=80
	PolicyRevision string `json:"policyRevision,omitempty"`

	// rationale in words.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=8192
	Rationale string `json:"rationale,omitempty"`

	// disclosure is where it is disclosed: an address, or the number of a record.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	Disclosure string `json:"disclosure,omitempty"`

	// report is the document that the judgement stands in.
	// +optional
	Report *PolicySource `json:"report,omitempty"`

	// endTime is until when it rules a threshold out. Omitted means as long as the policy lets it. That a threshold is
	// reached does not end.
	// +optional
	EndTime *metav1.Time `json:"endTime,omitempty"`

	// author is the user who wrote it. The API server stamps it; what is typed here is replaced.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Author string `json:"author,omitempty"`
}

// DeterminedThreshold is the judgement of one threshold.
type DeterminedThreshold struct {
	// name of the threshold in the policy.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name,omitempty"`

	// conclusion about it.
	// +required
	Conclusion Conclusion `json:"conclusion,omitempty"`
}

// Conclusion is the judgement of a threshold as a whole.
//
// +kubebuilder:validation:Enum=Reached;RuledOut
type Conclusion string

const (
	// ConclusionReached means that the model is to be treated as having the capability. It needs no approval.
	ConclusionReached Conclusion = "Reached"
	// ConclusionRuledOut means that the model does not have the capability.
	ConclusionRuledOut Conclusion = "RuledOut"
)
