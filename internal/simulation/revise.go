// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package simulation

import (
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/revision"
)

// Revision is what a new text of a policy would be recorded as.
type Revision struct {
	Policy string                  `json:"policy"`
	Effect v1alpha1.RevisionEffect `json:"effect"`
	// Changes are what it changes, item by item.
	Changes []v1alpha1.PolicyChange `json:"changes,omitempty"`
	// Pending: it would wait for people, or for time. Needs says for whom.
	Pending bool                  `json:"pending,omitempty"`
	Needs   []v1alpha1.RoleQuorum `json:"needs,omitempty"`
	// Earliest is when it could come into force, counted from now.
	Earliest *time.Time `json:"earliest,omitempty"`
	// Record is the record as it would be once it is in force; nil where the text is in force already.
	Record *v1alpha1.PolicyRevision `json:"-"`
}

// defaultCoolOff is how long a weakening waits where the rules do not say, in seconds.
const defaultCoolOff = 86400

// Revise says what a new text of a policy would be recorded as. records are those of the policy's revisions, and stored is the
// policy as it is; nil for a policy that does not exist.
func Revise(policy, stored *v1alpha1.SafetyPolicy, records []v1alpha1.PolicyRevision, now time.Time) (Revision, error) {
	r := Revision{Policy: policy.Name, Effect: v1alpha1.EffectInitial}
	text, err := revision.TextOf(&policy.Spec)
	if err != nil {
		return r, fmt.Errorf("SafetyPolicy %s: %w", policy.Name, err)
	}
	standing := revision.StandingOf(records)
	before := stored
	if standing.InForce != nil {
		if standing.InForce.Spec.Digest == text.Digest {
			r.Effect = v1alpha1.EffectNeutral
			return r, nil
		}
		if before, err = revision.Read(standing.InForce); err != nil {
			return r, fmt.Errorf("reading the revision of SafetyPolicy %s that is in force: %w", policy.Name, err)
		}
	}
	record := &v1alpha1.PolicyRevision{}
	record.Spec = v1alpha1.PolicyRevisionSpec{
		Policy: policy.Name, Sequence: 1, Revision: text.Revision, Digest: text.Digest, Text: text.JSON, Effect: v1alpha1.EffectInitial,
	}
	if standing.Newest != nil {
		record.Spec.Sequence = standing.Newest.Spec.Sequence + 1
	}
	if before != nil {
		r.Changes, r.Effect = revision.Compare(&before.Spec, &policy.Spec)
		record.Spec.Effect = r.Effect
		if standing.InForce != nil {
			record.Spec.ComparedWith = new(standing.InForce.Spec.Sequence)
		}
		r.wait(before.Spec.Revisions, now)
	}
	record.Name = fmt.Sprintf("%s-%d", policy.Name, record.Spec.Sequence)
	record.Status.InForceTime = new(metav1.NewTime(now))
	record.CreationTimestamp = metav1.NewTime(now)
	if standing.Newest != nil {
		r.Record = record
	}
	return r, nil
}

// wait says what a weakening waits for, by the rules in force.
func (r *Revision) wait(rules *v1alpha1.RevisionRules, now time.Time) {
	if r.Effect != v1alpha1.EffectWeakening || rules == nil {
		return
	}
	seconds := int64(defaultCoolOff)
	if rules.CoolOffSeconds != nil {
		seconds = int64(*rules.CoolOffSeconds)
	}
	r.Needs = rules.Quorum
	r.Pending = len(rules.Quorum) > 0 || seconds > 0
	r.Earliest = new(now.Add(time.Duration(seconds) * time.Second).UTC().Truncate(time.Second))
}
