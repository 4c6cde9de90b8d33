// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package runs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/hack/localcluster"
	"github.com/scalegate/scalegate/internal/runs"
	"github.com/scalegate/scalegate/test/installation"
)

// attack is the requirement of every scenario's policy: an attack success rate, lower is safer.
const attack = "attack-success"

// scenario is a governed namespace with a policy, a suite and a release "m1" of its own, all of one name.
type scenario struct {
	t    *testing.T
	name string
	client.Client
}

// begin makes a scenario; change adjusts its suite before that is made.
func begin(t *testing.T, change ...func(*v1alpha1.EvaluationSuite)) *scenario {
	t.Helper()
	name := strings.ToLower(strings.NewReplacer("Test", "", "/", "-").Replace(t.Name()))
	s := &scenario{t: t, name: strings.Trim(name[:min(len(name), 36)], "-"), Client: shared.Client}
	t.Cleanup(s.explainFailure)
	s.must(shared.Govern(t.Context(), s.name))
	s.must(s.Create(t.Context(), &v1alpha1.SafetyPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: s.name},
		Spec: v1alpha1.SafetyPolicySpec{
			Exposures: []v1alpha1.Exposure{
				{Name: "Evaluation", MaxReplicas: new(int32(1)), WithoutEvidence: v1alpha1.WithoutEvidenceAllowed}, {Name: "General"},
			},
			Levels: []v1alpha1.Level{{Name: "L1", Requires: []string{attack}}},
			Requirements: []v1alpha1.Requirement{{
				Name: attack,
				Evaluation: &v1alpha1.EvaluationCriterion{
					Metric: "attack/rate", Direction: v1alpha1.LowerIsSafer, ClearAt: "0.2", TripAt: "0.5",
					Bound: v1alpha1.BoundPoint, MinSamples: 10, MaxUnjudgedPercent: new(int32(0)), Suite: s.name,
				},
				Scope: []v1alpha1.ArtifactType{v1alpha1.ArtifactWeights}, ValidForDays: 30, NeededFrom: "General",
			}},
		},
	}))
	suite := &v1alpha1.EvaluationSuite{ObjectMeta: metav1.ObjectMeta{Name: s.name}, Spec: v1alpha1.EvaluationSuiteSpec{
		Protocol: v1alpha1.EvaluationProtocol{Title: "Attacks", Version: "1"},
		Result:   v1alpha1.SuiteResult{Path: "report.json"},
	}}
	template(nil)(suite)
	for _, c := range change {
		c(suite)
	}
	s.must(s.Create(t.Context(), suite))
	s.release()
	return s
}

// template gives a suite its Job template; change adjusts it.
func template(change func(*batchv1.JobTemplateSpec)) func(*v1alpha1.EvaluationSuite) {
	return func(suite *v1alpha1.EvaluationSuite) {
		t := &batchv1.JobTemplateSpec{}
		t.Spec.Template.Annotations = map[string]string{localcluster.TerminationMessageAnnotation: result(suite.Name)}
		t.Spec.Template.Spec.Containers = []corev1.Container{{Name: "attack", Image: "registry.example/attack:1"}}
		if change != nil {
			change(t)
		}
		raw, err := json.Marshal(t)
		if err != nil {
			panic(err)
		}
		suite.Spec.JobTemplate = runtime.RawExtension{Raw: raw}
	}
}

// result is what the container that reads the result leaves, of a file of that name.
func result(file string) string {
	return string(runs.Report{Measurement: &v1alpha1.Measurement{
		Metric: "attack/rate", Value: "0.125", Planned: new(int64(100)), Judged: new(int64(100)), Unjudged: new(int64(0)), Errored: new(int64(0)),
		EndMarker: "status is success", Format: "inspect-json", SHA256: strings.TrimPrefix(string(digest("file "+file)), "sha256:"),
	}}.Encode())
}

// endless has the evaluation run on.
func endless(t *batchv1.JobTemplateSpec) {
	t.Spec.Template.Annotations[localcluster.CompleteAnnotation] = "false"
}

