// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Role is a function that people hold: who may sign for what is said by the role, and who holds it by groups and RBAC.
type Role struct {
	// name of the role, such as responsible-scaling-officer. At most 48 characters; a DNS label. Whoever signs in it
	// needs the verb approve on releaseapprovals, or on policyapprovals, of that resource name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=48
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`
	Name string `json:"name,omitempty"`

	// groups whose members hold the role; one of them is enough. Omitted means that the verb approve alone says who does.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=253
	Groups []string `json:"groups,omitempty"`
}

// RoleQuorum is how many people of a role have to approve.
type RoleQuorum struct {
	// role is the name of a role of the policy.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=48
	Role string `json:"role,omitempty"`

	// count of distinct people. Nobody counts twice, in whichever roles they sign. From 1 to 8.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=8
	Count int32 `json:"count,omitempty"`
}

// ApprovalCriterion says who has to approve a release, and who has to be told before.
//
// +kubebuilder:validation:XValidation:rule="has(self.quorum) || !has(self.differFrom)",message="differFrom is for those who approve, so it needs a quorum",fieldPath=".differFrom"
type ApprovalCriterion struct {
	// quorum is the people who have to approve. All of it is needed, of as many distinct people as the counts add up to. An
	// objection by somebody who could be counted in it blocks.
	// +optional
	// +listType=map
	// +listMapKey=role
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	Quorum []RoleQuorum `json:"quorum,omitempty"`

	// notifyBefore are roles that have to be told: one person of each has to acknowledge. They do not vote.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=48
	NotifyBefore []string `json:"notifyBefore,omitempty"`

	// differFrom are those whose approval does not count: the authors of the release, and who brought evidence about it.
	// Their objection does. Omitted means that anybody in the role may approve.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=2
	DifferFrom []Party `json:"differFrom,omitempty"`
}

// Party is a part that somebody has in a release.
//
// +kubebuilder:validation:Enum=Author;Evaluator
type Party string

const (
	// PartyAuthor is whoever made the release, or changed what is served and asked for.
	PartyAuthor Party = "Author"
	// PartyEvaluator is whoever brought evidence about the release.
	PartyEvaluator Party = "Evaluator"
)

// IndependentEvaluators are the identities whose evidence is independent. Everybody else is internal.
//
// +kubebuilder:validation:MinProperties=1
type IndependentEvaluators struct {
	// users are the names of users, service accounts included: system:serviceaccount:NAMESPACE:NAME.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=253
	Users []string `json:"users,omitempty"`

	// groups of users.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=253
	Groups []string `json:"groups,omitempty"`
}

// Independence says how far an evaluator has to stand from what is evaluated.
//
// +kubebuilder:validation:Enum=Internal;Independent
type Independence string

const (
	// IndependenceInternal means anybody who is not an author of the release.
	IndependenceInternal Independence = "Internal"
	// IndependenceIndependent means an identity that the policy names as independent, and that is not an author.
	IndependenceIndependent Independence = "Independent"
)

// ElicitationCriterion says how hard an evaluation must have tried. A favourable result without such a record does not count.
//
// +kubebuilder:validation:MinProperties=1
type ElicitationCriterion struct {
	// variants of the model that may have been tried. Omitted means any.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=4
	Variants []ElicitationVariant `json:"variants,omitempty"`

	// minTrials is the least number of tries at each task. From 1 to 1000000.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	MinTrials *int32 `json:"minTrials,omitempty"`

	// aggregations of the tries that may have been used. Omitted means any.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=4
	Aggregations []Aggregation `json:"aggregations,omitempty"`

	// minRedTeamHours is the least number of hours that people tried. From 1 to 1000000.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	MinRedTeamHours *int32 `json:"minRedTeamHours,omitempty"`

	// budget says whether the record has to state what a try could spend. Omitted means Optional.
	// +optional
	Budget BudgetRecord `json:"budget,omitempty"`
}

// BudgetRecord says whether a record states a budget.
//
// +kubebuilder:validation:Enum=Required;Optional
type BudgetRecord string

const (
	// BudgetRequired means that it has to.
	BudgetRequired BudgetRecord = "Required"
	// BudgetOptional means that it may.
	BudgetOptional BudgetRecord = "Optional"
)

// Elicitation is the record of how hard an evaluation tried, as its evaluator states it.
//
// +kubebuilder:validation:MinProperties=1
type Elicitation struct {
	// variant of the model that was tried.
	// +optional
	Variant ElicitationVariant `json:"variant,omitempty"`

	// trials at each task. From 1 to 1000000.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	Trials *int32 `json:"trials,omitempty"`

	// aggregation of the tries at a task.
	// +optional
	Aggregation Aggregation `json:"aggregation,omitempty"`

	// budget that a try could spend, in words: tokens, tools, money or time.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Budget string `json:"budget,omitempty"`

	// redTeamHours that people tried. From 1 to 1000000.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	RedTeamHours *int32 `json:"redTeamHours,omitempty"`

	// scaffold around the model, in words.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Scaffold string `json:"scaffold,omitempty"`
}

// ElicitationVariant is the variant of a model that was tried.
//
// +kubebuilder:validation:Enum=AsDeployed;HelpfulOnly;FineTuned;FewestMitigations
type ElicitationVariant string

const (
	// VariantAsDeployed is the model with all that is deployed with it.
	VariantAsDeployed ElicitationVariant = "AsDeployed"
	// VariantHelpfulOnly is the model without safety training.
	VariantHelpfulOnly ElicitationVariant = "HelpfulOnly"
	// VariantFineTuned is the model after training for what is evaluated.
	VariantFineTuned ElicitationVariant = "FineTuned"
	// VariantFewestMitigations is the model with as few safeguards around it as there can be.
	VariantFewestMitigations ElicitationVariant = "FewestMitigations"
)

// Aggregation is how the tries at a task become one result.
//
// +kubebuilder:validation:Enum=Mean;PassAtOne;PassAtK;MaxOfN
type Aggregation string

const (
	// AggregationMean is the mean of the tries.
	AggregationMean Aggregation = "Mean"
	// AggregationPassAtOne is the share of tasks that one try solves.
	AggregationPassAtOne Aggregation = "PassAtOne"
	// AggregationPassAtK is the share of tasks that one of several tries solves.
	AggregationPassAtK Aggregation = "PassAtK"
	// AggregationMaxOfN is the best of several tries.
	AggregationMaxOfN Aggregation = "MaxOfN"
)

// WaiverRules say who may set a requirement aside, and for how long.
//
// +kubebuilder:validation:XValidation:rule="!has(self.breakGlass) || self.breakGlass.maxSeconds <= self.maxDays * 86400",message="breakGlass is the shorter path: maxSeconds must be at most as long as maxDays",fieldPath=".breakGlass"
type WaiverRules struct {
	// quorum is who has to approve a waiver: two people at least. Who asked for it is not counted.
	// +required
	// +listType=map
	// +listMapKey=role
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	// +kubebuilder:validation:XValidation:rule="self.map(q, q.count).sum() >= 2",message="waivers need two approvers at least: raise a count, or name another role"
	Quorum []RoleQuorum `json:"quorum,omitempty"`

	// maxDays is the longest life of a waiver, in days from when it was made. From 1 to 365.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=365
	MaxDays int32 `json:"maxDays,omitempty"`

	// overAdverse says whether a requirement that failed may be set aside. Omitted means Refused.
	// +optional
	OverAdverse OverAdverse `json:"overAdverse,omitempty"`

	// breakGlass is the shorter path for an emergency. Omitted means that there is none.
	// +optional
	BreakGlass *BreakGlassRules `json:"breakGlass,omitempty"`
}

// OverAdverse says whether a waiver may set a failed requirement aside.
//
// +kubebuilder:validation:Enum=Allowed;Refused
type OverAdverse string

const (
	// OverAdverseAllowed means that it may.
	OverAdverseAllowed OverAdverse = "Allowed"
	// OverAdverseRefused means that it may not.
	OverAdverseRefused OverAdverse = "Refused"
)

// BreakGlassRules say who may set a requirement aside in an emergency.
type BreakGlassRules struct {
	// quorum is who has to approve it. Who asked for it is not counted.
	// +required
	// +listType=map
	// +listMapKey=role
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	Quorum []RoleQuorum `json:"quorum,omitempty"`

	// maxSeconds is the longest life of such a waiver, in seconds from when it was made. From 60 to 604800.
	// +required
	// +kubebuilder:validation:Minimum=60
	// +kubebuilder:validation:Maximum=604800
	MaxSeconds int32 `json:"maxSeconds,omitempty"`

	// reviewRole is the role that owes a review: somebody in it acknowledges the waiver afterwards. While a review is
	// overdue in a namespace, no further waiver of this path counts there.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=48
	ReviewRole string `json:"reviewRole,omitempty"`

	// reviewDays is how long the review may take, in days from when the waiver was made. From 1 to 90.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=90
	ReviewDays int32 `json:"reviewDays,omitempty"`
}

// DeterminationRules say who may judge a capability threshold as a whole where evaluations leave it open.
type DeterminationRules struct {
	// quorum is who has to approve a determination for it to rule a threshold out. Who wrote it is not counted.
	// +required
	// +listType=map
	// +listMapKey=role
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	Quorum []RoleQuorum `json:"quorum,omitempty"`

	// maxDays is the longest life of a determination that rules a threshold out, in days from when it was made. From 1 to 365.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=365
	MaxDays int32 `json:"maxDays,omitempty"`
}

// RevisionRules say what a change of this policy needs that weakens it. They are those of the revision in force: a change
// cannot lower what it needs itself.
type RevisionRules struct {
	// quorum is who has to approve a revision that weakens the policy. Its author is not counted.
	// +required
	// +listType=map
	// +listMapKey=role
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	Quorum []RoleQuorum `json:"quorum,omitempty"`

	// coolOffSeconds is how long a revision that weakens the policy has to wait, in seconds from when Scalegate recorded
	// it. From 0 to 31536000. Omitted means 86400, a day.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=31536000
	CoolOffSeconds *int32 `json:"coolOffSeconds,omitempty"`
}

// ApprovalDecision is what a person says.
//
// +kubebuilder:validation:Enum=Approve;Object;Acknowledge
type ApprovalDecision string

const (
	// DecisionApprove is a vote for it.
	DecisionApprove ApprovalDecision = "Approve"
	// DecisionObject blocks it.
	DecisionObject ApprovalDecision = "Object"
	// DecisionAcknowledge says that the person was told. It is no vote.
	DecisionAcknowledge ApprovalDecision = "Acknowledge"
)
