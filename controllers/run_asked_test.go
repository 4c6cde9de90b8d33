// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// A result counts where it is known which server was asked.
func TestNextStepOnceTheServerWasAsked(t *testing.T) {
	for sentence, test := range map[string]stepCase{
		"a server that is lost once there is a result is not waited for": {
			known: knownRun(onRecord, theJob(complete), itsPod(measured("r")), serving(now().Time, goes)), want: "end", reason: v1alpha1.ReasonMeasured,
		},
		"nothing is measured where another served in its place": {
			known: knownRun(onRecord, theJob(complete), itsPod(measured("r")), serving(now().Time, another, isReady), measuredAgainst),
			want:  "end", reason: v1alpha1.ReasonServerFailed, says: "pod model-e2 came in place of",
		},
		"though one that is held served nobody": {
			known: knownRun(onRecord, theJob(complete), itsPod(measured("r")), serving(now().Time, isReady), serving(now().Time, another, waits), measuredAgainst),
			want:  "end", reason: v1alpha1.ReasonMeasured,
		},
		"nor where the one that served is gone, and whatever came in its place": {
			known: knownRun(onRecord, theJob(complete), itsPod(measured("r")), measuredAgainst),
			want:  "end", reason: v1alpha1.ReasonServerFailed, says: "had ended, or was gone or going",
		},
		"nor where it is about to go": {
			known: knownRun(onRecord, theJob(complete), itsPod(measured("r")), serving(now().Time, goes), measuredAgainst),
			want:  "end", reason: v1alpha1.ReasonServerFailed, says: "had ended, or was gone or going",
		},
		"nor where its Job is": {
			known: knownRun(onRecord, theJob(complete), itsPod(measured("r")), serving(now().Time, isReady), orderedNoMore, measuredAgainst),
			want:  "end", reason: v1alpha1.ReasonServerFailed, says: "had ended, or was gone or going",
		},
		"nor where it has ended, by whatever clock": {
			known: knownRun(onRecord, theJob(complete), itsPod(measured("r")), serving(now().Time, phase(corev1.PodFailed)), measuredAgainst),
			want:  "end", reason: v1alpha1.ReasonServerFailed, says: "had ended, or was gone or going",
		},
		"nor where a container of it has, for good": {
			known: knownRun(onRecord, theJob(complete), itsPod(measured("r")), serving(now().Time, exited(0, corev1.RestartPolicyOnFailure)), measuredAgainst),
			want:  "end", reason: v1alpha1.ReasonServerFailed, says: "had ended, or was gone or going",
		},
		"but one that is there and the same is": {
			known: knownRun(onRecord, theJob(complete), itsPod(measured("r")), serving(now().Time, isReady), measuredAgainst),
			want:  "end", reason: v1alpha1.ReasonMeasured,
		},
		"a suite that failed by itself says why, whatever became of the server": {
			known: knownRun(onRecord, theJob(func(j *batchv1.Job) {
				j.Status.Conditions = []batchv1.JobCondition{{Type: batchv1.JobFailed, Status: corev1.ConditionTrue, Reason: batchv1.JobReasonDeadlineExceeded}}
			}), measuredAgainst), want: "end", reason: v1alpha1.ReasonDeadlineExceeded,
		},
		"a server of an earlier version is measured": {
			known: knownRun(onRecord, theJob(complete), serving(now().Time, isReady), bare, itsPod(measured("r"))), want: "end", reason: v1alpha1.ReasonMeasured,
		},
	} {
		t.Run(sentence, func(t *testing.T) { testStep(t, test) })
	}
}
