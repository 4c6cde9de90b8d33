// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package attempts

import (
	"testing"
)

// TestTheOracleFollowsTheDesign keeps sentences of the design apart from any API server.
func TestTheOracleFollowsTheDesign(t *testing.T) {
	owner := "00000000-0000-4000-8000-000000000001"
	grants := map[string]Grant{clearedRelease: {Owners: []string{owner}, Digests: ClearedDigests()}}
	owned := owned("apps/v1", "ReplicaSet", owner)
	for name, tt := range map[string]struct {
		who    Identity
		ground Ground
		pod    map[string]any
		change Change
		want   Outcome
	}{
		"a pod that claims is born held":                     {tenant(), Enforced, pod("p", clearedRelease), nil, Held},
		"a pod of a cleared owner is born free":              {replicaSets(), Enforced, pod("p", clearedRelease), owned, Through},
		"a cleared owner counts from its controller alone":   {clusterAdmin(), Enforced, pod("p", clearedRelease), owned, Held},
		"an image that is not cleared is refused":            {replicaSets(), Enforced, pod("p", clearedRelease), both(owned, firstContainer(put(image("x"), "image"))), Refused},
		"an accelerator needs a claim":                       {tenant(), Enforced, pod("p", ""), limit(gpu), Refused},
		"an audited namespace holds nothing":                 {tenant(), Audited, pod("p", heldRelease), limit(gpu), Through},
		"a namespace that is not governed notices nothing":   {tenant(), Ungoverned, pod("p", ""), limit(gpu), Through},
		"where every pod must claim, one without is refused": {tenant(), EnforcedAll, pod("p", ""), nil, Refused},
	} {
		t.Run(name, func(t *testing.T) {
			if tt.change != nil {
				tt.change(tt.pod)
			}
			r := Request{Attempt: Attempt{Who: tt.who, Ground: tt.ground, Kind: podKind(), Way: Create}, New: tt.pod, Grants: grants}
			if got := Judge(r); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}

func TestEveryAttemptIsOneOfItsOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, a := range All() {
		key := a.Key() + "|" + string(a.Ground)
		if seen[key] {
			t.Errorf("twice: %s", a)
		}
		seen[key] = true
	}
}
