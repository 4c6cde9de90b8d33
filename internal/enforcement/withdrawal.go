// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package enforcement

import (
	"cmp"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
)

const (
	// defaultGraceDays and defaultAdvisoryGrace are those of the API, the second in seconds.
	defaultGraceDays     = 14
	defaultAdvisoryGrace = 86400
	// maxServing is how many exposures the record of a withdrawal holds.
	maxServing = 8
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
// the mildest cause for which every exposure is refused, where that is a finding or a revocation. Evidence that was deleted and
// would have ended by now has lapsed: to delete it does not put its end off.
func (e enforcement) lossOf(exposure string) loss {
	if !e.decided() {
		return loss{cause: v1alpha1.WithdrawalAbsent}
	}
	x, known := e.exposures[exposure]
	var l loss
	if known {
		l = e.lossBy(x)
	} else {
		l = e.mildest()
	}
	if l.cause == v1alpha1.WithdrawalAbsent {
		if had := e.revokedBefore(exposure); had != nil {
			return loss{cause: had.Cause, severity: had.Severity}
		}
	}
	if ends := e.evidenceEnds(exposure); l.cause == v1alpha1.WithdrawalAbsent && ends != nil && !ends.After(e.scene.Now) {
		return loss{cause: v1alpha1.WithdrawalLapsed, ended: *ends}
	}
	return l
}

// revokedBefore is the record of a revocation for which an exposure was lost; nil when there is none. Deleting what was revoked
// does not make it merely absent.
func (e enforcement) revokedBefore(exposure string) *v1alpha1.Withdrawal {
	had := e.stands()
	if had == nil || had.Cause != v1alpha1.WithdrawalRevoked || !e.decided() {
		return nil
	}
	if !slices.Contains(e.lostUpTo(had.Exposure), exposure) {
		return nil
	}
	return had
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
	if had := e.stands(); had != nil && had.Exposure == exposure {
		if had.EvidenceEndTime == nil {
			return nil
		}
		return &had.EvidenceEndTime.Time
	}
	return e.scene.Memory.EvidenceEnds
}

// critical tells whether what serves an exposure goes at once for a revocation.
func (e enforcement) critical(exposure string) bool {
	if had := e.revokedBefore(exposure); had != nil && had.Severity == v1alpha1.RevocationCritical && e.lossOf(exposure).final() {
		return true
	}
	if x, known := e.exposures[exposure]; known {
		return x.Revoked == v1alpha1.RevocationCritical && !x.Granted
	}
	for _, x := range e.exposures {
		if x.Revoked != v1alpha1.RevocationCritical || x.Granted {
			return false
		}
	}
	return len(e.exposures) > 0
}

// satisfied: the release is granted what it asks for.
func (e enforcement) satisfied() bool { return e.decision.Reason == v1alpha1.ReasonEvidenceComplete }

// fresh tells whether what was granted last time is not any more, though the release asks for more than it gets.
func (e enforcement) fresh() bool {
	granted := e.scene.Memory.Granted
	return granted != "" && !e.granted(granted) && !e.satisfied()
}

// stands is the record of an earlier plan, while it is not over; nil when there is none. It is over when the exposure is
// granted again. Where the release only asks for less it is over once nothing serves that was lost: to ask for less is no
// way to keep what has to go. And where nothing serves any more what it is about, a new loss is another record.
func (e enforcement) stands() *v1alpha1.Withdrawal {
	had := e.scene.Memory.Withdrawal
	switch {
	case had == nil, e.granted(had.Exposure), e.satisfied() && !e.serves(func(exposure string) bool {
		return slices.ContainsFunc(had.Serving, func(s v1alpha1.ServingUnits) bool { return s.Exposure == exposure })
	}):
		return nil
	case e.fresh() && (had.EnforcedTime != nil || e.decided() && e.rank(had.Exposure) < 0):
		return nil
	}
	return had
}

// serves tells whether a pod serves such an exposure. One that is on its way out may serve still.
func (e enforcement) serves(such func(exposure string) bool) bool {
	return slices.ContainsFunc(e.scene.Pods, func(pod Pod) bool {
		return !pod.Held && (!pod.Gone || pod.Ending) && such(pod.Exposure)
	})
}

// withdrawal is the record of what was granted and is not any more; nil when there is nothing to record. What never was granted
// has none, and in a namespace that is not enforced nothing has.
func (e enforcement) withdrawal() *v1alpha1.Withdrawal {
	had, fresh := e.stands(), e.fresh()
	if !e.governed() || had == nil && !fresh {
		return nil
	}
	w := &v1alpha1.Withdrawal{
		Exposure: e.scene.Memory.Granted, SubjectDigest: e.scene.Memory.Subject, EvidenceEndTime: timeOf(e.scene.Memory.EvidenceEnds),
	}
	if had != nil && (!fresh || e.rank(had.Exposure) >= e.rank(w.Exposure)) {
		w.Exposure, w.SubjectDigest, w.EvidenceEndTime = had.Exposure, had.SubjectDigest, had.EvidenceEndTime
	}
	if l := e.lossOf(w.Exposure); e.decided() || had == nil {
		w.Cause, w.Severity, w.Time = l.cause, l.severity, e.began(l, had)
		w.GraceEndTime = e.graceEnd(l, w.Time.Time)
	} else {
		// That nothing can be decided does not change why it was withdrawn.
		w.Cause, w.Severity, w.Time = had.Cause, had.Severity, had.Time
	}
	w.Serving = e.served(w, had)
	if !e.serves(func(exposure string) bool { return !e.granted(exposure) }) {
		w.EnforcedTime = timeOf(&e.scene.Now)
		if had != nil && had.EnforcedTime != nil {
			w.EnforcedTime = had.EnforcedTime
		}
	}
	return w
}

// began is when a loss began. A record from the future was made by another clock.
func (e enforcement) began(l loss, had *v1alpha1.Withdrawal) metav1.Time {
	switch {
	case l.cause == v1alpha1.WithdrawalLapsed:
		return *timeOf(&l.ended)
	case had != nil && had.Cause == l.cause && had.Severity == l.severity:
		return *timeOf(new(earlier(had.Time.Time, e.scene.Now)))
	}
	return *timeOf(&e.scene.Now)
}

// graceEnd is until when what serves may be replaced after a loss that began at some time; nil when it may not be.
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

// graceOf is the same of an exposure within the record, which may be lost for a milder cause than the highest.
func (e enforcement) graceOf(exposure string) *metav1.Time {
	l := e.lossOf(exposure)
	if l.cause == v1alpha1.WithdrawalLapsed {
		return e.graceEnd(l, l.ended)
	}
	return e.graceEnd(l, e.record.Time.Time)
}

// lapse is what the policy says about evidence that is not there any more.
func (e enforcement) lapse() v1alpha1.Lapse {
	if e.scene.Policy == nil || e.scene.Policy.Spec.Lapse == nil {
		return v1alpha1.Lapse{}
	}
	return *e.scene.Policy.Spec.Lapse
}

// served are the units that served each exposure when it was lost, those that the record has and those that serve now of what
// is lost since. Where something has to go at once it is 0 for good; and where a grace is over: another cause gives no other
// one. Pods of which nobody knows how many places they take are left out. They are sorted by name.
func (e enforcement) served(w, had *v1alpha1.Withdrawal) []v1alpha1.ServingUnits {
	units := map[string]int32{}
	if had != nil {
		changed := had.Cause != w.Cause || had.Severity != w.Severity
		over := changed && had.GraceEndTime != nil && !e.scene.Now.Before(had.GraceEndTime.Time)
		for _, s := range had.Serving {
			switch {
			case e.granted(s.Exposure):
			case over:
				units[s.Exposure] = 0
			default:
				units[s.Exposure] = or(s.Units, 0)
			}
		}
	}
	for _, lost := range e.lostUpTo(w.Exposure) {
		if _, has := units[lost]; !has {
			units[lost] = e.serving(lost) - e.adrift(lost)
		}
	}
	var all []v1alpha1.ServingUnits
	for name, n := range units {
		if e.lossOf(name).final() {
			n = 0
		}
		all = append(all, v1alpha1.ServingUnits{Exposure: name, Units: &n})
	}
	slices.SortFunc(all, func(a, b v1alpha1.ServingUnits) int { return cmp.Compare(a.Exposure, b.Exposure) })
	return all[:min(len(all), maxServing)]
}

// lostUpTo are an exposure and the lower ones that are not granted: who was granted it was granted those.
func (e enforcement) lostUpTo(exposure string) []string {
	highest := e.rank(exposure)
	if highest < 0 {
		return []string{exposure}
	}
	var all []string
	for _, x := range e.scene.Policy.Spec.Exposures[:highest+1] {
		if !e.granted(x.Name) {
			all = append(all, x.Name)
		}
	}
	return all
}

// timeOf is a time as a status holds it, in whole seconds; nil where there is none.
func timeOf(t *time.Time) *metav1.Time {
	if t == nil {
		return nil
	}
	return new(metav1.NewTime(t.UTC().Truncate(time.Second)))
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// or is a number, or what its omission means.
func or(n *int32, omitted int32) int32 {
	if n == nil {
		return omitted
	}
	return *n
}
