// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"errors"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
)

func (c *cluster) lookAtSuite() error {
	r := &EvaluationSuiteReconciler{Client: cached{c.live(), c}, Now: now}
	_, err := r.Reconcile(c.t.Context(), read(c, fixture.Suite("attack-suite")))
	return err
}

func TestReconcileSuite(t *testing.T) {
	for sentence, test := range map[string]struct {
		suite   *v1alpha1.EvaluationSuite
		reason  string
		stalled bool
		says    string
	}{
		"one that can be run is valid": {suite: fixture.Suite("attack-suite"), reason: v1alpha1.ReasonValid},
		"also with a server":           {suite: fixture.Suite("attack-suite", fixture.Serving()), reason: v1alpha1.ReasonValid},
		"one with a field that nobody knows says which": {
			suite: fixture.Suite("attack-suite", func(s *v1alpha1.EvaluationSuite) {
				s.Spec.JobTemplate.Raw = []byte(`{"spec": {"template": {"spec": {"containers": [{"name": "attack", "image": "x", "comand": ["run"]}]}}}}`)
			}), reason: v1alpha1.ReasonInvalidSuite, stalled: true, says: "comand",
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			c := newCluster(t, test.suite)
			for range 2 {
				if err := c.lookAtSuite(); err != nil {
					t.Fatal(err)
				}
				c.wantLog("apply EvaluationSuite attack-suite") // and not again
			}
			status := read(c, fixture.Suite("attack-suite")).Status
			neverBoth(t, status.Conditions)
			is := meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionReady)
			if is.Reason != test.reason || !strings.Contains(is.Message, test.says) || *status.ObservedGeneration != 1 {
				t.Errorf("status = %+v", status)
			}
			if meta.IsStatusConditionTrue(status.Conditions, v1alpha1.ConditionStalled) != test.stalled {
				t.Errorf("conditions = %+v", status.Conditions)
			}
		})
	}
	c := newCluster(t, fixture.Suite("attack-suite"))
	c.fails["apply EvaluationSuite attack-suite"] = errBroken
	if err := c.lookAtSuite(); !errors.Is(err, errBroken) || !strings.Contains(err.Error(), "reporting on EvaluationSuite attack-suite") {
		t.Errorf("error = %v", err)
	}
}

func TestTheFirstProblemsOfASuiteAreNamed(t *testing.T) {
	var problems field.ErrorList
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		problems = append(problems, field.Forbidden(field.NewPath(name), "no"))
	}
	got := validity(problems)
	if !strings.HasSuffix(got.message, "c: Forbidden: no; and 2 more") || strings.Contains(got.message, "d:") {
		t.Errorf("message = %q", got.message)
	}
}

func TestTheImageThatReadsResults(t *testing.T) {
	pod := func(names ...string) *corev1.Pod {
		p := &corev1.Pod{ObjectMeta: stored("manager-1")}
		for _, name := range names {
			p.Spec.Containers = append(p.Spec.Containers, corev1.Container{Name: name, Image: "registry.example/" + name + ":1"})
		}
		return p
	}
	own := types.NamespacedName{Namespace: fixture.Namespace, Name: "manager-1"}
	for sentence, test := range map[string]struct {
		collector *Collector
		objects   []client.Object
		want      string
	}{
		"the one that is given is used":              {&Collector{Image: "scalegate:given", Pod: own}, []client.Object{pod("manager")}, "scalegate:given"},
		"else that of the only container":            {&Collector{Pod: own}, []client.Object{pod("scalegate")}, "registry.example/scalegate:1"},
		"of several that of the manager":             {&Collector{Pod: own}, []client.Object{pod("proxy", "manager", "log")}, "registry.example/manager:1"},
		"of several others none":                     {&Collector{Pod: own}, []client.Object{pod("proxy", "log")}, ""},
		"without a pod none":                         {&Collector{Pod: own}, nil, ""},
		"nor where nobody knows the pod":             {&Collector{}, []client.Object{pod("manager")}, ""},
		"nor where there is nothing that would know": {nil, nil, ""},
	} {
		t.Run(sentence, func(t *testing.T) {
			c := newCluster(t, test.objects...)
			if test.collector != nil {
				test.collector.Live = c.live()
			}
			if got, err := test.collector.Find(t.Context()); got != test.want || err != nil {
				t.Errorf("image = %q, %v", got, err)
			}
		})
	}
	c := newCluster(t, pod("manager"))
	collector := &Collector{Pod: own, Live: c.live()}
	c.fails["get Pod manager-1"] = errBroken
	if _, err := collector.Find(t.Context()); !errors.Is(err, errBroken) {
		t.Errorf("error = %v", err)
	}
	delete(c.fails, "get Pod manager-1")
	if got, err := collector.Find(t.Context()); got == "" || err != nil {
		t.Errorf("image after a failure = %q, %v", got, err)
	}
	c.fails["get Pod manager-1"] = errBroken
	if got, err := collector.Find(t.Context()); got == "" || err != nil {
		t.Errorf("image once it was found = %q, %v", got, err)
	}
}
