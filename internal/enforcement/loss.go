// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package enforcement

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
)

const (
	// defaultGraceDays and defaultAdvisoryGrace are those of the API, the second in seconds.
	defaultGraceDays     = 14
	defaultAdvisoryGrace = 86400
)

// loss is why an exposure is not granted. The zero loss is of no cause.
type loss struct {
	cause v1alpha1.WithdrawalCause
	// severity of the revocation, where cause is Revoked.
	severity v1alpha1.RevocationSeverity
	// ended is when the evidence ended, where cause is Lapsed.
	ended time.Time
}

// gravity orders losses; the gravest is the highest.
func (l loss) gravity() int {
	switch l.cause {
	case v1alpha1.WithdrawalAdverse:
		return 4
	case v1alpha1.WithdrawalRevoked:
		if l.severity == v1alpha1.RevocationCritical {
			return 3
		}
		return 2
	case v1alpha1.WithdrawalLapsed:
		return 1
	case v1alpha1.WithdrawalAbsent:
	}
	return 0
}

// final: what serves has to go at once, and nothing of it is replaced.
func (l loss) final() bool { return l.gravity() >= 3 }

// decided tells whether anything was decided about exposures. Without a policy, or by the zero decision, nothing is
// known but that nothing is granted.
func (e enforcement) decided() bool { return e.scene.Policy != nil && len(e.exposures) > 0 }

// lossOf is why an exposure is not granted. Of one that the policy does not know, such as one that was renamed, it is
// the mildest cause for which every exposure is refused, where that is a finding or a revocation. What failed stays so for
// what serves, when the release is of other artifacts by now; and deleting what was revoked does not make it merely
// absent or old. Evidence that was deleted and would have ended by now has lapsed: to delete it does not put its end off.
func (e enforcement) lossOf(exposure string) loss {
	if !e.decided() {
		return loss{cause: v1alpha1.WithdrawalAbsent}
	}
	x, known := e.exposures[exposure]
	l := e.mildest()
	if known {
		l = e.lossBy(x)
	}
	switch before, lost := e.lostBefore(exposure); {
	case e.failedBefore(exposure):
		return loss{cause: v1alpha1.WithdrawalAdverse}
	case l.gravity() >= 2, known && x.Reason == v1alpha1.ReasonExposureNotGranted:
		return l
	case lost && before.Cause == v1alpha1.WithdrawalRevoked:
		return loss{cause: before.Cause, severity: before.Severity}
	case l.cause == v1alpha1.WithdrawalLapsed:
		return l
	}
	if ends := e.evidenceEnds(exposure); ends != nil && !ends.After(e.scene.Now) {
		return loss{cause: v1alpha1.WithdrawalLapsed, ended: *ends}
	}
	return l
}

// lostBefore is how an exposure was lost that is not granted, as the record of it says; false where it has none.
func (e enforcement) lostBefore(exposure string) (v1alpha1.ServingUnits, bool) {
	if e.had == nil || e.granted(exposure) {
		return v1alpha1.ServingUnits{}, false
	}
	lost := v1alpha1.ServingUnits{Exposure: exposure, Units: new(int32(0))}
	known := exposure == e.had.Exposure
	for _, s := range e.had.Serving {
		if s.Exposure == exposure {
			lost, known = s, true
		}
	}
	if lost.Time == nil {
		lost.Time, lost.Cause, lost.Severity, lost.EvidenceEndTime = &e.had.Time, e.had.Cause, e.had.Severity, e.had.EvidenceEndTime
	}
	return lost, known
}

// lostNow is how an exposure is lost, without the units. That nothing can be decided does not change why it was.
func (e enforcement) lostNow(exposure string) v1alpha1.ServingUnits {
	if before, lost := e.lostBefore(exposure); lost && !e.decided() {
		return before
	}
	l := e.lossOf(exposure)
	return v1alpha1.ServingUnits{
		Exposure: exposure, Cause: l.cause, Severity: l.severity, Time: new(e.began(exposure)), EvidenceEndTime: timeOf(e.evidenceEnds(exposure)),
	}
}

// failedBefore tells whether an exposure was lost to a finding about other artifacts than the release has by now: what
// serves is still what failed.
func (e enforcement) failedBefore(exposure string) bool {
	before, lost := e.lostBefore(exposure)
	return lost && e.decided() && before.Cause == v1alpha1.WithdrawalAdverse &&
		e.had.SubjectDigest != "" && e.had.SubjectDigest != e.decision.SubjectDigest
}

