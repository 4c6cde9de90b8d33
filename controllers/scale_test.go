// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"maps"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/enforcement"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/freeing"
	"github.com/scalegate/scalegate/internal/workload/kinds"
)

// scaledDeployment is the Deployment "d" that asks for 5, with an annotation, or none where that is empty.
func scaledDeployment(remembers string) *appsv1.Deployment {
	d := &appsv1.Deployment{ObjectMeta: stored("d"), Spec: appsv1.DeploymentSpec{Replicas: new(int32(5)), Template: podTemplate("General")}}
	if remembers != "" {
		d.Annotations = map[string]string{v1alpha1.AnnotationScaledReplicas: remembers, "example.com/other": "stays"}
	}
	return d
}

// autoscaler scales an object.
func autoscaler(apiVersion, kind, name string) *autoscalingv2.HorizontalPodAutoscaler {
	a := &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: stored("a")}
	a.Spec.ScaleTargetRef = autoscalingv2.CrossVersionObjectReference{APIVersion: apiVersion, Kind: kind, Name: name}
	return a
}

func TestScale(t *testing.T) {
	done := []string{"patch Deployment d", "event Scaled Deployment d"}
	for sentence, test := range map[string]struct {
		has      string
		more     []client.Object
		remember string
		replicas int32
		want     string
		log      []string
	}{
		"both in one write":                                        {remember: "5/2", replicas: 2, want: "5/2", log: done},
		"what nothing is to be remembered of any more":             {has: "9/5", replicas: 2, log: done},
		"not what an autoscaler scales":                            {more: []client.Object{autoscaler("apps/v1", "Deployment", "d")}, remember: "5/2", replicas: 5},
		"not what one scales that cannot be read":                  {more: []client.Object{autoscaler("a/b/c", "Deployment", "d")}, remember: "5/2", replicas: 5},
		"what an autoscaler scales is forgotten, and stays":        {has: "9/5", more: []client.Object{autoscaler("apps/v1", "Deployment", "d")}, replicas: 5, log: done[:1]},
		"what an autoscaler of another group's kind does not mean": {more: []client.Object{autoscaler("example.com/v1", "Deployment", "d")}, remember: "5/2", replicas: 2, want: "5/2", log: done},
		"what an autoscaler of another kind does not mean":         {more: []client.Object{autoscaler("apps/v1", "StatefulSet", "d")}, remember: "5/2", replicas: 2, want: "5/2", log: done},
		"what an autoscaler of another name does not mean":         {more: []client.Object{autoscaler("apps/v1", "Deployment", "e")}, remember: "5/2", replicas: 2, want: "5/2", log: done},
	} {
		t.Run(sentence, func(t *testing.T) {
			c := newCluster(t, append(test.more, scaledDeployment(test.has))...)
			left, err := scalesWith(c).scale(t.Context(), fixture.Namespace, scaleTo(2, test.remember, read(c, scaledDeployment("")).ResourceVersion))
			if err != nil || left != (test.remember != "" && test.want == "") {
				t.Fatalf("left %v, error %v", left, err)
			}
			c.wantLog(test.log...)
			d := read(c, scaledDeployment(""))
			want := map[string]string{}
			if test.has != "" {
				want["example.com/other"] = "stays"
			}
			if test.want != "" {
				want[v1alpha1.AnnotationScaledReplicas] = test.want
			}
			if *d.Spec.Replicas != test.replicas || !maps.Equal(d.Annotations, want) {
				t.Errorf("it asks for %d with %v, want %d with %v", *d.Spec.Replicas, d.Annotations, test.replicas, want)
			}
		})
	}
}

// Nothing tells that an autoscaler went: what it scales is looked at again, and then scaled.
func TestReconcileScalesWhenTheAutoscalerWent(t *testing.T) {
	limited := release(func(r *v1alpha1.ModelRelease) { r.Spec.LimitBy = v1alpha1.LimitByScaleReplicas })
	c := newCluster(t, governed(v1alpha1.GateEnforced), demanding(), limited, scaledDeployment(""), replicaSet(), running(waits), autoscaler("apps/v1", "Deployment", "d"))
	if got := c.mustReconcile(); got.RequeueAfter != autoscaledAgain || *read(c, scaledDeployment("")).Spec.Replicas != 5 {
		t.Errorf("looks again after %v", got.RequeueAfter)
	}
	c.mustReconcile()
	c.idle()
	if err := c.api.Delete(t.Context(), autoscaler("apps/v1", "Deployment", "d")); err != nil {
		t.Fatal(err)
	}
	if got := c.mustReconcile(); got.RequeueAfter != 0 || *read(c, scaledDeployment("")).Spec.Replicas != 0 {
		t.Errorf("looks again after %v, and it asks for %d", got.RequeueAfter, *read(c, scaledDeployment("")).Spec.Replicas)
	}
}

func scalesWith(c *cluster) *ModelReleaseReconciler {
	live := c.live()
	return &ModelReleaseReconciler{Client: cached{live, c}, Live: live, Events: c, Now: now}
}

func scaleTo(replicas int32, remember, version string) enforcement.Scale {
	return enforcement.Scale{
		Kind: schema.GroupKind{Group: "apps", Kind: "Deployment"}, Version: "v1", Name: "d", ResourceVersion: version,
		Replicas: replicas, Remember: remember, Message: "scaled",
	}
}

