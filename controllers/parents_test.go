// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/clearance"
	"github.com/scalegate/scalegate/internal/enforcement"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/workload/kinds"
)

// statefulSet is "s", which claims the release; held with a mark.
func statefulSet(mark string, modifiers ...func(*appsv1.StatefulSet)) *appsv1.StatefulSet {
	s := &appsv1.StatefulSet{ObjectMeta: stored("s")}
	s.Spec.Template = podTemplate("General")
	s.Status = appsv1.StatefulSetStatus{ObservedGeneration: 1, UpdateRevision: "s-2"}
	if mark != "" {
		s.Annotations = map[string]string{v1alpha1.AnnotationHeld: mark}
		s.Spec.UpdateStrategy.RollingUpdate = &appsv1.RollingUpdateStatefulSetStrategy{Partition: new(int32(v1alpha1.HeldPartition))}
	}
	for _, modify := range modifiers {
		modify(s)
	}
	return s
}

// heldJob is "j", which waits for its release.
func heldJob(mark string) *batchv1.Job {
	j := &batchv1.Job{ObjectMeta: stored("j")}
	j.Annotations = map[string]string{v1alpha1.AnnotationHeld: mark}
	j.Spec.Suspend, j.Spec.Template = new(true), podTemplate("General")
	return j
}

// older makes a pod one of the older revision of "s", with the ordinal 0.
func older(p *corev1.Pod) {
	p.Name, p.UID = "s-0", fixture.UID("s-0")
	p.Labels[appsv1.ControllerRevisionHashLabelKey] = "s-1"
	p.OwnerReferences = []metav1.OwnerReference{{
		APIVersion: "apps/v1", Kind: "StatefulSet", Name: "s", UID: fixture.UID("s"), Controller: new(true),
	}}
}

func cleared(objects ...client.Object) []client.Object {
	return append([]client.Object{governed(v1alpha1.GateEnforced), demanding(), release(), result("0.1")}, objects...)
}

// Each kind goes on as its author last wanted.
func TestReconcileLiftsEveryKind(t *testing.T) {
	c := newCluster(t, cleared(statefulSet("partition=2"), heldJob(v1alpha1.HeldResume))...)
	c.mustReconcile()
	c.wantLog("patch Namespace serving", "patch Job j", "patch StatefulSet s", "apply ModelRelease m1",
		"event Released ModelRelease m1", "event ExposureChanged ModelRelease m1", "event Released Job j", "event Released StatefulSet s")
	set := read(c, &appsv1.StatefulSet{ObjectMeta: stored("s")})
	if *set.Spec.UpdateStrategy.RollingUpdate.Partition != 2 || len(set.Annotations) > 0 {
		t.Errorf("partition %v, annotations %v", set.Spec.UpdateStrategy.RollingUpdate, set.Annotations)
	}
	job := read(c, &batchv1.Job{ObjectMeta: stored("j")})
	if *job.Spec.Suspend || len(job.Annotations) > 0 {
		t.Errorf("suspended %v, annotations %v", *job.Spec.Suspend, job.Annotations)
	}
}

func TestReconcileKeepsASuspension(t *testing.T) {
	c := newCluster(t, cleared(heldJob(v1alpha1.HeldPaused))...)
	c.mustReconcile()
	if job := read(c, &batchv1.Job{ObjectMeta: stored("j")}); !*job.Spec.Suspend || len(job.Annotations) > 0 {
		t.Errorf("suspended %v, annotations %v", *job.Spec.Suspend, job.Annotations)
	}
}

// A Job that has ended makes no more pods, and is no workload any more.
func TestReconcileForgetsFinishedJobs(t *testing.T) {
	job := heldJob(v1alpha1.HeldResume)
	job.Status.Conditions = []batchv1.JobCondition{{Type: batchv1.JobComplete, Status: corev1.ConditionTrue}}
	c := newCluster(t, cleared(job)...)
	c.mustReconcile()
	if w := read(c, release()).Status.Workloads; len(w) > 0 {
		t.Errorf("workloads = %+v", w)
	}
}

