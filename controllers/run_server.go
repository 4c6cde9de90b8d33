// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/runs"
)

// serve is what comes next until the model under test is served; ready is true when it is. Its Job comes last: before a pod
// can be reached, who may reach it is said.
func (k *knowledge) serve(objects *runs.Objects) (next step, ready bool) {
	for _, part := range []struct {
		there []metav1.PartialObjectMetadata
		want  client.Object
	}{{k.policies, objects.NetworkPolicy}, {k.services, objects.Service}} {
		switch {
		case len(part.there) == 0:
			return step{make: part.want}, false
		case part.there[0].DeletionTimestamp != nil:
			return k.report(waiting(v1alpha1.ReasonServerStarting, fmt.Sprintf("waits until %s %s is gone, which its finalizers %q keep",
				part.there[0].Kind, part.there[0].Name, part.there[0].Finalizers))), false
		}
	}
	pod := k.server()
	switch {
	case pod == nil:
		return k.awaitServer(objects), false
	case k.going(pod):
		return k.notOpen(v1alpha1.ReasonServerStarting, fmt.Sprintf("waits until Pod %s is gone", pod.Name)), false
	case held(pod):
		return k.notOpen(v1alpha1.ReasonServerHeld, fmt.Sprintf("pod %s, which serves the model to the evaluation, is held: %s", pod.Name, k.whyPodHeld(pod))), false
	case k.run().ServerTime == nil:
		s := k.report(waiting(v1alpha1.ReasonServerStarting, fmt.Sprintf("pod %s, which serves the model to the evaluation, is not held any more", pod.Name)))
		s.state.run, s.goOn = k.run().DeepCopy(), true
		s.state.run.ServerTime = new(k.now)
		return s, false
	}
	return k.start(pod)
}

// start is what comes next while a pod that is not held any more is not ready.
func (k *knowledge) start(pod *corev1.Pod) (next step, ready bool) {
	if why := endOfServer(pod); why != "" {
		return k.fail(v1alpha1.ReasonServerFailed, fmt.Sprintf("pod %s, which serves the model to the evaluation, %s: create another SafetyEvaluation once that is mended", pod.Name, why)), false
	}
	if serves(pod) {
		return step{}, true
	}
	limit := time.Duration(k.plan.input.Suite.Spec.Server.ReadySeconds) * time.Second
	if limit == 0 {
		limit = defaultReadyTime
	}
	end := k.run().ServerTime.Add(limit)
	state := stateOfServer(pod)
	if !k.now.Before(new(metav1.NewTime(end))) {
		return k.fail(v1alpha1.ReasonServerFailed, fmt.Sprintf(
			"pod %s, which serves the model to the evaluation, was not ready within %v (%s): give it more time in readySeconds of suite %s, or mend it, and create another SafetyEvaluation",
			pod.Name, limit, state, k.evaluation.Spec.Job.Suite)), false
	}
	s := k.report(waiting(v1alpha1.ReasonServerStarting, fmt.Sprintf("pod %s, which serves the model to the evaluation, starts since %s (%s); it must be ready by %s; see: kubectl logs -n %s pod/%s --all-containers",
		pod.Name, k.run().ServerTime.UTC().Format(time.RFC3339), state, end.UTC().Format(time.RFC3339), pod.Namespace, pod.Name)))
	s.again = end.Sub(k.now.Time)
	return s, false
}

// notOpen reports while no pod serves that is not held. The time that a server has to be ready begins with the pod that is.
func (k *knowledge) notOpen(reason, message string) step {
	s := k.report(waiting(reason, message))
	s.state.run = k.run().DeepCopy()
	s.state.run.ServerTime = nil
	return s
}

// awaitServer is what comes next while there is no pod that serves.
func (k *knowledge) awaitServer(objects *runs.Objects) step {
	job := k.serverJob
	switch {
	case job == nil:
		runs.Outlive(objects.Server, &k.policies[0])
		return step{make: objects.Server}
	case job.DeletionTimestamp != nil:
		return k.notOpen(v1alpha1.ReasonServerStarting, fmt.Sprintf("waits until Job %s is gone", job.Name))
	case runs.Over(job):
		// Its pod was deleted, and it makes no other.
		return step{remove: job, wait: true}
	}
	outcome, reason := runs.Read(job, nil), v1alpha1.ReasonServerStarting
	text := fmt.Sprintf("Job %s, whose pod serves the model to the evaluation, has none: %s", job.Name, outcome.Message)
	if job.Spec.Suspend != nil && *job.Spec.Suspend {
		reason = outcome.Reason
	}
	if reason == v1alpha1.ReasonServerHeld {
		text += ": " + k.whyHeld("Job", job.Name)
	}
	return k.notOpen(reason, text)
}

