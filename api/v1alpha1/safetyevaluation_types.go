// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// SafetyEvaluation is one piece of evidence: what was measured of a release, read from the
// result file of an evaluation tool, which is there already or which a suite is run for. It records measurements; whether they suffice is for the
// policy to say.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,shortName=seval,categories=scalegate
// +kubebuilder:selectablefield:JSONPath=`.spec.subject.release`
// +kubebuilder:printcolumn:name="Release",type=string,JSONPath=`.spec.subject.release`
// +kubebuilder:printcolumn:name="Requirement",type=string,JSONPath=`.spec.requirement`
// +kubebuilder:printcolumn:name="Value",type=string,JSONPath=`.status.measurement.value`
// +kubebuilder:printcolumn:name="Samples",type=integer,JSONPath=`.status.measurement.judged`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
type SafetyEvaluation struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec says what was evaluated, for which requirement, and where the result is.
	// +required
	Spec SafetyEvaluationSpec `json:"spec,omitzero"`

	// status is what was measured.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status SafetyEvaluationStatus `json:"status,omitzero"`
}

// SafetyEvaluationList is a list of SafetyEvaluations.
//
// +kubebuilder:object:root=true
type SafetyEvaluationList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []SafetyEvaluation `json:"items"`
}

// SafetyEvaluationSpec does not change, but that it may be revoked: a correction is another SafetyEvaluation.
//
// +kubebuilder:validation:XValidation:rule="has(self.report) != has(self.job)",message="exactly one source must be given: report for a result that is there, or job to run a suite"
// +kubebuilder:validation:XValidation:rule="!has(self.job) || !has(self.subject.relation) || self.subject.relation == 'Exact'",message="a job evaluates the release itself, so relation must be Exact",fieldPath=".subject.relation"
// +kubebuilder:validation:XValidation:rule="has(self.report) == has(oldSelf.report) && has(self.job) == has(oldSelf.job) && has(self.evaluator) == has(oldSelf.evaluator) && has(self.reach) == has(oldSelf.reach) && has(self.evaluatorGroups) == has(oldSelf.evaluatorGroups) && has(self.elicitation) == has(oldSelf.elicitation)",message="a SafetyEvaluation does not change once it is made; create another one instead, and revoke this one with spec.revocation if it must not count"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.revocation) || (has(self.revocation) && (self.revocation == oldSelf.revocation || (oldSelf.revocation.severity == 'Advisory' && self.revocation.severity == 'Critical')))",message="the revocation of an evaluation is not taken back, only raised from Advisory to Critical; create another evaluation instead",fieldPath=".revocation"
type SafetyEvaluationSpec struct {
	// subject is what was evaluated.
	// +required
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="a SafetyEvaluation does not change once it is made; create another one instead, and revoke this one with spec.revocation if it must not count"
	Subject EvaluationSubject `json:"subject,omitzero"`

	// requirement is the name of the requirement, in the release's policy, that the result is for.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=48
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="a SafetyEvaluation does not change once it is made; create another one instead, and revoke this one with spec.revocation if it must not count"
	Requirement string `json:"requirement,omitempty"`

	// report is a result that is there already.
	// +optional
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="a SafetyEvaluation does not change once it is made; create another one instead, and revoke this one with spec.revocation if it must not count"
	Report *Report `json:"report,omitempty"`

	// job runs a suite and records its result.
	// +optional
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="a SafetyEvaluation does not change once it is made; create another one instead, and revoke this one with spec.revocation if it must not count"
	Job *JobSource `json:"job,omitempty"`

	// evaluator is the user who brought the evidence. The API server stamps it; what is typed
	// here is replaced.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="a SafetyEvaluation does not change once it is made; create another one instead, and revoke this one with spec.revocation if it must not count"
	Evaluator string `json:"evaluator,omitempty"`

	// evaluatorGroups are the groups of that user. The API server stamps them.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=256
	// +kubebuilder:validation:items:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="a SafetyEvaluation does not change once it is made; create another one instead, and revoke this one with spec.revocation if it must not count"
	EvaluatorGroups []string `json:"evaluatorGroups,omitempty"`

	// elicitation is how hard the evaluation tried, as the evaluator states it.
	// +optional
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="a SafetyEvaluation does not change once it is made; create another one instead, and revoke this one with spec.revocation if it must not count"
	Elicitation *Elicitation `json:"elicitation,omitempty"`

	// reach says where a failing result counts for releases with the same content: in the Namespace of the
	// evaluation, or in the whole Cluster, where the evaluator holds the verb attest. The API server stamps it.
	// +optional
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="a SafetyEvaluation does not change once it is made; create another one instead, and revoke this one with spec.revocation if it must not count"
	Reach Reach `json:"reach,omitempty"`

	// revocation says that the result must not be relied on. A failing result counts all the same.
	// +optional
	Revocation *Revocation `json:"revocation,omitempty"`
}

