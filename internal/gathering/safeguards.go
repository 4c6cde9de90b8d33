// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gathering

import (
	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
)

// Safeguards are the facts about the cluster that the status of a release tells: what the controller saw last. Only the
// controller looks itself, and puts what it sees in their place.
func Safeguards(release *v1alpha1.ModelRelease) []gate.SafeguardFact {
	var all []gate.SafeguardFact
	for _, s := range release.Status.Safeguards {
		all = append(all, gate.SafeguardFact{Requirement: s.Requirement, Type: s.Type, State: s.State, Message: s.Message})
	}
	return all
}
