// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"fmt"
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/utils/lru"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/enforcement"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/workload"
	"github.com/scalegate/scalegate/internal/workload/kinds"
)

// controlledBy makes an object the controlling owner.
func controlledBy(apiVersion, kind, name string) []metav1.OwnerReference {
	return []metav1.OwnerReference{{APIVersion: apiVersion, Kind: kind, Name: name, UID: fixture.UID(name), Controller: new(true)}}
}

// grouped is a pod with the labels of a group, which an object controls.
func grouped(owner []metav1.OwnerReference, labels map[string]string) *corev1.Pod {
	return running(func(p *corev1.Pod) {
		p.OwnerReferences = owner
		maps.Copy(p.Labels, labels)
	})
}

// The unit of a pod is what the labels say that its owners have, as far as the caches show these owners.
func TestUnitsOfPods(t *testing.T) {
	group := map[string]string{"leaderworkerset.sigs.k8s.io/name": "set", "leaderworkerset.sigs.k8s.io/group-index": "1"}
	job := map[string]string{
		"jobset.sigs.k8s.io/jobset-name": "js", "jobset.sigs.k8s.io/replicatedjob-name": "a", "jobset.sigs.k8s.io/job-index": "0",
	}
	leader := statefulSet("")
	leader.OwnerReferences = controlledBy("leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet", "set")
	leaderPod := running(func(p *corev1.Pod) { p.OwnerReferences = controlledBy("apps/v1", "StatefulSet", "s") })
	workers := statefulSet("")
	workers.Name, workers.UID = "w", fixture.UID("w")
	workers.OwnerReferences = controlledBy("v1", "Pod", "p")
	child := &batchv1.Job{ObjectMeta: stored("js-a-0")}
	child.Spec.Parallelism = new(int32(4))
	child.OwnerReferences = controlledBy("jobset.x-k8s.io/v1alpha2", "JobSet", "js")
	cluster := custom("ray.io/v1", "RayCluster", "ray", map[string]any{})
	cluster.SetOwnerReferences(controlledBy("ray.io/v1", "RayService", "service"))
	ofSet := enforcement.Unit{
		Key: string(fixture.UID("set")) + "/leaderworkerset.sigs.k8s.io/name=set,leaderworkerset.sigs.k8s.io/group-index=1", Size: 2,
	}
	for sentence, test := range map[string]struct {
		pod  *corev1.Pod
		want enforcement.Unit
	}{
		"a leader of a LeaderWorkerSet":                   {grouped(controlledBy("apps/v1", "StatefulSet", "s"), group), ofSet},
		"a worker, whose StatefulSet the leader controls": {grouped(controlledBy("apps/v1", "StatefulSet", "w"), group), ofSet},
		"a pod of a JobSet, which has as many as its Job": {
			grouped(controlledBy("batch/v1", "Job", "js-a-0"), job), enforcement.Unit{
				Key:  string(fixture.UID("js")) + "/jobset.sigs.k8s.io/jobset-name=js,jobset.sigs.k8s.io/replicatedjob-name=a,jobset.sigs.k8s.io/job-index=0",
				Size: 4,
			},
		},
		"a pod of a Ray cluster, nearer than its service": {
			grouped(controlledBy("ray.io/v1", "RayCluster", "ray"), map[string]string{"ray.io/cluster": "ray"}),
			enforcement.Unit{Key: string(fixture.UID("ray")) + "/ray.io/cluster=ray"},
		},
		"a pod that lacks a label": {grouped(controlledBy("apps/v1", "StatefulSet", "s"), nil), enforcement.Unit{}},
		"a pod of nobody":          {grouped(nil, group), enforcement.Unit{}},
		"a pod of a ReplicaSet":    {grouped(controlledBy("apps/v1", "ReplicaSet", "rs"), group), enforcement.Unit{}},
		"a pod of another object of the name": {
			grouped([]metav1.OwnerReference{{
				APIVersion: "leaderworkerset.x-k8s.io/v1", Kind: "LeaderWorkerSet", Name: "set", UID: "another", Controller: new(true),
			}}, group), enforcement.Unit{},
		},
		"a pod whose owner does not control it": {
			grouped([]metav1.OwnerReference{{APIVersion: "leaderworkerset.x-k8s.io/v1", Kind: "LeaderWorkerSet", Name: "set", UID: fixture.UID("set")}}, group),
			enforcement.Unit{},
		},
		"a pod of a kind that is not known": {grouped(controlledBy("example.com/v1", "LeaderWorkerSet", "set"), group), enforcement.Unit{}},
	} {
		t.Run(sentence, func(t *testing.T) {
			owned := replicaSet()
			owned.Name, owned.UID = "rs", fixture.UID("rs")
			owned.OwnerReferences = controlledBy("leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet", "set")
			c := newCluster(t, leader, leaderPod, workers, child, owned)
			w := newWorld(t, leaderWorkerSet("set", "m1"), cluster, custom("ray.io/v1", "RayService", "service", map[string]any{}),
				custom("jobset.x-k8s.io/v1alpha2", "JobSet", "js", map[string]any{}))
			for kind, version := range map[string]string{"LeaderWorkerSet": "v1", "JobSet": "v1alpha2", "RayCluster": "v1", "RayService": "v1"} {
				w.install(kind, version)
			}
			for _, o := range []*unstructured.Unstructured{leaderWorkerSet("set", ""), cluster, custom("ray.io/v1", "RayService", "service", nil),
				custom("jobset.x-k8s.io/v1alpha2", "JobSet", "js", nil)} {
				w.eventually("it is seen", func() bool {
					return w.kinds.find(o.GroupVersionKind().GroupKind(), client.ObjectKeyFromObject(o)) != nil
				})
			}
			related := newFamily(c.api, w.kinds, claims{namespace: metadataOf(governed(v1alpha1.GateEnforced))})
			got, err := related.of(t.Context(), test.pod)
			if diff := cmp.Diff(test.want, got); diff != "" || err != nil {
				t.Errorf("unit (-want +got), %v:\n%s", err, diff)
			}
		})
	}
}

