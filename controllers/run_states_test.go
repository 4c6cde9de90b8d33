// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// Whatever ended a run is told for as long as the evaluation is there, and only another evaluation helps.
func TestARunThatEndedStaysSo(t *testing.T) {
	for _, reason := range []string{
		v1alpha1.ReasonRunFailed, v1alpha1.ReasonDeadlineExceeded, v1alpha1.ReasonEvicted, v1alpha1.ReasonJobDeleted, v1alpha1.ReasonResultMissing,
		v1alpha1.ReasonResultAmbiguous, v1alpha1.ReasonServerFailed,
	} {
		t.Run(reason, func(t *testing.T) {
			k := knownRun(begun, finishedAt(now().Time))
			k.evaluation.Status.Run.Reason = reason
			got := k.next()
			keepEvaluation(t, k.evaluation, got.state)
			if s := got.state.summary; s.reason != reason || s.progress != stalled {
				t.Errorf("summary = %+v", s)
			}
		})
	}
}
