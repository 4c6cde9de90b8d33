// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// Input is all that a decision depends on. Decide reads it and changes nothing of it.
type Input struct {
	// Now is the time of the decision. The zero time holds: whoever forgot it cannot know what has expired.
	Now time.Time
	// Release is the release to decide about. Nil holds.
	Release *v1alpha1.ModelRelease
	// Policy is the policy that the release names; nil when there is none of that name.
	Policy *v1alpha1.SafetyPolicy
	// PolicyRevision is what [Revision] says of the policy's spec. Empty means that Decide works it
	// out itself, which takes longer than the decision.
	PolicyRevision string
	// Evaluations are those of the release's namespace that name the release. Others are passed over.
	Evaluations []v1alpha1.SafetyEvaluation
	// Sightings are the appearances in the whole cluster of the evaluations' result files.
	Sightings []Sighting
	// Findings are all that may matter. One counts when its requirement is the policy's and the release has all
	// of its artifacts; others are passed over.
	Findings []v1alpha1.AdverseFinding
	// Ancestors are the releases that the release was made from: its parent, then the parent's, and so on.
	Ancestors []v1alpha1.ModelRelease
	// Decide follows the names itself, and holds where one is missing here.
	// LostAncestor is the name of the first that does not exist, that comes round again, or that is further away than
	// [MaxAncestors]; empty when all are there.
	LostAncestor string
	// Revoked are the revoked releases, of any namespace, that have artifacts of this one.
	Revoked []v1alpha1.ModelRelease
	// Approvals, Waivers and Determinations are those of the release's namespace that name the release or its subject
	// digest; beside them, where the policy has a path for emergencies, all waivers on that path of the namespace, and the
	// approvals that regard them: a review may be owed. Others are passed over.
	Approvals      []v1alpha1.ReleaseApproval
	Waivers        []v1alpha1.ReleaseWaiver
	Determinations []v1alpha1.ReleaseDetermination
	// Safeguards are what was seen of the checks that the policy asks for. One that is not here is not known.
	Safeguards []SafeguardFact
	// InForce is the revision of the policy that is in force while Policy is a later one that is not. Nil when Policy is in force.
	InForce *v1alpha1.SafetyPolicy
	// InForceRevision is what [Revision] says of the spec of InForce; empty means that Decide works it out itself.
	InForceRevision string
	// PriorRevisions are the revisions before Policy, and before InForce, since which nothing was weakened: what people
	// signed for them counts still.
	PriorRevisions []string
}

// SafeguardFact is what was seen of one check.
type SafeguardFact struct {
	// Requirement of the policy that asks for it, and the type of its check. A fact of another type is none.
	Requirement string
	Type        v1alpha1.SafeguardType
	State       v1alpha1.SafeguardState
	// Message says what is wrong and how to mend it; at most 512 bytes.
	Message string
}

// Sighting is one appearance of a result file, in any namespace and for any release.
type Sighting struct {
	// SHA256 of the file, as in the measurement. Empty matches no file.
	SHA256 string
	// RunID is the tool's identifier of the run. Empty matches no run.
	RunID string
	// Artifacts are what the file was submitted for.
	Artifacts []v1alpha1.SubjectArtifact
	// Tested are the artifacts that were run, where the submission says they are not Artifacts.
	Tested []v1alpha1.SubjectArtifact
	// Time is what [TrustedTime] says of the submission.
	Time time.Time
	// UID of the submission. A sighting of an evaluation itself is never a replay of it.
	UID types.UID
	// Namespace of the submission.
	Namespace string
	// Revocation of the submission; nil when it was not revoked. In its own namespace it counts for every submission of
	// the file, and of the same run of the same artifacts: to bring once more what was revoked is no way around it.
	Revocation *v1alpha1.Revocation
}

// SightingOf is the appearance of an evaluation's own file. Before a measurement is recorded it
// has neither digest nor run, so it matches nothing.
func SightingOf(evaluation *v1alpha1.SafetyEvaluation) Sighting {
	s := Sighting{
		Artifacts:  evaluation.Spec.Subject.Artifacts,
		Time:       TrustedTime(evaluation),
		UID:        evaluation.UID,
		Namespace:  evaluation.Namespace,
		Revocation: evaluation.Spec.Revocation,
	}
	if !exact(evaluation.Spec.Subject.Relation) {
		s.Tested = evaluation.Spec.Subject.Tested
	}
	if m := evaluation.Status.Measurement; m != nil {
		s.SHA256, s.RunID = m.SHA256, m.RunID
	}
	return s
}

// TrustedTime is when a result came to be, by a clock that its author does not set: when the API server stored the
// evaluation; or when a suite ended that Scalegate ran for it, which is never before that. Of a run that has not ended it
// is when the evaluation was stored. Zero for an object that no API server stored.
func TrustedTime(evaluation *v1alpha1.SafetyEvaluation) time.Time {
	stored, run := evaluation.CreationTimestamp.Time, evaluation.Status.Run
	if evaluation.Spec.Job == nil || stored.IsZero() || run == nil || run.FinishTime.IsZero() || run.FinishTime.Time.Before(stored) {
		return stored
	}
	return run.FinishTime.Time
}

// Ended reports whether nothing about a result can change any more: it was measured, or the suite that was run for it ended
// without a measurement.
func Ended(evaluation *v1alpha1.SafetyEvaluation) bool {
	run := evaluation.Status.Run
	return evaluation.Status.Measurement != nil || run != nil && !run.FinishTime.IsZero()
}

// run are the artifacts that produced the file.
func (s *Sighting) run() []v1alpha1.SubjectArtifact {
	if len(s.Tested) > 0 {
		return s.Tested
	}
	return s.Artifacts
}

func exact(relation v1alpha1.SubjectRelation) bool {
	return relation == "" || relation == v1alpha1.RelationExact
}
