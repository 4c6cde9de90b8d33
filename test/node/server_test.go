// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"encoding/json"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/runs"
	"github.com/scalegate/scalegate/test/node/stub"
)

// serverPort is where the model listens.
const serverPort = 8000

// servingPod is a pod that serves the release of a scenario that is served, as it is declared.
func servingPod(args []string) corev1.PodSpec {
	return corev1.PodSpec{
		EnableServiceLinks:            new(false),
		AutomountServiceAccountToken:  new(false),
		TerminationGracePeriodSeconds: new(int64(0)),
		Containers: []corev1.Container{{
			Name: "server", Image: shared.evaluator.Repository + "@" + shared.evaluatorDigest, Args: args,
			Ports:     []corev1.ContainerPort{{ContainerPort: serverPort}},
			Resources: limited("128Mi"),
			ReadinessProbe: &corev1.Probe{
				PeriodSeconds: 1,
				ProbeHandler:  corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/healthz", Port: intstr.FromInt32(serverPort)}},
			},
		}, {
			Name: "weights", Image: shared.weights.Repository + "@" + shared.weightsDigest, Resources: limited("32Mi"),
		}},
	}
}

// TestTheModelUnderTestIsGatedAndAsked serves the model under the exposure for evaluations. Its pod is
// born held and stays so, without a Job, while the policy asks for evidence even there. Once the policy
// does not, the model answers the evaluator at the address that it is told, and goes when it is done.
func TestTheModelUnderTestIsGatedAndAsked(t *testing.T) {
	s := begin(t, requirement("inspect-json"))
	s.served()
	s.allowEvaluation(false)
	model := stub.Run{Seed: 11, Samples: 60, Rate: 0.15}
	args := serveArgs(model)
	s.release(args...)
	asking := evaluating("inspect-json", "-samples=60")
	asking.server = s.server(args)
	watching := s.watchServer()
	s.evaluate("asked", "inspect-json", s.suite(asking))
	s.bornHeld(<-watching)
	s.eventually("the evaluation says that its server is held", func(ctx context.Context) (bool, error) {
		e := &v1alpha1.SafetyEvaluation{}
		err := s.Get(ctx, client.ObjectKey{Namespace: s.name, Name: "asked"}, e)
		ready := meta.FindStatusCondition(e.Status.Conditions, v1alpha1.ConditionReady)
		return ready != nil && ready.Reason == v1alpha1.ReasonServerHeld, err
	})
	var jobs batchv1.JobList
	s.must(s.List(t.Context(), &jobs, client.InNamespace(s.name)))
	if len(jobs.Items) != 1 || !runs.OfServer(&jobs.Items[0]) {
		t.Errorf("Jobs although the model is held: %+v", jobs.Items)
	}

	s.allowEvaluation(true)
	e := s.finished("asked")
	if e.Status.Run.Reason != "" {
		t.Fatalf("the run ended with %s: %s", e.Status.Run.Reason, e.Status.Run.Message)
	}
	if got := said(t, e.Status.Measurement); got.Value != model.AttackRate() || got.Judged != model.Judged() {
		t.Errorf("recorded %+v, want what the model answered: %v over %d", got, model.AttackRate(), model.Judged())
	}
	s.eventually("the server is gone", func(ctx context.Context) (bool, error) {
		var pods corev1.PodList
		err := s.List(ctx, &pods, client.InNamespace(s.name), client.HasLabels{v1alpha1.LabelRelease})
		return len(pods.Items) == 0, err
	})
	s.eventually("the release is granted General", func(context.Context) (bool, error) { return s.exposure() == "General", nil })
}

// bornHeld checks the server's pod as it was born.
func (s *scenario) bornHeld(server *corev1.Pod) {
	s.t.Helper()
	if len(server.Spec.SchedulingGates) == 0 {
		s.t.Errorf("the server was born without a gate: %v", server.Labels)
	}
	if server.Labels[v1alpha1.LabelExposure] != "Evaluation" || server.Labels[v1alpha1.LabelRelease] != "model" {
		s.t.Errorf("the server claims %v, want the release under Evaluation", server.Labels)
	}
}

// allowEvaluation says whether the policy lets a model be served to its evaluations without evidence.
func (s *scenario) allowEvaluation(allow bool) {
	s.t.Helper()
	policy := &v1alpha1.SafetyPolicy{}
	s.must(s.Get(s.t.Context(), client.ObjectKey{Name: s.name}, policy))
	before := policy.DeepCopy()
	policy.Spec.Exposures[0].WithoutEvidence = ""
	if allow {
		policy.Spec.Exposures[0].WithoutEvidence = v1alpha1.WithoutEvidenceAllowed
	}
	s.must(s.Patch(s.t.Context(), policy, client.MergeFrom(before)))
}

// server is a suite's server, written for whatever release is evaluated.
func (s *scenario) server(args []string) *v1alpha1.SuiteServer {
	s.t.Helper()
	pod := servingPod(args)
	pod.Containers[0].Image = "$(SCALEGATE_ARTIFACT_SERVER_PINNED)"
	pod.Containers[1].Image = "$(SCALEGATE_ARTIFACT_WEIGHTS_PINNED)"
	template, err := json.Marshal(corev1.PodTemplateSpec{Spec: pod})
	s.must(err)
	return &v1alpha1.SuiteServer{PodTemplate: runtime.RawExtension{Raw: template}, Port: serverPort}
}

// watchServer sends the server's pod as it is born.
func (s *scenario) watchServer() <-chan *corev1.Pod {
	s.t.Helper()
	watching, err := client.NewWithWatch(shared.Admin(), client.Options{Scheme: s.Scheme()})
	s.must(err)
	events, err := watching.Watch(s.t.Context(), &corev1.PodList{}, client.InNamespace(s.name), client.HasLabels{v1alpha1.LabelRelease})
	s.must(err)
	s.t.Cleanup(events.Stop)
	born := make(chan *corev1.Pod, 1)
	go func() {
		for event := range events.ResultChan() {
			if pod, ok := event.Object.(*corev1.Pod); ok {
				born <- pod
				return
			}
		}
		born <- &corev1.Pod{ObjectMeta: metav1.ObjectMeta{}}
	}()
	return born
}
