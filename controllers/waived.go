// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
)

// waived are the waivers of the release that count, those for an emergency first.
func waived(in *gate.Input, d *gate.Decision) []*v1alpha1.ReleaseWaiver {
	var all []*v1alpha1.ReleaseWaiver
	for i := range in.Waivers {
		w := &in.Waivers[i]
		if w.Spec.Release == in.Release.Name && slices.ContainsFunc(d.Records, func(x gate.RecordResult) bool {
			return x.Counts && x.Kind == kindWaiver && x.Name == w.Name
		}) {
			all = append(all, w)
		}
	}
	slices.SortStableFunc(all, func(a, b *v1alpha1.ReleaseWaiver) int {
		return cmp.Or(strings.Compare(waiverReason(a), waiverReason(b)), strings.Compare(a.Name, b.Name))
	})
	return all
}

// waivedCondition is the condition that is there only while a waiver counts; nil where none does.
func waivedCondition(in *gate.Input, d *gate.Decision) *metav1.Condition {
	all := waived(in, d)
	if len(all) == 0 {
		return nil
	}
	texts := make([]string, len(all))
	for i, w := range all {
		texts[i] = waiverText(w)
		if owed := review(in, w); owed.owed {
			texts[i] += "; " + owed.text()
		}
	}
	return &metav1.Condition{
		Type: v1alpha1.ConditionWaived, Status: metav1.ConditionTrue, Reason: waiverReason(all[0]), Message: strings.Join(texts, "; "),
	}
}

func waiverReason(w *v1alpha1.ReleaseWaiver) string {
	if w.Spec.Path == v1alpha1.WaiverBreakGlass {
		return v1alpha1.ReasonBreakGlassInEffect
	}
	return v1alpha1.ReasonWaiverInEffect
}

// waiverText says what a waiver sets aside, and until when.
func waiverText(w *v1alpha1.ReleaseWaiver) string {
	text := fmt.Sprintf("ReleaseWaiver %s sets %s aside up to exposure %s until %s",
		w.Name, strings.Join(w.Spec.Requirements, ", "), w.Spec.Exposure, w.Spec.EndTime.UTC().Format(time.RFC3339))
	if w.Spec.Requester != "" {
		text += ", asked for by " + w.Spec.Requester
	}
	return text
}

// reviewState is what became of the review that a waiver for an emergency owes.
type reviewState struct {
	// owed: there is a review to make, and nobody made it.
	owed bool
	// by is the name of the approval that made it; empty where owed.
	by   string
	role string
	due  time.Time
}

// review says what became of the review of a waiver. Each that was made for an emergency owes one, whether it came to anything
// or not; others owe none.
func review(in *gate.Input, w *v1alpha1.ReleaseWaiver) reviewState {
	if in.Policy == nil || in.Policy.Spec.Waivers == nil || in.Policy.Spec.Waivers.BreakGlass == nil || w.Spec.Path != v1alpha1.WaiverBreakGlass {
		return reviewState{}
	}
	rules := in.Policy.Spec.Waivers.BreakGlass
	s := reviewState{owed: true, role: rules.ReviewRole, due: w.CreationTimestamp.Add(time.Duration(rules.ReviewDays) * 24 * time.Hour)}
	for i := range in.Approvals {
		a := &in.Approvals[i]
		made := regards(a, w) && a.Spec.Decision == v1alpha1.DecisionAcknowledge && a.Spec.Role == rules.ReviewRole &&
			a.Spec.Approver != w.Spec.Requester && holds(in.Policy, a)
		if made && (s.owed || a.Name < s.by) {
			s.owed, s.by = false, a.Name
		}
	}
	return s
}

func (s reviewState) text() string {
	return fmt.Sprintf("a review by somebody in role %s is owed until %s", s.role, s.due.UTC().Format(time.RFC3339))
}

// condition sets the condition Reviewed of a waiver, and says when it would change by itself; 0 for never.
func (s reviewState) condition(status *v1alpha1.RecordStatus, w *v1alpha1.ReleaseWaiver, now time.Time) time.Duration {
	c := metav1.Condition{
		Type: v1alpha1.ConditionReviewed, Status: metav1.ConditionFalse,
		ObservedGeneration: w.Generation, LastTransitionTime: metav1.NewTime(now),
	}
	var after time.Duration
	switch {
	case s.by != "":
		c.Status, c.Reason, c.Message = metav1.ConditionTrue, v1alpha1.ReasonReviewMade, "reviewed in ReleaseApproval "+s.by
	case !s.owed:
		meta.RemoveStatusCondition(&status.Conditions, v1alpha1.ConditionReviewed)
		return 0
	case now.Before(s.due):
		c.Reason, c.Message, after = v1alpha1.ReasonReviewOwed, s.text(), s.due.Sub(now)
	default:
		c.Reason, c.Message = v1alpha1.ReasonReviewOverdue, s.text()+", and is overdue: until it is made no further waiver of this path counts in the namespace"
	}
	setCondition(&status.Conditions, c)
	return after
}

// regards tells whether an approval is about this waiver, and not about another of its name.
func regards(a *v1alpha1.ReleaseApproval, w *v1alpha1.ReleaseWaiver) bool {
	r := a.Spec.Regarding
	return r != nil && r.Kind == v1alpha1.RecordWaiver && r.Name == w.Name && r.UID == string(w.UID)
}

// holds tells whether the groups of a person are those of the role, where the policy gives any.
func holds(policy *v1alpha1.SafetyPolicy, a *v1alpha1.ReleaseApproval) bool {
	i := slices.IndexFunc(policy.Spec.Roles, func(role v1alpha1.Role) bool { return role.Name == a.Spec.Role })
	if i < 0 || a.Spec.Approver == "" {
		return false
	}
	groups := policy.Spec.Roles[i].Groups
	return len(groups) == 0 || slices.ContainsFunc(a.Spec.ApproverGroups, func(g string) bool { return slices.Contains(groups, g) })
}