// A pod is adrift while its labels name a group and an owner above it that may have that group is not seen.
func TestPodsAdrift(t *testing.T) {
	group := map[string]string{"leaderworkerset.sigs.k8s.io/name": "set", "leaderworkerset.sigs.k8s.io/group-index": "1"}
	owned := func(o client.Object, apiVersion, kind, name string) client.Object {
		o.SetOwnerReferences(controlledBy(apiVersion, kind, name))
		return o
	}
	workers := func() client.Object {
		o := statefulSet("")
		o.Name, o.UID = "w", fixture.UID("w")
		return o
	}
	daily := &batchv1.Job{ObjectMeta: stored("daily")}
	circle := workers()
	circle.SetName("circle")
	circle.SetUID(fixture.UID("circle"))
	ray := custom("ray.io/v1", "RayCluster", "ray", map[string]any{})
	ray.SetOwnerReferences(controlledBy("ray.io/v1", "RayService", "gone"))
	const lws, ofLWS = "leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet"
	seen := []client.Object{
		statefulSet(""), owned(workers(), "v1", "Pod", "leader"), owned(daily, "batch/v1", "CronJob", "c"),
		owned(circle, "apps/v1", "StatefulSet", "circle"),
	}
	for sentence, test := range map[string]struct {
		pod  *corev1.Pod
		want bool
	}{
		"its owner is not seen":                           {grouped(controlledBy(lws, ofLWS, "gone"), group), true},
		"its StatefulSet is not seen":                     {grouped(controlledBy("apps/v1", "StatefulSet", "gone"), group), true},
		"the leader of its group is not seen":             {grouped(controlledBy("apps/v1", "StatefulSet", "w"), group), true},
		"its labels name no group":                        {grouped(controlledBy("apps/v1", "StatefulSet", "w"), nil), false},
		"all of its owners are seen":                      {grouped(controlledBy("apps/v1", "StatefulSet", "s"), group), false},
		"its group is known":                              {grouped(controlledBy(lws, ofLWS, "set"), group), false},
		"its group is known, and what is above it is not": {grouped(controlledBy("ray.io/v1", "RayCluster", "ray"), map[string]string{"ray.io/cluster": "ray"}), false},
		"its owners run in a circle":                      {grouped(controlledBy("apps/v1", "StatefulSet", "circle"), group), false},
		"nothing owns it":                                 {grouped(nil, group), false},
		"pods of a ReplicaSet serve each by itself":       {grouped(controlledBy("apps/v1", "ReplicaSet", "gone"), group), false},
		"a CronJob is known by its name alone":            {grouped(controlledBy("batch/v1", "Job", "daily"), group), false},
		"an owner of another kind is no way to it":        {grouped(controlledBy("example.com/v1", "Thing", "x"), group), false},
	} {
		t.Run(sentence, func(t *testing.T) {
			w := newWorld(t, leaderWorkerSet("set", "m1"), ray)
			w.install(ofLWS, "v1")
			w.install("RayCluster", "v1")
			for _, o := range []*unstructured.Unstructured{leaderWorkerSet("set", ""), ray} {
				w.eventually("it is seen", func() bool {
					return w.kinds.find(o.GroupVersionKind().GroupKind(), client.ObjectKeyFromObject(o)) != nil
				})
			}
			related := newFamily(newCluster(t, seen...).api, w.kinds, claims{namespace: metadataOf(governed(v1alpha1.GateEnforced))})
			if got, err := related.adrift(t.Context(), test.pod); got != test.want || err != nil {
				t.Errorf("adrift = %t, %v", got, err)
			}
		})
	}
}

