// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

// Ceiling is the most pods that may serve an exposure, wherever it is granted: the lower of what the policy says and, for the
// exposure that is granted, what the decision says. Nil for no ceiling.
func Ceiling(in *Input, d *Decision, exposure string) *int32 {
	var lowest *int32
	if d.GrantedExposure == exposure {
		lowest = d.ReplicaCeiling
	}
	if in.Policy == nil {
		return lowest
	}
	for i := range in.Policy.Spec.Exposures {
		x := &in.Policy.Spec.Exposures[i]
		if x.Name == exposure && x.MaxReplicas != nil && (lowest == nil || *x.MaxReplicas < *lowest) {
			lowest = x.MaxReplicas
		}
	}
	return lowest
}
