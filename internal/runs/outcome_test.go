// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package runs

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
)

// job is the rendered Job of the usual suite, as an API server has it, and not suspended.
func job(t *testing.T, modifiers ...func(*batchv1.Job)) *batchv1.Job {
	t.Helper()
	j := rendered(t, input(t)).Job
	j.Name, j.Spec.Suspend = "m1-bio-x", new(false)
	for _, modify := range modifiers {
		modify(j)
	}
	return j
}

func jobIs(kind batchv1.JobConditionType, reason string) func(*batchv1.Job) {
	return func(j *batchv1.Job) {
		j.Status.Conditions = append(j.Status.Conditions, batchv1.JobCondition{
			Type: kind, Status: corev1.ConditionTrue, Reason: reason, LastTransitionTime: metav1.NewTime(fixture.Day(2)),
		})
		if kind == batchv1.JobComplete {
			j.Status.CompletionTime = new(metav1.NewTime(fixture.Day(2)))
			j.Status.Succeeded = 1
		}
	}
}

func failedPods(n int32) func(*batchv1.Job) { return func(j *batchv1.Job) { j.Status.Failed = n } }

// pod is the n-th pod of the Job, scheduled, with what its containers do.
func pod(t *testing.T, n int, modifiers ...func(*corev1.Pod)) corev1.Pod {
	t.Helper()
	p := corev1.Pod{Spec: rendered(t, input(t)).Job.Spec.Template.Spec}
	p.Name, p.Namespace = "m1-bio-x-"+string(rune('0'+n)), fixture.Namespace
	p.CreationTimestamp = metav1.NewTime(fixture.Day(0).Add(time.Duration(n) * time.Hour))
	p.Spec.NodeName = "node-1"
	p.Status.Phase = corev1.PodPending
	for _, modify := range modifiers {
		modify(&p)
	}
	return p
}

func phase(phase corev1.PodPhase) func(*corev1.Pod) {
	return func(p *corev1.Pod) { p.Status.Phase = phase }
}

// container sets the state of a container of a pod.
func container(name string, state corev1.ContainerState) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		status := corev1.ContainerStatus{Name: name, State: state}
		if name == CollectContainer {
			p.Status.ContainerStatuses = append(p.Status.ContainerStatuses, status)
			return
		}
		p.Status.InitContainerStatuses = append(p.Status.InitContainerStatuses, status)
	}
}

func runs() corev1.ContainerState {
	return corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}
}

func waits(reason string) corev1.ContainerState {
	return corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: "secret \"token\" not found"}}
}

// sampleText stands for what a program in a container wrote, which no message may hold.
const sampleText = "text-of-a-sample"

func exits(code int32, reason string) corev1.ContainerState {
	return corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: code, Reason: reason, Message: sampleText}}
}

// collectLeft ends the container collect with a message.
func collectLeft(message string) func(*corev1.Pod) {
	return container(CollectContainer, corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
		Message: message, Reason: "Completed", FinishedAt: metav1.NewTime(fixture.Day(1)),
	}})
}

func disrupted(reason string) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Status.Phase = corev1.PodFailed
		p.Status.Conditions = append(p.Status.Conditions, corev1.PodCondition{Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue, Reason: reason})
	}
}

func podReason(reason, message string) func(*corev1.Pod) {
	return func(p *corev1.Pod) { p.Status.Reason, p.Status.Message = reason, message }
}

type outcomeRow struct {
	job  *batchv1.Job
	pods []corev1.Pod

	state    State
	reason   string
	attempts int32
	says     []string
}

func checkOutcomes(t *testing.T, rows map[string]outcomeRow) {
	t.Helper()
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := Read(row.job, row.pods)
			if got.State != row.state || got.Reason != row.reason || got.Attempts != row.attempts {
				t.Errorf("got %s, %q, %d attempts (%s); want %s, %q, %d", got.State, got.Reason, got.Attempts, got.Message, row.state, row.reason, row.attempts)
			}
			for _, part := range row.says {
				if !strings.Contains(got.Message, part) {
					t.Errorf("message %q does not say %q", got.Message, part)
				}
			}
			if strings.Contains(got.Message, sampleText) || len(got.Message) > 1024 || strings.Contains(got.Message, "!(") {
				t.Errorf("message %q", got.Message)
			}
		})
	}
}

