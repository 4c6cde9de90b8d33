// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package enforcement_test

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/enforcement"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
)

// at makes the plan at another time than now.
func at(t time.Time) func(*enforcement.Scene) {
	return func(s *enforcement.Scene) { s.Now = t }
}

// subject is the digest over the artifacts of the release, that was and is decided about.
const subject = "sha256:subject"

// otherArtifacts is a decision about another release than the one that was granted something.
func otherArtifacts(d *gate.Decision) { d.SubjectDigest = "sha256:another" }

// had is what was granted last time.
func had(exposure string) func(*enforcement.Scene) {
	return func(s *enforcement.Scene) { s.Memory.Granted, s.Memory.Subject = exposure, subject }
}

// rested is when the evidence of the last grant ends, or ended.
func rested(t time.Time) func(*enforcement.Scene) {
	return func(s *enforcement.Scene) { s.Memory.EvidenceEnds = &t }
}

// recorded is what the status says of a withdrawal.
func recorded(w *v1alpha1.Withdrawal) func(*enforcement.Scene) {
	return func(s *enforcement.Scene) { s.Memory.Withdrawal = w }
}

// going is what the status says of a removal.
func going(since time.Time, units int32) func(*enforcement.Scene) {
	return func(s *enforcement.Scene) {
		s.Memory.Removal = &v1alpha1.RemovalStatus{StartTime: metav1.NewTime(since), Units: &units}
	}
}

// lapsing is what the policy says of lapses.
func lapsing(l v1alpha1.Lapse) func(*enforcement.Scene) {
	return func(s *enforcement.Scene) { s.Policy.Spec.Lapse = &l }
}

// removingAt is what the policy says of removals, in percent and seconds.
func removingAt(percent, evict int32) func(*enforcement.Scene) {
	return func(s *enforcement.Scene) {
		s.Policy.Spec.Removals = &v1alpha1.Removals{MaxUnavailablePercent: &percent, EvictSeconds: &evict}
	}
}

func withoutPolicy(s *enforcement.Scene) { s.Policy = nil }

// fallingBack names a fallback of which some of two pods are ready.
func fallingBack(ready int32) func(*enforcement.Scene) {
	return func(s *enforcement.Scene) {
		s.Fallback = &enforcement.Fallback{Release: "old", Granted: true, Ready: ready, Asked: 2}
	}
}

// leaving is a pod that is being deleted and serves still.
func leaving(p *enforcement.Pod) { p.Gone, p.Ending = true, true }

// lapsed says of the exposures that are not granted when their evidence ended.
func lapsed(t time.Time) func(*gate.Decision) {
	return func(d *gate.Decision) {
		for i := range d.Exposures {
			if !d.Exposures[i].Granted {
				d.Exposures[i].Lapsed = &t
			}
		}
		d.Reason, d.Message = v1alpha1.ReasonEvidenceExpired, "attack-success expired"
	}
}

// revoked says of some exposures, or of all that are not granted, that a revocation refuses them.
func revoked(severity v1alpha1.RevocationSeverity, names ...string) func(*gate.Decision) {
	return func(d *gate.Decision) {
		for i := range d.Exposures {
			if x := &d.Exposures[i]; !x.Granted && (len(names) == 0 || slices.Contains(names, x.Name)) {
				x.Revoked, x.Lapsed = severity, nil
			}
		}
		d.Reason, d.Message = v1alpha1.ReasonRevoked, "the release is revoked"
	}
}

// wanting is a decision that gives less than is asked for.
func wanting(d *gate.Decision) { d.Reason = v1alpha1.ReasonEvidenceMissing }

// record is a withdrawal of General that began now.
func record(cause v1alpha1.WithdrawalCause, modifiers ...func(*v1alpha1.Withdrawal)) *v1alpha1.Withdrawal {
	w := &v1alpha1.Withdrawal{Cause: cause, Exposure: "General", SubjectDigest: subject, Time: metav1.NewTime(now())}
	for _, modify := range modifiers {
		modify(w)
	}
	return w
}

func since(t time.Time) func(*v1alpha1.Withdrawal) {
	return func(w *v1alpha1.Withdrawal) { w.Time = metav1.NewTime(t) }
}

func grace(t time.Time) func(*v1alpha1.Withdrawal) {
	return func(w *v1alpha1.Withdrawal) { w.GraceEndTime = new(metav1.NewTime(t)) }
}

func severity(s v1alpha1.RevocationSeverity) func(*v1alpha1.Withdrawal) {
	return func(w *v1alpha1.Withdrawal) { w.Severity = s }
}

func enforced(t time.Time) func(*v1alpha1.Withdrawal) {
	return func(w *v1alpha1.Withdrawal) { w.EnforcedTime = new(metav1.NewTime(t)) }
}

func restedOn(t time.Time) func(*v1alpha1.Withdrawal) {
	return func(w *v1alpha1.Withdrawal) { w.EvidenceEndTime = new(metav1.NewTime(t)) }
}

// counting are the units of one exposure when it was lost.
func counting(exposure string, units int32) func(*v1alpha1.Withdrawal) {
	return func(w *v1alpha1.Withdrawal) {
		w.Serving = append(w.Serving, v1alpha1.ServingUnits{Exposure: exposure, Units: &units})
	}
}

// byItself are the units of one exposure that was lost by itself, and how.
func byItself(exposure string, units int32, cause v1alpha1.WithdrawalCause, t time.Time, modifiers ...func(*v1alpha1.ServingUnits)) func(*v1alpha1.Withdrawal) {
	s := v1alpha1.ServingUnits{Exposure: exposure, Units: &units, Cause: cause, Time: new(metav1.NewTime(t))}
	for _, modify := range modifiers {
		modify(&s)
	}
	return func(w *v1alpha1.Withdrawal) { w.Serving = append(w.Serving, s) }
}

// until is when the evidence ends that an exposure which was lost by itself rested on.
func until(t time.Time) func(*v1alpha1.ServingUnits) {
	return func(s *v1alpha1.ServingUnits) { s.EvidenceEndTime = new(metav1.NewTime(t)) }
}

// countingAll are those of each exposure of fixture.Policy.
func countingAll(general, internal, evaluation int32) func(*v1alpha1.Withdrawal) {
	return func(w *v1alpha1.Withdrawal) {
		counting("Evaluation", evaluation)(w)
		counting("General", general)(w)
		counting("Internal", internal)(w)
	}
}

func of(exposure string) func(*v1alpha1.Withdrawal) {
	return func(w *v1alpha1.Withdrawal) { w.Exposure = exposure }
}

// days after now.
func days(n int) time.Time { return fixture.Day(1 + n) }

// names are the pods of some refs.
func names(refs []enforcement.PodRef) []string {
	var all []string
	for _, r := range refs {
		all = append(all, r.Name)
	}
	return all
}
