// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	ac "github.com/scalegate/scalegate/api/applyconfiguration/api/v1alpha1"
	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/enforcement"
	"github.com/scalegate/scalegate/internal/gate"
)

// report writes the status, and then the events of what changed in it. A status is stored only over the one that it was
// made from, so that what a cache did not show yet is neither lost nor told twice; and one that is as the cache has it counts
// as stored only where the cache shows the last one that was written. stored is false where it was not.
func (r *ModelReleaseReconciler) report(ctx context.Context, in gate.Input, d gate.Decision, o outcome) (stored bool, err error) {
	r.Metrics.evictionsRefused(o.did.refused)
	if in.Release == nil {
		return true, nil
	}
	release := in.Release
	o.waived = waivedCondition(&in, &d)
	status := statusFor(release, d, o, metav1.NewTime(in.Now))
	if o.changed {
		logDecision(ctx, release, d, status)
	}
	version, stored, err := r.store(ctx, release, &status)
	if err != nil {
		return false, fmt.Errorf("reporting on ModelRelease %s/%s: %w", release.Namespace, release.Name, err)
	}
	if !stored {
		r.announceDone(release, o.did)
		return false, nil
	}
	for _, a := range announcements(r.told(release, status, version), status) {
		r.Events.Eventf(release, nil, a.kind, a.reason, a.action, "%s", cut(a.note, maxMessage))
	}
	r.Metrics.withdrawn(release.Status.Withdrawal, status.Withdrawal)
	r.Metrics.readied(release, status)
	r.announceDone(release, o.did)
	return true, nil
}

// account is what this process reported on a release.
type account struct {
	// version of the release that has its last status; [nobodyKnows] where that is so.
	version string
	// told: events told of a status of it.
	told bool
}

// nobodyKnows is the version of a release of which nobody knows whether its status was stored.
const nobodyKnows = ""

func (r *ModelReleaseReconciler) reportedOn(release *v1alpha1.ModelRelease) (last account, known bool) {
	kept, _ := r.looked.Get(release.UID)
	last, known = kept.(account)
	return last, known
}

// told is the status that events told of before. A process that ends takes with it what it did not get to tell, so of a
// release that this one looks at for the first time, what is held is told again. version is of the release with the status now.
func (r *ModelReleaseReconciler) told(
	release *v1alpha1.ModelRelease, now v1alpha1.ModelReleaseStatus, version string,
) v1alpha1.ModelReleaseStatus {
	before := release.Status
	last, _ := r.reportedOn(release)
	r.looked.Add(release.UID, account{version: version, told: true})
	if !last.told && slices.ContainsFunc(now.Workloads, func(w v1alpha1.WorkloadStatus) bool { return w.Reason != "" }) {
		before.Workloads = nil
	}
	return before
}

// store writes a status that differs from the one that the release has, and returns the version of the release that has it.
// stored is false where another status was stored meanwhile, as far as is known.
func (r *ModelReleaseReconciler) store(
	ctx context.Context, release *v1alpha1.ModelRelease, status *v1alpha1.ModelReleaseStatus,
) (version string, stored bool, err error) {
	if equality.Semantic.DeepEqual(*status, release.Status) {
		last, err := r.last(ctx, release)
		return release.ResourceVersion, last, err
	}
	version, err = r.write(ctx, release, *status)
	if apierrors.IsInvalid(err) {
		// Workloads are named by whoever makes them. What they are called must not keep a finding from being told.
		log.FromContext(ctx).Error(err, "Reporting without the workloads")
		status.Workloads = nil
		version, err = r.write(ctx, release, *status)
	}
	if apierrors.IsConflict(err) {
		version, err = r.writeAgain(ctx, release, *status, err)
	}
	if err != nil {
		// It may have been stored although nobody answered, or another was.
		last, _ := r.reportedOn(release)
		r.looked.Add(release.UID, account{version: nobodyKnows, told: last.told})
	}
	if apierrors.IsConflict(err) {
		return "", false, nil
	}
	return version, err == nil, err
}

// last tells whether the status of a release is the last one, as far as this process knows. What it wrote, or read live, a cache
// shows a moment later, and a status alone wakes nobody: what equals the one that a cache has may differ from the last.
func (r *ModelReleaseReconciler) last(ctx context.Context, release *v1alpha1.ModelRelease) (bool, error) {
	newest, known := r.reportedOn(release)
	order, err := resourceversion.CompareResourceVersion(release.ResourceVersion, newest.version)
	if !known || err == nil && order >= 0 {
		return true, nil
	}
	live := &v1alpha1.ModelRelease{}
	if err := r.Live.Get(ctx, client.ObjectKeyFromObject(release), live); client.IgnoreNotFound(err) != nil {
		return false, fmt.Errorf("reading it again: %w", err)
	}
	return live.UID == release.UID && live.ResourceVersion == release.ResourceVersion, nil
}