// server is a suite's server as the release declares it, with these arguments.
func server(args ...string) func(*v1alpha1.EvaluationSuite) {
	return func(suite *v1alpha1.EvaluationSuite) {
		pod := &corev1.PodTemplateSpec{Spec: corev1.PodSpec{
			Containers: []corev1.Container{{
				Name: "server", Image: "$(SCALEGATE_ARTIFACT_SERVER_PINNED)", Args: args,
				VolumeMounts: []corev1.VolumeMount{{Name: "weights", MountPath: "/models", ReadOnly: true}},
			}},
			Volumes: []corev1.Volume{{Name: "weights", VolumeSource: corev1.VolumeSource{
				Image: &corev1.ImageVolumeSource{Reference: "$(SCALEGATE_ARTIFACT_WEIGHTS_PINNED)"},
			}}},
		}}
		pod.Annotations = map[string]string{localcluster.CompleteAnnotation: "false"}
		raw, err := json.Marshal(pod)
		if err != nil {
			panic(err)
		}
		suite.Spec.Server = &v1alpha1.SuiteServer{Port: 8000, PodTemplate: runtime.RawExtension{Raw: raw}}
	}
}

func digest(label string) v1alpha1.Digest {
	sum := sha256.Sum256([]byte(label))
	return v1alpha1.Digest("sha256:" + hex.EncodeToString(sum[:]))
}

func (s *scenario) weights() v1alpha1.Digest { return digest(s.name + " weights") }

// release makes "m1", whose server runs with the argument --port=8000.
func (s *scenario) release() {
	s.t.Helper()
	s.must(s.Create(s.t.Context(), &v1alpha1.ModelRelease{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.name, Name: "m1"},
		Spec: v1alpha1.ModelReleaseSpec{
			Policy: s.name, Model: v1alpha1.Model{Name: "m1"},
			Artifacts: []v1alpha1.Artifact{
				{Name: "weights", Type: v1alpha1.ArtifactWeights, Reference: "oci://registry.example/models/m1", Digest: s.weights()},
				{Name: "server", Type: v1alpha1.ArtifactServer, Reference: "registry.example/server", Digest: digest("server")},
			},
			Serving: []v1alpha1.ServingContainer{{Container: "server", Artifact: "server", Args: []string{"--port=8000"}}},
			Level:   "L1", Exposure: "General",
		},
	}))
}

// evaluate asks for a run of the suite, as the evaluation "e1".
func (s *scenario) evaluate(change ...func(*v1alpha1.SafetyEvaluation)) {
	s.t.Helper()
	e := &v1alpha1.SafetyEvaluation{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.name, Name: "e1"},
		Spec: v1alpha1.SafetyEvaluationSpec{
			Subject:     v1alpha1.EvaluationSubject{Release: "m1", Artifacts: []v1alpha1.SubjectArtifact{{Type: v1alpha1.ArtifactWeights, Digest: s.weights()}}},
			Requirement: attack, Job: &v1alpha1.JobSource{Suite: s.name},
		},
	}
	for _, c := range change {
		c(e)
	}
	s.must(s.Create(s.t.Context(), e))
}

// becomes waits until the Ready condition of the evaluation has the reason, and says all of this.
func (s *scenario) becomes(reason string, says ...string) *v1alpha1.SafetyEvaluation {
	s.t.Helper()
	e := &v1alpha1.SafetyEvaluation{}
	s.eventually(func(ctx context.Context) error {
		if err := s.Get(ctx, client.ObjectKey{Namespace: s.name, Name: "e1"}, e); err != nil {
			return err
		}
		if c := meta.FindStatusCondition(e.Status.Conditions, v1alpha1.ConditionReady); c == nil || c.Reason != reason {
			return fmt.Errorf("the evaluation is not %s: %+v", reason, e.Status)
		} else if !saysAll(c.Message, says) {
			return fmt.Errorf("the evaluation says %q, and not %q", c.Message, says)
		}
		return nil
	})
	return e
}

func saysAll(text string, parts []string) bool {
	for _, part := range parts {
		if !strings.Contains(text, part) {
			return false
		}
	}
	return true
}

// releaseBecomes waits until the release's Ready condition has the reason.
func (s *scenario) releaseBecomes(reason string) *v1alpha1.ModelRelease {
	s.t.Helper()
	r := &v1alpha1.ModelRelease{}
	s.eventually(func(ctx context.Context) error {
		if err := s.Get(ctx, client.ObjectKey{Namespace: s.name, Name: "m1"}, r); err != nil {
			return err
		}
		if c := meta.FindStatusCondition(r.Status.Conditions, v1alpha1.ConditionReady); c == nil || c.Reason != reason {
			return fmt.Errorf("release m1 is not %s: %+v", reason, r.Status)
		}
		return nil
	})
	return r
}

