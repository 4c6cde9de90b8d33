// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package onboarding

import (
	"context"
	"errors"
	"fmt"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/test/installation"
)

// hold makes one of each kind that is held, in a namespace that is enforced. They claim a release that does not exist.
func (s *scenario) hold() {
	s.t.Helper()
	s.statefulSet()
	s.label(v1alpha1.GateEnforced)
	s.gated()
	s.deployment("d", "gone", 2)
	s.must(s.Create(s.t.Context(), &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "j"},
		Spec: batchv1.JobSpec{Template: func() corev1.PodTemplateSpec {
			t := template("j", "gone")
			t.Spec.RestartPolicy = corev1.RestartPolicyNever
			return t
		}()},
	}))
	bare := template("p", "gone")
	s.must(s.Create(s.t.Context(), &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "p", Labels: bare.Labels}, Spec: bare.Spec}))
	set := &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "s"}}
	s.must(s.Patch(s.t.Context(), set, client.RawPatch(types.MergePatchType,
		[]byte(`{"spec":{"template":{"metadata":{"labels":{"`+v1alpha1.LabelRelease+`":"gone"}}}}}`))))
	s.marked(true)
}

// statefulSet runs one pod, and rolls out from ordinal 0.
func (s *scenario) statefulSet() {
	s.t.Helper()
	plain := template("s", "")
	plain.Spec.Containers[0].Resources = corev1.ResourceRequirements{}
	s.must(s.Create(s.t.Context(), &appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "s"},
		Spec: appsv1.StatefulSetSpec{
			Replicas: new(int32(1)), Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "s"}}, Template: plain,
		},
	}))
	s.counts("s", 1, 0)
}

// marked waits until every workload is held, or none is any more.
func (s *scenario) marked(want bool) {
	s.t.Helper()
	s.eventually(func(ctx context.Context) error {
		var d appsv1.Deployment
		var set appsv1.StatefulSet
		var j batchv1.Job
		var p corev1.Pod
		if err := errors.Join(s.Get(ctx, client.ObjectKey{Namespace: s.ns, Name: "d"}, &d), s.Get(ctx, client.ObjectKey{Namespace: s.ns, Name: "s"}, &set),
			s.Get(ctx, client.ObjectKey{Namespace: s.ns, Name: "j"}, &j), s.Get(ctx, client.ObjectKey{Namespace: s.ns, Name: "p"}, &p)); err != nil {
			return err
		}
		partition := int32(0)
		if r := set.Spec.UpdateStrategy.RollingUpdate; r != nil && r.Partition != nil {
			partition = *r.Partition
		}
		for what, held := range map[string]bool{
			"the Deployment's mark": d.Annotations[v1alpha1.AnnotationHeld] != "", "the Deployment's pause": d.Spec.Paused,
			"the StatefulSet's mark": set.Annotations[v1alpha1.AnnotationHeld] != "", "the StatefulSet's partition": partition == v1alpha1.HeldPartition,
			"the Job's mark": j.Annotations[v1alpha1.AnnotationHeld] != "", "the Job's suspension": j.Spec.Suspend != nil && *j.Spec.Suspend,
			"the pod's gate": len(p.Spec.SchedulingGates) > 0,
		} {
			if held != want {
				return fmt.Errorf("%s: held is %v, want %v", what, held, want)
			}
		}
		return nil
	})
}

// free waits until what was held runs.
func (s *scenario) free() {
	s.t.Helper()
	s.marked(false)
	s.counts("d", 2, 0)
	s.counts("s", 1, 0)
	s.counts("p", 1, 0)
	s.eventually(func(ctx context.Context) error {
		var j batchv1.Job
		err := s.Get(ctx, client.ObjectKey{Namespace: s.ns, Name: "j"}, &j)
		if j.Status.Succeeded != 1 {
			return errors.Join(err, fmt.Errorf("the Job has not run: %+v", j.Status))
		}
		return nil
	})
}

// TestUngatingFrees takes the gate off one namespace and leaves it on another.
func TestUngatingFrees(t *testing.T) {
	t.Parallel()
	s := begin(t)
	s.hold()
	stays := &scenario{t: t, ns: s.ns + "-not", Client: s.Client}
	s.must(s.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: stays.ns}}))
	t.Cleanup(stays.leave)
	s.eventually(func(ctx context.Context) error {
		return s.Get(ctx, client.ObjectKey{Namespace: stays.ns, Name: "default"}, &corev1.ServiceAccount{})
	})
	stays.hold()
	s.label("")
	s.free()
	stays.marked(true)
}

// TestAuditingFrees weakens the gate to one that only reports.
func TestAuditingFrees(t *testing.T) {
	t.Parallel()
	s := begin(t)
	s.hold()
	s.label(v1alpha1.GateAudited)
	s.free()
}

// TestUngatingFreesWhatAManagerWasNotThereFor runs by itself: it kills the manager.
func TestUngatingFreesWhatAManagerWasNotThereFor(t *testing.T) {
	s := begin(t)
	s.hold()
	s.must(shared.Kill(installation.Manager))
	t.Cleanup(func() {
		if t.Failed() {
			_ = shared.startManager(context.Background())
		}
	})
	s.label("")
	s.marked(true)
	s.must(shared.startManager(t.Context()))
	s.free()
}
