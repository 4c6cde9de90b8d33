// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// SafetyPolicy is a responsible scaling policy as machine-readable text: which levels there
// are, which capabilities raise a model to them, what each level requires, and how far a
// model may be exposed.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,shortName=spol,categories=scalegate
// +kubebuilder:printcolumn:name="Version",type=string,JSONPath=`.spec.source.version`
// +kubebuilder:printcolumn:name="Revision",type=string,JSONPath=`.status.revision`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="size(self.metadata.name) <= 240",message="metadata.name must have at most 240 characters: the names of its revisions begin with it"
type SafetyPolicy struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec is the policy.
	// +required
	Spec SafetyPolicySpec `json:"spec,omitzero"`

	// status is what Scalegate observed of the policy.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status SafetyPolicyStatus `json:"status,omitzero"`
}

// SafetyPolicyList is a list of SafetyPolicies.
//
// +kubebuilder:object:root=true
type SafetyPolicyList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []SafetyPolicy `json:"items"`
}

// SafetyPolicySpec is the policy itself.
//
// +kubebuilder:validation:XValidation:rule="self.levels.all(l, !has(l.requires) || l.requires.all(r, has(self.requirements) && self.requirements.exists(q, q.name == r)))",message="levels[].requires names a requirement that spec.requirements does not define; add it there or correct the name"
// +kubebuilder:validation:XValidation:rule="!has(self.thresholds) || self.thresholds.all(t, self.levels.exists(l, l.name == t.raisesTo))",message="thresholds[].raisesTo names a level that spec.levels does not define; add it there or correct the name"
// +kubebuilder:validation:XValidation:rule="!has(self.thresholds) || self.thresholds.all(t, t.ruledOutBy.all(r, has(self.requirements) && self.requirements.exists(q, q.name == r)))",message="thresholds[].ruledOutBy names a requirement that spec.requirements does not define; add it there or correct the name"
// +kubebuilder:validation:XValidation:rule="!has(self.thresholds) || !has(self.requirements) || self.requirements.all(q, has(q.evaluation) || self.thresholds.all(t, !(q.name in t.ruledOutBy)))",message="thresholds[].ruledOutBy names a requirement that is no evaluation; approvals and checks rule no capability out, so name them in requires"
// +kubebuilder:validation:XValidation:rule="!has(self.requirements) || self.requirements.all(q, !has(q.neededFrom) || self.exposures.exists(e, e.name == q.neededFrom))",message="requirements[].neededFrom names an exposure that spec.exposures does not define; add it there or correct the name"
// +kubebuilder:validation:XValidation:rule="!has(self.thresholds) || self.thresholds.all(t, !has(t.requires) || t.requires.all(r, has(self.requirements) && self.requirements.exists(q, q.name == r)))",message="thresholds[].requires names a requirement that spec.requirements does not define; add it there or correct the name"
// +kubebuilder:validation:XValidation:rule="!has(self.requirements) || self.requirements.all(q, !has(q.approval) || ((!has(q.approval.quorum) || q.approval.quorum.all(x, has(self.roles) && self.roles.exists(r, r.name == x.role))) && (!has(q.approval.notifyBefore) || q.approval.notifyBefore.all(x, has(self.roles) && self.roles.exists(r, r.name == x)))))",message="requirements[].approval names a role that spec.roles does not define; add it there or correct the name"
// +kubebuilder:validation:XValidation:rule="!has(self.waivers) || self.waivers.quorum.all(x, has(self.roles) && self.roles.exists(r, r.name == x.role))",message="waivers.quorum names a role that spec.roles does not define; add it there or correct the name"
// +kubebuilder:validation:XValidation:rule="!has(self.waivers) || !has(self.waivers.breakGlass) || (has(self.roles) && self.roles.exists(r, r.name == self.waivers.breakGlass.reviewRole) && self.waivers.breakGlass.quorum.all(x, self.roles.exists(r, r.name == x.role)))",message="waivers.breakGlass names a role that spec.roles does not define; add it there or correct the name"
// +kubebuilder:validation:XValidation:rule="!has(self.determinations) || self.determinations.quorum.all(x, has(self.roles) && self.roles.exists(r, r.name == x.role))",message="determinations.quorum names a role that spec.roles does not define; add it there or correct the name"
// +kubebuilder:validation:XValidation:rule="!has(self.revisions) || self.revisions.quorum.all(x, has(self.roles) && self.roles.exists(r, r.name == x.role))",message="revisions.quorum names a role that spec.roles does not define; add it there or correct the name"
type SafetyPolicySpec struct {
	// source is the published text that this policy implements. It is cited in explanations.
	// +optional
	Source *PolicySource `json:"source,omitempty"`

	// exposures are the audiences a release can be granted, from the least exposed to the most.
	// A release is granted one of them, or none.
	// +required
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	Exposures []Exposure `json:"exposures,omitempty"`

	// levels are the safety levels, from the least demanding to the most. What a level requires
	// every level above it requires too.
	// +required
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	Levels []Level `json:"levels,omitempty"`

	// thresholds are the dangerous capabilities that, unless ruled out, raise a model's level.
	// Omitted means that only the declared level counts.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	Thresholds []CapabilityThreshold `json:"thresholds,omitempty"`

	// requirements are what levels and thresholds refer to by name: evaluations, approvals, and checks of the cluster.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	Requirements []Requirement `json:"requirements,omitempty"`

	// trustedMutators are the names of mutating webhooks and mutating admission policies whose
	// changes to pods the safety team accepts. While any other mutator can change pods of a
	// namespace, no pod there starts without the controller having looked at it.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=253
	TrustedMutators []string `json:"trustedMutators,omitempty"`

	// companions are containers that others put beside the served model, such as a service
	// mesh's proxy. A companion may stand in any pod that claims a release of this policy.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	Companions []Companion `json:"companions,omitempty"`

	// onUncleared says what an uncleared workload meets that a person or a pipeline applies. Hold takes
	// it and holds it. Deny rejects it as well, with what is missing, while the webhook answers; what
	// the webhook does not see is held. What only reduces a workload is never rejected.
	// +optional
	// +kubebuilder:default=Hold
	OnUncleared UnclearedAction `json:"onUncleared,omitempty"`

	// enforceAfter is when enforcement begins in namespaces that are only audited and have a release
	// under this policy: from then on Scalegate sets their gate to enforced. Omitted means that they
	// stay audited until somebody does.
	// +optional
	EnforceAfter *metav1.Time `json:"enforceAfter,omitempty"`

	// clearanceSeconds is the longest time, in seconds, that a clearance lives without being
	// renewed: how long new pods may still start after the controller stopped. From 60 to 2592000.
	// +optional
	// +kubebuilder:default=604800
	// +kubebuilder:validation:Minimum=60
	// +kubebuilder:validation:Maximum=2592000
	ClearanceSeconds *int32 `json:"clearanceSeconds,omitempty"`

	// retention says how long evidence is kept that nothing needs any more. Omitted means for ever.
	// +optional
	Retention *Retention `json:"retention,omitempty"`

	// lapse says what becomes of what serves when its evidence ends. Omitted means the default of every part.
	// +optional
	Lapse *Lapse `json:"lapse,omitempty"`

	// removals says at which pace pods that serve more than is granted are taken away. Omitted means the
	// default of every part.
	// +optional
	Removals *Removals `json:"removals,omitempty"`

	// fallback is the release that takes over when another loses its grant, and how long is waited for it.
	// Omitted means that only releases name fallbacks.
	// +optional
	Fallback *PolicyFallback `json:"fallback,omitempty"`

	// roles are the functions that people sign in.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	Roles []Role `json:"roles,omitempty"`

	// independentEvaluators are the identities whose evidence is independent. Omitted means that nobody's is.
	// +optional
	IndependentEvaluators *IndependentEvaluators `json:"independentEvaluators,omitempty"`

	// waivers say who may set a requirement aside, and for how long. Omitted means that nobody may.
	// +optional
	Waivers *WaiverRules `json:"waivers,omitempty"`

	// determinations say who may rule a threshold out that the evaluations leave open. Omitted means that nobody may.
	// +optional
	Determinations *DeterminationRules `json:"determinations,omitempty"`

	// revisions say what a change of this policy needs that weakens it. Omitted means nothing: it counts at once.
	// +optional
	Revisions *RevisionRules `json:"revisions,omitempty"`
}

