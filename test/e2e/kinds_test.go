// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/hack/localcluster"
)

// named is the metadata of an object of the scenario.
func (s *scenario) named(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: s.ns, Name: name}
}

// change updates an object as a person would.
func change[T client.Object](s *scenario, o T, modify func(T)) error {
	return retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		if err := s.Get(s.t.Context(), client.ObjectKeyFromObject(o), o); err != nil {
			return err
		}
		modify(o)
		return s.Update(s.t.Context(), o)
	})
}

// allOf waits until just so many pods of the app run, all of the release.
func (s *scenario) allOf(app, release string, want int) {
	s.t.Helper()
	s.eventually(func(ctx context.Context) error {
		pods, err := s.pods(ctx, app)
		if err != nil {
			return err
		}
		running := 0
		for _, pod := range pods {
			if pod.DeletionTimestamp != nil {
				continue
			}
			if pod.Labels[v1alpha1.LabelRelease] != release || pod.Status.Phase != corev1.PodRunning {
				return fmt.Errorf("pod %s of release %s is %s", pod.Name, pod.Labels[v1alpha1.LabelRelease], pod.Status.Phase)
			}
			running++
		}
		if running != want {
			return fmt.Errorf("%d pods of %s run, want %d", running, app, want)
		}
		return nil
	})
}

// counts waits until the release's status gives these numbers for a workload.
func (s *scenario) counts(release, kind, name string, released, held int32) {
	s.t.Helper()
	s.eventually(func(ctx context.Context) error {
		r := &v1alpha1.ModelRelease{}
		if err := s.Get(ctx, client.ObjectKey{Namespace: s.ns, Name: release}, r); err != nil {
			return err
		}
		for _, w := range r.Status.Workloads {
			if w.Kind == kind && w.Name == name && *w.Released == released && *w.Held == held {
				return nil
			}
		}
		return fmt.Errorf("%s %s does not have %d released and %d held: %+v", kind, name, released, held, r.Status.Workloads)
	})
}

func (s *scenario) statefulSet(name, release string, replicas int32) *appsv1.StatefulSet {
	s.t.Helper()
	o := &appsv1.StatefulSet{
		ObjectMeta: s.named(name),
		Spec: appsv1.StatefulSetSpec{
			Replicas: &replicas, ServiceName: name,
			Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": name}},
			Template: s.template(release, name),
		},
	}
	s.must(s.Create(s.t.Context(), o))
	return o
}

// A StatefulSet: its pods wait for evidence; an update waits behind a partition while the old revision heals and
// scales; evidence lets the update out.
func TestStatefulSetsAreHeldAndRollOut(t *testing.T) {
	t.Parallel()
	s := begin(t)
	s.release("old")
	set := s.statefulSet("web", "old", 2)
	s.heldPods("web", 1) // the second waits for the first
	s.counts("old", "StatefulSet", "web", 0, 1)
	s.evaluate("old-good", "old", 0.01, anHourAgo())
	s.allOf("web", "old", 2)
	s.ready("old", v1alpha1.ReasonReleased)

	s.release("new")
	s.must(change(s, set, func(o *appsv1.StatefulSet) { o.Spec.Template = s.template("new", "web") }))
	if rolling := set.Spec.UpdateStrategy.RollingUpdate; *rolling.Partition != v1alpha1.HeldPartition || set.Annotations[v1alpha1.AnnotationHeld] != "partition=0" {
		t.Fatalf("the update is not held: %v, %v", rolling, set.Annotations)
	}
	s.eventually(func(ctx context.Context) error {
		r := &v1alpha1.ModelRelease{}
		err := s.Get(ctx, client.ObjectKey{Namespace: s.ns, Name: "new"}, r)
		for _, w := range r.Status.Workloads {
			if w.Kind == "StatefulSet" && w.Reason == v1alpha1.ReasonEvidenceMissing && *w.Desired == 2 {
				return nil
			}
		}
		return errors.Join(err, fmt.Errorf("the status does not say why: %+v", r.Status.Workloads))
	})
	s.must(s.Delete(t.Context(), &corev1.Pod{ObjectMeta: s.named("web-1")}))
	s.must(change(s, set, func(o *appsv1.StatefulSet) { o.Spec.Replicas = new(int32(3)) }))
	s.allOf("web", "old", 3)

	s.evaluate("new-good", "new", 0.01, anHourAgo())
	s.allOf("web", "new", 3)
	s.must(s.Get(t.Context(), client.ObjectKeyFromObject(set), set))
	if *set.Spec.UpdateStrategy.RollingUpdate.Partition != 0 || set.Annotations[v1alpha1.AnnotationHeld] != "" {
		t.Errorf("the hold is not lifted whole: %v, %v", set.Spec.UpdateStrategy.RollingUpdate, set.Annotations)
	}
}

