// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package policycase

import (
	"github.com/scalegate/scalegate/api/v1alpha1"
)

// Case is one test of a policy.
type Case struct {
	// File is the name of the file, without folder and ending; unique among the cases of a policy.
	File string `json:"-"`
	// Title says in a sentence what the case is.
	Title string `json:"title"`
	// Sources are where the case can be read about. A case that is made up has none, and says so in Ours.
	Sources []Source `json:"sources,omitempty"`
	// Facts are what the sources report, with the figures.
	Facts []string `json:"facts,omitempty"`
	// Ours are what no source reports, and what the case fills in so that a machine can run it.
	Ours []string `json:"ours"`
	// Steps in their order. The last expects something.
	Steps []Step `json:"steps"`
}

// Source is a public text about a case.
type Source struct {
	Title string `json:"title"`
	// URI is a public address.
	URI string `json:"uri"`
	// Date of the text: a year, with month and day where they are known, such as 2025-05-22.
	Date string `json:"date"`
	// Standing says how sure it is: Primary for the text of whoever acted, Secondary for a report by others.
	Standing Standing `json:"standing"`
}

// Standing says how sure a source is.
type Standing string

const (
	// Primary is the text of whoever acted.
	Primary Standing = "Primary"
	// Secondary is a report by others, which nobody here confirmed.
	Secondary Standing = "Secondary"
)

// Step is one thing that somebody does, or what the gate must say. Exactly one of the pointers, lists and maps below Refused
// is set.
type Step struct {
	// Line of the file that the step begins at.
	Line int `json:"-"`
	// Note says why.
	Note string `json:"note,omitempty"`
	// As are the people who do it, one after another. What Scalegate itself does has nobody.
	As Names `json:"as,omitempty"`
	// After is the time that passes before it. Omitted means a second.
	After Duration `json:"after,omitempty"`
	// Refused is part of the message with which the API server refuses it. Omitted means that it must not.
	Refused string `json:"refused,omitempty"`

	Release        *ReleaseStep        `json:"release,omitempty"`
	Evaluation     *EvaluationStep     `json:"evaluation,omitempty"`
	Clear          *ClearStep          `json:"clear,omitempty"`
	Approval       *ApprovalStep       `json:"approval,omitempty"`
	Waiver         *WaiverStep         `json:"waiver,omitempty"`
	Determination  *DeterminationStep  `json:"determination,omitempty"`
	Change         *ChangeStep         `json:"change,omitempty"`
	Revoke         *RevokeStep         `json:"revoke,omitempty"`
	Resolve        *ResolveStep        `json:"resolve,omitempty"`
	Policy         *PolicyStep         `json:"policy,omitempty"`
	PolicyApproval *PolicyApprovalStep `json:"policyApproval,omitempty"`
	Safeguards     *SafeguardsStep     `json:"safeguards,omitempty"`
	Expect         *Expectation        `json:"expect,omitempty"`
}

// ReleaseStep makes a ModelRelease. Its policy is the case's. An artifact's digest may be a word: then it is the digest
// of that word and of the case.
type ReleaseStep struct {
	Name                      string `json:"name"`
	v1alpha1.ModelReleaseSpec `json:",inline"`
}

// Figures say where the value of an evaluation comes from.
type Figures string

const (
	// Reported means that a source gives the value. What else is not from there says Basis.
	Reported Figures = "Reported"
	// Ours means that the case makes it up.
	Ours Figures = "Ours"
)

// EvaluationStep makes a SafetyEvaluation and records its measurement. What is left out is filled in: the release and its
// artifacts; of the measurement the metric of the requirement, planned as many as judged, nothing lost, an end marker.
type EvaluationStep struct {
	Name    string  `json:"name,omitempty"`
	Figures Figures `json:"figures"`
	// Basis says how the figures come about.
	Basis                         string                `json:"basis,omitempty"`
	Measured                      *v1alpha1.Measurement `json:"measured"`
	v1alpha1.SafetyEvaluationSpec `json:",inline"`
}

// ClearStep makes a SafetyEvaluation for each requirement, with a value on the safe side of every bound and an elicitation
// as the policy asks for: what the case is not about.
type ClearStep struct {
	// Release that they are about. Omitted means the case's first.
	Release      string   `json:"release,omitempty"`
	Requirements []string `json:"requirements"`
}

