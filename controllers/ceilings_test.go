// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/clearance"
	"github.com/scalegate/scalegate/internal/fixture"
)

// inEvaluation makes a pod of a ReplicaSet that claims Evaluation, which has a ceiling of 2.
func inEvaluation(name, set string, modifiers ...func(*corev1.Pod)) *corev1.Pod {
	return running(append([]func(*corev1.Pod){claimingExposure("Evaluation"), renamed(name), func(p *corev1.Pod) {
		p.OwnerReferences[0].Name, p.OwnerReferences[0].UID = set, fixture.UID(set)
	}}, modifiers...)...)
}

// rollingOut is the Deployment "d" of 2 pods at Evaluation with the ReplicaSets "d-1" and "d-2", the second being
// current.
func rollingOut(modifiers ...func(*appsv1.Deployment)) []client.Object {
	lab := func(t *corev1.PodTemplateSpec) { t.Labels[v1alpha1.LabelExposure] = "Evaluation" }
	d := heldDeployment(lab)
	d.Annotations, d.Spec.Paused, d.Spec.Replicas = nil, false, new(int32(2))
	for _, modify := range modifiers {
		modify(d)
	}
	all := []client.Object{d, governed(v1alpha1.GateEnforced, clearance.Key("m1"), counting().String()), demanding(), release(), result("0.1")}
	for i := range 2 {
		set := replicaSet(lab)
		set.Name = fmt.Sprintf("d-%d", i+1)
		set.UID, set.Annotations = fixture.UID(set.Name), map[string]string{annotationRevision: fmt.Sprint(i + 1)}
		all = append(all, set)
	}
	return all
}

// removes tells whether a line of the log takes a pod away.
func removes(line string) bool {
	return strings.HasPrefix(line, "delete Pod") || strings.HasPrefix(line, "evict Pod")
}

// counting is the clearance of m1 where each pod is counted.
func counting() clearance.Clearance {
	c := standing()
	c.Mode, c.Owners = clearance.Counted, nil
	return c
}

// A successor is opened above the ceiling, as the Deployment's strategy says, and the gates of others stay on it.
func TestReconcileLetsARolloutAtTheCeilingGoOn(t *testing.T) {
	recreate := func(d *appsv1.Deployment) { d.Spec.Strategy.Type = appsv1.RecreateDeploymentStrategyType }
	paused := func(d *appsv1.Deployment) { d.Spec.Paused = true }
	for sentence, test := range map[string]struct {
		objects []client.Object
		want    []string
	}{
		"a quarter, and so one of two, by default": {rollingOut(), []string{"patch Pod x"}},
		"none where old pods go first":             {rollingOut(recreate), nil},
		"none where it is paused":                  {rollingOut(paused), nil},
	} {
		t.Run(sentence, func(t *testing.T) {
			c := newCluster(t, append(test.objects, inEvaluation("p", "d-1"), inEvaluation("q", "d-1"),
				inEvaluation("x", "d-2", waits), inEvaluation("y", "d-2", waits))...)
			c.mustReconcile()
			c.mustReconcile()
			got := slices.DeleteFunc(slices.Clone(c.log), func(s string) bool { return !strings.HasPrefix(s, "patch Pod ") })
			if !slices.Equal(test.want, got) {
				t.Errorf("did %q, want %q", got, test.want)
			}
			if gates := read(c, inEvaluation("x", "d-2")).Spec.SchedulingGates; len(gates) == 0 || gates[0].Name != "example.com/quota" {
				t.Errorf("the gate of somebody else is lifted: %v", gates)
			}
		})
	}
}

// What is above a lowered ceiling is evicted, a quarter of what served at a time, until the ceiling is reached; counted live.
func TestReconcileShrinksToALoweredCeiling(t *testing.T) {
	of := func(name string, day int) *corev1.Pod {
		return inEvaluation(name, "d-2", func(p *corev1.Pod) { p.CreationTimestamp = metav1.NewTime(fixture.Day(day)) })
	}
	objects := append(rollingOut(), of("a", 2), of("b", 3), of("c", 4), of("e", 5), inEvaluation("waits", "d-2", waits))
	c := newCluster(t, objects...)
	c.mustReconcile()
	if !slices.Contains(c.log, "evict Pod e") || !slices.Contains(c.log, "event AboveCeiling Pod e") || c.exists(of("e", 5)) {
		t.Fatalf("did %q", c.log)
	}
	for range 4 {
		c.mustReconcile()
	}
	gone := slices.DeleteFunc(slices.Clone(c.log), func(s string) bool { return !removes(s) && !strings.HasPrefix(s, "patch Pod") })
	if diff := cmp.Diff([]string{"evict Pod e", "evict Pod c"}, gone); diff != "" {
		t.Errorf("removed (-want +got):\n%s", diff)
	}

	// A cache that shows what is gone already has no more removed than must be.
	c = newCluster(t, append(rollingOut(), of("a", 2), of("b", 3))...)
	c.lagging(append(rollingOut(), of("a", 2), of("b", 3), of("c", 4))...)
	c.mustReconcile()
	if !c.exists(of("b", 3)) || slices.ContainsFunc(c.log, removes) {
		t.Errorf("did %q", c.log)
	}
}

