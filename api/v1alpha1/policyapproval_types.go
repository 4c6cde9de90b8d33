// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// PolicyApproval is what one person says about a revision of a SafetyPolicy that weakens it. Who it is says the API server.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,shortName=pappr,categories=scalegate
// +kubebuilder:selectablefield:JSONPath=`.spec.policy`
// +kubebuilder:printcolumn:name="Policy",type=string,JSONPath=`.spec.policy`
// +kubebuilder:printcolumn:name="Revision",type=string,JSONPath=`.spec.policyRevision`
// +kubebuilder:printcolumn:name="Role",type=string,JSONPath=`.spec.role`
// +kubebuilder:printcolumn:name="Decision",type=string,JSONPath=`.spec.decision`
// +kubebuilder:printcolumn:name="Approver",type=string,JSONPath=`.spec.approver`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type PolicyApproval struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec is what the person says. It does not change.
	// +required
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="a PolicyApproval does not change once it is made; create another one instead: of one person in one role the latest counts"
	Spec PolicyApprovalSpec `json:"spec,omitzero"`

	// status says whether it counts.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status RecordStatus `json:"status,omitzero"`
}

// PolicyApprovalList is a list of PolicyApprovals.
//
// +kubebuilder:object:root=true
type PolicyApprovalList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []PolicyApproval `json:"items"`
}

// PolicyApprovalSpec is what one person says about a revision of a policy.
type PolicyApprovalSpec struct {
	// policy is the name of the SafetyPolicy.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=240
	Policy string `json:"policy,omitempty"`

	// policyRevision is the revision that it is about, as status.revision of the policy gives it.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=80
	PolicyRevision string `json:"policyRevision,omitempty"`

	// sequence is the number of the PolicyRevision that it is about: a return to the same text is another one.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000000
	Sequence int64 `json:"sequence,omitempty"`

	// role that the person signs in. It needs the verb approve on policyapprovals of this resource name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=48
	Role string `json:"role,omitempty"`

	// decision of the person: Approve, or Object.
	// +required
	// +kubebuilder:validation:XValidation:rule="self != 'Acknowledge'",message="decision must be Approve or Object: a revision of a policy needs votes, and nobody has to acknowledge it"
	Decision ApprovalDecision `json:"decision,omitempty"`

	// rationale in words: why the policy may be weaker.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=4096
	Rationale string `json:"rationale,omitempty"`

	// disclosure is where the change is disclosed: an address, or the number of a record.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	Disclosure string `json:"disclosure,omitempty"`

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
