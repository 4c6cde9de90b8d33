// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"context"
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	table "github.com/scalegate/scalegate/internal/workload/kinds"
	"github.com/scalegate/scalegate/test/kinds/workloads"
)

// heldCase is one step on an object that may be held: who sends which merge patch, and how it is afterwards.
type heldCase struct {
	sentence string
	patch    string
	by       func() client.Client
	// mark is the mark afterwards; empty is none.
	mark string
	// hold is what stands at the kind's hold path; nil is nothing.
	hold any
}

func owner() client.Client      { return shared.owner }
func controller() client.Client { return shared.controller }

func walk(t *testing.T, s subject, object *unstructured.Unstructured, steps []heldCase) {
	t.Helper()
	for _, step := range steps {
		must(t, step.by().Patch(t.Context(), object, client.RawPatch(types.MergePatchType, []byte(step.patch))))
		if got := object.GetAnnotations()[v1alpha1.AnnotationHeld]; got != step.mark {
			t.Errorf("%s: the mark is %q, want %q", step.sentence, got, step.mark)
		}
		if hold := s.hold(t, object); hold != step.hold {
			t.Errorf("%s: %s is %v, want %v", step.sentence, s.row(t).HoldPath, hold, step.hold)
		}
	}
}

// partition is a patch of a LeaderWorkerSet's partition.
func partition(n int64) string {
	return fmt.Sprintf(`{"spec":{"rolloutStrategy":{"type":"RollingUpdate","rollingUpdateConfiguration":{"partition":%d}}}}`, n)
}

// size is a patch of the size of a LeaderWorkerSet's groups, which is part of its revision.
func size(n int64) string {
	return fmt.Sprintf(`{"spec":{"leaderWorkerTemplate":{"size":%d}}}`, n)
}

func subjectOf(kind string) subject {
	for _, s := range subjects() {
		if s.kind == kind {
			return s
		}
	}
	return subject{}
}

func TestALeaderWorkerSetIsHeldByItsPartition(t *testing.T) {
	t.Parallel()
	workloads.Folder(t)
	s := subjectOf("LeaderWorkerSet")
	object := s.claiming(t, governed, "walks", waiting)
	object.SetAnnotations(map[string]string{v1alpha1.AnnotationHeld: "partition=9", v1alpha1.AnnotationClearedTemplate: "typed"})
	made(t, object)
	if len(object.GetAnnotations()) != 0 {
		t.Errorf("marks that somebody typed stay at creation: %v", object.GetAnnotations())
	}
	full := int64(v1alpha1.HeldPartition)
	lift := fmt.Sprintf(`{"metadata":{"annotations":{%q:null,%q:null}},"spec":{"rolloutStrategy":{"rollingUpdateConfiguration":{"partition":1}}}}`,
		v1alpha1.AnnotationHeld, v1alpha1.AnnotationClearedTemplate)
	walk(t, s, object, []heldCase{
		{"a change of counts alone is not held", `{"spec":{"replicas":3}}`, owner, "", s.hold(t, object)},
		{"a partition alone is the author's", partition(1), owner, "", int64(1)},
		{"a new revision is held", size(4), owner, "partition=1", full},
		{"scaling goes on", `{"spec":{"replicas":5}}`, owner, "partition=1", full},
		{"the hold is not taken off by hand", partition(0), owner, "partition=0", full},
		{"nor the mark", fmt.Sprintf(`{"metadata":{"annotations":{%q:null}}}`, v1alpha1.AnnotationHeld), owner, "partition=0", full},
		{"a newer revision stays held", size(5), owner, "partition=0", full},
		{"a return to what ran resumes without the controller", size(2), owner, "", int64(0)},
		{"a new revision is held again", size(6), owner, "partition=0", full},
		{"the controller lifts it", lift, controller, "", int64(1)},
		{"and what it lifted stays", `{"spec":{"replicas":2}}`, owner, "", int64(1)},
	})
}

// hold is what stands at the kind's hold path; nil is nothing.
func (s subject) hold(t *testing.T, object *unstructured.Unstructured) any {
	t.Helper()
	for _, value := range table.Values(object.Object, s.row(t).HoldPath) {
		return value
	}
	return nil
}

func TestAJobSetIsHeldSuspended(t *testing.T) {
	t.Parallel()
	workloads.Folder(t)
	s := subjectOf("JobSet")
	object := made(t, s.claiming(t, governed, "walks", waiting))
	suspend := func(on bool) string { return fmt.Sprintf(`{"spec":{"suspend":%v}}`, on) }
	unmark := fmt.Sprintf(`{"metadata":{"annotations":{%q:null}},"spec":{"suspend":false}}`, v1alpha1.AnnotationHeld)
	walk(t, s, object, []heldCase{
		{"made held", `{}`, owner, v1alpha1.HeldResume, true},
		{"not resumed by hand", suspend(false), owner, v1alpha1.HeldResume, true},
		{"nor by taking the mark off", unmark, owner, v1alpha1.HeldResume, true},
		{"the controller lifts it", unmark, controller, "", false},
		{"what runs may be suspended and resumed", suspend(true), owner, "", true},
		{"and is then its author's", suspend(false), owner, "", false},
	})
	t.Run("one that its author suspended stays so", func(t *testing.T) {
		paused := s.claiming(t, governed, "paused", waiting)
		put("spec.suspend", true)(paused.Object)
		made(t, paused)
		if got := paused.GetAnnotations()[v1alpha1.AnnotationHeld]; got != v1alpha1.HeldPaused {
			t.Errorf("the mark is %q, want %q", got, v1alpha1.HeldPaused)
		}
	})
	t.Run("one in a queue of Kueue is left alone", func(t *testing.T) {
		queued := s.claiming(t, governed, "queued", waiting)
		queued.SetLabels(map[string]string{"kueue.x-k8s.io/queue-name": "models"})
		made(t, queued)
		if mark, marked := queued.GetAnnotations()[v1alpha1.AnnotationHeld]; marked || s.hold(t, queued) != nil {
			t.Errorf("suspended: %v, mark: %q", s.hold(t, queued), mark)
		}
	})
}

// TestPodsOfEveryKindAreBornHeld makes a pod as the operator of each kind would, with its claim and the labels of its unit.
func TestPodsOfEveryKindAreBornHeld(t *testing.T) {
	t.Parallel()
	workloads.Folder(t)
	for _, s := range subjects() {
		t.Run(s.kind, func(t *testing.T) {
			t.Parallel()
			name := s.name(t)
			for _, release := range []string{waiting, cleared} {
				labels := map[string]string{v1alpha1.LabelRelease: release}
				for _, label := range s.row(t).Unit {
					labels[label] = "0"
				}
				pod := &corev1.Pod{
					ObjectMeta: metav1.ObjectMeta{Namespace: governed, Name: name + "-" + release, Labels: labels},
					Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "server", Image: "registry.example/model@sha256:" + digest()}}},
				}
				must(t, shared.operator.Create(t.Context(), pod))
				t.Cleanup(func() {
					if err := shared.Client.Delete(context.WithoutCancel(t.Context()), pod); err != nil {
						t.Error(err)
					}
				})
				if gates := pod.Spec.SchedulingGates; len(gates) != 1 || gates[0].Name != v1alpha1.SchedulingGate {
					t.Errorf("a pod that claims %s has the gates %v", release, gates)
				}
			}
		})
	}
}