// defaultReadyTime is how long a server may take to be ready where its suite does not say.
const defaultReadyTime = time.Hour

// server is the pod that serves the model to the evaluation; nil where there is none. Once one is on record it is that and no
// other. Before, one that ended hides those that its Job makes in its place, and one that is being deleted hides none.
func (k *knowledge) server() *corev1.Pod {
	var found *corev1.Pod
	for _, pod := range k.servers() {
		switch {
		case k.run().ServerUID != "" && k.run().ServerUID != string(pod.UID):
		case found == nil, found.DeletionTimestamp != nil, pod.DeletionTimestamp == nil && over(pod):
			found = pod
		}
	}
	return found
}

// servers are the pods that were made to serve the model to the evaluation: by its server's Job, whose name is nobody
// else's, or by an earlier version of Scalegate itself.
func (k *knowledge) servers() []*corev1.Pod {
	var pods []*corev1.Pod
	for i := range k.pods {
		owner := metav1.GetControllerOf(&k.pods[i])
		if owner != nil && (owner.UID == k.evaluation.UID || ofJob(owner) && owner.Name == runs.ServerName(k.evaluation)) {
			pods = append(pods, &k.pods[i])
		}
	}
	return pods
}

// mayServe are the servers, and what was one until it lost its owner: wake deletes that.
func (k *knowledge) mayServe() []*corev1.Pod {
	pods := k.servers()
	for i := range k.pods {
		if metav1.GetControllerOf(&k.pods[i]) == nil {
			pods = append(pods, &k.pods[i])
		}
	}
	return pods
}

// going tells whether a server is about to go: it is being deleted, or its Job is, and the garbage collector comes for it.
func (k *knowledge) going(pod *corev1.Pod) bool {
	if pod.DeletionTimestamp != nil || metav1.IsControlledBy(pod, k.evaluation) {
		return pod.DeletionTimestamp != nil
	}
	return k.serverJob == nil || k.serverJob.DeletionTimestamp != nil || !metav1.IsControlledBy(pod, k.serverJob)
}

// serverObject is what goes next of what is there for the server; nil for nothing, or until a pod is gone. The Job is before
// its pods, so that it makes no other, and those are gone before what keeps others from them.
func (k *knowledge) serverObject() client.Object {
	if k.serverJob != nil && k.serverJob.DeletionTimestamp == nil {
		return k.serverJob
	}
	pods := k.mayServe()
	for _, pod := range pods {
		if pod.DeletionTimestamp == nil {
			return pod
		}
	}
	if len(pods) > 0 {
		return nil
	}
	for _, there := range [][]metav1.PartialObjectMetadata{k.services, k.policies} {
		for i := range there {
			if there[i].DeletionTimestamp == nil {
				return &there[i]
			}
		}
	}
	return nil
}

// withoutServer takes the server away before the step: it would wait for nothing. Its Job stays until its pods are gone, so
// that none is made under the same name meanwhile. A run that has not ended goes on when they are, which wakes it.
func (k *knowledge) withoutServer(s step) step {
	if o := k.serverObject(); o != nil {
		return step{remove: o, wait: o == client.Object(k.serverJob)}
	}
	ends := s.state.run != nil && s.state.run.FinishTime != nil
	if pods := k.mayServe(); s.goOn && !ends && len(pods) > 0 {
		return k.report(waiting(v1alpha1.ReasonServerStarting, fmt.Sprintf("waits until Pod %s is gone", pods[0].Name)))
	}
	return s
}

// lostServer says what became of the server of a run whose Job was made; empty where it is there, or none was needed.
func (k *knowledge) lostServer() string {
	if k.run().ServerTime == nil {
		return ""
	}
	pod := k.server()
	switch {
	case pod == nil || k.going(pod):
		return "the pod that served the model to the evaluation was deleted"
	case quit(pod):
		return fmt.Sprintf("pod %s, which served the model to the evaluation, %s", pod.Name, endOfServer(pod))
	default:
		return ""
	}
}

