// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/clearance"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gathering"
)

// elsewhere puts an object into the namespace "lab".
func elsewhere[T client.Object](o T) T {
	o.SetNamespace("lab")
	return o
}

func TestWakes(t *testing.T) {
	measured := result("0.1")
	unread := func() *v1alpha1.SafetyEvaluation {
		return new(fixture.Evaluation("e4", "attack", "", fixture.Unread(), func(e *v1alpha1.SafetyEvaluation) { e.Spec.Report.ConfigMap.Name = "e1" }))
	}
	runs := new(fixture.Evaluation("e5", "attack", "", fixture.Run(time.Time{}), fixture.Unread()))
	over := new(fixture.Evaluation("e6", "attack", "", fixture.Run(fixture.Day(1)), fixture.Unread()))
	harness := new(fixture.Evaluation("e7", "attack", "", fixture.Unread(), func(e *v1alpha1.SafetyEvaluation) {
		e.Spec.Report = &v1alpha1.Report{LMEvalJob: &v1alpha1.LMEvalJobReference{Name: "j1"}}
	}))
	lmEvalJob := func(w wakes, ctx context.Context, o client.Object) ([]types.NamespacedName, error) {
		return w.evaluationsOfLMEvalJob(ctx, &parent{PartialObjectMetadata: metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{
			Namespace: o.GetNamespace(), Name: o.GetName(),
		}}}), nil
	}
	other := new(fixture.Evaluation("e2", "attack", "0.1", fixture.For("m2")))
	same := elsewhere(new(fixture.Evaluation("e3", "attack", "0.1", fixture.For("m3"), fixture.Measuring(func(m *v1alpha1.Measurement) {
		m.SHA256 = measured.Status.Measurement.SHA256
	}))))
	objects := []client.Object{
		same, release(), elsewhere(release()), fixture.Release("m2", fixture.Governed("other")),
		measured, elsewhere(result("0.1")), other, unread(), elsewhere(unread()), runs, over, harness,
		running(func(p *corev1.Pod) { p.Labels[v1alpha1.LabelRelease] = "unmade" }),
	}
	finding := new(fixture.Finding("f", "attack", "sha256:0"))
	bare := finding.DeepCopy()
	bare.Spec.Artifacts = []v1alpha1.SubjectArtifact{fixture.Weights("nobody's")}
	ns := governed(v1alpha1.GateEnforced, clearance.Key("gone"), "x", "other/m9", "x")
	namespace := &metav1.PartialObjectMetadata{ObjectMeta: ns.ObjectMeta}
	unclaimed := running()
	delete(unclaimed.Labels, v1alpha1.LabelRelease)
	type find func(wakes, context.Context, client.Object) ([]types.NamespacedName, error)
	for sentence, test := range map[string]struct {
		find   find
		object client.Object
		want   []string
	}{
		"a release wakes its evaluations, in its namespace, that are neither measured nor over": {
			wakes.evaluationsOfRelease, release(), []string{"serving/e4", "serving/e5", "serving/e7"},
		},
		"a ConfigMap wakes those whose file it holds": {wakes.evaluationsInConfigMap, config("report.json", ""), []string{"serving/e4"}},
		"a policy wakes the evaluations of its releases": {
			wakes.evaluationsUnderPolicy, demanding(), []string{"lab/e4", "serving/e4", "serving/e5", "serving/e7"},
		},
		"a suite wakes those that it is run for":                         {wakes.evaluationsOfSuite, fixture.Suite("attack-suite"), []string{"serving/e5"}},
		"another suite wakes none":                                       {wakes.evaluationsOfSuite, fixture.Suite("other"), nil},
		"an LMEvalJob wakes those whose result it has":                   {lmEvalJob, &corev1.Pod{ObjectMeta: stored("j1")}, []string{"serving/e7"}},
		"one of that name in another namespace wakes none":               {lmEvalJob, elsewhere(&corev1.Pod{ObjectMeta: stored("j1")}), nil},
		"and its releases":                                               {wakes.releasesUnderPolicy, demanding(), []string{"lab/m1", "serving/m1"}},
		"a finding wakes the releases of its artifacts":                  {wakes.releasesOfFinding, finding, []string{"lab/m1", "serving/m1"}},
		"one about nobody's artifacts wakes none":                        {wakes.releasesOfFinding, bare, nil},
		"a namespace wakes its releases, and what is cleared or claimed": {wakes.releasesOfNamespace, namespace, []string{"serving/gone", "serving/m1", "serving/m2", "serving/unmade"}},
		"a mutator wakes every release":                                  {wakes.everyRelease, nil, []string{"lab/m1", "serving/m1", "serving/m2"}},
		"an evaluation wakes the release that it names":                  {wakes.releasesOfEvaluation, other, []string{"serving/m2"}},
		"and those with evidence from the same file":                     {wakes.releasesOfEvaluation, measured, []string{"lab/m3", "serving/m1"}},
		"a pod wakes the release that it claims":                         {wakes.releaseClaimed, running(), []string{"serving/m1"}},
		"a pod that claims none wakes none":                              {wakes.releaseClaimed, unclaimed, nil},
		"a Deployment wakes the release of its template":                 {wakes.releaseClaimed, heldDeployment(), []string{"serving/m1"}},
		"so does a ReplicaSet":                                           {wakes.releaseClaimed, replicaSet(), []string{"serving/m1"}},
		"labels of a Deployment itself claim nothing": {
			wakes.releaseClaimed, &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{v1alpha1.LabelRelease: "m1"}}}, nil,
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			c := newCluster(t, objects...)
			names, err := test.find(wakes{c.cache}, t.Context(), test.object)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, name := range names {
				got = append(got, name.String())
			}
			slices.Sort(got)
			if !slices.Equal(test.want, got) {
				t.Errorf("wakes %q, want %q", got, test.want)
			}
		})
	}
}

