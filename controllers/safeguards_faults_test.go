// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/utils/lru"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/enforcement"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
	"github.com/scalegate/scalegate/internal/workload/kinds"
)

// Where NetworkPolicies cannot be read at the API server, what the cache shows counts and nothing is given. What an adverse
// finding removes does not wait for it.
func TestNetworkPoliciesThatCannotBeRead(t *testing.T) {
	objects := served(result("0.1"), denial(), running(renamed("waits"), waits))
	objects[1] = wanting(v1alpha1.SafeguardCheck{Type: v1alpha1.SafeguardEgressDenied})
	c := newCluster(t, objects...)
	c.fails["list NetworkPolicyList"] = errBroken
	again := c.mustReconcile().RequeueAfter
	if c.safeguard().State != v1alpha1.SafeguardInPlace || again != 10*time.Second || !held(read(c, &corev1.Pod{ObjectMeta: stored("waits")})) {
		t.Errorf("%+v; looks again after %v", c.safeguard(), again)
	}
	if got := c.enforcedBy(); got.Reason != v1alpha1.ReasonSafeguardNotInPlace {
		t.Errorf("Enforced: %+v", got)
	}
	bad := result("0.9")
	bad.Name, bad.UID = "bad", fixture.UID("bad")
	if err := c.api.Create(t.Context(), bad); err != nil {
		t.Fatal(err)
	}
	c.mustReconcile()
	if c.exists(running()) {
		t.Error("a failed result removed nothing while NetworkPolicies could not be read")
	}
}

// What waits for a storage class is looked at again soon, and not only when what serves would be.
func TestWhatWaitsForAStorageClass(t *testing.T) {
	set := &appsv1.StatefulSet{ObjectMeta: stored("s")}
	set.Annotations = map[string]string{v1alpha1.AnnotationHeld: v1alpha1.HeldPartitionPrefix + "0"}
	set.Spec.Template = podTemplate("General")
	claim := corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: "data"}}
	claim.Spec.StorageClassName = new("encrypted")
	set.Spec.VolumeClaimTemplates = []corev1.PersistentVolumeClaim{claim}
	c := newCluster(t, governed(v1alpha1.GateEnforced), release(), result("0.1"), set,
		wanting(v1alpha1.SafeguardCheck{Type: v1alpha1.SafeguardEncryptedStorage, StorageClasses: []string{"encrypted"}}))
	lifted := func() bool { return read(c, set).Annotations[v1alpha1.AnnotationHeld] == "" }
	if again := c.mustReconcile().RequeueAfter; again != 10*time.Second || lifted() {
		t.Errorf("looks again after %v, lifted %v", again, lifted())
	}
	if err := c.api.Create(t.Context(), storageClass("encrypted")); err != nil {
		t.Fatal(err)
	}
	c.clock = metav1.NewTime(c.now().Add(10 * time.Second))
	if c.mustReconcile(); !lifted() {
		t.Errorf("it waits though its storage class is there: %+v", read(c, release()).Status.Workloads)
	}
}

// A check that nothing needs is looked at on the period also while it is broken: nobody waits for it.
func TestACheckThatNothingNeedsIsNotLookedAtSooner(t *testing.T) {
	for name, test := range map[string]struct {
		needed bool
		want   time.Duration
	}{"needed": {true, 10 * time.Second}, "not needed": {false, time.Minute}} {
		t.Run(name, func(t *testing.T) {
			objects := served(result("0.1"))
			policy := wanting(v1alpha1.SafeguardCheck{Type: v1alpha1.SafeguardDedicatedNamespace})
			if !test.needed {
				policy.Spec.Levels[0].Requires = policy.Spec.Levels[0].Requires[:1]
			}
			objects[1] = policy
			c := newCluster(t, objects...)
			again := c.mustReconcile().RequeueAfter
			if got := c.safeguard(); got.State != v1alpha1.SafeguardBroken || again != test.want {
				t.Errorf("looks again after %v: %+v", again, got)
			}
		})
	}
}

