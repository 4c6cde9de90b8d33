// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"slices"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/lru"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/enforcement"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/runs"
)

// evaluating makes a pod that of the evaluation's Job: it runs nothing that the release declares.
func evaluating(p *corev1.Pod) {
	p.Labels[v1alpha1.LabelExposure], p.Labels[v1alpha1.LabelEvaluation] = "Evaluation", "run"
	p.OwnerReferences = []metav1.OwnerReference{{APIVersion: "batch/v1", Kind: "Job", Name: "run-1", UID: fixture.UID("run-1"), Controller: new(true)}}
	p.Spec = evaluatorSpec()
}

// ofServer makes a pod that of the evaluation's server; asDeclared has it run what the release declares.
func ofServer(p *corev1.Pod) { p.OwnerReferences[0].Name = runs.ServerName(recording("")) }

func asDeclared(p *corev1.Pod) {
	p.Spec = podTemplate("").Spec
	p.Spec.RestartPolicy = corev1.RestartPolicyOnFailure
}

// serverOnRecord is the Job of the evaluation's server. Whatever its template says, its pods are compared with the release.
func serverOnRecord() *batchv1.Job {
	return jobOnRecord(func(j *batchv1.Job) { j.Name = runs.ServerName(recording("")) })
}

func evaluatorSpec() corev1.PodSpec {
	return corev1.PodSpec{
		RestartPolicy: corev1.RestartPolicyNever,
		Containers:    []corev1.Container{{Name: "collect", Image: "registry.example/collect:1"}},
	}
}

// jobOnRecord is the Job of the evaluation.
func jobOnRecord(modifiers ...func(*batchv1.Job)) *batchv1.Job {
	j := &batchv1.Job{ObjectMeta: stored("run-1")}
	j.Labels = map[string]string{v1alpha1.LabelEvaluation: "run"}
	j.OwnerReferences = []metav1.OwnerReference{{APIVersion: "scalegate.dev/v1alpha1", Kind: "SafetyEvaluation", Name: "run", UID: fixture.UID("run"), Controller: new(true)}}
	j.Spec.Template = corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{v1alpha1.LabelRelease: "m1", v1alpha1.LabelExposure: "Evaluation", v1alpha1.LabelEvaluation: "run"}},
		Spec:       evaluatorSpec(),
	}
	for _, modify := range modifiers {
		modify(j)
	}
	return j
}

// recording is the evaluation that has the Job of that UID on record; none for "".
func recording(job string) *v1alpha1.SafetyEvaluation {
	e := fixture.Evaluation("run", "attack", "0.1", func(e *v1alpha1.SafetyEvaluation) {
		e.Spec.Report, e.Spec.Job, e.Status.Measurement = nil, &v1alpha1.JobSource{Suite: "attacks"}, nil
		if job != "" {
			e.Status.Run = &v1alpha1.EvaluationRun{JobName: "run-1", JobUID: string(fixture.UID(job))}
		}
	})
	return &e
}

