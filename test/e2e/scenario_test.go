// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/test/installation"
)

// attack is the requirement of every scenario's policy: an attack success rate, lower is safer.
const attack = "attack-success"

// scenario is a governed namespace with a policy of its own.
type scenario struct {
	t      *testing.T
	ns     string
	policy string
	client.Client
}

// begin makes a scenario; change adjusts its policy before it is made.
func begin(t *testing.T, change ...func(*v1alpha1.SafetyPolicy)) *scenario {
	t.Helper()
	name := strings.ToLower(strings.NewReplacer("Test", "", "_", "-", "/", "-").Replace(t.Name()))
	name = strings.Trim(name[:min(len(name), 40)], "-")
	s := &scenario{t: t, ns: name, policy: name, Client: shared.Client}
	t.Cleanup(s.explainFailure)
	t.Cleanup(s.everyHoldExplainedAtLast)
	s.must(shared.Govern(t.Context(), s.ns))
	policy := &v1alpha1.SafetyPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: s.policy},
		Spec: v1alpha1.SafetyPolicySpec{
			Exposures: []v1alpha1.Exposure{{Name: "Internal"}, {Name: "General"}},
			Levels:    []v1alpha1.Level{{Name: "L1", Requires: []string{attack}}},
			Requirements: []v1alpha1.Requirement{{
				Name: attack,
				Evaluation: &v1alpha1.EvaluationCriterion{
					Metric: "attack/accuracy", Direction: v1alpha1.LowerIsSafer, ClearAt: "0.05", TripAt: "0.2",
					Bound: v1alpha1.BoundWilson95, MinSamples: 100, MaxUnjudgedPercent: new(int32(1)),
				},
				Scope:        []v1alpha1.ArtifactType{v1alpha1.ArtifactWeights},
				ValidForDays: 30,
			}},
		},
	}
	for _, c := range change {
		c(policy)
	}
	s.must(s.Create(t.Context(), policy))
	return s
}

// everyHoldExplainedAtLast checks, when a test is over, that whatever is held then says why.
func (s *scenario) everyHoldExplainedAtLast() {
	if s.t.Failed() {
		return
	}
	var last error
	err := wait.PollUntilContextTimeout(context.Background(), 100*time.Millisecond, 20*time.Second, true, func(ctx context.Context) (bool, error) {
		last = s.everyHoldIsExplained(ctx)
		return last == nil, nil
	})
	if err != nil {
		s.t.Errorf("when the test was over: %v", last)
	}
}

// explainFailure shows what stood in the cluster when a test failed.
func (s *scenario) explainFailure() {
	if !s.t.Failed() {
		return
	}
	for _, args := range [][]string{
		{"get", "modelreleases,safetyevaluations", "-o", "jsonpath={range .items[*]}{.kind} {.metadata.name}: {.status}{\"\\n\"}{end}"},
		{"get", "deployments", "-o", "yaml"}, {"get", "replicasets,pods", "-o", "wide"},
		{"get", "events"},
	} {
		out, err := shared.Kubectl(context.Background(), shared.Admin(), append(args, "-n", s.ns)...)
		s.t.Logf("kubectl %v: %s %v", args, out, err)
	}
	if log, err := os.ReadFile(shared.LogPath(installation.Manager)); err == nil {
		s.t.Logf("the manager's log ends in:\n%s", log[max(0, len(log)-12000):])
	}
}

func (s *scenario) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func digest(label string) v1alpha1.Digest {
	sum := sha256.Sum256([]byte(label))
	return v1alpha1.Digest("sha256:" + hex.EncodeToString(sum[:]))
}

func (s *scenario) weights(release string) v1alpha1.Digest {
	return digest(s.ns + " weights " + release)
}

const serverImage = "registry.example/server"

// release makes a ModelRelease whose weights are its own and whose server is everyone's.
func (s *scenario) release(name string, change ...func(*v1alpha1.ModelRelease)) {
	s.t.Helper()
	r := &v1alpha1.ModelRelease{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: name},
		Spec: v1alpha1.ModelReleaseSpec{
			Policy: s.policy,
			Model:  v1alpha1.Model{Name: name},
			Artifacts: []v1alpha1.Artifact{
				{Name: "weights", Type: v1alpha1.ArtifactWeights, Digest: s.weights(name)},
				{Name: "server", Type: v1alpha1.ArtifactServer, Digest: digest("server")},
			},
			Serving: []v1alpha1.ServingContainer{{
				Container: "server", Artifact: "server", Args: []string{"--model=/models", "--port=8000"},
			}},
			Level: "L1", Exposure: "General",
		},
	}
	for _, c := range change {
		c(r)
	}
	s.must(s.Create(s.t.Context(), r))
}

// template is a pod template that serves the release as it is declared.
func (s *scenario) template(release, app string) corev1.PodTemplateSpec {
	return corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": app, v1alpha1.LabelRelease: release}},
		Spec: corev1.PodSpec{
			EnableServiceLinks:            new(false),
			AutomountServiceAccountToken:  new(false),
			TerminationGracePeriodSeconds: new(int64(0)),
			Containers: []corev1.Container{{
				Name:         "server",
				Image:        serverImage + "@" + string(digest("server")),
				Args:         []string{"--model=/models", "--port=8000"},
				VolumeMounts: []corev1.VolumeMount{{Name: "weights", MountPath: "/models", ReadOnly: true}},
				Resources: corev1.ResourceRequirements{Limits: corev1.ResourceList{
					"nvidia.com/gpu": resource.MustParse("1"),
				}},
			}},
			Volumes: []corev1.Volume{{Name: "weights", VolumeSource: corev1.VolumeSource{
				Image: &corev1.ImageVolumeSource{Reference: "registry.example/models/" + release + "@" + string(s.weights(release))},
			}}},
		},
	}
}

