// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package runs

import (
	"fmt"
	"slices"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// kueueQueue is Kueue's label that names the LocalQueue of a Job.
const kueueQueue = "kueue.x-k8s.io/queue-name"

// underway is a run that may still end with a result.
func underway(job *batchv1.Job, pods []corev1.Pod) Outcome {
	if job.Spec.Suspend != nil && *job.Spec.Suspend {
		reason, text := suspended(job)
		return Outcome{State: Queued, Reason: reason, Message: text}
	}
	pod := current(pods)
	if pod == nil {
		return between(job, pods)
	}
	before := earlier(job, pods, pod)
	name := runningContainer(pod)
	blocked, reason := pending(pod)
	if name == "" || (blocked != "" && onlySidecars(pod)) {
		if blocked == "" {
			blocked = fmt.Sprintf("it is being set up on node %s", nodeOf(pod))
		}
		return Outcome{State: Queued, Reason: reason, Message: fmt.Sprintf("pod %s does not run yet: %s%s", pod.Name, blocked, before)}
	}
	text := fmt.Sprintf("%s runs in pod %s on node %s", role(pod, name), pod.Name, nodeOf(pod))
	return Outcome{State: Running, Reason: v1alpha1.ReasonRunning, Message: text + before}
}

// suspended says who resumes the Job.
func suspended(job *batchv1.Job) (reason, text string) {
	reason, text = v1alpha1.ReasonQueued, "the Job is suspended"
	if n := job.Status.Failed; n > 0 {
		text += fmt.Sprintf(" after %s", counted(n))
	}
	if _, ok := job.Annotations[v1alpha1.AnnotationHeld]; ok {
		return v1alpha1.ReasonServerHeld, text + ": Scalegate holds it until the release is cleared for the exposure that its pod claims"
	}
	if queue := job.Labels[kueueQueue]; queue != "" {
		return reason, fmt.Sprintf("%s until Kueue admits it: see its Workload in LocalQueue %s", text, shorten(tidy(queue), longestName))
	}
	return reason, fmt.Sprintf("%s: resume it with kubectl patch job %s -n %s --type merge -p '{\"spec\":{\"suspend\":false}}'", text, job.Name, job.Namespace)
}

// current is the newest pod that has not ended.
func current(pods []corev1.Pod) *corev1.Pod {
	for i := len(pods) - 1; i >= 0; i-- {
		if p := &pods[i]; p.Status.Phase != corev1.PodFailed && p.DeletionTimestamp == nil {
			return p
		}
	}
	return nil
}

// between is a Job that is active without a pod that is.
func between(job *batchv1.Job, pods []corev1.Pod) Outcome {
	if ending := jobCondition(job, batchv1.JobFailureTarget); ending != nil {
		return Outcome{State: Running, Reason: v1alpha1.ReasonRunning, Message: fmt.Sprintf("the run failed (%s), and its pods are being stopped", word(ending.Reason))}
	}
	if len(pods) == 0 {
		return Outcome{State: Queued, Reason: v1alpha1.ReasonQueued, Message: fmt.Sprintf(
			"the Job has no pod yet: if this lasts, kubectl describe job %s -n %s shows whether a quota or an admission policy refuses it", job.Name, job.Namespace)}
	}
	return Outcome{State: Running, Reason: v1alpha1.ReasonRunning, Message: "another attempt follows" + earlier(job, pods, nil)}
}

// earlier says how the attempt before ended and how many are left; nothing in the first.
func earlier(job *batchv1.Job, pods []corev1.Pod, now *corev1.Pod) string {
	var before *corev1.Pod
	for i := range pods {
		if now == nil || pods[i].Name != now.Name {
			before = &pods[i]
		}
	}
	failed := job.Status.Failed
	if before == nil && failed == 0 {
		return ""
	}
	text := fmt.Sprintf("; %s of %d failed", counted(max(failed, 1)), backoffLimit(job)+1)
	if before != nil {
		how, _ := howPodEnded(before)
		text += ", the last: " + how
	}
	return text
}

// pending says what keeps a pod's containers from running, and the reason for it; nothing where all goes its way.
func pending(pod *corev1.Pod) (text, reason string) {
	reason = v1alpha1.ReasonQueued
	if gates := pod.Spec.SchedulingGates; len(gates) > 0 {
		names := make([]string, 0, len(gates))
		for _, g := range gates {
			names = append(names, g.Name)
		}
		if slices.Contains(names, v1alpha1.SchedulingGate) {
			return "Scalegate holds it until the release is cleared for the exposure that it claims", v1alpha1.ReasonServerHeld
		}
		return "it waits at its scheduling gates " + shorten(tidy(strings.Join(names, ", ")), 200), reason
	}
	for i := range pod.Status.Conditions {
		c := &pod.Status.Conditions[i]
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse {
			return fmt.Sprintf("no node takes it (%s): %s", word(c.Reason), shorten(tidy(c.Message), 400)), reason
		}
	}
	for _, statuses := range [][]corev1.ContainerStatus{pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses} {
		for i := range statuses {
			if text := waiting(pod, &statuses[i]); text != "" {
				return text, reason
			}
		}
	}
	return "", reason
}

// waiting says why a container is not created; nothing where it only waits for its turn.
func waiting(pod *corev1.Pod, s *corev1.ContainerStatus) string {
	if s.State.Waiting == nil {
		return ""
	}
	image := s.Image
	if spec := containerOf(pod, s.Name); spec != nil {
		image = spec.Image
	}
	image = shorten(tidy(image), 300)
	switch reason := s.State.Waiting.Reason; reason {
	case "", "PodInitializing", "ContainerCreating":
		return ""
	case "ImagePullBackOff", "ErrImagePull", "RegistryUnavailable":
		return fmt.Sprintf("the image %s of container %s cannot be pulled (%s): check its name and digest, and imagePullSecrets", image, s.Name, reason)
	case "ErrImageNeverPull":
		return fmt.Sprintf("the image %s of container %s is not on node %s, and imagePullPolicy is Never", image, s.Name, nodeOf(pod))
	case "InvalidImageName", "ImageInspectError":
		return fmt.Sprintf("the image %s of container %s is not one (%s)", image, s.Name, reason)
	case "SignatureValidationFailed":
		return fmt.Sprintf("the signature of image %s of container %s is not valid for its node", image, s.Name)
	case "CreateContainerConfigError":
		return fmt.Sprintf("container %s names a Secret, a ConfigMap or a user that its node does not accept: %s", s.Name, shorten(tidy(s.State.Waiting.Message), 200))
	default:
		return fmt.Sprintf("container %s waits (%s): see kubectl describe pod %s -n %s", s.Name, word(reason), pod.Name, pod.Namespace)
	}
}

// onlySidecars reports whether nothing runs but what runs beside the evaluation.
func onlySidecars(pod *corev1.Pod) bool {
	spec := containerOf(pod, runningContainer(pod))
	return spec != nil && isSidecar(spec)
}
