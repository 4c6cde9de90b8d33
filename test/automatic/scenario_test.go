// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package automatic

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/runs"
	"github.com/scalegate/scalegate/test/installation"
)

// scenario is a governed namespace with a policy of its own, whose suites are named after it.
type scenario struct {
	t      *testing.T
	ns     string
	policy *v1alpha1.SafetyPolicy
	client.Client
}

// begin makes a scenario: its policy needs a rate below 0.05 of "attack", for which a result counts for 30 days.
func begin(t *testing.T, change ...func(*v1alpha1.SafetyPolicy)) *scenario {
	t.Helper()
	name := strings.ToLower(strings.TrimPrefix(t.Name(), "Test"))
	s := &scenario{t: t, ns: name, Client: shared.Client}
	t.Cleanup(s.explainFailure)
	s.must(shared.Govern(t.Context(), s.ns))
	s.policy = &v1alpha1.SafetyPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: v1alpha1.SafetyPolicySpec{
			Exposures: []v1alpha1.Exposure{{Name: "Internal"}, {Name: "General"}},
			Levels:    []v1alpha1.Level{{Name: "L1"}},
		},
	}
	s.require("attack")
	for _, c := range change {
		c(s.policy)
	}
	s.must(s.Create(t.Context(), s.policy))
	return s
}

// require adds a requirement that the suite of that name measures.
func (s *scenario) require(name string) {
	s.policy.Spec.Levels[0].Requires = append(s.policy.Spec.Levels[0].Requires, name)
	s.policy.Spec.Requirements = append(s.policy.Spec.Requirements, v1alpha1.Requirement{
		Name: name,
		Evaluation: &v1alpha1.EvaluationCriterion{
			Metric: "attack/accuracy", Direction: v1alpha1.LowerIsSafer, ClearAt: "0.05", TripAt: "0.2",
			Bound: v1alpha1.BoundPoint, MinSamples: 100, MaxUnjudgedPercent: new(int32(1)), Suite: s.ns + "-" + name,
		},
		Scope:        []v1alpha1.ArtifactType{v1alpha1.ArtifactWeights},
		ValidForDays: 30,
	})
}

// revise changes the policy as it is.
func (s *scenario) revise(change func(*v1alpha1.SafetyPolicy)) {
	s.t.Helper()
	s.must(retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		if err := s.Get(s.t.Context(), client.ObjectKeyFromObject(s.policy), s.policy); err != nil {
			return err
		}
		change(s.policy)
		return s.Update(s.t.Context(), s.policy)
	}))
}

// suite makes the suite of a requirement.
func (s *scenario) suite(requirement string) {
	s.t.Helper()
	raw, err := json.Marshal(batchv1.JobTemplateSpec{Spec: batchv1.JobSpec{Template: corev1.PodTemplateSpec{
		Spec: corev1.PodSpec{Containers: []corev1.Container{{
			Name: "evaluation", Image: "registry.example/evaluation@" + string(fixture.Digest("evaluation")),
		}}},
	}}})
	s.must(err)
	s.must(s.Create(s.t.Context(), &v1alpha1.EvaluationSuite{
		ObjectMeta: metav1.ObjectMeta{Name: s.ns + "-" + requirement},
		Spec: v1alpha1.EvaluationSuiteSpec{
			Protocol:    v1alpha1.EvaluationProtocol{Title: "Attacks", Version: "1"},
			JobTemplate: runtime.RawExtension{Raw: raw},
			Result:      v1alpha1.SuiteResult{Directory: "/results", Path: "results.json"},
		},
	}))
}

