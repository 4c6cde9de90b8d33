// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package runs

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

const (
	defaultBackoffLimit   = 2
	defaultDeadlineSecond = 24 * 60 * 60
)

// Input is what a run is made of. All of it is read and none of it changed.
type Input struct {
	// Evaluation has a job source.
	Evaluation *v1alpha1.SafetyEvaluation
	// Release that is evaluated, in the namespace of the evaluation.
	Release *v1alpha1.ModelRelease
	// Metric is the selector that the requirement asks for.
	Metric string
	// Suite that the evaluation names.
	Suite *v1alpha1.EvaluationSuite
	// Exposure is the lowest exposure of the policy. A server, and a Job that claims, claim it.
	Exposure string
	// ClaimJob makes the Job's pod claim the release too: it asks for an accelerator, or its namespace has every
	// pod claim.
	ClaimJob bool
	// Collector reads the result.
	Collector Collector
}

// Collector is the container that reads the result file.
type Collector struct {
	// Image whose entry point is this program.
	Image string
}

// Objects are what a run consists of. All are in the namespace of the evaluation, labelled with it, and owned by it.
type Objects struct {
	// Job has a generateName and no name.
	Job *batchv1.Job
	// Server, Service and NetworkPolicy have the name ServerName; nil where the suite has no server.
	Server        *batchv1.Job
	Service       *corev1.Service
	NetworkPolicy *networkingv1.NetworkPolicy
	// SuiteDigest is the SHA-256 of the suite's spec, in lower-case hexadecimal.
	SuiteDigest string
}

// Render makes the objects of a run. The same input gives the same objects. Every error is a [SuiteError].
func Render(in Input) (*Objects, error) {
	if err := checkInput(in); err != nil {
		return nil, err
	}
	t, problems := decodeValid(in.Suite)
	if len(problems) > 0 {
		return nil, invalid(problems)
	}
	digest, err := suiteDigest(in.Suite)
	if err != nil {
		return nil, err
	}
	out := &Objects{SuiteDigest: digest}
	var url string
	if t.server != nil {
		url = serverURL(in)
	}
	v := runVariables(in, url)
	if out.Job, err = renderJob(in, &t.job, v); err != nil {
		return nil, err
	}
	if t.server == nil {
		return out, nil
	}
	if out.Server, err = renderServer(in, t.server, v); err != nil {
		return nil, err
	}
	out.Service, out.NetworkPolicy = renderService(in), renderNetworkPolicy(in)
	return out, nil
}

// invalid sums the problems of a suite up: the first of them, and how many more there are.
func invalid(problems field.ErrorList) error {
	e := &SuiteError{Reason: v1alpha1.ReasonInvalidSuite, Path: problems[0].Field, Problem: problems[0].ErrorBody()}
	if more := len(problems) - 1; more > 0 {
		e.Remedy = fmt.Sprintf("and %d more: the conditions of the EvaluationSuite name them", more)
	}
	return e
}

// checkInput refuses what would make the run one of something else than the evaluation says.
func checkInput(in Input) error {
	spec := &in.Evaluation.Spec
	switch {
	case spec.Job == nil || spec.Job.Suite != in.Suite.Name:
		return &SuiteError{Reason: v1alpha1.ReasonSuiteMismatch, Path: "spec.job.suite",
			Problem: fmt.Sprintf("the evaluation does not name the suite %s", in.Suite.Name), Remedy: "create another SafetyEvaluation for it"}
	case spec.Subject.Release != in.Release.Name || in.Evaluation.Namespace != in.Release.Namespace:
		return &SuiteError{Reason: v1alpha1.ReasonSubjectMismatch, Path: "spec.subject.release",
			Problem: fmt.Sprintf("the evaluation is not about the release %s/%s", in.Release.Namespace, in.Release.Name),
			Remedy:  "create another SafetyEvaluation for it"}
	case spec.Subject.Relation != "" && spec.Subject.Relation != v1alpha1.RelationExact:
		return &SuiteError{Reason: v1alpha1.ReasonSubjectMismatch, Path: "spec.subject.relation",
			Problem: "a suite evaluates the release itself", Remedy: "leave relation out, or import the result of what was run elsewhere"}
	case in.Collector.Image == "":
		return &SuiteError{Reason: v1alpha1.ReasonCollectorUnknown,
			Problem: "the image that reads results is not known", Remedy: "start the manager with --collector-image"}
	case in.Exposure == "" && (in.ClaimJob || in.Suite.Spec.Server != nil):
		return &SuiteError{Reason: v1alpha1.ReasonInvalidSuite, Path: "spec.server",
			Problem: "the policy of the release has no exposure that the model under test could be served under",
			Remedy:  "give the policy an exposure for evaluations, as its first"}
	}
	for i, a := range spec.Subject.Artifacts {
		if !slices.ContainsFunc(in.Release.Spec.Artifacts, func(own v1alpha1.Artifact) bool { return own.Type == a.Type && own.Digest == a.Digest }) {
			return &SuiteError{Reason: v1alpha1.ReasonSubjectMismatch, Path: fmt.Sprintf("spec.subject.artifacts[%d]", i),
				Problem: fmt.Sprintf("release %s has no artifact of type %s with the digest %s, and what is evaluated is what is released", in.Release.Name, a.Type, a.Digest),
				Remedy:  "create another SafetyEvaluation with the artifacts that the release has now"}
		}
	}
	return nil
}