// unsure says why nobody can tell which pod served until the suite ended; empty where it is the one on record, and still there:
// that of one that is gone, or going, or has ended, no clock of a node tells reliably. A pod that is held never served. One that
// is gone may have had another in its place, which is gone too.
func (k *knowledge) unsure() string {
	uid, there := k.run().ServerUID, false
	if uid == "" {
		return ""
	}
	for _, pod := range k.servers() {
		switch {
		case uid == string(pod.UID):
			there = !k.going(pod) && !quit(pod)
		case !held(pod):
			return fmt.Sprintf("pod %s came in place of the one that served the model as the suite began, and nothing tells which was measured", pod.Name)
		}
	}
	if !there {
		return "the pod that served the model as the suite began had ended, or was gone or going, when the suite was seen to have ended, and nothing tells what was measured"
	}
	return ""
}

// whyPodHeld is what the release says of a pod that is held. A release tells of a pod by what controls it.
func (k *knowledge) whyPodHeld(pod *corev1.Pod) string {
	owner := metav1.GetControllerOf(pod)
	if owner == nil {
		return k.whyHeld("", "")
	}
	return k.whyHeld(owner.Kind, owner.Name)
}

// whyHeld is what the release says of a workload that is held, in its own words.
func (k *knowledge) whyHeld(kind, workload string) string {
	name := k.evaluation.Spec.Subject.Release
	if k.release == nil {
		return "ModelRelease " + name + " does not exist"
	}
	for i := range k.release.Status.Workloads {
		if w := &k.release.Status.Workloads[i]; w.Kind == kind && w.Name == workload && w.Reason != "" {
			return fmt.Sprintf("release %s says %s: %s", name, w.Reason, w.Message)
		}
	}
	ready := meta.FindStatusCondition(k.release.Status.Conditions, v1alpha1.ConditionReady)
	if ready == nil {
		return "release " + name + " was not looked at yet"
	}
	return fmt.Sprintf("release %s says nothing of it yet, and of itself %s: %s", name, ready.Reason, ready.Message)
}

// serves tells whether a pod is ready.
func serves(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// endOfServer says why a pod will not serve, whatever is waited for; empty where it may.
func endOfServer(pod *corev1.Pod) string {
	if quit(pod) {
		why := pod.Status.Reason
		for _, c := range allStatuses(pod) {
			if end := c.State.Terminated; why == "" && end != nil && end.ExitCode != 0 {
				why = fmt.Sprintf("container %s exited with %d %s", c.Name, end.ExitCode, end.Reason)
			}
		}
		return fmt.Sprintf("ended (%s)", cmp.Or(why, "a container of it exited"))
	}
	for _, c := range allStatuses(pod) {
		if w := c.State.Waiting; w != nil && slices.Contains(hopeless(), w.Reason) {
			return fmt.Sprintf("does not start: container %s is in %s after %d restarts", c.Name, w.Reason, c.RestartCount)
		}
	}
	return ""
}

// quit tells whether a pod has ended, or a container of it that does not start again: what is left of it is not what was declared.
// Of one that rules decide about, the end of the pod tells.
func quit(pod *corev1.Pod) bool {
	policies := map[string]corev1.RestartPolicy{}
	for i := range pod.Spec.Containers {
		c := &pod.Spec.Containers[i]
		if policies[c.Name] = pod.Spec.RestartPolicy; c.RestartPolicy != nil {
			policies[c.Name] = corev1.RestartPolicy(*c.RestartPolicy)
		}
		if len(c.RestartPolicyRules) > 0 {
			policies[c.Name] = corev1.RestartPolicyAlways
		}
	}
	return over(pod) || slices.ContainsFunc(pod.Status.ContainerStatuses, func(c corev1.ContainerStatus) bool {
		end, again := c.State.Terminated, policies[c.Name]
		return end != nil && (again == corev1.RestartPolicyNever || again == corev1.RestartPolicyOnFailure && end.ExitCode == 0)
	})
}

// hopeless are the reasons of the kubelet for which a server that is to be measured is not waited for.
func hopeless() []string {
	return []string{"CrashLoopBackOff", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"}
}

// stateOfServer says how far a pod is that may still come to serve.
func stateOfServer(pod *corev1.Pod) string {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse {
			return "not scheduled: " + c.Reason
		}
	}
	for _, c := range allStatuses(pod) {
		if w := c.State.Waiting; w != nil && w.Reason != "" {
			return fmt.Sprintf("container %s waits: %s", c.Name, w.Reason)
		}
	}
	if pod.Status.Phase == corev1.PodRunning {
		return "it runs and is not ready"
	}
	return "it does not run yet"
}

// allStatuses are the statuses of a pod's containers in the order in which they start.
func allStatuses(pod *corev1.Pod) []corev1.ContainerStatus {
	return append(slices.Clone(pod.Status.InitContainerStatuses), pod.Status.ContainerStatuses...)
}
