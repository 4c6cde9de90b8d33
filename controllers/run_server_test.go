// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/runs"
)

// runOf is what is known of an evaluation "e1" that a suite with a server is run for, and of which nothing is there yet.
func runOf(modifiers ...func(*knowledge)) *knowledge {
	e := new(fixture.Evaluation("e1", "attack", "0", fixture.Run(time.Time{}), fixture.Unread()))
	e.Status.Run = &v1alpha1.EvaluationRun{SuiteDigest: fixture.SHA256("attack-suite")}
	k := &knowledge{now: now(), evaluation: e, release: release()}
	k.plan.input = runs.Input{
		Evaluation: e, Release: k.release, Metric: "attack/rate", Exposure: "Evaluation",
		Suite: &v1alpha1.EvaluationSuite{Spec: v1alpha1.EvaluationSuiteSpec{Server: &v1alpha1.SuiteServer{ReadySeconds: 600}}},
	}
	for _, modify := range modifiers {
		modify(k)
	}
	return k
}

// owned is the metadata of an object that the evaluation controls.
func owned(e *v1alpha1.SafetyEvaluation, name string) metav1.ObjectMeta {
	meta := stored(name)
	meta.Labels = map[string]string{v1alpha1.LabelEvaluation: e.Name}
	meta.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(e, v1alpha1.SchemeGroupVersion.WithKind("SafetyEvaluation"))}
	return meta
}

// serverObjects are what a suite with a server is made of, as far as serving goes.
func serverObjects() *runs.Objects {
	meta := metav1.ObjectMeta{Name: "model-e1"}
	return &runs.Objects{
		Server: &batchv1.Job{ObjectMeta: meta}, Service: &corev1.Service{ObjectMeta: meta}, NetworkPolicy: &networkingv1.NetworkPolicy{ObjectMeta: meta},
	}
}

func fenced(k *knowledge) {
	k.policies = []metav1.PartialObjectMetadata{{TypeMeta: metav1.TypeMeta{Kind: "NetworkPolicy"}, ObjectMeta: owned(k.evaluation, "model-e1")}}
}

func reachable(k *knowledge) {
	fenced(k)
	k.services = []metav1.PartialObjectMetadata{{TypeMeta: metav1.TypeMeta{Kind: "Service"}, ObjectMeta: owned(k.evaluation, "model-e1")}}
}

// ordered adds the Job of the server, which has no pod yet.
func ordered(modifiers ...func(*batchv1.Job)) func(*knowledge) {
	return func(k *knowledge) {
		reachable(k)
		k.serverJob = &batchv1.Job{ObjectMeta: owned(k.evaluation, runs.ServerName(k.evaluation))}
		for _, modify := range modifiers {
			modify(k.serverJob)
		}
	}
}

// serving adds the server's Job and a pod of it, which is open since the time, and in this state.
func serving(since time.Time, modifiers ...func(*corev1.Pod)) func(*knowledge) {
	return func(k *knowledge) {
		ordered()(k)
		if k.evaluation.Status.Run == nil {
			k.evaluation.Status.Run = &v1alpha1.EvaluationRun{}
		}
		if !since.IsZero() {
			k.evaluation.Status.Run.ServerTime = &metav1.Time{Time: since}
		}
		pod := corev1.Pod{ObjectMeta: owned(k.evaluation, "model-e1")}
		pod.UID = fixture.UID("server")
		pod.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(k.serverJob, batchv1.SchemeGroupVersion.WithKind("Job"))}
		for _, modify := range modifiers {
			modify(&pod)
		}
		k.pods = append(k.pods, pod)
	}
}

// bare makes the server's pod one that an earlier version of Scalegate made itself, without a Job.
func bare(k *knowledge) {
	k.serverJob = nil
	for i := range k.pods {
		k.pods[i].OwnerReferences = owned(k.evaluation, "").OwnerReferences
	}
}