func TestLifting(t *testing.T) {
	const path = "spec.a.b"
	for sentence, test := range map[string]struct {
		hold    kinds.Hold
		mark    string
		want    any
		wantErr string
	}{
		"a pause ends":                    {hold: kinds.HoldPause, mark: v1alpha1.HeldResume, want: nil},
		"a pause stays":                   {hold: kinds.HoldPause, mark: v1alpha1.HeldPaused, want: true},
		"a suspension ends":               {hold: kinds.HoldSuspend, mark: v1alpha1.HeldResume, want: false},
		"a suspension stays":              {hold: kinds.HoldSuspend, mark: v1alpha1.HeldPaused, want: true},
		"a partition comes back":          {hold: kinds.HoldPartition, mark: "partition=7", want: int64(7)},
		"the greatest partition too":      {hold: kinds.HoldPartition, mark: "partition=2147483647", want: int64(2147483647)},
		"no number":                       {hold: kinds.HoldPartition, mark: "partition=x", wantErr: `"partition=x"`},
		"a negative number":               {hold: kinds.HoldPartition, mark: "partition=-1", wantErr: `"partition=-1"`},
		"a number too great":              {hold: kinds.HoldPartition, mark: "partition=2147483648", wantErr: "no partition"},
		"the mark of another hold":        {hold: kinds.HoldPartition, mark: v1alpha1.HeldPaused, wantErr: `"paused"`},
		"a partition where there is none": {hold: kinds.HoldPause, mark: "partition=0", wantErr: "no hold of the kind"},
	} {
		t.Run(sentence, func(t *testing.T) {
			got, err := lifting(kinds.Kind{Hold: test.hold, HoldPath: path}, enforcement.Lift{ResourceVersion: "9", Mark: test.mark})
			if test.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), test.wantErr) {
					t.Errorf("error = %v", err)
				}
				return
			}
			want := map[string]any{
				"metadata": map[string]any{
					"resourceVersion": "9", "annotations": map[string]any{v1alpha1.AnnotationHeld: nil, v1alpha1.AnnotationClearedTemplate: nil},
				},
				"spec": map[string]any{"a": map[string]any{"b": test.want}},
			}
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("patch (-want +got), %v:\n%s", err, diff)
			}
		})
	}
}

// A mark that says nothing lifts nothing, and keeps nothing else from being lifted.
func TestReconcileKeepsWhatItsMarkDoesNotTell(t *testing.T) {
	c := newCluster(t, cleared(statefulSet("partition=soon"), heldDeployment())...)
	if _, err := c.reconcile(); err == nil || !strings.Contains(err.Error(), "partition=soon") {
		t.Errorf("error = %v", err)
	}
	if set := read(c, statefulSet("")); *set.Spec.UpdateStrategy.RollingUpdate.Partition != v1alpha1.HeldPartition {
		t.Error("the StatefulSet is lifted")
	}
	if read(c, &appsv1.Deployment{ObjectMeta: stored("d")}).Spec.Paused {
		t.Error("the Deployment is not lifted")
	}
}

// A held workload of a custom kind that cannot be read stays held, and keeps nothing else from being done.
func TestReconcileGoesOnWithoutACustomKind(t *testing.T) {
	set := leaderWorkerSet("set", "m1")
	set.SetAnnotations(map[string]string{v1alpha1.AnnotationHeld: "partition=0"})
	w := newWorld(t, set)
	w.install("LeaderWorkerSet", "v1")
	w.eventually("it is seen", func() bool { return len(w.names()) == 1 })
	c := newCluster(t, waitingWorld()...)
	live := c.live()
	c.reconciler = &ModelReleaseReconciler{Client: cached{live, c}, Live: live, Events: c, Now: now, verdicts: newVerdicts(), looked: newVerdicts(), seenTemplates: newVerdicts(), kinds: w.kinds}
	c.fails["get LeaderWorkerSet set"] = errBroken
	if got := c.mustReconcile(); got.RequeueAfter == 0 || got.RequeueAfter > readAgain {
		t.Errorf("it is looked at again after %v", got.RequeueAfter)
	}
	c.wantLog("patch Namespace serving", "patch Deployment d", "patch Pod p", "apply ModelRelease m1",
		"event NotLookedAt ModelRelease m1", "event ExposureChanged ModelRelease m1", "event Released Deployment d")
}

