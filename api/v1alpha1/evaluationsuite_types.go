// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// EvaluationSuite says how one named evaluation is run: the protocol, the Job that runs it, how the
// model under test is served to it, and where its result file appears. A SafetyEvaluation with a
// job source runs it against a release.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,shortName=suite,categories=scalegate
// +kubebuilder:printcolumn:name="Protocol",type=string,JSONPath=`.spec.protocol.title`
// +kubebuilder:printcolumn:name="Version",type=string,JSONPath=`.spec.protocol.version`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
type EvaluationSuite struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec says what is run and how its result is read. A change holds for the runs that begin after it.
	// +required
	Spec EvaluationSuiteSpec `json:"spec,omitzero"`

	// status says whether the suite can be run.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status EvaluationSuiteStatus `json:"status,omitzero"`
}

// EvaluationSuiteList is a list of EvaluationSuites.
//
// +kubebuilder:object:root=true
type EvaluationSuiteList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []EvaluationSuite `json:"items"`
}

// EvaluationSuiteSpec says what is run and how its result is read.
type EvaluationSuiteSpec struct {
	// protocol is what the suite carries out, for people and records.
	// +required
	Protocol EvaluationProtocol `json:"protocol,omitzero"`

	// jobTemplate is the batch/v1 JobTemplateSpec that is run. Its pod has exactly one container, which
	// runs the evaluation, writes its result file and exits with 0; a container that must run beside it
	// is an init container with restartPolicy Always. Scalegate runs it before a container of its own
	// that reads the file. The environment of each container names the release (SCALEGATE_RELEASE,
	// SCALEGATE_ARTIFACT_<NAME>_DIGEST and more), and the images of containers and volumes may be
	// written $(SCALEGATE_ARTIFACT_<NAME>_PINNED). The pod gets no API token. Labels, annotations
	// and suspend pass through, so that a queue such as Kueue admits the run.
	// +required
	// +kubebuilder:validation:Type=object
	// +kubebuilder:validation:MinProperties=1
	// +kubebuilder:pruning:PreserveUnknownFields
	JobTemplate runtime.RawExtension `json:"jobTemplate,omitempty,omitzero"`

	// result says where the result file appears.
	// +required
	Result SuiteResult `json:"result,omitzero"`

	// server says how the model under test is served to the evaluation. Omitted means that the
	// evaluation needs no server, or runs against one that is there already.
	// +optional
	Server *SuiteServer `json:"server,omitempty"`

	// jobRetentionSeconds is how long a Job is kept once its result is recorded, in seconds. From 0 to
	// 31536000. Omitted means 604800, a week. The record itself is in the SafetyEvaluation.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=31536000
	JobRetentionSeconds *int64 `json:"jobRetentionSeconds,omitempty"`
}

// EvaluationProtocol names an evaluation as its authors do.
type EvaluationProtocol struct {
	// title of the protocol.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Title string `json:"title,omitempty"`

	// version of the protocol.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Version string `json:"version,omitempty"`

	// uri where the protocol is described.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	URI string `json:"uri,omitempty"`
}

// SuiteResult says where an evaluation leaves its result file.
type SuiteResult struct {
	// directory is where the evaluation writes its results: an empty volume is mounted there in every
	// container of the template. Omitted means /results.
	// +optional
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^/[A-Za-z0-9._/-]+$`
	Directory string `json:"directory,omitempty"`

	// path of the result file below directory. It may hold the wildcards *, ? and [...] within a name,
	// and must match exactly one file, or a directory for tools that write one, such as HELM.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="!self.startsWith('/') && !self.split('/').exists(p, p == '..')",message="path must lie below the results directory: relative, and without .."
	Path string `json:"path,omitempty"`
}

// SuiteServer says how the model under test is served to its evaluation.
type SuiteServer struct {
	// podTemplate is the core/v1 PodTemplateSpec of the server. A Job makes one pod of it, which claims the release under
	// the lowest exposure of the policy, and is gated like every other. Its containers are started again when they fail,
	// unless restartPolicy is Never. What it runs must be what the
	// release declares; images may be written $(SCALEGATE_ARTIFACT_<NAME>_PINNED). Only the pods of
	// the evaluation may connect to it, where the cluster's network enforces NetworkPolicies.
	// +required
	// +kubebuilder:validation:Type=object
	// +kubebuilder:validation:MinProperties=1
	// +kubebuilder:pruning:PreserveUnknownFields
	PodTemplate runtime.RawExtension `json:"podTemplate,omitempty,omitzero"`

	// port that the server listens on. The evaluation finds it at SCALEGATE_MODEL_URL.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	Port int32 `json:"port,omitempty"`

	// readySeconds is how long the server may take, in seconds, from the moment it is no longer held until it
	// is ready. From 1 to 86400. Omitted means 3600.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=86400
	ReadySeconds int64 `json:"readySeconds,omitempty"`
}

// EvaluationSuiteStatus says whether the suite can be run.
//
// +kubebuilder:validation:MinProperties=1
type EvaluationSuiteStatus struct {
	// conditions of the suite. Ready is True when it can be run.
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