func TestRunsThatAreUnderway(t *testing.T) {
	t.Parallel()
	active := func(j *batchv1.Job) { j.Status.Active = 1 }
	suspend := func(j *batchv1.Job) { j.Spec.Suspend = new(true) }
	const image = "registry.example/inspect:0.3"
	checkOutcomes(t, map[string]outcomeRow{
		"suspended, with a queue": {job: job(t, suspend), state: Queued, reason: v1alpha1.ReasonQueued, says: []string{"Kueue", "LocalQueue evaluations"}},
		"suspended by a person": {job: job(t, suspend, func(j *batchv1.Job) { delete(j.Labels, kueueQueue) }), state: Queued, reason: v1alpha1.ReasonQueued,
			says: []string{"kubectl patch job m1-bio-x -n serving"}},
		"suspended by Scalegate": {job: job(t, suspend, func(j *batchv1.Job) {
			j.Annotations = map[string]string{v1alpha1.AnnotationHeld: v1alpha1.HeldResume}
		}), state: Queued, reason: v1alpha1.ReasonServerHeld, says: []string{"Scalegate holds it"}},
		"after a failure, with as many attempts as there may be": {job: job(t, failedPods(1), func(j *batchv1.Job) { j.Spec.BackoffLimit = new(int32(math.MaxInt32)) }),
			pods: []corev1.Pod{pod(t, 1, phase(corev1.PodFailed))}, state: Running, reason: v1alpha1.ReasonRunning, attempts: 1, says: []string{"1 attempt of 2147483648 failed"}},
		"suspended again after a failure": {job: job(t, suspend, failedPods(1)), pods: []corev1.Pod{pod(t, 1, phase(corev1.PodFailed))},
			state: Queued, reason: v1alpha1.ReasonQueued, attempts: 1, says: []string{"after 1 attempt"}},
		"no pod yet": {job: job(t), state: Queued, reason: v1alpha1.ReasonQueued, says: []string{"no pod yet", "kubectl describe job m1-bio-x -n serving"}},
		"no node takes it": {job: job(t, active), pods: []corev1.Pod{pod(t, 1, func(p *corev1.Pod) {
			p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: "Unschedulable", Message: "0/3 nodes are available: 3 Insufficient nvidia.com/gpu."}}
		})}, state: Queued, reason: v1alpha1.ReasonQueued, attempts: 1, says: []string{"Unschedulable", "3 Insufficient nvidia.com/gpu"}},
		"held by Scalegate": {job: job(t, active), pods: []corev1.Pod{pod(t, 1, func(p *corev1.Pod) {
			p.Spec.SchedulingGates = []corev1.PodSchedulingGate{{Name: v1alpha1.SchedulingGate}}
		})}, state: Queued, reason: v1alpha1.ReasonServerHeld, attempts: 1, says: []string{"Scalegate holds it"}},
		"held by others": {job: job(t, active), pods: []corev1.Pod{pod(t, 1, func(p *corev1.Pod) {
			p.Spec.SchedulingGates = []corev1.PodSchedulingGate{{Name: "example.org/quota"}}
		})}, state: Queued, reason: v1alpha1.ReasonQueued, attempts: 1, says: []string{"example.org/quota"}},
		"an image that cannot be pulled": {job: job(t, active), pods: []corev1.Pod{pod(t, 1, container("dataset", exits(0, "Completed")), container("grader", runs()), container("inspect", waits("ImagePullBackOff")))},
			state: Queued, reason: v1alpha1.ReasonQueued, attempts: 1, says: []string{"image " + image, "container inspect", "ImagePullBackOff"}},
		"an image that may not be pulled": {job: job(t, active), pods: []corev1.Pod{pod(t, 1, container("inspect", waits("ErrImageNeverPull")))},
			state: Queued, reason: v1alpha1.ReasonQueued, attempts: 1, says: []string{image, "node-1", "Never"}},
		"an image that is none": {job: job(t, active), pods: []corev1.Pod{pod(t, 1, container("inspect", waits("InvalidImageName")))},
			state: Queued, reason: v1alpha1.ReasonQueued, attempts: 1, says: []string{image, "is not one"}},
		"a Secret that is not there": {job: job(t, active), pods: []corev1.Pod{pod(t, 1, container("inspect", waits("CreateContainerConfigError")))},
			state: Queued, reason: v1alpha1.ReasonQueued, attempts: 1, says: []string{`secret "token" not found`}},
		"a sidecar that crashes": {job: job(t, active), pods: []corev1.Pod{pod(t, 1, container("dataset", exits(0, "Completed")), container("grader", waits("CrashLoopBackOff")))},
			state: Queued, reason: v1alpha1.ReasonQueued, attempts: 1, says: []string{"container grader waits (CrashLoopBackOff)"}},
		"containers are created": {job: job(t, active), pods: []corev1.Pod{pod(t, 1, container("dataset", waits("PodInitializing")), container("inspect", waits("PodInitializing")))},
			state: Queued, reason: v1alpha1.ReasonQueued, attempts: 1, says: []string{"set up on node node-1"}},
		"a setup container runs": {job: job(t, active), pods: []corev1.Pod{pod(t, 1, container("dataset", runs()))},
			state: Running, reason: v1alpha1.ReasonRunning, attempts: 1, says: []string{"container dataset runs in pod m1-bio-x-1 on node node-1"}},
		"the evaluation runs beside its sidecar": {job: job(t, active), pods: []corev1.Pod{pod(t, 1, container("grader", runs()), container("inspect", runs()), container(CollectContainer, waits("PodInitializing")))},
			state: Running, reason: v1alpha1.ReasonRunning, attempts: 1, says: []string{"container inspect, the evaluation, runs"}},
		"the result is read": {job: job(t, active), pods: []corev1.Pod{pod(t, 1, container("grader", runs()), container(CollectContainer, runs()))},
			state: Running, reason: v1alpha1.ReasonRunning, attempts: 1, says: []string{"container collect, which reads the result,"}},
		"a second attempt runs": {job: job(t, active, failedPods(1)), pods: []corev1.Pod{pod(t, 2, container("inspect", runs())), pod(t, 1, phase(corev1.PodFailed), container("inspect", exits(3, "Error")))},
			state: Running, reason: v1alpha1.ReasonRunning, attempts: 2, says: []string{"pod m1-bio-x-2", "1 attempt of 3 failed", "the last: container inspect, the evaluation, ended with exit code 3"}},
		"between two attempts": {job: job(t, failedPods(1)), pods: []corev1.Pod{pod(t, 1, phase(corev1.PodFailed), container("inspect", exits(137, "OOMKilled")))},
			state: Running, reason: v1alpha1.ReasonRunning, attempts: 1, says: []string{"another attempt follows", "1 attempt of 3 failed", "its limit of 4Gi"}},
		"about to be failed": {job: job(t, jobIs(batchv1.JobFailureTarget, "DeadlineExceeded")), pods: []corev1.Pod{pod(t, 1, func(p *corev1.Pod) { p.DeletionTimestamp = new(metav1.NewTime(fixture.Day(1))) })},
			state: Running, reason: v1alpha1.ReasonRunning, attempts: 1, says: []string{"the run failed (DeadlineExceeded)"}},
	})
}