// notOrdered has the server's Job be gone before its pod.
func notOrdered(k *knowledge) { k.serverJob = nil }

func suspended(j *batchv1.Job) { j.Spec.Suspend = new(true) }

// measuredAgainst records that the first pod served when the Job was made.
func measuredAgainst(k *knowledge) { k.evaluation.Status.Run.ServerUID = string(fixture.UID("server")) }

// another makes a pod one that came in place of the first.
func another(p *corev1.Pod) { p.Name, p.UID = "model-e2", fixture.UID("another server") }

// exited makes a container of a pod have exited with a code.
func exited(code int32, again corev1.RestartPolicy, modifiers ...func(*corev1.Container)) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Spec.RestartPolicy, p.Spec.Containers = again, []corev1.Container{{Name: "server"}}
		for _, modify := range modifiers {
			modify(&p.Spec.Containers[0])
		}
		p.Status.ContainerStatuses = []corev1.ContainerStatus{{
			Name: "server", State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: code}},
		}}
	}
}

// restarts gives a container a policy of its own.
func restarts(own corev1.ContainerRestartPolicy) func(*corev1.Container) {
	return func(c *corev1.Container) { c.RestartPolicy = &own }
}

// byRules has rules decide whether a container starts again.
func byRules(c *corev1.Container) {
	c.RestartPolicyRules = []corev1.ContainerRestartRule{{Action: corev1.ContainerRestartRuleActionRestart}}
}

func phase(phase corev1.PodPhase) func(*corev1.Pod) {
	return func(p *corev1.Pod) { p.Status.Phase = phase }
}

func isReady(p *corev1.Pod) {
	p.Status.Phase = corev1.PodRunning
	p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
}

func waitsFor(reason string, restarts int32) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Status.Phase = corev1.PodPending
		p.Status.ContainerStatuses = []corev1.ContainerStatus{{
			Name: "server", RestartCount: restarts, State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason}},
		}}
	}
}

func goes(o *corev1.Pod) { o.DeletionTimestamp = new(now()) }

// serverCase is what is known, and what comes next until the model is served.
type serverCase struct {
	known  *knowledge
	makes  client.Object // what is made
	ready  bool
	ends   bool // the run ends
	reason string
	says   string
	again  time.Duration
}

func testServer(t *testing.T, test serverCase) {
	t.Helper()
	got, ready := test.known.serve(serverObjects())
	keepEvaluation(t, test.known.evaluation, got.state)
	if ready != test.ready || got.again != test.again {
		t.Errorf("ready = %v, again in %v", ready, got.again)
	}
	if (got.make == nil) != (test.makes == nil) || got.make != nil && typeOf(got.make) != typeOf(test.makes) {
		t.Errorf("makes %T, want %T", got.make, test.makes)
	}
	if s := got.state.summary; s.reason != test.reason || !strings.Contains(s.message, test.says) {
		t.Errorf("summary = %+v", s)
	}
	if ends := got.state.run != nil && got.state.run.FinishTime != nil; ends != test.ends {
		t.Errorf("the run ends: %v", ends)
	}
}

