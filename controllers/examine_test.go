// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"errors"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/lru"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/clearance"
	"github.com/scalegate/scalegate/internal/enforcement"
	"github.com/scalegate/scalegate/internal/fixture"
)

// dying is an object that is being deleted, and that something keeps for now.
func dying[T client.Object](o T) T {
	o.SetDeletionTimestamp(new(day(0)))
	o.SetFinalizers([]string{"example.com/kept"})
	return o
}

// claimingExposure makes a pod claim another exposure.
func claimingExposure(exposure string) func(*corev1.Pod) {
	return func(p *corev1.Pod) { p.Labels[v1alpha1.LabelExposure] = exposure }
}

func renamed(name string) func(*corev1.Pod) {
	return func(p *corev1.Pod) { p.Name, p.UID = name, fixture.UID(name) }
}

func ended(phase corev1.PodPhase) func(*corev1.Pod) {
	return func(p *corev1.Pod) { p.Status.Phase = phase }
}

// What is gone is neither opened nor cleared, and takes no place under a ceiling.
func TestReconcileOpensWhatIsThere(t *testing.T) {
	counted := standing()
	counted.Mode, counted.Owners = "counted", nil
	lab := claimingExposure("Evaluation")
	for sentence, test := range map[string]struct {
		objects []client.Object
		want    []string // the pods that are opened
	}{
		"a pod that is being deleted is not opened":         {[]client.Object{dying(running(waits))}, nil},
		"a ReplicaSet that is being deleted is not cleared": {[]client.Object{dying(replicaSet())}, nil},
		"a pod that failed before it was opened stays so":   {[]client.Object{running(waits, ended(corev1.PodFailed))}, nil},
		"two pods that run fill the ceiling of Evaluation":  {[]client.Object{running(lab), running(lab, renamed("q")), running(lab, waits, renamed("r"))}, nil},
		"one that has ended makes room, well or not":        {[]client.Object{running(lab), running(lab, renamed("q"), ended(corev1.PodSucceeded)), running(lab, waits, renamed("r"))}, []string{"patch Pod r"}},
		"and so does one that is being deleted":             {[]client.Object{running(lab), dying(running(lab, renamed("q"))), running(lab, waits, renamed("r"))}, []string{"patch Pod r"}},
		"an older one comes first":                          {[]client.Object{running(lab), running(lab, waits, renamed("q"), func(p *corev1.Pod) { p.CreationTimestamp = now() }), running(lab, waits, renamed("r"))}, []string{"patch Pod r"}},
	} {
		t.Run(sentence, func(t *testing.T) {
			c := newCluster(t, append(test.objects, governed(v1alpha1.GateEnforced), demanding(), release(), result("0.1"))...)
			c.mustReconcile()
			opened := slices.DeleteFunc(slices.Clone(c.log), func(s string) bool { return s[:9] != "patch Pod" })
			if !slices.Equal(test.want, opened) {
				t.Errorf("opened %q, want %q", opened, test.want)
			}
			if got, _ := c.hasClearance(); got != counted.String() {
				t.Errorf("clearance = %s", got)
			}
		})
	}
}

// What would not be opened whatever it says is not read live, and what was read is not read again.
func TestReconcileReadsNoMoreThanItMust(t *testing.T) {
	free := heldDeployment(otherImage)
	free.Annotations, free.Spec.Paused = nil, false
	workloads := []client.Object{replicaSet(), running(waits), heldDeployment()}
	break3 := func(c *cluster) {
		for _, call := range []string{"get Deployment d", "get ReplicaSet d-1", "get Pod p"} {
			c.fails[call] = errBroken
		}
	}
	t.Run("nothing where nothing is granted", func(t *testing.T) {
		c := newCluster(t, append(workloads, governed(v1alpha1.GateEnforced), demanding(), release())...)
		break3(c)
		c.mustReconcile()
	})
	t.Run("nothing where the namespace is not governed", func(t *testing.T) {
		c := newCluster(t, append(workloads, governed(""), demanding(), release(), result("0.1"))...)
		break3(c)
		c.mustReconcile()
	})
	t.Run("no Deployment that is not held", func(t *testing.T) {
		c := newCluster(t, free, governed(v1alpha1.GateEnforced), demanding(), release(), result("0.1"))
		break3(c)
		c.mustReconcile()
	})
	t.Run("nothing again, until the release changes", func(t *testing.T) {
		c := newCluster(t, replicaSet(otherImage), running(waits, func(p *corev1.Pod) { p.Spec.HostPID = true }), heldDeployment(otherImage),
			governed(v1alpha1.GateEnforced), demanding(), release(), result("0.1"))
		c.mustReconcile() // tells the pod why it is held, which makes another version of it
		c.mustReconcile()
		break3(c)
		c.mustReconcile()
		changed := read(c, release())
		changed.Generation++
		if err := c.api.Update(t.Context(), changed); err != nil {
			t.Fatal(err)
		}
		if _, err := c.reconcile(); !errors.Is(err, errBroken) {
			t.Errorf("error = %v", err)
		}
	})
}