// write stores a status over the version that the release is of, and returns the version that it has then.
func (r *ModelReleaseReconciler) write(
	ctx context.Context, release *v1alpha1.ModelRelease, status v1alpha1.ModelReleaseStatus,
) (version string, err error) {
	apply, err := applyConfiguration[ac.ModelReleaseStatusApplyConfiguration](status)
	if err != nil {
		return "", err
	}
	object := ac.ModelRelease(release.Name, release.Namespace).WithUID(release.UID).WithResourceVersion(release.ResourceVersion).WithStatus(apply)
	err = r.Status().Apply(ctx, object, client.ForceOwnership)
	return ptr.Deref(object.ResourceVersion, ""), err
}

// writeTries is how often a status is written that was in conflict.
const writeTries = 5

// writeAgain writes a status over a version that differs from the one that it was made from in anything but the status. Else
// whoever writes to a release often enough would keep what it remembers from being stored, such as since when something waits.
func (r *ModelReleaseReconciler) writeAgain(
	ctx context.Context, release *v1alpha1.ModelRelease, status v1alpha1.ModelReleaseStatus, conflict error,
) (version string, err error) {
	for range writeTries {
		live := &v1alpha1.ModelRelease{}
		if err := r.Live.Get(ctx, client.ObjectKeyFromObject(release), live); client.IgnoreNotFound(err) != nil {
			return "", fmt.Errorf("reading it again: %w", err)
		}
		if live.UID != release.UID || !equality.Semantic.DeepEqual(live.Status, release.Status) {
			return "", conflict
		}
		if version, err = r.write(ctx, live, status); !apierrors.IsConflict(err) {
			return version, err
		}
	}
	return "", conflict
}

// outcome is what was to be done, what of it was, and what went wrong.
type outcome struct {
	plan enforcement.Plan
	did  done
	err  error
	// drift is why what answers is not what was evaluated.
	drift drifted
	// observed is what was seen of the safeguards.
	observed observation
	// record is the last record of a decision about the release; nil without one.
	record *v1alpha1.DecisionReference
	// waived is the condition of that name; nil where no waiver counts.
	waived *metav1.Condition
	// changed: the decision differs from the one before.
	changed bool
}

// statusFor projects the decision and what became of it into a status. It depends on the old status
// only for the times of transitions, and for what the clearance says where acting went wrong.
func statusFor(release *v1alpha1.ModelRelease, d gate.Decision, o outcome, now metav1.Time) v1alpha1.ModelReleaseStatus {
	status := v1alpha1.ModelReleaseStatus{
		ObservedGeneration:    new(release.Generation),
		SubjectDigest:         d.SubjectDigest,
		PolicyRevision:        d.PolicyRevision,
		PendingPolicyRevision: d.PendingPolicyRevision,
		RequiredLevel:         d.RequiredLevel,
		GrantedExposure:       d.GrantedExposure,
		ReplicaCeiling:        d.ReplicaCeiling,
		ClearedUntil:          stands(release.Status.ClearedUntil, o.plan.Clearance.End, o),
		ClearedSinceTime:      stands(release.Status.ClearedSinceTime, o.plan.ClearedSince, o),
		EvidenceEndTime:       metaTime(o.plan.EvidenceEnds),
		Withdrawal:            o.plan.Withdrawal,
		Removal:               o.plan.Removal,
		Decision:              o.record,
		Conditions:            conditionsFor(release, d, o, now),
	}
	for _, w := range o.plan.Workloads {
		w.Message = cut(w.Message, maxMessage)
		status.Workloads = append(status.Workloads, w)
	}
	status.Safeguards = o.observed.statuses(release.Status.Safeguards, now)
	for _, t := range d.Thresholds {
		status.Thresholds = append(status.Thresholds, v1alpha1.ThresholdStatus{Name: t.Name, State: t.State, Message: t.Message})
	}
	for _, q := range d.Requirements {
		status.Requirements = append(status.Requirements, v1alpha1.RequirementStatus{
			Name: q.Name, State: q.State, Evidence: q.Evidence, ExpiresTime: metaTime(q.Expires), Message: q.Message, Alert: alert(q),
		})
	}
	return status
}

func alert(q gate.RequirementResult) v1alpha1.RequirementAlert {
	if q.Alert {
		return v1alpha1.AlertReached
	}
	return ""
}

// stands is a time of the clearance as it stands; as far as is known, where acting went wrong.
func stands(old *metav1.Time, planned *time.Time, o outcome) *metav1.Time {
	if o.err != nil {
		return old
	}
	return metaTime(planned)
}

