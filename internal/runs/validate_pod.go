// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package runs

import (
	"path"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

const (
	// ownNames begins the names of containers and volumes that Scalegate adds.
	ownNames = "scalegate-"
	// ownDomain is that of Scalegate's labels and annotations.
	ownDomain = "scalegate.dev"
)

func cleanPath(text string) string { return path.Clean("/" + text) }

// eachContainer visits the init containers and the containers of a pod whose spec is at a path.
func eachContainer(at *field.Path, spec *corev1.PodSpec, visit func(*field.Path, *corev1.Container)) {
	for i := range spec.InitContainers {
		visit(at.Child("initContainers").Index(i), &spec.InitContainers[i])
	}
	for i := range spec.Containers {
		visit(at.Child("containers").Index(i), &spec.Containers[i])
	}
}

// checkMetadata lets labels and annotations through, and of those none of Scalegate's or of the Job controller's.
func checkMetadata(at *field.Path, meta *metav1.ObjectMeta) field.ErrorList {
	const named = "Scalegate names and owns what it runs: remove it"
	problems := forbid(at, []refusal{
		{meta.Name != "", "name", named},
		{meta.GenerateName != "", "generateName", named},
		{meta.Namespace != "", "namespace", "a suite is run in the namespace of the evaluation: remove it"},
		{len(meta.OwnerReferences) > 0, "ownerReferences", named},
		{len(meta.Finalizers) > 0, "finalizers", "what is run must be deletable: remove it"},
	})
	problems = append(problems, metavalidation.ValidateLabels(meta.Labels, at.Child("labels"))...)
	problems = append(problems, apivalidation.ValidateAnnotations(meta.Annotations, at.Child("annotations"))...)
	for name, keys := range map[string]map[string]string{"labels": meta.Labels, "annotations": meta.Annotations} {
		for key := range keys {
			if reserved(key) {
				problems = append(problems, field.Forbidden(at.Child(name).Key(key), "the key is set by Scalegate or by Kubernetes: remove it"))
			}
		}
	}
	slices.SortFunc(problems, func(a, b *field.Error) int { return strings.Compare(a.Field, b.Field) })
	return problems
}

// reserved reports whether a key is Scalegate's, or the Job controller's.
func reserved(key string) bool {
	domain, _, qualified := strings.Cut(key, "/")
	if !qualified {
		return key == "job-name" || key == "controller-uid"
	}
	return domain == ownDomain || strings.HasSuffix(domain, "."+ownDomain) || domain == "batch.kubernetes.io"
}

// checkPod is for both templates.
func checkPod(at *field.Path, template *corev1.PodTemplateSpec) field.ErrorList {
	spec, specPath := &template.Spec, at.Child("spec")
	problems := checkMetadata(at.Child("metadata"), &template.ObjectMeta)
	problems = append(problems, forbid(specPath, []refusal{
		{len(spec.EphemeralContainers) > 0, "ephemeralContainers", "a template has none: remove it"},
		{spec.AutomountServiceAccountToken != nil && *spec.AutomountServiceAccountToken, "automountServiceAccountToken",
			"the pod gets no API token, so that what it runs cannot act in the cluster: remove it"},
		{spec.OS != nil && spec.OS.Name != corev1.Linux, "os", "results are read on Linux: remove it"},
	})...)
	for i := range spec.Volumes {
		problems = append(problems, checkVolume(specPath.Child("volumes").Index(i), &spec.Volumes[i])...)
	}
	eachContainer(specPath, spec, func(at *field.Path, c *corev1.Container) {
		problems = append(problems, checkContainer(at, c)...)
	})
	return problems
}

func checkVolume(at *field.Path, volume *corev1.Volume) field.ErrorList {
	var problems field.ErrorList
	if strings.HasPrefix(volume.Name, ownNames) {
		problems = append(problems, field.Invalid(at.Child("name"), volume.Name, "names that begin with "+ownNames+" are Scalegate's: choose another"))
	}
	if volume.Projected != nil {
		for i := range volume.Projected.Sources {
			if volume.Projected.Sources[i].ServiceAccountToken != nil {
				problems = append(problems, field.Forbidden(at.Child("projected", "sources").Index(i).Child("serviceAccountToken"),
					"the pod gets no token, so that what it runs cannot act in the cluster: remove it, and take what it needs from a Secret"))
			}
		}
	}
	if volume.Image != nil {
		problems = append(problems, checkReferences(at.Child("image", "reference"), volume.Image.Reference)...)
	}
	return problems
}

func checkContainer(at *field.Path, c *corev1.Container) field.ErrorList {
	problems := checkReferences(at.Child("image"), c.Image)
	if strings.HasPrefix(c.Name, ownNames) {
		problems = append(problems, field.Invalid(at.Child("name"), c.Name, "names that begin with "+ownNames+" are Scalegate's: choose another"))
	}
	for i := range c.Env {
		if strings.HasPrefix(c.Env[i].Name, variablePrefix) {
			problems = append(problems, field.Invalid(at.Child("env").Index(i).Child("name"), c.Env[i].Name,
				"variables that begin with "+variablePrefix+" say what is evaluated, and Scalegate sets them: choose another name"))
		}
	}
	return problems
}

// checkServer is for the template of the server. What it runs is judged when it is held, as that of every pod that
// claims a release; here is only what would let others connect to it.
func checkServer(at *field.Path, template *corev1.PodTemplateSpec) field.ErrorList {
	spec, specPath := &template.Spec, at.Child("spec")
	problems := checkPod(at, template)
	problems = append(problems, forbid(specPath, []refusal{
		{spec.HostNetwork, "hostNetwork", "everybody could connect to the model under test: remove it"},
		{len(spec.ReadinessGates) > 0, "readinessGates", "nobody opens them, and the evaluation waits for the server to be ready: remove it"},
	})...)
	if len(spec.Containers) == 0 {
		problems = append(problems, field.Required(specPath.Child("containers"), "write the container that serves the model"))
	}
	eachContainer(specPath, spec, func(at *field.Path, c *corev1.Container) {
		for i := range c.Ports {
			if c.Ports[i].HostPort != 0 {
				problems = append(problems, field.Forbidden(at.Child("ports").Index(i).Child("hostPort"), "everybody could connect to the model under test: remove it"))
			}
		}
	})
	return problems
}