// A verdict is kept; that there is none yet is not.
func TestOnce(t *testing.T) {
	x := examination{verdicts: lru.New(2)}
	asked := 0
	give := func(v enforcement.Verdict, err error) func() (enforcement.Verdict, error) {
		return func() (enforcement.Verdict, error) { asked++; return v, err }
	}
	matches, differs := enforcement.Verdict{Examined: true}, enforcement.Verdict{Examined: true, Mismatch: "it differs"}
	for i, test := range []struct {
		key   seen
		give  func() (enforcement.Verdict, error)
		want  enforcement.Verdict
		err   error
		asked int
	}{
		{seen{uid: "a"}, give(enforcement.Verdict{}, errBroken), enforcement.Verdict{}, errBroken, 1},
		{seen{uid: "a"}, give(enforcement.Verdict{}, nil), enforcement.Verdict{}, nil, 2},
		{seen{uid: "a"}, give(differs, nil), differs, nil, 3},
		{seen{uid: "a"}, give(matches, nil), differs, nil, 3},
		{seen{uid: "a", basis: "other"}, give(matches, nil), matches, nil, 4},
		{seen{uid: "b"}, give(matches, nil), matches, nil, 5},
		{seen{uid: "a"}, give(matches, nil), matches, nil, 6}, // the oldest was forgotten
	} {
		got, err := x.once(test.key, test.give)
		if got != test.want || !errors.Is(err, test.err) || asked != test.asked {
			t.Errorf("%d: %+v, %v, asked %d times", i, got, err, asked)
		}
	}
}

// A finding that is resolved stays so, whatever an older decision has to say about it.
func TestReportFindingLeavesWhatIsResolved(t *testing.T) {
	finding := new(fixture.Finding("f", "attack", "sha256:0", fixture.ResolvedAt(fixture.Day(0))))
	c := newCluster(t, finding)
	live := c.live()
	r := &ModelReleaseReconciler{Client: live, Live: live, Now: now}
	stands := metav1.Condition{Type: v1alpha1.ConditionResolved, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonStands}
	for _, name := range []string{"f", "gone"} {
		if err := r.reportFinding(t.Context(), name, stands, nil); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	c.wantLog()
	c.fails["get AdverseFinding f"] = errBroken
	if err := r.reportFinding(t.Context(), "f", stands, nil); !errors.Is(err, errBroken) {
		t.Errorf("error = %v", err)
	}
}

// While no guard keeps a template, what was found of it says nothing about later.
func TestAVerdictFromBeforeTheGuardsActClearsNothing(t *testing.T) {
	changed := replicaSet(otherImage)
	changed.Generation = 2
	for sentence, before := range map[string]struct {
		gate  string
		ready func(*metav1.PartialObjectMetadata, time.Time) Withheld
	}{
		"it was given while the namespace was only audited": {gate: v1alpha1.GateAudited},
		"it was given while the namespace settled": {
			gate: v1alpha1.GateEnforced,
			ready: func(*metav1.PartialObjectMetadata, time.Time) Withheld {
				return Withheld{Withheld: enforcement.Withheld{
					Reason: v1alpha1.ReasonSettling, Message: "the namespace is enforced since a moment ago",
				}}
			},
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			first := newCluster(t, governed(before.gate), release(), demanding(), result("0.1"), replicaSet())
			live := first.live()
			first.reconciler = &ModelReleaseReconciler{
				Client: cached{live, first}, Live: live, Events: first, Now: now, verdicts: newVerdicts(), looked: newVerdicts(), seenTemplates: newVerdicts(), Ready: before.ready,
			}
			first.mustReconcile()
			// Now the guards act. The template was changed meanwhile, and the cache lags behind.
			second := newCluster(t, governed(v1alpha1.GateEnforced), release(), demanding(), result("0.1"), changed).
				lagging(governed(v1alpha1.GateEnforced), release(), demanding(), result("0.1"), replicaSet())
			live = second.live()
			second.reconciler = &ModelReleaseReconciler{
				Client: cached{live, second}, Live: live, Events: second, Now: now, verdicts: first.reconciler.verdicts, looked: newVerdicts(), seenTemplates: newVerdicts(),
			}
			second.mustReconcile()
			ns := read(second, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: fixture.Namespace}})
			c, err := clearance.Parse(ns.Annotations[clearance.Key("m1")])
			if err == nil && slices.Contains(c.Owners, changed.UID) {
				t.Errorf("a ReplicaSet with another image was cleared: %+v", c)
			}
		})
	}
}

// How long a pod may take to end is what its author or whoever deletes it says: a long time is not the end.
func TestGone(t *testing.T) {
	going := func(in time.Duration) func(*corev1.Pod) {
		return func(p *corev1.Pod) { p.DeletionTimestamp = new(metav1.NewTime(now().Add(in))) }
	}
	for sentence, test := range map[string]struct {
		change func(*corev1.Pod)
		want   bool
	}{
		"it runs":                             {func(*corev1.Pod) {}, false},
		"it has succeeded":                    {ended(corev1.PodSucceeded), true},
		"it has failed":                       {ended(corev1.PodFailed), true},
		"it ends within a minute":             {going(time.Minute), true},
		"it should have ended":                {going(-time.Hour), true},
		"it is deleted, and has another year": {going(365 * 24 * time.Hour), false},
	} {
		t.Run(sentence, func(t *testing.T) {
			if got := gone(running(test.change), now().Time); got != test.want {
				t.Errorf("gone = %v", got)
			}
		})
	}
}