func good() string { return string(Report{Measurement: measurement("a")}.Encode()) }

func TestRunsThatFailed(t *testing.T) {
	t.Parallel()
	exhausted := []func(*batchv1.Job){jobIs(batchv1.JobFailed, "BackoffLimitExceeded"), failedPods(3)}
	three := func(last ...func(*corev1.Pod)) []corev1.Pod {
		return []corev1.Pod{pod(t, 3, append(last, phase(corev1.PodFailed))...), pod(t, 1, phase(corev1.PodFailed)), pod(t, 2, phase(corev1.PodFailed))}
	}
	failed := func(last ...func(*corev1.Pod)) outcomeRow {
		return outcomeRow{job: job(t, exhausted...), pods: three(last...), state: Finished, reason: v1alpha1.ReasonRunFailed, attempts: 3}
	}
	saying := func(row outcomeRow, says ...string) outcomeRow { row.says = says; return row }
	evicted := func(row outcomeRow, says ...string) outcomeRow {
		row.reason, row.says = v1alpha1.ReasonEvicted, says
		return row
	}
	checkOutcomes(t, map[string]outcomeRow{
		"an exit code":            saying(failed(container("inspect", exits(2, "Error"))), "3 attempts of 3 failed", "container inspect, the evaluation, ended with exit code 2", "pod m1-bio-x-3"),
		"a setup container":       saying(failed(container("dataset", exits(1, "Error")), container("inspect", waits("PodInitializing"))), "container dataset ended with exit code 1"),
		"out of memory":           saying(failed(container("inspect", exits(137, "OOMKilled"))), "its limit of 4Gi (OOMKilled, exit code 137)"),
		"out of memory, no limit": saying(failed(container("dataset", exits(137, "OOMKilled"))), "no limit of its own"),
		"killed":                  saying(failed(container("inspect", exits(137, "Error"))), "killed by SIGKILL"),
		"asked to stop":           saying(failed(container("inspect", exits(143, "Error"))), "SIGTERM"),
		"no such command":         saying(failed(container("inspect", exits(127, "Error"))), "is not in the image"),
		"not executable":          saying(failed(container("inspect", exits(126, "Error"))), "may not be executed"),
		"not started":             saying(failed(container("inspect", exits(128, "StartError"))), "could not be started (StartError"),
		"lost":                    saying(failed(container("inspect", exits(137, "ContainerStatusUnknown"))), "cannot say how it ended"),
		"the sidecar is not blamed for the evaluation": saying(failed(container("grader", exits(143, "Error")), container("inspect", exits(2, "Error"))), "container inspect"),
		"the sidecar alone":                            saying(failed(container("grader", exits(1, "Error")), container("inspect", exits(0, "Completed"))), "container grader, which runs beside the evaluation,"),
		"the reading":                                  saying(failed(container(CollectContainer, exits(137, "OOMKilled"))), "container collect, which reads the result, was killed", "256Mi"),
		"preempted":                                    evicted(failed(disrupted("PreemptionByScheduler"), container("inspect", exits(137, "Error"))), "preempted", "priorityClassName"),
		"a tainted node":                               evicted(failed(disrupted("DeletionByTaintManager")), "node-1 was tainted"),
		"a drained node":                               evicted(failed(disrupted("EvictionByEvictionAPI")), "evicted from node node-1"),
		"a lost node":                                  evicted(failed(disrupted("DeletionByPodGC")), "lost with its node node-1"),
		"a full node":                                  evicted(failed(disrupted("TerminationByKubelet"), podReason("Evicted", "The node was low on resource: ephemeral-storage.")), "low on resource: ephemeral-storage"),
		"an older kubelet":                             evicted(failed(podReason("Evicted", "Pod ephemeral local storage usage exceeds the total limit of containers 1Gi.")), "exceeds the total limit"),
		"a lost node, as before":                       evicted(failed(podReason("NodeLost", "")), "lost with its node"),
		"a shutdown":                                   evicted(failed(podReason("Terminated", "")), "ended by its node"),
		"another disruption":                           evicted(failed(disrupted("SomethingNew")), "taken off node node-1 (SomethingNew)"),
		"refused by its node":                          saying(failed(podReason("UnexpectedAdmissionError", "")), "UnexpectedAdmissionError"),
		"a deadline of the pod":                        saying(failed(podReason("DeadlineExceeded", "")), "activeDeadlineSeconds"),
		"nobody knows":                                 saying(failed(), "does not tell why"),
		"its pods are gone":                            {job: job(t, exhausted...), state: Finished, reason: v1alpha1.ReasonRunFailed, attempts: 3, says: []string{"pods are gone"}},
		"the deadline, while it ran": {job: job(t, jobIs(batchv1.JobFailed, "DeadlineExceeded")), pods: []corev1.Pod{pod(t, 1, container("inspect", runs()))},
			state: Finished, reason: v1alpha1.ReasonDeadlineExceeded, attempts: 1, says: []string{"86400 seconds", "container inspect of pod m1-bio-x-1 still ran"}},
		"the deadline, before it ran": {job: job(t, jobIs(batchv1.JobFailed, "DeadlineExceeded")), pods: []corev1.Pod{pod(t, 1, container("inspect", waits("ImagePullBackOff")))},
			state: Finished, reason: v1alpha1.ReasonDeadlineExceeded, attempts: 1, says: []string{"had not started", "registry.example/inspect:0.3"}},
		"the deadline, without pods": {job: job(t, jobIs(batchv1.JobFailed, "DeadlineExceeded")), state: Finished, reason: v1alpha1.ReasonDeadlineExceeded, says: []string{"86400"}},
		"the pod failure policy": {job: job(t, jobIs(batchv1.JobFailed, "PodFailurePolicy"), failedPods(1)), pods: []corev1.Pod{pod(t, 1, phase(corev1.PodFailed), container("inspect", exits(3, "Error")))},
			state: Finished, reason: v1alpha1.ReasonRunFailed, attempts: 1, says: []string{"podFailurePolicy", "exit code 3"}},
		"another reason":     {job: job(t, jobIs(batchv1.JobFailed, "SomethingNew")), state: Finished, reason: v1alpha1.ReasonRunFailed, says: []string{"SomethingNew"}},
		"the Job is deleted": {state: Finished, reason: v1alpha1.ReasonJobDeleted, says: []string{"deleted"}},
		"the Job is being deleted": {job: job(t, func(j *batchv1.Job) { j.DeletionTimestamp = new(metav1.NewTime(fixture.Day(1))) }), pods: []corev1.Pod{pod(t, 1, container("inspect", runs()))},
			state: Finished, reason: v1alpha1.ReasonJobDeleted, attempts: 1, says: []string{"before the evaluation ended"}},
		"a hostile message of a failed collect is not believed": {job: job(t, exhausted...), pods: []corev1.Pod{pod(t, 1, phase(corev1.PodFailed),
			container(CollectContainer, corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 1, Message: good()}}))},
			state: Finished, reason: v1alpha1.ReasonRunFailed, attempts: 3, says: []string{"container collect"}},
		"a message of another container is not believed": {job: job(t, jobIs(batchv1.JobComplete, "")), pods: []corev1.Pod{pod(t, 1, phase(corev1.PodSucceeded),
			container("inspect", corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Message: good()}}))},
			state: Finished, reason: v1alpha1.ReasonResultMissing, attempts: 1, says: []string{"does not tell how the container collect ended"}},
	})
}

