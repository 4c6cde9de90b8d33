// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/enforcement"
)

// announcement is an event as a value.
type announcement struct {
	kind, reason, action, note string
}

// announceDone records what was done to the workloads of a release.
func (r *ModelReleaseReconciler) announceDone(release *v1alpha1.ModelRelease, did done) {
	for _, lift := range did.lifts {
		r.Events.Eventf(lifted(release.Namespace, lift), release, corev1.EventTypeNormal, v1alpha1.ReasonReleased, "Lift",
			"the hold is lifted: release %s is cleared for what the template runs", release.Name)
	}
	r.announceRemovals(release, did.removals)
}

// announcedEach is how many pods that went together for one reason are told of one by one. Of more of them, as many events
// would go to the API server as fast as it takes them, while it is busy with what closes.
const announcedEach = 20

// announceRemovals tells on each pod why it went, and on the release where there are many.
func (r *ModelReleaseReconciler) announceRemovals(release *v1alpha1.ModelRelease, removals []enforcement.Removal) {
	type cause struct{ reason, message string }
	together := map[cause]int{}
	for _, removal := range removals {
		together[cause{removal.Reason, removal.Message}]++
	}
	for _, removal := range removals {
		kind := corev1.EventTypeWarning
		if removal.Reason == v1alpha1.ReasonSuperseded {
			kind = corev1.EventTypeNormal
		}
		why := cause{removal.Reason, removal.Message}
		switch went := together[why]; {
		case went > announcedEach:
			together[why] = 0
			r.Events.Eventf(release, nil, kind, removal.Reason, "Remove", "%s", cut(fmt.Sprintf(
				"%d pods were removed, among them %s: %s", went, removal.Name, removal.Message), maxMessage))
		case went > 0:
			pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: release.Namespace, Name: removal.Name, UID: removal.UID}}
			r.Events.Eventf(pod, release, kind, removal.Reason, "Remove", "%s", cut(removal.Message, maxMessage))
		}
	}
}

// announcements are the events of a change of status. An unchanged status has none.
func announcements(before, after v1alpha1.ModelReleaseStatus) []announcement {
	var all []announcement
	was := meta.FindStatusCondition(before.Conditions, v1alpha1.ConditionReady)
	is := meta.FindStatusCondition(after.Conditions, v1alpha1.ConditionReady)
	if is != nil && (was == nil || was.Status != is.Status || was.Reason != is.Reason) {
		kind, action := corev1.EventTypeNormal, "Hold"
		switch {
		case is.Status == metav1.ConditionTrue:
			action = "Release"
		case meta.IsStatusConditionTrue(after.Conditions, v1alpha1.ConditionStalled):
			kind = corev1.EventTypeWarning
		}
		all = append(all, announcement{kind, is.Reason, action, is.Message})
	}
	drift := meta.FindStatusCondition(after.Conditions, v1alpha1.ConditionIdentityDrift)
	drifted := meta.FindStatusCondition(before.Conditions, v1alpha1.ConditionIdentityDrift)
	if drift != nil && (drifted == nil || drifted.Reason != drift.Reason) && is != nil && is.Reason != drift.Reason {
		all = append(all, announcement{corev1.EventTypeWarning, drift.Reason, "Observe", drift.Message})
	}
	if before.GrantedExposure != after.GrantedExposure {
		all = append(all, announcement{corev1.EventTypeNormal, v1alpha1.ReasonExposureChanged, "Grant",
			"granted exposure: " + cmp.Or(after.GrantedExposure, "none") + ", before: " + cmp.Or(before.GrantedExposure, "none") + inTheWay(after)})
	}
	all = append(all, freshAnnouncements(before, after)...)
	all = append(all, alertAnnouncements(before, after)...)
	all = append(all, safeguardAnnouncements(before, after, all)...)
	for _, a := range fleetAnnouncements(before, after) {
		// What Ready tells already is not told again.
		if !slices.ContainsFunc(all, func(told announcement) bool { return told.reason == a.reason }) {
			all = append(all, a)
		}
	}
	return append(all, holdAnnouncements(before, after, all)...)
}

