// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"strconv"
	"time"
)

// Requirement is a requirement with its answer and all that was brought for it.
type Requirement struct {
	// Name of the requirement.
	Name string `json:"name"`
	// Kind is `Evaluation`, `Approval` or `Safeguard`. Absent where the policy does not define it.
	Kind string `json:"kind,omitempty"`
	// State is `Met`, `Waived`, `Failed`, `Missing`, `Indeterminate`, `Expired`, `Revoked`, `Objected` or `Broken`.
	State string `json:"state"`
	// Message says what decided the state.
	Message string `json:"message"`
	// Alert says that it is met, and that the result lies beyond the bound at which the policy wants an alert.
	Alert bool `json:"alert,omitempty"`
	// Asks is the criterion in words.
	Asks string `json:"asks,omitempty"`
	// NeededFrom is the lowest exposure that needs it.
	NeededFrom string `json:"neededFrom,omitempty"`
	// Needed says whether the exposure asked for does.
	Needed bool `json:"needed"`
	// UsedBy are the levels and thresholds that name it, such as `level ASL-3`.
	UsedBy []string `json:"usedBy,omitempty"`
	// Evidence is the name of what decided the state.
	Evidence string `json:"evidence,omitempty"`
	// ExpiresTime is when that stops, or stopped, to count.
	ExpiresTime *time.Time `json:"expiresTime,omitempty"`
	// Criterion by which results are judged, of an evaluation.
	Criterion *Criterion `json:"criterion,omitempty"`
	// Results are the evaluations that were brought for it; the latest last.
	Results []Result `json:"results,omitempty"`
	// Safeguard is what was seen of a check.
	Safeguard *Safeguard `json:"safeguard,omitempty"`
	// Next are the steps that would change the state, or keep it.
	Next []Step `json:"next,omitempty"`
}

// Criterion is what a requirement asks of a result.
type Criterion struct {
	// Metric that is judged.
	Metric string `json:"metric"`
	// Direction is `LowerIsSafer` or `HigherIsSafer`.
	Direction string `json:"direction"`
	// ClearAt is the bound beyond which a result meets the requirement.
	ClearAt string `json:"clearAt"`
	// TripAt is the bound beyond which it fails.
	TripAt string `json:"tripAt"`
	// AlertAt is the bound that the policy wants an alert at. Absent where it wants none.
	AlertAt string `json:"alertAt,omitempty"`
	// Bound is what is compared: `Point`, `Reported95` or `Wilson95`.
	Bound string `json:"bound"`
	// MinSamples is the least number of judged samples.
	MinSamples int64 `json:"minSamples"`
	// MaxUnjudgedPercent is the most of the planned samples that may be lost.
	MaxUnjudgedPercent int32 `json:"maxUnjudgedPercent"`
	// ValidForDays is how long a result counts.
	ValidForDays int32 `json:"validForDays"`
	// Independence is how far an evaluator has to stand from the release: `Internal` or `Independent`. Absent means anybody.
	Independence string `json:"independence,omitempty"`
	// Suite that runs the evaluation.
	Suite string `json:"suite,omitempty"`
	// Scope are the types of artifact that it is about. Absent means all.
	Scope []string `json:"scope,omitempty"`
}