// EvaluationSubject is what was evaluated.
//
// +kubebuilder:validation:XValidation:rule="!has(self.relation) || self.relation == 'Exact' || has(self.tested)",message="tested must name what was run when relation is not Exact",fieldPath=".tested"
// +kubebuilder:validation:XValidation:rule="(has(self.relation) && self.relation != 'Exact') || !has(self.tested)",message="tested is for relations other than Exact: with Exact, what was run is artifacts",fieldPath=".tested"
type EvaluationSubject struct {
	// release is the name of the ModelRelease, in the same namespace, that the evidence is about.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Release string `json:"release,omitempty"`

	// artifacts are the release's artifacts that the evidence is about. Those within the
	// requirement's scope must be the release's own for the evidence to count.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	Artifacts []SubjectArtifact `json:"artifacts,omitempty"`

	// relation of what was run to the release. Omitted means Exact.
	// +optional
	Relation SubjectRelation `json:"relation,omitempty"`

	// tested are the artifacts that were run, where they are not the release's own.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	Tested []SubjectArtifact `json:"tested,omitempty"`
}

// SubjectRelation is the relation of what was run to the release.
//
// +kubebuilder:validation:Enum=Exact;HelpfulOnlyVariant;EarlierSnapshot;SimilarlySafe
type SubjectRelation string

const (
	// RelationExact means that the release's own artifacts were run.
	RelationExact SubjectRelation = "Exact"
	// RelationHelpfulOnlyVariant means that the same model without its safety training was run.
	RelationHelpfulOnlyVariant SubjectRelation = "HelpfulOnlyVariant"
	// RelationEarlierSnapshot means that an earlier snapshot of the model was run.
	RelationEarlierSnapshot SubjectRelation = "EarlierSnapshot"
	// RelationSimilarlySafe means that another model that is argued to be similarly safe was run.
	RelationSimilarlySafe SubjectRelation = "SimilarlySafe"
)

// Report is a result of an evaluation tool that is there already.
//
// +kubebuilder:validation:XValidation:rule="has(self.configMap) != has(self.lmEvalJob)",message="exactly one of configMap and lmEvalJob must be given"
type Report struct {
	// configMap is the key of a ConfigMap that holds the file, as it is or compressed with gzip.
	// +optional
	ConfigMap *ConfigMapKey `json:"configMap,omitempty"`

	// lmEvalJob is a TrustyAI LMEvalJob in the same namespace, whose status holds the result. It is read once
	// it is complete.
	// +optional
	LMEvalJob *LMEvalJobReference `json:"lmEvalJob,omitempty"`

	// sha256 of the file before compression, in lower-case hexadecimal. A file with another
	// digest is not read. Omitted means that the first file found is read.
	// +optional
	// +kubebuilder:validation:MinLength=64
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:Pattern=`^[a-f0-9]{64}$`
	SHA256 string `json:"sha256,omitempty"`
}

// LMEvalJobReference is an LMEvalJob of trustyai.opendatahub.io in the same namespace.
type LMEvalJobReference struct {
	// name of the LMEvalJob.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`
}

// JobSource runs a suite against the release.
type JobSource struct {
	// suite is the name of the EvaluationSuite. Where the requirement names one, it must be this.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Suite string `json:"suite,omitempty"`
}

// ConfigMapKey is a key of a ConfigMap in the same namespace.
type ConfigMapKey struct {
	// name of the ConfigMap.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`

	// key in data or binaryData.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Key string `json:"key,omitempty"`
}

// SafetyEvaluationStatus is what was measured.
//
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.measurement) || (has(self.measurement) && self.measurement == oldSelf.measurement)",message="a measurement does not change once it is recorded; create another SafetyEvaluation instead"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.run) || !has(oldSelf.run.finishTime) || has(self.run)",message="a run that ended is not forgotten; create another SafetyEvaluation to run the suite again"
// +kubebuilder:validation:MinProperties=1
type SafetyEvaluationStatus struct {
	// conditions of the evaluation. Ready is True when a measurement is recorded.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=8
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// observedGeneration is the generation this status describes, or -1 when none was seen.
	// +optional
	// +kubebuilder:validation:Minimum=-1
	ObservedGeneration *int64 `json:"observedGeneration,omitempty"`

	// measurement is what the result file says. It does not change once it is recorded.
	// +optional
	Measurement *Measurement `json:"measurement,omitempty"`

	// run is how the suite is run, of an evaluation with a job source.
	// +optional
	Run *EvaluationRun `json:"run,omitempty"`
}