// A release concerns those that were made from it, near and far, and those with its weights while it is revoked.
func TestWakesOfARelease(t *testing.T) {
	grown := func(name, parent string) *v1alpha1.ModelRelease {
		return fixture.Release(name, fixture.DerivedFrom(parent))
	}
	twin := fixture.Release("twin", fixture.Of(fixture.Weights("m1"), fixture.Server("twin")))
	recalled := fixture.Release("m1", fixture.Recalled(v1alpha1.RevocationAdvisory, v1alpha1.ReachNamespace))
	about := func(label string) *v1alpha1.AdverseFinding {
		return new(fixture.Finding("f", "attack", "sha256:0", fixture.Concerning(fixture.Weights(label))))
	}
	objects := []client.Object{
		release(), twin, elsewhere(twin.DeepCopy()), fixture.Release("serves", fixture.Of(fixture.Weights("serves"), fixture.Server("m1"))),
		grown("child", "m1"), grown("grandchild", "child"), elsewhere(grown("child", "m1")),
		grown("ring-a", "ring-b"), grown("ring-b", "ring-a"),
	}
	for sentence, test := range map[string]struct {
		find   func(wakes, context.Context, client.Object) ([]types.NamespacedName, error)
		object client.Object
		want   []string
	}{
		"one wakes those that were made from it, in its namespace": {wakes.releasesOfRelease, release(), []string{"serving/child", "serving/grandchild"}},
		"one that nothing was made from wakes none":                {wakes.releasesOfRelease, twin, nil},
		"one in a ring wakes the others of it":                     {wakes.releasesOfRelease, grown("ring-a", "ring-b"), []string{"serving/ring-b"}},
		"one that is revoked wakes those with its weights, wherever": {
			wakes.releasesOfRelease, recalled, []string{"lab/twin", "serving/child", "serving/grandchild", "serving/m1", "serving/twin"},
		},
		"a finding wakes those that were made from what it is about": {
			wakes.releasesOfFinding, about("m1"), []string{"lab/twin", "serving/child", "serving/grandchild", "serving/m1", "serving/twin"},
		},
		"also far down the line": {wakes.releasesOfFinding, about("child"), []string{"lab/child", "serving/child", "serving/grandchild"}},
	} {
		t.Run(sentence, func(t *testing.T) {
			c := newCluster(t, objects...)
			names, err := test.find(wakes{c.cache}, t.Context(), test.object)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, name := range names {
				got = append(got, name.String())
			}
			slices.Sort(got)
			if !slices.Equal(test.want, got) {
				t.Errorf("wakes %q, want %q", got, test.want)
			}
		})
	}
	if names, err := (wakes{newCluster(t).cache}).releasesOfRelease(t.Context(), &corev1.Pod{}); err == nil {
		t.Errorf("a pod wakes %v as if it were a release", names)
	}
}

