// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package enforcement

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// audited tells whether the namespace is only looked at, as if it were enforced.
func (e enforcement) audited() bool {
	return e.scene.Namespace.Gate == v1alpha1.GateAudited
}

// crowded tells whether more serves at an exposure than its ceiling would let start.
func (e enforcement) crowded(exposure string) bool {
	ceiling, counted := e.ceilings[exposure]
	if !counted {
		return false
	}
	return e.serving(exposure) > ceiling
}

// audit says what would be held if the namespace were enforced, and when it will be.
func (e enforcement) audit(accounts map[string]*account) string {
	held, first := 0, ""
	for _, key := range slices.Sorted(maps.Keys(accounts)) {
		a := accounts[key]
		if reason, _ := e.heldBecause(a); reason != "" {
			if held == 0 {
				first = fmt.Sprintf("%s %s (%s)", a.kind, a.name, reason)
			}
			held++
		}
	}
	text := fmt.Sprintf("the namespace is only audited: of %d workloads %d would be held", len(accounts), held)
	if held > 0 {
		text += ", the first is " + first
	}
	if begins := e.scene.Begins; begins != nil {
		return text + "; it will be enforced from " + begins.UTC().Format(time.RFC3339)
	}
	return text + "; label it " + v1alpha1.LabelGate + "=" + v1alpha1.GateEnforced + " to hold and clear its workloads"
}
