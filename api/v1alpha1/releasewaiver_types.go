// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ReleaseWaiver sets named requirements of a release aside, for a reason, with something else in their place, and until an
// end. It counts once the people approved it whom the policy names, in ReleaseApprovals that regard it.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,shortName=rwaiv,categories=scalegate
// +kubebuilder:selectablefield:JSONPath=`.spec.release`
// +kubebuilder:printcolumn:name="Release",type=string,JSONPath=`.spec.release`
// +kubebuilder:printcolumn:name="Requirements",type=string,JSONPath=`.spec.requirements`
// +kubebuilder:printcolumn:name="Path",type=string,JSONPath=`.spec.path`
// +kubebuilder:printcolumn:name="Ends",type=string,JSONPath=`.spec.endTime`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
type ReleaseWaiver struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec is what is asked for. It does not change.
	// +required
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="a ReleaseWaiver does not change once it is made; create another one instead, or object to this one with a ReleaseApproval that regards it"
	Spec ReleaseWaiverSpec `json:"spec,omitzero"`

	// status says whether it counts.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status RecordStatus `json:"status,omitzero"`
}

// ReleaseWaiverList is a list of ReleaseWaivers.
//
// +kubebuilder:object:root=true
type ReleaseWaiverList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []ReleaseWaiver `json:"items"`
}

// ReleaseWaiverSpec is what is set aside, and why.
type ReleaseWaiverSpec struct {
	// release is the name of the ModelRelease in the same namespace.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Release string `json:"release,omitempty"`

	// path that the waiver takes. Omitted means Standard.
	// +optional
	Path WaiverPath `json:"path,omitempty"`

	// requirements that are set aside, by name. A waiver never rules a capability threshold out, and never opens a level
	// whose safeguards are undefined.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=48
	Requirements []string `json:"requirements,omitempty"`

	// subjectDigest is status.subjectDigest of the release. For other artifacts the waiver is void.
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

	// exposure up to which the requirements are set aside.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	Exposure string `json:"exposure,omitempty"`

	// reason in words.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=4096
	Reason string `json:"reason,omitempty"`

	// compensatingControls are what stands in for what is set aside.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=1024
	CompensatingControls []string `json:"compensatingControls,omitempty"`

	// disclosure is where it is disclosed: an address, or the number of a record.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	Disclosure string `json:"disclosure,omitempty"`

	// endTime is until when it counts, at most as long as the policy lets it.
	// +required
	EndTime metav1.Time `json:"endTime,omitzero"` //nolint:kubeapilinter // omitzero leaves a zero time out, and the schema then refuses the object

	// requester is the user who asks for it. The API server stamps it; what is typed here is replaced.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Requester string `json:"requester,omitempty"`
}

// WaiverPath is the path that a waiver takes.
//
// +kubebuilder:validation:Enum=Standard;BreakGlass
type WaiverPath string

const (
	// WaiverStandard needs the policy's quorum for waivers.
	WaiverStandard WaiverPath = "Standard"
	// WaiverBreakGlass is for an emergency: a smaller quorum, a short life, and a review afterwards.
	WaiverBreakGlass WaiverPath = "BreakGlass"
)
