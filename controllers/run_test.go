// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/runs"
)

// unrun is an evaluation "e1" that asks for a run of the suite, and that nobody has looked at.
func unrun() *v1alpha1.SafetyEvaluation {
	e := new(fixture.Evaluation("e1", "attack", "", fixture.Run(time.Time{})))
	e.Status = v1alpha1.SafetyEvaluationStatus{}
	return e
}

// suiteWorld is a cluster in which a suite can be run.
func suiteWorld(suite ...func(*v1alpha1.EvaluationSuite)) []client.Object {
	return []client.Object{governed(v1alpha1.GateEnforced), measuring(), release(), fixture.Suite("attack-suite", suite...), unrun()}
}

// evaluator reconciles "e1" at a time, through a client that fails as it is told.
type evaluator struct {
	c *cluster
	// calls is how many there were, failing the number of the one that fails. With carriedOut it fails after it took effect;
	// then only writes count, since a read has none.
	calls, failing int
	carriedOut     bool
}

func (v *evaluator) reconcile(at time.Time) (ctrl.Result, error) {
	v.c.t.Helper()
	unsure := unsureClient{v.c.live(), v}
	r := &SafetyEvaluationReconciler{
		Client: unsure, Live: unsure, Runs: v.c.api, Events: v.c, Collector: &Collector{Image: "scalegate:test"},
		Now: func() metav1.Time { return metav1.NewTime(at) },
	}
	return r.Reconcile(v.c.t.Context(), read(v.c, unrun()))
}

// must reconciles now and fails the test on an error.
func (v *evaluator) must() ctrl.Result {
	v.c.t.Helper()
	result, err := v.reconcile(now().Time)
	if err != nil {
		v.c.t.Fatal(err)
	}
	return result
}

func (v *evaluator) read(do func() error) error {
	if v.carriedOut {
		return do()
	}
	return v.write(do)
}

func (v *evaluator) write(do func() error) error {
	v.calls++
	switch {
	case v.calls != v.failing:
		return do()
	case v.carriedOut:
		return errors.Join(errBroken, do())
	default:
		return errBroken
	}
}

// unsureClient fails one call.
type unsureClient struct {
	client.Client
	v *evaluator
}

func (u unsureClient) Get(ctx context.Context, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
	return u.v.read(func() error { return u.Client.Get(ctx, key, o, opts...) })
}

func (u unsureClient) List(ctx context.Context, list client.ObjectList, opts ...client.ListOption) error {
	return u.v.read(func() error { return u.Client.List(ctx, list, opts...) })
}

func (u unsureClient) Create(ctx context.Context, o client.Object, opts ...client.CreateOption) error {
	return u.v.write(func() error { return u.Client.Create(ctx, o, opts...) })
}

func (u unsureClient) Delete(ctx context.Context, o client.Object, opts ...client.DeleteOption) error {
	return u.v.write(func() error { return u.Client.Delete(ctx, o, opts...) })
}

func (u unsureClient) Status() client.SubResourceWriter { return unsureStatus{u.Client.Status(), u.v} }

type unsureStatus struct {
	client.SubResourceWriter
	v *evaluator
}

func (u unsureStatus) Apply(ctx context.Context, o runtime.ApplyConfiguration, opts ...client.SubResourceApplyOption) error {
	return u.v.write(func() error { return u.SubResourceWriter.Apply(ctx, o, opts...) })
}

// jobs are those that run the suite, and servers those that serve the model to it.
func (c *cluster) jobs() []batchv1.Job {
	c.t.Helper()
	return slices.DeleteFunc(c.allJobs(), func(j batchv1.Job) bool { return runs.OfServer(&j) })
}

func (c *cluster) servers() []batchv1.Job {
	c.t.Helper()
	return slices.DeleteFunc(c.allJobs(), func(j batchv1.Job) bool { return !runs.OfServer(&j) })
}

func (c *cluster) allJobs() []batchv1.Job {
	c.t.Helper()
	var list batchv1.JobList
	if err := c.api.List(c.t.Context(), &list); err != nil {
		c.t.Fatal(err)
	}
	return list.Items
}