// A StatefulSet waits for a pod of its old revision to be ready before it replaces it. A held one never is.
func TestAHeldPodDoesNotBlockItsStatefulSet(t *testing.T) {
	t.Parallel()
	for name, release := range map[string]string{"uncleared": "bad", "unknown": "no-such-release"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := begin(t)
			s.release("good")
			s.evaluate("good", "good", 0.01, anHourAgo())
			if release == "bad" {
				s.release("bad")
			}
			set := s.statefulSet("web", release, 2)
			s.heldPods("web", 1)
			s.must(change(s, set, func(o *appsv1.StatefulSet) { o.Spec.Template = s.template("good", "web") }))
			s.allOf("web", "good", 2)
		})
	}
}

// A DaemonSet has no hold: its pods wait, and an update to something that is not cleared is refused.
func TestDaemonSetsAreHeldPodByPod(t *testing.T) {
	t.Parallel()
	s := begin(t)
	s.release("old")
	s.release("new")
	template := func(release string) corev1.PodTemplateSpec {
		template := s.template(release, "agents")
		template.Spec.NodeSelector = map[string]string{corev1.LabelHostname: "node-1"}
		// Whatever else runs on that node leaves room for one that asks for nothing.
		template.Spec.Containers[0].Resources = corev1.ResourceRequirements{}
		return template
	}
	set := &appsv1.DaemonSet{
		ObjectMeta: s.named("agents"),
		Spec: appsv1.DaemonSetSpec{
			Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "agents"}}, Template: template("old"),
		},
	}
	s.must(s.Create(t.Context(), set))
	s.heldPods("agents", 1)
	s.evaluate("old-good", "old", 0.01, anHourAgo())
	s.allOf("agents", "old", 1)
	s.counts("old", "DaemonSet", "agents", 1, 0)

	update := func(o *appsv1.DaemonSet) { o.Spec.Template = template("new") }
	if err := change(s, set, update); !apierrors.IsForbidden(err) {
		t.Fatalf("an update that is not cleared is not refused: %v", err)
	}
	s.allOf("agents", "old", 1)
	s.evaluate("new-good", "new", 0.01, anHourAgo())
	s.eventually(func(context.Context) error { return change(s, set, update) })
	s.allOf("agents", "new", 1)
}

func (s *scenario) job(release, app string) batchv1.JobSpec {
	template := s.template(release, app)
	template.Spec.RestartPolicy = corev1.RestartPolicyNever
	return batchv1.JobSpec{Completions: new(int32(2)), Parallelism: new(int32(2)), Template: template}
}

// A Job waits suspended, without pods, and runs to its end once it is cleared.
func TestJobsWaitSuspended(t *testing.T) {
	t.Parallel()
	s := begin(t)
	s.release("m1")
	job := &batchv1.Job{ObjectMeta: s.named("batch"), Spec: s.job("m1", "batch")}
	s.must(s.Create(t.Context(), job))
	if !*job.Spec.Suspend || job.Annotations[v1alpha1.AnnotationHeld] != v1alpha1.HeldResume {
		t.Fatalf("the Job is not held: %v, %v", *job.Spec.Suspend, job.Annotations)
	}
	paused := &batchv1.Job{ObjectMeta: s.named("later"), Spec: s.job("m1", "later")}
	paused.Spec.Suspend = new(true)
	s.must(s.Create(t.Context(), paused))
	s.eventually(func(ctx context.Context) error {
		r := &v1alpha1.ModelRelease{}
		err := s.Get(ctx, client.ObjectKey{Namespace: s.ns, Name: "m1"}, r)
		for _, w := range r.Status.Workloads {
			if w.Kind == "Job" && w.Name == "batch" && w.Reason == v1alpha1.ReasonEvidenceMissing && *w.Desired == 2 && *w.Held == 0 {
				return nil
			}
		}
		return errors.Join(err, fmt.Errorf("the status does not say why: %+v", r.Status.Workloads))
	})

	s.evaluate("good", "m1", 0.01, anHourAgo())
	s.eventually(func(ctx context.Context) error {
		if err := s.Get(ctx, client.ObjectKeyFromObject(job), job); err != nil || job.Status.Succeeded != 2 {
			return errors.Join(err, fmt.Errorf("the Job has not ended: %+v", job.Status))
		}
		return nil
	})
	s.eventually(func(ctx context.Context) error {
		if err := s.Get(ctx, client.ObjectKeyFromObject(paused), paused); err != nil || paused.Annotations[v1alpha1.AnnotationHeld] != "" {
			return errors.Join(err, fmt.Errorf("the other Job is still marked: %v", paused.Annotations))
		}
		return nil
	})
	if !*paused.Spec.Suspend {
		t.Error("a Job that its author had suspended runs")
	}
}