// What cannot be found wakes nobody, and says so.
func TestWakesFail(t *testing.T) {
	c := newCluster(t, release(), result("0.1"))
	w := wakes{cached{c.live(), c}}
	for call, finds := range map[string][]func() ([]types.NamespacedName, error){
		"cached list ModelReleaseList": {
			func() ([]types.NamespacedName, error) { return w.releasesUnderPolicy(t.Context(), demanding()) },
			func() ([]types.NamespacedName, error) { return w.evaluationsUnderPolicy(t.Context(), demanding()) },
			func() ([]types.NamespacedName, error) { return w.releasesOfNamespace(t.Context(), governed("")) },
			func() ([]types.NamespacedName, error) {
				return w.releasesOfFinding(t.Context(), new(fixture.Finding("f", "attack", "sha256:0")))
			},
			func() ([]types.NamespacedName, error) { return w.releasesOfRelease(t.Context(), release()) },
		},
		"cached list SafetyEvaluationList": {
			func() ([]types.NamespacedName, error) { return w.evaluationsOfRelease(t.Context(), release()) },
			func() ([]types.NamespacedName, error) { return w.evaluationsUnderPolicy(t.Context(), demanding()) },
		},
	} {
		c.fails = map[string]error{call: errBroken}
		for i, find := range finds {
			if names, err := find(); !errors.Is(err, errBroken) || names != nil {
				t.Errorf("%s, %d: %v, %v", call, i, names, err)
			}
		}
	}
}

// The handler enqueues what is concerned, and nothing when that cannot be found.
func TestWakesHandler(t *testing.T) {
	c := newCluster(t, release(), unmeasured())
	w := wakes{cached{c.live(), c}}
	queue := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
	defer queue.ShutDown()
	c.fails["cached list SafetyEvaluationList"] = errBroken
	w.handler(w.evaluationsOfRelease).Create(t.Context(), event.CreateEvent{Object: release()}, queue)
	if n := queue.Len(); n != 0 {
		t.Errorf("%d requests after a failure", n)
	}
	c.fails = nil
	w.handler(w.evaluationsOfRelease).Create(t.Context(), event.CreateEvent{Object: release()}, queue)
	if n := queue.Len(); n != 1 {
		t.Fatalf("%d requests", n)
	}
	if got, _ := queue.Get(); got.String() != "serving/e1" {
		t.Errorf("woke %s", got)
	}
}

// The indexes find an evaluation by its file and by its run, and objects of other kinds by nothing.
func TestIndexes(t *testing.T) {
	e := result("0.1")
	e.Status.Measurement.RunID = "run-1"
	if got := gathering.Files(e); !slices.Equal(got, []string{"sha256:" + e.Status.Measurement.SHA256, "run:run-1"}) {
		t.Errorf("keys = %q", got)
	}
	if got := gathering.Files(unmeasured()); got != nil {
		t.Errorf("keys of what was not measured = %q", got)
	}
	if got := by(gathering.Files)(&corev1.Pod{}); got != nil {
		t.Errorf("keys of a pod = %q", got)
	}
	if got := releaseArtifacts(release()); !slices.Equal(got, []string{string(fixture.Weights("m1").Digest), string(fixture.Server("m1").Digest)}) {
		t.Errorf("artifacts = %q", got)
	}
	if got := releaseParent(fixture.Release("m1", fixture.DerivedFrom("m0"))); !slices.Equal(got, []string{"m0"}) || releaseParent(release()) != nil {
		t.Errorf("parents = %q, and %q of what was made from nothing", got, releaseParent(release()))
	}
	revoked := fixture.Release("m1", fixture.Recalled(v1alpha1.RevocationCritical, ""))
	if got := gathering.Revocation(revoked); !slices.Equal(got, []string{"Critical"}) || gathering.Revocation(release()) != nil {
		t.Errorf("revocations = %q, and %q of what is not revoked", got, gathering.Revocation(release()))
	}
}
