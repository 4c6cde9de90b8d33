// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
)

func asksForRuns(r *v1alpha1.ModelRelease) { r.Spec.Evaluations = v1alpha1.EvaluationsAutomatic }

// measuredBySuite is a policy whose level ASL-2 needs "attack", which "attack-suite" measures.
func measuredBySuite() *v1alpha1.SafetyPolicy {
	p := demanding()
	p.Spec.Requirements[0].Evaluation.Suite = "attack-suite"
	return p
}

func attackSuite() *v1alpha1.EvaluationSuite {
	return &v1alpha1.EvaluationSuite{ObjectMeta: metav1.ObjectMeta{Name: "attack-suite", UID: fixture.UID("attack-suite")}}
}

// automate reconciles the release "m1" once, as it is in the cache.
func (c *cluster) automate() (ctrl.Result, error) {
	c.t.Helper()
	live := c.live()
	r := &AutomaticReconciler{Client: cached{live, c}, Live: live, Events: c, Now: now}
	release := &v1alpha1.ModelRelease{}
	if err := c.cache.Get(c.t.Context(), client.ObjectKey{Namespace: fixture.Namespace, Name: "m1"}, release); err != nil {
		c.t.Fatal(err)
	}
	return r.Reconcile(c.t.Context(), release)
}

// evaluations are all of the namespace.
func (c *cluster) evaluations() []v1alpha1.SafetyEvaluation {
	c.t.Helper()
	list := &v1alpha1.SafetyEvaluationList{}
	if err := c.api.List(c.t.Context(), list); err != nil {
		c.t.Fatal(err)
	}
	return list.Items
}

