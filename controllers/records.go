// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	ac "github.com/scalegate/scalegate/api/applyconfiguration/api/v1alpha1"
	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
)

// +kubebuilder:rbac:groups=scalegate.dev,resources=releaseapprovals;releasewaivers;releasedeterminations,verbs=get;list;watch
// +kubebuilder:rbac:groups=scalegate.dev,resources=releaseapprovals/status;releasewaivers/status;releasedeterminations/status,verbs=get;update;patch

// Kinds of what people make about a release.
const (
	kindApproval      = "ReleaseApproval"
	kindWaiver        = string(v1alpha1.RecordWaiver)
	kindDetermination = string(v1alpha1.RecordDetermination)
)

// record is what a person made about a release, as its status is written.
type record struct {
	client.Object
	kind, release string
	status        v1alpha1.RecordStatus
}

// reportRecords writes into each approval, waiver and determination of a release whether it counts, and tells of what
// began to and ended. after is when to look again; 0 for when something happens.
func (r *ModelReleaseReconciler) reportRecords(ctx context.Context, c *course) (after time.Duration, err error) {
	if c.in.Release == nil {
		return r.reportOrphans(ctx, c.key)
	}
	answers := map[string]gate.RecordResult{}
	for _, a := range c.decision.Records {
		answers[a.Kind+"/"+a.Name] = a
	}
	var errs []error
	for _, x := range recordsIn(&c.in) {
		answer, known := answers[x.kind+"/"+x.GetName()]
		if !known || x.release != c.key.Name {
			continue
		}
		status := v1alpha1.RecordStatus{
			ObservedGeneration: new(x.GetGeneration()),
			Conditions:         recordSummary(&answer).conditions(x.status.Conditions, x.GetGeneration(), metav1.NewTime(c.in.Now)),
		}
		if w, is := x.Object.(*v1alpha1.ReleaseWaiver); is {
			due := review(&c.in, w).condition(&status, w, c.in.Now)
			after = sooner(after, due)
		}
		stored, err := r.writeRecord(ctx, &x, status)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if !stored {
			after = sooner(after, time.Second)
			continue
		}
		for _, a := range recordAnnouncements(&x, status) {
			r.Events.Eventf(c.in.Release, x.Object, a.kind, a.reason, a.action, "%s", cut(a.note, maxMessage))
		}
	}
	return after, errors.Join(errs...)
}

// reportOrphans says of what names a release that does not exist that it does not.
func (r *ModelReleaseReconciler) reportOrphans(ctx context.Context, key types.NamespacedName) (after time.Duration, err error) {
	var in gate.Input
	of := []client.ListOption{client.InNamespace(key.Namespace), client.MatchingFields{indexRecordRelease: key.Name}}
	var approvals v1alpha1.ReleaseApprovalList
	var waivers v1alpha1.ReleaseWaiverList
	var determinations v1alpha1.ReleaseDeterminationList
	for _, list := range []client.ObjectList{&approvals, &waivers, &determinations} {
		if err := r.List(ctx, list, of...); err != nil {
			return 0, fmt.Errorf("listing what people made about %s, which does not exist: %w", key, err)
		}
	}
	in.Approvals, in.Waivers, in.Determinations = approvals.Items, waivers.Items, determinations.Items
	var errs []error
	for _, x := range recordsIn(&in) {
		gone := waiting(v1alpha1.ReasonReleaseNotFound, fmt.Sprintf(
			"there is no ModelRelease %s in namespace %s: create it, or make another %s that names the right one", key.Name, key.Namespace, x.kind))
		status := v1alpha1.RecordStatus{
			ObservedGeneration: new(x.GetGeneration()),
			Conditions:         gone.conditions(x.status.Conditions, x.GetGeneration(), r.Now()),
		}
		stored, err := r.writeRecord(ctx, &x, status)
		if !stored && err == nil {
			after = sooner(after, time.Second)
		}
		errs = append(errs, err)
	}
	return after, errors.Join(errs...)
}

// recordsIn are all that people made, as they were gathered.
func recordsIn(in *gate.Input) []record {
	all := make([]record, 0, len(in.Approvals)+len(in.Waivers)+len(in.Determinations))
	for i := range in.Approvals {
		a := &in.Approvals[i]
		all = append(all, record{a, kindApproval, a.Spec.Release, a.Status})
	}
	for i := range in.Waivers {
		w := &in.Waivers[i]
		all = append(all, record{w, kindWaiver, w.Spec.Release, w.Status})
	}
	for i := range in.Determinations {
		d := &in.Determinations[i]
		all = append(all, record{d, kindDetermination, d.Spec.Release, d.Status})
	}
	return all
}

