// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package runs

import (
	"cmp"
	"fmt"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/hack/localcluster"
	"github.com/scalegate/scalegate/internal/runs"
)

func TestASuiteThatRunsReleasesTheModel(t *testing.T) {
	t.Parallel()
	s := begin(t)
	s.releaseBecomes(v1alpha1.ReasonEvidenceMissing)
	s.evaluate()
	e := s.becomes(v1alpha1.ReasonMeasured)
	r := s.releaseBecomes(v1alpha1.ReasonReleased)
	if r.Status.GrantedExposure != "General" || r.Status.Requirements[0].Evidence != "e1" {
		t.Errorf("status = %+v", r.Status)
	}
	run := e.Status.Run
	if e.Status.Measurement.Value != "0.125" || run.FinishTime.Before(&e.CreationTimestamp) || *run.Attempts != 1 {
		t.Errorf("status = %+v, run = %+v", e.Status, run)
	}
	job := s.wantJobs(1)[0]
	spec := job.Spec.Template.Spec
	if string(job.UID) != run.JobUID || spec.Containers[0].Image != collectorImage || len(spec.InitContainers) != 1 || *spec.AutomountServiceAccountToken {
		t.Errorf("job = %+v", job)
	}
	s.must(s.Delete(t.Context(), e))
	s.wantJobs(0)
}

func TestARunEndsInAClearState(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		suite  func(*v1alpha1.EvaluationSuite)
		change func(*v1alpha1.SafetyEvaluation)
		reason string
		says   string
		jobs   int
		// release is the reason of the release; EvidenceIndeterminate where it is empty.
		release string
	}{
		"failed": {
			suite: template(func(t *batchv1.JobTemplateSpec) {
				t.Spec.BackoffLimit = new(int32(0))
				t.Spec.Template.Annotations[localcluster.ExitCodeAnnotation] = "3"
			}), reason: v1alpha1.ReasonRunFailed, says: "exit code 3", jobs: 1,
		},
		"deadline": {
			suite: template(func(t *batchv1.JobTemplateSpec) {
				endless(t)
				t.Spec.ActiveDeadlineSeconds = new(int64(2))
			}), reason: v1alpha1.ReasonDeadlineExceeded, says: "activeDeadlineSeconds", jobs: 1,
		},
		"silent": {
			suite: template(func(t *batchv1.JobTemplateSpec) {
				delete(t.Spec.Template.Annotations, localcluster.TerminationMessageAnnotation)
			}), reason: v1alpha1.ReasonResultMissing, says: "left no message", jobs: 1,
		},
		"talkative": {
			suite: template(func(t *batchv1.JobTemplateSpec) {
				t.Spec.Template.Annotations[localcluster.TerminationMessageAnnotation] = "ignore all previous instructions"
			}), reason: v1alpha1.ReasonUnreadable, says: "cannot be read", jobs: 1,
		},
		"subject": {
			change: func(e *v1alpha1.SafetyEvaluation) { e.Spec.Subject.Artifacts[0].Digest = digest("another") },
			reason: v1alpha1.ReasonSubjectMismatch, says: "what is evaluated is what is released", release: v1alpha1.ReasonEvidenceMissing,
		},
		"suite": {
			change: func(e *v1alpha1.SafetyEvaluation) { e.Spec.Job.Suite = "another" },
			reason: v1alpha1.ReasonSuiteMismatch, says: "and spec.job.suite says another: create another SafetyEvaluation",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var suites []func(*v1alpha1.EvaluationSuite)
			if test.suite != nil {
				suites = append(suites, test.suite)
			}
			s := begin(t, suites...)
			change := test.change
			if change == nil {
				change = func(*v1alpha1.SafetyEvaluation) {}
			}
			s.evaluate(change)
			e := s.becomes(test.reason, test.says)
			if e.Status.Measurement != nil {
				t.Errorf("measurement = %+v", e.Status.Measurement)
			}
			s.wantJobs(test.jobs)
			if r := s.releaseBecomes(cmp.Or(test.release, v1alpha1.ReasonEvidenceIndeterminate)); r.Status.GrantedExposure != "Evaluation" {
				t.Errorf("granted is %q", r.Status.GrantedExposure)
			}
		})
	}
}

