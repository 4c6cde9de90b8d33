// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/clearance"
	"github.com/scalegate/scalegate/internal/fixture"
)

// wokenOn are the lanes on which a change from one object to another wakes releases, by the rows of the table that are about
// such objects; "" is before it was made, or after it is gone.
func wokenOn(all []concern, before, after client.Object) []string {
	var on []string
	for i := range all {
		w := &all[i]
		if o := after; o == nil && typeOf(before) != typeOf(w.object) || o != nil && typeOf(o) != typeOf(w.object) {
			continue
		}
		for l := range lanes {
			var passes bool
			switch p := w.on(l); {
			case before == nil:
				passes = p.Create(event.CreateEvent{Object: after})
			case after == nil:
				passes = p.Delete(event.DeleteEvent{Object: before})
			default:
				passes = p.Update(event.UpdateEvent{ObjectOld: before, ObjectNew: after})
			}
			if passes && !slices.Contains(on, l.String()) {
				on = append(on, l.String())
			}
		}
	}
	return on
}

// changed is a later version of an object.
func changed[T client.Object](t *testing.T, o T, change func(T), spec bool) T {
	t.Helper()
	after, ok := copied(t, o).(T)
	if !ok {
		t.Fatalf("%T", o)
	}
	after.SetResourceVersion("later")
	if spec {
		after.SetGeneration(o.GetGeneration() + 1)
	}
	change(after)
	return after
}

// Which changes wake releases, and on which lane. What we write ourselves into a status wakes nobody.
func TestChangesWakeOnTheirLane(t *testing.T) {
	c := newCluster(t)
	r := &ModelReleaseReconciler{}
	rows := r.watches(wakes{c.cache})
	// What falls back on a release is wokenOn by its status: that is about others.
	rows = slices.DeleteFunc(rows, func(w concern) bool {
		return typeOf(w.object) == typeOf(release()) && w.closes == nil && w.matters == nil
	})
	evaluation := result("0.1")
	finding := new(fixture.Finding("f", "attack", "sha256:0"))
	finding.Status.Conditions = nil
	policy, namespace := demanding(), governed(v1alpha1.GateEnforced)
	revision := &v1alpha1.PolicyRevision{ObjectMeta: metav1.ObjectMeta{Name: "rsp-1"}}
	approval := new(fixture.Approval("a", "rso", fixture.Shown{}))
	for sentence, test := range map[string]struct {
		before, after client.Object
		want          []string
	}{
		"a status of a release": {release(), changed(t, release(), func(r *v1alpha1.ModelRelease) { r.Status.GrantedExposure = "General" }, false), nil},
		"a new release":         {nil, release(), []string{opening.String()}},
		"another exposure":      {release(), changed(t, release(), func(r *v1alpha1.ModelRelease) { r.Spec.Exposure = "Internal" }, true), []string{opening.String()}},
		"a revocation": {release(), changed(t, release(), func(r *v1alpha1.ModelRelease) {
			r.Spec.Revocation = &v1alpha1.Revocation{Severity: v1alpha1.RevocationCritical}
		}, true), []string{closing.String()}},
		"a release that is gone":      {release(), nil, []string{closing.String(), opening.String()}},
		"a finding":                   {nil, finding, []string{closing.String()}},
		"what is said of a finding":   {finding, changed(t, finding, func(f *v1alpha1.AdverseFinding) { f.Status.Conditions = []metav1.Condition{{}} }, false), nil},
		"a finding that is resolved":  {finding, changed(t, finding, func(f *v1alpha1.AdverseFinding) { f.Status.ResolvedTime = new(now()) }, false), []string{opening.String()}},
		"an evaluation":               {nil, evaluation, []string{opening.String(), closing.String()}},
		"an approval":                 {nil, approval, []string{opening.String(), closing.String()}},
		"what is said of an approval": {approval, changed(t, approval, func(a *v1alpha1.ReleaseApproval) { a.Status.Conditions = []metav1.Condition{{}} }, false), []string{opening.String()}},
		"a policy":                    {policy, changed(t, policy, func(*v1alpha1.SafetyPolicy) {}, true), []string{background.String()}},
		"what is said of a policy":    {policy, changed(t, policy, func(*v1alpha1.SafetyPolicy) {}, false), nil},
		"a revision":                  {nil, revision, []string{background.String()}},
		"what is said of a revision":  {revision, changed(t, revision, func(*v1alpha1.PolicyRevision) {}, false), nil},
		"a revision in force":         {revision, changed(t, revision, func(r *v1alpha1.PolicyRevision) { r.Status.InForceTime = new(now()) }, false), []string{background.String()}},
		"a clearance": {namespace, changed(t, namespace, func(ns *corev1.Namespace) {
			metav1.SetMetaDataAnnotation(&ns.ObjectMeta, clearance.Key("m1"), "x")
		}, false), nil},
		"a gate": {namespace, changed(t, namespace, func(ns *corev1.Namespace) { ns.Labels[v1alpha1.LabelGate] = v1alpha1.GateAudited }, false), []string{background.String()}},
	} {
		t.Run(sentence, func(t *testing.T) {
			if got := wokenOn(rows, test.before, test.after); !slices.Equal(got, test.want) {
				t.Errorf("wakes on %q, want %q", got, test.want)
			}
		})
	}
}