// Result is one evaluation, as it is judged by itself.
type Result struct {
	// Name of the SafetyEvaluation.
	Name string `json:"name"`
	// Decides says that it decided the state of the requirement.
	Decides bool `json:"decides,omitempty"`
	// Outcome is `Clear`, `Between`, `Failed`, `Unaccepted`, `Revoked`, `Unusable`, `Unjudged` or `Awaited`.
	Outcome string `json:"outcome"`
	// NotCounted says why a favourable result does not count.
	NotCounted string `json:"notCounted,omitempty"`
	// Evaluator is the user who brought it.
	Evaluator string `json:"evaluator,omitempty"`
	// Independence of that user from the release: `Independent`, `Internal`, `Author` or `Unknown`.
	Independence string `json:"independence"`
	// StoredTime is when it came to be known.
	StoredTime *time.Time `json:"storedTime,omitempty"`
	// ValidFromTime is what its age is counted from.
	ValidFromTime *time.Time `json:"validFromTime,omitempty"`
	// ValidUntilTime is when it stops to count, of a clear one.
	ValidUntilTime *time.Time `json:"validUntilTime,omitempty"`
	// EndedTime is when the run ended, by the file's own claim.
	EndedTime *time.Time `json:"endedTime,omitempty"`
	// Alert says that it is clear, and not beyond the bound of the alert.
	Alert bool `json:"alert,omitempty"`
	// Relation of what was run to the release, where it is not `Exact`.
	Relation string `json:"relation,omitempty"`
	// Metric that was read.
	Metric string `json:"metric,omitempty"`
	// Value that was measured.
	Value string `json:"value,omitempty"`
	// StandardError that the file reports.
	StandardError string `json:"standardError,omitempty"`
	// ReportedLow is the lower end of the 95% interval that the file reports.
	ReportedLow string `json:"reportedLow,omitempty"`
	// ReportedHigh is the upper end of it.
	ReportedHigh string `json:"reportedHigh,omitempty"`
	// JudgedLow is the lower end of the interval that was compared. Absent where none could be.
	JudgedLow *float64 `json:"judgedLow,omitempty"`
	// JudgedHigh is the upper end of it.
	JudgedHigh *float64 `json:"judgedHigh,omitempty"`
	// Planned samples. An absent count is unknown, which is not zero.
	Planned *int64 `json:"planned,omitempty"`
	// Judged samples.
	Judged *int64 `json:"judged,omitempty"`
	// Unjudged samples.
	Unjudged *int64 `json:"unjudged,omitempty"`
	// Errored samples.
	Errored *int64 `json:"errored,omitempty"`
	// Tool that wrote the file, with its version.
	Tool string `json:"tool,omitempty"`
	// Format of the file.
	Format string `json:"format,omitempty"`
	// Task that was run.
	Task string `json:"task,omitempty"`
	// RunID is the tool's own name of the run.
	RunID string `json:"runID,omitempty"`
	// ClaimedModel is the model's name as the file claims it. It identifies nothing.
	ClaimedModel string `json:"claimedModel,omitempty"`
	// SHA256 of the file.
	SHA256 string `json:"sha256,omitempty"`
	// StoredIn is where the file is.
	StoredIn string `json:"storedIn,omitempty"`
	// Problem says why the measurement cannot be used.
	Problem string `json:"problem,omitempty"`
	// Warnings about the run.
	Warnings []string `json:"warnings,omitempty"`
	// Elicitation is how hard the evaluation tried, as the evaluator states it.
	Elicitation string `json:"elicitation,omitempty"`
	// Revocation of the result.
	Revocation *Revocation `json:"revocation,omitempty"`

	// value, low and high are the numbers for plots; plotted is false where there are none.
	value, low, high float64
	plotted          bool
}

// Compared is the interval that was compared with the bounds, in words; empty where it is no wider than the value.
func (r *Result) Compared() string {
	if r.JudgedLow == nil || r.JudgedHigh == nil || *r.JudgedLow == *r.JudgedHigh {
		return ""
	}
	return number(*r.JudgedLow) + " to " + number(*r.JudgedHigh)
}

// Reported is the interval that the file reports, in words; empty where it reports none, or that one was compared.
func (r *Result) Reported() string {
	if r.ReportedLow == "" || r.ReportedHigh == "" {
		return ""
	}
	if r.JudgedLow != nil {
		low, lowErr := strconv.ParseFloat(r.ReportedLow, 64)
		high, highErr := strconv.ParseFloat(r.ReportedHigh, 64)
		if lowErr == nil && highErr == nil && low == *r.JudgedLow && high == *r.JudgedHigh {
			return ""
		}
	}
	return r.ReportedLow + " to " + r.ReportedHigh
}

// Safeguard is what was seen of a check of the cluster.
type Safeguard struct {
	// Type of the check.
	Type string `json:"type"`
	// State is `InPlace`, `Broken` or `Unknown`.
	State string `json:"state"`
	// Message says what is wrong.
	Message string `json:"message,omitempty"`
	// LookedAt is what was looked at.
	LookedAt string `json:"lookedAt,omitempty"`
	// CannotSee is what such a look cannot see.
	CannotSee string `json:"cannotSee,omitempty"`
	// SinceTime is since when the state is that.
	SinceTime *time.Time `json:"sinceTime,omitempty"`
}

// Step is something to do.
type Step struct {
	// About is the requirement, waiver or determination that it is for. Absent where it is for the release.
	About string `json:"about,omitempty"`
	// What it is, in words.
	What string `json:"what"`
	// Command that does it. Words in capitals are to be replaced.
	Command string `json:"command,omitempty"`
}

// Finding is a failure that sticks to artifacts.
type Finding struct {
	// Name of the AdverseFinding.
	Name string `json:"name"`
	// Requirement that failed.
	Requirement string `json:"requirement"`
	// Standing says that it counts.
	Standing bool `json:"standing"`
	// Recorded is false of one that Scalegate has not recorded yet.
	Recorded bool `json:"recorded"`
	// Evaluation that failed, as `namespace/name`.
	Evaluation string `json:"evaluation"`
	// Value that was measured.
	Value string `json:"value,omitempty"`
	// SHA256 of the file.
	SHA256 string `json:"sha256,omitempty"`
	// ResultTime is the time of the failing result.
	ResultTime *time.Time `json:"resultTime,omitempty"`
	// Policy and revision under which it failed.
	Policy string `json:"policy,omitempty"`
	// Reach is `Namespace` or `Cluster`.
	Reach string `json:"reach"`
	// Artifacts that it is about, each as `type digest`.
	Artifacts []string `json:"artifacts,omitempty"`
	// Resolution that somebody gave.
	Resolution *Resolution `json:"resolution,omitempty"`
}

