// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package runs

import (
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// whyFailed says why a Job failed: what the Job says, and how its last pod ended. pods are sorted by age.
func whyFailed(job *batchv1.Job, failed *batchv1.JobCondition, pods []corev1.Pod) failure {
	last, disrupted := "its pods are gone, so that nothing tells how they ended", false
	if len(pods) > 0 {
		last, disrupted = howPodEnded(&pods[len(pods)-1])
	}
	made := attempts(job, pods)
	switch failed.Reason {
	case batchv1.JobReasonDeadlineExceeded:
		return failure{v1alpha1.ReasonDeadlineExceeded, fmt.Sprintf(
			"the run took longer than the %d seconds that activeDeadlineSeconds of the suite's Job allows, and was stopped; attempts made: %d; %s",
			deadline(job), made, last)}
	case batchv1.JobReasonPodFailurePolicy:
		return failure{failedOr(disrupted), "the podFailurePolicy of the suite ends the run at this failure: " + last}
	case batchv1.JobReasonBackoffLimitExceeded:
		return failure{failedOr(disrupted), fmt.Sprintf("%s of %d failed; in the last, %s", counted(made), backoffLimit(job)+1, last)}
	}
	return failure{failedOr(disrupted), fmt.Sprintf("the Job failed (%s); %s", word(failed.Reason), last)}
}

func failedOr(disrupted bool) string {
	if disrupted {
		return v1alpha1.ReasonEvicted
	}
	return v1alpha1.ReasonRunFailed
}

func counted(attempts int32) string {
	if attempts == 1 {
		return "1 attempt"
	}
	return fmt.Sprintf("%d attempts", attempts)
}

// The defaults are those of the API server, for a Job that Scalegate did not make.
func backoffLimit(job *batchv1.Job) int64 {
	if job.Spec.BackoffLimit == nil {
		return 6
	}
	return int64(*job.Spec.BackoffLimit)
}

func deadline(job *batchv1.Job) int64 {
	if job.Spec.ActiveDeadlineSeconds == nil {
		return 0
	}
	return *job.Spec.ActiveDeadlineSeconds
}

// howPodEnded says how a pod ended that did not succeed, and whether something took it off its node. A container that
// failed by itself goes first: what removed the pod afterwards explains nothing.
func howPodEnded(pod *corev1.Pod) (text string, disrupted bool) {
	if why := disruption(pod); why != "" {
		return fmt.Sprintf("pod %s %s", pod.Name, why), true
	}
	if why := failedContainer(pod); why != "" {
		return fmt.Sprintf("%s (pod %s)", why, pod.Name), false
	}
	switch pod.Status.Reason {
	case "":
	case "DeadlineExceeded":
		return fmt.Sprintf("pod %s took longer than its activeDeadlineSeconds", pod.Name), false
	default:
		return fmt.Sprintf("pod %s was refused or stopped by its node (%s): see kubectl describe pod", pod.Name, word(pod.Status.Reason)), false
	}
	if running := runningContainer(pod); running != "" {
		return fmt.Sprintf("container %s of pod %s still ran", running, pod.Name), false
	}
	if pod.DeletionTimestamp != nil {
		return fmt.Sprintf("pod %s was deleted", pod.Name), false
	}
	if pod.Status.Phase == corev1.PodPending {
		waits, _ := pending(pod)
		return fmt.Sprintf("pod %s had not started: %s", pod.Name, waits), false
	}
	return fmt.Sprintf("pod %s ended, and its status does not tell why", pod.Name), false
}

// disruption says what took a pod off its node, or nothing.
func disruption(pod *corev1.Pod) string {
	for i := range pod.Status.Conditions {
		c := &pod.Status.Conditions[i]
		if c.Type != corev1.DisruptionTarget || c.Status != corev1.ConditionTrue {
			continue
		}
		switch c.Reason {
		case corev1.PodReasonPreemptionByScheduler:
			return "was preempted by a pod of higher priority: give the suite a priorityClassName, or run it when there is room"
		case "DeletionByTaintManager":
			return fmt.Sprintf("was deleted because node %s was tainted, as when it fails or is drained", nodeOf(pod))
		case "EvictionByEvictionAPI":
			return fmt.Sprintf("was evicted from node %s, as in a drain", nodeOf(pod))
		case "DeletionByPodGC":
			return fmt.Sprintf("was lost with its node %s", nodeOf(pod))
		case corev1.PodReasonTerminationByKubelet:
			return fmt.Sprintf("was ended by its node %s, which ran out of something or shut down%s", nodeOf(pod), shortage(pod))
		}
		return fmt.Sprintf("was taken off node %s (%s)", nodeOf(pod), word(c.Reason))
	}
	switch pod.Status.Reason {
	case "Evicted":
		return fmt.Sprintf("was evicted by its node %s, which ran out of something%s", nodeOf(pod), shortage(pod))
	case "NodeLost":
		return fmt.Sprintf("was lost with its node %s", nodeOf(pod))
	case "Preempting", "Terminated", "Shutdown", "NodeShutdown":
		return fmt.Sprintf("was ended by its node %s (%s)", nodeOf(pod), word(pod.Status.Reason))
	}
	return ""
}

// shortage is the kubelet's own sentence about what ran out. It is made of names and quantities.
func shortage(pod *corev1.Pod) string {
	if pod.Status.Message == "" {
		return ""
	}
	return ": " + shorten(tidy(pod.Status.Message), 240)
}

func nodeOf(pod *corev1.Pod) string {
	if pod.Spec.NodeName == "" {
		return "(none)"
	}
	return pod.Spec.NodeName
}

// word is a reason that another program wrote, short and printable.
func word(reason string) string {
	if reason == "" {
		return "no reason given"
	}
	return shorten(tidy(reason), 64)
}
