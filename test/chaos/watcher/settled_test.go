// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package watcher

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic/fake"
	clientscheme "k8s.io/client-go/kubernetes/scheme"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// scene asks for 2 pods of web in a namespace.
func scene(namespace string, pods ...corev1.Pod) *Scene {
	return &Scene{
		Namespace: namespace, Pods: pods,
		Workloads: []Workload{{Namespace: namespace, Name: "web", Release: "m1", Replicas: 2, Build: "0"}},
		Releases:  []v1alpha1.ModelRelease{{ObjectMeta: metav1.ObjectMeta{Name: "m1"}}},
	}
}

// some are ready pods of web.
func some(n int, change ...func(*corev1.Pod)) []corev1.Pod {
	var all []corev1.Pod
	for i := range n {
		p := corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: "lab", Name: fmt.Sprint("web-", i), UID: types.UID(fmt.Sprint(i)),
				Labels: map[string]string{"app": "web", "build": "0", v1alpha1.LabelRelease: "m1"},
			},
			Status: corev1.PodStatus{
				Phase:      corev1.PodRunning,
				Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}},
			},
		}
		for _, c := range change {
			c(&p)
		}
		all = append(all, p)
	}
	return all
}

func gated(p *corev1.Pod) {
	p.Spec.SchedulingGates = []corev1.PodSchedulingGate{{Name: v1alpha1.SchedulingGate}}
	p.Annotations = map[string]string{v1alpha1.AnnotationHoldReason: "EvidenceMissing: see the release"}
	p.Status = corev1.PodStatus{Phase: corev1.PodPending}
}

// told says why web is held, in the status and in an event.
func told(s *Scene) *Scene {
	s.Releases[0].Status.Conditions = []metav1.Condition{
		{Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonEvidenceMissing},
	}
	s.Events = []eventsv1.Event{{Reason: v1alpha1.ReasonEvidenceMissing, Regarding: corev1.ObjectReference{Name: "m1"}}}
	return s
}

// moment is how things are after a history, and the invariants that it violates if they stay so.
type moment struct {
	tell  func(*story)
	scene *Scene
	want  []string
}

