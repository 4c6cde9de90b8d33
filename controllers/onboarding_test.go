// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"errors"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/clearance"
	"github.com/scalegate/scalegate/internal/fixture"
)

// enforcedAfter sets the day of a policy.
func enforcedAfter(day time.Time) func(*v1alpha1.SafetyPolicy) {
	return func(p *v1alpha1.SafetyPolicy) { p.Spec.EnforceAfter = new(metav1.NewTime(day)) }
}

// onboard reconciles the releases' namespace once.
func onboard(c *cluster) (ctrl.Result, error) {
	live := c.live()
	r := &OnboardingReconciler{Client: cached{live, c}, Live: live, Events: c, Now: now, Settling: &Settling{}}
	return r.Reconcile(c.t.Context(), ctrl.Request{NamespacedName: types.NamespacedName{Name: fixture.Namespace}})
}

func TestEnforcementBeginsOnItsDay(t *testing.T) {
	past, future := now().Add(-time.Hour), now().Add(time.Hour)
	begun := []string{"patch Namespace serving", "event EnforcementBegan ModelRelease m1"}
	for name, tc := range map[string]struct {
		objects  []client.Object
		wantLog  []string
		wantGate string
		wantIn   time.Duration
	}{
		"the day has come": {
			objects:  []client.Object{governed(v1alpha1.GateAudited), release(), fixture.Policy("rsp", enforcedAfter(past))},
			wantLog:  begun,
			wantGate: v1alpha1.GateEnforced,
		},
		"the day is now": {
			objects:  []client.Object{governed(v1alpha1.GateAudited), release(), fixture.Policy("rsp", enforcedAfter(now().Time))},
			wantLog:  begun,
			wantGate: v1alpha1.GateEnforced,
		},
		"the day is to come": {
			objects:  []client.Object{governed(v1alpha1.GateAudited), release(), fixture.Policy("rsp", enforcedAfter(future))},
			wantGate: v1alpha1.GateAudited,
			wantIn:   time.Hour,
		},
		"the day is far away": {
			objects:  []client.Object{governed(v1alpha1.GateAudited), release(), fixture.Policy("rsp", enforcedAfter(now().AddDate(7000, 0, 0)))},
			wantGate: v1alpha1.GateAudited,
			wantIn:   24 * time.Hour,
		},
		"the policy sets no day": {
			objects:  []client.Object{governed(v1alpha1.GateAudited), release(), fixture.Policy("rsp")},
			wantGate: v1alpha1.GateAudited,
		},
		"the policy does not exist": {
			objects:  []client.Object{governed(v1alpha1.GateAudited), release()},
			wantGate: v1alpha1.GateAudited,
		},
		"no release is under the policy": {
			objects:  []client.Object{governed(v1alpha1.GateAudited), release(fixture.Governed("other")), fixture.Policy("rsp", enforcedAfter(past))},
			wantGate: v1alpha1.GateAudited,
		},
		"of several policies the earliest counts, and its releases are told": {
			objects: []client.Object{
				governed(v1alpha1.GateAudited), release(), fixture.Policy("rsp", enforcedAfter(past)),
				fixture.Release("m2", fixture.Governed("other")), fixture.Policy("other", enforcedAfter(future)),
			},
			wantLog:  begun,
			wantGate: v1alpha1.GateEnforced,
		},
		"the namespace is not governed": {
			objects: []client.Object{governed(""), release(), fixture.Policy("rsp", enforcedAfter(past))},
		},
		"the namespace is enforced already": {
			objects:  []client.Object{governed(v1alpha1.GateEnforced), release(), fixture.Policy("rsp", enforcedAfter(past))},
			wantGate: v1alpha1.GateEnforced,
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, tc.objects...)
			result, err := onboard(c)
			if err != nil {
				t.Fatal(err)
			}
			c.wantLog(tc.wantLog...)
			if gate := read(c, governed("")).Labels[v1alpha1.LabelGate]; gate != tc.wantGate {
				t.Errorf("the gate is %q, want %q", gate, tc.wantGate)
			}
			if result.RequeueAfter != tc.wantIn {
				t.Errorf("comes back in %s, want %s", result.RequeueAfter, tc.wantIn)
			}
		})
	}
}

