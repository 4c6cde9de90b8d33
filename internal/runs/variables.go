// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package runs

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// Variables that name what is evaluated. For each artifact of the release, artifactPrefix, the artifact's name
// in upper case with underscores for dashes, and one of the suffixes name its parts.
const (
	variablePrefix = "SCALEGATE_"

	variableRelease      = "SCALEGATE_RELEASE"
	variableNamespace    = "SCALEGATE_NAMESPACE"
	variableEvaluation   = "SCALEGATE_EVALUATION"
	variableRequirement  = "SCALEGATE_REQUIREMENT"
	variableResults      = "SCALEGATE_RESULTS"
	variableModelName    = "SCALEGATE_MODEL_NAME"
	variableModelVersion = "SCALEGATE_MODEL_VERSION"
	variableModelURL     = "SCALEGATE_MODEL_URL"

	artifactPrefix  = "SCALEGATE_ARTIFACT_"
	suffixType      = "_TYPE"
	suffixReference = "_REFERENCE"
	suffixDigest    = "_DIGEST"
	suffixPinned    = "_PINNED"
)

// variables are the names and values of one run, in a fixed order.
type variables []corev1.EnvVar

// runVariables are those of a run. serverURL is empty where the suite has no server. A variable that has no value is
// left out: the version of a model, the reference of an artifact.
func runVariables(in Input, serverURL string) variables {
	var v variables
	v.add(variableRelease, in.Release.Name)
	v.add(variableNamespace, in.Evaluation.Namespace)
	v.add(variableEvaluation, in.Evaluation.Name)
	v.add(variableRequirement, in.Evaluation.Spec.Requirement)
	v.add(variableResults, resultsDirectory(in.Suite))
	v.add(variableModelName, in.Release.Spec.Model.Name)
	v.add(variableModelVersion, in.Release.Spec.Model.Version)
	for i := range in.Release.Spec.Artifacts {
		a := &in.Release.Spec.Artifacts[i]
		prefix := artifactPrefix + strings.ToUpper(strings.ReplaceAll(a.Name, "-", "_"))
		v.add(prefix+suffixType, string(a.Type))
		v.add(prefix+suffixReference, a.Reference)
		v.add(prefix+suffixDigest, string(a.Digest))
		v.add(prefix+suffixPinned, pinned(a))
	}
	v.add(variableModelURL, serverURL)
	return v
}

func (v *variables) add(name, value string) {
	if value != "" {
		*v = append(*v, corev1.EnvVar{Name: name, Value: value})
	}
}

// pinned is where an artifact is found, and its digest: what a container's image is written as. Empty where the release
// does not say where it is found, or names another digest there.
func pinned(a *v1alpha1.Artifact) string {
	reference := strings.TrimPrefix(a.Reference, "oci://")
	place, digest, pins := strings.Cut(reference, "@")
	if place == "" || (pins && digest != string(a.Digest)) {
		return ""
	}
	return place + "@" + string(a.Digest)
}

// environment is what containers are given. A kubelet expands $(NAME) in values, and these are meant as they are.
func (v variables) environment() []corev1.EnvVar {
	out := slices.Clone([]corev1.EnvVar(v))
	for i := range out {
		out[i].Value = literally(out[i].Value)
	}
	return out
}

// literally writes text so that a kubelet expands nothing in it.
func literally(text string) string { return strings.ReplaceAll(text, "$", "$$") }

// reference finds $(NAME) in an image.
func reference() *regexp.Regexp { return regexp.MustCompile(`\$\(([^)]*)\)`) }

// expand puts the values into an image. An error names the variable that has none.
func (v variables) expand(path *field.Path, image string) (string, error) {
	var unknown string
	out := reference().ReplaceAllStringFunc(image, func(found string) string {
		name := found[len("$(") : len(found)-1]
		for _, variable := range v {
			if variable.Name == name {
				return variable.Value
			}
		}
		unknown = name
		return ""
	})
	switch {
	case unknown != "":
		return "", &SuiteError{Reason: v1alpha1.ReasonInvalidSuite, Path: path.String(),
			Problem: fmt.Sprintf("the release has no $(%s)", shorten(tidy(unknown), 100)), Remedy: v.remedy(unknown)}
	case strings.Contains(out, "://"):
		return "", &SuiteError{Reason: v1alpha1.ReasonInvalidSuite, Path: path.String(),
			Problem: fmt.Sprintf("%q is no image", shorten(tidy(out), 200)),
			Remedy:  "an image is named without a scheme; pass an artifact that is none to the evaluation by its variable in the environment"}
	}
	return out, nil
}

func (v variables) remedy(unknown string) string {
	if strings.HasSuffix(unknown, suffixPinned) || strings.HasSuffix(unknown, suffixReference) {
		stem := strings.TrimSuffix(strings.TrimSuffix(unknown, suffixPinned), suffixReference)
		if slices.ContainsFunc(v, func(e corev1.EnvVar) bool { return e.Name == stem+suffixDigest }) {
			return "set reference of that artifact in the release, without a digest or with its own"
		}
	}
	names := make([]string, 0, len(v))
	for _, variable := range v {
		names = append(names, variable.Name)
	}
	return "there are " + shorten(strings.Join(names, ", "), 600)
}

// checkReferences says which variables of an image no release can have.
func checkReferences(path *field.Path, image string) field.ErrorList {
	var problems field.ErrorList
	known := []string{variableRelease, variableNamespace, variableEvaluation, variableRequirement, variableModelName, variableModelVersion}
	artifact := regexp.MustCompile(`^` + artifactPrefix + `[A-Z0-9]([A-Z0-9_]*[A-Z0-9])?_(TYPE|REFERENCE|DIGEST|PINNED)$`)
	for _, found := range reference().FindAllStringSubmatch(image, -1) {
		if name := found[1]; !slices.Contains(known, name) && !artifact.MatchString(name) {
			problems = append(problems, field.Invalid(path, shorten(image, 200), fmt.Sprintf(
				"there is no variable $(%s) for images: write $(%s<NAME>%s) with the name of an artifact, in upper case and with _ for -",
				shorten(tidy(name), 100), artifactPrefix, suffixPinned)))
		}
	}
	if image == "" {
		problems = append(problems, field.Required(path, "name the image to run"))
	}
	return problems
}
