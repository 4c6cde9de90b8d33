// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Lapse says what becomes of what serves once the evidence that it rests on is no longer there or no
// longer counts, and nothing adverse is known. From the first moment nothing grows.
type Lapse struct {
	// graceDays is how long pods that end may be replaced, in days from the end of the evidence: up to as
	// many serving units as served at that moment. From 0 to 365; 0 means that none is replaced. Omitted means 14.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=365
	GraceDays *int32 `json:"graceDays,omitempty"`

	// advisoryGraceSeconds is the same after an Advisory revocation, in seconds from when Scalegate saw it.
	// From 0 to 2592000. Omitted means 86400, a day.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=2592000
	AdvisoryGraceSeconds *int32 `json:"advisoryGraceSeconds,omitempty"`

	// then is what happens after the grace to what still serves. Evidence that is absent and would not have
	// ended yet evicts nothing. Omitted means Evict.
	// +optional
	Then LapseAction `json:"then,omitempty"`
}

// LapseAction is what happens to what serves when the grace is over.
//
// +kubebuilder:validation:Enum=Evict;Keep
type LapseAction string

const (
	// LapseEvict evicts it, at the pace of the policy's removals.
	LapseEvict LapseAction = "Evict"
	// LapseKeep leaves it. Nothing of it is replaced.
	LapseKeep LapseAction = "Keep"
)

// Removals says at which pace pods are taken away that serve more than is granted. A Critical revocation
// knows no pace, and a failed result only maxPercentPerHour.
type Removals struct {
	// maxUnavailablePercent is how much of a release may be on its way out at once, in percent of the serving
	// units that served when the removal began, rounded up. From 1 to 100. Omitted means 25.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	MaxUnavailablePercent *int32 `json:"maxUnavailablePercent,omitempty"`

	// evictSeconds is how long PodDisruptionBudgets are respected, in seconds from when the removal began.
	// Afterwards pods are deleted. From 0 to 86400. Omitted means 600.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=86400
	EvictSeconds *int32 `json:"evictSeconds,omitempty"`

	// maxPercentPerHour limits how much of all that serves under the policy is taken away within an hour, in
	// percent, rounded up. It slows everything but a Critical revocation. From 1 to 100. Omitted means no limit.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	MaxPercentPerHour *int32 `json:"maxPercentPerHour,omitempty"`
}

// Fallback names a release that takes over when another loses its grant.
type Fallback struct {
	// release is the name of a ModelRelease in the same namespace. While it is brought up, what has to go
	// waits; its workloads that have the annotation scalegate.dev/standby-replicas are scaled up to that number.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Release string `json:"release,omitempty"`
}

// PolicyFallback is the fallback of releases that name none themselves.
//
// +kubebuilder:validation:MinProperties=1
type PolicyFallback struct {
	// release is the name of a ModelRelease in the namespace of the release that fails. Where there is none
	// of that name, nothing waits. Omitted means that only releases name fallbacks.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Release string `json:"release,omitempty"`

	// waitSeconds is the longest time that pods which have to go wait for a fallback, in seconds. A Critical
	// revocation does not wait. From 0 to 900. Omitted means 300.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=900
	WaitSeconds *int32 `json:"waitSeconds,omitempty"`
}

// Revocation says that what was declared or measured must not be relied on any more.
type Revocation struct {
	// severity says how urgent it is. It may be raised.
	// +required
	Severity RevocationSeverity `json:"severity,omitempty"`

	// reason in words: what turned out to be wrong.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	Reason string `json:"reason,omitempty"`

	// revokedBy is the user who revoked it. The API server stamps it; what is typed here is replaced.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	RevokedBy string `json:"revokedBy,omitempty"`

	// reach says where the revocation of a release counts for others with the same weights: in its Namespace, or
	// in the whole Cluster, where the user holds the verb attest. The API server stamps it. The revocation of an
	// evaluation has none.
	// +optional
	Reach Reach `json:"reach,omitempty"`
}

// RevocationSeverity says how urgent a revocation is.
//
// +kubebuilder:validation:Enum=Advisory;Critical
type RevocationSeverity string

const (
	// RevocationAdvisory freezes what serves, and evicts it after a short grace.
	RevocationAdvisory RevocationSeverity = "Advisory"
	// RevocationCritical deletes what serves at once, past PodDisruptionBudgets.
	RevocationCritical RevocationSeverity = "Critical"
)

// Reach says how far the word of a user counts.
//
// +kubebuilder:validation:Enum=Namespace;Cluster
type Reach string

const (
	// ReachNamespace means that it counts in its own namespace.
	ReachNamespace Reach = "Namespace"
	// ReachCluster means that it counts in every namespace: the user holds the verb attest on safetypolicies.
	ReachCluster Reach = "Cluster"
)

// LimitBy says how a release is kept to what it is granted, beside the gates on its pods.
//
// +kubebuilder:validation:Enum=SchedulingGates;ScaleReplicas
type LimitBy string

