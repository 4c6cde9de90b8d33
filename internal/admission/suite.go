// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
	"github.com/scalegate/scalegate/internal/runs"
)

// suite checks whether an EvaluationSuite can be run. What was wrong before does not keep it from being changed.
func (*Kinds) suite(_ context.Context, old, object *v1alpha1.EvaluationSuite) (findings, error) {
	var f findings
	var before []string
	if old != nil {
		for _, e := range runs.Validate(old) {
			before = append(before, e.Error())
		}
	}
	for _, e := range runs.Validate(object) {
		if slices.Contains(before, e.Error()) {
			f.warn("%s", e.Error())
		} else {
			f.errors = append(f.errors, e)
		}
	}
	if len(f.errors) == 0 {
		adviseOnImages(&f, object)
	}
	return f, nil
}

// adviseOnImages warns of images that may be another program tomorrow. A template that cannot be read has no images here:
// that it cannot is an error of its own.
func adviseOnImages(f *findings, suite *v1alpha1.EvaluationSuite) {
	var job batchv1.JobTemplateSpec
	if json.Unmarshal(suite.Spec.JobTemplate.Raw, &job) == nil {
		adviseOnContainers(f, field.NewPath("spec", "jobTemplate", "spec", "template", "spec"), &job.Spec.Template.Spec)
	}
	if suite.Spec.Server == nil {
		return
	}
	var server corev1.PodTemplateSpec
	if json.Unmarshal(suite.Spec.Server.PodTemplate.Raw, &server) == nil {
		adviseOnContainers(f, field.NewPath("spec", "server", "podTemplate", "spec"), &server.Spec)
	}
}

func adviseOnContainers(f *findings, path *field.Path, spec *corev1.PodSpec) {
	for _, list := range []struct {
		name       string
		containers []corev1.Container
	}{{"initContainers", spec.InitContainers}, {"containers", spec.Containers}} {
		for i := range list.containers {
			c := &list.containers[i]
			if !strings.Contains(c.Image, "@sha256:") && !strings.Contains(c.Image, "$(SCALEGATE_") {
				f.warn("%s: %q names no digest, so what is run can change without the suite: write it as NAME@sha256:DIGEST",
					path.Child(list.name).Key(c.Name).Child("image"), c.Image)
			}
		}
	}
}

// run checks a SafetyEvaluation that runs a suite. What would end the run before it began is refused; what is not there yet may
// come.
func (k *Kinds) run(ctx context.Context, f *findings, e *v1alpha1.SafetyEvaluation, release *v1alpha1.ModelRelease, r *v1alpha1.Requirement) error {
	path, suite := field.NewPath("spec"), e.Spec.Job.Suite
	if r.Suite() != "" && r.Suite() != suite {
		f.errors = append(f.errors, field.Invalid(path.Child("job", "suite"), suite,
			"requirement "+r.Name+" of SafetyPolicy "+release.Spec.Policy+" is evaluated by suite "+r.Suite()+": name that"))
	}
	own := gate.Artifacts(release)
	for i, a := range e.Spec.Subject.Artifacts {
		if !slices.Contains(own, a) {
			f.errors = append(f.errors, field.Invalid(path.Child("subject", "artifacts").Index(i), string(a.Type)+" "+string(a.Digest),
				"it is no artifact of ModelRelease "+release.Name+", and a job evaluates what the release is: name the release's own"))
		}
	}
	if len(f.errors) > 0 {
		return nil
	}
	if gate.Digest(e.Spec.Subject.Artifacts, r.Scope) != gate.Digest(own, r.Scope) {
		f.warn("spec.subject.artifacts are not all those of ModelRelease %s that requirement %s is about: the evidence does not count for it",
			release.Name, r.Name)
	}
	found, err := k.get(ctx, "", suite, &v1alpha1.EvaluationSuite{})
	if err == nil && !found {
		f.warn("EvaluationSuite %s does not exist yet: the run waits for it", suite)
	}
	return err
}

// suitesOf warns of suites that a policy's requirements name and that are not there.
func (k *Kinds) suitesOf(ctx context.Context, f *findings, spec *v1alpha1.SafetyPolicySpec) error {
	for i := range spec.Requirements {
		r := &spec.Requirements[i]
		if r.Suite() == "" {
			continue
		}
		found, err := k.get(ctx, "", r.Suite(), &v1alpha1.EvaluationSuite{})
		if err != nil {
			return err
		}
		if !found {
			f.warn("spec.requirements: %s is evaluated by EvaluationSuite %s, which does not exist yet: it cannot be run until it does",
				r.Name, r.Suite())
		}
	}
	return nil
}

// adviseOnAutomatic warns of a release whose evaluations Scalegate is to run while its policy names no suite.
func adviseOnAutomatic(f *findings, release *v1alpha1.ModelRelease, policy *v1alpha1.SafetyPolicy) {
	if release.Spec.Evaluations != v1alpha1.EvaluationsAutomatic {
		return
	}
	named := func(r v1alpha1.Requirement) bool { return r.Suite() != "" }
	if !slices.ContainsFunc(policy.Spec.Requirements, named) {
		f.warn("spec.evaluations is Automatic, and no requirement of SafetyPolicy %s names a suite: nothing is run", policy.Name)
	}
}