func TestRunsThatEndedWell(t *testing.T) {
	t.Parallel()
	complete := jobIs(batchv1.JobComplete, "")
	succeeded := func(n int, message string) corev1.Pod {
		return pod(t, n, phase(corev1.PodSucceeded), container("inspect", exits(0, "Completed")), collectLeft(message))
	}
	other := string(Report{Measurement: measurement("b")}.Encode())
	missing := string(Report{Reason: v1alpha1.ReasonResultMissing, Message: "nothing matches"}.Encode())
	checkOutcomes(t, map[string]outcomeRow{
		"with a measurement":                   {job: job(t, complete), pods: []corev1.Pod{succeeded(1, good())}, state: Finished, attempts: 1},
		"in the second attempt":                {job: job(t, complete, failedPods(1)), pods: []corev1.Pod{pod(t, 1, phase(corev1.PodFailed), container("inspect", exits(1, "Error"))), succeeded(2, good())}, state: Finished, attempts: 2},
		"twice, with the same result":          {job: job(t, complete), pods: []corev1.Pod{succeeded(1, good()), succeeded(2, good())}, state: Finished, attempts: 2},
		"twice, with different results":        {job: job(t, complete), pods: []corev1.Pod{succeeded(1, good()), succeeded(2, other)}, state: Finished, reason: v1alpha1.ReasonResultAmbiguous, attempts: 2, says: []string{"2 pods"}},
		"twice, once without a result":         {job: job(t, complete), pods: []corev1.Pod{succeeded(1, good()), succeeded(2, missing)}, state: Finished, reason: v1alpha1.ReasonResultAmbiguous, attempts: 2},
		"twice, once unreadable":               {job: job(t, complete), pods: []corev1.Pod{succeeded(1, good()), succeeded(2, "{")}, state: Finished, reason: v1alpha1.ReasonResultAmbiguous, attempts: 2},
		"without a file":                       {job: job(t, complete), pods: []corev1.Pod{succeeded(1, missing)}, state: Finished, reason: v1alpha1.ReasonResultMissing, attempts: 1, says: []string{"nothing matches"}},
		"with a message that is cut off":       {job: job(t, complete), pods: []corev1.Pod{succeeded(1, good()[:40])}, state: Finished, reason: v1alpha1.ReasonUnreadable, attempts: 1, says: []string{"cut off"}},
		"with a message that is not ours":      {job: job(t, complete), pods: []corev1.Pod{succeeded(1, sampleText)}, state: Finished, reason: v1alpha1.ReasonUnreadable, attempts: 1, says: []string{"container collect of pod m1-bio-x-1"}},
		"without a message":                    {job: job(t, complete), pods: []corev1.Pod{succeeded(1, "")}, state: Finished, reason: v1alpha1.ReasonResultMissing, attempts: 1, says: []string{"left no message"}},
		"and its pod is gone":                  {job: job(t, complete), state: Finished, reason: v1alpha1.ReasonResultMissing, attempts: 1, says: []string{"deleted before its result was read"}},
		"and the Job is being deleted":         {job: job(t, complete, func(j *batchv1.Job) { j.DeletionTimestamp = new(metav1.NewTime(fixture.Day(2))) }), pods: []corev1.Pod{succeeded(1, good())}, state: Finished, attempts: 1},
		"and the Job was deleted, not its pod": {pods: []corev1.Pod{succeeded(1, good())}, state: Finished, attempts: 1},
		"and the Job does not know it yet":     {job: job(t), pods: []corev1.Pod{succeeded(1, good())}, state: Finished, attempts: 1},
		"beside a container of others that does not end": {job: job(t, func(j *batchv1.Job) { j.Status.Active = 1 }),
			pods: []corev1.Pod{pod(t, 1, container("istio-proxy", runs()), collectLeft(good()))}, state: Finished, attempts: 1},
		"beside a container of others that failed, so that the Job tries again": {job: job(t, failedPods(1), func(j *batchv1.Job) { j.Status.Active = 1 }),
			pods: []corev1.Pod{pod(t, 1, phase(corev1.PodFailed), collectLeft(good())), pod(t, 2, container("inspect", runs()))}, state: Finished, attempts: 2},
		"and the Job was suspended then": {job: job(t, func(j *batchv1.Job) { j.Spec.Suspend = new(true) }),
			pods: []corev1.Pod{pod(t, 1, collectLeft(good()))}, state: Finished, attempts: 1},
		"in the moment of its deadline": {job: job(t, jobIs(batchv1.JobFailed, "DeadlineExceeded")), pods: []corev1.Pod{pod(t, 1, phase(corev1.PodFailed), collectLeft(good()))}, state: Finished, attempts: 1},
	})
}