// Each Job of a CronJob is held by itself, and told under the name of the CronJob.
func TestCronJobsAreHeldJobByJob(t *testing.T) {
	t.Parallel()
	s := begin(t)
	s.release("m1")
	cron := &batchv1.CronJob{
		ObjectMeta: s.named("nightly"),
		Spec: batchv1.CronJobSpec{
			Schedule: "0 * * * *", ConcurrencyPolicy: batchv1.ForbidConcurrent,
			JobTemplate: batchv1.JobTemplateSpec{Spec: s.job("m1", "nightly")},
		},
	}
	s.must(s.Create(t.Context(), cron))
	// It missed an hour, and so makes a Job now.
	cron.Status.LastScheduleTime = new(metav1.NewTime(time.Now().Add(-90 * time.Minute)))
	s.must(s.Status().Update(t.Context(), cron))
	jobs := &batchv1.JobList{}
	s.eventually(func(ctx context.Context) error {
		if err := s.List(ctx, jobs, client.InNamespace(s.ns)); err != nil || len(jobs.Items) != 1 {
			return errors.Join(err, fmt.Errorf("%d jobs", len(jobs.Items)))
		}
		return nil
	})
	if job := jobs.Items[0]; !*job.Spec.Suspend || job.Annotations[v1alpha1.AnnotationHeld] != v1alpha1.HeldResume {
		t.Fatalf("the Job is not held: %+v", job)
	}
	s.counts("m1", "CronJob", "nightly", 0, 0)
	s.evaluate("good", "m1", 0.01, anHourAgo())
	s.eventually(func(ctx context.Context) error {
		job := &jobs.Items[0]
		if err := s.Get(ctx, client.ObjectKeyFromObject(job), job); err != nil || job.Status.Succeeded != 2 {
			return errors.Join(err, fmt.Errorf("the Job has not ended: %+v", job.Status))
		}
		return nil
	})
}

// A pod of nobody waits, and what it is does not change any more.
func TestBarePodsAreHeld(t *testing.T) {
	t.Parallel()
	s := begin(t)
	s.release("m1")
	template := s.template("m1", "lone")
	pod := &corev1.Pod{ObjectMeta: s.named("lone"), Spec: template.Spec}
	pod.Labels = template.Labels
	pod.Annotations = map[string]string{localcluster.CompleteAnnotation: "false"}
	s.must(s.Create(t.Context(), pod))
	s.counts("m1", "Pod", "lone", 0, 1)
	err := change(s, pod, func(o *corev1.Pod) { o.Spec.Containers[0].Image = serverImage + "@" + string(digest("another")) })
	if !apierrors.IsForbidden(err) {
		t.Errorf("its image may change: %v", err)
	}
	s.evaluate("good", "m1", 0.01, anHourAgo())
	s.allOf("lone", "m1", 1)
	s.counts("m1", "Pod", "lone", 1, 0)
}

// A ReplicaSet of nobody: its first pods wait, later ones are born free, and its template does not change.
func TestReplicaSetsAreClearedByThemselves(t *testing.T) {
	t.Parallel()
	s := begin(t)
	s.release("m1")
	set := &appsv1.ReplicaSet{
		ObjectMeta: s.named("web"),
		Spec: appsv1.ReplicaSetSpec{
			Replicas: new(int32(2)), Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}},
			Template: s.template("m1", "web"),
		},
	}
	s.must(s.Create(t.Context(), set))
	s.heldPods("web", 2)
	s.evaluate("good", "m1", 0.01, anHourAgo())
	s.allOf("web", "m1", 2)
	s.counts("m1", "ReplicaSet", "web", 2, 0)
	err := change(s, set, func(o *appsv1.ReplicaSet) { o.Spec.Template.Spec.Containers[0].Args = []string{"--model=/other"} })
	if !apierrors.IsForbidden(err) {
		t.Errorf("its template may change: %v", err)
	}
	s.must(change(s, set, func(o *appsv1.ReplicaSet) { o.Spec.Replicas = new(int32(3)) }))
	s.allOf("web", "m1", 3)
}