// conditionsFor rebuilds every condition; the old ones give the times of their last transition.
func conditionsFor(release *v1alpha1.ModelRelease, d gate.Decision, o outcome, now metav1.Time) []metav1.Condition {
	sum := summaryFor(d, o)
	all := sum.conditions(release.Status.Conditions, release.Generation, now)
	set := func(kind string, isTrue bool, reason, message string) {
		c := metav1.Condition{
			Type: kind, Status: metav1.ConditionFalse, Reason: reason, Message: message,
			ObservedGeneration: release.Generation, LastTransitionTime: now,
		}
		if isTrue {
			c.Status = metav1.ConditionTrue
		}
		setCondition(&all, c)
	}
	set(v1alpha1.ConditionEvidenceComplete, d.Reason == v1alpha1.ReasonEvidenceComplete, d.Reason, d.Message)
	fresh := freshness(release, d, now.Time)
	set(fresh.Type, fresh.Status == metav1.ConditionTrue, fresh.Reason, fresh.Message)
	if o.err != nil {
		set(v1alpha1.ConditionEnforced, false, v1alpha1.ReasonEnforcementError, enforcementError)
	} else {
		set(v1alpha1.ConditionEnforced, enforced(o.plan), o.plan.Reason, o.message())
	}
	if meta.RemoveStatusCondition(&all, v1alpha1.ConditionIdentityDrift); o.drift.reason != "" {
		setDrift(&all, release, o.drift, now)
	}
	if o.waived == nil {
		meta.RemoveStatusCondition(&all, v1alpha1.ConditionWaived)
	} else {
		set(v1alpha1.ConditionWaived, true, o.waived.Reason, o.waived.Message)
	}
	slices.SortFunc(all, func(a, b metav1.Condition) int { return strings.Compare(a.Type, b.Type) })
	return all
}

// setDrift sets the condition that is there only while it is True. It keeps the time since when it is.
func setDrift(all *[]metav1.Condition, release *v1alpha1.ModelRelease, drift drifted, now metav1.Time) {
	since := now
	if was := meta.FindStatusCondition(release.Status.Conditions, v1alpha1.ConditionIdentityDrift); was != nil {
		since = was.LastTransitionTime
	}
	setCondition(all, metav1.Condition{
		Type: v1alpha1.ConditionIdentityDrift, Status: metav1.ConditionTrue, Reason: drift.reason, Message: drift.message,
		ObservedGeneration: release.Generation, LastTransitionTime: since,
	})
}

// enforcementError is all that a status says of an error; the rest may hold what is not for everyone.
const enforcementError = "writing to the cluster went wrong and is tried again; the manager's log has the error"

// message explains the reason of the plan, and what stands in the way of it.
func (o outcome) message() string {
	if o.did.refused == 0 {
		return o.plan.Message
	}
	return o.plan.Message + "; evictions are refused by a PodDisruptionBudget, or not answered, and are asked for again"
}

func enforced(plan enforcement.Plan) bool {
	return slices.Contains([]string{v1alpha1.ReasonEnforced, v1alpha1.ReasonUntrustedMutator, v1alpha1.ReasonFrozen}, plan.Reason)
}

// summaryFor sums the release up: the evidence first, then what became of it.
func summaryFor(d gate.Decision, o outcome) summary {
	switch {
	case d.Reason == v1alpha1.ReasonEvidenceComplete:
	case slices.Contains([]string{
		v1alpha1.ReasonAdverseFinding, v1alpha1.ReasonLevelUndefined,
		v1alpha1.ReasonInvalidSpec, v1alpha1.ReasonEvidenceNotRequired, v1alpha1.ReasonRevoked, v1alpha1.ReasonObjected,
	}, d.Reason):
		return stuck(d.Reason, d.Message)
	default:
		return waiting(d.Reason, d.Message)
	}
	plan := o.plan
	switch {
	case o.err != nil:
		return waiting(v1alpha1.ReasonEnforcementError, enforcementError)
	case enforced(o.plan) && o.drift.reason != "":
		// What is enforced is what was decided, and yet what answers is something that nobody evaluated.
		return stuck(o.drift.reason, o.drift.message)
	case enforced(o.plan):
		return ready(v1alpha1.ReasonReleased, d.Message)
	case plan.Reason == v1alpha1.ReasonWorkloadMismatch || plan.Reason == v1alpha1.ReasonClearanceSpaceExhausted:
		return stuck(plan.Reason, plan.Message)
	default:
		return waiting(plan.Reason, o.message())
	}
}

func metaTime(t *time.Time) *metav1.Time {
	if t == nil {
		return nil
	}
	return new(metav1.NewTime(*t))
}
