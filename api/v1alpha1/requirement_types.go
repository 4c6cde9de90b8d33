// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Requirement is one thing that must be shown of a release: by an evaluation, by people who approve, or by the cluster.
//
// +kubebuilder:validation:XValidation:rule="[has(self.evaluation), has(self.approval), has(self.check)].filter(x, x).size() == 1",message="exactly one of evaluation, approval and check must be given"
// +kubebuilder:validation:XValidation:rule="has(self.check) != has(self.validForDays)",message="validForDays is needed for an evaluation and for an approval; a check is looked at all the time, and has none",fieldPath=".validForDays"
// +kubebuilder:validation:XValidation:rule="has(self.evaluation) || !(has(self.scope) || has(self.acceptRelations) || has(self.independence) || has(self.elicitation) || has(self.standing))",message="scope, acceptRelations, independence, elicitation and standing are for requirements with an evaluation"
// +kubebuilder:validation:XValidation:rule="!has(self.approval) || has(self.approval.quorum) || has(self.approval.notifyBefore)",message="an approval needs a quorum, or roles in notifyBefore",fieldPath=".approval"
type Requirement struct {
	// name of the requirement. At most 48 characters; a DNS label.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=48
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`
	Name string `json:"name,omitempty"`

	// evaluation is the criterion that an evaluation's result is held against.
	// +optional
	Evaluation *EvaluationCriterion `json:"evaluation,omitempty"`

	// approval is who has to approve the release, for its artifacts, and who has to be told before.
	// +optional
	Approval *ApprovalCriterion `json:"approval,omitempty"`

	// check is a fact about the cluster that has to hold wherever the release is served.
	// +optional
	Check *SafeguardCheck `json:"check,omitempty"`

	// scope is the types of artifact that the result is about: evidence counts while the
	// release's artifacts of these types are the ones evaluated. Omitted means all types, which lets
	// no artifact in that nobody evaluated.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	Scope []ArtifactType `json:"scope,omitempty"`

	// acceptRelations are the relations to the release, beside Exact, that an evaluated model
	// may have for its favourable result to count. An unfavourable result counts with any relation.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=4
	AcceptRelations []SubjectRelation `json:"acceptRelations,omitempty"`

	// independence says who may have brought a favourable result. An unfavourable one counts from anybody. Omitted means
	// anybody, the authors of the release included.
	// +optional
	Independence Independence `json:"independence,omitempty"`

	// elicitation says how hard the evaluation must have tried for a favourable result to count. Omitted means that nothing
	// is asked about that.
	// +optional
	Elicitation *ElicitationCriterion `json:"elicitation,omitempty"`

	// standing says whether the evaluation can still tell models apart. A favourable result of one that is Saturated does not
	// count; a determination may judge in its place. Omitted means Active.
	// +optional
	Standing Standing `json:"standing,omitempty"`

	// validForDays is how long a result or an approval counts, in days: from the end of the evaluation, or from when the
	// approval was made. From 1 to 3650.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=3650
	ValidForDays int32 `json:"validForDays,omitempty"`

	// neededFrom is the lowest exposure that needs this requirement. Omitted means the lowest
	// exposure of the policy.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	NeededFrom string `json:"neededFrom,omitempty"`
}

// Standing says whether an evaluation can still tell models apart.
//
// +kubebuilder:validation:Enum=Active;Saturated
type Standing string

const (
	// StandingActive means that it can.
	StandingActive Standing = "Active"
	// StandingSaturated means that models have outgrown it, so that it shows nothing favourable any more.
	StandingSaturated Standing = "Saturated"
)

// EvaluationCriterion says what a measured value means. It has three zones: clear, tripped, and
// between them indeterminate. A value equal to a bound is not beyond it.
//
// +kubebuilder:validation:XValidation:rule="!has(self.tripAt) || !isQuantity(self.clearAt) || !isQuantity(self.tripAt) || (self.direction == 'LowerIsSafer' ? quantity(self.clearAt).compareTo(quantity(self.tripAt)) <= 0 : quantity(self.clearAt).compareTo(quantity(self.tripAt)) >= 0)",message="clearAt must lie on the safe side of tripAt: at or below it when LowerIsSafer, at or above it when HigherIsSafer",fieldPath=".clearAt"
// +kubebuilder:validation:XValidation:rule="!has(self.alertAt) || !isQuantity(self.clearAt) || !isQuantity(self.alertAt) || (self.direction == 'LowerIsSafer' ? quantity(self.alertAt).compareTo(quantity(self.clearAt)) <= 0 : quantity(self.alertAt).compareTo(quantity(self.clearAt)) >= 0)",message="alertAt must lie on the safe side of clearAt: at or below it when LowerIsSafer, at or above it when HigherIsSafer",fieldPath=".alertAt"
// +kubebuilder:validation:XValidation:rule="has(self.alertAt) || !has(self.alertValidForDays)",message="alertValidForDays needs alertAt",fieldPath=".alertValidForDays"
// +kubebuilder:validation:XValidation:rule="self.bound != 'Wilson95' || [self.clearAt, self.?tripAt.orValue('0')].all(x, !isQuantity(x) || (quantity(x).compareTo(quantity('0')) >= 0 && quantity(x).compareTo(quantity('1')) <= 0))",message="with bound Wilson95 the metric is a proportion, so clearAt and tripAt must lie between 0 and 1",fieldPath=".bound"
type EvaluationCriterion struct {
	// metric selects the value in the result file: scorer/metric or scorer/metric/reducer for
	// Inspect, task/metric,filter for lm-evaluation-harness. Exactly one result must match.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Metric string `json:"metric,omitempty"`

	// direction says which values are safe. It is never inferred.
	// +required
	Direction Direction `json:"direction,omitempty"`

	// clearAt is the bound of safety: a result is Met when its unfavourable end lies beyond this, on the safe side.
	// +required
	ClearAt Decimal `json:"clearAt,omitempty"`

	// tripAt is the bound of danger: a result is Failed when its favourable end lies beyond this, on the unsafe side.
	// Omitted means the same as clearAt.
	// +optional
	TripAt Decimal `json:"tripAt,omitempty"`

	// alertAt is a bound on the safe side of clearAt: a result that is Met, and whose unfavourable end does not lie beyond
	// this on the safe side, is Met with an alert. It is told, and counts for alertValidForDays only. Omitted means no alert.
	// +optional
	AlertAt Decimal `json:"alertAt,omitempty"`

	// alertValidForDays is how long a result counts that is Met with an alert, in days. From 1 to 3650. Omitted means as
	// long as others.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=3650
	AlertValidForDays *int32 `json:"alertValidForDays,omitempty"`

	// bound says which interval around the measured value is judged.
	// +required
	Bound Bound `json:"bound,omitempty"`

	// minSamples is the least number of judged samples. A result with fewer, or with an unknown
	// number, is Indeterminate. From 1 to 1000000000.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000000
	MinSamples int64 `json:"minSamples,omitempty"`

	// maxUnjudgedPercent is the largest share of planned samples, in percent, that may have ended
	// without a judgement or in an error. A result with an unknown share is Indeterminate,
	// except at 100, which sets no bound. From 0 to 100.
	// +required
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	MaxUnjudgedPercent *int32 `json:"maxUnjudgedPercent,omitempty"`

	// suite is the EvaluationSuite that measures the requirement. Scalegate runs it for releases that
	// ask for automatic evaluations, and refuses to run another for this requirement. Results that were
	// measured elsewhere count as well. Omitted means that any suite may be run, and none automatically.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Suite string `json:"suite,omitempty"`
}

// Direction says which values of a metric are safe.
//
// +kubebuilder:validation:Enum=LowerIsSafer;HigherIsSafer
type Direction string

const (
	// LowerIsSafer means that the metric measures danger, such as an attack success rate.
	LowerIsSafer Direction = "LowerIsSafer"
	// HigherIsSafer means that the metric measures safety, such as a refusal rate.
	HigherIsSafer Direction = "HigherIsSafer"
)

// Bound says which interval around a measured value is judged.
//
// +kubebuilder:validation:Enum=Point;Reported95;Wilson95
type Bound string

const (
	// BoundPoint judges the value alone.
	BoundPoint Bound = "Point"
	// BoundReported95 judges the 95% interval that the file reports, or the one that its
	// standard error gives. A result with neither is Indeterminate.
	BoundReported95 Bound = "Reported95"
	// BoundWilson95 judges the 95% Wilson score interval of value and judged samples. It is
	// right only for a proportion of independent samples.
	BoundWilson95 Bound = "Wilson95"
)

// Decimal is a decimal number as text, such as 2.8 or -0.05.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=24
// +kubebuilder:validation:Pattern=`^-?(0|[1-9][0-9]{0,11})(\.[0-9]{1,9})?$`
type Decimal string

// Suite is the name of the suite that measures the requirement; empty where none is named, or nothing is measured.
func (r *Requirement) Suite() string {
	if r.Evaluation == nil {
		return ""
	}
	return r.Evaluation.Suite
}

// Metric selects the value in a result file; empty where nothing is measured.
func (r *Requirement) Metric() string {
	if r.Evaluation == nil {
		return ""
	}
	return r.Evaluation.Metric
}
