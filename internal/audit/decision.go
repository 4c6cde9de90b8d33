// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"fmt"
	"slices"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
)

// DecisionJSON is a whole decision as JSON with sorted keys. The answers to approvals, waivers and determinations, which come
// in the order of the input's lists, are sorted by kind and name, since that order means nothing.
func DecisionJSON(d gate.Decision) ([]byte, error) {
	d.Records = slices.Clone(d.Records)
	sortRecords(d.Records)
	data, err := gate.CanonicalJSON(d)
	if err != nil {
		return nil, fmt.Errorf("writing a decision down: %w", err)
	}
	return data, nil
}

// DecisionDigest is the SHA-256 of [DecisionJSON], in lower-case hexadecimal.
func DecisionDigest(d gate.Decision) (string, error) {
	data, err := DecisionJSON(d)
	if err != nil {
		return "", err
	}
	return hexSum(data), nil
}

// states are those of the requirements of a decision.
func states(d gate.Decision) map[string]v1alpha1.RequirementState {
	all := map[string]v1alpha1.RequirementState{}
	for _, q := range d.Requirements {
		all[q.Name] = q.State
	}
	return all
}
