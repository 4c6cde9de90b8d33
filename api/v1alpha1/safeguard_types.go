// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// SafeguardCheck is a fact about the cluster that has to hold wherever the release is served. Scalegate looks at it all the
// time; what is not in place holds what does not run yet, and freezes what does.
//
// +kubebuilder:validation:XValidation:rule="(self.type == 'EgressBandwidthLimited') == has(self.maxEgressBandwidth)",message="maxEgressBandwidth is for the type EgressBandwidthLimited, which needs it",fieldPath=".maxEgressBandwidth"
// +kubebuilder:validation:XValidation:rule="(self.type == 'RuntimeClass') == has(self.runtimeClasses)",message="runtimeClasses is for the type RuntimeClass, which needs it",fieldPath=".runtimeClasses"
// +kubebuilder:validation:XValidation:rule="(self.type == 'EncryptedStorage') == has(self.storageClasses)",message="storageClasses is for the type EncryptedStorage, which needs it",fieldPath=".storageClasses"
// +kubebuilder:validation:XValidation:rule="self.type == 'NoTenantExec' || !has(self.exemptGroups)",message="exemptGroups is for the type NoTenantExec",fieldPath=".exemptGroups"
type SafeguardCheck struct {
	// type of the check.
	// +required
	Type SafeguardType `json:"type,omitempty"`

	// maxEgressBandwidth is the most that the annotation kubernetes.io/egress-bandwidth of a pod may allow, such as 10M.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=24
	// +kubebuilder:validation:XValidation:rule="isQuantity(self) && quantity(self).isGreaterThan(quantity('0'))",message="maxEgressBandwidth must be a quantity above 0 of bits per second, such as 10M"
	MaxEgressBandwidth string `json:"maxEgressBandwidth,omitempty"`

	// runtimeClasses are the names of RuntimeClasses that a pod may have.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=253
	RuntimeClasses []string `json:"runtimeClasses,omitempty"`

	// storageClasses are the names of StorageClasses that are known to encrypt.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=253
	StorageClasses []string `json:"storageClasses,omitempty"`

	// exemptGroups may have the right to exec into pods, beside system:masters. Omitted means that nobody else may.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=253
	ExemptGroups []string `json:"exemptGroups,omitempty"`
}

// SafeguardType is what a check looks at.
//
// +kubebuilder:validation:Enum=ImagesPinned;EgressDenied;EgressBandwidthLimited;RuntimeClass;ReadOnlyWeights;SafeguardContainer;DedicatedNamespace;PodSecurityRestricted;NoServiceAccountToken;NoTenantExec;EncryptedStorage
type SafeguardType string

const (
	// SafeguardImagesPinned means that every image of every pod is named by digest.
	SafeguardImagesPinned SafeguardType = "ImagesPinned"
	// SafeguardEgressDenied means that a NetworkPolicy selects the pods for egress, and none that does allows every destination.
	SafeguardEgressDenied SafeguardType = "EgressDenied"
	// SafeguardEgressBandwidthLimited means that every pod has the annotation that limits its egress bandwidth.
	SafeguardEgressBandwidthLimited SafeguardType = "EgressBandwidthLimited"
	// SafeguardRuntimeClass means that every pod has one of the RuntimeClasses.
	SafeguardRuntimeClass SafeguardType = "RuntimeClass"
	// SafeguardReadOnlyWeights means that every volume that is not made for the pod is mounted read-only, and none is a path of the node.
	SafeguardReadOnlyWeights SafeguardType = "ReadOnlyWeights"
	// SafeguardSafeguardContainer means that every pod runs each artifact of type Safeguard of the release, by digest.
	SafeguardSafeguardContainer SafeguardType = "SafeguardContainer"
	// SafeguardDedicatedNamespace means that nothing but this release runs in its namespace, and the namespace wants every pod to claim one.
	SafeguardDedicatedNamespace SafeguardType = "DedicatedNamespace"
	// SafeguardPodSecurityRestricted means that the namespace enforces the Pod Security Standard restricted.
	SafeguardPodSecurityRestricted SafeguardType = "PodSecurityRestricted"
	// SafeguardNoServiceAccountToken means that no pod is given a token of the API server.
	SafeguardNoServiceAccountToken SafeguardType = "NoServiceAccountToken"
	// SafeguardNoTenantExec means that nobody but exempt groups may exec, attach, forward ports or proxy to the pods, or add containers to them.
	SafeguardNoTenantExec SafeguardType = "NoTenantExec"
	// SafeguardEncryptedStorage means that every claim that a pod mounts is of one of the StorageClasses.
	SafeguardEncryptedStorage SafeguardType = "EncryptedStorage"
)

// SafeguardState is whether a safeguard is in place.
//
// +kubebuilder:validation:Enum=InPlace;Broken;Unknown
type SafeguardState string

const (
	// SafeguardInPlace means that everything that was looked at is as it should be.
	SafeguardInPlace SafeguardState = "InPlace"
	// SafeguardBroken means that something is not.
	SafeguardBroken SafeguardState = "Broken"
	// SafeguardUnknown means that it could not be looked at.
	SafeguardUnknown SafeguardState = "Unknown"
)

// SafeguardStatus is what was seen of one safeguard.
type SafeguardStatus struct {
	// requirement of the policy that asks for it.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=48
	Requirement string `json:"requirement,omitempty"`

	// type of the check.
	// +required
	Type SafeguardType `json:"type,omitempty"`

	// state of the safeguard.
	// +required
	State SafeguardState `json:"state,omitempty"`

	// message says what is wrong and how to mend it, or what is in place.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`

	// lookedAt says what was looked at.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	LookedAt string `json:"lookedAt,omitempty"`

	// cannotSee says what the check cannot see.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	CannotSee string `json:"cannotSee,omitempty"`

	// sinceTime is since when it is in this state, as far as Scalegate saw.
	// +optional
	SinceTime *metav1.Time `json:"sinceTime,omitempty"`
}
