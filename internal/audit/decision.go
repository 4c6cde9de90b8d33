// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"cmp"
	"encoding/json"
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

func sortRecords(records []gate.RecordResult) {
	slices.SortStableFunc(records, func(a, b gate.RecordResult) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
	})
}

// substance is what makes a decision another one. It has no times and no texts, but for whether evidence only grew old; what
// is to be written of findings is no part of it, since it is done once and makes the next decision from what it wrote.
type substance struct {
	PolicyRevision, PendingPolicyRevision        string
	SubjectDigest, RequiredLevel                 string
	GrantedExposure, Reason                      string
	ReplicaCeiling                               *int32
	Adverse                                      bool
	Thresholds, Requirements, Exposures, Records []any
}

// Substance is a digest of what makes a decision another one: the policy's revision, the subject, the level, what is granted
// and why; of requirements, thresholds and exposures the states and the evidence; of approvals, waivers and determinations
// which count. Decisions that differ in times and texts alone have the same. It depends on the version of Scalegate and is
// not for storing.
func Substance(d gate.Decision) string {
	s := substance{
		PolicyRevision: d.PolicyRevision, PendingPolicyRevision: d.PendingPolicyRevision, SubjectDigest: d.SubjectDigest,
		RequiredLevel: d.RequiredLevel, GrantedExposure: d.GrantedExposure, Reason: d.Reason, ReplicaCeiling: d.ReplicaCeiling,
		Adverse: d.Adverse,
	}
	for _, t := range d.Thresholds {
		s.Thresholds = append(s.Thresholds, []any{t.Name, t.State, t.RaisesTo, t.Unmet})
	}
	for _, q := range d.Requirements {
		s.Requirements = append(s.Requirements, []any{q.Name, q.State, q.Evidence, q.Alert})
	}
	for _, x := range d.Exposures {
		s.Exposures = append(s.Exposures, []any{x.Name, x.RequiredLevel, x.Granted, x.Adverse, x.Lapsed != nil, x.Revoked, x.Reason, x.Blocking})
	}
	records := slices.Clone(d.Records)
	sortRecords(records)
	for _, r := range records {
		s.Records = append(s.Records, []any{r.Kind, r.Name, r.Counts, r.Reason})
	}
	data, err := json.Marshal(s)
	if err != nil {
		// Strings, numbers and lists of them have a form in JSON.
		return ""
	}
	return hexSum(data)
}

// states are those of the requirements of a decision.
func states(d gate.Decision) map[string]v1alpha1.RequirementState {
	all := map[string]v1alpha1.RequirementState{}
	for _, q := range d.Requirements {
		all[q.Name] = q.State
	}
	return all
}