func (e enforcement) lossBy(x gate.ExposureResult) loss {
	switch {
	case x.Granted:
		return loss{cause: v1alpha1.WithdrawalAbsent}
	case x.Adverse:
		return loss{cause: v1alpha1.WithdrawalAdverse}
	case x.Revoked != "":
		return loss{cause: v1alpha1.WithdrawalRevoked, severity: x.Revoked}
	case x.Lapsed != nil:
		return loss{cause: v1alpha1.WithdrawalLapsed, ended: earlier(*x.Lapsed, e.scene.Now)}
	}
	return loss{cause: v1alpha1.WithdrawalAbsent}
}

// mildest is the mildest loss of all exposures, where each is refused by a finding or a revocation.
func (e enforcement) mildest() loss {
	mildest := loss{cause: v1alpha1.WithdrawalAdverse}
	for _, x := range e.exposures {
		if l := e.lossBy(x); l.gravity() < mildest.gravity() {
			mildest = l
		}
	}
	if mildest.cause == v1alpha1.WithdrawalLapsed {
		return loss{cause: v1alpha1.WithdrawalAbsent}
	}
	return mildest
}

// evidenceEnds is when the evidence of an exposure that is lost ends or ended: as its record says, and else that of the
// last grant.
func (e enforcement) evidenceEnds(exposure string) *time.Time {
	before, lost := e.lostBefore(exposure)
	switch {
	case !lost:
		return e.scene.Memory.EvidenceEnds
	case before.EvidenceEndTime == nil:
		return nil
	}
	return &before.EvidenceEndTime.Time
}

// adverse tells whether an exposure is refused by an adverse finding. One that the policy does not know, such as one
// that was renamed, is only when every exposure is.
func (e enforcement) adverse(exposure string) bool {
	if e.failedBefore(exposure) {
		return true
	}
	return e.refused(exposure, func(x gate.ExposureResult) bool { return x.Adverse })
}

// critical tells whether what serves an exposure goes at once for a revocation.
func (e enforcement) critical(exposure string) bool {
	if before, lost := e.lostBefore(exposure); lost && before.Severity == v1alpha1.RevocationCritical && e.lossOf(exposure).final() {
		return true
	}
	return e.refused(exposure, func(x gate.ExposureResult) bool { return x.Revoked == v1alpha1.RevocationCritical })
}

// refused tells whether an exposure is refused in such a way; of one that the policy does not know, whether every one is.
func (e enforcement) refused(exposure string, so func(gate.ExposureResult) bool) bool {
	if x, known := e.exposures[exposure]; known {
		return so(x) && !x.Granted
	}
	for _, x := range e.exposures {
		if !so(x) || x.Granted {
			return false
		}
	}
	return len(e.exposures) > 0
}

// began is when an exposure was lost for the cause that it has now. A record from the future was made by another clock.
func (e enforcement) began(exposure string) metav1.Time {
	l := e.lossOf(exposure)
	before, lost := e.lostBefore(exposure)
	switch {
	case l.cause == v1alpha1.WithdrawalLapsed:
		return *timeOf(&l.ended)
	case lost && before.Cause == l.cause && before.Severity == l.severity:
		return *timeOf(new(earlier(before.Time.Time, e.scene.Now)))
	}
	return *timeOf(&e.scene.Now)
}

// graceOf is until when what serves an exposure that is lost may be replaced; nil when it may not be.
func (e enforcement) graceOf(exposure string) *metav1.Time {
	return e.graceEnd(e.lossOf(exposure), e.began(exposure).Time)
}

// graceEnd is the same after a loss that began at some time.
func (e enforcement) graceEnd(l loss, began time.Time) *metav1.Time {
	if !e.decided() || l.final() {
		return nil
	}
	lapse := e.lapse()
	if l.cause == v1alpha1.WithdrawalRevoked {
		return timeOf(new(began.Add(time.Duration(or(lapse.AdvisoryGraceSeconds, defaultAdvisoryGrace)) * time.Second)))
	}
	return timeOf(new(began.Add(time.Duration(or(lapse.GraceDays, defaultGraceDays)) * 24 * time.Hour)))
}

// lapse is what the policy says about evidence that is not there any more.
func (e enforcement) lapse() v1alpha1.Lapse {
	if e.scene.Policy == nil || e.scene.Policy.Spec.Lapse == nil {
		return v1alpha1.Lapse{}
	}
	return *e.scene.Policy.Spec.Lapse
}
