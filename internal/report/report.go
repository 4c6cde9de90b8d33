// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import "time"

// Version is that of the JSON form. Fields may be added to it; where one goes, or means something else, the version is raised.
const Version = "v1"

// Report is what there is to say about some releases. Its JSON form is documented in docs/reference/report.md. All times are in
// UTC and whole seconds.
type Report struct {
	// ReportVersion is the version of this form: `v1`.
	ReportVersion string `json:"reportVersion"`
	// Generated says when, by what and by whom the report was made, and of which cluster.
	Generated Generation `json:"generated"`
	// Unseen are sentences about what whoever made the report may not read. Where there are any here or in a release, the
	// report is not complete.
	Unseen []string `json:"unseen,omitempty"`
	// Releases that the report is about, by namespace and name.
	Releases []Release `json:"releases"`
}

// Generation is how a report was made.
type Generation struct {
	// Time at which the report was made.
	Time time.Time `json:"time"`
	// JudgedAt is the time at which evidence was judged: the same, unless another was asked for.
	JudgedAt time.Time `json:"judgedAt"`
	// Version of the program.
	Version string `json:"version"`
	// Cluster that was read, by its name in the kubeconfig. Absent inside a cluster.
	Cluster string `json:"cluster,omitempty"`
	// ClusterUID is the UID of the namespace kube-system, which tells clusters apart. Absent where it may not be read.
	ClusterUID string `json:"clusterUID,omitempty"`
	// By is the user who made the report, as the API server knows them. Absent where it does not say.
	By string `json:"by,omitempty"`
}

// Complete reports whether everything could be read.
func (r *Report) Complete() bool {
	for i := range r.Releases {
		if len(r.Releases[i].Unseen) > 0 {
			return false
		}
	}
	return len(r.Unseen) == 0
}

// Intact reports whether nothing is wrong with the records of decisions, as far as they were read.
func (r *Report) Intact() bool {
	for i := range r.Releases {
		if len(r.Releases[i].Records.Problems) > 0 {
			return false
		}
	}
	return true
}

// Basis says where the answers about a release come from.
type Basis string

const (
	// BasisDecided means that the decision was made anew, from what is in the cluster.
	BasisDecided Basis = "Decided"
	// BasisRecorded means that the reader may not read all of that, and the answers are those in the release's status.
	BasisRecorded Basis = "Recorded"
)

// Release is one release.
type Release struct {
	// Namespace of the release.
	Namespace string `json:"namespace"`
	// Name of the release.
	Name string `json:"name"`
	// UID of the release.
	UID string `json:"uid,omitempty"`
	// Generation of its spec.
	Generation int64 `json:"generation,omitempty"`
	// CreatedTime is when it was made.
	CreatedTime *time.Time `json:"createdTime,omitempty"`
	// Model is the model's name and version, for people.
	Model string `json:"model"`
	// Summary are sentences that sum up the rest.
	Summary []string `json:"summary"`
	// Basis is `Decided`, where the decision was made anew for the report, or `Recorded`, where the answers are those of the release's status.
	Basis Basis `json:"basis"`
	// Outcome is `Granted`, where what is asked for is granted, else `Blocked`, `Pending` or `Inconclusive`.
	Outcome string `json:"outcome"`
	// Reason of the decision, as in reasons.md.
	Reason string `json:"reason"`
	// Message of the decision.
	Message string `json:"message"`
	// Exposure is what is asked for and what is granted.
	Exposure Exposure `json:"exposure"`
	// Level is the safety level, and why it is that one.
	Level Level `json:"level"`
	// SubjectDigest is the digest over all artifacts, which people sign.
	SubjectDigest string `json:"subjectDigest,omitempty"`
	// Artifacts that the release is made of.
	Artifacts []Artifact `json:"artifacts"`
	// Authors are the users who made or changed the release.
	Authors []string `json:"authors,omitempty"`
	// DerivedFrom are the releases that it was made from, its parent first, as `name (level)`.
	DerivedFrom []string `json:"derivedFrom,omitempty"`
	// LostAncestor is the first release of that line that is not known.
	LostAncestor string `json:"lostAncestor,omitempty"`
	// Revocation because of which nothing is granted: of this release, or of one with the same weights.
	Revocation *Revocation `json:"revocation,omitempty"`
	// Policy that governs the release. Absent where there is none of that name.
	Policy *Policy `json:"policy,omitempty"`
	// PolicyName is the name of the policy that the release names.
	PolicyName string `json:"policyName"`
	// Requirements of the policy, in its order.
	Requirements []Requirement `json:"requirements,omitempty"`
	// Findings that are about artifacts of the release, resolved ones too.
	Findings []Finding `json:"findings,omitempty"`
	// Approvals are what people said about the release itself; the latest last.
	Approvals []Approval `json:"approvals,omitempty"`
	// Waivers of the release.
	Waivers []Waiver `json:"waivers,omitempty"`
	// Determinations are judgements of thresholds as a whole.
	Determinations []Determination `json:"determinations,omitempty"`
	// Workloads that claim the release; the first 64.
	Workloads []Workload `json:"workloads,omitempty"`
	// Conditions of the release, as Scalegate set them.
	Conditions []Condition `json:"conditions,omitempty"`
	// Withdrawal is what became of an exposure that was granted and no longer is.
	Withdrawal *Withdrawal `json:"withdrawal,omitempty"`
	// Next are the steps that would change the outcome, or keep it.
	Next []Step `json:"next,omitempty"`
	// Notes are sentences about where the cluster is not as decided.
	Notes []string `json:"notes,omitempty"`
	// Records are the decisions on record.
	Records Records `json:"records"`
	// Unseen are sentences about what of this release could not be read, and what that means.
	Unseen []string `json:"unseen,omitempty"`
}