// holdAnnouncements tell of each workload of which something is held for another reason than before. What several have in
// common is told once, and so is what another event tells. Where nothing is enforced, nothing is held.
func holdAnnouncements(before, after v1alpha1.ModelReleaseStatus, told []announcement) []announcement {
	if slices.Contains([]string{v1alpha1.ReasonAudited, v1alpha1.ReasonNotGoverned}, reasonOf(after, v1alpha1.ConditionEnforced)) {
		return nil
	}
	was := map[string]string{}
	for _, w := range before.Workloads {
		was[w.Kind+"/"+w.Name] = w.Reason
	}
	var all []announcement
	for _, w := range after.Workloads {
		same := func(a announcement) bool { return a.reason == w.Reason }
		if w.Reason == "" || w.Reason == was[w.Kind+"/"+w.Name] || slices.ContainsFunc(told, same) || slices.ContainsFunc(all, same) {
			continue
		}
		all = append(all, announcement{corev1.EventTypeNormal, w.Reason, "Hold", w.Kind + " " + w.Name + ": " + w.Message})
	}
	return all
}

// freshAnnouncements warn once for each time before evidence ends, and tell when the warning is over.
func freshAnnouncements(before, after v1alpha1.ModelReleaseStatus) []announcement {
	was, is := reasonOf(before, v1alpha1.ConditionFresh), meta.FindStatusCondition(after.Conditions, v1alpha1.ConditionFresh)
	switch {
	case is == nil || is.Reason == was:
		return nil
	case warns(is.Reason):
		return []announcement{{corev1.EventTypeWarning, is.Reason, "Warn", is.Message}}
	case warns(was) && is.Reason == v1alpha1.ReasonFresh && after.GrantedExposure != "":
		return []announcement{{corev1.EventTypeNormal, is.Reason, "Renew", is.Message}}
	default:
		return nil
	}
}

// alertAnnouncements warn once of each requirement whose result came to lie beyond the bound at which the policy wants an
// alert, and of each later result that does.
func alertAnnouncements(before, after v1alpha1.ModelReleaseStatus) []announcement {
	was := map[string]string{}
	for _, q := range before.Requirements {
		if q.Alert == v1alpha1.AlertReached {
			was[q.Name] = q.Evidence
		}
	}
	var all []announcement
	for _, q := range after.Requirements {
		if told, known := was[q.Name]; q.Alert == v1alpha1.AlertReached && (!known || told != q.Evidence) {
			all = append(all, announcement{corev1.EventTypeWarning, v1alpha1.ReasonAlertThresholdReached, "Warn", "requirement " + q.Name + ": " + q.Message})
		}
	}
	return all
}

// safeguardAnnouncements warn once of each safeguard that is found broken, but of those that another event names.
func safeguardAnnouncements(before, after v1alpha1.ModelReleaseStatus, told []announcement) []announcement {
	was := map[string]v1alpha1.SafeguardState{}
	for _, s := range before.Safeguards {
		was[s.Requirement+"/"+string(s.Type)] = s.State
	}
	var all []announcement
	for _, s := range after.Safeguards {
		named := func(a announcement) bool {
			return a.reason == v1alpha1.ReasonSafeguardNotInPlace && strings.Contains(a.note, s.Message)
		}
		if s.State != v1alpha1.SafeguardBroken || was[s.Requirement+"/"+string(s.Type)] == s.State || slices.ContainsFunc(told, named) {
			continue
		}
		all = append(all, announcement{corev1.EventTypeWarning, v1alpha1.ReasonSafeguardNotInPlace, "Observe",
			"requirement " + s.Requirement + " (" + string(s.Type) + "): " + s.Message})
	}
	return all
}

// inTheWay is what stands in the way of what a release asks for, with what would help, to be put behind a sentence; empty where
// nothing does.
func inTheWay(status v1alpha1.ModelReleaseStatus) string {
	c := meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionEvidenceComplete)
	if c == nil || c.Status == metav1.ConditionTrue || c.Message == "" {
		return ""
	}
	return "; " + c.Reason + ": " + c.Message
}

// reasonOf is the reason of a condition; empty where there is none.
func reasonOf(status v1alpha1.ModelReleaseStatus, condition string) string {
	if c := meta.FindStatusCondition(status.Conditions, condition); c != nil {
		return c.Reason
	}
	return ""
}