func TestEnforcementBeginsOnWhatTheAPIServerSays(t *testing.T) {
	past := now().Add(-time.Hour)
	audited, due := governed(v1alpha1.GateAudited), fixture.Policy("rsp", enforcedAfter(past))
	for name, live := range map[string][]client.Object{
		"the day was moved":              {audited, release(), fixture.Policy("rsp", enforcedAfter(now().Add(time.Hour)))},
		"the day was taken away":         {audited, release(), fixture.Policy("rsp")},
		"the release is gone":            {audited, due},
		"the label was taken off":        {governed(""), release(), due},
		"the namespace is enforced now":  {governed(v1alpha1.GateEnforced), release(), due},
		"the namespace does not exist":   {release(), due},
		"the release has another policy": {audited, release(fixture.Governed("other")), due},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, live...).lagging(audited, release(), due)
			if _, err := onboard(c); err != nil {
				t.Fatal(err)
			}
			c.wantLog()
		})
	}
}

func TestEnforcementThatCannotBeginIsTriedAgain(t *testing.T) {
	for _, fail := range []string{
		"cached list ModelReleaseList", "cached get SafetyPolicy rsp", "list ModelReleaseList", "get SafetyPolicy rsp", "patch Namespace serving",
	} {
		t.Run(fail, func(t *testing.T) {
			c := newCluster(t, governed(v1alpha1.GateAudited), release(), fixture.Policy("rsp", enforcedAfter(now().Add(-time.Hour))))
			c.fails[fail] = errBroken
			if _, err := onboard(c); err == nil {
				t.Error("no error")
			}
			if gate := read(c, governed("")).Labels[v1alpha1.LabelGate]; gate != v1alpha1.GateAudited {
				t.Errorf("the gate is %q", gate)
			}
		})
	}
}

func TestNamespacesUnderAPolicyAreWokenOnce(t *testing.T) {
	other := fixture.Release("m3")
	other.Namespace = "elsewhere"
	c := newCluster(t, release(), fixture.Release("m2"), other)
	names, err := wakes{c.cache}.namespacesUnderPolicy(t.Context(), fixture.Policy("rsp"))
	if err != nil || len(names) != 2 {
		t.Errorf("got %v, %v", names, err)
	}
}

func metadata(ns *corev1.Namespace) *metav1.PartialObjectMetadata {
	return &metav1.PartialObjectMetadata{ObjectMeta: ns.ObjectMeta}
}

func TestSettling(t *testing.T) {
	const second = time.Second
	enforced, audited := metadata(governed(v1alpha1.GateEnforced)), metadata(governed(v1alpha1.GateAudited))
	cleared := metadata(governed(v1alpha1.GateEnforced, clearance.Key("m1"), "v1|"))
	other := metadata(governed(v1alpha1.GateEnforced, "example.com/note", "x"))
	again := metadata(governed(v1alpha1.GateEnforced))
	again.UID = "another"
	type look struct {
		at   time.Duration
		ns   *metav1.PartialObjectMetadata
		want time.Duration
	}
	for name, looks := range map[string][]look{
		"it is waited from when it is first seen": {{0, enforced, 5 * second}, {2 * second, enforced, 3 * second}, {5 * second, enforced, 0}, {9 * second, enforced, 0}},
		"a clearance stands":                      {{0, cleared, 0}},
		"another annotation is no clearance":      {{0, other, 5 * second}},
		"the last clearance goes later":           {{0, cleared, 0}, {6 * second, enforced, 0}},
		"it was not enforced for a while":         {{0, enforced, 5 * second}, {6 * second, audited, 0}, {7 * second, enforced, 5 * second}},
		"it was made anew under the same name":    {{0, enforced, 5 * second}, {6 * second, again, 5 * second}},
		"it is only audited":                      {{0, audited, 0}},
		"it is gone":                              {{0, nil, 0}},
		"the clock goes back":                     {{6 * second, enforced, 5 * second}, {4 * second, enforced, 7 * second}},
	} {
		t.Run(name, func(t *testing.T) {
			var s Settling
			for _, l := range looks {
				if got := s.Wait(l.ns, now().Add(l.at)); got != l.want {
					t.Errorf("after %s: %s, want %s", l.at, got, l.want)
				}
			}
		})
	}
}