// Exposure is what is asked for, and what is granted.
type Exposure struct {
	// Asked is the exposure asked for.
	Asked string `json:"asked"`
	// Granted is the exposure granted. Absent means none.
	Granted string `json:"granted,omitempty"`
	// Ceiling is the most serving units at a time. Absent means no ceiling.
	Ceiling *int32 `json:"ceiling,omitempty"`
	// SinceTime is the first decision on record, of the last ones, that granted this. Absent where none is on record.
	SinceTime *time.Time `json:"sinceTime,omitempty"`
	// ClearedUntil is when the grant ends unless Scalegate renews it. Absent where nothing is granted.
	ClearedUntil *time.Time `json:"clearedUntil,omitempty"`
	// EvidenceEndTime is when the first of the evidence ends that the grant rests on. Absent where it rests on none.
	EvidenceEndTime *time.Time `json:"evidenceEndTime,omitempty"`
	// All are the exposures of the policy, from the least to the most.
	All []ExposureAnswer `json:"all,omitempty"`
}

// ExposureAnswer is the answer to one exposure.
type ExposureAnswer struct {
	// Name of the exposure.
	Name string `json:"name"`
	// Asked says that it is the one asked for.
	Asked bool `json:"asked,omitempty"`
	// Granted says that workloads may claim it.
	Granted bool `json:"granted,omitempty"`
	// RequiredLevel is the level that it needs.
	RequiredLevel string `json:"requiredLevel,omitempty"`
	// MaxReplicas is the policy's ceiling. Absent means none.
	MaxReplicas *int32 `json:"maxReplicas,omitempty"`
	// Reason of the answer.
	Reason string `json:"reason"`
	// Message says why it is granted or refused.
	Message string `json:"message"`
	// Blocking are the requirements that stand in the way.
	Blocking []string `json:"blocking,omitempty"`
}

// Level is the safety level of a release.
type Level struct {
	// Declared by the makers of the release.
	Declared string `json:"declared"`
	// Required for the exposure asked for. Absent where it is not known.
	Required string `json:"required,omitempty"`
	// Because are sentences that say why it is required.
	Because []string `json:"because,omitempty"`
	// Thresholds are the capability thresholds of the policy.
	Thresholds []Threshold `json:"thresholds,omitempty"`
	// Undefined are the levels, up to the required one, of which nobody has said yet what they require.
	Undefined []string `json:"undefined,omitempty"`
}

// Threshold is the answer to one capability threshold.
type Threshold struct {
	// Name of the threshold.
	Name string `json:"name"`
	// Domain of the capability.
	Domain string `json:"domain,omitempty"`
	// State is `RuledOut`, `Reached` or `Open`.
	State string `json:"state"`
	// RaisesTo is the level that it raises to while it counts.
	RaisesTo string `json:"raisesTo"`
	// Counts says that it raises the level at the exposure asked for.
	Counts bool `json:"counts"`
	// RuledOutBy are the requirements that rule it out together.
	RuledOutBy []string `json:"ruledOutBy,omitempty"`
	// Requires are requirements that gate while it counts.
	Requires []string `json:"requires,omitempty"`
	// Message says what decided the state.
	Message string `json:"message"`
}

// Artifact is one part of a release.
type Artifact struct {
	// Name within the release.
	Name string `json:"name"`
	// Type of the artifact.
	Type string `json:"type"`
	// Digest of its content.
	Digest string `json:"digest"`
	// Reference is where it is found.
	Reference string `json:"reference,omitempty"`
}

// Revocation says that something must not be relied on any more.
type Revocation struct {
	// Of is what was revoked, as `namespace/name`, where it is a release.
	Of string `json:"of,omitempty"`
	// Severity is `Advisory` or `Critical`.
	Severity string `json:"severity"`
	// Reason in words.
	Reason string `json:"reason"`
	// By is the user who revoked it.
	By string `json:"by,omitempty"`
	// Reach is `Namespace` or `Cluster`, where it is a release.
	Reach string `json:"reach,omitempty"`
}

// Policy is the policy that a release is held to.
type Policy struct {
	// Name of the policy.
	Name string `json:"name"`
	// Revision that was decided under.
	Revision string `json:"revision,omitempty"`
	// PendingRevision is the revision that is written and not in force.
	PendingRevision string `json:"pendingRevision,omitempty"`
	// Source is the published text behind the policy.
	Source *Source `json:"source,omitempty"`
	// Revisions of the policy; the latest last.
	Revisions []Revision `json:"revisions,omitempty"`
}

// Source is a published text.
type Source struct {
	// Title of the text.
	Title string `json:"title,omitempty"`
	// Version of the text.
	Version string `json:"version,omitempty"`
	// EffectiveDate of the text.
	EffectiveDate string `json:"effectiveDate,omitempty"`
	// URI of the text.
	URI string `json:"uri,omitempty"`
	// SHA256 of the text.
	SHA256 string `json:"sha256,omitempty"`
}

// Revision is one text of a policy.
type Revision struct {
	// Sequence of the revision.
	Sequence int64 `json:"sequence"`
	// Revision is the digest by which decisions name it.
	Revision string `json:"revision"`
	// Effect is `Initial`, `Neutral`, `Strengthening` or `Weakening`.
	Effect string `json:"effect"`
	// Author who changed the policy.
	Author string `json:"author,omitempty"`
	// CreatedTime is when it was recorded.
	CreatedTime *time.Time `json:"createdTime,omitempty"`
	// InForceTime is when it came into force. Absent where it never did.
	InForceTime *time.Time `json:"inForceTime,omitempty"`
	// Changes are the items that changed, each as `item: effect`.
	Changes []string `json:"changes,omitempty"`
}