const (
	// LimitBySchedulingGates leaves spec.replicas of its workloads alone.
	LimitBySchedulingGates LimitBy = "SchedulingGates"
	// LimitByScaleReplicas also scales its workloads down to what is granted, and back up afterwards.
	LimitByScaleReplicas LimitBy = "ScaleReplicas"
)

// Derivation says what a release was made from.
type Derivation struct {
	// release is the name of the ModelRelease, in the same namespace, whose model this one was made from: by
	// fine-tuning, an adapter, quantisation, merging or distillation. What that one owes this one owes too: its
	// declared level is the least for this one, and a finding about it counts while this one has no result of its own.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Release string `json:"release,omitempty"`
}

// WithdrawalCause says why a release lost an exposure.
//
// +kubebuilder:validation:Enum=Lapsed;Absent;Revoked;Adverse
type WithdrawalCause string

const (
	// WithdrawalLapsed means that evidence ended.
	WithdrawalLapsed WithdrawalCause = "Lapsed"
	// WithdrawalAbsent means that something is missing, ambiguous or undefined that was there.
	WithdrawalAbsent WithdrawalCause = "Absent"
	// WithdrawalRevoked means that the release, or evidence that it needs, was revoked.
	WithdrawalRevoked WithdrawalCause = "Revoked"
	// WithdrawalAdverse means that a requirement failed.
	WithdrawalAdverse WithdrawalCause = "Adverse"
)

// Withdrawal is what became of an exposure that was granted and no longer is.
type Withdrawal struct {
	// cause of the withdrawal; the gravest, where there are several.
	// +required
	Cause WithdrawalCause `json:"cause,omitempty"`

	// severity of the revocation, where cause is Revoked.
	// +optional
	Severity RevocationSeverity `json:"severity,omitempty"`

	// exposure that was granted before.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	Exposure string `json:"exposure,omitempty"`

	// subjectDigest is the digest over the artifacts that it was granted to. Nothing else takes the place of what
	// serves.
	// +optional
	// +kubebuilder:validation:MinLength=71
	// +kubebuilder:validation:MaxLength=71
	SubjectDigest string `json:"subjectDigest,omitempty"`

	// time when it began: when the evidence ended, and otherwise when Scalegate saw the cause.
	// +required
	Time metav1.Time `json:"time,omitzero"` //nolint:kubeapilinter // omitzero leaves a zero time out, and the schema then refuses the object

	// graceEndTime is until when what serves may be replaced. Absent means that it may not be.
	// +optional
	GraceEndTime *metav1.Time `json:"graceEndTime,omitempty"`

	// evidenceEndTime is when the evidence ends, or ended, that the exposure rested on while it was granted. Deleting
	// evidence does not put it off. Absent means that it rested on none.
	// +optional
	EvidenceEndTime *metav1.Time `json:"evidenceEndTime,omitempty"`

	// serving are the units that served when it began, by exposure: as many may be replaced during the grace.
	// +optional
	// +listType=map
	// +listMapKey=exposure
	// +kubebuilder:validation:MaxItems=8
	Serving []ServingUnits `json:"serving,omitempty"`

	// enforcedTime is when nothing served any more above what is granted. Absent means that something does.
	// +optional
	EnforcedTime *metav1.Time `json:"enforcedTime,omitempty"`
}

// ServingUnits are the serving units of one exposure.
type ServingUnits struct {
	// exposure that they serve.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Exposure string `json:"exposure,omitempty"`

	// units are pods, or groups of pods that count as one.
	// +required
	// +kubebuilder:validation:Minimum=0
	Units *int32 `json:"units,omitempty"`

	// time when this exposure was lost, where it was lost by itself: later than the one of the withdrawal, or for
	// another cause. Then cause, severity and evidenceEndTime are its own, and else those of the withdrawal.
	// +optional
	Time *metav1.Time `json:"time,omitempty"`

	// cause of its loss, where it was lost by itself.
	// +optional
	Cause WithdrawalCause `json:"cause,omitempty"`

	// severity of the revocation, where its own cause is Revoked.
	// +optional
	Severity RevocationSeverity `json:"severity,omitempty"`

	// evidenceEndTime is when the evidence ends, or ended, that it rested on, where it was lost by itself. Absent
	// means then that it rested on none.
	// +optional
	EvidenceEndTime *metav1.Time `json:"evidenceEndTime,omitempty"`
}

// RemovalStatus is a removal on its way.
type RemovalStatus struct {
	// startTime is when it began.
	// +required
	StartTime metav1.Time `json:"startTime,omitzero"` //nolint:kubeapilinter // omitzero leaves a zero time out, and the schema then refuses the object

	// units that served when it began.
	// +required
	// +kubebuilder:validation:Minimum=0
	Units *int32 `json:"units,omitempty"`
}