// Resolution says why a finding no longer stands, or should not.
type Resolution struct {
	// Evaluation that is to show it, as `namespace/name`.
	Evaluation string `json:"evaluation"`
	// Reason in words.
	Reason string `json:"reason"`
	// By is the user who resolved it.
	By string `json:"by,omitempty"`
	// Effective says that the finding no longer stands.
	Effective bool `json:"effective"`
	// Message says why it is effective or not.
	Message string `json:"message,omitempty"`
	// ResolvedTime is when it took effect.
	ResolvedTime *time.Time `json:"resolvedTime,omitempty"`
}

// Workload is one workload that claims the release.
type Workload struct {
	// Kind of the workload.
	Kind string `json:"kind"`
	// Name of the workload.
	Name string `json:"name"`
	// Exposure that it claims.
	Exposure string `json:"exposure,omitempty"`
	// Desired pods. An absent count is unknown.
	Desired *int32 `json:"desired,omitempty"`
	// Released are its pods that are not held.
	Released *int32 `json:"released,omitempty"`
	// Held are its pods that are.
	Held *int32 `json:"held,omitempty"`
	// Reason why something of it is held.
	Reason string `json:"reason,omitempty"`
	// Message says what is held, and what would release it.
	Message string `json:"message,omitempty"`
}

// Condition of a release.
type Condition struct {
	// Type of the condition.
	Type string `json:"type"`
	// Status is `True`, `False` or `Unknown`.
	Status string `json:"status"`
	// Reason of the status.
	Reason string `json:"reason"`
	// Message of the status.
	Message string `json:"message,omitempty"`
	// SinceTime is since when the status is that.
	SinceTime *time.Time `json:"sinceTime,omitempty"`
}

// Withdrawal is what became of an exposure that was granted and no longer is.
type Withdrawal struct {
	// Exposure that was granted.
	Exposure string `json:"exposure"`
	// Cause is `Lapsed`, `Absent`, `Revoked` or `Adverse`.
	Cause string `json:"cause"`
	// Severity of the revocation, where that is the cause.
	Severity string `json:"severity,omitempty"`
	// Time when it began.
	Time *time.Time `json:"time,omitempty"`
	// GraceEndTime is until when what serves may be replaced.
	GraceEndTime *time.Time `json:"graceEndTime,omitempty"`
	// RemovalTime is when removing began. Absent where nothing is removed.
	RemovalTime *time.Time `json:"removalTime,omitempty"`
}

// Records are the decisions on record about a release.
type Records struct {
	// Read is false where they could not be read; then nothing else is known.
	Read bool `json:"read"`
	// Intact says that nothing is wrong with the chain.
	Intact bool `json:"intact"`
	// HeadSequence is the number of the last record.
	HeadSequence int64 `json:"headSequence,omitempty"`
	// HeadDigest is the digest of the last record. Who keeps it elsewhere can hold a later chain against it.
	HeadDigest string `json:"headDigest,omitempty"`
	// Problems are what is wrong with the chain.
	Problems []string `json:"problems,omitempty"`
	// Entries are the records, the first first.
	Entries []Entry `json:"entries,omitempty"`
}

// Entry is one decision on record.
type Entry struct {
	// Sequence is its number.
	Sequence int64 `json:"sequence"`
	// Time of the decision.
	Time time.Time `json:"time"`
	// Changes are what it changed of what the record before says, in words.
	Changes []string `json:"changes,omitempty"`
	// Causes are what changed since the record before, as Scalegate recorded them.
	Causes []string `json:"causes,omitempty"`
	// Granted exposure. Absent means none.
	Granted string `json:"granted,omitempty"`
	// Ceiling of it. Absent means none.
	Ceiling *int32 `json:"ceiling,omitempty"`
	// RequiredLevel at that time.
	RequiredLevel string `json:"requiredLevel,omitempty"`
	// Reason of the decision.
	Reason string `json:"reason"`
	// Message of the decision.
	Message string `json:"message,omitempty"`
	// PolicyRevision that was decided under.
	PolicyRevision string `json:"policyRevision,omitempty"`
	// EnforcedTime is when it held in the cluster. Absent where it did not, or another came first.
	EnforcedTime *time.Time `json:"enforcedTime,omitempty"`
	// Engine is the version of Scalegate that decided.
	Engine string `json:"engine,omitempty"`
	// Digest of the record.
	Digest string `json:"digest"`

	// told says of each cause whether the changes tell it too.
	told []bool
}
