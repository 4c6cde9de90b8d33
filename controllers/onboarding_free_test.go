// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/freeing"
	"github.com/scalegate/scalegate/internal/workload/kinds"
)

func freeingOf(c *cluster) *FreeingReconciler {
	live := c.live()
	return &FreeingReconciler{Client: cached{live, c}, Live: paged{Reader: live}, Events: c, Now: now}
}

// heldSet is the StatefulSet "s", which waits for a release that does not exist; its author rolls out from ordinal 2.
func heldSet() *appsv1.StatefulSet {
	s := &appsv1.StatefulSet{ObjectMeta: stored("s")}
	s.Annotations = map[string]string{v1alpha1.AnnotationHeld: v1alpha1.HeldPartitionPrefix + "2"}
	s.Spec.Template = podTemplate("General")
	s.Spec.Template.Labels[v1alpha1.LabelRelease] = "gone"
	s.Spec.UpdateStrategy.RollingUpdate = &appsv1.RollingUpdateStatefulSetStrategy{Partition: new(int32(v1alpha1.HeldPartition))}
	return s
}

func TestFreeing(t *testing.T) {
	freed := []string{
		"patch Deployment d", "event Freed Deployment d", "patch StatefulSet s", "event Freed StatefulSet s", "patch Pod p",
	}
	past := fixture.Policy("rsp", enforcedAfter(now().Add(-time.Hour)))
	for name, tc := range map[string]struct {
		ns   client.Object
		more []client.Object
		want []string
	}{
		"the namespace has no gate any more":                  {ns: governed(""), want: freed},
		"the namespace is only audited":                       {ns: governed(v1alpha1.GateAudited), want: freed},
		"the namespace is enforced":                           {ns: governed(v1alpha1.GateEnforced)},
		"the namespace is audited and its day has come":       {ns: governed(v1alpha1.GateAudited), more: []client.Object{release(), past}},
		"the namespace is not governed, whatever the day":     {ns: governed(""), more: []client.Object{release(), past}, want: freed},
		"the namespace does not exist":                        {ns: place("other", "", "")},
		"the namespace has no gate, and its release is there": {ns: governed(""), more: []client.Object{release()}, want: freed},
		"the namespace has a word for a gate that is none":    {ns: governed("Enforced"), want: freed},
	} {
		for how, act := range map[string]func(*FreeingReconciler, *cluster) error{
			"woken": func(r *FreeingReconciler, c *cluster) error {
				_, err := r.Reconcile(c.t.Context(), ctrl.Request{NamespacedName: types.NamespacedName{Name: fixture.Namespace}})
				return err
			},
			"found": func(r *FreeingReconciler, c *cluster) error { return r.search(c.t.Context()) },
		} {
			t.Run(name+", "+how, func(t *testing.T) {
				c := newCluster(t, append(tc.more, tc.ns, heldDeployment(), heldSet(), running(waits))...)
				if err := act(freeingOf(c), c); err != nil {
					t.Fatal(err)
				}
				c.wantLog(tc.want...)
				if tc.want != nil {
					wantFree(c)
				}
			})
		}
	}
}

// wantFree fails the test where something is still held, or is not as its author had it.
func wantFree(c *cluster) {
	c.t.Helper()
	d := read(c, heldDeployment())
	if len(d.Annotations) != 0 || d.Spec.Paused {
		c.t.Errorf("the Deployment is held: %v, paused %v", d.Annotations, d.Spec.Paused)
	}
	s := read(c, heldSet())
	if len(s.Annotations) != 0 || *s.Spec.UpdateStrategy.RollingUpdate.Partition != 2 {
		c.t.Errorf("the StatefulSet is held: %v, partition %d", s.Annotations, *s.Spec.UpdateStrategy.RollingUpdate.Partition)
	}
	p := read(c, running())
	if len(p.Spec.SchedulingGates) != 1 || p.Spec.SchedulingGates[0].Name != "example.com/quota" {
		c.t.Errorf("the pod has the gates %v, want the one that is not ours", p.Spec.SchedulingGates)
	}
}

