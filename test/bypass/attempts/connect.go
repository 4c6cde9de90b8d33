// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package attempts

import "slices"

// connects opens streams: into pods, where another server can be started, and through services.
func (c *catalogue) connects() {
	who := slices.Concat(people(), forged(), []Identity{safetyTeam(), kubeSystem("job-controller"), replicaSets()})
	for _, on := range []string{heldPod, bornFreePod} {
		for _, sub := range []string{"exec", "attach", "portforward", "proxy"} {
			c.add(attack{number: "A7", what: "connect", kind: podKind(), sub: sub, on: on, ways: only(Connect), who: who})
		}
	}
	c.add(attack{number: "A7", what: "connect", kind: serviceKind(), sub: "proxy", on: "web", ways: only(Connect), who: who})
	one := []Identity{connector()}
	for _, sub := range []string{"exec", "attach", "portforward", "proxy"} {
		for _, on := range []string{plainPod, heldPod} {
			c.add(attack{number: "A7", what: "connect to one", kind: podKind(), sub: sub, on: on, ways: only(Connect), who: one})
		}
	}
	for _, on := range []string{"plain", "plain:8080", "http:plain:8080", "https:held:plain", "held:plain", "http:held:8080"} {
		c.add(attack{number: "A7", what: "connect by a name with a port", kind: podKind(), sub: "proxy", on: on, ways: only(Connect), who: one, grounds: []Ground{Enforced}})
	}
	for _, on := range []string{"web", "web:80", "https:web:80", "other:web", "https:other:web"} {
		c.add(attack{number: "A7", what: "connect by a name with a port", kind: serviceKind(), sub: "proxy", on: on, ways: only(Connect), who: one, grounds: []Ground{Enforced}})
	}
}