// The pod of an evaluation's Job is compared with the Job that is on record, and with nothing else.
func TestReconcileOpensThePodsOfRuns(t *testing.T) {
	otherArgs := func(p *corev1.Pod) { p.Spec.Containers[0].Args = []string{"--forge"} }
	opens := []string{"patch Pod p"}
	for sentence, test := range map[string]struct {
		objects []client.Object
		want    []string
	}{
		"one that is as its template is opened":                   {[]client.Object{running(evaluating, waits), jobOnRecord(), recording("run-1")}, opens},
		"one that differs stays held":                             {[]client.Object{running(evaluating, otherArgs, waits), jobOnRecord(), recording("run-1")}, nil},
		"one whose Job is not on record yet stays held":           {[]client.Object{running(evaluating, waits), jobOnRecord(), recording("")}, nil},
		"one of another Job stays held":                           {[]client.Object{running(evaluating, waits), jobOnRecord(), recording("run-2")}, nil},
		"one whose Job is gone stays held":                        {[]client.Object{running(evaluating, waits), recording("run-1")}, nil},
		"one whose Job was made anew stays held":                  {[]client.Object{running(evaluating, waits), jobOnRecord(func(j *batchv1.Job) { j.UID = fixture.UID("other") }), recording("run-1")}, nil},
		"one without its evaluation stays held":                   {[]client.Object{running(evaluating, waits), jobOnRecord()}, nil},
		"one whose Job has no owner stays held":                   {[]client.Object{running(evaluating, waits), jobOnRecord(func(j *batchv1.Job) { j.OwnerReferences = nil }), recording("run-1")}, nil},
		"one without the label is as any other":                   {[]client.Object{running(evaluating, waits, func(p *corev1.Pod) { delete(p.Labels, v1alpha1.LabelEvaluation) }), jobOnRecord(), recording("run-1")}, nil},
		"the server of one is compared with the release":          {[]client.Object{running(evaluating, waits, ofServer), serverOnRecord(), recording("run-1")}, nil},
		"and opened when it is as that declares":                  {[]client.Object{running(evaluating, asDeclared, waits, ofServer), serverOnRecord(), recording("")}, opens},
		"unless its Job is gone":                                  {[]client.Object{running(evaluating, asDeclared, waits, ofServer), recording("")}, nil},
		"the server that an earlier version made is as any other": {[]client.Object{running(evaluating, waits, func(p *corev1.Pod) { p.OwnerReferences[0].Kind = "SafetyEvaluation" }), jobOnRecord(), recording("run-1")}, nil},
	} {
		t.Run(sentence, func(t *testing.T) {
			c := newCluster(t, append(test.objects, governed(v1alpha1.GateEnforced), demanding(), release(), result("0.1"))...)
			c.mustReconcile()
			opened := slices.DeleteFunc(slices.Clone(c.log), func(s string) bool { return s != "patch Pod p" })
			if !slices.Equal(test.want, opened) {
				t.Errorf("opened %q, want %q", opened, test.want)
			}
		})
	}
}

// A run that is under way is not taken for something that was changed.
func TestReconcileKeepsThePodsOfRuns(t *testing.T) {
	for sentence, test := range map[string]struct {
		objects []client.Object
		removed bool
	}{
		"one that is as its template stays":      {[]client.Object{running(evaluating), jobOnRecord(), recording("run-1")}, false},
		"one whose Job is gone is left to end":   {[]client.Object{running(evaluating), recording("run-1")}, false},
		"one that somebody added to is examined": {[]client.Object{running(evaluating, func(p *corev1.Pod) { p.Spec.HostPID = true }), jobOnRecord(), recording("run-1")}, true},
	} {
		t.Run(sentence, func(t *testing.T) {
			x := examination{live: newCluster(t, test.objects...).api, verdicts: lru.New(8), release: release()}
			pod, ok := test.objects[0].(*corev1.Pod)
			if !ok {
				t.Fatalf("%T is no pod", test.objects[0])
			}
			v, err := x.pod(t.Context(), pod, false, nil)
			if err != nil || (v.Mismatch != "") != test.removed {
				t.Errorf("%+v, %v", v, err)
			}
		})
	}
}

// A Job of an evaluation that is held all the same is released by what is on record.
func TestTheJobOfARunIsOrdered(t *testing.T) {
	disowned := jobOnRecord(func(j *batchv1.Job) { j.OwnerReferences = nil })
	for sentence, test := range map[string]struct {
		objects []client.Object
		job     *batchv1.Job
		want    enforcement.Verdict
	}{
		"on record":                      {[]client.Object{recording("run-1")}, jobOnRecord(), enforcement.Verdict{Examined: true}},
		"not on record":                  {[]client.Object{recording("")}, jobOnRecord(), enforcement.Verdict{}},
		"another is":                     {[]client.Object{recording("run-2")}, jobOnRecord(), enforcement.Verdict{Examined: true, Mismatch: "is of a Job that is not the one of its SafetyEvaluation; delete the Job"}},
		"nobody knows it":                {nil, jobOnRecord(), enforcement.Verdict{}},
		"the garbage collector has come": {[]client.Object{recording("run-1")}, disowned, enforcement.Verdict{}},
	} {
		t.Run(sentence, func(t *testing.T) {
			x := examination{live: newCluster(t, test.objects...).api}
			if got, err := x.ordered(t.Context(), test.job); err != nil || got != test.want {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}