func TestAutomaticEvaluations(t *testing.T) {
	c := newCluster(t, release(asksForRuns), measuredBySuite(), attackSuite())
	if got, err := c.automate(); err != nil || got.RequeueAfter != 0 {
		t.Fatalf("%+v, %v", got, err)
	}
	made := c.evaluations()
	if len(made) != 1 {
		t.Fatalf("made %+v", made)
	}
	e := made[0]
	if e.Spec.Job == nil || e.Spec.Job.Suite != "attack-suite" || e.Spec.Requirement != "attack" ||
		e.Spec.Subject.Release != "m1" || len(e.OwnerReferences) > 0 {
		t.Errorf("made %+v", e)
	}
	c.wantLog("create SafetyEvaluation "+e.Name, "event EvaluationMade ModelRelease m1")

	t.Run("nothing more while it is unfinished", func(t *testing.T) {
		c.log = nil
		if _, err := c.automate(); err != nil {
			t.Fatal(err)
		}
		c.wantLog()
	})
	t.Run("nor by a manager whose cache lags", func(t *testing.T) {
		c.log = nil
		c.lagging(release(asksForRuns), measuredBySuite(), attackSuite())
		if _, err := c.automate(); err != nil {
			t.Fatal(err)
		}
		c.wantLog()
		c.cache = c.api
	})
	t.Run("another one when it came to nothing, after a while", func(t *testing.T) {
		c.log = nil
		e := read(c, &e)
		e.Status.Run = &v1alpha1.EvaluationRun{FinishTime: new(now())}
		if err := c.api.Status().Update(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		got, err := c.automate()
		if err != nil || got.RequeueAfter != 10*time.Minute {
			t.Errorf("%+v, %v", got, err)
		}
		c.wantLog()
	})
}

func TestAutomaticEvaluationsOfWhoDoesNotAsk(t *testing.T) {
	c := newCluster(t, release(), measuredBySuite(), attackSuite())
	if got, err := c.automate(); err != nil || got.RequeueAfter != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	c.wantLog()

	c = newCluster(t, release(), measuredBySuite(), attackSuite()).lagging(release(asksForRuns), measuredBySuite(), attackSuite())
	if _, err := c.automate(); err != nil {
		t.Error(err)
	}
	c.wantLog()
}

func TestAutomaticEvaluationsRenew(t *testing.T) {
	c := newCluster(t, release(asksForRuns), measuredBySuite(), attackSuite(), result("0.1"))
	got, err := c.automate()
	if first, last := 85*24*time.Hour, 92*24*time.Hour; err != nil || got.RequeueAfter < first || got.RequeueAfter > last {
		t.Errorf("%+v, %v", got, err)
	}
	c.wantLog()
}

func TestAutomaticEvaluationsThatCannotBeMade(t *testing.T) {
	c := newCluster(t, release(asksForRuns), measuredBySuite(), attackSuite())
	if _, err := c.automate(); err != nil {
		t.Fatal(err)
	}
	name := c.evaluations()[0].Name

	t.Run("when there is no suite", func(t *testing.T) {
		c := newCluster(t, release(asksForRuns), measuredBySuite())
		if _, err := c.automate(); err != nil {
			t.Error(err)
		}
		c.wantLog("event EvaluationNotMade ModelRelease m1")
		if !strings.Contains(c.notes[0], "create it, or correct evaluation.suite in SafetyPolicy rsp") {
			t.Errorf("notes %q", c.notes)
		}
	})
	t.Run("when something else has the name", func(t *testing.T) {
		other := new(fixture.Evaluation(name, "attack", "0.1", fixture.For("m2")))
		c := newCluster(t, release(asksForRuns), measuredBySuite(), attackSuite(), other)
		if _, err := c.automate(); err == nil || !strings.Contains(err.Error(), "is something else: delete it") {
			t.Errorf("error %v", err)
		}
		if !slices.Contains(c.log, "event EvaluationNotMade ModelRelease m1") {
			t.Errorf("log %q", c.log)
		}
	})
	t.Run("when it is about other artifacts", func(t *testing.T) {
		other := new(fixture.Evaluation(name, "attack", "", fixture.Run(time.Time{}), fixture.About(fixture.Weights("other"))))
		c := newCluster(t, release(asksForRuns), measuredBySuite(), attackSuite(), other)
		if _, err := c.automate(); err == nil || !strings.Contains(err.Error(), "is something else: delete it") {
			t.Errorf("error %v", err)
		}
	})
	for what, message := range map[string]string{
		"create SafetyEvaluation " + name: "creating SafetyEvaluation serving/" + name,
		"list SafetyEvaluationList":       "listing evaluations",
		"get ModelRelease m1":             "reading ModelRelease",
		"list EvaluationSuiteList":        "listing suites",
		"cached list EvaluationSuiteList": "listing suites",
	} {
		t.Run("when it fails to "+what, func(t *testing.T) {
			c := newCluster(t, release(asksForRuns), measuredBySuite(), attackSuite())
			c.fails[what] = errBroken
			if _, err := c.automate(); !errors.Is(err, errBroken) || !strings.Contains(err.Error(), message) {
				t.Errorf("error %v", err)
			}
			if len(c.evaluations()) > 0 {
				t.Error("something was made")
			}
		})
	}
}

// Two managers that see the same moment make one evaluation.
func TestTwoManagersMakeOne(t *testing.T) {
	objects := []client.Object{release(asksForRuns), measuredBySuite(), attackSuite()}
	c := newCluster(t, objects...)
	if _, err := c.automate(); err != nil {
		t.Fatal(err)
	}
	second := newCluster(t, objects...)
	second.cache = second.api
	made := c.evaluations()[0]
	// It comes between what the second one read and what it writes.
	second.fails["create SafetyEvaluation "+made.Name] = nil
	live := second.live()
	r := &AutomaticReconciler{Client: cached{live, second}, Live: live, Events: second, Now: now}
	_, plan, err := r.plan(t.Context(), live, client.ObjectKey{Namespace: fixture.Namespace, Name: "m1"})
	if err != nil || len(plan.Orders) != 1 || plan.Orders[0].Name != made.Name {
		t.Fatalf("%+v, %v", plan, err)
	}
	made.ResourceVersion = ""
	if err := second.api.Create(t.Context(), &made); err != nil {
		t.Fatal(err)
	}
	if err := r.create(t.Context(), release(asksForRuns), plan.Orders[0]); err != nil {
		t.Error(err)
	}
	if got := second.evaluations(); len(got) != 1 {
		t.Errorf("made %d", len(got))
	}
	second.wantLog("create SafetyEvaluation " + made.Name)
}

// A suite is run only where a result of whoever runs it would count.
func TestAutomaticEvaluationsThatWouldNotCount(t *testing.T) {
	const self = "system:serviceaccount:scalegate-system:scalegate"
	for name, test := range map[string]struct {
		trusted v1alpha1.IndependentEvaluators
		made    int
	}{
		"nobody names Scalegate":        {v1alpha1.IndependentEvaluators{Users: []string{"lab@auditor.example"}}, 0},
		"the policy names its account":  {v1alpha1.IndependentEvaluators{Users: []string{self}}, 1},
		"the policy names its accounts": {v1alpha1.IndependentEvaluators{Groups: []string{"system:serviceaccounts:scalegate-system"}}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			policy := measuredBySuite()
			fixture.Independently(v1alpha1.IndependenceIndependent)(&policy.Spec.Requirements[0])
			fixture.Trusting(test.trusted)(policy)
			c := newCluster(t, release(asksForRuns, fixture.AuthoredBy("dev@example.com")), policy, attackSuite())
			live := c.live()
			r := &AutomaticReconciler{
				Client: cached{live, c}, Live: live, Events: c, Now: now,
				Identity: func(context.Context) (string, error) { return self, nil },
			}
			if _, err := r.Reconcile(t.Context(), release(asksForRuns)); err != nil {
				t.Fatal(err)
			}
			made := c.evaluations()
			if len(made) != test.made {
				t.Fatalf("made %+v", made)
			}
			if test.made == 0 {
				c.wantLog("event EvaluationNotMade ModelRelease m1")
			}
		})
	}
	t.Run("nothing is made while nobody knows who makes it", func(t *testing.T) {
		policy := measuredBySuite()
		fixture.Independently(v1alpha1.IndependenceInternal)(&policy.Spec.Requirements[0])
		c := newCluster(t, release(asksForRuns, fixture.AuthoredBy("dev@example.com")), policy, attackSuite())
		live := c.live()
		gone := errors.New("the API server is gone")
		r := &AutomaticReconciler{
			Client: cached{live, c}, Live: live, Events: c, Now: now,
			Identity: func(context.Context) (string, error) { return "", gone },
		}
		if _, err := r.Reconcile(t.Context(), release(asksForRuns)); !errors.Is(err, gone) {
			t.Errorf("it says %v", err)
		}
		c.wantLog()
	})
}

func TestReleasesMeasuredBy(t *testing.T) {
	c := newCluster(t, release(), measuredBySuite(), fixture.Policy("other"), fixture.Release("m2", fixture.Governed("other")))
	got, err := wakes{c.api}.releasesMeasuredBy(t.Context(), attackSuite())
	if err != nil || len(got) != 1 || got[0].Name != "m1" {
		t.Errorf("%v, %v", got, err)
	}
}