// Retention says how long evidence is kept that nothing needs any more.
type Retention struct {
	// evaluationDays is how long a SafetyEvaluation is kept after its result ceased to count, in days.
	// It stays while no later result of the same requirement and artifacts took its place, while its file,
	// brought again, would not be known as old, and while the resolution of an AdverseFinding names it. An
	// adverse result outlives it as an AdverseFinding. From 1 to 3650.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=3650
	EvaluationDays int32 `json:"evaluationDays,omitempty"`
}

// UnclearedAction is what an uncleared workload meets when it is applied.
//
// +kubebuilder:validation:Enum=Hold;Deny
type UnclearedAction string

// The actions.
const (
	// HoldUncleared takes the workload and holds it.
	HoldUncleared UnclearedAction = "Hold"
	// DenyUncleared rejects the workload with what is missing.
	DenyUncleared UnclearedAction = "Deny"
)

// PolicySource names the published text behind a policy.
type PolicySource struct {
	// title of the published policy.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Title string `json:"title,omitempty"`

	// version as its publisher counts.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Version string `json:"version,omitempty"`

	// effectiveDate is the day the published text took effect, as year-month-day.
	// +optional
	// +kubebuilder:validation:MinLength=10
	// +kubebuilder:validation:MaxLength=10
	// +kubebuilder:validation:Format=date
	EffectiveDate string `json:"effectiveDate,omitempty"`

	// uri is where the text can be read.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	URI string `json:"uri,omitempty"`

	// sha256 of the text as it was when this policy was written, in lower-case hexadecimal.
	// +optional
	// +kubebuilder:validation:MinLength=64
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:Pattern=`^[a-f0-9]{64}$`
	SHA256 string `json:"sha256,omitempty"`
}