// finish waits until the only run of a requirement that goes on has its pod, and ends that with what its collector
// leaves: a report, or nothing.
func (s *scenario) finish(requirement string, message []byte) {
	s.t.Helper()
	s.eventually(func(ctx context.Context) error {
		_, unfinished, err := s.runs(ctx, requirement)
		if err != nil || len(unfinished) != 1 {
			return errors.Join(err, fmt.Errorf("%d runs of %s go on, want one", len(unfinished), requirement))
		}
		pods := &corev1.PodList{}
		if err := s.List(ctx, pods, client.InNamespace(s.ns), client.MatchingLabels{
			v1alpha1.LabelEvaluation: runs.EvaluationLabel(unfinished[0].Name),
		}); err != nil || len(pods.Items) != 1 {
			return errors.Join(err, fmt.Errorf("%s has %d pods, want one: %+v", unfinished[0].Name, len(pods.Items), unfinished[0].Status))
		}
		pod := &pods.Items[0]
		pod.Status.Phase = corev1.PodSucceeded
		pod.Status.ContainerStatuses = []corev1.ContainerStatus{{
			Name: runs.CollectContainer,
			State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
				Reason: "Completed", Message: string(message), FinishedAt: metav1.Now(),
			}},
		}}
		return shared.kubelet.Status().Update(ctx, pod)
	})
}

// measured is a report of a rate over 1000 samples.
func (s *scenario) measured(value string) []byte {
	return runs.Report{Measurement: &v1alpha1.Measurement{
		Metric: "attack/accuracy", Value: value, EndMarker: "status is success", Format: "inspect-json", Tool: "inspect_ai 0.3.140",
		Planned: new(int64(1000)), Judged: new(int64(1000)), Unjudged: new(int64(0)), Errored: new(int64(0)),
		SHA256: fixture.SHA256(s.ns + value),
	}}.Encode()
}

// release makes the release "m1", whose weights are its own.
func (s *scenario) release(mode v1alpha1.EvaluationMode) *v1alpha1.ModelRelease {
	s.t.Helper()
	r := &v1alpha1.ModelRelease{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "m1"},
		Spec: v1alpha1.ModelReleaseSpec{
			Policy: s.policy.Name, Model: v1alpha1.Model{Name: "m1"}, Level: "L1", Exposure: "General", Evaluations: mode,
			Artifacts: []v1alpha1.Artifact{
				{Name: "weights", Type: v1alpha1.ArtifactWeights, Digest: s.weights().Digest},
				{Name: "server", Type: v1alpha1.ArtifactServer, Digest: fixture.Digest("server")},
			},
		},
	}
	s.must(s.Create(s.t.Context(), r))
	return r
}

func (s *scenario) weights() v1alpha1.SubjectArtifact { return fixture.Weights(s.ns) }

// bring imports a result of "attack" as a person would: its file is owned by the evaluation.
func (s *scenario) bring(name string, rate float64, ended time.Time) {
	s.t.Helper()
	e := &v1alpha1.SafetyEvaluation{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: name},
		Spec: v1alpha1.SafetyEvaluationSpec{
			Subject:     v1alpha1.EvaluationSubject{Release: "m1", Artifacts: []v1alpha1.SubjectArtifact{s.weights()}},
			Requirement: "attack",
			Report:      &v1alpha1.Report{ConfigMap: &v1alpha1.ConfigMapKey{Name: name, Key: "report.json"}},
		},
	}
	s.must(s.Create(s.t.Context(), e))
	s.must(s.Create(s.t.Context(), &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: name, OwnerReferences: []metav1.OwnerReference{{
			APIVersion: v1alpha1.SchemeGroupVersion.String(), Kind: "SafetyEvaluation", Name: name, UID: e.UID,
		}}},
		Data: map[string]string{"report.json": inspectLog(s.ns+"/"+name, rate, ended)},
	}))
}

