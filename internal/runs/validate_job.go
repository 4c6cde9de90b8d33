// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package runs

import (
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// refusal is a field that a template must not set.
type refusal struct {
	set    bool
	name   string
	remedy string
}

func forbid(at *field.Path, refusals []refusal) field.ErrorList {
	var problems field.ErrorList
	for _, r := range refusals {
		if r.set {
			problems = append(problems, field.Forbidden(at.Child(r.name), r.remedy))
		}
	}
	return problems
}

func checkJob(at *field.Path, template *batchv1.JobTemplateSpec, directory string) field.ErrorList {
	spec, specPath := &template.Spec, at.Child("spec")
	const one = "an evaluation has one result, so it runs once: remove it; for another result make another SafetyEvaluation"
	problems := checkMetadata(at.Child("metadata"), &template.ObjectMeta)
	problems = append(problems, forbid(specPath, []refusal{
		{spec.Parallelism != nil && *spec.Parallelism != 1, "parallelism", one},
		{spec.Completions != nil && *spec.Completions != 1, "completions", one},
		{spec.CompletionMode != nil && *spec.CompletionMode != batchv1.NonIndexedCompletion, "completionMode", one},
		{spec.BackoffLimitPerIndex != nil, "backoffLimitPerIndex", "there are no indexes: set backoffLimit"},
		{spec.MaxFailedIndexes != nil, "maxFailedIndexes", "there are no indexes: set backoffLimit"},
		{spec.SuccessPolicy != nil, "successPolicy", "there are no indexes: the evaluation succeeds when its container exits with 0"},
		{spec.Selector != nil, "selector", "the API server makes it: remove it"},
		{spec.ManualSelector != nil && *spec.ManualSelector, "manualSelector", "pods of others would count as the evaluation's: remove it"},
		{spec.ManagedBy != nil, "managedBy", "only the Job controller of the cluster is believed: remove it"},
		{spec.TTLSecondsAfterFinished != nil, "ttlSecondsAfterFinished", "the Job could be gone before its result is recorded: set spec.jobRetentionSeconds of the suite instead"},
	})...)
	if spec.BackoffLimit != nil && *spec.BackoffLimit < 0 {
		problems = append(problems, field.Invalid(specPath.Child("backoffLimit"), *spec.BackoffLimit, "must be 0 or more"))
	}
	if spec.ActiveDeadlineSeconds != nil && *spec.ActiveDeadlineSeconds < 1 {
		problems = append(problems, field.Invalid(specPath.Child("activeDeadlineSeconds"), *spec.ActiveDeadlineSeconds, "must be 1 or more"))
	}
	return append(problems, checkJobPod(specPath.Child("template"), &spec.Template, directory)...)
}

func checkJobPod(at *field.Path, template *corev1.PodTemplateSpec, directory string) field.ErrorList {
	spec, specPath := &template.Spec, at.Child("spec")
	problems := checkPod(at, template)
	problems = append(problems, forbid(specPath, []refusal{
		{spec.RestartPolicy != "" && spec.RestartPolicy != corev1.RestartPolicyNever, "restartPolicy",
			"must be Never: an attempt that failed would write over its own results; the Job tries again with a fresh pod"},
		{spec.ShareProcessNamespace != nil && *spec.ShareProcessNamespace, "shareProcessNamespace",
			"the evaluation could change the container that reads its result: remove it"},
		{spec.HostPID, "hostPID", "the evaluation could change the container that reads its result: remove it"},
	})...)
	if n := len(spec.Containers); n != 1 {
		problems = append(problems, field.Invalid(specPath.Child("containers"), n,
			"must be exactly one, which runs the evaluation: make what runs beside it an init container with restartPolicy Always"))
	}
	if n := len(spec.Containers) + len(spec.InitContainers); n >= mostContainers {
		problems = append(problems, field.TooMany(specPath.Child("initContainers"), n, mostContainers-1))
	}
	for i := range spec.Containers {
		problems = append(problems, checkEvaluationContainer(specPath.Child("containers").Index(i), &spec.Containers[i])...)
	}
	eachContainer(specPath, spec, func(at *field.Path, c *corev1.Container) {
		problems = append(problems, checkMounts(at.Child("volumeMounts"), c, directory)...)
		if c.Name == CollectContainer {
			problems = append(problems, field.Invalid(at.Child("name"), c.Name, "the container that reads the result has this name: choose another"))
		}
	})
	return problems
}

// checkEvaluationContainer refuses what an init container cannot have: it is run as the last of them.
func checkEvaluationContainer(at *field.Path, c *corev1.Container) field.ErrorList {
	const probe = "the evaluation is run to its end as an init container, which has no probes: remove it; a program that others wait for belongs into an init container with restartPolicy Always"
	return forbid(at, []refusal{
		{c.LivenessProbe != nil, "livenessProbe", probe},
		{c.ReadinessProbe != nil, "readinessProbe", probe},
		{c.StartupProbe != nil, "startupProbe", probe},
		{c.Lifecycle != nil, "lifecycle", "the evaluation is run as an init container, which has no hooks: do it in its command"},
		{c.RestartPolicy != nil, "restartPolicy", "the evaluation runs once in each pod: set backoffLimit of the Job for further attempts"},
		{len(c.RestartPolicyRules) > 0, "restartPolicyRules", "the evaluation runs once in each pod: set podFailurePolicy of the Job"},
		{len(c.ResizePolicy) > 0, "resizePolicy", "the evaluation is run as an init container, which is not resized: remove it"},
	})
}

// checkMounts refuses what would take the place of the results volume.
func checkMounts(at *field.Path, c *corev1.Container, directory string) field.ErrorList {
	var problems field.ErrorList
	for i := range c.VolumeMounts {
		if cleanPath(c.VolumeMounts[i].MountPath) == directory {
			problems = append(problems, field.Invalid(at.Index(i).Child("mountPath"), c.VolumeMounts[i].MountPath, fmt.Sprintf(
				"the results volume is mounted at %s: mount this elsewhere, or choose another spec.result.directory", directory)))
		}
	}
	return problems
}
