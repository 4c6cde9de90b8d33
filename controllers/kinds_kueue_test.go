// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import "testing"

func TestNextState(t *testing.T) {
	const waits = "release m1: nothing is there"
	for sentence, test := range map[string]struct {
		state, waits string
		evicted      bool
		want         string
		// keeps: the message stays.
		keeps bool
	}{
		"one that waits goes on waiting":                       {checkPending, waits, false, checkPending, false},
		"one that waits is ready":                              {checkPending, "", false, checkReady, false},
		"one that is ready stays so":                           {checkReady, "", false, checkReady, false},
		"one that is ready no longer is tried again":           {checkReady, waits, false, checkRetry, false},
		"one that is tried again is for Kueue to begin anew":   {checkRetry, waits, false, checkRetry, true},
		"also when it would be ready by now":                   {checkRetry, "", false, checkRetry, true},
		"while it is evicted it is not tried again":            {checkReady, waits, true, checkReady, true},
		"while it is evicted, one that waits stays as it is":   {checkPending, waits, true, checkPending, true},
		"one that waits is ready though it was evicted before": {checkPending, "", true, checkReady, false},
		"one that was rejected stays so":                       {"Rejected", "", false, "Rejected", true},
	} {
		t.Run(sentence, func(t *testing.T) {
			got := nextState(map[string]any{"name": "release", "state": test.state, "message": "before", "lastTransitionTime": "t"}, test.waits, test.evicted)
			if got["state"] != test.want || (got["message"] == "before") != test.keeps || got["name"] != "release" || got["lastTransitionTime"] != "t" {
				t.Errorf("next = %v", got)
			}
		})
	}
}