// A held pod of an older revision is removed, in the version that was seen and no other.
func TestReconcileRemovesWhatBlocksItsStatefulSet(t *testing.T) {
	objects := func(modifiers ...func(*corev1.Pod)) []client.Object {
		return cleared(statefulSet(""), running(append([]func(*corev1.Pod){waits, older, func(p *corev1.Pod) {
			p.Spec.Containers[0].Args = []string{"--other"}
		}}, modifiers...)...))
	}
	pod := func() *corev1.Pod { return &corev1.Pod{ObjectMeta: stored("s-0")} }
	t.Run("it never ran", func(t *testing.T) {
		c := newCluster(t, objects()...)
		c.mustReconcile()
		if c.exists(pod()) || !strings.Contains(strings.Join(c.log, "\n"), "event Superseded Pod s-0") {
			t.Errorf("log = %q", c.log)
		}
	})
	t.Run("it was opened meanwhile", func(t *testing.T) {
		c := newCluster(t, objects()...).lagging(objects(func(p *corev1.Pod) { p.ResourceVersion = "998" })...)
		c.mustReconcile()
		if !c.exists(pod()) {
			t.Error("it is removed")
		}
	})
	t.Run("its release is gone", func(t *testing.T) {
		c := newCluster(t, governed(v1alpha1.GateEnforced), statefulSet(""), running(waits, older))
		c.mustReconcile()
		if c.exists(pod()) {
			t.Error("it is still there")
		}
	})
	t.Run("its ordinals start above its partition", func(t *testing.T) {
		set := statefulSet("", func(s *appsv1.StatefulSet) {
			s.Spec.Ordinals = &appsv1.StatefulSetOrdinals{Start: 5}
			s.Spec.UpdateStrategy.RollingUpdate = &appsv1.RollingUpdateStatefulSetStrategy{Partition: new(int32(2))}
		})
		numbered := func(name, ordinal string) *corev1.Pod {
			return running(waits, older, func(p *corev1.Pod) {
				p.Name, p.UID, p.Labels[labelOrdinal] = name, fixture.UID(name), ordinal
				p.Spec.Containers[0].Args = []string{"--other"}
			})
		}
		below, from := numbered("s-6", "6"), numbered("s-7", "7")
		c := newCluster(t, cleared(set, below, from)...)
		c.mustReconcile()
		if !c.exists(below) || c.exists(from) {
			t.Errorf("of ordinals from 5 with a partition of 2, 6 is there: %v, and 7: %v", c.exists(below), c.exists(from))
		}
	})
	for sentence, change := range map[string]func(*appsv1.StatefulSet){
		"the StatefulSet is held": func(s *appsv1.StatefulSet) {
			s.Annotations = map[string]string{v1alpha1.AnnotationHeld: "partition=soon"}
		},
		"its status is of an older spec":  func(s *appsv1.StatefulSet) { s.Generation = 2 },
		"its pods are for people to take": func(s *appsv1.StatefulSet) { s.Spec.UpdateStrategy.Type = appsv1.OnDeleteStatefulSetStrategyType },
		"it is another of that name":      func(s *appsv1.StatefulSet) { s.UID = "another" },
		"the pod is below its partition": func(s *appsv1.StatefulSet) {
			s.Spec.UpdateStrategy.RollingUpdate = &appsv1.RollingUpdateStatefulSetStrategy{Partition: new(int32(1))}
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			c := newCluster(t, append(objects()[:4:4], statefulSet("", change), objects()[5])...)
			_, _ = c.reconcile() // a mark that says nothing is an error
			if !c.exists(pod()) {
				t.Errorf("it is removed: %q", c.log)
			}
		})
	}
}

// Some controllers edit the metadata of their ReplicaSets' templates: the owner is matched again in each generation, and
// leaves the clearance in the same pass when it does not match or cannot be told from an older one.
func TestReconcileMatchesAgainInEachGeneration(t *testing.T) {
	next := func(modifiers ...func(*corev1.PodTemplateSpec)) *appsv1.ReplicaSet {
		set := replicaSet(modifiers...)
		set.Generation = 2
		return set
	}
	annotated := func(key string) func(*corev1.PodTemplateSpec) {
		return func(t *corev1.PodTemplateSpec) { t.Annotations = map[string]string{key: "x"} }
	}
	newer := next()
	newer.Generation = 3
	for sentence, test := range map[string]struct {
		cached, live *appsv1.ReplicaSet
		stays        bool
	}{
		"metadata that changes nothing":             {next(annotated("rollouts.example/hash")), next(annotated("rollouts.example/hash")), true},
		"metadata that a container runtime acts on": {next(annotated("cdi.k8s.io/gpu")), next(annotated("cdi.k8s.io/gpu")), false},
		"another image":                             {next(otherImage), next(otherImage), false},
		"a generation that the cache does not show": {next(), newer, false},
		"a generation that the API server forgot":   {newer, next(), false},
	} {
		t.Run(sentence, func(t *testing.T) {
			objects := func(set *appsv1.ReplicaSet) []client.Object {
				return []client.Object{
					governed(v1alpha1.GateEnforced, clearance.Key("m1"), standing().String()), demanding(), release(), result("0.1"), set,
				}
			}
			c := newCluster(t, objects(replicaSet())...)
			c.mustReconcile() // remembers the verdict on the first generation
			c.api = c.hold(objects(test.live))
			c.lagging(objects(test.cached)...)
			kept := c.reconciler.verdicts
			c.reconciler = nil
			live := c.live()
			c.reconciler = &ModelReleaseReconciler{Client: cached{live, c}, Live: live, Events: c, Now: now, verdicts: kept, looked: newVerdicts(), seenTemplates: newVerdicts()}
			c.mustReconcile()
			value, _ := c.hasClearance()
			have, err := clearance.Parse(value)
			if stays := len(have.Owners) == 1; err != nil || stays != test.stays {
				t.Errorf("clearance = %s, %v", value, err)
			}
		})
	}
}