// A template that names no exposure claims that of its release, also after that changed.
func TestATemplateFollowsTheExposureOfItsRelease(t *testing.T) {
	unlabelled := func(p *corev1.PodTemplateSpec) { delete(p.Labels, v1alpha1.LabelExposure) }
	c := newCluster(t, governed(v1alpha1.GateEnforced), wanting(sandbox(), fixture.NeededFrom("General")),
		release(func(r *v1alpha1.ModelRelease) { r.Spec.Exposure = "Internal" }), result("0.1"), heldDeployment(unlabelled))
	live := c.live()
	ready := false
	c.reconciler = &ModelReleaseReconciler{
		Client: cached{live, c}, Live: live, Events: c, Now: now, verdicts: newVerdicts(), looked: newVerdicts(), seenTemplates: newVerdicts(),
		Ready: func(*metav1.PartialObjectMetadata, time.Time) Withheld {
			if ready {
				return Withheld{}
			}
			return Withheld{Withheld: enforcement.Withheld{Reason: v1alpha1.ReasonGuardsNotInPlace, Message: "probing"}}
		},
	}
	c.mustReconcile()
	ready = true
	r := read(c, release())
	r.Spec.Exposure, r.Generation = "General", r.Generation+1
	if err := c.api.Update(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	c.mustReconcile()
	if !read(c, &appsv1.Deployment{ObjectMeta: stored("d")}).Spec.Paused {
		t.Error("the Deployment is lifted though its template breaks what its exposure needs by now")
	}
}

// A workload of a custom kind that cannot be read to be looked at stays held, and keeps nothing else from being done.
func TestACustomKindThatCannotBeLookedAt(t *testing.T) {
	set := leaderWorkerSet("set", "m1")
	row, _ := kinds.For(set.GroupVersionKind().GroupKind())
	p := &parent{kind: row, releases: []string{"m1"}, exposure: "General"}
	p.SetGroupVersionKind(set.GroupVersionKind())
	p.Name, p.Namespace, p.UID, p.ResourceVersion = set.GetName(), set.GetNamespace(), set.GetUID(), "1"
	p.Annotations = map[string]string{v1alpha1.AnnotationHeld: "partition=0"}
	c := newCluster(t)
	c.fails["get LeaderWorkerSet set"] = errBroken
	x := examination{
		live: c.live(), verdicts: lru.New(8), seenTemplates: lru.New(8), release: release(), lifted: sets.New("General"), unread: new(bool),
	}
	x.sentry = (&observation{policies: []*v1alpha1.SafetyPolicy{wanting(sandbox())}}).post(gate.Decision{})
	x.verdicts.Add(seen{p.UID, "1", x.basis}, enforcement.Verdict{Examined: true})
	got, err := x.parents(t.Context(), []*parent{p}, newFamily(c.live(), nil, claims{}))
	if err != nil || len(got) != 1 || got[0].Verdict.Examined || !*x.unread {
		t.Errorf("%+v, %v; unread %v", got, err, *x.unread)
	}
}

// Whoever may write templates must not fill the manager's memory with them: those of many bytes are read at each look.
func TestTemplatesOfManyBytesAreNotKept(t *testing.T) {
	for sentence, test := range map[string]struct {
		bytes, kept int
	}{
		"a usual template":  {100, 1},
		"one of many bytes": {templateMaxBytes, 0},
	} {
		t.Run(sentence, func(t *testing.T) {
			d := heldDeployment(func(template *corev1.PodTemplateSpec) {
				template.Annotations = map[string]string{"note": strings.Repeat("x", test.bytes)}
			})
			c := newCluster(t, d)
			live := read(c, heldDeployment())
			p := &parent{releases: []string{"m1"}, exposure: "General"}
			p.kind, _ = kinds.For(schema.GroupKind{Group: appsv1.GroupName, Kind: "Deployment"})
			p.SetGroupVersionKind(appsv1.SchemeGroupVersion.WithKind("Deployment"))
			p.ObjectMeta = live.ObjectMeta
			x := examination{live: c.live(), seenTemplates: lru.New(8), release: release()}
			x.sentry = (&observation{policies: []*v1alpha1.SafetyPolicy{wanting(sandbox())}}).post(gate.Decision{})
			v := enforcement.Verdict{Examined: true}
			if err := x.guardParent(t.Context(), &v, p); err != nil {
				t.Fatal(err)
			}
			if v.Unguarded == "" || x.seenTemplates.Len() != test.kept {
				t.Errorf("it breaks %q, and %d are kept, want %d", v.Unguarded, x.seenTemplates.Len(), test.kept)
			}
		})
	}
}