func TestServingTheModelToItsEvaluation(t *testing.T) {
	began := now().Add(-5 * time.Minute)
	workload := func(k *knowledge) {
		k.release.Status.Workloads = []v1alpha1.WorkloadStatus{{Kind: "Job", Name: runs.ServerName(k.evaluation), Reason: "WorkloadMismatch", Message: "the image is another one"}}
	}
	refused := func(k *knowledge) {
		k.release.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Reason: "AdverseFinding", Message: "attack failed"}}
	}
	for sentence, test := range map[string]serverCase{
		"who may reach it is said first": {known: runOf(), makes: &networkingv1.NetworkPolicy{}},
		"then its name is made":          {known: runOf(fenced), makes: &corev1.Service{}},
		"then what makes its pod":        {known: runOf(reachable), makes: &batchv1.Job{}},
		"its pod is waited for":          {known: runOf(ordered()), reason: v1alpha1.ReasonServerStarting, says: "has none: the Job has no pod yet"},
		"also where the Job is suspended": {
			known: runOf(ordered(suspended)), reason: v1alpha1.ReasonQueued, says: "has none: the Job is suspended",
		},
		"a Job that is held is answered for by the release": {
			known:  runOf(ordered(suspended, func(j *batchv1.Job) { j.Annotations = map[string]string{v1alpha1.AnnotationHeld: v1alpha1.HeldResume} }), workload),
			reason: v1alpha1.ReasonServerHeld, says: "Scalegate holds it until the release is cleared for the exposure that its pod claims: release m1 says WorkloadMismatch: the image is another one",
		},
		"a Job that goes is waited for": {
			known: runOf(ordered(isLeaving)), reason: v1alpha1.ReasonServerStarting, says: "until Job model-e1",
		},
		"a pod that goes is waited for": {known: runOf(serving(began, goes)), reason: v1alpha1.ReasonServerStarting, says: "until Pod model-e1 is gone"},
		"so is one whose Job goes":      {known: runOf(serving(began, isReady), orderedNoMore), reason: v1alpha1.ReasonServerStarting, says: "until Pod model-e1 is gone"},
		"and one whose Job is gone":     {known: runOf(serving(began, isReady), notOrdered), reason: v1alpha1.ReasonServerStarting, says: "until Pod model-e1 is gone"},
		"and one of a Job that was there before": {
			known: runOf(serving(began, isReady), func(k *knowledge) { k.serverJob.UID = "another" }), reason: v1alpha1.ReasonServerStarting, says: "until Pod model-e1 is gone",
		},
		"a NetworkPolicy that goes is waited for": {
			known:  runOf(fenced, func(k *knowledge) { k.policies[0].DeletionTimestamp = new(now()) }),
			reason: v1alpha1.ReasonServerStarting, says: "until NetworkPolicy model-e1 is gone",
		},
		"a pod that is held is answered for by the release": {
			known: runOf(serving(time.Time{}, waits), workload, refused), reason: v1alpha1.ReasonServerHeld, says: "release m1 says WorkloadMismatch: the image is another one",
		},
		"by its condition while it says nothing of the pod": {
			known: runOf(serving(time.Time{}, waits), refused), reason: v1alpha1.ReasonServerHeld, says: "says nothing of it yet, and of itself AdverseFinding: attack failed",
		},
		"a release that nobody looked at says nothing": {
			known: runOf(serving(time.Time{}, waits)), reason: v1alpha1.ReasonServerHeld, says: "was not looked at yet",
		},
		"a release that is gone neither": {
			known:  runOf(serving(time.Time{}, waits), func(k *knowledge) { k.release = nil }),
			reason: v1alpha1.ReasonServerHeld, says: "ModelRelease m1 does not exist",
		},
	} {
		t.Run(sentence, func(t *testing.T) { testServer(t, test) })
	}
}