// Workers whose leader is gone a moment ago take the place of nobody who serves.
func TestReconcileRemovesNothingForWorkersWithoutALeader(t *testing.T) {
	workers := statefulSet("")
	workers.Name, workers.UID, workers.OwnerReferences = "w", fixture.UID("w"), controlledBy("v1", "Pod", "leader")
	objects := []client.Object{workers, inEvaluation("a", "d-2")}
	for i := range 3 {
		pod := grouped(controlledBy("apps/v1", "StatefulSet", "w"), map[string]string{
			"leaderworkerset.sigs.k8s.io/name": "set", "leaderworkerset.sigs.k8s.io/group-index": "0",
		})
		pod.Name, pod.UID = fmt.Sprintf("w-%d", i), fixture.UID(fmt.Sprintf("w-%d", i))
		pod.Labels[v1alpha1.LabelExposure] = "Evaluation"
		objects = append(objects, pod)
	}
	c := newCluster(t, append(rollingOut(), objects...)...)
	c.mustReconcile()
	for _, o := range objects {
		if !c.exists(o) {
			t.Errorf("%s is removed: %q", o.GetName(), c.log)
		}
	}
}

// Whoever may make pods may type a controlling owner and the labels of its unit. Under a ceiling no more start for that.
func TestReconcileCountsPodsOfATypedOwner(t *testing.T) {
	w := newWorld(t, custom("ray.io/v1", "RayCluster", "ray", map[string]any{}), leaderWorkerSet("set", "m1"))
	for kind, version := range map[string]string{"RayCluster": "v1", "LeaderWorkerSet": "v1"} {
		w.install(kind, version)
	}
	for sentence, test := range map[string]struct {
		owner  []metav1.OwnerReference
		labels map[string]string
		// want are how many start; Evaluation allows 2 places.
		want int
	}{
		"of a Ray cluster, which says no size": {controlledBy("ray.io/v1", "RayCluster", "ray"), map[string]string{"ray.io/cluster": "anything"}, 0},
		"of a group of 2": {controlledBy("leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet", "set"), map[string]string{
			"leaderworkerset.sigs.k8s.io/name": "set", "leaderworkerset.sigs.k8s.io/group-index": "0",
		}, 2},
		"of an object that is not there": {controlledBy("ray.io/v1", "RayCluster", "gone"), map[string]string{"ray.io/cluster": "anything"}, 2},
	} {
		t.Run(sentence, func(t *testing.T) {
			objects := cleared()
			for i := range 10 {
				pod := grouped(test.owner, test.labels)
				waits(pod)
				pod.Name = fmt.Sprintf("bare-%d", i)
				pod.UID, pod.Labels[v1alpha1.LabelExposure] = fixture.UID(pod.Name), "Evaluation"
				objects = append(objects, pod)
			}
			c := newCluster(t, objects...)
			live := c.live()
			c.reconciler = &ModelReleaseReconciler{Client: cached{live, c}, Live: live, Events: c, Now: now, verdicts: newVerdicts(), looked: newVerdicts(), seenTemplates: newVerdicts(), kinds: w.kinds}
			c.mustReconcile()
			started := 0
			for _, o := range objects[len(cleared()):] {
				if !held(read(c, &corev1.Pod{ObjectMeta: stored(o.GetName())})) {
					started++
				}
			}
			if started != test.want {
				t.Errorf("%d pods were opened, want %d: %q", started, test.want, c.log)
			}
		})
	}
}

func metadataOf(ns *corev1.Namespace) *metav1.PartialObjectMetadata {
	return &metav1.PartialObjectMetadata{ObjectMeta: ns.ObjectMeta}
}

