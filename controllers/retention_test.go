// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
)

// retaining is a policy that keeps evaluations for 30 days.
func retaining() *v1alpha1.SafetyPolicy {
	return demanding(func(p *v1alpha1.SafetyPolicy) { p.Spec.Retention = &v1alpha1.Retention{EvaluationDays: 30} })
}

// aged is a result for "attack" of a day, whose file claims that day.
func aged(name string, day int, modifiers ...func(*v1alpha1.SafetyEvaluation)) *v1alpha1.SafetyEvaluation {
	return new(fixture.Evaluation(name, "attack", "0.1", append([]func(*v1alpha1.SafetyEvaluation){
		fixture.At(fixture.Day(day)), fixture.Ended(fixture.Day(day)),
	}, modifiers...)...))
}

func (c *cluster) sweep() (ctrl.Result, error) {
	c.t.Helper()
	live := c.live()
	r := &RetentionReconciler{Client: cached{live, c}, Live: live, Events: c, Now: now}
	return r.Reconcile(c.t.Context(), release())
}

func TestRetention(t *testing.T) {
	sharing := fixture.Measuring(func(m *v1alpha1.Measurement) { m.SHA256 = fixture.SHA256("file old") })
	for name, test := range map[string]struct {
		objects []client.Object
		// cached are the objects that the cache has, where they are others.
		cached []client.Object
		want   []string
		after  time.Duration
	}{
		"what nothing needs goes": {
			objects: []client.Object{release(), retaining(), aged("old", -200), aged("new", -10)},
			want:    []string{"delete SafetyEvaluation old", "event EvaluationExpended ModelRelease m1"}, after: time.Minute,
		},
		"nothing without a retention": {
			objects: []client.Object{release(), demanding(), aged("old", -200), aged("new", -10)},
		},
		"nothing without a policy": {objects: []client.Object{release(), aged("old", -200), aged("new", -10)}},
		"the latest stays":         {objects: []client.Object{release(), retaining(), aged("old", -200)}, after: 6 * time.Hour},
		"what went meanwhile is no successor": {
			objects: []client.Object{release(), retaining(), aged("old", -200)},
			cached:  []client.Object{release(), retaining(), aged("old", -200), aged("new", -10)},
			after:   6 * time.Hour,
		},
		"a policy that just got longer counts": {
			objects: []client.Object{release(), retaining(), fixture.Policy("other", fixture.Defining("x", fixture.ValidFor(365))), aged("old", -200), aged("new", -10)},
			cached:  []client.Object{release(), retaining(), aged("old", -200), aged("new", -10)},
			after:   6 * time.Hour,
		},
		"a file that another has stays known": {
			objects: []client.Object{release(), retaining(), aged("old", -200), aged("new", -10), aged("copy", -150, sharing, fixture.For("m2"))},
			after:   6 * time.Hour,
		},
		"unless an older one has it": {
			objects: []client.Object{release(), retaining(), aged("old", -200), aged("new", -10), aged("copy", -201, sharing, fixture.Ended(fixture.Day(-202)), fixture.For("m2"))},
			want:    []string{"delete SafetyEvaluation old", "event EvaluationExpended ModelRelease m1"}, after: time.Minute,
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, test.objects...)
			if test.cached != nil {
				c.lagging(test.cached...)
			}
			got, err := c.sweep()
			if err != nil || got.RequeueAfter != test.after {
				t.Errorf("%+v, %v", got, err)
			}
			c.wantLog(test.want...)
		})
	}
}

func TestRetentionIsSlow(t *testing.T) {
	objects := []client.Object{release(), retaining(), aged("new", -10)}
	for i := range 8 {
		objects = append(objects, aged(fmt.Sprintf("old-%d", i), -200-i))
	}
	c := newCluster(t, objects...)
	for _, left := range []int{4, 1, 1} {
		if _, err := c.sweep(); err != nil {
			t.Fatal(err)
		}
		if got := c.evaluations(); len(got) != left {
			t.Errorf("%d are left, want %d", len(got), left)
		}
	}
}

// Of a run that nobody else has seen the Job goes with the evaluation; a deletion names what was read.
func TestRetentionThatCannotDelete(t *testing.T) {
	objects := []client.Object{release(), retaining(), aged("old", -200), aged("new", -10)}
	for what, message := range map[string]string{
		"delete SafetyEvaluation old":      "deleting SafetyEvaluation serving/old",
		"list SafetyPolicyList":            "listing policies",
		"list AdverseFindingList":          "listing findings",
		"cached list SafetyEvaluationList": "listing evaluations",
		"cached get SafetyPolicy rsp":      "reading SafetyPolicy rsp",
	} {
		t.Run("when it fails to "+what, func(t *testing.T) {
			c := newCluster(t, objects...)
			c.fails[what] = errBroken
			if _, err := c.sweep(); !errors.Is(err, errBroken) || !strings.Contains(err.Error(), message) {
				t.Errorf("error %v", err)
			}
			if len(c.evaluations()) != 2 {
				t.Error("something was deleted")
			}
		})
	}
	for name, err := range map[string]error{
		"it changed meanwhile": apierrors.NewConflict(schema.GroupResource{}, "old", errBroken),
		"it went meanwhile":    apierrors.NewNotFound(schema.GroupResource{}, "old"),
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, objects...)
			c.fails["delete SafetyEvaluation old"] = err
			if _, err := c.sweep(); err != nil {
				t.Error(err)
			}
			c.wantLog("delete SafetyEvaluation old")
		})
	}
}

// What failed goes only once a finding remembers it.
func TestRetentionRemembersWhatFailed(t *testing.T) {
	failed := fixture.Evaluation("failed", "attack", "0.9", fixture.At(fixture.Day(-200)), fixture.Ended(fixture.Day(-200)))
	c := newCluster(t, release(), retaining(), &failed, aged("new", -50))
	if _, err := c.sweep(); err != nil {
		t.Fatal(err)
	}
	c.wantLog()
	finding := fixture.Finding("f", "attack", "", fixture.From(&failed), func(f *v1alpha1.AdverseFinding) {
		f.CreationTimestamp = metav1.Time{}
	})
	if err := c.api.Create(t.Context(), &finding); err != nil {
		t.Fatal(err)
	}
	if _, err := c.sweep(); err != nil {
		t.Fatal(err)
	}
	c.wantLog("delete SafetyEvaluation failed", "event EvaluationExpended ModelRelease m1")
}