func TestAServerStarts(t *testing.T) {
	began := now().Add(-5 * time.Minute)
	for sentence, test := range map[string]serverCase{
		"when it is open its time begins": {known: runOf(serving(time.Time{})), reason: v1alpha1.ReasonServerStarting, says: "not held any more"},
		"until it is ready it is waited for, and looked at again at the end": {
			known: runOf(serving(began)), reason: v1alpha1.ReasonServerStarting, says: "must be ready by 2026-01-02T00:05:00Z", again: 5 * time.Minute,
		},
		"a pod without a node is waited for too": {
			known: runOf(serving(began, func(p *corev1.Pod) {
				p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: "Unschedulable"}}
			})), reason: v1alpha1.ReasonServerStarting, says: "not scheduled: Unschedulable", again: 5 * time.Minute,
		},
		"an image that may still come is waited for": {
			known: runOf(serving(began, waitsFor("ErrImagePull", 0))), reason: v1alpha1.ReasonServerStarting, says: "ErrImagePull", again: 5 * time.Minute,
		},
		"when its time is over the run ends": {
			known: runOf(serving(now().Add(-10 * time.Minute))), ends: true, reason: v1alpha1.ReasonServerFailed, says: "was not ready within 10m0s",
		},
		"where the suite does not say it has an hour": {
			known: runOf(serving(began), func(k *knowledge) { k.plan.input.Suite.Spec.Server.ReadySeconds = 0 }), reason: v1alpha1.ReasonServerStarting, again: 55 * time.Minute,
		},
		"a server that crashes again and again ends the run": {
			known: runOf(serving(began, waitsFor("CrashLoopBackOff", 3))), ends: true, reason: v1alpha1.ReasonServerFailed, says: "CrashLoopBackOff after 3 restarts",
		},
		"so does an image that cannot be pulled": {
			known: runOf(serving(began, waitsFor("ImagePullBackOff", 0))), ends: true, reason: v1alpha1.ReasonServerFailed, says: "ImagePullBackOff",
		},
		"so does a pod that failed": {
			known: runOf(serving(began, phase(corev1.PodFailed), func(p *corev1.Pod) { p.Status.Reason = "Evicted" })),
			ends:  true, reason: v1alpha1.ReasonServerFailed, says: "ended (Evicted)",
		},
		"and one that ended without a word": {
			known: runOf(serving(began, phase(corev1.PodSucceeded))), ends: true, reason: v1alpha1.ReasonServerFailed, says: "a container of it exited",
		},
		"and one whose container says how it ended": {
			known: runOf(serving(began, phase(corev1.PodFailed), func(p *corev1.Pod) {
				p.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "server", State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 137, Reason: "OOMKilled"}}}}
			})), ends: true, reason: v1alpha1.ReasonServerFailed, says: "container server exited with 137 OOMKilled",
		},
		"one that is ready serves": {known: runOf(serving(began, isReady)), ready: true},
		"also when its time is over": {
			known: runOf(serving(now().Add(-time.Hour), isReady)), ready: true,
		},
		"a pod with its label that the evaluation does not control is not its server": {
			known: runOf(reachable, func(k *knowledge) {
				forged := corev1.Pod{ObjectMeta: stored("model-e1")}
				isReady(&forged)
				k.pods = append(k.pods, forged)
			}), makes: &batchv1.Job{},
		},
		"one that ended hides the one in its place": {
			known: runOf(serving(began, phase(corev1.PodFailed)), serving(began, another, isReady)),
			ends:  true, reason: v1alpha1.ReasonServerFailed, says: "pod model-e1",
		},
		"in whatever order": {
			known: runOf(serving(began, another, isReady), serving(began, phase(corev1.PodFailed))),
			ends:  true, reason: v1alpha1.ReasonServerFailed, says: "pod model-e1",
		},
		"one that was deleted before the suite ran does not": {
			known: runOf(serving(began, phase(corev1.PodFailed), goes), serving(began, another, isReady)), ready: true,
		},
		"one that an earlier version made serves too": {known: runOf(serving(began, isReady), bare), ready: true},
		"and is waited for": {
			known: runOf(serving(began), bare), reason: v1alpha1.ReasonServerStarting, says: "must be ready by", again: 5 * time.Minute,
		},
	} {
		t.Run(sentence, func(t *testing.T) { testServer(t, test) })
	}
}

