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
// +kubebuilder:selectablefield:JSONPath=`.spec.revocation.severity`
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

	// derivedFrom says which other release this one was made from. Omitted means none.
	// +optional
	DerivedFrom *Derivation `json:"derivedFrom,omitempty"`

	// fallback is the release that takes over when this one loses its grant. Omitted means the policy's, if it has one.
	// +optional
	Fallback *Fallback `json:"fallback,omitempty"`

	// limitBy says whether workloads are also scaled to what is granted. Omitted means SchedulingGates.
	// +optional
	LimitBy LimitBy `json:"limitBy,omitempty"`

	// revocation takes the release back: nothing is granted to it, nor to others with the same weights as far as
	// it reaches. Taking a revocation back, or lowering its severity, needs the verb resolve.
	// +optional
	Revocation *Revocation `json:"revocation,omitempty"`

	// authors are the users who made the release, or changed its policy, artifacts, serving, level, exposure or lineage. The
	// API server stamps them; what is typed here is replaced.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=512
	Authors []string `json:"authors,omitempty"`
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