// Exposure is an audience a release may serve.
type Exposure struct {
	// name of the exposure, such as Internal. At most 32 characters; a valid label value.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$`
	Name string `json:"name,omitempty"`

	// maxReplicas is the most pods of one release that may serve this exposure at once. Pods
	// above it stay held. Omitted means no ceiling.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100000
	MaxReplicas *int32 `json:"maxReplicas,omitempty"`

	// withoutEvidence says whether a release may be granted this exposure when the policy
	// requires nothing of it. Omitted means Refused.
	// +optional
	WithoutEvidence WithoutEvidence `json:"withoutEvidence,omitempty"`
}

// WithoutEvidence says what an exposure means that no requirement guards.
//
// +kubebuilder:validation:Enum=Allowed;Refused
type WithoutEvidence string

const (
	// WithoutEvidenceAllowed grants an exposure that nothing is required for.
	WithoutEvidenceAllowed WithoutEvidence = "Allowed"
	// WithoutEvidenceRefused refuses an exposure that nothing is required for.
	WithoutEvidenceRefused WithoutEvidence = "Refused"
)

// Level is a safety level.
type Level struct {
	// name of the level, such as ASL-3.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$`
	Name string `json:"name,omitempty"`

	// state says whether the level's safeguards are defined. A level in the state Undefined
	// refuses every exposure until a new revision of the policy defines it. Omitted means Defined.
	// +optional
	State LevelState `json:"state,omitempty"`

	// requires names the requirements of this level, beside those of the levels below it.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=48
	Requires []string `json:"requires,omitempty"`
}

// LevelState says whether a level's safeguards are defined.
//
// +kubebuilder:validation:Enum=Defined;Undefined
type LevelState string

const (
	// LevelDefined means that the level's requirements are complete.
	LevelDefined LevelState = "Defined"
	// LevelUndefined means that nobody has said yet what the level requires, so nothing can meet it.
	LevelUndefined LevelState = "Undefined"
)

// CapabilityThreshold is a dangerous capability that raises the level unless it is ruled out.
type CapabilityThreshold struct {
	// name of the threshold, such as CBRN-3.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$`
	Name string `json:"name,omitempty"`

	// domain of the capability, such as cbrn or cyber. It is named in explanations.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Domain string `json:"domain,omitempty"`

	// raisesTo is the level that a model needs whose capability is reached or not ruled out.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	RaisesTo string `json:"raisesTo,omitempty"`

	// ruledOutBy names the requirements that together rule the capability out: all of them must
	// be met by evidence. One that fails means that the threshold is reached.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=48
	RuledOutBy []string `json:"ruledOutBy,omitempty"`

	// requires names requirements that count while the capability is reached or not ruled out, beside those of the level
	// that it raises to: safeguards against this capability, where the level has others against other ones.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=48
	Requires []string `json:"requires,omitempty"`
}

// Companion is a container that others put beside the served model.
type Companion struct {
	// name of the container.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name,omitempty"`

	// image of the container, by digest: registry/repository@sha256:... .
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:Pattern=`^[^@\s]+@sha256:[a-f0-9]{64}$`
	Image string `json:"image,omitempty"`
}

// SafetyPolicyStatus is what Scalegate observed of a policy.
//
// +kubebuilder:validation:MinProperties=1
type SafetyPolicyStatus struct {
	// conditions of the policy. Ready is True when decisions use the observed generation.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=8
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// observedGeneration is the generation this status describes, or -1 when none was seen.
	// +optional
	// +kubebuilder:validation:Minimum=-1
	ObservedGeneration *int64 `json:"observedGeneration,omitempty"`

	// revision is a digest of the policy's spec: sha256: and the first 16 hexadecimal digits.
	// Decisions name the revision they were made under.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=80
	Revision string `json:"revision,omitempty"`

	// pendingRevision is the newest revision while it is not in force, since it weakens the policy and its quorum or its
	// cool-off is awaited. Until then nothing is granted that the revision in force does not grant. Absent otherwise.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=80
	PendingRevision string `json:"pendingRevision,omitempty"`

	// sequence is the number of the newest PolicyRevision of this policy.
	// +optional
	// +kubebuilder:validation:Minimum=1
	Sequence *int64 `json:"sequence,omitempty"`

	// releases is the number of ModelReleases in the cluster that name this policy. While it is not 0
	// the policy is in use, and deleting it needs the verb breakglass.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Releases *int32 `json:"releases,omitempty"`
}
