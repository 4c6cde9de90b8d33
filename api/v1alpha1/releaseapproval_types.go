// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ReleaseApproval is what one person says about a release, or about a waiver or a determination of it: in a role, on the
// artifacts and the revision of the policy that the person was shown. Who it is says the API server.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,shortName=rappr,categories=scalegate
// +kubebuilder:selectablefield:JSONPath=`.spec.release`
// +kubebuilder:printcolumn:name="Release",type=string,JSONPath=`.spec.release`
// +kubebuilder:printcolumn:name="Role",type=string,JSONPath=`.spec.role`
// +kubebuilder:printcolumn:name="Decision",type=string,JSONPath=`.spec.decision`
// +kubebuilder:printcolumn:name="Exposure",type=string,JSONPath=`.spec.exposure`
// +kubebuilder:printcolumn:name="Approver",type=string,JSONPath=`.spec.approver`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
type ReleaseApproval struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec is what the person says. It does not change.
	// +required
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="a ReleaseApproval does not change once it is made; create another one instead: of one person in one role the latest counts"
	Spec ReleaseApprovalSpec `json:"spec,omitzero"`

	// status says whether it counts.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status RecordStatus `json:"status,omitzero"`
}

// ReleaseApprovalList is a list of ReleaseApprovals.
//
// +kubebuilder:object:root=true
type ReleaseApprovalList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []ReleaseApproval `json:"items"`
}

// ReleaseApprovalSpec is what one person says.
//
// +kubebuilder:validation:XValidation:rule="self.decision != 'Object' || !has(self.endTime)",message="an objection does not end: leave endTime off",fieldPath=".endTime"
// +kubebuilder:validation:XValidation:rule="self.decision != 'Acknowledge' || !has(self.regarding) || self.regarding.kind == 'ReleaseWaiver'",message="a determination is approved or objected to; what is acknowledged is a release, or a waiver that is reviewed",fieldPath=".decision"
type ReleaseApprovalSpec struct {
	// release is the name of the ModelRelease in the same namespace.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Release string `json:"release,omitempty"`

	// regarding is the waiver or determination of the release that it is about. Omitted means the release itself.
	// +optional
	Regarding *RecordReference `json:"regarding,omitempty"`

	// role that the person signs in. It needs the verb approve on releaseapprovals of this resource name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=48
	Role string `json:"role,omitempty"`

	// decision of the person.
	// +required
	Decision ApprovalDecision `json:"decision,omitempty"`

	// subjectDigest is status.subjectDigest of the release as the person was shown it. For other artifacts it is void.
	// +required
	// +kubebuilder:validation:MinLength=71
	// +kubebuilder:validation:MaxLength=71
	// +kubebuilder:validation:Pattern=`^sha256:[a-f0-9]{64}$`
	SubjectDigest string `json:"subjectDigest,omitempty"`

	// policyRevision is status.policyRevision of the release as the person was shown it. It counts until a revision
	// comes into force that weakens the policy.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=80
	PolicyRevision string `json:"policyRevision,omitempty"`

	// exposure that it is about: an approval and an acknowledgement count up to this one, an objection from this one on.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	Exposure string `json:"exposure,omitempty"`

	// rationale in words.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=4096
	Rationale string `json:"rationale,omitempty"`

	// endTime is until when it counts. Omitted means as long as the policy lets it. An objection does not end.
	// +optional
	EndTime *metav1.Time `json:"endTime,omitempty"`

	// approver is the user who says it. The API server stamps it; what is typed here is replaced.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Approver string `json:"approver,omitempty"`

	// approverGroups are the groups of that user. The API server stamps them.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=256
	// +kubebuilder:validation:items:MaxLength=512
	ApproverGroups []string `json:"approverGroups,omitempty"`
}

// RecordReference names a waiver or a determination, and no later one of the same name.
type RecordReference struct {
	// kind of the record.
	// +required
	Kind RecordKind `json:"kind,omitempty"`

	// name of the record, in the same namespace.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`

	// uid of the record, from its metadata.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	UID string `json:"uid,omitempty"`
}

// RecordKind is the kind of a record that people approve.
//
// +kubebuilder:validation:Enum=ReleaseWaiver;ReleaseDetermination
type RecordKind string

const (
	// RecordWaiver is a ReleaseWaiver.
	RecordWaiver RecordKind = "ReleaseWaiver"
	// RecordDetermination is a ReleaseDetermination.
	RecordDetermination RecordKind = "ReleaseDetermination"
)

// RecordStatus says whether what a person made counts.
//
// +kubebuilder:validation:MinProperties=1
type RecordStatus struct {
	// conditions of the record. Ready is True while it counts.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=8
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// observedGeneration is the generation this status describes, or -1 when none was seen.
	// +optional
	// +kubebuilder:validation:Minimum=-1
	ObservedGeneration *int64 `json:"observedGeneration,omitempty"`
}