// What was made anew while nothing was watched is another object, however much it looks like the one before; and what the cache
// shows again is looked at in the background.
func TestWhatWasMissedWakes(t *testing.T) {
	r := &ModelReleaseReconciler{}
	rows := r.watches(wakes{newCluster(t).cache})
	anew := func(o client.Object) client.Object {
		after := copied(t, o)
		after.SetUID(o.GetUID() + "-anew")
		after.SetResourceVersion("later")
		return after
	}
	finding, revoked := new(fixture.Finding("f", "attack", "sha256:0")), release(fixture.Recalled(v1alpha1.RevocationCritical, ""))
	finding.Status.Conditions = nil
	for sentence, test := range map[string]struct {
		before, after client.Object
		want          string
	}{
		"another release":       {release(), anew(release()), closing.String()},
		"another revoked one":   {revoked, anew(revoked), closing.String()},
		"another finding":       {finding, anew(finding), closing.String()},
		"another policy":        {demanding(), anew(demanding()), background.String()},
		"another namespace":     {governed(v1alpha1.GateEnforced), anew(governed(v1alpha1.GateEnforced)), background.String()},
		"the same once more":    {release(), release(), background.String()},
		"another approval":      {new(fixture.Approval("a", "rso", fixture.Shown{})), anew(new(fixture.Approval("a", "rso", fixture.Shown{}))), opening.String()},
		"an evaluation anew":    {result("0.1"), anew(result("0.1")), closing.String()},
		"a Deployment as it is": {heldDeployment(), heldDeployment(), ""},
	} {
		t.Run(sentence, func(t *testing.T) {
			if got := wokenOn(rows, test.before, test.after); test.want == "" && len(got) > 0 || test.want != "" && !slices.Contains(got, test.want) {
				t.Errorf("wakes on %q, want %q", got, test.want)
			}
		})
	}
}

// What there is when a manager starts wakes each release once, in the background; a revocation that nobody enforced goes first.
func TestWhatThereIsWakesInTheBackground(t *testing.T) {
	r := &ModelReleaseReconciler{}
	rows := r.watches(wakes{newCluster(t).cache})
	unhandled := release(fixture.Recalled(v1alpha1.RevocationCritical, ""))
	handled := unhandled.DeepCopy()
	handled.Generation, handled.Status.ObservedGeneration = 1, new(int64(1))
	failed := handled.DeepCopy()
	handled.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionEnforced, Status: metav1.ConditionTrue}}
	for sentence, test := range map[string]struct {
		object client.Object
		want   []string
	}{
		"a release":                            {release(), []string{background.String()}},
		"a revoked one":                        {unhandled, []string{closing.String(), closing.String()}},
		"a revoked one of which a status says": {handled, []string{background.String()}},
		"one of which it says that it failed":  {failed, []string{closing.String(), closing.String()}},
		"an evaluation":                        {result("0.1"), nil},
		"a policy":                             {demanding(), nil},
		"a pod":                                {running(), nil},
		"a namespace":                          {governed(v1alpha1.GateEnforced), []string{background.String()}},
	} {
		t.Run(sentence, func(t *testing.T) {
			var on []string
			for i := range rows {
				for l := range lanes {
					if typeOf(rows[i].object) == typeOf(test.object) && rows[i].on(l).Create(event.CreateEvent{Object: test.object, IsInInitialList: true}) {
						on = append(on, l.String())
					}
				}
			}
			if !slices.Equal(on, test.want) {
				t.Errorf("wakes on %q, want %q", on, test.want)
			}
		})
	}
}