// EvaluationRun is how a suite is run. Once it has a finishTime it does not change.
//
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.finishTime) || self == oldSelf",message="a run that ended does not change; create another SafetyEvaluation to run the suite again"
type EvaluationRun struct {
	// suiteDigest is the SHA-256 of the suite's spec as it is run, in lower-case hexadecimal.
	// +optional
	// +kubebuilder:validation:MinLength=64
	// +kubebuilder:validation:MaxLength=64
	SuiteDigest string `json:"suiteDigest,omitempty"`

	// jobName is the name of the Job.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	JobName string `json:"jobName,omitempty"`

	// jobUID is the UID of the Job. No other is believed.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	JobUID string `json:"jobUID,omitempty"`

	// attempts is the number of pods that the Job has started.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Attempts *int32 `json:"attempts,omitempty"`

	// serverTime is when the server of the model under test was first seen not to be held.
	// +optional
	ServerTime *metav1.Time `json:"serverTime,omitempty"`

	// serverUID is the UID of the pod that served the model under test when the Job was made. No other is measured.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	ServerUID string `json:"serverUID,omitempty"`

	// startTime is when the Job was made.
	// +optional
	StartTime *metav1.Time `json:"startTime,omitempty"`

	// finishTime is when the run ended, with a measurement or without.
	// +optional
	FinishTime *metav1.Time `json:"finishTime,omitempty"`

	// reason the run ended without a measurement, in one word.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Reason string `json:"reason,omitempty"`

	// message says why the run ended without a measurement, in words for a person.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`
}

// Measurement is what a result file says about one metric. An absent count is unknown, which is
// not zero; an absent value means that the file has none.
type Measurement struct {
	// metric is the selector that found the value.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Metric string `json:"metric,omitempty"`

	// value of the metric, as a decimal number.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=80
	Value string `json:"value,omitempty"`

	// standardError of the value, as a decimal number, where the file reports one.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=80
	StandardError string `json:"standardError,omitempty"`

	// intervalLow is the lower end of the 95% interval that the file reports.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=80
	IntervalLow string `json:"intervalLow,omitempty"`

	// intervalHigh is the upper end of the 95% interval that the file reports.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=80
	IntervalHigh string `json:"intervalHigh,omitempty"`

	// planned is the number of samples that were to be run.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Planned *int64 `json:"planned,omitempty"`

	// judged is the number of samples that ended with a judgement.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Judged *int64 `json:"judged,omitempty"`

	// unjudged is the number of samples that ended without a judgement.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Unjudged *int64 `json:"unjudged,omitempty"`

	// errored is the number of samples that ended in an error.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Errored *int64 `json:"errored,omitempty"`

	// endMarker is what in the file shows that the run ended well. Absent means that nothing does.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	EndMarker string `json:"endMarker,omitempty"`

	// problem says why the measurement cannot be used, in words for a person. Absent means that it can.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Problem string `json:"problem,omitempty"`

	// format of the file, such as inspect-eval.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Format string `json:"format,omitempty"`

	// tool that wrote the file, with its version where the file says it.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Tool string `json:"tool,omitempty"`

	// task that was run, with its version where the file says it.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Task string `json:"task,omitempty"`

	// runID is the tool's own identifier of the run.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	RunID string `json:"runID,omitempty"`

	// model is the model's name as the file claims it. It identifies nothing.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Model string `json:"model,omitempty"`

	// startTime is when the run began, as the file claims it.
	// +optional
	StartTime *metav1.Time `json:"startTime,omitempty"`

	// endTime is when the run ended, as the file claims it.
	// +optional
	EndTime *metav1.Time `json:"endTime,omitempty"`

	// sha256 of the file before compression, in lower-case hexadecimal.
	// +required
	// +kubebuilder:validation:MinLength=64
	// +kubebuilder:validation:MaxLength=64
	SHA256 string `json:"sha256,omitempty"`

	// warnings are what a person should know about the run, such as an edited log.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=512
	Warnings []string `json:"warnings,omitempty"`
}
