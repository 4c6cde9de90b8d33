// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ModelRelease is one model as a set of digests, with the level its makers declare and the
// exposure they ask for. Workloads claim it with the label scalegate.dev/release on their pod
// template; they start only as far as the evidence about the release reaches.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,shortName=mrel,categories=scalegate
// +kubebuilder:printcolumn:name="Model",type=string,JSONPath=`.spec.model.name`
// +kubebuilder:printcolumn:name="Policy",type=string,JSONPath=`.spec.policy`
// +kubebuilder:printcolumn:name="Level",type=string,JSONPath=`.status.requiredLevel`
// +kubebuilder:printcolumn:name="Asked",type=string,JSONPath=`.spec.exposure`
// +kubebuilder:printcolumn:name="Granted",type=string,JSONPath=`.status.grantedExposure`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:validation:XValidation:rule="size(self.metadata.name) <= 63 && self.metadata.name.matches('^[a-z0-9]([a-z0-9-]*[a-z0-9])?$')",message="metadata.name must be a DNS label of at most 63 characters: workloads claim the release by this name in a label"
type ModelRelease struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec is the release.
	// +required
	Spec ModelReleaseSpec `json:"spec,omitzero"`

	// status is what Scalegate decided about the release, and what became of it.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status ModelReleaseStatus `json:"status,omitzero"`
}

// ModelReleaseList is a list of ModelReleases.
//
// +kubebuilder:object:root=true
type ModelReleaseList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []ModelRelease `json:"items"`
}

// ModelReleaseSpec is a release as its makers declare it.
//
// +kubebuilder:validation:XValidation:rule="!has(self.serving) || self.serving.all(s, !has(s.artifact) || self.artifacts.exists(a, a.name == s.artifact))",message="serving[].artifact names an artifact that spec.artifacts does not define; add it there or correct the name"
type ModelReleaseSpec struct {
	// policy is the name of the SafetyPolicy that governs the release.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Policy string `json:"policy,omitempty"`

	// model names the model for people.
	// +required
	Model Model `json:"model,omitzero"`

	// artifacts are everything the release is made of, each by digest. Evidence counts for these
	// digests and no others.
	// +required
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	Artifacts []Artifact `json:"artifacts,omitempty"`

	// serving says how the artifacts may be run, a container each. A container that is not listed
	// may run an artifact's image with the image's own entry point and nothing else: no command,
	// argument or environment variable.
	// +optional
	// +listType=map
	// +listMapKey=container
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	Serving []ServingContainer `json:"serving,omitempty"`

	// level is the safety level that the makers declare. Evidence can only raise it.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Level string `json:"level,omitempty"`

	// exposure is the exposure asked for. What is granted is this one or a lower one.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	Exposure string `json:"exposure,omitempty"`

	// evaluations says who runs the suites that the policy's requirements name: Manual, people and pipelines;
	// Automatic, Scalegate, for what the exposure asked for needs and is missing or about to expire.
	// Omitted means Manual.
	// +optional
	Evaluations EvaluationMode `json:"evaluations,omitempty"`
}

// EvaluationMode says who runs the suites that a policy's requirements name.
//
// +kubebuilder:validation:Enum=Manual;Automatic
type EvaluationMode string

const (
	// EvaluationsManual means that people and pipelines create SafetyEvaluations.
	EvaluationsManual EvaluationMode = "Manual"
	// EvaluationsAutomatic means that Scalegate creates them too, where a suite is named.
	EvaluationsAutomatic EvaluationMode = "Automatic"
)

// Model names a model for people.
type Model struct {
	// name of the model.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`

	// version of the model.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Version string `json:"version,omitempty"`
}

// Artifact is one part of a release.
type Artifact struct {
	// name of the artifact within the release.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`
	Name string `json:"name,omitempty"`

	// type says what part of the served model it is.
	// +required
	Type ArtifactType `json:"type,omitempty"`

	// reference is where the artifact is found, for people. The digest alone identifies it.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Reference string `json:"reference,omitempty"`

	// digest of the artifact's content; of an image, the digest of the manifest that pods name.
	// +required
	Digest Digest `json:"digest,omitempty"`
}

// ServingContainer says how one container of a workload may be run. Command, arguments and
// environment must be exactly these; <name> stands for a free value of that name.
type ServingContainer struct {
	// container is the container's name in the pod template; init containers count too.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`
	Container string `json:"container,omitempty"`

	// artifact is the name of the artifact whose digest the container's image must have.
	// Omitted means any artifact of the release.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Artifact string `json:"artifact,omitempty"`

	// command of the container. Omitted means that the container sets none.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=1024
	Command []string `json:"command,omitempty"`

	// args of the container. Omitted means that the container sets none.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=128
	// +kubebuilder:validation:items:MaxLength=1024
	Args []string `json:"args,omitempty"`

	// env are the environment variables that the container may set.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	Env []ServingEnvVar `json:"env,omitempty"`

	// freeValues name the parts of command, args and env that a workload may choose.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	FreeValues []FreeValue `json:"freeValues,omitempty"`
}

// ServingEnvVar is an environment variable that a container may set.
//
// +kubebuilder:validation:XValidation:rule="!has(self.source) || self.source != 'Secret' || !has(self.value)",message="value is for literal variables; a variable with source Secret has none",fieldPath=".value"
type ServingEnvVar struct {
	// name of the variable.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`

	// value of the variable. Omitted means the empty string.
	// +optional
	// +kubebuilder:validation:MaxLength=4096
	Value *string `json:"value,omitempty"`

	// source says where the value comes from. Omitted means Literal.
	// +optional
	Source EnvSource `json:"source,omitempty"`
}

// EnvSource says where the value of an environment variable comes from.
//
// +kubebuilder:validation:Enum=Literal;Secret
type EnvSource string

