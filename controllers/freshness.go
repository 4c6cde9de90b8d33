// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
)

// warning says that evidence ends soon.
type warning struct {
	within time.Duration
	reason string
}

// warnings are the times at which the end of evidence is announced, the last first.
func warnings() []warning {
	const day = 24 * time.Hour
	return []warning{
		{day, v1alpha1.ReasonEvidenceEndsWithin1Day},
		{3 * day, v1alpha1.ReasonEvidenceEndsWithin3Days},
		{14 * day, v1alpha1.ReasonEvidenceEndsWithin14Days},
	}
}

// freshness is the condition Fresh: False where evidence is too old that the exposure asked for needs, and a warning
// where the evidence ends soon that the grant rests on.
func freshness(release *v1alpha1.ModelRelease, d gate.Decision, now time.Time) metav1.Condition {
	c := metav1.Condition{Type: v1alpha1.ConditionFresh, Status: metav1.ConditionTrue}
	if names := expired(d, release.Spec.Exposure); len(names) > 0 {
		c.Status, c.Reason, c.Message = metav1.ConditionFalse, v1alpha1.ReasonEvidenceExpired, "expired: "+strings.Join(names, ", ")
		return c
	}
	c.Reason, c.Message = v1alpha1.ReasonFresh, "no evidence that counts has expired"
	if d.EvidenceEnds == nil {
		return c
	}
	for _, w := range warnings() {
		if d.EvidenceEnds.Sub(now) <= w.within {
			c.Reason, c.Message = w.reason, endsSoon(d)
			return c
		}
	}
	return c
}

// endsSoon says which evidence ends first, when, and what helps.
func endsSoon(d gate.Decision) string {
	var which []string
	helps := map[gate.Act]bool{}
	for _, q := range d.Requirements {
		met := q.State == v1alpha1.RequirementMet || q.State == v1alpha1.RequirementWaived
		if met && q.Expires != nil && q.Expires.Equal(*d.EvidenceEnds) {
			which = append(which, fmt.Sprintf("%s (%s %s)", q.Name, kindOfEvidence(&q), q.Evidence))
			helps[q.Change.Act] = true
		}
	}
	for _, r := range d.Records {
		if r.Counts && r.Kind == kindDetermination && r.End != nil && r.End.Equal(*d.EvidenceEnds) {
			which = append(which, r.Kind+" "+r.Name)
			helps[gate.ActEvaluate] = true
		}
	}
	help := "bring another result before"
	switch approves := helps[gate.ActApprove]; {
	case approves && len(helps) > 1:
		help += ", and have it approved anew"
	case approves:
		help = "have it approved anew before"
	}
	return fmt.Sprintf("at %s evidence ends that exposure %s rests on: %s; %s, or nothing of it grows from then on",
		d.EvidenceEnds.UTC().Format(time.RFC3339), d.GrantedExposure, strings.Join(which, ", "), help)
}

// kindOfEvidence is the kind of what a requirement that is met, or set aside, rests on.
func kindOfEvidence(q *gate.RequirementResult) string {
	switch {
	case q.State == v1alpha1.RequirementWaived:
		return kindWaiver
	case q.Change.Act == gate.ActApprove:
		return kindApproval
	}
	return "SafetyEvaluation"
}

// warns tells whether a reason of the condition Fresh is a warning.
func warns(reason string) bool {
	return slices.ContainsFunc(warnings(), func(w warning) bool { return w.reason == reason })
}

// expired are the requirements that keep the exposure from being granted and whose evidence is too old.
func expired(d gate.Decision, exposure string) []string {
	var blocking []string
	for _, x := range d.Exposures {
		if x.Name == exposure {
			blocking = x.Blocking
		}
	}
	var names []string
	for _, q := range d.Requirements {
		if q.State == v1alpha1.RequirementExpired && slices.Contains(blocking, q.Name) {
			names = append(names, q.Name)
		}
	}
	return names
}