func TestTheTimeOfAServerBeginsAnewWhenItIsHeldAgain(t *testing.T) {
	open, _ := runOf(serving(time.Time{})).serve(serverObjects())
	if at := open.state.run.ServerTime; at == nil || !at.Equal(new(now())) || open.rests() {
		t.Errorf("the time of the server began %v, and the run rests: %v", at, open.rests())
	}
	before := func(k *knowledge) { k.evaluation.Status.Run.ServerTime = &metav1.Time{Time: now().Add(-2 * time.Hour)} }
	for sentence, known := range map[string]*knowledge{
		"a pod that is held again":                runOf(serving(now().Time, waits)),
		"a pod that goes":                         runOf(serving(now().Time, goes)),
		"a Job that is suspended after it served": runOf(ordered(suspended), before),
		"a Job that has no pod any more":          runOf(ordered(), before),
		"a Job that goes":                         runOf(ordered(isLeaving), before),
	} {
		t.Run(sentence, func(t *testing.T) {
			s, _ := known.serve(serverObjects())
			if run := s.state.run; run == nil || run.ServerTime != nil || run.SuiteDigest == "" {
				t.Errorf("run = %+v", run)
			}
		})
	}
}

func TestTheServerIsNeededWhileTheSuiteRuns(t *testing.T) {
	began := now().Add(-time.Hour)
	for sentence, test := range map[string]struct {
		known *knowledge
		lost  string
	}{
		"a suite without a server loses none":     {known: runOf()},
		"a server that serves is not lost":        {known: runOf(serving(began, isReady))},
		"nor one that its kubelet starts again":   {known: runOf(serving(began, waitsFor("CrashLoopBackOff", 5), phase(corev1.PodRunning)))},
		"one that was deleted is":                 {known: runOf(serving(began), func(k *knowledge) { k.pods = nil }), lost: "was deleted"},
		"and one that is being deleted":           {known: runOf(serving(began, isReady, goes)), lost: "was deleted"},
		"and one that was evicted by its kubelet": {known: runOf(serving(began, phase(corev1.PodFailed))), lost: "ended"},
		"and one of which a container is done":    {known: runOf(serving(began, isReady, exited(0, corev1.RestartPolicyOnFailure))), lost: "ended"},
		"or failed, and is not started again":     {known: runOf(serving(began, isReady, exited(1, corev1.RestartPolicyNever))), lost: "exited with 1"},
		"but none of which it is":                 {known: runOf(serving(began, isReady, exited(1, corev1.RestartPolicyOnFailure)))},
		"nor one that starts again by its own":    {known: runOf(serving(began, isReady, exited(0, corev1.RestartPolicyOnFailure, restarts(corev1.ContainerRestartPolicyAlways))))},
		"but one that does not by its own is":     {known: runOf(serving(began, isReady, exited(1, corev1.RestartPolicyOnFailure, restarts(corev1.ContainerRestartPolicyNever)))), lost: "exited with 1"},
		"unless rules decide":                     {known: runOf(serving(began, isReady, exited(1, corev1.RestartPolicyNever, byRules)))},
		"nor one that always starts again":        {known: runOf(serving(began, isReady, exited(0, corev1.RestartPolicyAlways)), bare)},
		"one that is on record is not lost":       {known: runOf(serving(began, isReady), measuredAgainst)},
		"whatever is beside it":                   {known: runOf(serving(began, another, phase(corev1.PodFailed)), serving(began, isReady), measuredAgainst)},
		"another one in its place is none": {
			known: runOf(serving(began, goes), serving(began, another, isReady), measuredAgainst), lost: "was deleted",
		},
		"also once it is gone":                     {known: runOf(serving(began, another, isReady), measuredAgainst), lost: "was deleted"},
		"one of an earlier version is not lost":    {known: runOf(serving(began, isReady), bare)},
		"unless it was deleted, and none is there": {known: runOf(serving(began, goes), bare), lost: "was deleted"},
		"one whose Job goes is lost":               {known: runOf(serving(began, isReady), orderedNoMore), lost: "was deleted"},
		"and one whose Job is gone":                {known: runOf(serving(began, isReady), measuredAgainst, notOrdered), lost: "was deleted"},
	} {
		t.Run(sentence, func(t *testing.T) {
			if got := test.known.lostServer(); (got == "") != (test.lost == "") || !strings.Contains(got, test.lost) {
				t.Errorf("lost: %q", got)
			}
		})
	}
}