// suiteDigest does not depend on the order in which members of the templates were written.
func suiteDigest(suite *v1alpha1.EvaluationSuite) (string, error) {
	text, err := json.Marshal(suite.Spec)
	var members any
	if err == nil {
		err = json.Unmarshal(text, &members)
	}
	if err == nil {
		text, err = json.Marshal(members)
	}
	if err != nil {
		return "", &SuiteError{Reason: v1alpha1.ReasonInvalidSuite, Path: "spec", Problem: "it cannot be written as JSON"}
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// renderJob fills the defaults in and puts the evaluation before the container that reads its result.
func renderJob(in Input, template *batchv1.JobTemplateSpec, v variables) (*batchv1.Job, error) {
	job := &batchv1.Job{ObjectMeta: objectMeta(in, template.Labels, template.Annotations), Spec: template.Spec}
	job.GenerateName = jobNamePrefix(in.Evaluation.Name)
	spec := &job.Spec
	spec.Completions, spec.Parallelism = new(int32(1)), new(int32(1))
	if spec.BackoffLimit == nil {
		spec.BackoffLimit = new(int32(defaultBackoffLimit))
	}
	if spec.ActiveDeadlineSeconds == nil {
		spec.ActiveDeadlineSeconds = new(int64(defaultDeadlineSecond))
	}
	pod := &spec.Template
	pod.Labels = withLabels(pod.Labels, map[string]string{v1alpha1.LabelEvaluation: EvaluationLabel(in.Evaluation.Name)})
	if in.ClaimJob {
		pod.Labels = withLabels(pod.Labels, claim(in))
	}
	confine(&pod.Spec)
	pod.Spec.RestartPolicy = corev1.RestartPolicyNever
	if err := expandImages(jobPath().Child("spec", "template", "spec"), &pod.Spec, v); err != nil {
		return nil, err
	}
	addCollector(in, &pod.Spec, v)
	return job, nil
}

// objectMeta is that of every object of a run.
func objectMeta(in Input, labels, annotations map[string]string) metav1.ObjectMeta {
	e := in.Evaluation
	return metav1.ObjectMeta{
		Namespace:   e.Namespace,
		Labels:      withLabels(labels, map[string]string{v1alpha1.LabelEvaluation: EvaluationLabel(e.Name)}),
		Annotations: maps.Clone(annotations),
		// It does not block the deletion of its owner: that would need a right on finalizers for no use.
		OwnerReferences: []metav1.OwnerReference{{
			APIVersion: v1alpha1.SchemeGroupVersion.String(), Kind: "SafetyEvaluation",
			Name: e.Name, UID: e.UID, Controller: new(true),
		}},
	}
}

func withLabels(labels, more map[string]string) map[string]string {
	out := maps.Clone(labels)
	if out == nil {
		out = map[string]string{}
	}
	maps.Copy(out, more)
	return out
}

// claim is how a pod claims the release under test.
func claim(in Input) map[string]string {
	return map[string]string{v1alpha1.LabelRelease: in.Release.Name, v1alpha1.LabelExposure: in.Exposure}
}

// confine takes from a pod what could act in the cluster, and variables that Services of others would add.
func confine(spec *corev1.PodSpec) {
	spec.AutomountServiceAccountToken = new(false)
	if spec.EnableServiceLinks == nil {
		spec.EnableServiceLinks = new(false)
	}
}

// expandImages puts the values of variables into the images of containers and volumes.
func expandImages(at *field.Path, spec *corev1.PodSpec, v variables) error {
	var first error
	replace := func(at *field.Path, image *string) {
		expanded, err := v.expand(at, *image)
		if err != nil && first == nil {
			first = err
		}
		*image = expanded
	}
	eachContainer(at, spec, func(at *field.Path, c *corev1.Container) { replace(at.Child("image"), &c.Image) })
	for i := range spec.Volumes {
		if source := spec.Volumes[i].Image; source != nil {
			replace(at.Child("volumes").Index(i).Child("image", "reference"), &source.Reference)
		}
	}
	return first
}