// Owners are followed as far as the table and the caches go, and noted one step beyond.
func TestFamilyFollowsOwners(t *testing.T) {
	set := replicaSet()
	deployment := heldDeployment()
	deployment.OwnerReferences = controlledBy("serving.kserve.io/v1alpha2", "LLMInferenceService", "llm")
	c := newCluster(t, set, deployment)
	related := newFamily(c.api, nil, claims{namespace: metadataOf(governed(v1alpha1.GateEnforced))})
	if _, err := related.of(t.Context(), running()); err != nil {
		t.Fatal(err)
	}
	want := map[types.UID]enforcement.Owner{
		fixture.UID("p"):   {Kind: "ReplicaSet", Name: "d-1", UID: fixture.UID("d-1")},
		fixture.UID("d-1"): {Kind: "Deployment", Name: "d", UID: fixture.UID("d")},
		fixture.UID("d"):   {Kind: "LLMInferenceService", Name: "llm", UID: fixture.UID("llm")},
	}
	if diff := cmp.Diff(want, related.owners); diff != "" {
		t.Errorf("owners (-want +got):\n%s", diff)
	}
	circle := statefulSet("")
	circle.OwnerReferences = controlledBy("apps/v1", "StatefulSet", "s")
	related = newFamily(newCluster(t, circle).api, nil, claims{namespace: metadataOf(governed(v1alpha1.GateEnforced))})
	if chain, err := related.above(t.Context(), circle); err != nil || len(chain) > longestChain {
		t.Errorf("%d owners, %v", len(chain), err)
	}
}

// A parent matches when every template that claims does. Of a kind that serves in groups, one may name the artifacts for all.
func TestTemplatesOfOneParent(t *testing.T) {
	template := func(labels map[string]string, change ...func(*corev1.PodTemplateSpec)) map[string]any {
		o := podTemplate("Internal")
		o.Labels = labels
		for _, c := range change {
			c(&o)
		}
		return asContent(t, &o)
	}
	m1 := map[string]string{v1alpha1.LabelRelease: "m1"}
	unnamed := func(o *corev1.PodTemplateSpec) { o.Spec.Volumes, o.Spec.Containers[0].VolumeMounts = nil, nil }
	alone, groups := kinds.Kind{}, kinds.Kind{Unit: []string{"group"}}
	type want int
	const (
		nothing want = iota
		matches
		differs
		unnaming
	)
	for sentence, test := range map[string]struct {
		kind kinds.Kind
		all  []map[string]any
		want want
	}{
		"none claims":                           {alone, []map[string]any{template(nil)}, nothing},
		"one matches":                           {alone, []map[string]any{template(m1)}, matches},
		"one that claims nothing is not judged": {alone, []map[string]any{template(m1), template(nil, otherImage)}, matches},
		"one of two differs":                    {alone, []map[string]any{template(m1), template(m1, otherImage)}, differs},
		"one claims another release":            {alone, []map[string]any{template(m1), template(map[string]string{v1alpha1.LabelRelease: "m2"})}, differs},
		"one claims another exposure": {
			alone, []map[string]any{template(m1), template(map[string]string{v1alpha1.LabelRelease: "m1", v1alpha1.LabelExposure: "Internal"})}, differs,
		},
		"one does not name the model":               {alone, []map[string]any{template(m1), template(m1, unnamed)}, unnaming},
		"in a group, one names it for the other":    {groups, []map[string]any{template(m1, unnamed), template(m1)}, matches},
		"in a group, none names it":                 {groups, []map[string]any{template(m1, unnamed), template(m1, unnamed)}, unnaming},
		"in a group, one differs in something else": {groups, []map[string]any{template(m1), template(m1, otherImage)}, differs},
	} {
		t.Run(sentence, func(t *testing.T) {
			x := examination{declared: workload.NewComparer(workload.DeclaredBy(release(), demanding())), release: release(), verdicts: lru.New(1), granted: sets.New[string]()}
			v := x.templates(test.kind, test.all)
			got := nothing
			switch {
			case v.Matches():
				got = matches
			case v.Mismatch != "":
				got = differs
			case v.Unnamed != "":
				got = unnaming
			}
			if got != test.want {
				t.Errorf("verdict = %+v", v)
			}
		})
	}
}

// asContent is an object as an unstructured client reads it.
func asContent(t *testing.T, o any) map[string]any {
	t.Helper()
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(o)
	if err != nil {
		t.Fatal(err)
	}
	return content
}