// A controller that reports on a held workload makes another version of it, of the same template. That this one differs is told
// at once; that it does not lifts only the version that was examined.
func TestReconcileComparesWhatWasReportedOnMeanwhile(t *testing.T) {
	same := func(*corev1.PodTemplateSpec) {}
	wasReady := func(r *v1alpha1.ModelRelease) {
		r.Status.ObservedGeneration = new(r.Generation)
		r.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonReleased}}
	}
	wasReadyBefore := func(r *v1alpha1.ModelRelease) {
		wasReady(r)
		r.Generation++
	}
	for sentence, test := range map[string]struct {
		template   func(*corev1.PodTemplateSpec)
		generation int64
		status     func(*v1alpha1.ModelRelease)
		reason     string
	}{
		"one that differs is told of":                        {otherImage, 1, nil, v1alpha1.ReasonWorkloadMismatch},
		"one that does not waits for the event of the other": {same, 1, nil, v1alpha1.ReasonNotLookedAt},
		"nothing is known of another template":               {otherImage, 2, nil, v1alpha1.ReasonNotLookedAt},
		"a release that was ready stays so":                  {otherImage, 2, wasReady, v1alpha1.ReasonReleased},
		"one that was ready as something else does not":      {otherImage, 2, wasReadyBefore, v1alpha1.ReasonNotLookedAt},
	} {
		t.Run(sentence, func(t *testing.T) {
			objects := func(d *appsv1.Deployment) []client.Object {
				r := release()
				if test.status != nil {
					test.status(r)
				}
				return []client.Object{governed(v1alpha1.GateEnforced, clearance.Key("m1"), standing().String()), demanding(), r, result("0.1"), replicaSet(), d}
			}
			cached, later := heldDeployment(test.template), heldDeployment(test.template)
			cached.ResourceVersion, later.ResourceVersion, later.Generation = "5", "6", test.generation
			c := newCluster(t, objects(later)...).lagging(objects(cached)...)
			c.mustReconcile()
			if got := reasonOf(read(c, release()).Status, v1alpha1.ConditionReady); got != test.reason {
				t.Errorf("Ready is %s", got)
			}
			if !read(c, heldDeployment()).Spec.Paused {
				t.Errorf("it is lifted: %q", c.log)
			}
			for _, record := range c.records() {
				if record.Status.EnforcedTime != nil {
					t.Errorf("%s is stamped as enforced", record.Name)
				}
			}
		})
	}
}

// While others say that nothing may be given, nothing is, and they are asked again.
func TestReconcileWithholds(t *testing.T) {
	c := newCluster(t, waitingWorld()...)
	live := c.live()
	ready := false
	var asked []string
	c.reconciler = &ModelReleaseReconciler{
		Client: cached{live, c}, Live: live, Events: c, Now: now, verdicts: newVerdicts(), looked: newVerdicts(), seenTemplates: newVerdicts(),
		Ready: func(ns *metav1.PartialObjectMetadata, _ time.Time) Withheld {
			asked = append(asked, ns.Name)
			if ready {
				return Withheld{}
			}
			return Withheld{Withheld: enforcement.Withheld{Reason: v1alpha1.ReasonGuardsNotInPlace, Message: "probing"}, Again: 2 * time.Second}
		},
	}
	got := c.mustReconcile()
	c.wantLog("apply ModelRelease m1", "event GuardsNotInPlace ModelRelease m1", "event ExposureChanged ModelRelease m1", "note Pod p")
	if got.RequeueAfter != 2*time.Second || len(asked) == 0 || asked[0] != fixture.Namespace {
		t.Errorf("asks again after %v, asked for %q", got.RequeueAfter, asked)
	}
	status := read(c, release()).Status
	if e := meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionEnforced); e.Status != metav1.ConditionFalse || e.Message != "probing" {
		t.Errorf("conditions = %+v", status.Conditions)
	}
	ready, c.log = true, nil
	c.mustReconcile()
	if _, ok := c.hasClearance(); !ok || held(read(c, &corev1.Pod{ObjectMeta: stored("p")})) {
		t.Errorf("nothing is given though it may: %q", c.log)
	}
}

