// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"encoding/json"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
)

// What the mutating handler makes of workloads is compared with the policies on an API server, in test/webhook. Here are
// the stamps, which the policies put on in every namespace, and what there is no namespace for.
func TestHolds(t *testing.T) {
	finding := func(by string) v1alpha1.AdverseFinding {
		return fixture.Finding("f", "uplift", "sha256:0", fixture.ResolvedBy("n", "e"), func(f *v1alpha1.AdverseFinding) { f.Spec.Resolution.ResolvedBy = by })
	}
	evaluation := func(by string) v1alpha1.SafetyEvaluation {
		return fixture.Evaluation("e", "uplift", "0.1", func(e *v1alpha1.SafetyEvaluation) { e.Spec.Evaluator = by })
	}
	pod := func(release string) *corev1.Pod {
		t := template(release)
		return &corev1.Pod{ObjectMeta: t.ObjectMeta, Spec: t.Spec}
	}
	standing := fixture.Finding("f", "uplift", "sha256:0")
	rows := map[string]struct {
		request sent
		want    string // the patch; empty for none
	}{
		"evidence is stamped with its sender":    {send(t, v1alpha1.Group, "safetyevaluations", nil, evaluation("somebody")), `[{"op":"replace","path":"/spec/evaluator","value":"jane"}]`},
		"a stamp stays":                          {send(t, v1alpha1.Group, "safetyevaluations", evaluation("john"), evaluation("jane")), `[{"op":"replace","path":"/spec/evaluator","value":"john"}]`},
		"a resolution is stamped":                {send(t, v1alpha1.Group, "adversefindings", standing, finding("somebody")), `[{"op":"replace","path":"/spec/resolution/resolvedBy","value":"jane"}]`},
		"a resolution that stays keeps its name": {send(t, v1alpha1.Group, "adversefindings", finding("john"), finding("jane")), `[{"op":"replace","path":"/spec/resolution/resolvedBy","value":"john"}]`},
		"a finding without a resolution":         {send(t, v1alpha1.Group, "adversefindings", standing, standing), ""},
		"a pod in a namespace without a gate":    {send(t, "", "pods", nil, pod("bad")).in("free"), ""},
		"a pod in a namespace nobody knows":      {send(t, "", "pods", nil, pod("bad")).by(replicaSet).in("new"), `[{"op":"add","path":"/spec/schedulingGates","value":[{"name":"scalegate.dev/hold"}]}]`},
		"a pod that changes":                     {send(t, "", "pods", pod("bad"), pod("bad")), ""},
		"the controller lifts a hold":            {send(t, "apps", "deployments", deployment("bad", 1, marked), deployment("bad", 1)).by(controller), ""},
		"the status of a Deployment":             {send(t, "apps", "deployments", deployment("bad", 1), deployment("good", 1)).through("status"), ""},
		"a DaemonSet":                            {send(t, "apps", "daemonsets", nil, &appsv1.DaemonSet{Spec: appsv1.DaemonSetSpec{Template: template("bad")}}), ""},
	}
	handler := NewHolds(options(t, false, world()...))
	for claim, row := range rows {
		t.Run(claim, func(t *testing.T) {
			response := handler.Handle(t.Context(), row.request.Request)
			if !response.Allowed {
				t.Fatalf("%+v", response.Result)
			}
			patch := ""
			if len(response.Patches) > 0 {
				text, err := json.Marshal(response.Patches)
				if err != nil {
					t.Fatal(err)
				}
				patch = string(text)
			}
			if patch != row.want {
				t.Errorf("patch %s, want %s", patch, row.want)
			}
		})
	}
}