func TestFreeingLeavesWhatIsNotOurs(t *testing.T) {
	paused := heldDeployment()
	paused.Annotations = nil
	gated := running(func(p *corev1.Pod) {
		p.Spec.SchedulingGates = []corev1.PodSchedulingGate{{Name: "example.com/quota"}}
	})
	c := newCluster(t, governed(""), paused, gated)
	r := freeingOf(c)
	if err := r.search(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := r.free(t.Context(), fixture.Namespace); err != nil {
		t.Fatal(err)
	}
	c.wantLog()
}

func TestFreeingThatCannotReadFreesNothing(t *testing.T) {
	c := newCluster(t, governed(""), heldDeployment(), running(waits))
	c.fails["get Namespace serving"] = errBroken
	if err := freeingOf(c).free(t.Context(), fixture.Namespace); err == nil {
		t.Error("no error")
	}
	c.wantLog()
}

func TestFreeingGoesOnWhereOneThingCannotBeFreed(t *testing.T) {
	c := newCluster(t, governed(""), heldDeployment(), heldSet(), running(waits))
	c.fails["patch Deployment d"] = errBroken
	if err := freeingOf(c).free(t.Context(), fixture.Namespace); err == nil {
		t.Error("no error")
	}
	c.wantLog("patch Deployment d", "patch StatefulSet s", "event Freed StatefulSet s", "patch Pod p")
}

func TestFreeingIsTriedOnTheAPIServersWord(t *testing.T) {
	// The cache has not seen yet that the namespace is enforced again.
	c := newCluster(t, governed(v1alpha1.GateEnforced), heldDeployment(), running(waits)).
		lagging(governed(""), heldDeployment(), running(waits))
	if err := freeingOf(c).search(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.wantLog()
}

func TestUnheld(t *testing.T) {
	for name, tc := range map[string]struct {
		kind schema.GroupKind
		spec string
		mark string
		want string
	}{
		"a Deployment goes on": {
			schema.GroupKind{Group: "apps", Kind: "Deployment"}, `{"paused":true}`, "resume", `{"paused":false}`,
		},
		"a Deployment that its author had paused stays paused": {
			schema.GroupKind{Group: "apps", Kind: "Deployment"}, `{"paused":true}`, "paused", `null`,
		},
		"a Deployment that somebody resumed loses its mark": {
			schema.GroupKind{Group: "apps", Kind: "Deployment"}, `{}`, "resume", `null`,
		},
		"a StatefulSet gets its partition back": {
			schema.GroupKind{Group: "apps", Kind: "StatefulSet"},
			`{"updateStrategy":{"rollingUpdate":{"partition":2147483647}}}`, "partition=3", `{"updateStrategy":{"rollingUpdate":{"partition":3}}}`,
		},
		"a StatefulSet with a spoilt mark rolls out": {
			schema.GroupKind{Group: "apps", Kind: "StatefulSet"},
			`{"updateStrategy":{"rollingUpdate":{"partition":2147483647}}}`, "partition=x", `{"updateStrategy":{"rollingUpdate":{"partition":0}}}`,
		},
		"a StatefulSet whose partition is not ours keeps it": {
			schema.GroupKind{Group: "apps", Kind: "StatefulSet"},
			`{"updateStrategy":{"rollingUpdate":{"partition":1}}}`, "partition=3", `null`,
		},
		"a Job starts": {
			schema.GroupKind{Group: "batch", Kind: "Job"}, `{"suspend":true}`, "resume", `{"suspend":false}`,
		},
		"a Job that its author had suspended, or a queue, stays suspended": {
			schema.GroupKind{Group: "batch", Kind: "Job"}, `{"suspend":true}`, "paused", `null`,
		},
		"a JobSet starts": {
			schema.GroupKind{Group: "jobset.x-k8s.io", Kind: "JobSet"}, `{"suspend":true}`, "resume", `{"suspend":false}`,
		},
		"a LeaderWorkerSet gets its partition back": {
			schema.GroupKind{Group: "leaderworkerset.x-k8s.io", Kind: "LeaderWorkerSet"},
			`{"rolloutStrategy":{"rollingUpdateConfiguration":{"partition":2147483647}}}`, "partition=0",
			`{"rolloutStrategy":{"rollingUpdateConfiguration":{"partition":0}}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			kind, known := kinds.For(tc.kind)
			if !known {
				t.Fatalf("there is no kind %s", tc.kind)
			}
			var live unstructured.Unstructured
			object := `{"apiVersion":"a/v1","kind":"K","metadata":{"name":"x"},"spec":` + tc.spec + `}`
			if err := json.Unmarshal([]byte(object), &live); err != nil {
				t.Fatal(err)
			}
			live.SetAnnotations(map[string]string{v1alpha1.AnnotationHeld: tc.mark})
			patch := freeing.Unheld(kind, &live)
			marks, _, err := unstructured.NestedMap(patch, "metadata", "annotations")
			if err != nil {
				t.Fatal(err)
			}
			annotations, err := json.Marshal(marks)
			if err != nil || string(annotations) != `{"scalegate.dev/cleared-template":null,"scalegate.dev/held":null}` {
				t.Errorf("annotations %s, %v", annotations, err)
			}
			spec, err := json.Marshal(patch["spec"])
			if err != nil || string(spec) != tc.want {
				t.Errorf("spec %s, want %s, %v", spec, tc.want, err)
			}
		})
	}
}

// TestEveryHoldIsFreed fails when a kind with a hold is added that nothing frees.
func TestEveryHoldIsFreed(t *testing.T) {
	for _, kind := range freeing.Parents() {
		t.Run(kind.Kind, func(t *testing.T) {
			live := unstructured.Unstructured{Object: map[string]any{}}
			held := map[kinds.Hold]any{
				kinds.HoldPause: true, kinds.HoldSuspend: true, kinds.HoldPartition: int64(v1alpha1.HeldPartition),
			}[kind.Hold]
			if held == nil {
				t.Fatalf("the hold %s is not known here", kind.Hold)
			}
			live.Object = freeing.Merged(map[string]any{}, strings.Split(kind.HoldPath, "."), held)
			live.SetAnnotations(map[string]string{v1alpha1.AnnotationHeld: v1alpha1.HeldResume})
			if freeing.Unheld(kind, &live)["spec"] == nil {
				t.Errorf("%s stays held", kind.Kind)
			}
		})
	}
}