func TestScaleWritesNothing(t *testing.T) {
	for sentence, test := range map[string]struct {
		scale func(*enforcement.Scale)
		fails string
		bad   bool
		log   []string
	}{
		"where the autoscalers cannot be read":    {fails: "list HorizontalPodAutoscalerList", bad: true},
		"where the write goes wrong, and says so": {fails: "patch Deployment d", bad: true, log: []string{"patch Deployment d"}},
		"to what changed meanwhile":               {scale: func(s *enforcement.Scale) { s.ResourceVersion = "1" }, log: []string{"patch Deployment d"}},
		"to what is gone":                         {scale: func(s *enforcement.Scale) { s.Name = "gone" }, log: []string{"patch Deployment gone"}},
		"of a kind that is not scaled here":       {scale: func(s *enforcement.Scale) { s.Kind.Kind = "ReplicaSet" }, bad: true},
		"of a kind that nobody knows":             {scale: func(s *enforcement.Scale) { s.Kind.Kind = "Fleet" }, bad: true},
	} {
		t.Run(sentence, func(t *testing.T) {
			c := newCluster(t, scaledDeployment(""))
			if test.fails != "" {
				c.fails[test.fails] = errBroken
			}
			s := scaleTo(2, "5/2", read(c, scaledDeployment("")).ResourceVersion)
			if test.scale != nil {
				test.scale(&s)
			}
			if left, err := scalesWith(c).scale(t.Context(), fixture.Namespace, s); left || (err != nil) != test.bad {
				t.Errorf("left %v, error %v", left, err)
			}
			c.wantLog(test.log...)
			if d := read(c, scaledDeployment("")); *d.Spec.Replicas != 5 {
				t.Errorf("it asks for %d", *d.Spec.Replicas)
			}
		})
	}
}

// Each kind whose replicas are set is one that may be patched, and none other is.
func TestScalableKinds(t *testing.T) {
	want := map[string]bool{"Deployment": true, "StatefulSet": true, "LeaderWorkerSet": true}
	for _, kind := range kinds.All() {
		if freeing.Scales(kind) != want[kind.Kind] {
			t.Errorf("%s: %v", kind.Kind, freeing.Scales(kind))
		}
		p := &parent{kind: kind}
		if scalable(p) != want[kind.Kind] {
			t.Errorf("a %s of nobody: %v", kind.Kind, scalable(p))
		}
		p.OwnerReferences = controlledBy("example.com/v1", "Fleet", "f")
		if scalable(p) {
			t.Errorf("a %s of a controller", kind.Kind)
		}
	}
}

// Where nobody governs any more, what was scaled gets back what its author wants, held or not.
func TestFreeingGivesReplicasBack(t *testing.T) {
	freed := []string{"patch Deployment d", "event Freed Deployment d"}
	for sentence, test := range map[string]struct {
		gate, remembers string
		change          func(*appsv1.Deployment)
		replicas        int32
		paused          bool
		note            string
		log             []string
	}{
		"what was scaled down":                           {remembers: "9/5", replicas: 9, note: "its replicas are 9 again: namespace serving is not enforced any more", log: freed},
		"what was brought up":                            {remembers: "0/5/m0,m1", replicas: 0, note: "its replicas are 0 again: namespace serving is not enforced any more", log: freed},
		"in a namespace that is only audited":            {gate: v1alpha1.GateAudited, remembers: "9/5", replicas: 9, note: "its replicas are 9 again: namespace serving is not enforced any more", log: freed},
		"not what somebody scaled since: that stays":     {remembers: "9/2", replicas: 5, note: "the replicas stay", log: freed},
		"not what nobody can read: that stays":           {remembers: "nine", replicas: 5, note: "the replicas stay", log: freed},
		"not in a namespace that is enforced":            {gate: v1alpha1.GateEnforced, remembers: "9/5", replicas: 5},
		"what its author paused stays paused":            {remembers: "9/5", change: func(d *appsv1.Deployment) { d.Spec.Paused = true }, replicas: 9, paused: true, note: "its replicas are 9 again", log: freed},
		"what is held too, in one write":                 {remembers: "9/5", change: heldToo, replicas: 9, note: "its replicas are 9 again", log: freed},
		"what is held and was scaled by somebody since":  {remembers: "9/2", change: heldToo, replicas: 5, note: "the hold is lifted", log: freed},
		"nothing where nothing was scaled and none held": {replicas: 5},
	} {
		t.Run(sentence, func(t *testing.T) {
			d := scaledDeployment(test.remembers)
			if test.change != nil {
				test.change(d)
			}
			c := newCluster(t, governed(test.gate), d)
			if err := freeingOf(c).search(t.Context()); err != nil {
				t.Fatal(err)
			}
			c.wantLog(test.log...)
			after := read(c, scaledDeployment(""))
			_, remembers := after.Annotations[v1alpha1.AnnotationScaledReplicas]
			_, held := after.Annotations[v1alpha1.AnnotationHeld]
			if *after.Spec.Replicas != test.replicas || after.Spec.Paused != test.paused || (remembers || held) != (test.gate == v1alpha1.GateEnforced) {
				t.Errorf("it asks for %d, paused %v, with %v", *after.Spec.Replicas, after.Spec.Paused, after.Annotations)
			}
			if test.note != "" && (len(c.notes) != 1 || !strings.HasPrefix(c.notes[0], test.note)) {
				t.Errorf("it says %q", c.notes)
			}
		})
	}
}

// heldToo holds a Deployment whose author had not paused it.
func heldToo(d *appsv1.Deployment) {
	d.Annotations[v1alpha1.AnnotationHeld], d.Spec.Paused = v1alpha1.HeldResume, true
}
