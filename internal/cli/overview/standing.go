// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package overview

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// State sums a release up in a word.
type State string

const (
	// Released means that the exposure asked for is granted, and that is what holds in the cluster.
	Released State = "Released"
	// Partial means that a lower exposure is granted than the one asked for.
	Partial State = "Partial"
	// Pending means that something is missing that may still come.
	Pending State = "Pending"
	// Held means that somebody has to act before more is granted, or before what is granted starts.
	Held State = "Held"
	// Frozen means that a grant was lost: what serves is kept for now, and nothing of it grows.
	Frozen State = "Frozen"
	// Removing means that pods which serve more than is granted are on their way out.
	Removing State = "Removing"
	// Revoked means that the release, one with the same weights, or evidence that it needs was taken back.
	Revoked State = "Revoked"
	// Audited means that it would be granted or held, and that its namespace only reports.
	Audited State = "Audited"
	// Ungoverned means that its namespace has no gate.
	Ungoverned State = "Ungoverned"
	// Unobserved means that the manager has not looked at the release as it is now.
	Unobserved State = "Unobserved"
	// Deleting means that the release is being deleted.
	Deleting State = "Deleting"
)

// Standing is where a release stands, by its status.
type Standing struct {
	State State
	// Reason in one word, and Message in a sentence; empty where the manager said nothing yet.
	Reason, Message string
	// Since is when it began to be ready, or not to be; zero where that is not known.
	Since time.Time
	// Serving and Held are the pods of its workloads that are released and held.
	Serving, Held int32
	// Stalled is whether only another spec or a person's act helps; Inconclusive, that there are results which show
	// neither one nor the other.
	Stalled, Inconclusive bool
}

// Observed tells whether the status of a release is about its spec as it is now.
func Observed(r *v1alpha1.ModelRelease) bool {
	return r.Status.ObservedGeneration != nil && *r.Status.ObservedGeneration == r.Generation
}

// Current is a condition that is about the spec as it is now; nil without one.
func Current(conditions []metav1.Condition, kind string, generation int64) *metav1.Condition {
	if c := meta.FindStatusCondition(conditions, kind); c != nil && c.ObservedGeneration >= generation {
		return c
	}
	return nil
}

// Of says where a release stands.
func Of(r *v1alpha1.ModelRelease) Standing {
	s := Standing{}
	for i := range r.Status.Workloads {
		w := &r.Status.Workloads[i]
		s.Serving += count(w.Released)
		s.Held += count(w.Held)
	}
	ready := Current(r.Status.Conditions, v1alpha1.ConditionReady, r.Generation)
	if ready == nil || !Observed(r) {
		s.State = Unobserved
		if r.DeletionTimestamp != nil {
			s.State = Deleting
		}
		return s
	}
	s.Reason, s.Message, s.Since = ready.Reason, ready.Message, ready.LastTransitionTime.Time
	stalled := Current(r.Status.Conditions, v1alpha1.ConditionStalled, r.Generation)
	s.Stalled = stalled != nil && stalled.Status == metav1.ConditionTrue
	s.Inconclusive = ready.Status != metav1.ConditionTrue && ready.Reason == v1alpha1.ReasonEvidenceIndeterminate
	s.State = s.of(r, ready)
	return s
}

func (s *Standing) of(r *v1alpha1.ModelRelease, ready *metav1.Condition) State {
	enforced := meta.FindStatusCondition(r.Status.Conditions, v1alpha1.ConditionEnforced)
	because := ""
	if enforced != nil {
		because = enforced.Reason
	}
	removing := slices.Contains([]string{v1alpha1.ReasonRemoving, v1alpha1.ReasonAwaitingFallback, v1alpha1.ReasonRemovalsLimited}, because)
	switch {
	case r.DeletionTimestamp != nil:
		return Deleting
	case ready.Status == metav1.ConditionTrue:
		return Released
	case because == v1alpha1.ReasonNotGoverned:
		return Ungoverned
	case because == v1alpha1.ReasonAudited:
		return Audited
	case ready.Reason == v1alpha1.ReasonRevoked:
		return Revoked
	case removing:
		return Removing
	case because == v1alpha1.ReasonFrozen:
		return Frozen
	case r.Status.GrantedExposure != "" && r.Status.GrantedExposure != r.Spec.Exposure:
		return Partial
	case s.Stalled:
		return Held
	}
	return Pending
}

// Next is the command that shows, or does, what comes next for a release; empty where nothing has to be done. program is
// how the caller starts this one.
func (s *Standing) Next(r *v1alpha1.ModelRelease, program string) string {
	in := " -n " + r.Namespace
	switch {
	case s.State == Released, s.State == Deleting:
		return ""
	case s.State == Unobserved:
		return program + " doctor"
	case s.State == Ungoverned:
		return "kubectl label namespace " + r.Namespace + " " + v1alpha1.LabelGate + "=" + v1alpha1.GateEnforced
	case s.Reason == v1alpha1.ReasonPolicyNotFound:
		return "kubectl get safetypolicies"
	case s.Reason == v1alpha1.ReasonRevoked && r.Spec.Revocation != nil:
		return program + " resolve modelrelease " + r.Name + in
	case s.Reason == v1alpha1.ReasonPolicyRevisionPending:
		return program + " get policyrevisions"
	case s.Reason == v1alpha1.ReasonGuardsNotInPlace:
		return program + " doctor"
	}
	return program + " explain modelrelease " + r.Name + in
}

func count(n *int32) int32 {
	if n == nil {
		return 0
	}
	return *n
}