// A clearance that changed wakes its release, and where it left room those that wait for some.
func TestClearancesWake(t *testing.T) {
	waits := fixture.Release("m2", func(r *v1alpha1.ModelRelease) {
		r.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionEnforced, Reason: v1alpha1.ReasonClearanceSpaceExhausted}}
	})
	c := newCluster(t, release(), waits, fixture.Release("m3"))
	for sentence, test := range map[string]struct {
		before, after []string
		want          []string
	}{
		"one that is written":            {nil, []string{clearance.Key("m1"), "x"}, []string{"m1"}},
		"one that is withdrawn":          {[]string{clearance.Key("m1"), "x"}, nil, []string{"m1", "m2"}},
		"one that another stands beside": {[]string{clearance.Key("m3"), "x"}, []string{clearance.Key("m3"), "x", clearance.Key("m1"), "y"}, []string{"m1"}},
		"none":                           {[]string{"other", "x"}, []string{"other", "y"}, nil},
	} {
		t.Run(sentence, func(t *testing.T) {
			queue := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
			defer queue.ShutDown()
			wakes{c.cache}.ofClearances().Update(t.Context(), event.UpdateEvent{
				ObjectOld: governed(v1alpha1.GateEnforced, test.before...), ObjectNew: governed(v1alpha1.GateEnforced, test.after...),
			}, queue)
			var got []string
			for queue.Len() > 0 {
				req, _ := queue.Get()
				got = append(got, req.Name)
			}
			slices.Sort(got)
			if !slices.Equal(got, test.want) {
				t.Errorf("wakes %q, want %q", got, test.want)
			}
		})
	}
}

// What loses by a change is looked at on the lane of what closes, and nothing else that the change concerns.
func TestWhatLoses(t *testing.T) {
	granted := release(func(r *v1alpha1.ModelRelease) { r.Status.GrantedExposure = "General" })
	serves := release(func(r *v1alpha1.ModelRelease) {
		r.Status.Withdrawal = &v1alpha1.Withdrawal{Cause: v1alpha1.WithdrawalLapsed, Exposure: "General"}
	})
	for sentence, test := range map[string]struct {
		objects []client.Object
		want    int
	}{
		"evidence speaks against what is granted": {[]client.Object{granted, demanding(), result("0.9")}, 1},
		"evidence is gone":                        {[]client.Object{granted, demanding()}, 1},
		"evidence supports what is granted":       {[]client.Object{granted, demanding(), result("0.1")}, 0},
		"nothing is granted":                      {[]client.Object{release(), demanding(), result("0.9")}, 0},
		"it speaks against what still serves":     {[]client.Object{serves, demanding(), result("0.9")}, 1},
		"what still serves is not granted anew":   {[]client.Object{serves, demanding()}, 0},
	} {
		t.Run(sentence, func(t *testing.T) {
			w := wakes{newCluster(t, test.objects...).cache}
			got, err := w.losing(w.releasesOfEvaluation, now)(t.Context(), result("0.1"))
			if err != nil || len(got) != test.want {
				t.Errorf("%v, %v; want %d", got, err, test.want)
			}
		})
	}
}

// What panics where it is asked whether something loses may be what closes: its lane looks at it, where a panic is an error.
func TestWhatPanicsMayLose(t *testing.T) {
	c := newCluster(t, release(func(r *v1alpha1.ModelRelease) { r.Status.GrantedExposure = "General" }), demanding())
	for sentence, panics := range map[string]func(client.Object) bool{
		"in reading the release": func(o client.Object) bool { _, is := o.(*v1alpha1.ModelRelease); return is },
		"in reading beside it":   func(o client.Object) bool { _, is := o.(*v1alpha1.SafetyPolicy); return is },
	} {
		t.Run(sentence, func(t *testing.T) {
			w := wakes{panicking{c.cache, panics}}
			if got, err := w.losing(w.releasesOfEvaluation, now)(t.Context(), result("0.1")); err != nil || len(got) != 1 {
				t.Errorf("%v, %v", got, err)
			}
		})
	}
}

type panicking struct {
	client.Reader
	on func(client.Object) bool
}

func (p panicking) Get(ctx context.Context, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
	if p.on(o) {
		panic("x")
	}
	return p.Reader.Get(ctx, key, o, opts...)
}

// Room that became free before the status told that a release waits for it woke nobody, so it is looked at once more.
func TestWhatWaitsForRoomIsLookedAtOnceMore(t *testing.T) {
	full := governed(v1alpha1.GateEnforced, clearance.Key("other"), strings.Repeat("x", 255<<10))
	c := newCluster(t, full, demanding(), release(), result("0.1"), replicaSet())
	if got := c.mustReconcile(); got.RequeueAfter != settles {
		t.Errorf("it is looked at again after %v", got.RequeueAfter)
	}
	if got := reasonOf(read(c, release()).Status, v1alpha1.ConditionReady); got != v1alpha1.ReasonClearanceSpaceExhausted {
		t.Fatalf("Ready is %s", got)
	}
	c.mustReconcile()
	if got := c.mustReconcile(); got.RequeueAfter <= settles {
		t.Errorf("it is looked at again and again, after %v", got.RequeueAfter)
	}
}
