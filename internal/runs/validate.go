// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package runs

import (
	"path"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

const (
	defaultDirectory = "/results"
	// mostContainers bounds the containers of a Job's pod, Scalegate's own included: they share what a kubelet
	// keeps of termination messages, and each report needs MinMessageBytes.
	mostContainers = podMessageBytes / MinMessageBytes
)

// Validate says what keeps a suite from being run, whatever the release. Paths are those of the EvaluationSuite, those
// within its templates included. Each problem comes with its remedy.
func Validate(suite *v1alpha1.EvaluationSuite) field.ErrorList {
	_, problems := decodeValid(suite)
	return problems
}

// decodeValid decodes the templates and validates the whole suite.
func decodeValid(suite *v1alpha1.EvaluationSuite) (templates, field.ErrorList) {
	if suite == nil {
		return templates{}, field.ErrorList{field.Required(field.NewPath("spec"), "there is no suite")}
	}
	problems := checkResult(suite)
	t, undecoded := decodeTemplates(suite)
	problems = append(problems, undecoded...)
	if len(undecoded) > 0 {
		return t, problems
	}
	problems = append(problems, checkJob(jobPath(), &t.job, resultsDirectory(suite))...)
	if t.server != nil {
		problems = append(problems, checkServer(serverPath(), t.server)...)
		if port := suite.Spec.Server.Port; port < 1 || port > 65535 {
			problems = append(problems, field.Invalid(field.NewPath("spec", "server", "port"), port, "must be from 1 to 65535"))
		}
	}
	return t, problems
}

// resultsDirectory is where the results volume is mounted for the evaluation.
func resultsDirectory(suite *v1alpha1.EvaluationSuite) string {
	if suite.Spec.Result.Directory == "" {
		return defaultDirectory
	}
	return suite.Spec.Result.Directory
}

func checkResult(suite *v1alpha1.EvaluationSuite) field.ErrorList {
	at := field.NewPath("spec", "result")
	var problems field.ErrorList
	directory := resultsDirectory(suite)
	if !path.IsAbs(directory) || path.Clean(directory) != directory || directory == "/" {
		problems = append(problems, field.Invalid(at.Child("directory"), directory,
			"must be an absolute path below / without .., // and a slash at its end, such as /results"))
	}
	for _, taken := range []string{"/dev", "/proc", "/sys", "/var/run/secrets", "/run/secrets"} {
		if directory == taken || strings.HasPrefix(directory, taken+"/") {
			problems = append(problems, field.Invalid(at.Child("directory"), directory,
				taken+" belongs to the container runtime: choose another, such as /results"))
		}
	}
	return append(problems, checkGlob(at.Child("path"), suite.Spec.Result.Path)...)
}

// checkGlob refuses a pattern that could match nothing, or something outside the results directory.
func checkGlob(at *field.Path, pattern string) field.ErrorList {
	switch {
	case pattern == "":
		return field.ErrorList{field.Required(at, "say where below the directory the result file appears, such as *.json")}
	case tidy(pattern) != pattern:
		return field.ErrorList{field.Invalid(at, field.OmitValueType{}, "must not hold control characters")}
	case path.IsAbs(pattern) || path.Clean(pattern) != pattern || pattern == ".." || strings.HasPrefix(pattern, "../"):
		return field.ErrorList{field.Invalid(at, pattern, "must be relative to the results directory, without .., //, ./ and a slash at its end")}
	}
	for segment := range strings.SplitSeq(pattern, "/") {
		if _, err := path.Match(segment, ""); err != nil {
			return field.ErrorList{field.Invalid(at, pattern, "holds [ without ], or ends in a backslash: write a set as [...], and \\[ for the character")}
		}
		if strings.Contains(segment, "**") {
			return field.ErrorList{field.Invalid(at, pattern, "** is not known: a * stands for characters of one name, so write one for each directory on the way")}
		}
	}
	return nil
}