// recordSummary says whether what a person made counts, and if not whether it still may.
func recordSummary(answer *gate.RecordResult) summary {
	awaited := []string{
		v1alpha1.ReasonReleaseNotFound, v1alpha1.ReasonPolicyNotFound, v1alpha1.ReasonApprovalMissing, v1alpha1.ReasonRecordNotFound,
		v1alpha1.ReasonNotYet,
	}
	switch {
	case answer.Counts:
		return ready(answer.Reason, answer.Message)
	case slices.Contains(awaited, answer.Reason):
		return waiting(answer.Reason, answer.Message)
	default:
		return stuck(answer.Reason, answer.Message)
	}
}

// writeRecord stores a status over the version that it was made from, and over no other, so that what follows from it is
// told once: stored is false where there is another version by now. An unchanged status is stored already.
func (r *ModelReleaseReconciler) writeRecord(ctx context.Context, x *record, status v1alpha1.RecordStatus) (stored bool, err error) {
	slices.SortFunc(status.Conditions, func(a, b metav1.Condition) int { return strings.Compare(a.Type, b.Type) })
	if equality.Semantic.DeepEqual(status, x.status) {
		return true, nil
	}
	object, err := x.configuration(status)
	if err != nil {
		return false, err
	}
	err = r.Status().Apply(ctx, object, client.ForceOwnership)
	switch {
	case apierrors.IsConflict(err):
		return false, nil
	case apierrors.IsNotFound(err):
		// It was deleted meanwhile, of which an event tells.
		return false, nil
	case err != nil:
		return false, fmt.Errorf("reporting on %s %s/%s: %w", x.kind, x.GetNamespace(), x.GetName(), err)
	}
	return true, nil
}

// configuration is the form in which the status is applied.
func (x *record) configuration(status v1alpha1.RecordStatus) (runtime.ApplyConfiguration, error) {
	apply, err := applyConfiguration[ac.RecordStatusApplyConfiguration](status)
	if err != nil {
		return nil, err
	}
	name, namespace, uid, version := x.GetName(), x.GetNamespace(), x.GetUID(), x.GetResourceVersion()
	switch x.kind {
	case kindApproval:
		return ac.ReleaseApproval(name, namespace).WithUID(uid).WithResourceVersion(version).WithStatus(apply), nil
	case kindWaiver:
		return ac.ReleaseWaiver(name, namespace).WithUID(uid).WithResourceVersion(version).WithStatus(apply), nil
	default:
		return ac.ReleaseDetermination(name, namespace).WithUID(uid).WithResourceVersion(version).WithStatus(apply), nil
	}
}

// recordAnnouncements are the events of a release that tell of a change in what a person made about it: that a waiver began
// to count or does not any more, that its review is overdue, and that somebody objects.
func recordAnnouncements(x *record, after v1alpha1.RecordStatus) []announcement {
	counted, counts := meta.IsStatusConditionTrue(x.status.Conditions, v1alpha1.ConditionReady), meta.IsStatusConditionTrue(after.Conditions, v1alpha1.ConditionReady)
	is := meta.FindStatusCondition(after.Conditions, v1alpha1.ConditionReady)
	var all []announcement
	switch o := x.Object.(type) {
	case *v1alpha1.ReleaseWaiver:
		switch {
		case counts && !counted:
			all = append(all, announcement{corev1.EventTypeWarning, waiverReason(o), "Waive", waiverText(o) + ", for the reason: " + o.Spec.Reason})
		case counted && !counts:
			all = append(all, announcement{corev1.EventTypeNormal, is.Reason, "Waive", "ReleaseWaiver " + o.Name + " does not count any more: " + is.Message})
		}
		was, late := meta.FindStatusCondition(x.status.Conditions, v1alpha1.ConditionReviewed), meta.FindStatusCondition(after.Conditions, v1alpha1.ConditionReviewed)
		if late != nil && late.Reason == v1alpha1.ReasonReviewOverdue && (was == nil || was.Reason != late.Reason) {
			all = append(all, announcement{corev1.EventTypeWarning, late.Reason, "Review", "ReleaseWaiver " + o.Name + ": " + late.Message})
		}
	case *v1alpha1.ReleaseApproval:
		if o.Spec.Decision == v1alpha1.DecisionObject && counts && !counted {
			all = append(all, announcement{corev1.EventTypeWarning, v1alpha1.ReasonObjected, "Object", objectionText(o)})
		}
	}
	return all
}

func objectionText(a *v1alpha1.ReleaseApproval) string {
	about := "to the release from exposure " + a.Spec.Exposure + " on"
	if r := a.Spec.Regarding; r != nil {
		about = fmt.Sprintf("to %s %s", r.Kind, r.Name)
	}
	return fmt.Sprintf("%s objects as %s %s, in ReleaseApproval %s: %s", a.Spec.Approver, a.Spec.Role, about, a.Name, a.Spec.Rationale)
}