func (c *cluster) serverParts() (parts []string) {
	c.t.Helper()
	for _, job := range c.servers() {
		parts = append(parts, "Job "+job.Name)
	}
	for _, list := range []client.ObjectList{&corev1.PodList{}, &corev1.ServiceList{}, &networkingv1.NetworkPolicyList{}} {
		if err := c.api.List(c.t.Context(), list); err != nil {
			c.t.Fatal(err)
		}
		if err := meta.EachListItem(list, func(o runtime.Object) error {
			if o, ok := o.(client.Object); ok && (metav1.IsControlledBy(o, unrun()) || o.GetName() == serverPod) {
				parts = append(parts, c.kind(o)+" "+o.GetName())
			}
			return nil
		}); err != nil {
			c.t.Fatal(err)
		}
	}
	return parts
}

// serverPod is the name of the pod that serves the model.
const serverPod = "the-server"

// progress is what the rest of a cluster does: it makes the pod of the server, opens it and has it ready, and ends every Job
// well, with a result that bears the Job's UID as the identifier of its run.
func (c *cluster) progress() {
	c.t.Helper()
	for _, job := range c.servers() {
		c.serve(podOf(&job, ""))
	}
	for _, job := range c.jobs() {
		if len(job.Status.Conditions) == 0 {
			c.complete(&job, runs.Report{Measurement: measured(string(job.UID))})
		}
	}
}

// serve has the pod serve the model, whoever made it.
func (c *cluster) serve(pod *corev1.Pod) {
	c.t.Helper()
	pod.Name, pod.Status = serverPod, corev1.PodStatus{}
	isReady(pod)
	if err := c.api.Create(c.t.Context(), pod); client.IgnoreAlreadyExists(err) != nil {
		c.t.Fatal(err)
	}
}

func (c *cluster) updateStatus(o client.Object) {
	c.t.Helper()
	if err := c.api.Status().Update(c.t.Context(), o); err != nil {
		c.t.Fatal(err)
	}
}

// measured is what a run of that identifier measured.
func measured(run string) *v1alpha1.Measurement {
	m := fixture.Evaluation("e1", "attack", "0.125").Status.Measurement
	m.Metric, m.RunID, m.EndTime = "attack/rate", run, new(now())
	return m
}

// complete ends a Job well, with that report.
func (c *cluster) complete(job *batchv1.Job, report runs.Report) {
	c.t.Helper()
	pod := podOf(job, string(report.Encode()))
	if err := c.api.Create(c.t.Context(), pod); err != nil {
		c.t.Fatal(err)
	}
	job.Status.Succeeded, job.Status.CompletionTime = 1, new(now())
	job.Status.Conditions = []batchv1.JobCondition{{Type: batchv1.JobComplete, Status: corev1.ConditionTrue}}
	c.updateStatus(job)
}

// podOf is a pod of a Job that ended well and left the message.
func podOf(job *batchv1.Job, message string) *corev1.Pod {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
		Namespace: job.Namespace, Name: job.Name + "-a", UID: fixture.UID("pod of " + string(job.UID)), CreationTimestamp: now(),
		Labels:          maps.Clone(job.Spec.Template.Labels),
		OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(job, batchv1.SchemeGroupVersion.WithKind("Job"))},
	}}
	pod.Spec = job.Spec.Template.Spec
	pod.Status = corev1.PodStatus{Phase: corev1.PodSucceeded, ContainerStatuses: []corev1.ContainerStatus{{
		Name: runs.CollectContainer, State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Message: message, FinishedAt: now()}},
	}}}
	return pod
}

func readyOf(e *v1alpha1.SafetyEvaluation) metav1.Condition {
	if c := meta.FindStatusCondition(e.Status.Conditions, v1alpha1.ConditionReady); c != nil {
		return *c
	}
	return metav1.Condition{}
}

