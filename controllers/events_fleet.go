// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// fleetAnnouncements are the events of a withdrawal: when it begins or its cause changes, when pods begin to be taken
// away, when that has to wait, and when nothing serves any more.
func fleetAnnouncements(before, after v1alpha1.ModelReleaseStatus) []announcement {
	var all []announcement
	enforced := meta.FindStatusCondition(after.Conditions, v1alpha1.ConditionEnforced)
	w := after.Withdrawal
	begins := w != nil && !sameWithdrawal(before.Withdrawal, w) && w.EnforcedTime == nil
	if begins {
		reason := v1alpha1.ReasonFrozen
		if goesAtOnce(w) {
			reason = v1alpha1.ReasonRemoving
		}
		all = append(all, announcement{corev1.EventTypeWarning, reason, "Withdraw", loss(w) + inTheWay(after)})
	}
	if before.Removal == nil && after.Removal != nil && enforced != nil && (!begins || !goesAtOnce(w)) {
		all = append(all, announcement{corev1.EventTypeWarning, v1alpha1.ReasonRemoving, "Withdraw", enforced.Message})
	}
	waits := []string{v1alpha1.ReasonAwaitingFallback, v1alpha1.ReasonRemovalsLimited}
	if enforced != nil && slices.Contains(waits, enforced.Reason) && enforced.Reason != reasonOf(before, v1alpha1.ConditionEnforced) {
		all = append(all, announcement{corev1.EventTypeWarning, enforced.Reason, "Wait", enforced.Message})
	}
	if nowEnforced(before.Withdrawal, w) {
		all = append(all, announcement{corev1.EventTypeNormal, v1alpha1.ReasonWithdrawalEnforced, "Withdraw", fmt.Sprintf(
			"nothing serves any more above what is granted: exposure %s was withdrawn at %s, %s",
			w.Exposure, instant(w.Time), causeOf(w))})
	}
	return all
}

// sameWithdrawal tells whether a record is that of before, with the same cause. One that begins after another was enforced
// is not.
func sameWithdrawal(before, w *v1alpha1.Withdrawal) bool {
	return before != nil && before.Exposure == w.Exposure && before.Cause == w.Cause && before.Severity == w.Severity &&
		(before.EnforcedTime == nil || before.Time.Equal(&w.Time))
}

// nowEnforced tells whether a withdrawal came to its end: nothing serves what was lost, and nothing may any more. While
// what ends may be replaced, that nothing serves may be for a moment.
func nowEnforced(before, after *v1alpha1.Withdrawal) bool {
	return drained(after) && !drained(before)
}

func drained(w *v1alpha1.Withdrawal) bool {
	return w != nil && w.EnforcedTime != nil && (w.GraceEndTime == nil || !w.EnforcedTime.Before(w.GraceEndTime) || continued(w) == 0)
}

// continued is how many units may be replaced during the grace.
func continued(w *v1alpha1.Withdrawal) int32 {
	var all int32
	for _, s := range w.Serving {
		if s.Units != nil {
			all += *s.Units
		}
	}
	return all
}

// goesAtOnce tells whether what serves a lost exposure goes without a grace.
func goesAtOnce(w *v1alpha1.Withdrawal) bool {
	return w.Cause == v1alpha1.WithdrawalAdverse || w.Severity == v1alpha1.RevocationCritical
}

// loss says what was lost, why, and what becomes of what serves it.
func loss(w *v1alpha1.Withdrawal) string {
	follows := "what serves it is kept, nothing of it grows, and what ends is not replaced"
	switch {
	case goesAtOnce(w):
		follows = "what serves it is removed"
	case w.GraceEndTime != nil:
		follows = fmt.Sprintf("nothing of it grows, and as many as served, %d, may be replaced until %s", continued(w), instant(*w.GraceEndTime))
	}
	return fmt.Sprintf("exposure %s is lost, %s: %s", w.Exposure, causeOf(w), follows)
}

// causeOf says why an exposure was lost.
func causeOf(w *v1alpha1.Withdrawal) string {
	switch w.Cause {
	case v1alpha1.WithdrawalLapsed:
		return "since evidence ended at " + instant(w.Time)
	case v1alpha1.WithdrawalAbsent:
		return "since something that it rests on is missing or cannot be judged, or the release asks for less"
	case v1alpha1.WithdrawalRevoked:
		return fmt.Sprintf("since it was revoked (%s)", w.Severity)
	case v1alpha1.WithdrawalAdverse:
		return "since a requirement failed"
	default:
		return "for a reason that is not known here"
	}
}

func instant(t metav1.Time) string { return t.UTC().Format(time.RFC3339) }