// looked looks at each moment with a watcher of its own.
func looked(t *testing.T, moments map[string]moment) {
	t.Helper()
	for name, row := range moments {
		t.Run(name, func(t *testing.T) {
			s := tell(t)
			if row.tell != nil {
				row.tell(s)
			}
			if seen := s.seen(); seen != nil {
				t.Fatalf("the history itself is wrong: %v", s.w.Violations())
			}
			var got []string
			for _, v := range s.w.Unsettled(row.scene, s.now) {
				got = append(got, v.Invariant)
			}
			slices.Sort(got)
			if diff := cmp.Diff(row.want, slices.Compact(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWhatIsAllowedHasToServe(t *testing.T) {
	looked(t, map[string]moment{
		"nothing is approved, and all is held": {scene: told(scene("lab", some(2, gated)...))},
		"what is approved serves": {
			tell: func(s *story) { s.pass("good"); s.clear(time.Hour, set) }, scene: scene("lab", some(2)...),
		},
		"what is approved serves too little": {
			tell: func(s *story) { s.pass("good") }, scene: scene("lab", some(1)...), want: []string{NotReached},
		},
		"what is approved is held": {
			tell: func(s *story) { s.pass("good") }, scene: told(scene("lab", some(2, gated)...)), want: []string{NotReached},
		},
		"what is approved serves the template before": {
			tell:  func(s *story) { s.pass("good") },
			scene: scene("lab", some(2, func(p *corev1.Pod) { p.Labels["build"] = "old" })...), want: []string{NotReached},
		},
		"what is approved is not ready": {
			tell:  func(s *story) { s.pass("good") },
			scene: scene("lab", some(2, func(p *corev1.Pod) { p.Status.Conditions = nil })...), want: []string{NotReached},
		},
		"as many as the ceiling allows": {
			tell:  func(s *story) { s.pass("good"); s.ceiling(1) },
			scene: told(scene("lab", append(some(1), some(1, gated)...)...)),
		},
		"fewer than the ceiling allows": {
			tell: func(s *story) { s.pass("good"); s.ceiling(1) }, scene: told(scene("lab", some(2, gated)...)),
			want: []string{NotReached},
		},
		"more than the ceiling allows, by a rollout that cannot finish": {
			tell: func(s *story) {
				s.pass("good")
				s.open("a")
				s.born("b", true).Labels["pod-template-hash"] = "b"
				s.write(replicas, "patch", "pods", s.pods["b"])
				s.ceiling(1)
			},
			scene: scene("lab", some(2)...),
		},
		"more than the ceiling allows": {
			tell: func(s *story) { s.pass("good"); s.ceiling(1) }, scene: scene("lab", some(2)...), want: []string{NotReached},
		},
		"the ungoverned namespace serves":         {scene: scene("wild", some(2)...)},
		"the ungoverned namespace does not serve": {scene: scene("wild", some(1)...), want: []string{NotReached}},
	})
}

func TestWhatIsHeldHasToSayWhy(t *testing.T) {
	looked(t, map[string]moment{
		"a clearance of what failed stands": {
			tell:  func(s *story) { s.pass("good"); s.clear(time.Hour); s.fail() },
			scene: told(scene("lab", some(2, gated)...)), want: []string{ClearedAgainstEvidence},
		},
		"a clearance of what failed has ended": {
			tell:  func(s *story) { s.pass("good"); s.clear(time.Second); s.fail(); s.wait(time.Minute) },
			scene: told(scene("lab", some(2, gated)...)),
		},
		"a held pod does not say why": {
			scene: told(scene("lab", some(1, gated, func(p *corev1.Pod) { p.Annotations = nil })...)), want: []string{HeldSilently},
		},
		"the release does not say why": {
			scene: func() *Scene {
				s := told(scene("lab", some(1, gated)...))
				s.Releases[0].Status.Conditions = nil
				return s
			}(),
			want: []string{HeldSilently},
		},
		"no event says why": {
			scene: func() *Scene {
				s := told(scene("lab", some(1, gated)...))
				s.Events[0].Reason = "Released"
				return s
			}(),
			want: []string{HeldSilently},
		},
	})
}

func TestWhatFailedHasToBeGone(t *testing.T) {
	looked(t, map[string]moment{
		"what failed serves": {
			tell: func(s *story) { s.fail() }, scene: scene("lab", some(1)...), want: []string{FailedServes},
		},
		"what failed is being deleted": {
			tell: func(s *story) { s.fail() },
			scene: scene("lab", some(1, func(p *corev1.Pod) {
				p.DeletionTimestamp = new(metav1.Now())
			})...),
		},
		"what was revoked as Critical serves": {
			tell:  func(s *story) { s.pass("good"); s.release(v1alpha1.RevocationCritical) },
			scene: scene("lab", some(1)...), want: []string{FailedServes},
		},
		"what was revoked as Advisory serves": {
			tell:  func(s *story) { s.pass("good"); s.revoke("good", v1alpha1.RevocationAdvisory) },
			scene: scene("lab", some(1)...),
		},
		"what was revoked as Advisory serves after its grace": {
			tell: func(s *story) {
				s.change(func(p *v1alpha1.SafetyPolicySpec) { p.Lapse = &v1alpha1.Lapse{AdvisoryGraceSeconds: new(int32(5))} })
				s.pass("good")
				s.revoke("good", v1alpha1.RevocationAdvisory)
				s.wait(time.Minute)
			},
			scene: scene("lab", some(1)...), want: []string{FailedServes},
		},
		"what lapsed serves after its grace, and is to be kept": {
			tell: func(s *story) {
				s.change(func(p *v1alpha1.SafetyPolicySpec) {
					p.Lapse = &v1alpha1.Lapse{GraceDays: new(int32(0)), Then: v1alpha1.LapseKeep}
				})
				s.brief(10 * time.Second)
				s.wait(time.Minute)
			},
			scene: scene("lab", some(1)...),
		},
	})
}

func TestANamespaceIsRead(t *testing.T) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	meta := metav1.ObjectMeta{Namespace: "lab", Name: "web", UID: "w", ResourceVersion: "5"}
	template := corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{
		Labels: map[string]string{"build": "3", v1alpha1.LabelRelease: "m1"},
	}}
	pod := some(1)[0]
	pod.ResourceVersion = "9"
	live := Live{Client: fake.NewSimpleDynamicClient(scheme,
		&appsv1.Deployment{ObjectMeta: meta, Spec: appsv1.DeploymentSpec{Replicas: new(int32(3)), Template: template}},
		&v1alpha1.ModelRelease{ObjectMeta: metav1.ObjectMeta{Namespace: "lab", Name: "m1", ResourceVersion: "6"}},
		&eventsv1.Event{ObjectMeta: metav1.ObjectMeta{Namespace: "lab", Name: "e"}, Reason: "Released"}, &pod)}
	s, err := live.Scene(t.Context(), "lab")
	if err != nil {
		t.Fatal(err)
	}
	want := []Workload{{Namespace: "lab", Name: "web", Release: "m1", Replicas: 3, Build: "3"}}
	if diff := cmp.Diff(want, s.Workloads); diff != "" || len(s.Pods) != 1 || len(s.Releases) != 1 || len(s.Events) != 1 {
		t.Errorf("%s%d pods, %d releases, %d events", diff, len(s.Pods), len(s.Releases), len(s.Events))
	}
}