const (
	// EnvLiteral means that the value stands in the pod template.
	EnvLiteral EnvSource = "Literal"
	// EnvSecret means that the value is a key of a Secret, such as an access token. It never identifies a model.
	EnvSecret EnvSource = "Secret"
)

// FreeValue is a part of a command line or an environment variable that a workload may choose.
type FreeValue struct {
	// name of the value; <name> stands for it.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`
	Name string `json:"name,omitempty"`

	// pattern is the RE2 regular expression that the whole value must match.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="!''.matches(self) || ''.matches(self)",message="pattern is not an RE2 regular expression"
	Pattern string `json:"pattern,omitempty"`
}

// ModelReleaseStatus is what Scalegate decided about a release.
//
// +kubebuilder:validation:MinProperties=1
type ModelReleaseStatus struct {
	// conditions of the release: Ready, EvidenceComplete, Enforced and Fresh; Reconciling or
	// Stalled only while True.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=8
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// observedGeneration is the generation this status describes, or -1 when none was seen.
	// +optional
	// +kubebuilder:validation:Minimum=-1
	ObservedGeneration *int64 `json:"observedGeneration,omitempty"`

	// subjectDigest is a digest over the release's artifacts, sha256: and 64 hexadecimal digits.
	// +optional
	// +kubebuilder:validation:MinLength=71
	// +kubebuilder:validation:MaxLength=71
	SubjectDigest string `json:"subjectDigest,omitempty"`

	// policyRevision is the revision of the policy that the decision was made under.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=80
	PolicyRevision string `json:"policyRevision,omitempty"`

	// requiredLevel is the level that the release needs for the exposure it asks for: the declared
	// level, or the highest that a threshold which is not ruled out raises it to.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	RequiredLevel string `json:"requiredLevel,omitempty"`

	// grantedExposure is the exposure that the evidence reaches. Absent means none.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	GrantedExposure string `json:"grantedExposure,omitempty"`

	// replicaCeiling is the most pods that may serve the granted exposure. Absent means no ceiling.
	// +optional
	// +kubebuilder:validation:Minimum=1
	ReplicaCeiling *int32 `json:"replicaCeiling,omitempty"`

	// clearedUntil is when the clearance ends unless it is renewed.
	// +optional
	ClearedUntil *metav1.Time `json:"clearedUntil,omitempty"`

	// thresholds are the policy's capability thresholds as the evidence answers them.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=32
	Thresholds []ThresholdStatus `json:"thresholds,omitempty"`

	// requirements are the policy's requirements as the evidence answers them.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=64
	Requirements []RequirementStatus `json:"requirements,omitempty"`

	// workloads are the workloads that claim the release; the first 64 by kind and name.
	// +optional
	// +listType=map
	// +listMapKey=kind
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=64
	Workloads []WorkloadStatus `json:"workloads,omitempty"`
}

// ThresholdState is the answer of the evidence to a capability threshold.
//
// +kubebuilder:validation:Enum=RuledOut;Reached;Open
type ThresholdState string

const (
	// ThresholdRuledOut means that every requirement that rules the capability out is met by evidence.
	ThresholdRuledOut ThresholdState = "RuledOut"
	// ThresholdReached means that a requirement failed, so the model has the capability.
	ThresholdReached ThresholdState = "Reached"
	// ThresholdOpen means that neither is shown.
	ThresholdOpen ThresholdState = "Open"
)

// ThresholdStatus is the answer to one capability threshold.
type ThresholdStatus struct {
	// name of the threshold.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name,omitempty"`

	// state of the threshold.
	// +required
	State ThresholdState `json:"state,omitempty"`

	// message says what decided the state, and what would change it.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`
}

// RequirementState is the answer of the evidence to a requirement.
//
// +kubebuilder:validation:Enum=Met;Failed;Missing;Indeterminate;Expired
type RequirementState string

const (
	// RequirementMet means that the latest result is clear.
	RequirementMet RequirementState = "Met"
	// RequirementFailed means that a result tripped, and its finding stands.
	RequirementFailed RequirementState = "Failed"
	// RequirementMissing means that no result is about this release.
	RequirementMissing RequirementState = "Missing"
	// RequirementIndeterminate means that the latest result is neither clear nor tripped, or cannot be judged.
	RequirementIndeterminate RequirementState = "Indeterminate"
	// RequirementExpired means that the latest result is clear, and too old.
	RequirementExpired RequirementState = "Expired"
)

// RequirementStatus is the answer to one requirement.
type RequirementStatus struct {
	// name of the requirement.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=48
	Name string `json:"name,omitempty"`

	// state of the requirement.
	// +required
	State RequirementState `json:"state,omitempty"`

	// evidence is the name of the SafetyEvaluation, or of the AdverseFinding, that decided the state.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Evidence string `json:"evidence,omitempty"`

	// expiresTime is when the evidence stops counting.
	// +optional
	ExpiresTime *metav1.Time `json:"expiresTime,omitempty"`

	// message says what decided the state, and what would change it.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`
}

// WorkloadStatus is what became of one workload that claims the release.
type WorkloadStatus struct {
	// kind of the workload, such as Deployment.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Kind string `json:"kind,omitempty"`

	// name of the workload.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`

	// exposure that the workload claims.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Exposure string `json:"exposure,omitempty"`

	// desired is the number of pods that the workload asks for.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Desired *int32 `json:"desired,omitempty"`

	// released is the number of its pods that are not held.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Released *int32 `json:"released,omitempty"`

	// held is the number of its pods that are held.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Held *int32 `json:"held,omitempty"`

	// reason says in a word why something of it is held. Absent means that nothing is.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Reason string `json:"reason,omitempty"`

	// message says what is held, and what would release it.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`
}