// The caches keep what the decisions read, and forget the rest.
func TestCached(t *testing.T) {
	fromOne := func(s *appsv1.StatefulSet) {
		s.Spec.Ordinals = &appsv1.StatefulSetOrdinals{Start: 1}
		s.Spec.UpdateStrategy.RollingUpdate.Partition = new(int32(4))
	}
	kept := map[string]client.Object{}
	for o, by := range cachedWorkloads() {
		given := map[string]client.Object{
			"*v1.Deployment": surgingDeployment(), "*v1.StatefulSet": statefulSet("partition=1", fromOne), "*v1.Job": heldJob(v1alpha1.HeldResume),
			"*v1.ReplicaSet": replicaSet(),
		}[typeOf(o)]
		given.SetManagedFields([]metav1.ManagedFieldsEntry{{Manager: "x"}})
		given.SetOwnerReferences([]metav1.OwnerReference{{Kind: "X"}})
		out, err := by.Transform(copied(t, given))
		if err != nil {
			t.Fatal(err)
		}
		object, ok := out.(client.Object)
		if !ok || len(object.GetManagedFields()) > 0 || len(object.GetOwnerReferences()) != 1 || claimed(object) != "m1" {
			t.Errorf("kept %+v", out)
		}
		kept[typeOf(o)] = object
		before, after := builtIn(given), builtIn(object)
		if diff := cmp.Diff(summaryOf(before), summaryOf(after)); diff != "" {
			t.Errorf("%s says something else from the cache (-want +got):\n%s", typeOf(o), diff)
		}
	}
	if set, ok := kept["*v1.StatefulSet"].(*appsv1.StatefulSet); !ok || len(set.Spec.Template.Spec.Containers) > 0 {
		t.Errorf("a template is kept: %+v", kept["*v1.StatefulSet"])
	}
	if set, ok := kept["*v1.ReplicaSet"].(*appsv1.ReplicaSet); !ok || len(set.Spec.Template.Spec.Containers) != 1 {
		t.Errorf("the containers of what claims are lost: %+v", kept["*v1.ReplicaSet"])
	}
}

// Where the sum of start and partition is no ordinal any more, nothing is rolled out.
func TestFirstOrdinal(t *testing.T) {
	for sentence, test := range map[string]struct {
		start, partition int32
		want             int32
	}{
		"both count":             {5, 2, 7},
		"no start":               {0, 2, 2},
		"no partition":           {5, 0, 5},
		"a held one that starts": {5, v1alpha1.HeldPartition, v1alpha1.HeldPartition},
	} {
		t.Run(sentence, func(t *testing.T) {
			set := statefulSet("", func(s *appsv1.StatefulSet) {
				s.Spec.Ordinals = &appsv1.StatefulSetOrdinals{Start: test.start}
				s.Spec.UpdateStrategy.RollingUpdate = &appsv1.RollingUpdateStatefulSetStrategy{Partition: &test.partition}
			})
			if got := builtIn(set).rollout.partition; got != test.want {
				t.Errorf("it rolls out from %d, want %d", got, test.want)
			}
		})
	}
}

// summaryOf is what a decision reads of a parent.
func summaryOf(p *parent) map[string]any {
	rolls := rollout{}
	if p.rollout != nil {
		rolls = *p.rollout
	}
	return map[string]any{
		"mark": p.mark(), "releases": p.releases, "exposure": p.exposure, "pods": *p.pods, "observed": rolls.observed,
		"revision": rolls.revision, "partition": rolls.partition, "owners": p.OwnerReferences, "uid": p.UID, "version": p.ResourceVersion,
		"surge": p.surge, "paused": p.paused,
	}
}

// Pods wake the releases that they claim when their StatefulSet changes.
func TestWakesOfStatefulSets(t *testing.T) {
	other := running(older, func(p *corev1.Pod) { p.Labels[v1alpha1.LabelRelease] = "m0" })
	c := newCluster(t, other)
	got, err := wakes{c.api}.releasesOfStatefulSet(t.Context(), statefulSet(""))
	want := []types.NamespacedName{{Namespace: fixture.Namespace, Name: "m1"}, {Namespace: fixture.Namespace, Name: "m0"}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("woken (-want +got), %v:\n%s", err, diff)
	}
}
