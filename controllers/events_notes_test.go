// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// Whoever reads an event of what a release lost, or was not granted, reads which evidence is missing and what helps.
func TestEventsNameTheMissingEvidence(t *testing.T) {
	const message = "requirement attack is Missing: bring a result for attack/accuracy in a SafetyEvaluation"
	before := v1alpha1.ModelReleaseStatus{GrantedExposure: "General"}
	after := v1alpha1.ModelReleaseStatus{
		GrantedExposure: "Internal",
		Conditions: []metav1.Condition{{
			Type: v1alpha1.ConditionEvidenceComplete, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonEvidenceMissing, Message: message,
		}},
		Withdrawal: &v1alpha1.Withdrawal{Cause: v1alpha1.WithdrawalAbsent, Exposure: "General"},
	}
	want := map[string]string{
		v1alpha1.ReasonExposureChanged: "granted exposure: Internal, before: General; EvidenceMissing: " + message,
		v1alpha1.ReasonFrozen:          "exposure General is lost, ",
	}
	for _, a := range announcements(before, after) {
		text, ok := want[a.reason]
		if !ok {
			continue
		}
		delete(want, a.reason)
		if !strings.HasPrefix(a.note, text) || !strings.HasSuffix(a.note, "; EvidenceMissing: "+message) {
			t.Errorf("%s says %q", a.reason, a.note)
		}
	}
	if len(want) > 0 {
		t.Errorf("no event %v", want)
	}
	after.Conditions[0].Status = metav1.ConditionTrue
	for _, a := range announcements(before, after) {
		if strings.Contains(a.note, message) {
			t.Errorf("%s names evidence where none is missing: %q", a.reason, a.note)
		}
	}
}
