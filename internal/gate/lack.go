// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import "github.com/scalegate/scalegate/api/v1alpha1"

// reasonOf sums a verdict up in a word.
func (e *engine) reasonOf(v *verdict) string {
	switch {
	case v.adverse:
		return v1alpha1.ReasonAdverseFinding
	case e.withdrawn != nil:
		return v1alpha1.ReasonRevoked
	case e.lost != "":
		return v1alpha1.ReasonParentNotFound
	case v.level < 0 || v.undefined >= 0 && v.undefined <= e.declared:
		// An undefined level that only open thresholds raise to is left by ruling them out, so that what is
		// missing for that is the reason.
		return v1alpha1.ReasonLevelUndefined
	case !v.blocked() && e.evidenced(v):
		return v1alpha1.ReasonEvidenceComplete
	case !v.blocked():
		return v1alpha1.ReasonEvidenceNotRequired
	}
	return e.lack(v)
}

// lack is the reason that weighs most among requirements that are not met. A failure is none: where it is a cause the
// verdict is adverse, and elsewhere the others are what changed.
func (e *engine) lack(v *verdict) string {
	heaviest := lackNothing
	for at, marked := range e.marksOf(v) {
		if marked {
			heaviest = max(heaviest, e.questions[at].lack(v.exposure))
		}
	}
	return heaviest.reason()
}

// lack is why a requirement is not met, the heaviest last.
type lack uint8

const (
	lackNothing lack = iota
	lackApproval
	lackSafeguard
	lackEvidence
	lackClarity
	lackAge
	lackConsent
	lackTrust
)

func (l lack) reason() string {
	switch l {
	case lackNothing:
	case lackApproval:
		return v1alpha1.ReasonApprovalMissing
	case lackSafeguard:
		return v1alpha1.ReasonSafeguardNotInPlace
	case lackEvidence:
		return v1alpha1.ReasonEvidenceMissing
	case lackClarity:
		return v1alpha1.ReasonEvidenceIndeterminate
	case lackAge:
		return v1alpha1.ReasonEvidenceExpired
	case lackConsent:
		return v1alpha1.ReasonObjected
	case lackTrust:
		return v1alpha1.ReasonRevoked
	}
	// A threshold that nothing can rule out raises to a level without safeguards.
	return v1alpha1.ReasonLevelUndefined
}

// lack says why the requirement is not met at an exposure.
func (q *question) lack(exposure int) lack {
	switch q.stateAt(exposure) {
	case v1alpha1.RequirementMissing:
		if q.kind == kindApproval {
			return lackApproval
		}
		return lackEvidence
	case v1alpha1.RequirementBroken:
		return lackSafeguard
	case v1alpha1.RequirementIndeterminate:
		if q.kind == kindCheck && q.problem == "" {
			return lackSafeguard
		}
		return lackClarity
	case v1alpha1.RequirementExpired:
		return lackAge
	case v1alpha1.RequirementObjected:
		return lackConsent
	case v1alpha1.RequirementRevoked:
		return lackTrust
	case v1alpha1.RequirementMet, v1alpha1.RequirementFailed, v1alpha1.RequirementWaived:
	}
	return lackNothing
}