func TestSettlingForgetsWhatIsGone(t *testing.T) {
	var s Settling
	s.Wait(metadata(governed(v1alpha1.GateEnforced)), now().Time)
	s.Forget(fixture.Namespace)
	if len(s.since) != 0 {
		t.Errorf("it remembers %v", s.since)
	}
}

func TestAuditReportsAndWritesNothingElse(t *testing.T) {
	unheld := heldDeployment(otherImage)
	unheld.Annotations, unheld.Spec.Paused = nil, false
	c := newCluster(t, governed(v1alpha1.GateAudited), release(), demanding(enforcedAfter(now().Add(time.Hour))), result("0.1"),
		unheld, replicaSet(), running())
	c.mustReconcile()
	c.wantLog("apply ModelRelease m1", "event Audited ModelRelease m1", "event ExposureChanged ModelRelease m1")
	m1 := read(c, release())
	if len(m1.Status.Workloads) != 1 || m1.Status.Workloads[0].Reason != v1alpha1.ReasonWorkloadMismatch {
		t.Errorf("workloads are %+v", m1.Status.Workloads)
	}
	is := meta.FindStatusCondition(m1.Status.Conditions, v1alpha1.ConditionEnforced)
	if is == nil || is.Status != metav1.ConditionFalse || is.Reason != v1alpha1.ReasonAudited ||
		!strings.Contains(is.Message, "will be enforced from 2026-01-02T01:00:00Z") {
		t.Errorf("Enforced is %+v", is)
	}
}

// TestAuditReadsAgainOnlyWhatChanged is about Deployments whose status changes all the time.
func TestAuditReadsAgainOnlyWhatChanged(t *testing.T) {
	unheld := heldDeployment()
	unheld.Annotations, unheld.Spec.Paused = nil, false
	c := newCluster(t, governed(v1alpha1.GateAudited), release(), demanding(), result("0.1"), unheld)
	c.mustReconcile()
	changed := read(c, heldDeployment())
	changed.Status.ObservedGeneration = 1
	if err := c.api.Update(t.Context(), changed); err != nil {
		t.Fatal(err)
	}
	c.fails["get Deployment d"] = errBroken
	c.mustReconcile()
	changed.Generation++
	if err := c.api.Update(t.Context(), changed); err != nil {
		t.Fatal(err)
	}
	if _, err := c.reconcile(); !errors.Is(err, errBroken) {
		t.Errorf("error %v: the Deployment changed and was not read again", err)
	}
}

func TestSettlingWithholds(t *testing.T) {
	s := &Settling{}
	enforced := metadata(governed(v1alpha1.GateEnforced))
	if got := s.Ready(enforced, now().Time); got.Reason != v1alpha1.ReasonSettling || got.Again != 5*time.Second || got.Message == "" {
		t.Errorf("got %+v", got)
	}
	if got := s.Ready(enforced, now().Add(5*time.Second)); got.Reason != "" {
		t.Errorf("got %+v", got)
	}
}

// A gate that went and came back is new to API servers, whatever clearance stands from before.
func TestAGateThatComesBackSettlesAnew(t *testing.T) {
	var s Settling
	ns := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{
		Name: fixture.Namespace, UID: types.UID("u"), Labels: map[string]string{v1alpha1.LabelGate: v1alpha1.GateEnforced},
		Annotations: map[string]string{clearance.Key("m1"): "v1"},
	}}
	at := now().Time
	s.Wait(ns, at)
	off := ns.DeepCopy()
	off.Labels = nil
	s.Wait(off, at.Add(time.Minute))
	if wait := s.Wait(ns, at.Add(61*time.Second)); wait == 0 {
		t.Error("it waits for nothing, because a clearance from before stands")
	}
}