// ApprovalStep makes a ReleaseApproval of each person. What is left out is filled in: the release, its subject digest, the
// policy's revision, the exposure asked for, the first role that the person signs in.
type ApprovalStep struct {
	Name string `json:"name,omitempty"`
	// Ends is when it ends, after the step.
	Ends                         Duration `json:"ends,omitempty"`
	v1alpha1.ReleaseApprovalSpec `json:",inline"`
}

// WaiverStep makes a ReleaseWaiver. What is left out is filled in as for an approval.
type WaiverStep struct {
	Name string `json:"name"`
	// Ends is when it ends, after the step.
	Ends                       Duration `json:"ends"`
	v1alpha1.ReleaseWaiverSpec `json:",inline"`
}

// DeterminationStep makes a ReleaseDetermination. What is left out is filled in as for an approval.
type DeterminationStep struct {
	Name string `json:"name"`
	// Ends is when it ends, after the step.
	Ends                              Duration `json:"ends,omitempty"`
	v1alpha1.ReleaseDeterminationSpec `json:",inline"`
}

// ChangeStep changes the spec of a release. Set gives values by path, such as artifacts[weights].digest; null takes away.
type ChangeStep struct {
	// Release that is changed. Omitted means the case's first.
	Release string         `json:"release,omitempty"`
	Set     map[string]any `json:"set"`
}

// RevokeStep revokes an evaluation or a release.
type RevokeStep struct {
	Evaluation string                      `json:"evaluation,omitempty"`
	Release    string                      `json:"release,omitempty"`
	Severity   v1alpha1.RevocationSeverity `json:"severity"`
	Reason     string                      `json:"reason"`
}

// ResolveStep resolves the findings against a requirement by a later evaluation.
type ResolveStep struct {
	Requirement string `json:"requirement"`
	Evaluation  string `json:"evaluation"`
	Reason      string `json:"reason"`
}

// PolicyStep changes the spec of the case's policy. Set gives values by path, such as
// requirements[bio-uplift].evaluation.clearAt; null takes away.
type PolicyStep struct {
	Set map[string]any `json:"set"`
}

// PolicyApprovalStep says something about the newest revision of the case's policy.
type PolicyApprovalStep struct {
	v1alpha1.PolicyApprovalSpec `json:",inline"`
}

// SafeguardsStep says what is seen of the checks of a release. States are by requirement; All is for every check that is
// not named.
type SafeguardsStep struct {
	// Release that they are about. Omitted means the case's first.
	Release string                             `json:"release,omitempty"`
	All     v1alpha1.SafeguardState            `json:"all,omitempty"`
	States  map[string]v1alpha1.SafeguardState `json:"states,omitempty"`
}

// Expectation is what the gate must say. What is left out is not compared, but for granted.
type Expectation struct {
	// Release that is decided about. Omitted means the case's first.
	Release string `json:"release,omitempty"`
	// Outcome of the decision, beside what was granted before.
	Outcome Outcome `json:"outcome"`
	// Granted is the exposure that is granted; empty for none.
	Granted       string                               `json:"granted"`
	Reason        string                               `json:"reason,omitempty"`
	RequiredLevel string                               `json:"requiredLevel,omitempty"`
	Thresholds    map[string]v1alpha1.ThresholdState   `json:"thresholds,omitempty"`
	Requirements  map[string]v1alpha1.RequirementState `json:"requirements,omitempty"`
	// Alerts are the requirements that are met with an alert: these and no others.
	Alerts []string `json:"alerts,omitempty"`
	// Adverse says whether what serves above the grant has to go.
	Adverse *bool `json:"adverse,omitempty"`
	// Says is part of the decision's message.
	Says string `json:"says,omitempty"`
}

// Outcome sums a decision up.
type Outcome string

const (
	// Opened means that the exposure asked for is granted.
	Opened Outcome = "Opened"
	// Held means that less is granted, and that no more was before.
	Held Outcome = "Held"
	// Revoked means that less is granted than was before.
	Revoked Outcome = "Revoked"
)

// Outcomes are all outcomes.
func Outcomes() []Outcome { return []Outcome{Held, Opened, Revoked} }