func TestASuiteRuns(t *testing.T) {
	c := newCluster(t, suiteWorld()...)
	v := &evaluator{c: c}
	v.must()
	job := c.jobs()[0]
	c.wantLog("apply SafetyEvaluation e1", "create Job ", "apply SafetyEvaluation e1", "event Started SafetyEvaluation e1", "apply SafetyEvaluation e1")
	e := read(c, unrun())
	neverBoth(t, e.Status.Conditions)
	if run := e.Status.Run; run.JobUID != string(job.UID) || run.JobName != job.Name || !run.StartTime.Equal(new(now())) || len(run.SuiteDigest) != 64 || run.FinishTime != nil {
		t.Errorf("run = %+v", run)
	}
	if is := readyOf(e); is.Reason != v1alpha1.ReasonQueued || !strings.Contains(is.Message, "kubectl logs -n serving job/"+job.Name) {
		t.Errorf("ready = %+v", is)
	}
	if !metav1.IsControlledBy(&job, e) || job.Labels[v1alpha1.LabelEvaluation] != "e1" || job.Spec.Template.Spec.Containers[0].Image != "scalegate:test" {
		t.Errorf("job = %+v", job)
	}
	v.must()
	c.log = nil

	c.progress()
	if again := v.must().RequeueAfter; again != 7*24*time.Hour {
		t.Errorf("the Job is looked at again in %v", again)
	}
	c.wantLog("apply SafetyEvaluation e1", "event Measured SafetyEvaluation e1")
	e = read(c, unrun())
	neverBoth(t, e.Status.Conditions)
	if m := e.Status.Measurement; m == nil || m.Value != "0.125" || m.Metric != "attack/rate" {
		t.Errorf("measurement = %+v", m)
	}
	if run := e.Status.Run; !run.FinishTime.Equal(new(now())) || *run.Attempts != 1 || run.Reason != "" {
		t.Errorf("run = %+v", run)
	}
	v.must()
	c.wantLog("apply SafetyEvaluation e1", "event Measured SafetyEvaluation e1") // and not again

	if _, err := v.reconcile(now().Add(7*24*time.Hour - time.Second)); err != nil || len(c.jobs()) != 1 {
		t.Errorf("%d Jobs before the retention is over: %v", len(c.jobs()), err)
	}
	if result, err := v.reconcile(now().Add(7 * 24 * time.Hour)); err != nil || len(c.jobs()) != 0 || result.RequeueAfter != 0 {
		t.Errorf("%d Jobs when the retention is over, again in %v: %v", len(c.jobs()), result.RequeueAfter, err)
	}
	if after := read(c, unrun()); after.Status.Measurement == nil || readyOf(after).Reason != v1alpha1.ReasonMeasured {
		t.Errorf("status without its Job = %+v", after.Status)
	}
}

func TestASuiteWithAServerRuns(t *testing.T) {
	c := newCluster(t, suiteWorld(fixture.Serving())...)
	v := &evaluator{c: c}
	v.must()
	e := unrun()
	server := runs.ServerName(e)
	c.wantLog("apply SafetyEvaluation e1", "create NetworkPolicy "+server, "create Service "+server, "create Job "+server,
		"apply SafetyEvaluation e1")
	if is := readyOf(read(c, e)); is.Reason != v1alpha1.ReasonServerStarting || len(c.jobs()) != 0 {
		t.Errorf("ready = %+v with %d Jobs", is, len(c.jobs()))
	}
	owners := c.servers()[0].OwnerReferences
	if len(owners) != 2 || owners[1].Kind != "NetworkPolicy" || owners[1].Name != server || owners[1].UID == "" || !*owners[1].BlockOwnerDeletion {
		t.Errorf("owners of the server's Job: %+v", owners)
	}
	c.progress()
	v.must()
	if jobs := c.jobs(); len(jobs) != 1 {
		t.Fatalf("%d Jobs", len(jobs))
	}
	if run := read(c, e).Status.Run; run.ServerUID == "" || run.ServerTime == nil {
		t.Errorf("run = %+v", run)
	}
	c.progress()
	v.must()
	if left := c.serverParts(); len(left) != 0 || readyOf(read(c, e)).Reason != v1alpha1.ReasonMeasured {
		t.Errorf("left of the server: %q; ready = %+v", left, readyOf(read(c, e)))
	}
}

