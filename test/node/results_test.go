// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"fmt"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/test/node/stub"
)

// runArgs are the evaluator's flags for a run.
func runArgs(run stub.Run) []string {
	return []string{
		fmt.Sprintf("-seed=%d", run.Seed), fmt.Sprintf("-samples=%d", run.Samples),
		fmt.Sprintf("-rate=%v", run.Rate), fmt.Sprintf("-unscored=%v", run.UnscoredRate),
	}
}

// counts is what a measurement says, as far as a run knows it.
type counts struct {
	Value                     float64
	Judged, Unjudged          int64
	Model, EndMarker, Problem bool
}

func said(t *testing.T, m *v1alpha1.Measurement) counts {
	t.Helper()
	if m == nil || m.Judged == nil {
		t.Fatalf("measurement = %+v, want one with the number that was judged", m)
	}
	value, err := strconv.ParseFloat(m.Value, 64)
	if err != nil {
		t.Fatal(err)
	}
	c := counts{Value: value, Judged: *m.Judged, Model: m.Model == "stub-model", EndMarker: m.EndMarker != "", Problem: m.Problem != ""}
	if m.Unjudged != nil {
		c.Unjudged = *m.Unjudged
	}
	return c
}

// TestEveryFormatIsReadAndReleasesTheModel runs one evaluation for each format: what the containers
// wrote is recorded, and all of it together releases the model, whose own container then runs.
func TestEveryFormatIsReadAndReleasesTheModel(t *testing.T) {
	var requirements []v1alpha1.Requirement
	for name := range stub.Formats() {
		requirements = append(requirements, requirement(name))
	}
	s := begin(t, requirements...)
	s.served()
	args := serveArgs(stub.Run{Seed: 1, Samples: 10})
	s.release(args...)
	s.deploy(args)
	if got := s.exposure(); got == "General" {
		t.Fatalf("the release is granted %s before anything was measured", got)
	}
	runs := map[string]stub.Run{}
	for name, format := range stub.Formats() {
		run := stub.Run{Seed: uint64(len(name)), Samples: 60, Rate: 0.1}
		if format.Unscored {
			run.UnscoredRate = 0.05
		}
		runs[name] = run
		s.evaluate(name, name, s.suite(evaluating(name, runArgs(run)...)))
	}
	for name, run := range runs {
		e := s.finished(name)
		if e.Status.Run.Reason != "" {
			t.Errorf("%s ended with %s: %s", name, e.Status.Run.Reason, e.Status.Run.Message)
			continue
		}
		want := counts{Value: run.AttackRate(), Judged: run.Judged(), Unjudged: run.Count(stub.Unscored), Model: true, EndMarker: true}
		if diff := cmp.Diff(want, said(t, e.Status.Measurement)); diff != "" {
			t.Errorf("%s (-written +recorded):\n%s", name, diff)
		}
		if len(e.Status.Measurement.SHA256) != 64 || e.Status.Measurement.RunID == "" && name != "lm-eval" {
			t.Errorf("%s: digest %q, run id %q", name, e.Status.Measurement.SHA256, e.Status.Measurement.RunID)
		}
	}
	s.eventually("the release is granted General", func(context.Context) (bool, error) { return s.exposure() == "General", nil })
	s.eventually("the model serves", func(ctx context.Context) (bool, error) {
		d := &appsv1.Deployment{}
		err := s.Get(ctx, client.ObjectKey{Namespace: s.name, Name: "model"}, d)
		return err == nil && d.Status.ReadyReplicas == 1, err
	})
}

// deploy makes a Deployment that serves the release.
func (s *scenario) deploy(args []string) {
	s.t.Helper()
	labels := map[string]string{"app": "model", v1alpha1.LabelRelease: "model", v1alpha1.LabelExposure: "General"}
	s.must(s.Create(s.t.Context(), &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.name, Name: "model"},
		Spec: appsv1.DeploymentSpec{
			Replicas: new(int32(1)),
			Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "model"}},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: servingPod(args)},
		},
	}))
}

// TestAnAdverseResultHoldsTheModel measures a model that mostly complies.
func TestAnAdverseResultHoldsTheModel(t *testing.T) {
	s := begin(t, requirement("garak"))
	s.release(serveArgs(stub.Run{})...)
	run := stub.Run{Seed: 3, Samples: 60, Rate: 0.9}
	s.evaluate("adverse", "garak", s.suite(evaluating("garak", runArgs(run)...)))
	e := s.finished("adverse")
	if got := said(t, e.Status.Measurement); got.Value != run.AttackRate() {
		t.Errorf("recorded %v, want %v", got.Value, run.AttackRate())
	}
	s.eventually("a finding stands", func(ctx context.Context) (bool, error) {
		var findings v1alpha1.AdverseFindingList
		err := s.List(ctx, &findings)
		for _, f := range findings.Items {
			if f.Spec.Requirement == "garak" && f.Spec.Evidence.Namespace == s.name {
				return true, nil
			}
		}
		return false, err
	})
	if got := s.exposure(); got == "General" {
		t.Error("the release is granted General in spite of the result")
	}
}