func inspectLog(id string, rate float64, ended time.Time) string {
	at := ended.UTC().Format(time.RFC3339)
	return fmt.Sprintf(`{"version": 2, "status": "success",
 "eval": {"eval_id": %q, "run_id": %q, "created": %q, "task": "attack", "model": "example/model", "dataset": {"samples": 1000},
  "config": {"epochs": 1}, "packages": {"inspect_ai": "0.3.140"}},
 "plan": {"steps": []},
 "results": {"total_samples": 1000, "completed_samples": 1000, "scores": [
  {"name": "attack", "scorer": "attack", "reducer": null, "scored_samples": 1000, "unscored_samples": 0, "params": {},
   "metrics": {"accuracy": {"name": "accuracy", "value": %v}}}]},
 "stats": {"started_at": %q, "completed_at": %q}}`, id, id, at, rate, at, at)
}

// runs are the finished and the unfinished runs of a requirement.
func (s *scenario) runs(ctx context.Context, requirement string) (finished, unfinished []v1alpha1.SafetyEvaluation, err error) {
	list := &v1alpha1.SafetyEvaluationList{}
	err = s.List(ctx, list, client.InNamespace(s.ns))
	for _, e := range list.Items {
		switch {
		case e.Spec.Job == nil || e.Spec.Requirement != requirement:
		case e.Status.Run != nil && !e.Status.Run.FinishTime.IsZero():
			finished = append(finished, e)
		default:
			unfinished = append(unfinished, e)
		}
	}
	return finished, unfinished, err
}

// finished waits until so many runs of a requirement have ended and none goes on, and returns them.
func (s *scenario) finished(requirement string, want int) []v1alpha1.SafetyEvaluation {
	s.t.Helper()
	var all []v1alpha1.SafetyEvaluation
	s.eventually(func(ctx context.Context) error {
		finished, unfinished, err := s.runs(ctx, requirement)
		all = finished
		if err != nil || len(finished) != want || len(unfinished) > 0 {
			return errors.Join(err, fmt.Errorf("%d runs of %s have ended and %d go on, want %d and none", len(finished), requirement, len(unfinished), want))
		}
		return nil
	})
	return all
}

// state waits until a requirement of the release is in a state.
func (s *scenario) state(requirement string, want v1alpha1.RequirementState) v1alpha1.RequirementStatus {
	s.t.Helper()
	var got v1alpha1.RequirementStatus
	s.eventually(func(ctx context.Context) error {
		r := &v1alpha1.ModelRelease{}
		if err := s.Get(ctx, client.ObjectKey{Namespace: s.ns, Name: "m1"}, r); err != nil {
			return err
		}
		i := slices.IndexFunc(r.Status.Requirements, func(q v1alpha1.RequirementStatus) bool { return q.Name == requirement && q.State == want })
		if i < 0 {
			return fmt.Errorf("%s is not %s: %+v", requirement, want, r.Status.Requirements)
		}
		got = r.Status.Requirements[i]
		return nil
	})
	return got
}

// event waits for an event about the release, whose text holds this.
func (s *scenario) event(reason, text string) {
	s.t.Helper()
	s.eventually(func(ctx context.Context) error {
		list := &corev1.EventList{}
		if err := s.List(ctx, list, client.InNamespace(s.ns)); err != nil {
			return err
		}
		for i := range list.Items {
			if e := &list.Items[i]; e.Reason == reason && e.InvolvedObject.Name == "m1" && strings.Contains(e.Message, text) {
				return nil
			}
		}
		return fmt.Errorf("there is no event %s that says %q", reason, text)
	})
}

// eventually polls until check returns nil, and fails with its last error.
func (s *scenario) eventually(check func(context.Context) error) {
	s.t.Helper()
	var last error
	err := wait.PollUntilContextTimeout(s.t.Context(), 100*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
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
		{"get", "jobs,pods", "-o", "wide"}, {"get", "events"},
	} {
		out, err := shared.Kubectl(context.Background(), shared.Admin(), append(args, "-n", s.ns)...)
		s.t.Logf("kubectl %v: %s %v", args, out, err)
	}
	if log, err := os.ReadFile(shared.LogPath(installation.Manager)); err == nil {
		s.t.Logf("the manager's log ends in:\n%s", log[max(0, len(log)-12000):])
	}
}