// The garbage collector may take the evaluation from the owners of the server's Job before either is gone.
func TestAServersJobIsKnownByItsName(t *testing.T) {
	c := newCluster(t, suiteWorld(fixture.Serving())...)
	v := &evaluator{c: c}
	v.must()
	job, e := c.servers()[0], read(c, unrun())
	job.OwnerReferences, e.Finalizers = job.OwnerReferences[1:], []string{"example.com/keep"}
	for _, err := range []error{c.api.Update(t.Context(), &job), c.api.Update(t.Context(), e), c.api.Delete(t.Context(), e)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	c.log = nil
	v.must()
	c.wantLog("delete Job "+job.Name, "delete Service "+job.Name, "delete NetworkPolicy "+job.Name)
}

// Whichever call fails, before it took effect or after: there are never two Jobs, the result is that of the Job on record,
// and the server is gone in the end.
func TestARunSurvivesACrashAtEveryStep(t *testing.T) {
	for sentence, test := range map[string]struct {
		carriedOut bool
		atLeast    int // calls of a run
	}{
		"before a call":  {atLeast: 40},
		"after a change": {carriedOut: true, atLeast: 12},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			objects := suiteWorld(fixture.Serving(), func(s *v1alpha1.EvaluationSuite) { s.Spec.JobRetentionSeconds = new(int64(60)) })
			smooth := &evaluator{c: newCluster(t, objects...), carriedOut: test.carriedOut}
			if errs := smooth.throughout("without a crash"); errs != 0 || smooth.calls < test.atLeast {
				t.Fatalf("%d errors in %d calls", errs, smooth.calls)
			}
			for failing := 1; failing <= smooth.calls; failing++ {
				v := &evaluator{c: newCluster(t, objects...), failing: failing, carriedOut: test.carriedOut}
				name := fmt.Sprintf("call %d", failing)
				if errs := v.throughout(name); errs != 1 {
					t.Errorf("%s: %d errors", name, errs)
				}
				v.checkEnd(name)
			}
		})
	}
}

// throughout reconciles until the run is over, and returns how often that failed.
func (v *evaluator) throughout(name string) (errs int) {
	v.c.t.Helper()
	for range 12 {
		result, err := v.reconcile(now().Time)
		if err != nil {
			errs++
			if !errors.Is(err, errBroken) {
				v.c.t.Errorf("%s: %v", name, err)
			}
		}
		if jobs := v.c.jobs(); len(jobs) > 1 {
			v.c.t.Fatalf("%s: %d Jobs", name, len(jobs))
		}
		if result.RequeueAfter == time.Minute {
			return errs
		}
		v.c.progress()
	}
	v.c.t.Fatalf("%s: the run does not end", name)
	return errs
}

func (v *evaluator) checkEnd(name string) {
	c, e := v.c, read(v.c, unrun())
	c.t.Helper()
	jobs := c.jobs()
	if len(jobs) != 1 || e.Status.Run == nil || e.Status.Run.JobUID != string(jobs[0].UID) {
		c.t.Fatalf("%s: %d Jobs, and on record is %+v", name, len(jobs), e.Status.Run)
	}
	if m := e.Status.Measurement; m == nil || m.RunID != string(jobs[0].UID) || readyOf(e).Reason != v1alpha1.ReasonMeasured {
		c.t.Errorf("%s: measurement = %+v, ready = %+v", name, m, readyOf(e))
	}
	if left := c.serverParts(); len(left) != 0 {
		c.t.Errorf("%s: left of the server: %q", name, left)
	}
	if _, err := v.reconcile(now().Add(time.Minute)); err != nil || len(c.jobs()) != 0 {
		c.t.Errorf("%s: %d Jobs when the retention is over: %v", name, len(c.jobs()), err)
	}
}