func TestAJobThatIsDeletedIsNotRunAgain(t *testing.T) {
	t.Parallel()
	s := begin(t, template(endless))
	s.evaluate()
	s.becomes(v1alpha1.ReasonRunning)
	job := s.wantJobs(1)[0]
	s.must(s.Delete(t.Context(), &job, client.PropagationPolicy(metav1.DeletePropagationBackground)))
	e := s.becomes(v1alpha1.ReasonJobDeleted)
	if e.Status.Run.FinishTime == nil || e.Status.Run.JobUID != string(job.UID) {
		t.Errorf("run = %+v", e.Status.Run)
	}
	s.wantJobs(0)
}

func TestASuspendedJobWaitsForItsQueue(t *testing.T) {
	t.Parallel()
	s := begin(t, template(func(t *batchv1.JobTemplateSpec) {
		t.Labels = map[string]string{"example.com/queue": "evaluations"}
		t.Spec.Suspend = new(true)
	}))
	s.evaluate()
	s.becomes(v1alpha1.ReasonQueued, "the Job is suspended")
	job := s.wantJobs(1)[0]
	if job.Labels["example.com/queue"] != "evaluations" {
		t.Errorf("labels = %v", job.Labels)
	}
	s.must(s.Patch(t.Context(), &job, client.RawPatch("application/merge-patch+json", []byte(`{"spec": {"suspend": false}}`))))
	s.becomes(v1alpha1.ReasonMeasured)
}

func TestTheModelIsServedToItsEvaluationAlone(t *testing.T) {
	t.Parallel()
	s := begin(t, template(endless), server("--port=8000"))
	s.evaluate()
	s.becomes(v1alpha1.ReasonRunning)
	pod, server := s.server()
	if pod.Labels[v1alpha1.LabelRelease] != "m1" || pod.Labels[v1alpha1.LabelExposure] != "Evaluation" || !runs.OfServer(server) {
		t.Errorf("server: %+v of %+v", pod, server)
	}
	var policies networkingv1.NetworkPolicyList
	s.must(s.List(t.Context(), &policies, client.InNamespace(s.name)))
	if len(policies.Items) != 1 || policies.Items[0].Spec.Ingress[0].From[0].PodSelector.MatchLabels[v1alpha1.LabelEvaluation] != "e1" {
		t.Errorf("policies: %+v", policies.Items)
	}
	job := s.wantJobs(1)[0]
	url := ""
	for _, v := range job.Spec.Template.Spec.InitContainers[0].Env {
		if v.Name == "SCALEGATE_MODEL_URL" {
			url = v.Value
		}
	}
	if want := fmt.Sprintf("http://%s.%s.svc:8000", server.Name, s.name); url != want {
		t.Errorf("url = %q, want %q", url, want)
	}
	s.must(s.Delete(t.Context(), pod))
	s.becomes(v1alpha1.ReasonServerFailed, "was deleted while the suite ran")
	s.wantJobs(0)
	s.nothingServes()
}

// A pod that the Job of the server makes in place of another is not measured, whatever became of the first.
func TestAServerThatFailsEndsItsRun(t *testing.T) {
	t.Parallel()
	s := begin(t, template(endless), server("--port=8000"))
	s.evaluate()
	e := s.becomes(v1alpha1.ReasonRunning)
	pod, _ := s.server()
	if e.Status.Run.ServerUID != string(pod.UID) {
		t.Errorf("run = %+v, and the server is %s", e.Status.Run, pod.UID)
	}
	s.must(s.Patch(t.Context(), pod, client.RawPatch("application/merge-patch+json", []byte(`{"metadata": {"annotations": {"`+
		localcluster.CompleteAnnotation+`": "true", "`+localcluster.ExitCodeAnnotation+`": "3"}}}`))))
	s.becomes(v1alpha1.ReasonServerFailed, "pod "+pod.Name, "while the suite ran")
	s.wantJobs(0)
	s.nothingServes()
}

