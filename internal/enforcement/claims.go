// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package enforcement

import (
	"cmp"
	"slices"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// settle gives a meaning to claims of an exposure that the release asks for, and that its policy does not have. What names
// no exposure claims the one that the release asks for; to ask for one that means nothing must be no way to keep what has
// to go. So such claims count for what was granted last, or else for the highest exposure, as the release itself does. An
// exposure that was granted, and that the policy renamed since, stays what it was. The slices of the scene are changed.
func (s Scene) settle() {
	if s.Asked == "" || s.Policy == nil || len(s.Policy.Spec.Exposures) == 0 {
		return
	}
	defined := s.Policy.Spec.Exposures
	last := cmp.Or(s.Memory.Granted, defined[len(defined)-1].Name)
	known := []string{s.Memory.Granted}
	if w := s.Memory.Withdrawal; w != nil {
		last = w.Exposure
		known = append(known, w.Exposure)
		for _, u := range w.Serving {
			known = append(known, u.Exposure)
		}
	}
	if slices.Contains(known, s.Asked) || slices.ContainsFunc(defined, func(x v1alpha1.Exposure) bool { return x.Name == s.Asked }) {
		return
	}
	for i := range s.Parents {
		settle(&s.Parents[i].Exposure, s.Asked, last)
	}
	for i := range s.ReplicaSets {
		settle(&s.ReplicaSets[i].Exposure, s.Asked, last)
	}
	for i := range s.Pods {
		settle(&s.Pods[i].Exposure, s.Asked, last)
	}
}

func settle(claimed *string, asked, last string) {
	if *claimed == asked {
		*claimed = last
	}
}
