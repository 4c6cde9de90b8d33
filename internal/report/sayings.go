// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import "time"

// Counting is whether something that people made counts.
type Counting struct {
	// Counts says that decisions take it into account.
	Counts bool `json:"counts"`
	// Reason in a word, as in reasons.md.
	Reason string `json:"reason,omitempty"`
	// Message says why.
	Message string `json:"message,omitempty"`
	// EndTime is when it stops to count by itself.
	EndTime *time.Time `json:"endTime,omitempty"`
}

// Approval is what one person said.
type Approval struct {
	// Name of the ReleaseApproval.
	Name string `json:"name"`
	// By is the user.
	By string `json:"by,omitempty"`
	// Role that the person signed in.
	Role string `json:"role"`
	// Decision is `Approve`, `Object` or `Acknowledge`.
	Decision string `json:"decision"`
	// Exposure that it is about.
	Exposure string `json:"exposure"`
	// Rationale in words.
	Rationale string `json:"rationale,omitempty"`
	// SignedTime is when it was made.
	SignedTime *time.Time `json:"signedTime,omitempty"`
	// SubjectDigest of the artifacts that the person was shown.
	SubjectDigest string `json:"subjectDigest"`
	// PolicyRevision that the person was shown.
	PolicyRevision string `json:"policyRevision"`
	// Counting says whether it counts.
	Counting
}

// Waiver sets requirements aside.
type Waiver struct {
	// Name of the ReleaseWaiver.
	Name string `json:"name"`
	// Path is `Standard` or `BreakGlass`.
	Path string `json:"path"`
	// Requirements that are set aside.
	Requirements []string `json:"requirements"`
	// Exposure up to which they are.
	Exposure string `json:"exposure"`
	// Requester is the user who asked for it.
	Requester string `json:"requester,omitempty"`
	// AskedTime is when it was made.
	AskedTime *time.Time `json:"askedTime,omitempty"`
	// UntilTime is the end that it names.
	UntilTime *time.Time `json:"untilTime,omitempty"`
	// Why in words.
	Why string `json:"why"`
	// CompensatingControls are what stands in for it.
	CompensatingControls []string `json:"compensatingControls,omitempty"`
	// Disclosure is where it is disclosed.
	Disclosure string `json:"disclosure,omitempty"`
	// Approvals of it; the latest last.
	Approvals []Approval `json:"approvals,omitempty"`
	// Counting says whether it counts.
	Counting
}

// Determination is the judgement of thresholds as a whole.
type Determination struct {
	// Name of the ReleaseDetermination.
	Name string `json:"name"`
	// Concludes is what it says of each threshold, as `threshold: conclusion`.
	Concludes []string `json:"concludes"`
	// Author is the user who wrote it.
	Author string `json:"author,omitempty"`
	// WrittenTime is when it was made.
	WrittenTime *time.Time `json:"writtenTime,omitempty"`
	// Rationale in words.
	Rationale string `json:"rationale"`
	// Disclosure is where it is disclosed.
	Disclosure string `json:"disclosure,omitempty"`
	// Document that it stands in.
	Document *Source `json:"document,omitempty"`
	// Approvals of it; the latest last.
	Approvals []Approval `json:"approvals,omitempty"`
	// Counting says whether it counts.
	Counting
}