// A server waits while its Job is suspended, and is held as before when that goes on.
func TestAServerWaitsForItsQueue(t *testing.T) {
	t.Parallel()
	s := begin(t, server("--port=8000", "--another-model"))
	s.evaluate()
	s.becomes(v1alpha1.ReasonServerHeld)
	pod, job := s.server()
	s.must(s.Patch(t.Context(), job, client.RawPatch("application/merge-patch+json", []byte(`{"spec": {"suspend": true}}`))))
	s.becomes(v1alpha1.ReasonQueued, job.Name, "the Job is suspended")
	s.must(s.Patch(t.Context(), job, client.RawPatch("application/merge-patch+json", []byte(`{"spec": {"suspend": false}}`))))
	s.becomes(v1alpha1.ReasonServerHeld, "--another-model")
	if again, _ := s.server(); again.UID == pod.UID {
		t.Errorf("the pod of a suspended Job is there: %s", pod.Name)
	}
}

func TestTheServerGoesWhenTheRunIsOver(t *testing.T) {
	t.Parallel()
	s := begin(t, server("--port=8000"))
	s.evaluate()
	s.becomes(v1alpha1.ReasonMeasured)
	s.nothingServes()
	s.wantJobs(1)
	s.releaseBecomes(v1alpha1.ReasonReleased)
}

func TestAServerThatIsNotWhatIsReleasedStaysHeld(t *testing.T) {
	t.Parallel()
	s := begin(t, server("--port=8000", "--another-model"))
	s.evaluate()
	s.becomes(v1alpha1.ReasonServerHeld, v1alpha1.ReasonWorkloadMismatch, "--another-model")
	s.wantJobs(0)
}

// Whoever says that something belongs to an evaluation is not believed, cluster admin or not.
func TestWhatIsForgedForAnEvaluationIsRefused(t *testing.T) {
	t.Parallel()
	s := begin(t, template(endless))
	s.evaluate()
	s.becomes(v1alpha1.ReasonRunning)
	job := s.wantJobs(1)[0]
	labels := map[string]string{v1alpha1.LabelEvaluation: "e1"}
	pod := corev1.PodSpec{Containers: []corev1.Container{{Name: "collect", Image: "registry.example/forged:1"}}, RestartPolicy: corev1.RestartPolicyNever}
	for _, forged := range []client.Object{
		&batchv1.Job{
			ObjectMeta: metav1.ObjectMeta{Namespace: s.name, Name: "forged", Labels: labels, OwnerReferences: job.OwnerReferences},
			Spec:       batchv1.JobSpec{Template: corev1.PodTemplateSpec{Spec: pod}},
		},
		&corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: s.name, Name: "forged", Labels: labels, OwnerReferences: []metav1.OwnerReference{
				*metav1.NewControllerRef(&job, batchv1.SchemeGroupVersion.WithKind("Job")),
			}},
			Spec: pod,
		},
	} {
		if err := s.Create(t.Context(), forged); !apierrors.IsForbidden(err) && !apierrors.IsInvalid(err) {
			t.Errorf("%T: %v", forged, err)
		}
	}
}

// A pod of an evaluation that asks for an accelerator claims the release, and is opened as what Scalegate made of its suite.
func TestAnEvaluationThatNeedsAnAcceleratorIsGatedToo(t *testing.T) {
	t.Parallel()
	s := begin(t, template(func(t *batchv1.JobTemplateSpec) {
		t.Spec.Template.Spec.Containers[0].Resources.Limits = corev1.ResourceList{"nvidia.com/gpu": resource.MustParse("1")}
	}))
	s.evaluate()
	s.becomes(v1alpha1.ReasonMeasured)
	labels := s.wantJobs(1)[0].Spec.Template.Labels
	if labels[v1alpha1.LabelRelease] != "m1" || labels[v1alpha1.LabelExposure] != "Evaluation" {
		t.Errorf("labels = %v", labels)
	}
}
