// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
)

func TestNextState(t *testing.T) {
	missing, failed := judgement{waits: "release m1: nothing is there"}, judgement{waits: "release m1: it failed", adverse: true}
	granted := judgement{}
	for sentence, test := range map[string]struct {
		state   string
		verdict judgement
		evicted bool
		want    string
		// keeps: the message stays.
		keeps bool
	}{
		"one that waits goes on waiting":                       {checkPending, missing, false, checkPending, false},
		"one that waits is ready":                              {checkPending, granted, false, checkReady, false},
		"one that is ready stays so":                           {checkReady, granted, false, checkReady, false},
		"one that is ready and lacks something stays so":       {checkReady, missing, false, checkReady, false},
		"one that is ready and failed is tried again":          {checkReady, failed, false, checkRetry, false},
		"one that is tried again is for Kueue to begin anew":   {checkRetry, missing, false, checkRetry, true},
		"also when it would be ready by now":                   {checkRetry, granted, false, checkRetry, true},
		"while it is evicted it is not tried again":            {checkReady, failed, true, checkReady, true},
		"while it is evicted, one that waits stays as it is":   {checkPending, missing, true, checkPending, true},
		"one that waits is ready though it was evicted before": {checkPending, granted, true, checkReady, false},
		"one that was rejected stays so":                       {"Rejected", granted, false, "Rejected", true},
	} {
		t.Run(sentence, func(t *testing.T) {
			got := nextState(map[string]any{"name": "release", "state": test.state, "message": "before", "lastTransitionTime": "t"}, test.verdict, test.evicted)
			if got["state"] != test.want || (got["message"] == "before") != test.keeps || got["name"] != "release" || got["lastTransitionTime"] != "t" {
				t.Errorf("next = %v", got)
			}
		})
	}
}

// What Kueue admitted stays where something is missing: a policy that somebody deleted by mistake ends no pods.
func TestKueueTakesNothingDownForAbsence(t *testing.T) {
	template := map[string]any{"metadata": map[string]any{"labels": map[string]any{v1alpha1.LabelRelease: "m1", v1alpha1.LabelExposure: "General"}}}
	w := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"podSets": []any{map[string]any{"template": template}}}}}
	w.SetNamespace(fixture.Namespace)
	for sentence, objects := range map[string][]client.Object{
		"the policy is gone":   {governed(v1alpha1.GateEnforced), release(), result("0.1")},
		"the release is gone":  {governed(v1alpha1.GateEnforced), demanding(), result("0.1")},
		"the evidence is gone": {governed(v1alpha1.GateEnforced), release(), demanding()},
	} {
		t.Run(sentence, func(t *testing.T) {
			c := newCluster(t, objects...)
			live := c.live()
			r := &KueueReconciler{Client: cached{live, c}, Live: live, Now: now}
			verdict, err := r.judge(t.Context(), w)
			if err != nil {
				t.Fatal(err)
			}
			if verdict.waits == "" {
				t.Error("it waits for nothing")
			}
			if next := nextState(map[string]any{"name": "release", "state": checkReady}, verdict, false); next["state"] != checkReady {
				t.Errorf("a Workload that runs is sent back to its queue, which ends its pods: %v", next["message"])
			}
		})
	}
}