// jobs are those of the namespace that run suites and are not being deleted.
func (s *scenario) jobs(ctx context.Context) ([]batchv1.Job, error) {
	list := &batchv1.JobList{}
	if err := s.List(ctx, list, client.InNamespace(s.name)); err != nil {
		return nil, err
	}
	var there []batchv1.Job
	for _, job := range list.Items {
		if job.DeletionTimestamp == nil && !runs.OfServer(&job) {
			there = append(there, job)
		}
	}
	return there, nil
}

// wantJobs waits until there are just so many Jobs.
func (s *scenario) wantJobs(want int) []batchv1.Job {
	s.t.Helper()
	var jobs []batchv1.Job
	s.eventually(func(ctx context.Context) (err error) {
		if jobs, err = s.jobs(ctx); err != nil || len(jobs) != want {
			return errors.Join(err, fmt.Errorf("%d Jobs, want %d", len(jobs), want))
		}
		return nil
	})
	return jobs
}

// server is the pod that serves the model, and the Job that made it.
func (s *scenario) server() (*corev1.Pod, *batchv1.Job) {
	s.t.Helper()
	var pods corev1.PodList
	s.must(s.List(s.t.Context(), &pods, client.InNamespace(s.name), client.MatchingLabels{"app.kubernetes.io/component": "model-under-test"}))
	if len(pods.Items) != 1 {
		s.t.Fatalf("servers: %+v", pods.Items)
	}
	pod, job := &pods.Items[0], &batchv1.Job{}
	s.must(s.Get(s.t.Context(), client.ObjectKey{Namespace: s.name, Name: metav1.GetControllerOf(pod).Name}, job))
	return pod, job
}

// nothingServes waits until neither a server, nor a Job, Service or NetworkPolicy of one, is there.
func (s *scenario) nothingServes() {
	s.t.Helper()
	s.eventually(func(ctx context.Context) error {
		var jobs batchv1.JobList
		if err := s.List(ctx, &jobs, client.InNamespace(s.name)); err != nil {
			return err
		}
		for i := range jobs.Items {
			if runs.OfServer(&jobs.Items[i]) {
				return fmt.Errorf("Job %s is there", jobs.Items[i].Name)
			}
		}
		for _, list := range []client.ObjectList{&corev1.PodList{}, &corev1.ServiceList{}, &networkingv1.NetworkPolicyList{}} {
			if err := s.List(ctx, list, client.InNamespace(s.name), client.MatchingLabels{"app.kubernetes.io/component": "model-under-test"}); err != nil {
				return err
			}
			if n := meta.LenList(list); n > 0 {
				return fmt.Errorf("%d objects in %T", n, list)
			}
		}
		for _, list := range []client.ObjectList{&corev1.ServiceList{}, &networkingv1.NetworkPolicyList{}} {
			if err := s.List(ctx, list, client.InNamespace(s.name)); err != nil || meta.LenList(list) > 0 {
				return errors.Join(err, fmt.Errorf("%d objects in %T", meta.LenList(list), list))
			}
		}
		return nil
	})
}

// eventually polls until check returns nil, and fails with its last error.
func (s *scenario) eventually(check func(context.Context) error) {
	s.t.Helper()
	var last error
	err := wait.PollUntilContextTimeout(s.t.Context(), 50*time.Millisecond, 60*time.Second, true, func(ctx context.Context) (bool, error) {
		last = check(ctx)
		return last == nil, nil
	})
	if err != nil {
		s.t.Fatal(errors.Join(err, last))
	}
}

func (s *scenario) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// explainFailure shows what stood in the cluster when a test failed.
func (s *scenario) explainFailure() {
	if !s.t.Failed() {
		return
	}
	for _, args := range [][]string{
		{"get", "modelreleases,safetyevaluations", "-o", "jsonpath={range .items[*]}{.kind} {.metadata.name}: {.status}{\"\\n\"}{end}"},
		{"get", "jobs,pods,services,networkpolicies", "-o", "wide"}, {"get", "events"},
	} {
		out, err := shared.Kubectl(context.Background(), shared.Admin(), append(args, "-n", s.name)...)
		s.t.Logf("kubectl %v: %s %v", args, out, err)
	}
	if log, err := os.ReadFile(shared.LogPath(installation.Manager)); err == nil {
		s.t.Logf("the manager's log ends in:\n%s", log[max(0, len(log)-6000):])
	}
}