func TestWhatARunLeaves(t *testing.T) {
	t.Parallel()
	want := measurement("a")
	got := Read(job(t, jobIs(batchv1.JobComplete, "")), []corev1.Pod{pod(t, 1, phase(corev1.PodSucceeded), collectLeft(good()))})
	if got.Report == nil {
		t.Fatalf("no report: %+v", got)
	}
	if diff := cmp.Diff(want, got.Report.Measurement); diff != "" {
		t.Errorf("measurement (-want +got):\n%s", diff)
	}
	if !got.FinishedAt.Equal(fixture.Day(1)) {
		t.Errorf("finished at %s, want the end of the container collect", got.FinishedAt)
	}
	if got.Message != "" {
		t.Errorf("a run with a measurement has the message %q", got.Message)
	}
	without := Read(job(t, jobIs(batchv1.JobFailed, "DeadlineExceeded")), nil)
	if !without.FinishedAt.Equal(fixture.Day(2)) || without.Report != nil {
		t.Errorf("finished at %s with %v, want the end of the Job and no report", without.FinishedAt, without.Report)
	}
}

func TestReadChangesNothing(t *testing.T) {
	t.Parallel()
	pods := []corev1.Pod{pod(t, 2, phase(corev1.PodFailed)), pod(t, 1, phase(corev1.PodFailed))}
	before := []string{pods[0].Name, pods[1].Name}
	j := job(t, failedPods(2))
	Read(j, pods)
	if after := []string{pods[0].Name, pods[1].Name}; !cmp.Equal(before, after) {
		t.Errorf("the pods were put into another order: %v", after)
	}
}
