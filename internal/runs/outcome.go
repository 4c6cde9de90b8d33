// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package runs

import (
	"fmt"
	"slices"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// State of a run.
type State string

const (
	// Queued means that the Job is suspended, or that no container of its pod runs yet.
	Queued State = "Queued"
	// Running means that the Job may still come to a result.
	Running State = "Running"
	// Finished means that a result is there, or that the Job ended without one.
	Finished State = "Finished"
)

// Outcome is what became of a Job.
type Outcome struct {
	State State
	// Attempts is the number of pods that the Job has started.
	Attempts int32
	// Reason is one of the reasons of a SafetyEvaluation: Queued, or ServerHeld where Scalegate holds the Job, or the pod
	// that claims the release; Running; and of a run that Finished why it has no measurement, empty where it has one.
	Reason string
	// Message says the same in words for a person, in at most 1024 bytes; empty where Reason is.
	Message string
	// Report is what the collect container left, where it could be read: a measurement, or the reason that there is none.
	Report *Report
	// FinishedAt is when the collect container ended, or else when the Job did, by the clocks of the
	// cluster's nodes: it may lie in the future. Zero where nothing says.
	FinishedAt time.Time
}

// Read says what became of a Job. pods are those that the Job controls, in any order. A Job that is nil was deleted;
// pods that it left behind are read all the same, so that a result that is there is not lost.
//
// A report is believed only from the collect container of a pod that succeeded, or where that container exited with 0.
func Read(job *batchv1.Job, pods []corev1.Pod) Outcome {
	pods = byAge(pods)
	out := read(job, pods)
	out.Message = shorten(tidy(out.Message), longestMessage)
	return out
}

func read(job *batchv1.Job, pods []corev1.Pod) Outcome {
	if job == nil {
		return ended(&batchv1.Job{}, pods, failure{v1alpha1.ReasonJobDeleted, "the Job was deleted before its result was recorded"})
	}
	if complete := jobCondition(job, batchv1.JobComplete); complete != nil {
		return ended(job, pods, failure{v1alpha1.ReasonResultMissing,
			"the evaluation ended well, and its pod was deleted before its result was read"})
	}
	if failed := jobCondition(job, batchv1.JobFailed); failed != nil {
		return ended(job, pods, whyFailed(job, failed, pods))
	}
	if job.DeletionTimestamp != nil {
		return ended(job, pods, failure{v1alpha1.ReasonJobDeleted, "the Job was deleted before the evaluation ended"})
	}
	// What was read counts from the moment it was: the Job may still wait for a container that others put into its pod,
	// try again because that failed, or be deleted with all that tells of it.
	if slices.ContainsFunc(pods, func(p corev1.Pod) bool { _, ok := leftBy(&p); return ok }) {
		return ended(job, pods, failure{})
	}
	out := underway(job, pods)
	out.Attempts = attempts(job, pods)
	return out
}

// Over reports whether a Job starts no pod any more and has none that runs. Its result may be there before.
func Over(job *batchv1.Job) bool {
	return jobCondition(job, batchv1.JobComplete) != nil || jobCondition(job, batchv1.JobFailed) != nil
}

// failure is why a run has no measurement.
type failure struct{ reason, message string }

// ended is a run that is over. without says why it has no result, should no pod have left one.
func ended(job *batchv1.Job, pods []corev1.Pod, without failure) Outcome {
	out := Outcome{State: Finished, Attempts: attempts(job, pods), FinishedAt: jobEnd(job)}
	var all []left
	for i := range pods {
		if l, ok := leftBy(&pods[i]); ok {
			all = append(all, l)
		}
	}
	if len(all) == 0 {
		out.Reason, out.Message = without.reason, without.message
		return out
	}
	first := all[0]
	if !first.at.IsZero() {
		out.FinishedAt = first.at
	}
	for _, other := range all[1:] {
		if !other.same(first) {
			out.Reason = v1alpha1.ReasonResultAmbiguous
			out.Message = fmt.Sprintf("%d pods of the Job ended well, with different results, and nothing says which counts: run the suite again", len(all))
			return out
		}
	}
	out.Report, out.Reason, out.Message = first.report, first.failure.reason, first.failure.message
	return out
}

// left is what the collect container of one pod left behind.
type left struct {
	// report is nil where it could not be read.
	report  *Report
	failure failure
	at      time.Time
}

func (l left) same(other left) bool {
	if l.report == nil || other.report == nil {
		return l.report == other.report && l.failure == other.failure
	}
	return string(l.report.Encode()) == string(other.report.Encode())
}

// leftBy reads what the collect container left, where it may be believed.
func leftBy(pod *corev1.Pod) (left, bool) {
	i := slices.IndexFunc(pod.Status.ContainerStatuses, func(s corev1.ContainerStatus) bool { return s.Name == CollectContainer })
	var end *corev1.ContainerStateTerminated
	if i >= 0 {
		end = pod.Status.ContainerStatuses[i].State.Terminated
	}
	switch {
	case end == nil && pod.Status.Phase != corev1.PodSucceeded, end != nil && end.ExitCode != 0:
		return left{}, false
	case end == nil:
		return left{failure: failure{v1alpha1.ReasonResultMissing, fmt.Sprintf(
			"pod %s succeeded, and its status does not tell how the container %s ended", pod.Name, CollectContainer)}}, true
	}
	l := left{at: end.FinishedAt.Time}
	if end.Message == "" {
		l.failure = failure{v1alpha1.ReasonResultMissing, fmt.Sprintf(
			"container %s of pod %s left no message: check that the collector's image is that of the manager", CollectContainer, pod.Name)}
		return l, true
	}
	report, err := DecodeReport(end.Message)
	if err != nil {
		l.failure = failure{v1alpha1.ReasonUnreadable, fmt.Sprintf(
			"the message of container %s of pod %s cannot be read: %v", CollectContainer, pod.Name, err)}
		return l, true
	}
	l.report, l.failure = &report, failure{report.Reason, report.Message}
	return l, true
}

// attempts counts the pods that the Job has started, by what it counts and by what is there.
func attempts(job *batchv1.Job, pods []corev1.Pod) int32 {
	s := &job.Status
	return max(int32(len(pods)), s.Active+s.Succeeded+s.Failed)
}

func jobCondition(job *batchv1.Job, kind batchv1.JobConditionType) *batchv1.JobCondition {
	for i := range job.Status.Conditions {
		if c := &job.Status.Conditions[i]; c.Type == kind && c.Status == corev1.ConditionTrue {
			return c
		}
	}
	return nil
}

// jobEnd is when the Job ended, by itself.
func jobEnd(job *batchv1.Job) time.Time {
	if job.Status.CompletionTime != nil {
		return job.Status.CompletionTime.Time
	}
	if failed := jobCondition(job, batchv1.JobFailed); failed != nil {
		return failed.LastTransitionTime.Time
	}
	return time.Time{}
}

// byAge is the pods from the oldest to the newest.
func byAge(pods []corev1.Pod) []corev1.Pod {
	out := slices.Clone(pods)
	slices.SortFunc(out, func(a, b corev1.Pod) int {
		if c := a.CreationTimestamp.Compare(b.CreationTimestamp.Time); c != 0 {
			return c
		}
		return strings.Compare(a.Name, b.Name)
	})
	return out
}
