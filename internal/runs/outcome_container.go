// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package runs

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// Exit codes that say something by themselves: the kernel's signals, and what shells and runtimes answer.
const (
	exitNotExecutable = 126
	exitNotFound      = 127
	exitNotStarted    = 128
	exitKilled        = 137
	exitTerminated    = 143
)

// failedContainer says which container of a pod failed and how, or nothing. Sidecars come last: one is often ended
// because of another's failure. The message of a container is what a program in it wrote, and is never used.
func failedContainer(pod *corev1.Pod) string {
	statuses := slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses)
	var sidecar string
	for i := range statuses {
		s := &statuses[i]
		end := s.State.Terminated
		if end == nil || end.ExitCode == 0 {
			continue
		}
		spec := containerOf(pod, s.Name)
		text := fmt.Sprintf("%s %s", role(pod, s.Name), exit(spec, end))
		if spec != nil && isSidecar(spec) {
			sidecar = text
			continue
		}
		return text
	}
	return sidecar
}

// exit says how a container ended.
func exit(spec *corev1.Container, end *corev1.ContainerStateTerminated) string {
	switch {
	case end.Reason == "OOMKilled":
		return fmt.Sprintf("was killed for using more memory than %s (OOMKilled, exit code %d): raise it, or have it use less", memoryLimit(spec), end.ExitCode)
	case end.Reason == "StartError" || end.Reason == "ContainerCannotRun" || end.ExitCode == exitNotStarted:
		return fmt.Sprintf("could not be started (%s, exit code %d): check its command, its image and its security context", word(end.Reason), end.ExitCode)
	case end.Reason == "ContainerStatusUnknown":
		return "was lost: its node cannot say how it ended"
	}
	text := fmt.Sprintf("ended with exit code %d", end.ExitCode)
	switch end.ExitCode {
	case exitNotExecutable:
		text += " (its command may not be executed)"
	case exitNotFound:
		text += " (its command, or one that it calls, is not in the image)"
	case exitKilled:
		text += " (killed by SIGKILL: out of memory on its node, or not gone when asked)"
	case exitTerminated:
		text += " (ended by SIGTERM: it was asked to stop)"
	}
	return text + ": see its log"
}

func memoryLimit(spec *corev1.Container) string {
	if spec != nil {
		if limit, ok := spec.Resources.Limits[corev1.ResourceMemory]; ok {
			return "its limit of " + limit.String()
		}
	}
	return "there was (it has no limit of its own)"
}

func containerOf(pod *corev1.Pod, name string) *corev1.Container {
	for _, containers := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range containers {
			if containers[i].Name == name {
				return &containers[i]
			}
		}
	}
	return nil
}

func isSidecar(c *corev1.Container) bool {
	return c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways
}

// role names a container by what it is for: the last init container is the evaluation.
func role(pod *corev1.Pod, name string) string {
	init := pod.Spec.InitContainers
	switch {
	case name == CollectContainer:
		return "container " + CollectContainer + ", which reads the result,"
	case len(init) > 0 && init[len(init)-1].Name == name:
		return fmt.Sprintf("container %s, the evaluation,", name)
	case slices.ContainsFunc(init, func(c corev1.Container) bool { return c.Name == name && isSidecar(&c) }):
		return fmt.Sprintf("container %s, which runs beside the evaluation,", name)
	}
	return fmt.Sprintf("container %s", name)
}

// runningContainer is the container that runs, and of several the one that the others serve; or nothing.
func runningContainer(pod *corev1.Pod) string {
	var sidecar string
	for _, statuses := range [][]corev1.ContainerStatus{pod.Status.ContainerStatuses, pod.Status.InitContainerStatuses} {
		for i := range statuses {
			if statuses[i].State.Running == nil {
				continue
			}
			if spec := containerOf(pod, statuses[i].Name); spec != nil && isSidecar(spec) {
				sidecar = statuses[i].Name
				continue
			}
			return statuses[i].Name
		}
	}
	return sidecar
}