// deployment makes a Deployment that serves the release.
func (s *scenario) deployment(name, release string, replicas int32, change ...func(*appsv1.Deployment)) *appsv1.Deployment {
	s.t.Helper()
	d := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: name},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": name}},
			Template: s.template(release, name),
		},
	}
	for _, c := range change {
		c(d)
	}
	s.must(s.Create(s.t.Context(), d))
	return d
}

// evaluate brings a result for the requirement of every scenario: an Inspect log with this rate over 1000 samples.
func (s *scenario) evaluate(name, release string, rate float64, ended time.Time) {
	s.t.Helper()
	s.report(attack, name, release, inspectLog(s.ns+"/"+name, rate, ended))
}

// report brings a result file for a requirement, about the weights of the release.
func (s *scenario) report(requirement, name, release, content string) {
	s.t.Helper()
	cm := &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: name},
		Data:       map[string]string{"report.json": content},
	}
	s.must(s.Create(s.t.Context(), cm))
	e := &v1alpha1.SafetyEvaluation{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: name},
		Spec: v1alpha1.SafetyEvaluationSpec{
			Subject: v1alpha1.EvaluationSubject{
				Release:   release,
				Artifacts: []v1alpha1.SubjectArtifact{{Type: v1alpha1.ArtifactWeights, Digest: s.weights(release)}},
			},
			Requirement: requirement,
			Report:      &v1alpha1.Report{ConfigMap: &v1alpha1.ConfigMapKey{Name: name, Key: "report.json"}},
		},
	}
	s.must(s.Create(s.t.Context(), e))
}

func inspectLog(id string, rate float64, ended time.Time) string {
	return fmt.Sprintf(`{"version": 2, "status": "success",
 "eval": {"eval_id": %q, "run_id": %q, "created": %q, "task": "attack", "model": "example/model", "dataset": {"samples": 1000},
  "config": {"epochs": 1}, "packages": {"inspect_ai": "0.3.140"}},
 "plan": {"steps": []},
 "results": {"total_samples": 1000, "completed_samples": 1000, "scores": [
  {"name": "attack", "scorer": "attack", "reducer": null, "scored_samples": 1000, "unscored_samples": 0, "params": {},
   "metrics": {"accuracy": {"name": "accuracy", "value": %v}}}]},
 "stats": {"started_at": %q, "completed_at": %q}}`,
		id, id, ended.Format(time.RFC3339), rate, ended.Format(time.RFC3339), ended.Format(time.RFC3339))
}

// eventually polls until check returns nil, and fails with its last error.
func (s *scenario) eventually(check func(context.Context) error) {
	s.t.Helper()
	var last error
	err := wait.PollUntilContextTimeout(s.t.Context(), 50*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		last = check(ctx)
		return last == nil, nil
	})
	if err != nil {
		s.t.Fatal(errors.Join(err, last))
	}
}

// serving waits until just so many pods of the app run.
func (s *scenario) serving(app string, want int) {
	s.t.Helper()
	s.eventually(func(ctx context.Context) error {
		running, held, err := s.count(ctx, app)
		if err != nil || running != want {
			return errors.Join(err, fmt.Errorf("%d pods of %s run and %d are held, want %d running", running, app, held, want))
		}
		return nil
	})
}

// heldPods waits until just so many pods of the app are held and none runs.
func (s *scenario) heldPods(app string, want int) {
	s.t.Helper()
	s.eventually(func(ctx context.Context) error {
		running, held, err := s.count(ctx, app)
		if err != nil || held != want || running != 0 {
			return errors.Join(err, fmt.Errorf("%d pods of %s run and %d are held, want %d held", running, app, held, want))
		}
		return nil
	})
}

func (s *scenario) count(ctx context.Context, app string) (running, held int, err error) {
	pods, err := s.pods(ctx, app)
	for _, pod := range pods {
		if pod.DeletionTimestamp != nil {
			continue
		}
		if len(pod.Spec.SchedulingGates) > 0 {
			held++
		} else if pod.Status.Phase == corev1.PodRunning {
			running++
		}
	}
	return running, held, err
}

func (s *scenario) pods(ctx context.Context, app string) ([]corev1.Pod, error) {
	list := &corev1.PodList{}
	err := s.List(ctx, list, client.InNamespace(s.ns), client.MatchingLabels{"app": app})
	return list.Items, err
}

// ready waits until the release's Ready condition has this reason.
func (s *scenario) ready(release, reason string) *v1alpha1.ModelRelease {
	s.t.Helper()
	r := &v1alpha1.ModelRelease{}
	s.eventually(func(ctx context.Context) error {
		if err := s.Get(ctx, client.ObjectKey{Namespace: s.ns, Name: release}, r); err != nil {
			return err
		}
		for _, c := range r.Status.Conditions {
			if c.Type == v1alpha1.ConditionReady && c.Reason == reason && c.ObservedGeneration == r.Generation {
				return nil
			}
		}
		return fmt.Errorf("release %s is not %s: %+v", release, reason, r.Status.Conditions)
	})
	return r
}