// What got its node before the release was cleared here stays above a ceiling.
func TestReconcileKeepsWhatServedBeforeTheClearance(t *testing.T) {
	objects := rollingOut()
	for i := range 4 {
		objects = append(objects, inEvaluation(fmt.Sprintf("a%d", i), "d-2", func(p *corev1.Pod) {
			p.Spec.NodeName = "n"
			p.Status.Conditions = []corev1.PodCondition{{
				Type: corev1.PodScheduled, Status: corev1.ConditionTrue, LastTransitionTime: metav1.NewTime(counting().Since.Add(-time.Second)),
			}}
		}))
	}
	c := newCluster(t, objects...)
	c.mustReconcile()
	if slices.ContainsFunc(c.log, removes) {
		t.Errorf("did %q", c.log)
	}
}

// A policy that the cache does not show yet has pods counted live too: what is gone already is not removed again.
func TestReconcileCountsLiveUnderACeilingThatIsSeenLive(t *testing.T) {
	loose := demanding()
	for i := range loose.Spec.Exposures {
		loose.Spec.Exposures[i].MaxReplicas = nil
	}
	var seen []client.Object
	for _, o := range rollingOut() {
		switch o.(type) {
		case *v1alpha1.SafetyPolicy:
			o = loose
		case *corev1.Namespace:
			o = governed(v1alpha1.GateEnforced)
		}
		seen = append(seen, o)
	}
	of := func(name string) *corev1.Pod {
		return inEvaluation(name, "d-2", func(p *corev1.Pod) { p.CreationTimestamp = metav1.NewTime(fixture.Day(2)) })
	}
	c := newCluster(t, append(rollingOut(), of("a"), of("b"))...)
	c.lagging(append(seen, of("a"), of("b"), of("c"))...)
	c.mustReconcile()
	if slices.ContainsFunc(c.log, removes) {
		t.Errorf("did %q", c.log)
	}
}

func TestSurge(t *testing.T) {
	rolling := func(most intstr.IntOrString) appsv1.DeploymentStrategy {
		return appsv1.DeploymentStrategy{Type: appsv1.RollingUpdateDeploymentStrategyType, RollingUpdate: &appsv1.RollingUpdateDeployment{MaxSurge: &most}}
	}
	for sentence, test := range map[string]struct {
		strategy appsv1.DeploymentStrategy
		replicas int32
		want     int32
	}{
		"a quarter, rounded up, where nothing is said": {appsv1.DeploymentStrategy{}, 5, 2},
		"a quarter where only the other limit is said": {appsv1.DeploymentStrategy{RollingUpdate: &appsv1.RollingUpdateDeployment{}}, 4, 1},
		"a number":               {rolling(intstr.FromInt32(3)), 1, 3},
		"a part, rounded up":     {rolling(intstr.FromString("10%")), 11, 2},
		"none":                   {rolling(intstr.FromInt32(0)), 4, 0},
		"none of none":           {rolling(intstr.FromString("25%")), 0, 0},
		"a text that is no part": {rolling(intstr.FromString("many")), 4, 0},
		"less than nothing":      {rolling(intstr.FromInt32(-3)), 4, 0},
		"old pods go first":      {appsv1.DeploymentStrategy{Type: appsv1.RecreateDeploymentStrategyType}, 4, 0},
		"the largest number there is stays that number": {rolling(intstr.FromInt32(1<<31 - 1)), 4, 1<<31 - 1},
	} {
		t.Run(sentence, func(t *testing.T) {
			if got := surge(test.strategy, test.replicas); got != test.want {
				t.Errorf("surge = %d, want %d", got, test.want)
			}
		})
	}
}

// A pod serves from when it got its node.
func TestStarted(t *testing.T) {
	scheduled := func(status corev1.ConditionStatus) func(*corev1.Pod) {
		return func(p *corev1.Pod) {
			p.Status.Conditions = []corev1.PodCondition{
				{Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: metav1.NewTime(fixture.Day(6))},
				{Type: corev1.PodScheduled, Status: status, LastTransitionTime: metav1.NewTime(fixture.Day(3))},
			}
		}
	}
	on := func(p *corev1.Pod) { p.Spec.NodeName = "n" }
	for sentence, test := range map[string]struct {
		pod  *corev1.Pod
		want time.Time
	}{
		"it waits for one":            {running(scheduled(corev1.ConditionFalse)), time.Time{}},
		"it was given one":            {running(on, scheduled(corev1.ConditionTrue)), fixture.Day(3)},
		"it was made with one":        {running(on), fixture.Day(0)},
		"it has one, and no word yet": {running(on, scheduled(corev1.ConditionFalse)), fixture.Day(0)},
	} {
		t.Run(sentence, func(t *testing.T) {
			if got := started(test.pod); !got.Equal(test.want) {
				t.Errorf("started = %v, want %v", got, test.want)
			}
		})
	}
}

// What is no number of a ReplicaSet is none, and the cache keeps what is.
func TestRevision(t *testing.T) {
	for text, want := range map[string]int64{"": 0, "7": 7, "x": 0} {
		set := replicaSet()
		set.Annotations = map[string]string{annotationRevision: text, "other": "x"}
		for o, by := range Cached() {
			if _, is := o.(*appsv1.ReplicaSet); !is {
				continue
			}
			kept, err := by.Transform(set.DeepCopy())
			if got, ok := kept.(*appsv1.ReplicaSet); !ok || err != nil || revisionOf(got) != want || len(got.Annotations) != 1 {
				t.Errorf("%q is %+v, %v", text, kept, err)
			}
		}
	}
}

// surgingDeployment is one whose strategy is not the default.
func surgingDeployment() *appsv1.Deployment {
	d := heldDeployment()
	d.Spec.Strategy.RollingUpdate = &appsv1.RollingUpdateDeployment{MaxSurge: new(intstr.FromInt32(7))}
	return d
}
